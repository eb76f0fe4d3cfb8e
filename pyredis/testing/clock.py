"""
Time that a test moves.

:class:`VirtualClock` is the server's clock and scheduler: it runs by itself
until it is frozen, and jumps when it is told to. Between here and there
everything that is due happens at its own moment, in order: timeouts, and keys
that expire (see :meth:`VirtualClock.advance`).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from heapq import heappop, heappush
from itertools import count
from typing import Any, Protocol, TypeVar

from twisted.internet.base import DelayedCall
from twisted.internet.task import LoopingCall

_T = TypeVar("_T")
Run = Callable[[Callable[[], Any]], Any]
"""Calls a function where the server lives, and returns what it returns."""


class Due(Protocol):
    """What has moments of its own: the keyspace with its deadlines."""

    def earliest(self) -> float | None:
        """Return the next moment, in seconds; None if there is none."""

    def happen(self) -> None:
        """Let everything happen that is due now, at this very moment included."""


def _exact(moment: float) -> float:
    """Return a moment in whole microseconds: tenths of seconds are to add up."""
    return round(moment, 6)


class VirtualClock:
    """
    Twisted's ``IReactorTime``, with a hand on it.

    A ``LoopingCall`` is left to the reactor: how often the server looks after
    itself has nothing to do with how much time a test lets pass.

    Args:
        reactor: Whose time it follows while it runs.

    Attributes:
        frozen: Whether it stands still.
    """

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._ahead = 0.0  # of the reactor, while running
        self._stopped_at = 0.0  # while frozen
        self._timers: list[tuple[float, int, DelayedCall]] = []
        self._number = count()
        self._armed: Any = None
        self.frozen = False

    # Twisted's interface

    def seconds(self) -> float:
        """Return the moment it is, in seconds since 1970."""
        if self.frozen:
            return self._stopped_at
        now: float = self._reactor.seconds() + self._ahead
        return now

    def callLater(self, delay: float, call: Callable[..., Any], *args: Any, **kw: Any) -> Any:
        """Call a function when so many seconds of this clock have passed."""
        if isinstance(call, LoopingCall):
            return self._reactor.callLater(delay, call, *args, **kw)
        moment = _exact(self.seconds() + delay)
        timer = DelayedCall(moment, call, args, kw, self._cancelled, self._enter, self.seconds)
        self._enter(timer)
        return timer

    def getDelayedCalls(self) -> list[DelayedCall]:
        """Return the calls that are still to come."""
        return [timer for _, _, timer in self._timers if timer.active()]

    # The hand

    def freeze(self) -> None:
        """Stand still."""
        if not self.frozen:
            self._stopped_at = self.seconds()
            self.frozen = True
            self._disarm()

    def resume(self) -> None:
        """Run again, from the moment it is."""
        if self.frozen:
            self._ahead = self._stopped_at - self._reactor.seconds()
            self.frozen = False
            self._arm()

    def jump(self, moment: float) -> None:
        """Make it a moment, without anything happening."""
        if self.frozen:
            self._stopped_at = moment
        else:
            self._ahead = moment - self._reactor.seconds()

    def advance(self, seconds: float, due: Due) -> None:
        """
        Let time pass; what is due on the way happens at its moment, in order.

        Args:
            seconds: How many.
            due: What happens besides the calls of this clock.

        Raises:
            ValueError: The seconds are negative.
        """
        if seconds < 0:
            raise ValueError("time is not turned back by advance(); use set()")
        until = _exact(self.seconds() + seconds)
        self._disarm()
        while True:
            moments = [m for m in (self._first(), due.earliest()) if m is not None and m <= until]
            if not moments:
                break
            moment = max(min(moments), self.seconds())
            self.jump(moment)
            due.happen()
            self._call_due(moment)
        self.jump(max(until, self.seconds()))
        self._arm()

    def stop(self) -> None:
        """Call nothing any more."""
        self._disarm()
        self._timers.clear()

    # Within

    def _enter(self, timer: DelayedCall) -> None:
        heappush(self._timers, (timer.getTime(), next(self._number), timer))
        self._arm()

    def _cancelled(self, timer: DelayedCall) -> None:
        """Leave it in the heap: it is dropped when it comes up."""

    def _first(self) -> float | None:
        """Return when the next call is due."""
        timers = self._timers
        while timers:
            moment, _, timer = timers[0]
            if timer.active() and timer.getTime() <= moment:
                return moment
            heappop(timers)
            if timer.active():  # it was put off
                heappush(timers, (timer.getTime(), next(self._number), timer))
        return None

    def _call_due(self, now: float) -> None:
        while (first := self._first()) is not None and first <= now:
            timer = heappop(self._timers)[2]
            timer.called = 1
            timer.func(*timer.args, **timer.kw)

    def _arm(self) -> None:
        """Have the reactor call when the next call is due, if time runs."""
        self._disarm()
        first = None if self.frozen else self._first()
        if first is not None:
            self._armed = self._reactor.callLater(max(0.0, first - self.seconds()), self._ring)

    def _disarm(self) -> None:
        if self._armed is not None and self._armed.active():
            self._armed.cancel()
        self._armed = None

    def _ring(self) -> None:
        self._armed = None
        try:
            self._call_due(self.seconds())
        finally:
            self._arm()


class ServerClock:
    """
    The clock of a server under test.

    Expiry, timeouts of blocked clients, IDs of streams, the slow log and what
    scripts see as TIME all follow it. It runs by itself until it is frozen.

    Args:
        clock: What is moved.
        due: What happens while time passes.
        arrive: Serves what clients have sent so far; called before time moves.
        run: Calls a function where the server lives.

    Example::

        server.clock.freeze()
        client.set("k", "v", ex=60)
        server.clock.advance(60)        # k has expired, and everybody was told
    """

    def __init__(
        self, clock: VirtualClock, due: Due, arrive: Callable[[], object], run: Run
    ) -> None:
        self._clock = clock
        self._due = due
        self._arrive = arrive
        self._run = run

    @property
    def frozen(self) -> bool:
        """Whether time stands still."""
        return self._clock.frozen

    def now(self) -> float:
        """Return the moment it is for the server, in seconds since 1970."""
        return self._clock.seconds()

    def freeze(self, at: float | datetime | None = None) -> None:
        """
        Let time stand still.

        Args:
            at: The moment to make it first, as :meth:`set` takes it.
        """

        def freeze() -> None:
            self._clock.freeze()
            if at is not None:
                self._set(_seconds(at))

        self._run(freeze)

    def resume(self) -> None:
        """Let time run by itself again, from the moment it is."""
        self._run(self._clock.resume)

    def advance(self, seconds: float) -> None:
        """
        Let time pass at once, whether it stands still or runs.

        Whatever is due meanwhile has happened when this returns: each key
        expired at its own moment, each waiting client was answered at its own.
        What a client sent before is served before.

        Raises:
            ValueError: The seconds are negative.
        """

        def advance() -> None:
            self._arrive()
            self._clock.advance(seconds, self._due)

        self._run(advance)

    def set(self, moment: float | datetime) -> None:
        """
        Make it a moment.

        Time that is skipped passes as in :meth:`advance`; turned back, nothing
        happens, and what has expired stays so.

        Args:
            moment: Seconds since 1970, or a ``datetime`` (a naive one is local time).
        """
        self._run(lambda: self._set(_seconds(moment)))

    def _set(self, moment: float) -> None:
        self._arrive()
        ahead = moment - self._clock.seconds()
        if ahead >= 0:
            self._clock.advance(ahead, self._due)
        else:
            self._clock.jump(moment)
            self._due.happen()


def _seconds(moment: float | datetime) -> float:
    return moment.timestamp() if isinstance(moment, datetime) else moment
