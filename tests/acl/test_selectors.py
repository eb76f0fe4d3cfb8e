"""Tests of pyredis.acl.selectors: what permissions permit."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.acl.selectors import READ, WRITE, Denial, Reason, Selector
from tests.acl.samples import Asked


class KeyTests(SynchronousTestCase):
    """Permissions for keys."""

    def test_a_pattern_permits_what_it_says(self) -> None:
        """Reading, writing, or both; to mention a key takes any of them."""
        selector = Selector()
        selector.add_keys(b"r*", READ)
        selector.add_keys(b"w*", WRITE)
        selector.add_keys(b"b*", READ)
        selector.add_keys(b"b*", WRITE)

        permitted = {
            key: [selector.permits_key(key, access) for access in (0, READ, WRITE, READ | WRITE)]
            for key in (b"r1", b"w1", b"b1", b"x1")
        }

        self.assertEqual(
            permitted,
            {
                b"r1": [True, True, False, False],
                b"w1": [True, False, True, False],
                b"b1": [True, True, True, True],
                b"x1": [False] * 4,
            },
        )

    def test_access_does_not_add_up_over_patterns(self) -> None:
        """One pattern must permit all of it."""
        selector = Selector()
        selector.add_keys(b"a*", READ)
        selector.add_keys(b"*z", WRITE)

        self.assertFalse(selector.permits_key(b"az", READ | WRITE))

    def test_every_key(self) -> None:
        """Only a lone star, or all keys, is as good as every pattern."""
        selector = Selector()
        selector.add_keys(b"**", READ)
        self.assertFalse(selector.permits_every_key(READ))
        selector.add_keys(b"*", WRITE)
        self.assertFalse(selector.permits_every_key(READ))
        selector.add_keys(b"*", READ)
        self.assertTrue(selector.permits_every_key(READ))

    def test_patterns_that_come_later(self) -> None:
        """They are heeded although keys were asked about before."""
        selector = Selector()
        self.assertFalse(selector.permits_key(b"k", READ))
        selector.add_keys(b"k", READ)
        self.assertTrue(selector.permits_key(b"k", READ))
        selector.set_all_keys(False)
        self.assertFalse(selector.permits_key(b"k", READ))


class ChannelTests(SynchronousTestCase):
    """Permissions for channels."""

    def test_names_match_and_patterns_must_be_equal(self) -> None:
        """A pattern that matches less is not permitted either."""
        selector = Selector()
        selector.channels[b"news.*"] = None

        self.assertTrue(selector.permits_channel(b"news.a", False))
        self.assertFalse(selector.permits_channel(b"olds.a", False))
        self.assertTrue(selector.permits_channel(b"news.*", True))
        self.assertFalse(selector.permits_channel(b"news.a*", True))


class DenialTests(SynchronousTestCase):
    """What of a request is denied first."""

    def setUp(self) -> None:
        """Allow GET of some keys, and a first argument."""
        self.selector = Selector()
        self.selector.allow(["get"])
        self.selector.add_keys(b"k*", READ)
        self.selector.first_arguments["select"] = {b"a": None}

    def test_order(self) -> None:
        """The command, then keys, then channels."""
        denied = self.selector.denial
        self.assertEqual(denied(Asked(b"set k")), Denial(Reason.COMMAND, 0))
        asked = Asked(b"get k x c", keys=[(1, READ), (2, READ)], channels=[(3, False)])
        self.assertEqual(denied(asked), Denial(Reason.KEY, 2))
        asked = Asked(b"get k c", keys=[(1, READ)], channels=[(2, False)])
        self.assertEqual(denied(asked), Denial(Reason.CHANNEL, 2))
        self.assertIsNone(denied(Asked(b"get k", keys=[(1, READ)])))

    def test_free_commands(self) -> None:
        """They need no permission."""
        self.assertIsNone(self.selector.denial(Asked(b"auth pw", is_free=True)))

    def test_first_arguments(self) -> None:
        """In any case; there must be one."""
        self.assertIsNone(self.selector.denial(Asked(b"select A")))
        self.assertIsNotNone(self.selector.denial(Asked(b"select b")))
        self.assertIsNotNone(self.selector.denial(Asked(b"select")))

    def test_a_copy_shares_nothing(self) -> None:
        """What changes one does not change the other."""
        copy = self.selector.copy()
        described = copy.describe()
        self.selector.deny(["get", "select"])
        self.selector.set_all_keys(True)

        self.assertEqual(copy.describe(), described)
        self.assertIsNone(copy.denial(Asked(b"get k", keys=[(1, READ)])))
        self.assertIsNone(copy.denial(Asked(b"select a")))
