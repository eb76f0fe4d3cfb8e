r"""Hunt for differences: random walks between two servers, from a shell.

    python -m tests.differential.walk --family lists --steps 10000 --seed 7
    python -m tests.differential.walk --family strings --oracle 127.0.0.1:6379 \
        --subject 127.0.0.1:6380

``--family`` names the grammars of ``tests/differential/test_<family>.py``.
Each difference is printed as a minimal script in the table language, ready to
become a row of that file.  Exits 1 if it found any.
"""

from __future__ import annotations

import argparse
import importlib
import random
import sys

from tests.differential.compare import Pair, report
from tests.differential.families import SMALL_ENCODINGS, FamilyTests
from tests.differential.grammar import Grammar
from tests.differential.peers import named_peer, oracle, subject


def grammar_of(families: list[str]) -> Grammar:
    """Return the grammars of test modules as one."""
    joined = Grammar("")
    for family in families:
        module = importlib.import_module(f"tests.differential.test_{family}")
        for thing in vars(module).values():
            if isinstance(thing, type) and issubclass(thing, FamilyTests) and thing.grammar:
                joined = joined.joined(Grammar(thing.grammar, thing.pools))
    return joined


def main(arguments: list[str] | None = None) -> int:
    """Walk, and print what differs."""
    parser = argparse.ArgumentParser(prog="tests.differential.walk")
    parser.add_argument("--family", required=True, help="one or several, parted by commas")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=10_000, help="in all")
    parser.add_argument("--length", type=int, default=50, help="of one walk")
    parser.add_argument("--differences", type=int, default=5, help="stop after this many")
    parser.add_argument("--oracle", help="host:port, or a redis-server binary")
    parser.add_argument("--subject", help="host:port, or a server binary")
    options = parser.parse_args(arguments)
    pair = Pair(
        named_peer(options.oracle) if options.oracle else oracle(),
        named_peer(options.subject) if options.subject else subject(),
    )
    known = pair.oracle.arities.keys() & pair.subject.arities.keys()
    grammar = grammar_of(options.family.split(",")).restricted_to(known.__contains__)
    found: dict[str, str] = {}
    with pair.configured(SMALL_ENCODINGS):
        for walk in range(max(options.steps // options.length, 1)):
            rng = random.Random(options.seed * 1_000_003 + walk)
            steps = [grammar.step(rng.randrange) for _ in range(options.length)]
            text = report(pair, f"walk {walk}", steps, 2 + walk % 2)
            if text:
                # The same last command is most often the same difference.
                found.setdefault(text.split("difference:")[1].split()[0], text)
                if len(found) >= options.differences:
                    break
    print("\n\n".join(found.values()) or "no difference")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
