r"""The table language: a scenario is a few lines of commands.

One command a line (or several, parted by a lone ``;``), words quoted as in
redis-cli (``"\x00\r\n"``, ``'plain'``).  Lines starting with ``#`` are comments.
In front of the command may stand, in this order:

``@name``
    Send on the named connection (default ``@a``).  ``@b!`` sends and does not
    wait for the reply (a command that blocks), ``@b?`` with no command reads
    one more reply or push, ``@b*`` reads everything up to the answer of a
    PING sent behind (for commands with several replies, or none).
``~form``
    Compare by a named form (see `tests.differential.forms`) instead of the
    command's usual one.

Directives stand in the place of a command:

``%times N words…``
    The command N times, ``{}`` in a word replaced by the counter.
``%many N M words…``
    The command once, its last M words repeated N times, ``{}`` likewise.
``%scan SSCAN key 0 COUNT 3``
    Iterate to the end and compare the union of all pages.
``%gone key``
    Wait until the key has expired (polls EXISTS, at most ten seconds).
``%raw "bytes"``
    Send these bytes as they are, and read one reply.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

Word = bytes | str | int | float


class Mode(Enum):
    """What a step does with its connection."""

    CALL = ""
    SEND = "!"
    READ = "?"
    DRAIN = "*"
    SCAN = "%scan"
    GONE = "%gone"
    RAW = "%raw"


@dataclass(frozen=True, repr=False)
class Step:
    """One command of a scenario."""

    argv: tuple[bytes, ...]
    mode: Mode = Mode.CALL
    on: str = "a"
    form: str | None = None

    def __repr__(self) -> str:
        """Return the line this step can be written as."""
        parts = []
        if self.on != "a" or self.mode in (Mode.SEND, Mode.READ, Mode.DRAIN):
            parts.append(f"@{self.on}{self.mode.value if len(self.mode.value) < 2 else ''}")
        if self.form:
            parts.append(f"~{self.form}")
        if len(self.mode.value) > 1:
            parts.append(self.mode.value)
        parts += [quoted(word) for word in self.argv]
        return " ".join(parts)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))  # So does hypothesis show it.


@dataclass(frozen=True)
class Scenario:
    """A named script and what it needs.

    Attributes:
        script: Lines of the table language, or ready steps.
        since: The Redis version whose behaviour this is; with an older oracle the
            scenario is skipped by name.
        config: Parameters set on both servers before and put back after.
        needs: Commands both servers must know.
        protocols: The protocol versions to play it in.
        audit: Whether the whole data set is compared at the end.
    """

    script: str | tuple[Step, ...]
    since: str = "7.0"
    config: Mapping[str, str] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    protocols: tuple[int, ...] = (2, 3)
    audit: bool = True

    def steps(self) -> list[Step]:
        """Return the steps of the script."""
        return script(self.script) if isinstance(self.script, str) else list(self.script)


def since(version: str, script: str, **more: object) -> Scenario:
    """Return a scenario for the behaviour of this Redis version and later."""
    return Scenario(script, since=version, **more)  # type: ignore[arg-type]


def version_of(text: str) -> tuple[int, ...]:
    """Return ``"7.2.6"`` as numbers that compare."""
    return tuple(int(part) for part in re.findall(r"\d+", text)[:3])


# -- words --------------------------------------------------------------------------

_ESCAPES = {"n": b"\n", "r": b"\r", "t": b"\t", "b": b"\b", "a": b"\a"}
_TOKEN = re.compile(
    r"""\s*(?:(?P<double>"(?:[^"\\]|\\.)*")|(?P<single>'(?:[^'\\]|\\.)*')|(?P<bare>[^\s"']\S*))"""
    r"""(?=\s|$)""",
    re.DOTALL,
)
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|.)", re.DOTALL)


def words(line: str) -> list[bytes]:
    """Split a line into words, by redis-cli's quoting."""
    return [word for word, _ in _tokens(line)]


