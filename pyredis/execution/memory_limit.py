"""
``maxmemory``: making room, and refusing what needs more of it when there is none.

Far from the limit commands go the short way, and the memory in use is looked at
some times a second, when a round of reading begins. Only what may take far more
memory than its request has bytes (SETRANGE, COPY, SUNIONSTORE, …) goes the long
way from the start. Near the limit every command does: before each of them, as in
Redis, keys are evicted until what is in use is within the limit, or until as
much time has passed as ``maxmemory-eviction-tenacity`` allows; then the rest is
done between commands.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from pyredis.keyspace.database import STRING_TYPES, Database
from pyredis.keyspace.eviction import Eviction
from pyredis.keyspace.frequencies import FrequencyCounting
from pyredis.keyspace.memory_usage import value_bytes

if TYPE_CHECKING:
    from pyredis.execution.instance import Instance
    from pyredis.execution.ports import Timer

_REASON = "maxmemory"
_SETTINGS = (
    *("maxmemory", "maxmemory-policy", "maxmemory-samples", "maxmemory-eviction-tenacity"),
    *("lfu-log-factor", "lfu-decay-time"),
)

# How often memory is looked at while the limit is far, and what is no longer far.
_LOOK_EVERY_MS = 10
_NEAR_SHARE = 16
_NEAR_BYTES = 1 << 20

_KEYS_A_LOOK = 16
_SMALL_MAX_BYTES = 512
_SAMPLES = 5
_NS_IN_US = 1000
_NS_IN_S = 1_000_000_000


class MemoryLimit:
    """
    The memory limit of one server.

    Args:
        server: Whose memory is limited; its settings say to what.

    Attributes:
        bytes: The limit, 0 for none.
        is_exceeded: Before the command under way memory was short, and there was
            nothing to evict.
        exceeded_ns: For how long memory was over the limit, in sum, until now;
            ``exceeded_since_ns`` is when that began that lasts, 0 if it does not.
    """

    def __init__(self, server: Instance) -> None:
        self._server = server
        self._eviction = Eviction(server.keyspace)
        self._next_look_ms = 0
        self._time_limit_ns = 0
        self._going_on: Timer | None = None
        self.bytes = 0
        self.is_exceeded = False
        self.exceeded_ns = 0
        self.exceeded_since_ns = 0
        server.settings.observe(_SETTINGS, self.apply_settings)
        self.apply_settings()

    def apply_settings(self) -> None:
        """Take over limit and policy; what is over a new limit is evicted soon."""
        settings = self._server.settings
        policy = settings.maxmemory_policy
        keyspace = self._server.keyspace
        if policy.endswith("lfu"):
            keyspace.track_accesses(
                FrequencyCounting(settings.lfu_log_factor, settings.lfu_decay_time)
            )
        elif policy.endswith("lru"):
            keyspace.track_accesses()
        self._eviction.set_policy(policy, settings.maxmemory_samples)
        self._time_limit_ns = _time_limit_us(settings.maxmemory_eviction_tenacity) * _NS_IN_US
        was_limited, self.bytes = bool(self.bytes), settings.maxmemory
        table = self._server.table
        if self.bytes:
            table.hold_back_inflating()
            self._server.begin_round = self.begin_round
            self._server.round_changed()
            self._look()
        else:
            table.let_inflating_go()
            self._server.begin_round = keyspace.refresh_now
            self._server.round_changed()
            self._server.dispatcher.let_go(_REASON)
            self.is_exceeded = False
            self._within_limit()
        if was_limited != bool(self.bytes):
            self._server.access.commands_added()

    def begin_round(self) -> None:
        """Move the frozen moment, and look at the memory in use now and then."""
        if self._server.keyspace.refresh_now() >= self._next_look_ms:
            self._look()

    def check(self) -> None:
        """Look at the memory in use, if it is limited: called periodically."""
        if self.bytes:
            self._look()

    def used(self) -> int:
        """Return about how many bytes are in use that count for the limit."""
        uncounted: int = self._server.fact("mem_not_counted_for_evict")
        return self._server.memory.estimate() - uncounted

    def _look(self) -> None:
        """Watch over commands if the limit is near, and no longer if it is far."""
        self._next_look_ms = self._server.keyspace.now_ms + _LOOK_EVERY_MS
        used = self.used()
        margin = max(self.bytes // _NEAR_SHARE, _NEAR_BYTES)
        if used > self.bytes - margin:
            self._server.dispatcher.watch_over(_REASON)
            if used > self.bytes:
                self._evict_soon()
        elif used < self.bytes - 2 * margin:
            self._server.dispatcher.let_go(_REASON)

    # Making room

    def make_room(self) -> bool:
        """
        Evict keys if memory is short, as Redis does before each command.

        Returns:
            False if memory is short and nothing can be evicted.
        """
        if not self._may_evict():
            self.is_exceeded = False
            return True
        excess = self.used() - self.bytes
        if excess <= 0:
            self._within_limit()
            self.is_exceeded = False
            return True
        if not self.exceeded_since_ns:
            self.exceeded_since_ns = self._server.timer()
        is_freeing = self._free_or_evict()
        if is_freeing and self._going_on is None:
            self._within_limit()
        self.is_exceeded = not is_freeing
        return is_freeing

    def _may_evict(self) -> bool:
        """Tell whether the data may change now; on a replica that is its primary's affair."""
        server = self._server
        keyspace = server.keyspace
        if not self.bytes or keyspace.loading or keyspace.loading_aside or server.pause.is_on:
            return False
        return not (server.settings.replicaof and server.settings.replica_ignore_maxmemory)

    def _within_limit(self) -> None:
        if self.exceeded_since_ns:
            self.exceeded_ns += self._server.timer() - self.exceeded_since_ns
            self.exceeded_since_ns = 0

    def _free_or_evict(self) -> bool:
        """
        Free what was deleted already, and evict keys if that is not enough.

        FLUSHALL and DEL have answered then, and Redis would have freed it before
        it does: no key must go for it, and nothing be refused.

        Returns:
            Whether memory is within the limit, or on the way there.
        """
        started = self._server.timer()
        if self._server.keyspace.lazy_free and self._free_waiting(started):
            return True
        excess = self.used() - self.bytes
        return self._eviction.policy != "noeviction" and self._evict(excess, started)

    def _evict(self, excess: int, started: int) -> bool:
        """
        Evict keys until so many bytes are free, or time is up.

        Returns:
            Whether anything could be evicted, or that was not needed any more.
        """
        server = self._server
        memory, timer = server.memory, server.timer
        is_lazy = server.settings.lazyfree_lazy_eviction
        count = 0
        is_done = False
        while not is_done:
            victim = self._eviction.victim()
            if victim is None:
                break
            excess -= self._evict_one(*victim, is_lazy)
            count += 1
            if excess <= 0:
                # What was freed is an estimate; measured anew it may not suffice.
                excess = self.used() - self.bytes
                is_done = excess <= 0
            if not is_done and count % _KEYS_A_LOOK == 0:
                is_done = is_lazy and memory.estimate() <= self.bytes
                if not is_done and timer() - started > self._time_limit_ns:
                    self._evict_soon()
                    is_done = True
        if not is_done and is_lazy:
            is_done = self._free_waiting(started)
        server.timings.held_up("eviction-cycle", timer() - started)
        return is_done

    def _evict_one(self, db: Database, key: bytes, is_lazy: bool) -> int:
        """Evict a key; return about how many bytes that freed."""
        server = self._server
        memory, keyspace = server.memory, server.keyspace
        started = server.timer()
        expected = _small_bytes(key, db.values[key])
        before = memory.large()
        db.evict(key)
        if not is_lazy:
            keyspace.free_some(sys.maxsize)
        freed = max(0, before - memory.large())
        small = 0 if is_lazy and keyspace.lazy_free else max(0, expected - freed)
        memory.note_freed(small)
        server.timings.held_up("eviction-del", server.timer() - started)
        return freed + small

    def _free_waiting(self, started: int) -> bool:
        """Free what waits, until that is enough (True), or time is up (True if more waits)."""
        server = self._server
        waited = server.timer()
        is_enough = is_late = False
        while server.keyspace.lazy_free and not is_enough and not is_late:
            server.keyspace.free_some(_KEYS_A_LOOK * _KEYS_A_LOOK)
            is_enough = self.used() <= self.bytes
            is_late = server.timer() - started > self._time_limit_ns
        server.timings.held_up("eviction-lazyfree", server.timer() - waited)
        return is_enough or bool(server.keyspace.lazy_free)

    def _evict_soon(self) -> None:
        """Go on between commands, until the limit is kept or nothing is left to evict."""
        if self._going_on is None and self._eviction.policy != "noeviction":
            self._going_on = self._server.scheduler.callLater(0, self._go_on)

    def _go_on(self) -> None:
        self._going_on = None
        self._server.keyspace.refresh_now()
        self.make_room()

    # What INFO shows

    def facts(self) -> dict[str, Any]:
        """Return the fields of INFO about time spent over the limit, in milliseconds."""
        lasting = self.exceeded_since_ns and self._server.timer() - self.exceeded_since_ns
        return {
            "total_eviction_exceeded_time": (self.exceeded_ns + lasting) // 1_000_000,
            "current_eviction_exceeded_time": lasting // 1_000_000,
        }

    def reset_statistics(self) -> None:
        """Count the time over the limit anew (CONFIG RESETSTAT)."""
        self.exceeded_ns = 0
        self.exceeded_since_ns = 0


def _time_limit_us(tenacity: int) -> int:
    """Return for how long keys are evicted before a command: up to 500 µs, then growing fast."""
    if tenacity <= 10:
        return 50 * tenacity
    if tenacity < 100:
        return int(500 * 1.15 ** (tenacity - 10))
    return sys.maxsize // _NS_IN_US


def _small_bytes(key: bytes, value: Any) -> int:
    """Return about how many bytes of a key and its value are small objects."""
    if value.__class__ in STRING_TYPES:
        sizes = (sys.getsizeof(key), sys.getsizeof(value))
        return sum(_rounded(size) for size in sizes if size <= _SMALL_MAX_BYTES)
    return _rounded(sys.getsizeof(key)) + value_bytes(value, _SAMPLES)


def _rounded(size: int) -> int:
    return (size + 15) & ~15
