"""
The table of parameters, against what redis-server 7.2.6 said.

``redis-7.2.6.json`` was made from a running server. It has, for every name that CONFIG GET knows,
the default, the answers to the values ``?`` and ``-3000000000``, and whether the parameter is
hidden or immutable.
"""

import json
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from pyredis.config.parameter_types import Trait
from pyredis.config.parameters import BY_NAME, PARAMETERS, Parameters, without_effect
from pyredis.config.settings import Settings, words_of

REDIS: dict[str, list[str]] = json.loads(Path(__file__).with_name("redis-7.2.6.json").read_text())

OURS = {"inline-replies", "rdb-version"}

DEFAULTS_THAT_DIFFER = {
    "bind": "a server nobody configured is reached from its own machine only",
}

# Redis notices these when it puts the value into effect, which is an observer's part here.
REFUSED_BY_OBSERVERS = {"bind", "dir", "locale-collate"}


class TableTests(SynchronousTestCase):
    """The table agrees with Redis."""

    def test_the_names_are_those_of_redis(self) -> None:
        """Every name and alias is there, and nothing else but what is ours."""
        self.assertEqual(set(BY_NAME), set(REDIS) | OURS)

    def test_the_defaults_are_those_of_redis(self) -> None:
        """Each default reads the same in CONFIG GET."""
        for name, parameter in BY_NAME.items():
            if name in REDIS and name not in DEFAULTS_THAT_DIFFER:
                self.assertEqual(parameter.text(parameter.default).decode(), REDIS[name][0], name)

    def test_the_defaults_that_differ(self) -> None:
        """Listening is on the loopback addresses."""
        self.assertEqual(Settings().get(b"bind"), [("bind", b"127.0.0.1 -::1")])
        for name in DEFAULTS_THAT_DIFFER:
            self.assertNotEqual(Settings().get(name.encode())[0][1].decode(), REDIS[name][0])

    def test_values_are_refused_as_redis_refuses_them(self) -> None:
        """Types, bounds and the words of refusals are the same."""
        for name in set(REDIS) - REFUSED_BY_OBSERVERS:
            for value, answer in zip((b"?", b"-3000000000"), REDIS[name][1:3], strict=True):
                self.assertEqual((name, self.answer(name, value)), (name, answer))

    def answer(self, name: str, value: bytes) -> str:
        """Say what becomes of a value."""
        parameter = BY_NAME[name]
        try:
            parameter.parse(words_of(parameter, value), parameter.default)
        except ValueError as error:
            return str(error)
        return "OK"

    def test_hidden_and_immutable_parameters_are_those_of_redis(self) -> None:
        """What cannot be seen or changed is the same."""
        for word, trait in (("hidden", Trait.HIDDEN), ("immutable", Trait.IMMUTABLE)):
            ours = {name for name, each in BY_NAME.items() if trait in each.traits}
            self.assertEqual(ours, {name for name, facts in REDIS.items() if word in facts[3:]})

    def test_other_traits(self) -> None:
        """Secrets, and what is guarded or must wait for the data set, are named."""
        expected = {
            Trait.SENSITIVE: {"masteruser", "masterauth", "requirepass"},
            Trait.PROTECTED: {"dir", "dbfilename"},
            Trait.DENY_LOADING: {"dir", "appendonly", "repl-diskless-load"},
        }
        for trait, names in expected.items():
            self.assertEqual({each.name for each in PARAMETERS if trait in each.traits}, names)

    def test_active_defragmentation_is_refused_as_by_a_redis_without_jemalloc(self) -> None:
        """It is not merely ignored."""
        self.assertTrue(self.answer("activedefrag", b"yes").startswith("Active defragmentation"))
        self.assertEqual(self.answer("activedefrag", b"no"), "OK")

    def test_ours(self) -> None:
        """The parameters Redis has not."""
        self.assertEqual(
            Settings().get(b"inline-replies", b"rdb-version"),
            [("inline-replies", b"human"), ("rdb-version", b"11")],
        )
        self.assertEqual(self.answer("inline-replies", b"RESP"), "OK")
        self.assertEqual(
            self.answer("rdb-version", b"12"), "argument must be between 9 and 11 inclusive"
        )


class DeclarationTests(SynchronousTestCase):
    """The declarations are well made."""

    def test_no_name_is_declared_twice(self) -> None:
        """Every parameter has its names for itself."""
        names = [name for each in PARAMETERS for name in (each.name, each.alias) if name]

        self.assertEqual(len(names), len(set(names)))

    def test_the_class_has_none_of_them(self) -> None:
        """An instance's attribute is found without asking the class first."""
        for parameter in PARAMETERS:
            self.assertFalse(hasattr(Parameters, parameter.attribute), parameter.name)

    def test_defaults_can_be_read_from_their_text(self) -> None:
        """What CONFIG GET shows can be given to CONFIG SET."""
        for parameter in PARAMETERS:
            words = words_of(parameter, parameter.text(parameter.default))
            if parameter.name != "replicaof":
                self.assertEqual(parameter.parse(words, parameter.default), parameter.default)

    def test_what_has_no_effect_says_why(self) -> None:
        """Reasons are told by name."""
        reasons = without_effect()

        self.assertEqual(reasons["io-threads"], "one thread reads, runs and answers all commands")
        self.assertNotIn("maxmemory", reasons)
