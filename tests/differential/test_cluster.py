"""A server that is no cluster says so as Redis does."""

from __future__ import annotations

from tests.differential.families import FamilyTests
from tests.differential.script import since


class ClusterTests(FamilyTests):
    """The commands of clusters without a cluster."""

    scenarios = {
        "information": "CLUSTER INFO ; CLUSTER NODES ; CLUSTER SLOTS ; CLUSTER SHARDS",
        "names": since("7.2", "CLUSTER MYID ; CLUSTER MYSHARDID ; CLUSTER LINKS"),
        "keys": "CLUSTER KEYSLOT a ; CLUSTER COUNTKEYSINSLOT x ; CLUSTER GETKEYSINSLOT 1 x",
        "slots": "CLUSTER ADDSLOTS x ; CLUSTER ADDSLOTSRANGE 1 ; CLUSTER ADDSLOTSRANGE 1 2 3",
        "nodes": "CLUSTER MEET x ; CLUSTER MEET x y ; CLUSTER FORGET x ; CLUSTER REPLICAS x",
        "wrong": "CLUSTER ; CLUSTER NOPE ; CLUSTER INFO x ; CLUSTER KEYSLOT",
        "connections": "READONLY ; READWRITE ; ASKING ; READONLY x",
        "failover": "FAILOVER ; FAILOVER ABORT ; FAILOVER TO x ; FAILOVER TO x 1 FORCE",
        "failover, wrong": "FAILOVER TO a b ; FAILOVER TIMEOUT x ; FAILOVER TIMEOUT -1 ; FAILOVER x",
        "transaction": "MULTI ; CLUSTER INFO ; READONLY ; EXEC",
        "script": "EVAL \"return redis.call('cluster','info')\" 0",
    }
