"""Tests of pyredis.acl.users."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pyredis.acl.rules import Rulebook, RuleError, merge_selectors
from pyredis.acl.selectors import READ, Denial, Reason
from pyredis.acl.users import RefusedRule, Users, hashed
from tests.acl.samples import Asked, catalogue, new_user

HASH = hashed(b"pw")


class PasswordTests(SynchronousTestCase):
    """Passwords are kept as hashes."""

    def test_several(self) -> None:
        """Any of them will do, until it is taken away."""
        user = new_user(b">one", b">two", b">one", b"#" + HASH)
        self.assertTrue(user.has_password(b"two"))
        self.assertTrue(user.has_password(b"pw"))
        user.apply(b"<two")
        user.apply(b"!" + HASH)
        self.assertFalse(user.has_password(b"two"))
        self.assertEqual(list(user.passwords), [hashed(b"one")])

    def test_no_password(self) -> None:
        """Any will do, till one is set or all are reset."""
        user = new_user(b">pw", b"nopass")
        self.assertTrue(user.has_password(b"anything"))
        user.apply(b"resetpass")
        self.assertFalse(user.has_password(b"anything"))
        self.assertFalse(user.has_password(b""))

    def test_refused(self) -> None:
        """What is no hash, and what is not there."""
        for rule in (b"#", b"#" + HASH.upper(), b"!" + HASH[:-1], b"#" + HASH + b"0"):
            error = self.assertRaises(RuleError, new_user, rule)
            self.assertIn("must be exactly 64 characters", str(error))
        error = self.assertRaises(RuleError, new_user, b"<pw")
        self.assertIn("trying to remove from the user does not exist", str(error))


class UserTests(SynchronousTestCase):
    """Flags, selectors and descriptions."""

    def test_new(self) -> None:
        """A new user may nothing at all."""
        user = new_user()
        self.assertEqual(user.describe(), b"off sanitize-payload resetchannels -@all")
        self.assertFalse(user.is_unrestricted)

    def test_described(self) -> None:
        """Flags, passwords, the root selector, the others."""
        user = new_user(b"ON", b"nopass", b"skip-sanitize-payload", b"~a", b"(%R~b +get &c)", b"()")
        self.assertEqual(
            user.describe(),
            b"on nopass skip-sanitize-payload ~a resetchannels -@all "
            b"(%R~b resetchannels &c -@all +get) (resetchannels -@all)",
        )
        user.apply(b"clearselectors")
        user.apply(b">pw")
        self.assertEqual(
            user.line(),
            b"user ann on skip-sanitize-payload #" + HASH + b" ~a resetchannels -@all",
        )

    def test_reset(self) -> None:
        """All is as it was when the user was new, with the channels that new ones have now."""
        user = new_user(b"on", b"nopass", b"+@all", b"~*", b"(+get)", all_channels=True)
        user.apply(b"resetchannels")
        user.apply(b"reset")
        self.assertEqual(user.describe(), b"off sanitize-payload &* -@all")

    def test_unrestricted(self) -> None:
        """Who may do everything need not be asked."""
        user = new_user(b"+@all", b"~*", b"&*")
        self.assertTrue(user.is_unrestricted)
        user.apply(b"-get")
        self.assertFalse(user.is_unrestricted)

    def test_a_wrong_selector_adds_none(self) -> None:
        """Its own mistake is told."""
        user = new_user()
        error = self.assertRaises(RuleError, user.apply, b"(~a +fun)")
        self.assertEqual(str(error), "Unknown command or category name in ACL")
        self.assertEqual(len(user.selectors), 1)

    def test_selectors_are_alternatives(self) -> None:
        """One must permit all; else the most particular reason is told, the last of equals."""
        user = new_user(b"+get", b"~a", b"(+get ~b)", b"(+set ~c)")
        self.assertIsNone(user.denial(Asked(b"get b", keys=[(1, READ)])))
        self.assertEqual(
            user.denial(Asked(b"get a b", keys=[(1, READ), (2, READ)])), Denial(Reason.KEY, 2)
        )
        self.assertEqual(user.denial(Asked(b"select 0")), Denial(Reason.COMMAND, 0))


RULES = st.sampled_from(
    [
        *b"on off nopass resetpass sanitize-payload skip-sanitize-payload >a >b <a".split(),
        *b"~a %R~a %W~b ~c* allkeys resetkeys &a &b* allchannels resetchannels".split(),
        *b"+get -get +set +config -config +config|get -config|set +select|0 +select|1".split(),
        *b"+@read -@write +@slow -@slow +@all -@all clearselectors reset".split(),
        b"(~a +get)",
        b"(%R~x &y +@all -config|set)",
    ]
)


class RoundTripTests(SynchronousTestCase):
    """A description makes the user that it describes."""

    @settings(max_examples=150)
    @example([b"+@all", b"-get", b"+get"])
    @given(st.lists(RULES, max_size=12))
    def test_describe_apply_describe(self, rules: list[bytes]) -> None:
        """Whatever rules were given, and also in what is allowed in the end."""
        user = new_user()
        for rule in rules:
            try:
                user.apply(rule)
            except RuleError:
                continue
        again = new_user(*merge_selectors(user.describe().split(b" ")))

        self.assertEqual(again.describe(), user.describe())
        self.assertEqual(
            [(s.allowed, s.first_arguments) for s in again.selectors],
            [(s.allowed, s.first_arguments) for s in user.selectors],
        )


class RegisterTests(SynchronousTestCase):
    """All users of a server."""

    def setUp(self) -> None:
        """Make a register."""
        self.users = Users(Rulebook(catalogue()))

    def test_the_default_user(self) -> None:
        """It is always there and may do everything."""
        self.assertEqual(
            self.users.default.line(), b"user default on nopass sanitize-payload ~* &* +@all"
        )
        self.users.set_default_password(b"pw")
        self.assertFalse(self.users.default.no_password)
        self.users.set_default_password(b"")
        self.assertTrue(self.users.default.no_password)

    def test_all_or_nothing(self) -> None:
        """A wrong rule changes nothing, and is named."""
        self.users.put(self.users.staged(b"ann", [b"on"]))
        error = self.assertRaises(RefusedRule, self.users.staged, b"ann", [b"off", b"fun"])
        self.assertEqual((error.rule, str(error)), (b"fun", "Syntax error"))
        ann = self.users.find(b"ann")
        assert ann is not None
        self.assertTrue(ann.enabled)

    def test_a_changed_user_is_the_same(self) -> None:
        """Its clients hold on to it."""
        ann = self.users.put(self.users.staged(b"ann", [b"on"]))
        self.assertIs(self.users.put(self.users.staged(b"ann", [b"+get"])), ann)
        self.assertTrue(ann.enabled)
        self.assertEqual([user.name for user in self.users], [b"ann", b"default"])

    def test_replacing_all(self) -> None:
        """The default user stays the same object; all others are gone, even those of a name."""
        ann = self.users.put(self.users.staged(b"ann", [b"on"]))
        default = self.users.default
        default.apply(b"-get")
        gone = self.users.replace_all([self.users.new(b"ann"), self.users.new(b"bob")])

        self.assertEqual(gone, [ann])
        self.assertIs(self.users.find(b"default"), default)
        self.assertTrue(default.is_unrestricted)
        self.assertEqual(len(self.users), 3)
