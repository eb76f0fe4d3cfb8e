"""
Long work in steps, between which others may have their turn.

A step ends with ``yield None``, or with a job that takes long and touches no
data (waiting for a disk), which may be done elsewhere; the work goes on when it
is done, and an OSError of the job is raised where it was yielded. A number
asks for a pause of so many seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TypeVar

_T = TypeVar("_T")

Job = Callable[[], None]
Steps = Generator[Job | float | None, None, _T]
"""Work whose outcome is what it returns."""


def advance(steps: Steps[_T], error: OSError | None) -> Job | float | None:
    """
    Do one step.

    Args:
        steps: The work.
        error: How the job failed that the last step ended with, if it did.

    Raises:
        StopIteration: The work is done; its ``value`` is the outcome.
    """
    return next(steps) if error is None else steps.throw(error)


def finish(steps: Steps[_T]) -> _T:
    """Do all of it here and now, with no pauses, and return the outcome."""
    error: OSError | None = None
    while True:
        try:
            job = advance(steps, error)
        except StopIteration as end:
            outcome: _T = end.value
            return outcome
        error = attempt(job) if callable(job) else None


def attempt(job: Job) -> OSError | None:
    """Do a job and return how it failed."""
    try:
        job()
    except OSError as error:
        return error
    return None
