"""Switches that only DEBUG turns; the parts they concern ask for them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class DebugSwitches:
    """
    What DEBUG has switched in one server.

    Attributes:
        scripts_run_anything: Scripts may call commands flagged NOSCRIPT.
        checksums_ignored: RDB files and payloads of RESTORE are taken with any checksum.
    """

    scripts_run_anything: bool = False
    checksums_ignored: bool = False
