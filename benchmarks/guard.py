"""
Whether requests have become slower since an earlier commit: ``python -m benchmarks.guard``.

The last tag, or where there is none a commit some way back, is laid out beside
the current tree. Both run in a process of their own and are asked in turn for
the same requests, without a socket; what counts is the least CPU time a request
took. A request that takes more than the limit longer is measured once more, in
new processes: a noisy machine does not make the same one slow twice.

The exit code is 1 if requests have become slower, and 77 if there is nothing to
compare with.
"""

from __future__ import annotations

import argparse
import io
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.drive import CASES, READY

ROOT = Path(__file__).resolve().parents[1]
DRIVE = Path(__file__).with_name("drive.py")
SLOWER, NOTHING_TO_COMPARE = 1, 77
EARLIER, CURRENT = "earlier", "current"

Figures = dict[str, dict[str, float]]


class NothingToCompare(Exception):
    """There is no earlier tree, or it cannot be driven."""


def git(*words: str) -> bytes:
    """
    Return what git prints.

    Raises:
        NothingToCompare: It fails or is not there.
    """
    try:
        done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, check=True)
    except FileNotFoundError as error:
        raise NothingToCompare("git is not installed") from error
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise NothingToCompare(f"git {words[0]}: {' '.join(said)}") from error
    return done.stdout


def earlier_revision(back: int) -> str:
    """
    Return the commit to compare with: the last tag's before HEAD, else the one so many back.

    A branch with fewer commits is followed to its first.

    Raises:
        NothingToCompare: The history does not hold one.
    """
    head = git("rev-parse", "HEAD").decode().strip()
    try:
        tag = git("describe", "--tags", "--abbrev=0", "HEAD~1").decode().strip()
    except NothingToCompare:
        known = git("rev-list", "--first-parent", f"--max-count={back + 1}", head).decode().split()
        if len(known) < back + 1 and git("rev-parse", "--is-shallow-repository") == b"true\n":
            raise NothingToCompare(f"a shallow clone of {len(known)} commits") from None
        if len(known) < 2:
            raise NothingToCompare("this is the first commit") from None
        return known[-1]
    return tag


def lay_out(revision: str, folder: Path) -> None:
    """Write the sources of a revision, and the tests that know how to make its server."""
    with tarfile.open(fileobj=io.BytesIO(git("archive", revision, "pyredis", "tests"))) as archive:
        archive.extractall(folder, filter="data")


class Tree:
    """A process that times the requests of one tree."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(self, name: str) -> float:
        """
        Return the nanoseconds of CPU of a request.

        Raises:
            NothingToCompare: The process has ended.
        """
        assert self._process.stdin is not None
        try:
            print(name, file=self._process.stdin, flush=True)
        except BrokenPipeError:
            self.line()
        return float(self.line())

    def line(self) -> str:
        """Return the next line that the process says."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline().strip()
        if not line:
            raise NothingToCompare(f"a tree cannot be driven (exit code {self._process.wait()})")
        return line


@contextmanager
def driven(tree: Path) -> Iterator[Tree]:
    """Start the process of a tree, and end it."""
    # Equal hashes in both: else one of them may have the luckier dicts.
    environment = {**os.environ, "PYTHONPATH": str(tree), "PYTHONHASHSEED": "0"}
    process = subprocess.Popen(
        [sys.executable, str(DRIVE), str(tree)],
        cwd=tree,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            driver = Tree(process)
            if driver.line() != READY:
                raise NothingToCompare(f"{tree} does not come up")
            yield driver
        finally:
            process.kill()


def measure(trees: dict[str, Path], names: Sequence[str], rounds: int) -> Figures:
    """Return the least nanoseconds of each request in each tree."""
    least: Figures = {name: {} for name in names}
    with ExitStack() as stack:
        drivers = [(label, stack.enter_context(driven(tree))) for label, tree in trees.items()]
        for number in range(rounds):
            for name in names:
                for label, driver in drivers if number % 2 else drivers[::-1]:
                    taken = driver.ask(name)
                    least[name][label] = min(taken, least[name].get(label, taken))
    return least


def slower(found: Figures, limit_percent: float) -> list[str]:
    """Return the requests that take more than the limit longer than earlier."""
    allowed = 100 + limit_percent
    return [
        name for name, taken in found.items() if taken[CURRENT] * 100 > taken[EARLIER] * allowed
    ]


def print_figures(found: Figures, limit_percent: float) -> None:
    """Print a table of microseconds."""
    print(f"{'request':<16}{'earlier, us':>14}{'current, us':>14}{'change':>10}")
    beyond = slower(found, limit_percent)
    for name, taken in found.items():
        change = (taken[CURRENT] / taken[EARLIER] - 1) * 100
        mark = "  SLOWER" if name in beyond else ""
        earlier, current = taken[EARLIER] / 1000, taken[CURRENT] / 1000
        print(f"{name:<16}{earlier:>14.3f}{current:>14.3f}{change:>+9.1f}%{mark}")


def compare(trees: dict[str, Path], rounds: int, limit_percent: float) -> list[str]:
    """Measure, once more what seems to be slower, print, and return what is."""
    found = measure(trees, list(CASES), rounds)
    print_figures(found, limit_percent)
    suspects = slower(found, limit_percent)
    if not suspects:
        return []
    print(f"\nonce more: {', '.join(suspects)}")
    again = measure(trees, suspects, 2 * rounds)
    print_figures(again, limit_percent)
    return slower(again, limit_percent)


def parser() -> argparse.ArgumentParser:
    """Return the command line's grammar."""
    grammar = argparse.ArgumentParser(
        prog="python -m benchmarks.guard",
        description=(__doc__ or "").strip().partition("\n")[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = grammar.add_argument
    add("--base", help="the commit to compare with, instead of the last tag")
    add("--back", default=10, type=int, help="without a tag: so many commits back")
    add("--rounds", default=5, type=int, help="how often each request is measured in each tree")
    add("--limit", default=15.0, type=float, help="per cent of more CPU time that are too many")
    return grammar


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare; return 1 if a request has become slower, 77 if nothing can be compared."""
    options = parser().parse_args(arguments)
    try:
        base = options.base or earlier_revision(options.back)
        with tempfile.TemporaryDirectory(prefix="pyredis-guard-") as folder:
            lay_out(base, Path(folder))
            print(f"CPU time of requests since {git('log', '-1', '--format=%h %s', base).decode()}")
            trees = {EARLIER: Path(folder).resolve(), CURRENT: ROOT}
            beyond = compare(trees, options.rounds, options.limit)
    except NothingToCompare as reason:
        print(f"SKIPPED: {reason}")
        return NOTHING_TO_COMPARE
    if beyond:
        print(f"\nmore than {options.limit:g}% slower: {', '.join(beyond)}", file=sys.stderr)
        return SLOWER
    return 0


if __name__ == "__main__":
    sys.exit(main())
