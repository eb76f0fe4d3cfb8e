"""Tests of pyredis.execution.flags."""

from twisted.trial.unittest import SynchronousTestCase

from pyredis.execution.flags import (
    ACCESS,
    ADMIN,
    BLOCKING,
    DENYOOM,
    FAST,
    INSERT,
    LOADING,
    MAY_REPLICATE,
    MOVABLEKEYS,
    NO_AUTH,
    NO_MULTI,
    NOSCRIPT,
    OW,
    PROTECTED,
    PUBSUB,
    READONLY,
    RW,
    STALE,
    SYSCMD,
    WRITE,
    Access,
    Category,
    Flag,
    access_names,
    category_names,
    find_category,
    implicit_categories,
    wire_names,
)


class FlagTests(SynchronousTestCase):
    """The names of flags on the wire."""

    def test_the_order_is_that_of_redis(self) -> None:
        """COMMAND INFO names flags in one order, however they were declared."""
        self.assertEqual(
            wire_names(FAST | NO_AUTH | STALE | LOADING | NOSCRIPT | Flag.ALLOW_BUSY),
            ["noscript", "loading", "stale", "fast", "no_auth", "allow_busy"],
        )
        self.assertEqual(
            wire_names(MOVABLEKEYS | NO_MULTI | BLOCKING | DENYOOM | WRITE),
            ["write", "denyoom", "blocking", "no_multi", "movablekeys"],
        )

    def test_some_are_not_shown(self) -> None:
        """What Redis keeps to itself has no name on the wire."""
        self.assertEqual(wire_names(MAY_REPLICATE | PROTECTED | SYSCMD | ADMIN), ["admin"])

    def test_every_flag_is_a_constant_of_the_module(self) -> None:
        """A declaration can import each flag and each kind of access by its name."""
        from pyredis.execution import flags

        for member in [*Flag, *Access]:
            self.assertIs(getattr(flags, str(member.name)), member)


class CategoryTests(SynchronousTestCase):
    """ACL categories and how they follow from flags."""

    def test_writes_are_slow_unless_fast(self) -> None:
        """Each command is either fast or slow."""
        self.assertEqual(implicit_categories(WRITE), Category.WRITE | Category.SLOW)
        self.assertEqual(implicit_categories(WRITE | FAST), Category.WRITE | Category.FAST)

    def test_administration_is_dangerous(self) -> None:
        """An administrative command is dangerous, too."""
        self.assertEqual(
            implicit_categories(ADMIN | PUBSUB | BLOCKING),
            Category.ADMIN
            | Category.DANGEROUS
            | Category.PUBSUB
            | Category.BLOCKING
            | Category.SLOW,
        )

    def test_scripting_is_not_reading(self) -> None:
        """A read-only scripting command is left out of @read, as in Redis."""
        self.assertEqual(implicit_categories(READONLY, Category.SCRIPTING), Category.SLOW)
        self.assertEqual(implicit_categories(READONLY), Category.READ | Category.SLOW)

    def test_names_come_in_the_order_of_redis(self) -> None:
        """The names are those of ACL rules, in the order of ACL CAT."""
        self.assertEqual(
            category_names(Category.SLOW | Category.LIST | Category.WRITE | Category.KEYSPACE),
            ["@keyspace", "@write", "@list", "@slow"],
        )

    def test_a_category_is_found_by_name(self) -> None:
        """Names are found in any case; what is none is not."""
        self.assertIs(find_category("SortedSet"), Category.SORTEDSET)
        self.assertIsNone(find_category("none"))
        self.assertIsNone(find_category("all"))


class AccessTests(SynchronousTestCase):
    """The names of key access on the wire."""

    def test_kinds_are_in_capitals(self) -> None:
        """RO, RW, OW and RM are in capitals, the rest is not."""
        self.assertEqual(access_names(ACCESS | RW | INSERT), ["RW", "access", "insert"])
        self.assertEqual(
            access_names(OW | Access.INCOMPLETE | Access.VARIABLE_FLAGS),
            ["OW", "incomplete", "variable_flags"],
        )
