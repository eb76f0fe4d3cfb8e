"""Tests of pyredis.acl.catalogue."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.acl.catalogue import CommandEntry
from tests.acl.samples import catalogue


class CatalogueTests(SynchronousTestCase):
    """Commands by name and by category."""

    def test_names(self) -> None:
        """Subcommands are found by their whole name."""
        found = catalogue().find("config|get")
        assert found is not None
        self.assertTrue(found.is_subcommand)
        self.assertIsNone(catalogue().find("get|config"))

    def test_a_container_takes_its_subcommands_along(self) -> None:
        """A rule for its category reaches those that are in another one."""
        reached = catalogue().reached_by("slow")
        self.assertEqual(reached, {"set", "config", "config|get", "config|set"})

    def test_no_such_category(self) -> None:
        """There is nothing to reach or list."""
        self.assertIsNone(catalogue().reached_by("fun"))
        self.assertIsNone(catalogue().listed_in("fun"))

    def test_commands_of_modules_are_not_listed(self) -> None:
        """Rules reach them nevertheless."""
        self.assertEqual(catalogue().listed_in("read"), ["get"])
        self.assertEqual(catalogue().reached_by("read"), {"get", "extra"})

    def test_added_commands(self) -> None:
        """They are reached from then on."""
        commands = catalogue()
        commands.reached_by("read")
        commands.add([CommandEntry("more", frozenset({"read"}))])
        self.assertIn("more", commands.reached_by("read") or ())
