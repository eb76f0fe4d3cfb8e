"""Publish/subscribe commands and keyspace notifications."""

from twisted.trial.unittest import SynchronousTestCase

from pyredis.wire.replies import Push, Several
from tests.commands.session import Session


class PubSubTests(SynchronousTestCase):
    """Messages reach who listens, in the form of each one's protocol."""

    def setUp(self) -> None:
        """Connect a publisher and a listener."""
        self.session = Session()
        self.listener = self.session.another()

    def test_each_channel_is_confirmed_with_a_growing_count(self) -> None:
        """One confirmation a channel, counting channels and patterns together."""
        reply = self.listener.do("SUBSCRIBE", "a", "b", "a")
        self.assertEqual(
            reply,
            Several(
                [
                    Push([b"subscribe", b"a", 1]),
                    Push([b"subscribe", b"b", 2]),
                    Push([b"subscribe", b"a", 2]),
                ]
            ),
        )
        self.assertEqual(
            self.listener.do("PSUBSCRIBE", "x*"), Several([Push([b"psubscribe", b"x*", 3])])
        )
        self.assertEqual(
            self.listener.do("SSUBSCRIBE", "s"), Several([Push([b"ssubscribe", b"s", 1])])
        )

    def test_a_message_reaches_channel_and_pattern(self) -> None:
        """A client that listens twice gets it twice, and PUBLISH counts both."""
        self.listener.do("SUBSCRIBE", "news")
        self.listener.do("PSUBSCRIBE", "n?ws", "other*")
        self.assertEqual(self.session.do("PUBLISH", "news", "hi"), 2)
        self.assertEqual(self.session.do("PUBLISH", "nobody", "hi"), 0)
        self.assertEqual(
            self.listener.written,
            [[b"message", b"news", b"hi"], [b"pmessage", b"n?ws", b"news", b"hi"]],
        )

    def test_shard_channels_are_apart(self) -> None:
        """SPUBLISH and PUBLISH do not reach each other's listeners."""
        self.listener.do("SSUBSCRIBE", "c")
        self.assertEqual(self.session.do("PUBLISH", "c", "x"), 0)
        self.assertEqual(self.session.do("SPUBLISH", "c", "y"), 1)
        self.assertEqual(self.listener.written, [[b"smessage", b"c", b"y"]])

    def test_leaving_without_names_leaves_all(self) -> None:
        """And leaving nothing is confirmed with nil."""
        self.assertEqual(
            self.listener.do("UNSUBSCRIBE"), Several([Push([b"unsubscribe", None, 0])])
        )
        self.listener.do("SUBSCRIBE", "a", "b")
        self.listener.do("PSUBSCRIBE", "p")
        self.assertEqual(
            self.listener.do("UNSUBSCRIBE"),
            Several([Push([b"unsubscribe", b"a", 2]), Push([b"unsubscribe", b"b", 1])]),
        )
        self.assertEqual(self.session.do("PUBLISH", "a", "x"), 0)
        self.assertEqual(self.session.do("PUBSUB", "NUMPAT"), 1)

    def test_pubsub_tells_who_listens(self) -> None:
        """CHANNELS, NUMSUB, NUMPAT and their shard forms."""
        self.listener.do("SUBSCRIBE", "a1", "a2", "b")
        self.session.another().do("SUBSCRIBE", "a1")
        self.listener.do("SSUBSCRIBE", "s")
        self.assertEqual(set(self.session.do("PUBSUB", "CHANNELS")), {b"a1", b"a2", b"b"})
        self.assertEqual(set(self.session.do("PUBSUB", "CHANNELS", "a*")), {b"a1", b"a2"})
        self.assertEqual(
            self.session.do("PUBSUB", "NUMSUB", "a1", "b", "c"), [b"a1", 2, b"b", 1, b"c", 0]
        )
        self.assertEqual(self.session.do("PUBSUB", "SHARDCHANNELS"), [b"s"])
        self.assertEqual(self.session.do("PUBSUB", "SHARDNUMSUB", "s"), [b"s", 1])

    def test_a_listening_resp2_client_may_do_little_else(self) -> None:
        """It could not tell a reply from a message; a RESP3 client can."""
        self.listener.do("SUBSCRIBE", "a")
        self.assertEqual(
            self.listener.do("GET", "k").text,
            b"ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / "
            b"RESET are allowed in this context",
        )
        self.assertEqual(self.listener.do("PING"), [b"pong", b""])
        self.assertEqual(self.listener.do("PING", "x"), [b"pong", b"x"])
        modern = self.session.another()
        modern.do("HELLO", 3)
        modern.do("SUBSCRIBE", "a")
        self.assertIsNone(modern.do("GET", "k"))

    def test_reset_and_departure_end_listening(self) -> None:
        """Nothing is kept of a client that is gone."""
        self.listener.do("SUBSCRIBE", "a")
        self.listener.do("PSUBSCRIBE", "p*")
        self.listener.do("RESET")
        self.assertEqual(self.session.do("PUBLISH", "a", "x"), 0)
        self.listener.do("SUBSCRIBE", "a")
        self.session.server.disconnect(self.listener.client)
        self.assertEqual(self.session.do("PUBLISH", "a", "x"), 0)
        self.assertEqual(self.session.server.broker.channels, {})

    def test_publishing_to_many_encodes_once(self) -> None:
        """Ten thousand listeners of one protocol share one encoded message."""
        deliveries: list[bytes] = []
        for _ in range(10_000):
            listener = self.session.another()
            listener.do("SUBSCRIBE", "c")
            listener.client.connection.write = deliveries.append  # type: ignore[method-assign]
        self.assertEqual(self.session.do("PUBLISH", "c", "m"), 10_000)
        self.assertEqual(len({id(data) for data in deliveries}), 1)

    def test_a_transaction_may_subscribe(self) -> None:
        """EXEC's reply then holds the confirmation, as in Redis."""
        self.listener.do("MULTI")
        self.listener.do("SUBSCRIBE", "a")
        self.assertEqual(self.listener.do("EXEC"), [Several([Push([b"subscribe", b"a", 1])])])

    def test_a_transaction_may_not_listen_to_shards(self) -> None:
        """What may not wait may not subscribe to them."""
        self.listener.do("MULTI")
        self.listener.do("SSUBSCRIBE", "a")
        self.assertEqual(
            [error.text for error in self.listener.do("EXEC")],
            [b"ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client"],
        )

    def test_a_confirmation_uses_up_a_skipped_reply(self) -> None:
        """Although it is sent itself."""
        self.session.do("CLIENT", "REPLY", "SKIP")
        self.assertEqual(
            self.session.do("UNSUBSCRIBE", "c"), Several([Push([b"unsubscribe", b"c", 0])])
        )
        self.assertEqual(self.session.do("ECHO", "x"), b"x")

    def test_a_silenced_transaction_confirms(self) -> None:
        """And says nothing else."""
        self.listener.do("CLIENT", "REPLY", "OFF")
        self.listener.do("MULTI")
        self.listener.do("PING")
        self.listener.do("SUBSCRIBE", "c")
        self.assertEqual(self.listener.sent("EXEC"), b"*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n")
        self.assertEqual(self.listener.sent("PING"), b"")

    def test_what_a_client_sends_itself_follows_the_reply(self) -> None:
        """Be it published alone, in a transaction or by a script."""
        modern = self.session.another()
        modern.resp3 = True
        modern.do("SUBSCRIBE", "c")
        modern.do("SSUBSCRIBE", "s")
        message = b">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nx\r\n"
        shard_message = b">3\r\n$8\r\nsmessage\r\n$1\r\ns\r\n$1\r\ny\r\n"

        self.assertEqual(modern.sent("PUBLISH", "c", "x"), b":1\r\n" + message)
        modern.do("MULTI")
        modern.do("PUBLISH", "c", "x")
        modern.do("SPUBLISH", "s", "y")
        self.assertEqual(modern.sent("EXEC"), b"*2\r\n:1\r\n:1\r\n" + message + shard_message)
        script = "return {redis.call('PUBLISH', 'c', 'x'), 'end'}"
        reply = b"*2\r\n:1\r\n$3\r\nend\r\n" + message
        self.assertEqual(modern.sent("EVAL", script, 0), reply)
        self.assertEqual(modern.written, [])

    def test_subscribing_and_publishing_in_one_transaction(self) -> None:
        """The message follows EXEC's reply in either protocol."""
        self.listener.do("MULTI")
        self.listener.do("SUBSCRIBE", "c")
        self.listener.do("PUBLISH", "c", "x")
        self.assertEqual(
            self.listener.sent("EXEC"),
            b"*2\r\n*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n:1\r\n"
            b"*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nx\r\n",
        )

    def test_messages_are_no_replies(self) -> None:
        """CLIENT REPLY does not silence what a client sends itself."""
        modern = self.session.another()
        modern.resp3 = True
        modern.do("SUBSCRIBE", "c")
        modern.do("CLIENT", "REPLY", "OFF")
        self.assertEqual(
            modern.sent("PUBLISH", "c", "x"),
            b">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nx\r\n",
        )


