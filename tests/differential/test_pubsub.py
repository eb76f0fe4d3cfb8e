"""Publish/subscribe, notifications and transactions against a real server."""

from tests.differential.families import FamilyTests
from tests.differential.mutations import Sample
from tests.differential.script import Scenario, since


class PubSubTests(FamilyTests):
    """Publish/subscribe commands answer as Redis does."""

    scenarios = {
        "subscribe and publish": "@b* SUBSCRIBE c d ; PUBLISH c hi ; @b? ; PUBLISH e hi",
        "patterns": "@b* PSUBSCRIBE c* ; PUBLISH cd hi ; @b? ; PUBLISH dd no ; PUBSUB NUMPAT",
        "shards": "@b* SSUBSCRIBE c ; SPUBLISH c hi ; @b? ; PUBLISH c no ; PUBSUB SHARDNUMSUB c d",
        "leaving": "@b* SUBSCRIBE c ; @b* UNSUBSCRIBE ; @b* UNSUBSCRIBE ; @b* PUNSUBSCRIBE x",
        "counting": "@b* SUBSCRIBE c ; PUBSUB CHANNELS ; PUBSUB NUMSUB c d ; PUBSUB CHANNELS x*",
        "notifications": Scenario(
            "@b* PSUBSCRIBE __key* ; SET k v ; @b? ; @b? ; RPUSH l a ; @b? ; @b? ; "
            "LPOP l ; @b? ; @b? ; @b? ; @b? ; RENAME k k2 ; @b? ; @b? ; @b? ; @b?",
            config={"notify-keyspace-events": "KEA"},
        ),
        "transactions": "MULTI ; SET a 1 ; INCR a ; LPUSH a x ; GET a ; EXEC ; EXEC ; DISCARD",
        "refused while queueing": "MULTI ; GET ; NOSUCH ; EXEC ; MULTI ; DISCARD ; MULTI ; MULTI",
        "watched": "WATCH k ; @b SET k 1 ; MULTI ; GET k ; EXEC ; UNWATCH ; MULTI ; GET k ; EXEC",
        "to oneself": since(
            "7.2",
            "@b HELLO 3 ; @b* SUBSCRIBE c ; @b* SSUBSCRIBE s ; @b* PUBLISH c x ; "
            "@b MULTI ; @b PUBLISH c x ; @b SPUBLISH s y ; @b* EXEC ; "
            "@b* EVAL \"return {redis.call('PUBLISH', 'c', 'x'), 1}\" 0",
            protocols=(3,),
        ),
        "to oneself in a transaction": since(
            "7.2", "@b MULTI ; @b SUBSCRIBE c ; @b PUBLISH c x ; @b* EXEC"
        ),
        "own events": since(
            "7.2",
            "@b* SUBSCRIBE __keyevent@0__:set ; @b CLIENT TRACKING ON ; @b GET k ; @b* SET k v ; "
            "@b GET k ; @b MULTI ; @b SET k w ; @b GET k ; @b* EXEC",
            config={"notify-keyspace-events": "KEA"},
            protocols=(3,),
        ),
        "blocking inside": "MULTI ; BLPOP nothing 0 ; BZPOPMIN nothing 0 ; EXEC",
    }
    samples = [
        Sample("PUBLISH c m"),
        Sample("SPUBLISH c m"),
        Sample("PUBSUB CHANNELS c"),
        Sample("PUBSUB NUMSUB c"),
        Sample("PUBSUB NUMPAT"),
        Sample("PUBSUB SHARDCHANNELS c"),
        Sample("PUBSUB SHARDNUMSUB c"),
    ]
