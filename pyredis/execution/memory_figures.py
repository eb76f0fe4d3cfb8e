"""What of the process' memory is data, and what the rest is (INFO, MEMORY STATS)."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NamedTuple

from pyredis.execution.client_lines import CLIENT_BYTES

if TYPE_CHECKING:
    from pyredis.execution.instance import Instance
    from pyredis.keyspace.database import Database


class DatabaseTables(NamedTuple):
    """The bytes of a database's tables, without keys and values."""

    number: int
    keys: int
    deadlines: int


class MemoryFigures:
    """
    The memory of a server at this moment, in bytes.

    Attributes:
        used: What the process has for itself; ``resident`` with shared files.
        peak: The most it ever had.
        startup: What it had before there was any data.
        clients: What the connections take.
        tables: Of each database that has keys.
        overhead: All that is no data: startup, clients, tables and more.
        dataset: The rest.
    """

    def __init__(self, server: Instance) -> None:
        fact = server.fact
        self.used: int = fact("used_memory")
        self.resident: int = fact("used_memory_rss")
        self.startup: int = min(self.used, fact("used_memory_startup"))
        self.peak: int = max(self.used, fact("used_memory_peak"))
        self.clients = CLIENT_BYTES * len(server.clients) + server.statistics.client_buffers
        self.backlog: int = fact("mem_replication_backlog")
        self.replicas: int = fact("mem_clients_slaves")
        self.aof_buffer: int = fact("mem_aof_buffer")
        self.scripts: int = fact("used_memory_scripts_eval")
        self.functions: int = fact("used_memory_functions")
        self.tables = [_tables(db) for db in server.keyspace.databases if db.values]
        self.key_count = sum(len(db.values) for db in server.keyspace.databases)
        self.overhead = self.startup + self.clients + self.backlog + self.replicas
        self.overhead += self.aof_buffer + self.scripts + self.functions
        self.overhead += sum(each.keys + each.deadlines for each in self.tables)
        self.dataset: int = max(0, self.used - self.overhead)

    @property
    def since_startup(self) -> int:
        """What was added since the start, at least 1."""
        return max(1, self.used - self.startup)

    @property
    def dataset_percentage(self) -> float:
        """How much of what was added is data."""
        return self.dataset * 100 / self.since_startup

    @property
    def peak_percentage(self) -> float:
        """How much of the peak is in use."""
        return self.used * 100 / self.peak if self.peak else 0.0

    @property
    def resident_ratio(self) -> float:
        """How much more is resident than in use."""
        return float(self.resident / self.used) if self.used else 0.0


def _tables(db: Database) -> DatabaseTables:
    return DatabaseTables(db.number, sys.getsizeof(db.values), sys.getsizeof(db.deadlines))