class NotificationTests(SynchronousTestCase):
    """Keyspace events are published as notify-keyspace-events asks."""

    def listen(self, letters: str) -> tuple[Session, Session]:
        """Return a session and one that hears of its server's events."""
        session = Session()
        session.server.notifier.set_classes(letters)
        listener = session.another()
        listener.do("PSUBSCRIBE", "__key*__:*")
        return session, listener

    def heard(self, listener: Session) -> list[tuple[bytes, bytes]]:
        """Return channel and message of what came."""
        return [(message[2], message[3]) for message in listener.written]

    def test_both_kinds_of_channel(self) -> None:
        """K tells by key, E by event."""
        session, listener = self.listen("KEA")
        session.do("SET", "k", "v")
        self.assertEqual(
            self.heard(listener),
            [(b"__keyspace@0__:k", b"set"), (b"__keyevent@0__:set", b"k")],
        )

    def test_only_the_classes_asked_for(self) -> None:
        """Lists but not strings; the event of an emptied list is a generic one."""
        session, listener = self.listen("Elg")
        session.do("SET", "k", "v")
        session.do("RPUSH", "l", "a")
        session.do("LPOP", "l")
        self.assertEqual(
            self.heard(listener),
            [
                (b"__keyevent@0__:rpush", b"l"),
                (b"__keyevent@0__:lpop", b"l"),
                (b"__keyevent@0__:del", b"l"),
            ],
        )

    def test_a_key_that_expires_by_itself_is_told_of(self) -> None:
        """When it expires, not when it is looked up."""
        session, listener = self.listen("Ex")
        session.do("SET", "k", "v", "PX", 50)
        session.clock.advance(1)
        session.server.keyspace.refresh_now()
        session.server.keyspace.expire_due(10)
        self.assertEqual(self.heard(listener), [(b"__keyevent@0__:expired", b"k")])

    def test_misses_and_new_keys_have_classes_of_their_own(self) -> None:
        """They are not in A."""
        session, listener = self.listen("EA")
        session.do("GET", "none")
        self.assertEqual(self.heard(listener), [])
        session, listener = self.listen("Emn")
        session.do("GET", "none")
        session.do("SET", "k", "v")
        self.assertEqual(
            self.heard(listener),
            [(b"__keyevent@0__:keymiss", b"none"), (b"__keyevent@0__:new", b"k")],
        )

    def test_own_events_follow_the_reply(self) -> None:
        """And what was read and has changed is told behind them."""
        session = Session()
        session.server.notifier.set_classes("E$")
        session.resp3 = True
        session.do("CLIENT", "TRACKING", "ON")
        session.do("GET", "k")
        session.do("SUBSCRIBE", "__keyevent@0__:set")
        self.assertEqual(
            session.sent("SET", "k", "v"),
            b"+OK\r\n>3\r\n$7\r\nmessage\r\n$18\r\n__keyevent@0__:set\r\n$1\r\nk\r\n"
            b">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n",
        )

    def test_switched_off_nobody_observes(self) -> None:
        """The feature costs nothing while it is off."""
        session, _ = self.listen("KEA")
        self.assertTrue(session.server.keyspace.observed)
        session.server.notifier.set_classes("")
        self.assertFalse(session.server.keyspace.observed)
