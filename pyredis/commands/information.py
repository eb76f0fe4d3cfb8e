"""
INFO: the server in figures.

Each section is a function that yields fields and values. A value that a part of
the server states by itself, in :attr:`Instance.facts` under the field's name,
stands in for what the section says: so a part that comes later needs no line
here.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from itertools import islice

from pyredis.acl.selectors import Reason
from pyredis.execution.client import Client, Context
from pyredis.execution.flags import LOADING, STALE, Category
from pyredis.execution.latencies import percentiles_line
from pyredis.execution.memory_figures import MemoryFigures
from pyredis.execution.replicas import STAGE_NAMES, Stage, replica_ip
from pyredis.execution.table import Command, family
from pyredis.keyspace.database import Database
from pyredis.primitives.numbers import format_memory
from pyredis.wire.replies import Reply, Verbatim

command = family("server")

Fields = Iterator[tuple[str, object]]

_DAY_S = 24 * 3600
_LRU_CLOCK_BITS = 0xFFFFFF

# How many deadlines of a database the average of their times is made of.
_TTL_SAMPLES = 256

_UNSAFE = str.maketrans("#:\n\r", "____")


@command(
    "INFO",
    arity=-1,
    flags=LOADING | STALE,
    since="1.0.0",
    complexity="O(1)",
    categories=Category.DANGEROUS,
    history=[("7.0.0", "Several sections.")],
    tips=["nondeterministic_output", "request_policy:all_shards", "response_policy:special"],
    syntax="[section...]",
)
def info(ctx: Context, *sections: bytes) -> Reply:
    """Return figures about the server, all or some sections of them."""
    wanted = _wanted(sections)
    # Memory first: it should not show what the sections take meanwhile.
    memory = _memory(ctx) if "memory" in wanted else iter(())
    names = [name for name in _SECTIONS if name in wanted]
    text = "\r\n".join(_section(ctx, name, memory) for name in names)
    return Verbatim(text.encode("utf-8", "surrogateescape"))


def _wanted(sections: tuple[bytes, ...]) -> AbstractSet[str]:
    """Return the names of the sections asked for; what is unknown is none."""
    if not sections:
        return _DEFAULT
    wanted: set[str] = set()
    for section in sections:
        name = section.lower().decode("latin-1")
        if name == "default":
            wanted.update(_DEFAULT)
        elif name in ("all", "everything"):
            wanted.update(_ALL)
        else:
            wanted.add("modules" if name == "module_list" else name)
    return wanted


def _section(ctx: Context, name: str, memory: Fields) -> str:
    title, fields_of = _SECTIONS[name]
    fact = ctx.server.fact
    fields = memory if name == "memory" else fields_of(ctx)
    lines = [f"# {title}\r\n"]
    lines += [
        f"{field}:{value if field in _MEASURED else fact(field, value)}\r\n"
        for field, value in fields
    ]
    return "".join(lines)


def _human(ctx: Context, field: str, amount: int) -> Fields:
    """Yield a field of bytes, and once more in words for people."""
    amount = amount if field in _MEASURED else ctx.server.fact(field, amount)
    yield field, amount
    yield f"{field}_human", format_memory(amount).decode()


# The sections, in the order in which INFO prints them.


def _server(ctx: Context) -> Fields:
    server, settings = ctx.server, ctx.settings
    now_ms = ctx.now_ms
    uptime = (now_ms - server.started_ms) // 1000
    yield "redis_version", ""
    yield "server_name", "pyredis"
    yield "pyredis_version", ""
    yield "redis_git_sha1", "00000000"
    yield "redis_git_dirty", 0
    yield "redis_build_id", "0000000000000000"
    yield "redis_mode", "cluster" if settings.cluster_enabled else "standalone"
    yield "os", sys.platform
    yield "arch_bits", 64
    yield "monotonic_clock", "POSIX clock_gettime"
    yield "multiplexing_api", "none"
    yield "atomicvar_api", "none"
    yield "gcc_version", "0.0.0"
    yield "python_version", ".".join(map(str, sys.version_info[:3]))
    yield "process_id", 0
    yield "process_supervised", "no"
    yield "run_id", server.run_id
    yield "tcp_port", settings.port or settings.tls_port
    yield "server_time_usec", server.wall_us()
    yield "uptime_in_seconds", uptime
    yield "uptime_in_days", uptime // _DAY_S
    yield "hz", settings.hz
    yield "configured_hz", settings.hz
    yield "lru_clock", now_ms // 1000 & _LRU_CLOCK_BITS
    yield "executable", ""
    yield "config_file", ""
    yield "io_threads_active", 0
    ending_ms = server.fact("shutdown_in_milliseconds")
    if ending_ms:
        yield "shutdown_in_milliseconds", ending_ms
    for number, listener in enumerate(server.fact("listeners", ())):
        yield f"listener{number}", listener


def _clients(ctx: Context) -> Fields:
    server = ctx.server
    room = server.waiting_room
    waiting = [c.waiting for c in server.clients.values() if c.waiting] if len(room) else []
    yield "connected_clients", len(server.clients) - len(server.replication.replicas())
    yield "cluster_connections", 0
    yield "maxclients", ctx.settings.maxclients
    yield "client_recent_max_input_buffer", server.statistics.largest_input
    yield "client_recent_max_output_buffer", server.statistics.largest_output
    yield "blocked_clients", len(room)
    yield "tracking_clients", len(server.tracking)
    yield "clients_in_timeout_table", sum(each.timer is not None for each in waiting)
    yield "total_blocking_keys", room.keys
    nokey = [each for each in waiting if each.blocked.wakes_on_removal]
    places = {(each.db, key) for each in nokey for key in each.blocked.keys}
    yield "total_blocking_keys_on_nokey", len(places)


def _memory(ctx: Context) -> Fields:
    return _memory_fields(ctx, MemoryFigures(ctx.server))


def _memory_fields(ctx: Context, figures: MemoryFigures) -> Fields:
    settings, keyspace = ctx.settings, ctx.keyspace
    excess = figures.resident - figures.used
    ratio = f"{figures.resident_ratio:.2f}"
    yield from _human(ctx, "used_memory", figures.used)
    yield from _human(ctx, "used_memory_rss", figures.resident)
    yield "used_memory_peak", figures.peak
    yield "used_memory_peak_human", format_memory(figures.peak).decode()
    yield "used_memory_peak_perc", f"{figures.peak_percentage:.2f}%"
    yield "used_memory_overhead", figures.overhead
    yield "used_memory_startup", figures.startup
    yield "used_memory_dataset", figures.dataset
    yield "used_memory_dataset_perc", f"{figures.dataset_percentage:.2f}%"
    yield "allocator_allocated", figures.used
    yield "allocator_active", figures.used
    yield "allocator_resident", figures.resident
    yield from _human(ctx, "total_system_memory", 0)
    yield from _script_memory(ctx)
    yield from _human(ctx, "maxmemory", settings.maxmemory)
    yield "maxmemory_policy", settings.maxmemory_policy
    yield "allocator_frag_ratio", "1.00"
    yield "allocator_frag_bytes", 0
    yield "allocator_rss_ratio", ratio
    yield "allocator_rss_bytes", excess
    yield "rss_overhead_ratio", "1.00"
    yield "rss_overhead_bytes", 0
    yield "mem_fragmentation_ratio", ratio
    yield "mem_fragmentation_bytes", excess
    yield "mem_not_counted_for_evict", 0
    yield "mem_replication_backlog", 0
    yield "mem_total_replication_buffers", 0
    yield "mem_clients_slaves", 0
    yield "mem_clients_normal", figures.clients
    yield "mem_cluster_links", 0
    yield "mem_aof_buffer", 0
    yield "mem_allocator", "unknown"
    yield "active_defrag_running", 0
    yield "lazyfree_pending_objects", len(keyspace.lazy_free)
    yield "lazyfreed_objects", keyspace.lazy_freed


def _script_memory(ctx: Context) -> Fields:
    fact = ctx.server.fact
    evaluated, functions = fact("used_memory_vm_eval"), fact("used_memory_vm_functions")
    yield "used_memory_lua", evaluated
    yield "used_memory_vm_eval", evaluated
    yield "used_memory_lua_human", format_memory(evaluated).decode()
    yield "used_memory_scripts_eval", 0
    scripting = ctx.server.scripting
    yield "number_of_cached_scripts", len(scripting.scripts)
    yield "number_of_functions", len(scripting.libraries.functions)
    yield "number_of_libraries", len(scripting.libraries.libraries)
    yield "used_memory_vm_functions", functions
    yield from _human(ctx, "used_memory_vm_total", evaluated + functions)
    yield "used_memory_functions", 0
    texts = fact("used_memory_scripts_eval") + fact("used_memory_functions")
    yield from _human(ctx, "used_memory_scripts", texts)


def _persistence(ctx: Context) -> Fields:
    server = ctx.server
    yield "loading", int(ctx.keyspace.loading)
    yield "async_loading", int(ctx.keyspace.loading_aside)
    yield "current_cow_peak", 0
    yield "current_cow_size", 0
    yield "current_cow_size_age", 0
    yield "current_fork_perc", "0.00"
    yield "current_save_keys_processed", 0
    yield "current_save_keys_total", 0
    yield "rdb_changes_since_last_save", ctx.keyspace.dirty - ctx.keyspace.saved_at
    yield "rdb_bgsave_in_progress", 0
    yield "rdb_last_save_time", server.started_ms // 1000
    yield "rdb_last_bgsave_status", "ok"
    yield "rdb_last_bgsave_time_sec", -1
    yield "rdb_current_bgsave_time_sec", -1
    yield "rdb_saves", 0
    yield "rdb_last_cow_size", 0
    yield "rdb_last_load_keys_expired", 0
    yield "rdb_last_load_keys_loaded", 0
    yield "aof_enabled", 0
    yield "aof_rewrite_in_progress", 0
    yield "aof_rewrite_scheduled", 0
    yield "aof_last_rewrite_time_sec", -1
    yield "aof_current_rewrite_time_sec", -1
    yield "aof_last_bgrewrite_status", "ok"
    yield "aof_rewrites", 0
    yield "aof_rewrites_consecutive_failures", 0
    yield "aof_last_write_status", "ok"
    yield "aof_last_cow_size", 0
    yield "module_fork_in_progress", 0
    yield "module_fork_last_cow_size", 0
    # Fields that are there only while they mean something: those of the
    # append-only file, and of loading.
    yield from server.fact("persistence_extras", {}).items()


def _stats(ctx: Context) -> Fields:
    server, statistics, keyspace = ctx.server, ctx.server.statistics, ctx.keyspace
    yield "total_connections_received", statistics.connections_received
    yield "total_commands_processed", server.commands_processed()
    yield "instantaneous_ops_per_sec", round(statistics.commands.per_second)
    yield "total_net_input_bytes", server.input_bytes()
    yield "total_net_output_bytes", server.output_bytes()
    yield "total_net_repl_input_bytes", 0
    replication = server.replication.facts()
    yield "total_net_repl_output_bytes", replication.get("total_net_repl_output_bytes", 0)
    yield "instantaneous_input_kbps", f"{statistics.input.per_second / 1024:.2f}"
    yield "instantaneous_output_kbps", f"{statistics.output.per_second / 1024:.2f}"
    yield "instantaneous_input_repl_kbps", "0.00"
    yield "instantaneous_output_repl_kbps", "0.00"
    yield "rejected_connections", statistics.connections_rejected
    for field in ("sync_full", "sync_partial_ok", "sync_partial_err"):
        yield field, replication.get(field, 0)
    yield "expired_subkeys", keyspace.expired_fields
    yield "expired_keys", keyspace.expired_keys
    yield "expired_stale_perc", "0.00"
    yield "expired_time_cap_reached_count", statistics.expiry_cut_short
    yield "expire_cycle_cpu_milliseconds", statistics.expiry_ns // 1_000_000
    yield "evicted_keys", keyspace.evicted_keys
    yield "evicted_clients", statistics.evicted_clients
    yield from server.memory_limit.facts().items()
    yield "keyspace_hits", sum(db.hits for db in keyspace.databases)
    yield "keyspace_misses", sum(db.misses for db in keyspace.databases)
    broker = ctx.server.broker
    yield "pubsub_channels", len(broker.channels)
    yield "pubsub_patterns", len(broker.patterns)
    yield "pubsubshard_channels", len(broker.shard_channels)
    for field in _NOT_COUNTED:
        yield field, ctx.server.fact(field)
    tracking = ctx.server.tracking
    yield "tracking_total_keys", tracking.keys
    yield "tracking_total_items", tracking.items
    yield "tracking_total_prefixes", tracking.prefixes
    yield "unexpected_error_replies", statistics.errors_in_streams
    yield "total_error_replies", statistics.error_replies
    yield "dump_payload_sanitizations", 0
    yield from _event_loop(ctx)
    denials = statistics.denials
    yield "acl_access_denied_auth", denials[Reason.AUTH]
    yield "acl_access_denied_cmd", denials[Reason.COMMAND]
    yield "acl_access_denied_key", denials[Reason.KEY]
    yield "acl_access_denied_channel", denials[Reason.CHANNEL]


_NOT_COUNTED = (
    "latest_fork_usec",
    "total_forks",
    "migrate_cached_sockets",
    "slave_expires_tracked_keys",
    "active_defrag_hits",
    "active_defrag_misses",
    "active_defrag_key_hits",
    "active_defrag_key_misses",
    "total_active_defrag_time",
    "current_active_defrag_time",
)


def _event_loop(ctx: Context) -> Fields:
    statistics = ctx.server.statistics
    busy_ns = ctx.server.busy_ns()
    cycles = statistics.cycles.per_second
    yield "total_reads_processed", ctx.server.fact("total_reads_processed")
    yield "total_writes_processed", ctx.server.fact("total_writes_processed")
    yield "io_threaded_reads_processed", 0
    yield "io_threaded_writes_processed", 0
    yield "reply_buffer_shrinks", 0
    yield "reply_buffer_expands", 0
    yield "eventloop_cycles", statistics.ticks + ctx.server.fact("rounds_of_reading")
    yield "eventloop_duration_sum", (statistics.tick_ns + busy_ns) // 1000
    yield "eventloop_duration_cmd_sum", busy_ns // 1000
    yield "instantaneous_eventloop_cycles_per_sec", round(cycles)
    busy_usec = statistics.busy.per_second / 1000
    yield "instantaneous_eventloop_duration_usec", round(busy_usec / cycles if cycles else 0)


def _replication(ctx: Context) -> Fields:
    server, settings = ctx.server, ctx.settings
    yield "role", "slave" if server.following.is_on else "master"
    # What only a replica has, and a line for each of its own.
    yield from server.following.fields().items()
    replication = server.replication
    replicas = replication.replicas()
    yield "connected_slaves", len(replicas)
    if settings.min_replicas_to_write and settings.min_replicas_max_lag:
        yield "min_slaves_good_slaves", replication.near_replicas()
    for number, client in enumerate(replicas):
        yield f"slave{number}", _replica(client, ctx.now_ms)
    yield "master_failover_state", ctx.server.failover.state.value
    yield "master_replid", server.replication_id
    yield "master_replid2", replication.second_id
    yield "master_repl_offset", replication.offset
    yield "second_repl_offset", replication.second_offset
    facts = replication.facts()
    yield "repl_backlog_active", facts.get("repl_backlog_active", 0)
    yield "repl_backlog_size", settings.repl_backlog_size
    yield "repl_backlog_first_byte_offset", facts.get("repl_backlog_first_byte_offset", 0)
    yield "repl_backlog_histlen", facts.get("repl_backlog_histlen", 0)


def _replica(client: Client, now_ms: int) -> str:
    """Return what INFO says of a replica."""
    state = client.replica
    assert state is not None
    lag = (now_ms - state.ack_ms) // 1000 if state.stage is Stage.ONLINE else 0
    return (
        f"ip={replica_ip(client)},port={state.port},state={STAGE_NAMES[state.stage]},"
        f"offset={state.ack_offset},lag={max(lag, 0)}"
    )


def _cpu(ctx: Context) -> Fields:
    for field in (
        "used_cpu_sys",
        "used_cpu_user",
        "used_cpu_sys_children",
        "used_cpu_user_children",
        "used_cpu_sys_main_thread",
        "used_cpu_user_main_thread",
    ):
        yield field, "0.000000"


def _modules(ctx: Context) -> Fields:
    for each in ctx.server.modules:
        yield (
            "module",
            f"name={each.name},ver={each.version},api=1,filters=0,usedby=[],using=[],options=[]",
        )


def _commandstats(ctx: Context) -> Fields:
    for each in _counted(ctx):
        usec = each.nanoseconds // 1000
        yield (
            f"cmdstat_{each.display_name.translate(_UNSAFE)}",
            f"calls={each.calls},usec={usec},"
            f"usec_per_call={_ratio(each.nanoseconds / 1000, each.calls)},"
            f"rejected_calls={each.rejected},failed_calls={each.failed}",
        )


def _counted(ctx: Context) -> Iterator[Command]:
    for each in ctx.server.table.every():
        if each.calls or each.rejected or each.failed:
            yield each


def _errorstats(ctx: Context) -> Fields:
    for code, count in sorted(ctx.server.statistics.errors.items()):
        yield f"errorstat_{code.translate(_UNSAFE)}", f"count={count}"


def _latencystats(ctx: Context) -> Fields:
    if not ctx.settings.latency_tracking:
        return
    percentiles = ctx.settings.latency_tracking_info_percentiles
    for each in ctx.server.table.every():
        if each.histogram is not None:
            name = each.display_name.translate(_UNSAFE)
            line = percentiles_line(each.histogram, percentiles)
            yield f"latency_percentiles_usec_{name}", line


def _cluster(ctx: Context) -> Fields:
    yield "cluster_enabled", int(ctx.settings.cluster_enabled)


def _keyspace(ctx: Context) -> Fields:
    for db in ctx.keyspace.databases:
        if db.values:
            # Told only where there are any: Redis 7.2 knows of none.
            with_fields = f",subexpiry={len(db.field_deadlines)}" if db.field_deadlines else ""
            yield (
                f"db{db.number}",
                f"keys={len(db.values)},expires={len(db.deadlines)},"
                f"avg_ttl={_average_ttl(db, ctx.now_ms)}{with_fields}",
            )


def _debug(ctx: Context) -> Fields:
    yield "eventloop_duration_aof_sum", 0
    yield "eventloop_duration_cron_sum", ctx.server.statistics.tick_ns // 1000
    yield "eventloop_duration_max", ctx.server.statistics.longest_ns // 1000
    # This very command runs in one.
    yield "eventloop_cmd_per_cycle_max", max(1, ctx.server.statistics.most_commands)


_SECTIONS: dict[str, tuple[str, Callable[[Context], Fields]]] = {
    "server": ("Server", _server),
    "clients": ("Clients", _clients),
    "memory": ("Memory", _memory),
    "persistence": ("Persistence", _persistence),
    "stats": ("Stats", _stats),
    "replication": ("Replication", _replication),
    "cpu": ("CPU", _cpu),
    "modules": ("Modules", _modules),
    "commandstats": ("Commandstats", _commandstats),
    "errorstats": ("Errorstats", _errorstats),
    "latencystats": ("Latencystats", _latencystats),
    "cluster": ("Cluster", _cluster),
    "keyspace": ("Keyspace", _keyspace),
    "debug": ("Debug", _debug),
}
_MEASURED = frozenset({"used_memory", "used_memory_rss", "used_memory_peak"})
_ALL = frozenset(_SECTIONS) - {"debug"}
_DEFAULT = _ALL - {"commandstats", "latencystats"}


def _ratio(one: float, other: float) -> str:
    return f"{one / other if other else 0:.2f}"


def _average_ttl(db: Database, now_ms: int) -> int:
    """Return about how long the keys that expire have to live, in milliseconds."""
    deadlines = list(islice(db.deadlines.values(), _TTL_SAMPLES))
    if not deadlines:
        return 0
    return max(0, sum(deadlines) // len(deadlines) - now_ms)
