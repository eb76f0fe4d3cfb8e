"""Time that a test moves."""

from __future__ import annotations

from twisted.internet.task import Clock, LoopingCall
from twisted.trial.unittest import SynchronousTestCase

from pyredis.testing.clock import VirtualClock


class _Nothing:
    """Has no moments of its own."""

    def earliest(self) -> float | None:
        """Return None."""
        return None

    def happen(self) -> None:
        """Do nothing."""


class _Moments(_Nothing):
    """Has some moments, and notes when they happen."""

    def __init__(self, clock: VirtualClock, moments: list[float], log: list[object]) -> None:
        self._clock = clock
        self._moments = moments
        self._log = log

    def earliest(self) -> float | None:
        """Return the first that is left."""
        return min(self._moments, default=None)

    def happen(self) -> None:
        """Note those that have come."""
        for moment in sorted(self._moments):
            if moment <= self._clock.seconds():
                self._moments.remove(moment)
                self._log.append(("moment", moment))


class VirtualClockTests(SynchronousTestCase):
    """A clock that runs by itself, stands still, or jumps."""

    def setUp(self) -> None:
        """Make one over a reactor's time that the test holds as well."""
        self.real = Clock()
        self.real.advance(1000.0)
        self.clock = VirtualClock(self.real)
        self.log: list[object] = []

    def note(self, word: str) -> None:
        """Note when something was called."""
        self.log.append((word, self.clock.seconds()))

    def test_it_runs_by_itself(self) -> None:
        """Its time is the reactor's, and its calls come when the reactor's time has come."""
        self.clock.callLater(5, self.note, "a")
        self.real.advance(4)
        self.assertEqual(self.log, [])
        self.real.advance(1)
        self.assertEqual(self.log, [("a", 1005.0)])

    def test_frozen_it_stands_still(self) -> None:
        """While frozen neither its time goes on nor do its calls come."""
        self.clock.callLater(5, self.note, "a")
        self.clock.freeze()
        self.real.advance(100)
        self.assertEqual((self.clock.seconds(), self.log), (1000.0, []))

    def test_it_goes_on_from_where_it_stood(self) -> None:
        """Resumed, it goes on from the moment at which it was frozen."""
        self.clock.callLater(5, self.note, "a")
        self.clock.freeze()
        self.real.advance(100)
        self.clock.resume()
        self.real.advance(4.5)
        self.assertEqual((self.clock.seconds(), self.log), (1004.5, []))
        self.real.advance(0.5)
        self.assertEqual(self.log, [("a", 1005.0)])

    def test_everything_happens_in_order_at_its_moment(self) -> None:
        """Calls and other moments alternate as they are due, each at its own time."""
        self.clock.freeze()
        self.clock.callLater(3, self.note, "late")
        self.clock.callLater(1, self.note, "early")
        moments = _Moments(self.clock, [1002.0, 1004.0], self.log)
        self.clock.advance(3, moments)
        self.assertEqual(self.log, [("early", 1001.0), ("moment", 1002.0), ("late", 1003.0)])
        self.assertEqual(self.clock.seconds(), 1003.0)

    def test_what_is_called_may_call_later(self) -> None:
        """A call made on the way comes on the way, if its time does."""
        self.clock.freeze()
        self.clock.callLater(1, lambda: self.clock.callLater(1, self.note, "second"))
        self.clock.advance(5, _Nothing())
        self.assertEqual(self.log, [("second", 1002.0)])

    def test_it_jumps_while_it_runs(self) -> None:
        """Advanced while running, it is ahead of the reactor from then on."""
        self.clock.advance(60, _Nothing())
        self.real.advance(1)
        self.assertEqual(self.clock.seconds(), 1061.0)

    def test_cancelled_and_postponed_calls(self) -> None:
        """A cancelled call never comes, one put off comes later, one brought forward sooner."""
        self.clock.freeze()
        self.clock.callLater(1, self.note, "never").cancel()
        self.clock.callLater(1, self.note, "later").delay(2)
        self.clock.callLater(9, self.note, "sooner").reset(2)
        self.assertEqual(len(self.clock.getDelayedCalls()), 3)
        self.clock.advance(5, _Nothing())
        self.assertEqual(self.log, [("sooner", 1002.0), ("later", 1003.0)])

    def test_a_looping_call_keeps_the_reactors_pace(self) -> None:
        """Periodic work goes by real time, however far the clock jumps."""
        loop = LoopingCall(self.note, "beat")
        loop.clock = self.clock
        loop.start(1, now=False)
        self.clock.freeze()
        self.clock.advance(3600, _Nothing())
        self.assertEqual(self.log, [])
        self.real.advance(1)
        self.assertEqual(len(self.log), 1)
        loop.stop()

    def test_it_is_not_turned_back_by_advancing(self) -> None:
        """Seconds below zero are refused."""
        self.assertRaises(ValueError, self.clock.advance, -1, _Nothing())

    def test_stopped_it_calls_nothing(self) -> None:
        """Once stopped, nothing that was due comes any more."""
        self.clock.callLater(1, self.note, "a")
        self.clock.stop()
        self.real.advance(2)
        self.assertEqual(self.log, [])
