"""Tests for :mod:`pyredis.services.steps`."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.services.steps import Steps, finish


class FinishTests(SynchronousTestCase):
    """Steps that are all done here and now."""

    def test_jobs_and_pauses(self) -> None:
        """Jobs are done, pauses left out, and there is an outcome."""
        done: list[str] = []

        def steps() -> Steps[int]:
            yield None
            yield lambda: done.append("job")
            yield 5.0
            return len(done)

        self.assertEqual(finish(steps()), 1)

    def test_a_job_that_fails(self) -> None:
        """It is told where it was asked for, which may cope with it."""

        def fail() -> None:
            raise OSError("full")

        def steps() -> Steps[str]:
            try:
                yield fail
            except OSError as error:
                return str(error)
            return "not told"

        def helpless() -> Steps[None]:
            yield fail

        self.assertEqual(finish(steps()), "full")
        self.assertRaises(OSError, finish, helpless())
