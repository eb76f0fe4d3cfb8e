"""Directives with a syntax of their own."""

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from pyredis.config.parameter_types import Parameter, Trait
from pyredis.config.settings import find
from pyredis.config.special_types import (
    Addresses,
    BufferLimit,
    Directory,
    EventClasses,
    Percentiles,
    PrimaryAddress,
    SavePoint,
    SavePoints,
)


class SpecialTests(SynchronousTestCase):
    """A base with words for reading and refusing."""

    def read(self, name: str, text: bytes, current: object = None) -> Any:
        """Read the words of a text."""
        parameter = self.parameter(name)
        words = text.split(b" ") if text else []
        return parameter.parse(words, parameter.default if current is None else current)

    def parameter(self, name: str) -> Parameter[Any]:
        """Return a declared parameter."""
        parameter = find(name.encode())
        assert parameter is not None
        return parameter

    def refuses(self, name: str, text: bytes, refusal: str) -> None:
        """Check the words of a refusal."""
        with self.assertRaises(ValueError) as caught:
            self.read(name, text)
        self.assertEqual(str(caught.exception), refusal)


class SavePointsTests(SpecialTests):
    """When to save."""

    def test_pairs(self) -> None:
        """Seconds and changes come in pairs."""
        points = self.read("save", b"900 1 300 10")

        self.assertEqual(points, (SavePoint(900, 1), SavePoint(300, 10)))
        self.assertEqual(self.parameter("save").text(points), b"900 1 300 10")

    def test_never(self) -> None:
        """No words, or one that is empty, mean never."""
        self.assertEqual(self.read("save", b""), ())
        self.assertEqual(self.parameter("save").parse([b""], ()), ())

    def test_refusals(self) -> None:
        """Half a pair, no time at all and negative changes are refused."""
        for text in (b"900", b"0 1", b"1 -1", b"x 1", b"1  2", b"1 2 3"):
            self.refuses("save", text, "Invalid save parameters")

    def test_lines_of_a_file_add_up(self) -> None:
        """The first line puts the default aside, an empty word all that came before."""
        save = SavePoints((SavePoint(3600, 1),))

        first = save.parse_line([b"900", b"1"], save.default, repeated=False)
        second = save.parse_line([b"300", b"10"], first, repeated=True)

        self.assertEqual(first, (SavePoint(900, 1),))
        self.assertEqual(second, (SavePoint(900, 1), SavePoint(300, 10)))
        self.assertEqual(save.parse_line([b""], second, repeated=True), ())
        self.assertEqual(save.parse_line([], second, repeated=True), second)

    def test_lines(self) -> None:
        """Each pair has its line; never has one, too."""
        save = self.parameter("save")

        self.assertEqual(
            list(save.lines((SavePoint(900, 1), SavePoint(300, 10)))),
            [(b"save 900 1", True), (b"save 300 10", True)],
        )
        self.assertEqual(list(save.lines(())), [(b'save ""', True)])


class OutputBufferLimitsTests(SpecialTests):
    """Limits for classes of clients."""

    NAME = "client-output-buffer-limit"

    def test_one_class(self) -> None:
        """Other classes keep what they have; both names of replicas are known."""
        for name in (b"slave", b"REPLICA"):
            limits = self.read(self.NAME, name + b" 1mb 2kb 60")

            self.assertEqual(limits.replica, BufferLimit(1 << 20, 2048, 60))
            self.assertEqual(limits.normal, BufferLimit(0, 0, 0))

    def test_several_classes(self) -> None:
        """Groups of four may follow each other; no group changes nothing."""
        limits = self.read(self.NAME, b"normal 1 2 3 pubsub 4 5 6")

        self.assertEqual((limits.normal, limits.pubsub), ((1, 2, 3), (4, 5, 6)))
        self.assertEqual(self.read(self.NAME, b""), self.parameter(self.NAME).default)

    def test_refusals(self) -> None:
        """Wrong counts, classes and numbers have texts of their own."""
        self.refuses(
            self.NAME,
            b"normal 0 0",
            "Wrong number of arguments in buffer limit configuration.",
        )
        for name in (b"master", b"x"):
            self.refuses(
                self.NAME,
                name + b" 0 0 0",
                "Invalid client class specified in buffer limit configuration.",
            )
        for words in (b"1x 0 0", b"0 -1 0", b"0 0 -1", b"0 0 x"):
            self.refuses(
                self.NAME,
                b"normal " + words,
                "Error in hard, soft or soft_seconds setting in buffer limit configuration.",
            )

    def test_writing(self) -> None:
        """CONFIG GET says slave in bytes, a file says replica in units."""
        parameter = self.parameter(self.NAME)

        self.assertEqual(
            parameter.text(parameter.default),
            b"normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60",
        )
        self.assertEqual(
            list(parameter.lines(parameter.default._replace(normal=BufferLimit(1024, 0, 9)))),
            [
                (b"client-output-buffer-limit normal 1kb 0 9", True),
                (b"client-output-buffer-limit replica 256mb 64mb 60", False),
                (b"client-output-buffer-limit pubsub 32mb 8mb 60", False),
            ],
        )


class KillerScoresTests(SpecialTests):
    """Scores for the out-of-memory killer."""

    def test_three_scores(self) -> None:
        """There are three, each within 2000 of zero."""
        name = "oom-score-adj-values"
        refusal = "Invalid oom-score-adj-values, elements must be between -2000 and 2000."

        self.assertEqual(self.read(name, b"-1 2 +3"), (-1, 2, 3))
        self.assertEqual(self.parameter(name).text((-1, 2, 3)), b"-1 2 3")
        self.refuses(name, b"1 2", "wrong number of arguments")
        self.refuses(name, b"1 2 2001", refusal)
        self.refuses(name, b"1 2 x", refusal)


