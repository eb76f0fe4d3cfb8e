"""Counters of one server that INFO shows; those of a command are on its table record."""

from __future__ import annotations

from collections import Counter

_MAX_ERROR_CODES = 128


class Statistics:
    """What was counted since the start or the last CONFIG RESETSTAT."""

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
        self.errors: Counter[str] = Counter()
        self.errors_overflown = False
        self.total_reads = 0
        self.query_buffer_disconnections = 0
        self.output_buffer_disconnections = 0
        self.auth_failures = 0

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
