"""Tests of pyredis.commands.information."""

from __future__ import annotations

import sys

from twisted.trial.unittest import SynchronousTestCase

from pyredis.execution.latencies import LatencyHistogram
from pyredis.execution.modules import LoadedModule
from pyredis.wire.replies import Verbatim
from tests.commands.session import Session, Word

DEFAULT = [
    "Server",
    "Clients",
    "Memory",
    "Persistence",
    "Stats",
    "Replication",
    "CPU",
    "Modules",
    "Errorstats",
    "Cluster",
    "Keyspace",
]


class InfoCase(SynchronousTestCase):
    """A server."""

    def setUp(self) -> None:
        """Start it."""
        self.session = Session()
        self.do = self.session.do

    def text(self, *sections: Word) -> str:
        """Return the text of INFO."""
        reply = self.do("INFO", *sections)
        self.assertIsInstance(reply, Verbatim)
        return str(reply.text.decode())

    def titles(self, *sections: Word) -> list[str]:
        """Return the titles of the sections that INFO shows."""
        lines = self.text(*sections).split("\r\n")
        return [line[2:] for line in lines if line.startswith("# ")]

    def fields(self, *sections: Word) -> dict[str, str]:
        """Return the fields of INFO."""
        lines = self.text(*sections).split("\r\n")
        return dict(line.split(":", 1) for line in lines if ":" in line)


class MeasuringTests(InfoCase):
    """Memory is measured as it was before INFO took some."""

    def test_what_it_takes_itself(self) -> None:
        """Memory is measured once, before there is anything to show."""
        measured: list[int] = []

        def measure() -> int:
            measured.append(sys.getallocatedblocks())
            return measured[-1]

        self.session.server.facts["used_memory"] = measure
        fields = self.fields()
        del measured[:]
        before = sys.getallocatedblocks()
        fields = self.fields()
        self.assertEqual(fields["used_memory"], str(measured[0]))
        self.assertEqual(len(measured), 1)
        self.assertLess(measured[0] - before, 40)


class SectionTests(InfoCase):
    """Which sections are shown, and how."""

    def test_the_layout(self) -> None:
        """A title, fields, an empty line before the next title."""
        self.assertEqual(
            self.text("cluster", "errorstats"),
            "# Errorstats\r\n\r\n# Cluster\r\ncluster_enabled:0\r\n",
        )

    def test_the_default_leaves_out_what_is_long(self) -> None:
        """Statistics of commands are not in it."""
        self.assertEqual(self.titles(), DEFAULT)
        self.assertEqual(self.titles("DEFAULT"), DEFAULT)

    def test_all_and_everything(self) -> None:
        """They show all but what is for debugging."""
        everything = [*DEFAULT]
        everything[8:8] = ["Commandstats"]
        everything[10:10] = ["Latencystats"]

        self.assertEqual(self.titles("all"), everything)
        self.assertEqual(self.titles("cpu", "everything"), everything)

    def test_sections_by_name(self) -> None:
        """In INFO's own order, each once, unknown ones not at all, in any case."""
        self.assertEqual(self.titles("keyspace", "CPU", "sentinel", "cpu"), ["CPU", "Keyspace"])
        self.assertEqual(self.titles("debug"), ["Debug"])
        self.assertEqual(self.titles("module_list"), ["Modules"])
        self.assertEqual(self.text("sentinel"), "")

    def test_a_default_may_have_more(self) -> None:
        """Names besides add their sections."""
        self.assertIn("Commandstats", self.titles("default", "commandstats"))

    def test_facts_stand_in_for_fields(self) -> None:
        """Values and functions that a part of the server states."""
        self.session.server.facts.update(loading=1, used_memory=lambda: 2048)

        self.assertEqual(self.fields("persistence")["loading"], "1")
        fields = self.fields("memory")
        self.assertEqual((fields["used_memory"], fields["used_memory_human"]), ("2048", "2.00K"))


