"""Tests of pyredis.commands.stream_effects."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.commands.session import Session


class EffectTests(SynchronousTestCase):
    """Repeating what a group did leads to the same group."""

    def test_a_follower_ends_up_alike(self) -> None:
        """Reading, claiming and what was deleted, repeated on a second server."""
        leader, follower = Session(), Session()
        for number in range(1, 8):
            for server in (leader, follower):
                server.do("XADD", "s", f"{number}-1", "f", number)
        for server in (leader, follower):
            server.do("XGROUP", "CREATE", "s", "g", "0")
        for line in (
            "XREADGROUP GROUP g alice COUNT 3 STREAMS s >",
            "XREADGROUP GROUP g bob COUNT 1 STREAMS s >",
            "XREADGROUP GROUP g carol COUNT 1 NOACK STREAMS s >",
            "XCLAIM s g bob 0 1-1 RETRYCOUNT 5",
            "XDEL s 2-1",
            "XAUTOCLAIM s g dave 0 2-1 COUNT 2",
            "XCLAIM s g dave 0 99-1 LASTID 6-1",
        ):
            effects = leader.effects(*line.split())
            for argv in effects or [line.encode().split()]:
                follower.do(*argv)

        for words in (("s", "g"), ("s", "g", "-", "+", "10")):
            self.assertEqual(leader.do("XPENDING", *words), follower.do("XPENDING", *words))
        groups = [server.do("XINFO", "GROUPS", "s")[0] for server in (leader, follower)]
        self.assertEqual(*[group[b"last-delivered-id"] for group in groups])
        self.assertEqual(*[group[b"consumers"] for group in groups])
