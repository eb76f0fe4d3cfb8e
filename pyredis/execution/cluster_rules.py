"""
The rules of a cluster, kept by a server that is one all by itself.

With ``cluster-enabled yes`` the server owns all slots, unless it is told which, and
no other node can join it. Clients find a cluster of one, and every request is held
to what it would be held to in a larger one: its keys must share a slot, and the
slot must be served. So a program's mistakes show before it meets a real cluster.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pyredis.errors import RedisError
from pyredis.execution.cluster_slots import ServedSlots
from pyredis.execution.key_specs import KeyFinder, has_keys, key_finder
from pyredis.primitives.checksums import key_slot

if TYPE_CHECKING:
    from pyredis.execution.instance import Instance
    from pyredis.execution.table import Command
    from pyredis.execution.transactions import Transaction


class SlotRefusal(RedisError):
    """A request is refused for the slots of its keys; an EXEC with this very error."""


class CrossSlot(SlotRefusal):
    """The keys of a request belong to different slots."""

    code = "CROSSSLOT"

    def __init__(self) -> None:
        super().__init__("Keys in request don't hash to the same slot")


class ClusterDown(SlotRefusal):
    """The slot of a request, or any slot at all, is not served."""

    code = "CLUSTERDOWN"


def _is_down() -> ClusterDown:
    return ClusterDown("The cluster is down")


class ClusterRules:
    """
    What the cluster of a server asks of requests.

    Args:
        server: The only node.

    Attributes:
        is_on: Whether ``cluster-enabled`` says so.
        node_id: The node's name, 40 hexadecimal digits; ``shard_id`` its shard's.
        slots: Which it serves.
        current_epoch: The newest epoch it knows; ``config_epoch`` that of its slots.
    """

    def __init__(self, server: Instance) -> None:
        self._server = server
        self._settings = server.settings
        self.is_on = bool(server.settings.cluster_enabled)
        self.slots = ServedSlots()
        self._finders: dict[Command, KeyFinder] = {}
        self.become_another()

    def become_another(self) -> None:
        """Be a node that nobody knows, without a history."""
        rng = self._server.rng
        self.node_id = b"%040x" % rng.getrandbits(160)
        self.shard_id = b"%040x" % rng.getrandbits(160)
        self.current_epoch = self.config_epoch = 0

    @property
    def is_down(self) -> bool:
        """Whether too few slots are served for the cluster to work."""
        slots = self.slots
        if slots.all_are_served:
            return False
        return not slots.count or self._settings.cluster_require_full_coverage

    def bump_epoch(self) -> bool:
        """Give the slots the newest epoch; return whether they had an older one."""
        newest = max(self.current_epoch, self.config_epoch)
        if self.config_epoch and self.config_epoch == newest:
            return False
        self.current_epoch += 1
        self.config_epoch = self.current_epoch
        return True

    def check(self, command: Command, argv: Sequence[bytes]) -> None:
        """
        Check that the keys of a request are served here.

        Raises:
            SlotRefusal: They are not, or not together.
        """
        if self.slots.all_are_served:
            self.slot_of(command, argv)
        elif self._is_served([(command, argv)]) and self.is_down:
            if has_keys(command.key_specs):
                self._refuse_while_down(self._writes(command, argv))
            elif not self._settings.cluster_allow_pubsubshard_when_down:
                raise _is_down()

    def check_all(self, transaction: Transaction) -> None:
        """
        Check that all keys of a transaction are served here.

        Raises:
            SlotRefusal: They are not, or not together.
        """
        if self.slots.all_are_served:
            self.slot_of_all(transaction)
        elif self._is_served(transaction.queued) and self.is_down:
            # Redis looks at the flags of EXEC, which writes nothing by itself.
            self._refuse_while_down(writes=False)

    def _is_served(self, requests: Sequence[tuple[Command, Sequence[bytes]]]) -> bool:
        """
        Tell whether requests have keys at all.

        Raises:
            SlotRefusal: Their slot is not served, or they have several.
        """
        slot = None
        for command, argv in requests:
            for index in self._find(command)(argv):
                own = key_slot(argv[index])
                if slot is None:
                    slot = own
                    if slot not in self.slots:
                        raise ClusterDown("Hash slot not served")
                elif slot != own:
                    raise CrossSlot
        return slot is not None

    def _refuse_while_down(self, writes: bool) -> None:
        if not self._settings.cluster_allow_reads_when_down:
            raise _is_down()
        if writes:
            raise ClusterDown("The cluster is down and only accepts read commands")

    def _writes(self, command: Command, argv: Sequence[bytes]) -> bool:
        """Tell whether a command writes, or is a script that says so."""
        promises = self._server.scripting.may_write_as_it_says
        return command.is_write or (command.declaration.runs_commands and promises(argv[1]))

    def _find(self, command: Command) -> KeyFinder:
        find = self._finders.get(command)
        if find is None:
            find = self._finders[command] = key_finder(command.key_specs, routed=True)
        return find

    def slot_of(self, command: Command, argv: Sequence[bytes]) -> int | None:
        """
        Return the slot of a request's keys, None if it has none.

        Raises:
            CrossSlot: They belong to several.
        """
        slots = {key_slot(argv[index]) for index in self._find(command)(argv)}
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