class FieldTests(InfoCase):
    """What the fields say."""

    def test_server(self) -> None:
        """Whose behaviour it is, what it is, and since when."""
        self.session.clock.advance(2 * 86400 + 5)
        self.do("PING")
        fields = self.fields("server")

        self.assertEqual((fields["redis_version"], fields["server_name"]), ("7.2.6", "pyredis"))
        self.assertEqual(fields["uptime_in_seconds"], "172805")
        self.assertEqual(fields["uptime_in_days"], "2")
        self.assertEqual(len(fields["run_id"]), 40)

    def test_clients(self) -> None:
        """The connected, the waiting, and what they wait for."""
        other, third = self.session.another(), self.session.another()
        other.do("BLPOP", "a", "b", 0)
        third.do("BLPOP", "a", 5)
        fields = self.fields("clients")

        self.assertEqual(fields["connected_clients"], "3")
        self.assertEqual(fields["blocked_clients"], "2")
        self.assertEqual(fields["clients_in_timeout_table"], "1")
        self.assertEqual(fields["total_blocking_keys"], "2")

    def test_memory(self) -> None:
        """What the process takes, what of it the data."""
        self.session.server.facts.update(
            used_memory=3000, used_memory_rss=6000, used_memory_peak=4000, used_memory_startup=1000
        )
        self.session.server.clients.clear()
        fields = self.fields("memory")

        self.assertEqual(fields["used_memory_peak_perc"], "75.00%")
        self.assertEqual(fields["used_memory_dataset"], "2000")
        self.assertEqual(fields["used_memory_dataset_perc"], "100.00%")
        self.assertEqual(fields["mem_fragmentation_ratio"], "2.00")

    def test_statistics(self) -> None:
        """Commands, errors, hits and misses, expired keys."""
        self.do("SET", "k", "v")
        self.do("GET", "k")
        self.do("GET", "x")
        self.do("INCR", "k")
        self.session.server.keyspace.expired_keys = 7
        self.session.server.keyspace.expired_fields = 8
        fields = self.fields("stats")

        self.assertEqual(fields["total_commands_processed"], "4")
        self.assertEqual((fields["keyspace_hits"], fields["keyspace_misses"]), ("1", "1"))
        self.assertEqual(fields["total_error_replies"], "1")
        self.assertEqual((fields["expired_keys"], fields["expired_subkeys"]), ("7", "8"))

    def test_replication(self) -> None:
        """A primary without replicas; good ones are counted only where they matter."""
        fields = self.fields("replication")
        self.assertEqual((fields["role"], fields["connected_slaves"]), ("master", "0"))
        self.assertNotIn("min_slaves_good_slaves", fields)

        self.session.server.settings.min_replicas_to_write = 1
        self.assertEqual(self.fields("replication")["min_slaves_good_slaves"], "0")

    def test_modules(self) -> None:
        """One line each."""
        self.session.server.modules.append(LoadedModule("my.module", "/x"))

        self.assertIn("module:name=my.module,ver=1,api=1,", self.text("modules"))

    def test_commandstats(self) -> None:
        """Only what was used: calls, rejected before they ran, failed while they did."""
        self.do("SET", "k", "v")
        self.do("INCR", "k")
        self.do("GET")
        self.do("CLIENT", "ID")
        fields = self.fields("commandstats")

        self.assertEqual(
            set(fields), {"cmdstat_set", "cmdstat_incr", "cmdstat_get", "cmdstat_client|id"}
        )
        usage = "calls=1,usec=0,usec_per_call=0.00,rejected_calls=0,failed_calls="
        self.assertEqual(fields["cmdstat_set"], usage + "0")
        self.assertEqual(fields["cmdstat_incr"], usage + "1")
        self.assertTrue(fields["cmdstat_get"].endswith(",rejected_calls=1,failed_calls=0"))
        self.assertTrue(fields["cmdstat_get"].startswith("calls=0,"))

    def test_errorstats(self) -> None:
        """By their code, in order; what would break a line is replaced."""
        self.do("foo")
        self.do("foo")
        self.do("SET", "k", "v")
        self.do("LPUSH", "k", "v")
        self.session.server.statistics.count_error("A:B#")
        self.assertEqual(
            self.text("errorstats"),
            "# Errorstats\r\nerrorstat_A_B_:count=1\r\nerrorstat_ERR:count=2\r\n"
            "errorstat_WRONGTYPE:count=1\r\n",
        )

    def test_latencystats(self) -> None:
        """Of commands that were timed, unless that is switched off."""
        command = self.session.server.table.commands["GET"]
        command.histogram = LatencyHistogram()
        command.histogram.record(16_000, 99)
        self.assertEqual(
            self.fields("latencystats")["latency_percentiles_usec_get"],
            "p50=16.063,p99=16.063,p99.9=16.063",
        )
        self.session.server.settings.latency_tracking = False
        self.assertEqual(self.fields("latencystats"), {})

    def test_keyspace(self) -> None:
        """Databases with keys, how many expire, and in what time on average."""
        self.do("SET", "a", "1")
        self.do("SET", "b", "1", "PX", 1000)
        self.do("SET", "c", "1", "PX", 3000)
        self.do("SELECT", 5)
        self.do("SET", "a", "1")

        self.assertEqual(
            self.text("keyspace"),
            "# Keyspace\r\ndb0:keys=3,expires=2,avg_ttl=2000\r\ndb5:keys=1,expires=0,avg_ttl=0\r\n",
        )

    def test_hashes_with_fields_that_expire(self) -> None:
        """Counted for each database that has any."""
        self.do("HSET", "h", "a", "1", "b", "2")
        self.assertEqual(self.fields("keyspace"), {"db0": "keys=1,expires=0,avg_ttl=0"})
        self.do("HEXPIRE", "h", 9, "FIELDS", 2, "a", "b")
        self.assertEqual(self.fields("keyspace"), {"db0": "keys=1,expires=0,avg_ttl=0,subexpiry=1"})
        self.do("HEXPIRE", "h", 0, "FIELDS", 1, "a")
        self.do("HGETEX", "h", "PERSIST", "FIELDS", 1, "b")
        self.assertEqual(self.fields("keyspace"), {"db0": "keys=1,expires=0,avg_ttl=0"})

    def test_debug(self) -> None:
        """Hidden from all, shown when asked for."""
        self.assertNotIn("eventloop_duration_cron_sum", self.fields("all"))
        self.assertIn("eventloop_duration_cron_sum", self.fields("debug"))
