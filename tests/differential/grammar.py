"""Grammars: one line says all the calls of a command that a walk may make.

    SET {key} {value} [NX|XX] [GET] [EX {ttl}|PX {ttl_ms}|KEEPTTL]
    HSET {key} ({field} {value})+
    LMOVE {key} {key} (LEFT|RIGHT) (LEFT|RIGHT)

``[…]`` may be left out, ``(…)`` may not, ``|`` parts alternatives, ``+``
repeats one to four times, and ``{name}`` takes a word from the pool of that
name (`POOLS`, or the family's own).  Choices come from a function, so that
hypothesis and a seeded random source draw from the same grammar.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tests.differential.script import Step, Word, as_bytes

#: Picks a number from 0 to n-1; 0 is what a shrunk example prefers.
Choose = Callable[[int], int]

POOLS: dict[str, Sequence[Word]] = {
    "key": ["k1", "k2", "k3", "k4", "k5"],
    "value": [
        "a",
        "b",
        "",
        "10",
        "-1",
        "3.5",
        "9223372036854775807",
        "-9223372036854775808",
        "0",
        "007",
        "x" * 70,
        b"\x00\xff\r\n",
        "1e3",
        " 1",
        "abcabcabd",
    ],
    "member": ["a", "b", "c", "d", "1", "2", "3", "-7", "300", "70000", "5000000000", "", "m" * 70],
    "field": ["f1", "f2", "f3", "f4", "f5", "f6", "1", "", "f" * 70],
    "index": [0, 1, -1, 2, -2, 3, 5, -100, 100],
    "count": [1, 0, 2, 3, 10, -1, -3],
    "size": [1, 2, 3, 10],
    "int": [1, -1, 0, 5, 100, -7, 9223372036854775807, -9223372036854775808],
    "float": ["1", "0.5", "-2.25", "1e3", "3.0", "5e-3", "1e17", "abc"],
    "ttl": [100, 1000, 5000, 100000, -1, 0],
    "ttl_ms": [100000, 1000000, 99999999, -1, 0],
    "at": [4102444800, 4102444900, 1, 0, -5],
    "at_ms": [4102444800000, 4102444900123, 1, 0],
    "pattern": ["*", "k*", "?", "[a-c]", "k[12]", "[^a]*", "*1", "nothing", "\\*"],
    "cursor": [0],
    "db": [0, 1, 2],
    "bit": [0, 1],
    "offset": [0, 1, 3, 7, 12, 100],
    "side": ["LEFT", "RIGHT"],
    "garbage": ["", "abc", "-1", "1.5", b"\x00", "NX", "COUNT"],
}

_TOKENS = re.compile(r"[\[\]()|]|\+(?=[\s\])|]|$)|[^\s\[\]()|+]+|\+\S+")


@dataclass(frozen=True)
class _Literal:
    words: tuple[bytes, ...]

    def expand(self, choose: Choose, out: list[bytes]) -> None:
        out.append(self.words[choose(len(self.words)) if len(self.words) > 1 else 0])


@dataclass
class _Group:
    alternatives: list[list[_Part]]
    optional: bool = False
    repeated: bool = False

    def expand(self, choose: Choose, out: list[bytes]) -> None:
        if self.optional and not choose(2):
            return
        for _ in range(1 + choose(4) if self.repeated else 1):
            for part in self.alternatives[choose(len(self.alternatives))]:
                part.expand(choose, out)


_Part = _Literal | _Group


class Grammar:
    """Lines of calls, and the pools their words come from."""

    def __init__(self, text: str, pools: Mapping[str, Sequence[Word]] | None = None) -> None:
        """Read the lines; ``pools`` are added to the common ones."""
        known = {**POOLS, **(pools or {})}
        self.lines = [line.strip() for line in text.splitlines() if line.strip()]
        self._calls = [_read(line, known) for line in self.lines]

    def restricted_to(self, knows: Callable[[str], bool]) -> Grammar:
        """Return the grammar with only the commands that ``knows`` accepts."""
        kept = Grammar("")
        for line, call in zip(self.lines, self._calls, strict=True):
            if knows(line.split()[0]):
                kept.lines.append(line)
                kept._calls.append(call)
        return kept

    def joined(self, other: Grammar) -> Grammar:
        """Return both grammars as one."""
        both = Grammar("")
        both.lines = self.lines + other.lines
        both._calls = self._calls + other._calls
        return both

    def step(self, choose: Choose) -> Step:
        """Return one call."""
        out: list[bytes] = []
        self._calls[choose(len(self._calls))].expand(choose, out)
        return Step(tuple(out))


def _read(line: str, pools: Mapping[str, Sequence[Word]]) -> _Group:
    tokens = _TOKENS.findall(line)
    at = 0

    def group(closing: str) -> list[list[_Part]]:
        nonlocal at
        alternatives: list[list[_Part]] = [[]]
        while at < len(tokens):
            token = tokens[at]
            at += 1
            if token == closing:
                return alternatives
            if token in ("[", "("):
                inner = group("]" if token == "[" else ")")
                alternatives[-1].append(_Group(inner, optional=token == "["))
            elif token == "|":
                alternatives.append([])
            elif token == "+":
                last = alternatives[-1].pop()
                if isinstance(last, _Literal):
                    last = _Group([[last]])
                alternatives[-1].append(_Group([[last]], repeated=True))
            elif token.startswith("{"):
                words = tuple(as_bytes(word) for word in pools[token.strip("{}")])
                alternatives[-1].append(_Literal(words))
            else:
                alternatives[-1].append(_Literal((token.encode(),)))
        if closing:
            raise ValueError(f"no {closing!r} in grammar line: {line}")
        return alternatives

    return _Group(group(""))