class EventClassesTests(SpecialTests):
    """Classes of keyspace events."""

    def setUp(self) -> None:
        """Declare a parameter."""
        self.parameter_of_events = self.parameter("notify-keyspace-events")

    def shown(self, letters: bytes) -> bytes:
        """Read letters and write them."""
        return self.parameter_of_events.text(self.parameter_of_events.parse([letters], ""))

    def test_letters_are_put_in_order(self) -> None:
        """The order and the number of letters do not matter."""
        self.assertEqual(self.shown(b"mExxgK"), b"gxKEm")

    def test_all_is_written_short(self) -> None:
        """All classes become an A, however they were given."""
        self.assertEqual(self.shown(b"KEA"), b"AKE")
        self.assertEqual(self.shown(b"Eg$lshzxetd"), b"AE")

    def test_new_keys_hide_behind_all(self) -> None:
        """An A drops the n from what is shown, not from what is published."""
        value = EventClasses("").parse([b"KAn"], "")

        self.assertIn("n", value)
        self.assertEqual(self.shown(b"KAn"), b"AK")
        self.assertEqual(self.shown(b"Kn"), b"nK")

    def test_the_value_has_each_letter(self) -> None:
        """One test for a letter is enough to know whether a class is wanted."""
        self.assertEqual(EventClasses("").parse([b"AK"], ""), "g$lshzxetdK")

    def test_unknown_letters_are_refused(self) -> None:
        """One letter too many refuses all."""
        self.refuses(
            "notify-keyspace-events",
            b"KQ",
            "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.",
        )

    def test_lines(self) -> None:
        """A line is quoted, and needed if there is any letter."""
        parameter = self.parameter_of_events

        self.assertEqual(list(parameter.lines("")), [(b'notify-keyspace-events ""', False)])
        self.assertEqual(list(parameter.lines("KE")), [(b'notify-keyspace-events "KE"', True)])


class AddressesTests(SpecialTests):
    """Addresses to listen on."""

    def test_addresses(self) -> None:
        """There are up to sixteen, or none."""
        self.assertEqual(self.read("bind", b"127.0.0.1 -::1"), ("127.0.0.1", "-::1"))
        self.assertEqual(Addresses(()).parse([b""], ()), ())
        self.refuses("bind", b" ".join([b"::1"] * 17), "Too many bind addresses specified.")

    def test_lines(self) -> None:
        """The default has no line; none has one."""
        bind = self.parameter("bind")

        self.assertEqual(list(bind.lines(bind.default)), [])
        self.assertEqual(list(bind.lines(("*", "-::*"))), [(b"bind * -::*", True)])
        self.assertEqual(list(bind.lines(())), [(b'bind ""', True)])


class ReplicaOfTests(SpecialTests):
    """The primary to follow."""

    def test_address(self) -> None:
        """A host and a port, or no one."""
        address = self.read("replicaof", b"db.example 6380")

        self.assertEqual(address, PrimaryAddress("db.example", 6380))
        self.assertEqual(self.parameter("replicaof").text(address), b"db.example 6380")
        self.assertIsNone(self.read("replicaof", b"NO one"))

    def test_refusals(self) -> None:
        """Two words, the second a port."""
        self.refuses("replicaof", b"a", "wrong number of arguments")
        for port in (b"x", b"-1", b"65536", b"1x"):
            self.refuses("replicaof", b"a " + port, "Invalid master port")

    def test_lines(self) -> None:
        """A primary has no line."""
        parameter = self.parameter("replicaof")

        self.assertEqual(list(parameter.lines(None)), [])
        self.assertEqual(list(parameter.lines(PrimaryAddress("a", 1))), [(b"replicaof a 1", True)])


class PercentilesTests(SpecialTests):
    """Percentiles of latency."""

    NAME = "latency-tracking-info-percentiles"

    def test_numbers(self) -> None:
        """Six digits after the point are shown, without zeros at the end."""
        value = self.read(self.NAME, b"0.1234567 1e1 100.00 -0")

        self.assertEqual(self.parameter(self.NAME).text(value), b"0.123457 10 100 -0")
        self.assertEqual(Percentiles(()).parse([b""], ()), ())

    def test_refusals(self) -> None:
        """What is no number and what is no percentage have different texts."""
        self.refuses(self.NAME, b"50 x", "Invalid latency-tracking-info-percentiles parameters")
        self.refuses(self.NAME, b"nan", "Invalid latency-tracking-info-percentiles parameters")
        for number in (b"100.1", b"-1", b"inf"):
            self.refuses(
                self.NAME,
                number,
                "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]",
            )

    def test_lines(self) -> None:
        """There is always a line."""
        parameter = self.parameter(self.NAME)

        self.assertEqual(
            list(parameter.lines((50.0, 99.9))), [(self.NAME.encode() + b" 50 99.9", True)]
        )
        self.assertEqual(list(parameter.lines(())), [(self.NAME.encode() + b' ""', True)])


class DirectoryTests(SpecialTests):
    """The working directory."""

    def test_a_path_is_kept_and_written_quoted(self) -> None:
        """What the path means is found out elsewhere."""
        directory = self.parameter("dir")

        self.assertIsInstance(directory, Directory)
        self.assertEqual(self.read("dir", b"/var/lib"), "/var/lib")
        self.assertEqual(list(directory.lines("/a b")), [(b'dir "/a b"', True)])
        self.assertIn(Trait.DENY_LOADING, directory.traits)
