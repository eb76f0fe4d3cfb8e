"""Counters of one server that INFO shows; those of a command are on its table record."""

from __future__ import annotations

from collections import Counter, deque

from pyredis.acl.selectors import Reason

_MAX_ERROR_CODES = 128
_SAMPLES = 4


class Rate:
    """How fast a counter grows a second, as the average of its last samples."""

    def __init__(self) -> None:
        self._last: tuple[int, int] | None = None
        self._rates: deque[float] = deque(maxlen=_SAMPLES)

    def sample(self, total: int, now_ns: int) -> None:
        """Take the counter's value at a moment."""
        if self._last is not None and now_ns > self._last[1]:
            # The counter may have been reset since.
            grown = max(0, total - self._last[0])
            self._rates.append(grown * 1e9 / (now_ns - self._last[1]))
        self._last = (total, now_ns)

    @property
    def per_second(self) -> float:
        """The average; 0 before there were two samples."""
        return sum(self._rates) / len(self._rates) if self._rates else 0.0


class Statistics:
    """
    What was counted since the start or the last CONFIG RESETSTAT.

    Attributes:
        errors: Error replies by their code.
        errors_in_streams: Error replies to a primary, a replica or the append-only file.
        denials: What users were denied, by the reason.
        commands: Rates: commands run, bytes received and sent, turns of the
            event loop and the nanoseconds it was busy.
        ticks: Turns of periodic work, and the time they took, of it for expiry.
        longest_ns: The longest that a turn of periodic work, or a command, held up the rest.
        most_commands: That ran in a turn of the event loop, on the average of some time.
        client_buffers: Bytes in the buffers of all clients when they were last looked at.
        largest_input: What of a request had come, and of replies had not left,
            at most, when clients were last looked at.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Start counting anew."""
        self.connections_received = 0
        self.connections_rejected = 0
        self.input_bytes = 0
        self.output_bytes = 0
        self.error_replies = 0
        self.unexpected_errors = 0
        self.errors_in_streams = 0
        self.errors: Counter[str] = Counter()
        self.errors_overflown = False
        self.query_buffer_disconnections = 0
        self.output_buffer_disconnections = 0
        self.evicted_clients = 0
        self.denials: Counter[Reason] = Counter()
        self.commands = Rate()
        self.input = Rate()
        self.output = Rate()
        self.cycles = Rate()
        self.busy = Rate()
        self.ticks = 0
        self.tick_ns = 0
        self.longest_ns = 0
        self.most_commands = 0
        self.expiry_ns = 0
        self.expiry_cut_short = 0
        self.largest_input = 0
        self.largest_output = 0
        self.client_buffers = 0

    def count_tick(self, nanoseconds: int) -> None:
        """Count a turn of periodic work."""
        self.ticks += 1
        self.tick_ns += nanoseconds
        self.held_up(nanoseconds)

    def held_up(self, nanoseconds: int) -> None:
        """Note for how long everything else had to wait."""
        if nanoseconds > self.longest_ns:
            self.longest_ns = nanoseconds

    def count_error(self, code: str) -> None:
        """Count one error reply by its code (INFO errorstats)."""
        self.error_replies += 1
        if self.errors_overflown:
            return
        if len(self.errors) >= _MAX_ERROR_CODES and code not in self.errors:
            # Scripts can make up codes without end; Redis stops counting as well.
            self.errors.clear()
            self.errors["ERRORSTATS_OVERFLOW"] = 1
            self.errors_overflown = True
            return
        self.errors[code] += 1
