"""
``pyredis-check``: say what is in a persistence file, and mend what was torn.

It reads RDB files, append-only files and their manifests, without a server.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import Any

import pyredis.commands  # noqa: F401 - declares the commands, which say where keys are
from pyredis.file_examination import FileReport, examine

VALID, DAMAGED, UNREADABLE = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Examine files, and mend them if that is asked for.

    Returns:
        The exit code: 0 if all are valid (or are now), 1 if one is damaged, 2 if one
        cannot be read.
    """
    options = parser().parse_args(arguments)
    codes = []
    reports = []
    for path in options.files:
        try:
            report = examine(path)
            codes.append(_mended(report, options) if options.fix else _code(report))
        except OSError as error:
            sys.stderr.write(f"pyredis-check: {path}: {error.strerror or error}\n")
            codes.append(UNREADABLE)
            continue
        if options.fix and codes[-1] == VALID:
            report = examine(path)
        reports.append(report)
        if not options.json:
            sys.stdout.write("\n".join(lines(report)) + "\n")
    if options.json:
        json.dump([as_json(report) for report in reports], sys.stdout, indent=2)
        sys.stdout.write("\n")
    return max(codes)


def parser() -> argparse.ArgumentParser:
    """Return the command line's grammar."""
    grammar = argparse.ArgumentParser(
        prog="pyredis-check",
        description="Say what is in an RDB file, an append-only file or its manifest.",
        epilog="Exit codes: 0 valid, 1 damaged, 2 cannot be read.",
    )
    add = grammar.add_argument
    add("files", nargs="+", metavar="FILE")
    add("--json", action="store_true", help="print JSON instead of tables")
    add("--fix", action="store_true", help="cut off the end of an append-only file that is torn")
    add("--yes", action="store_true", help="with --fix: do not ask")
    return grammar


def _code(report: FileReport) -> int:
    return VALID if report.is_valid else DAMAGED


def _mended(report: FileReport, options: argparse.Namespace) -> int:
    """Cut off what is torn, if it may be; return the exit code."""
    if report.is_valid:
        return VALID
    torn = report.torn
    if torn is None:
        sys.stderr.write(f"pyredis-check: {report.path}: this cannot be mended by cutting it off\n")
        return DAMAGED
    lost = torn.size - torn.whole
    question = f"{torn.path}: cut off {lost} bytes behind offset {torn.whole}? [y/N] "
    if not options.yes and not _agreed(question):
        return DAMAGED
    with open(torn.path, "r+b") as file:
        file.truncate(torn.whole)
        os.fsync(file.fileno())
    sys.stderr.write(f"{torn.path}: cut off at {torn.whole}, {lost} bytes are gone\n")
    return VALID


def _agreed(question: str) -> bool:
    sys.stderr.write(question)
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def as_json(report: FileReport) -> dict[str, Any]:
    """Return a report as JSON has it."""
    found = {each.name: getattr(report, each.name) for each in fields(report)}
    return {
        **found,
        "valid": report.is_valid,
        "parts": [as_json(part) for part in report.parts],
    }


def lines(report: FileReport) -> Iterator[str]:
    """Yield a report for people."""
    verdict = "valid" if report.is_valid else "DAMAGED"
    yield f"{report.path}: {report.kind or 'unknown'}, {report.size} bytes, {verdict}"
    if report.problem:
        yield f"  {report.problem}, behind offset {report.whole}"
    yield from _table("about it", report.about.items())
    yield from _table("keys by type", report.types.most_common())
    numbers = ((f"db{number}", count) for number, count in sorted(report.databases.items()))
    yield from _table("keys by database", numbers)
    extras = {"keys that expire": report.expiring, "libraries of functions": report.functions}
    yield from _table("besides", ((name, count) for name, count in extras.items() if count))
    yield from _table("commands", report.commands.most_common())
    biggest = ((f"{name} ({kind})", size) for name, kind, size in report.biggest)
    yield from _table("biggest keys, in bytes", biggest)
    for part in report.parts:
        yield ""
        yield from lines(part)


def _table(title: str, rows: Any) -> Iterator[str]:
    """Yield names and figures in columns, if there are any."""
    shown = [(str(name), str(figure)) for name, figure in rows]
    if not shown:
        return
    width = max(len(name) for name, _ in shown)
    figures = max(len(figure) for _, figure in shown)
    yield f"  {title}"
    for name, figure in shown:
        yield f"    {name:<{width}}  {figure:>{figures}}"


if __name__ == "__main__":
    sys.exit(main())
