"""
The rules of a cluster, kept by a server that is one all by itself.

With ``cluster-enabled yes`` the server owns all slots and no other node can
join it. Clients find a cluster of one, and every request is held to what it
would be held to in a larger one: its keys must share a slot. So a program's
mistakes show before it meets a real cluster.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pyredis.errors import RedisError
from pyredis.execution.key_specs import KeyFinder, key_finder
from pyredis.primitives.checksums import key_slot

if TYPE_CHECKING:
    from pyredis.execution.instance import Instance
    from pyredis.execution.table import Command
    from pyredis.execution.transactions import Transaction


class CrossSlot(RedisError):
    """The keys of a request belong to different slots."""

    code = "CROSSSLOT"

    def __init__(self) -> None:
        super().__init__("Keys in request don't hash to the same slot")


class ClusterRules:
    """
    What the cluster of a server asks of requests.

    Args:
        server: The only node.

    Attributes:
        is_on: Whether ``cluster-enabled`` says so.
        node_id: The node's name, 40 hexadecimal digits; ``shard_id`` its shard's.
    """

    def __init__(self, server: Instance) -> None:
        self.is_on = bool(server.settings.cluster_enabled)
        self.node_id = b"%040x" % server.rng.getrandbits(160)
        self.shard_id = b"%040x" % server.rng.getrandbits(160)
        self._finders: dict[Command, KeyFinder] = {}

    def slot_of(self, command: Command, argv: Sequence[bytes]) -> int | None:
        """
        Return the slot of a request's keys, None if it has none.

        Raises:
            CrossSlot: They belong to several.
        """
        find = self._finders.get(command)
        if find is None:
            find = self._finders[command] = key_finder(command.key_specs, routed=True)
        slots = {key_slot(argv[index]) for index in find(argv)}
        if len(slots) > 1:
            raise CrossSlot
        return slots.pop() if slots else None

    def slot_of_all(self, transaction: Transaction) -> int | None:
        """
        Return the slot of all keys of a transaction, None if it has none.

        Raises:
            CrossSlot: They belong to several.
        """
        slots = {self.slot_of(command, argv) for command, argv in transaction.queued} - {None}
        if len(slots) > 1:
            raise CrossSlot
        return slots.pop() if slots else None
