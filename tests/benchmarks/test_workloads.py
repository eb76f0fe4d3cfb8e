"""Tests of benchmarks.workloads."""

from __future__ import annotations

from typing import Any, cast

from twisted.trial.unittest import SynchronousTestCase

from benchmarks.servers import BenchmarkError, Connection
from benchmarks.workloads import BY_NAME, STANDARD, Size, chosen


class Recorder:
    """A connection that keeps what is asked and answers the same number to everything."""

    def __init__(self, answer: int = 1) -> None:
        self.asked: list[tuple[str, ...]] = []
        self.answer = answer

    def ask(self, *command: str) -> Any:
        """Keep the command."""
        self.asked.append(command)
        return self.answer


class ChosenTests(SynchronousTestCase):
    """How tests are named."""

    def test_a_set_and_a_name_in_either_case(self) -> None:
        """Names and sets mix, and nothing is measured twice."""
        names = [workload.name for workload in chosen("ping,get,PING_MBULK")]

        self.assertEqual(["PING_INLINE", "PING_MBULK", "GET"], names)

    def test_standard_is_the_standard_set(self) -> None:
        """The default is every test that redis-benchmark is known by."""
        self.assertEqual(list(STANDARD), chosen("standard"))

    def test_an_unknown_name_is_refused(self) -> None:
        """The message names the word."""
        error = self.assertRaises(ValueError, chosen, "get,nonsense")

        self.assertIn("'NONSENSE'", str(error))


class PreparationTests(SynchronousTestCase):
    """What a test finds when it starts."""

    def prepared(self, name: str, keyspace: int, requests: int) -> list[tuple[str, ...]]:
        """Return what is asked of the server before a test."""
        recorder = Recorder()
        BY_NAME[name].prepare(cast(Connection, recorder), Size(keyspace, requests, "xxx"))
        return recorder.asked

    def test_get_finds_every_key(self) -> None:
        """As many keys are stored as redis-benchmark can draw, named as it names them."""
        stored = [word for command in self.prepared("GET", 1200, 1) for word in command[1::2]]

        self.assertEqual([f"key:{number:012d}" for number in range(1200)], stored)

    def test_a_pop_has_an_element_for_each_request(self) -> None:
        """Lists and sets are as long as the run."""
        for name in ("LPOP", "RPOP", "SPOP"):
            pushed = sum(len(command) - 2 for command in self.prepared(name, 10, 1234))

            self.assertEqual(1234, pushed, name)

    def test_a_pop_that_ran_dry_is_refused(self) -> None:
        """Popping nothing is fast, and no measure of popping."""
        dry = cast(Connection, Recorder(answer=0))

        self.assertRaises(BenchmarkError, BY_NAME["LPOP"].check, dry)

    def test_values_stand_where_data_is_named(self) -> None:
        """The size of the values is the caller's choice."""
        self.assertEqual(["SET", "key:__rand_int__", "abcd"], BY_NAME["SET"].arguments("abcd"))
