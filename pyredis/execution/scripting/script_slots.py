"""Which keys a script may touch where the rules of a cluster hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pyredis.errors import RedisError
from pyredis.execution.cluster_rules import ClusterDown, CrossSlot
from pyredis.execution.scripting.shebang import ScriptFlag
from pyredis.primitives.checksums import key_slot

if TYPE_CHECKING:
    from pyredis.execution.cluster_rules import ClusterRules
    from pyredis.execution.table import Command

_NOT_LOCAL = b"ERR Script attempted to access a non local key in a cluster node"
_NOT_TOGETHER = b"ERR Script attempted to access keys that do not hash to the same slot"
_WHILE_DOWN = {
    b"The cluster is down": b"ERR Script attempted to execute a command while the cluster is down",
    b"The cluster is down and only accepts read commands": (
        b"ERR Script attempted to execute a write command while the cluster is down and readonly"
    ),
}


class ScriptSlots:
    """
    The slot that the keys of one run of a script share.

    It is that of the declared keys, or of the first key that is touched. A
    script without a first line of flags, and one that asks for it, may touch
    keys of several slots, but not in one command.

    Args:
        cluster: Whose rules they are.
        flags: What the script declares.
        keys: The keys it was called with.

    Raises:
        RedisError: The script is not to run in a cluster at all.
    """

    def __init__(self, cluster: ClusterRules, flags: ScriptFlag, keys: Sequence[bytes]) -> None:
        is_plain = flags is ScriptFlag.COMPATIBLE
        if not is_plain and ScriptFlag.NO_CLUSTER in flags:
            raise RedisError("Can not run script on cluster, 'no-cluster' flag is set.")
        self._cluster = cluster
        self._may_cross = is_plain or ScriptFlag.ALLOW_CROSS_SLOT in flags
        self._slot = key_slot(keys[0]) if keys else None

    def refusal(self, command: Command, argv: Sequence[bytes]) -> bytes | None:
        """Return the text that refuses a command, None if it may run."""
        try:
            self._cluster.check(command, argv)
            slot = self._cluster.slot_of(command, argv)
        except CrossSlot:
            return _NOT_LOCAL
        except ClusterDown as error:
            return _WHILE_DOWN.get(error.message, _NOT_LOCAL)
        if slot is None or self._may_cross:
            return None
        if self._slot is None:
            self._slot = slot
        return None if slot == self._slot else _NOT_TOGETHER