def _tokens(line: str) -> Iterator[tuple[bytes, bool]]:
    at = 0
    end = len(line.rstrip())
    while at < end:
        match = _TOKEN.match(line, at)
        if match is None:
            raise ValueError(f"unbalanced quotes in script line: {line!r}")
        at = match.end()
        double, single, bare = match.group("double", "single", "bare")
        if double is not None:
            yield _unescaped(double[1:-1]), True
        elif single is not None:
            yield single[1:-1].replace("\\'", "'").encode(), True
        else:
            yield bare.encode(), False


def _unescaped(text: str) -> bytes:
    out = []
    at = 0
    for match in _ESCAPE.finditer(text):
        out.append(text[at : match.start()].encode())
        name = match.group(1)
        if len(name) == 3:
            out.append(bytes([int(name[1:], 16)]))
        else:
            out.append(_ESCAPES.get(name, name.encode()))
        at = match.end()
    out.append(text[at:].encode())
    return b"".join(out)


def quoted(word: bytes) -> str:
    """Return a word as the table language writes it."""
    if re.fullmatch(rb"[!-~]+", word) and not re.search(rb"[\"'\\]", word) and word != b";":
        return word.decode()
    out = []
    for byte in word:
        char = chr(byte)
        if char in '"\\':
            out.append("\\" + char)
        elif char in "\r\n\t":
            out.append({"\r": "\\r", "\n": "\\n", "\t": "\\t"}[char])
        elif 32 <= byte < 127:
            out.append(char)
        else:
            out.append(f"\\x{byte:02x}")
    return f'"{"".join(out)}"'


# -- steps --------------------------------------------------------------------------


def step(*words_: Word, on: str = "a", form: str | None = None) -> Step:
    """Return a step from words that are awkward to write as a line."""
    return Step(tuple(as_bytes(word) for word in words_), on=on, form=form)


def as_bytes(word: Word) -> bytes:
    """Return a word as the bytes that are sent."""
    return word if isinstance(word, bytes) else str(word).encode()


def script(text: str) -> list[Step]:
    """Return the steps of a script in the table language."""
    steps: list[Step] = []
    for line in text.splitlines():
        if line.strip().startswith("#"):
            continue
        command: list[bytes] = []
        for word, was_quoted in [*_tokens(line), (b";", False)]:
            if word == b";" and not was_quoted:
                if command:
                    steps += _steps_of(command)
                command = []
            else:
                command.append(word)
    return steps


_CONNECTION = re.compile(rb"@(\w+)([!?*]?)")


def _steps_of(command: list[bytes]) -> Iterable[Step]:
    result = Step(())
    connection = _CONNECTION.fullmatch(command[0])
    if connection is not None:
        mode = Mode(connection.group(2).decode())
        result = replace(result, on=connection.group(1).decode(), mode=mode)
        command = command[1:]
    if command and command[0].startswith(b"~"):
        result = replace(result, form=command[0][1:].decode())
        command = command[1:]
    if command and command[0].startswith(b"%"):
        return _directive(result, command[0].decode(), command[1:])
    if bool(command) == (result.mode is Mode.READ):
        raise ValueError(f"a read takes no command, everything else needs one: {command!r}")
    return [replace(result, argv=tuple(command))]


def _directive(base: Step, name: str, arguments: list[bytes]) -> Iterable[Step]:
    if name == "%times":
        return [
            replace(base, argv=tuple(_numbered(word, index) for word in arguments[1:]))
            for index in range(int(arguments[0]))
        ]
    if name == "%many":
        times, width = int(arguments[0]), int(arguments[1])
        argv = list(arguments[2:-width])
        for index in range(times):
            argv += [_numbered(word, index) for word in arguments[-width:]]
        return [replace(base, argv=tuple(argv))]
    return [replace(base, argv=tuple(arguments), mode=Mode(name))]


def _numbered(word: bytes, index: int) -> bytes:
    return word.replace(b"{}", b"%d" % index)
