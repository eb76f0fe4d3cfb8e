"""
Every parameter of the configuration, one line each.

Names, aliases, defaults and bounds are those of Redis 7.2; a default that differs says why. The
order here is the order of CONFIG GET and of what CONFIG REWRITE appends (Redis shows them in the
order of a hash table, so no client can count on one).

``no_effect`` says why a parameter is accepted and shown but changes nothing here: the server then
logs a line when someone sets it. Whoever gives a parameter an effect takes the reason away.
"""

from importlib.util import find_spec
from typing import Any

from pyredis.config import checks
from pyredis.config.parameter_types import (
    INT_MAX,
    INT_MIN,
    LONG_MAX,
    UINT_MAX,
    ULONG_MAX,
    Binary,
    Choice,
    Choices,
    Integer,
    Memory,
    MemoryOrPercent,
    Octal,
    Parameter,
    Text,
    Trait,
    YesNo,
)
from pyredis.config.special_types import (
    Addresses,
    BufferLimit,
    BufferLimits,
    Directory,
    EventClasses,
    KillerScores,
    OutputBufferLimits,
    Percentiles,
    ReplicaOf,
    SavePoint,
    SavePoints,
)

IMMUTABLE = Trait.IMMUTABLE
SENSITIVE = Trait.SENSITIVE
HIDDEN = Trait.HIDDEN
PROTECTED = Trait.PROTECTED
DENY_LOADING = Trait.DENY_LOADING
VOLATILE = Trait.VOLATILE

_MB = 1 << 20

_SAVE = (SavePoint(3600, 1), SavePoint(300, 100), SavePoint(60, 10000))
_OUTPUT_LIMITS = BufferLimits(
    normal=BufferLimit(0, 0, 0),
    replica=BufferLimit(256 * _MB, 64 * _MB, 60),
    pubsub=BufferLimit(32 * _MB, 8 * _MB, 60),
)

_POLICIES = (
    "volatile-lru volatile-lfu volatile-random volatile-ttl "
    "allkeys-lru allkeys-lfu allkeys-random noeviction"
)
_FACILITIES = "user local0 local1 local2 local3 local4 local5 local6 local7"
_PROTECTED_ACTION = "no yes local"
_SIGNAL_SHUTDOWN = "save nosave now force"
_EXCLUSIVE = ("save", "nosave")
_NOT_BOTH = "shutdown options SAVE and NOSAVE can't be used simultaneously"

_TITLE = "{title} {listen-addr} {server-mode}"
_NO_DEFRAG = (
    "Active defragmentation cannot be enabled: it requires a Redis server compiled with a "
    "modified Jemalloc like the one shipped by default with the Redis source distribution"
)

# Why parameters have no effect.
_ALLOCATOR = "memory is managed by Python's allocator, which does not defragment"
_JEMALLOC = "memory is managed by Python's allocator, which has no background thread"
_REHASHING = "Python's dictionaries resize themselves"
_THREADS = "one thread reads, runs and answers all commands"
_AFFINITY = "threads are not bound to processors"
_TITLE_KEPT = (
    None if find_spec("setproctitle") else "it takes the package setproctitle (pyredis[title])"
)
_THP = "transparent huge pages are left as the system has them"
_CRASH = "a crash is reported as Python does it"
_WATCHDOG = "there is no software watchdog"
_LOGO = "no logo is printed"
_START_CHECKS = "no check at start can be silenced"
_NO_LIST_COMPRESSION = "nodes of a list are not compressed"
_PAYLOADS = "files and payloads of RESTORE are always checked in full"
_SYNC_FILES = "files with which replicas are synchronized have no name and go with their last use"
_SLICES = "while a file is loaded, others are served every few milliseconds"
_TLS_SESSIONS = "pyOpenSSL cannot size the cache: OpenSSL keeps 20480 sessions"
_NO_MARKS = "sockets are not marked"
_BYTEWISE = "SORT ... ALPHA compares bytes, whatever the locale"
_NO_BUS = "the cluster bus is not spoken"


class Parameters:
    """
    The declarations; ``Settings`` holds the values.

    ``collect`` takes the declarations off this class, so that an instance's attributes are found
    without asking the class first.
    """

    __slots__ = ()

    # What is ours.
    inline_replies = Choice("human", "human resp")
    rdb_version = Integer(11, 9, 11)

    # Network.  Redis listens on every address unless told otherwise; here a server that nobody
    # configured is reached from its own machine only.
    bind = Addresses(("127.0.0.1", "-::1"), VOLATILE)
    bind_source_addr = Text(None)
    port = Integer(6379, 0, 65535)
    unixsocket = Text(None, IMMUTABLE)
    unixsocketperm = Octal(0, 0, 0o777, IMMUTABLE, unsigned=True)
    tcp_backlog = Integer(511, 0, INT_MAX, IMMUTABLE)
    tcp_keepalive = Integer(300, 0, INT_MAX)
    socket_mark_id = Integer(0, 0, UINT_MAX, IMMUTABLE, unsigned=True, no_effect=_NO_MARKS)
    timeout = Integer(0, 0, INT_MAX)
    protected_mode = YesNo(True)
    maxclients = Integer(10000, 1, UINT_MAX, unsigned=True)
    maxmemory_clients = MemoryOrPercent(0, -100, LONG_MAX)
    client_query_buffer_limit = Memory(1024 * _MB, _MB, LONG_MAX, unsigned=True)
    client_output_buffer_limit = OutputBufferLimits(_OUTPUT_LIMITS)
    proto_max_bulk_len = Memory(512 * _MB, _MB, LONG_MAX)
    io_threads = Integer(1, 1, 128, IMMUTABLE, no_effect=_THREADS)
    io_threads_do_reads = YesNo(False, IMMUTABLE, no_effect=_THREADS)

    # TLS.
    tls_port = Integer(0, 0, 65535)
    tls_cert_file = Text(None, VOLATILE)
    tls_key_file = Text(None, VOLATILE)
    tls_key_file_pass = Text(None)
    tls_client_cert_file = Text(None, VOLATILE)
    tls_client_key_file = Text(None, VOLATILE)
    tls_client_key_file_pass = Text(None)
    tls_dh_params_file = Text(None, VOLATILE)
    tls_ca_cert_file = Text(None, VOLATILE)
    tls_ca_cert_dir = Text(None, VOLATILE)
    tls_auth_clients = Choice("yes", "no yes optional")
    tls_replication = YesNo(False)
    tls_cluster = YesNo(False)
    tls_protocols = Text(None)
    tls_ciphers = Text(None)
    tls_ciphersuites = Text(None)
    tls_prefer_server_ciphers = YesNo(False)
    tls_session_caching = YesNo(True)
    tls_session_cache_size = Integer(20 * 1024, 0, INT_MAX, no_effect=_TLS_SESSIONS)
    tls_session_cache_timeout = Integer(300, 0, INT_MAX)

    # The process and its log.
    daemonize = YesNo(False, IMMUTABLE)
    supervised = Choice("no", "upstart systemd auto no", IMMUTABLE)
    pidfile = Text(None, IMMUTABLE)
    dir = Directory(PROTECTED | DENY_LOADING)
    loglevel = Choice("notice", "debug verbose notice warning nothing")
    logfile = Text("", IMMUTABLE)
    syslog_enabled = YesNo(False, IMMUTABLE)
    syslog_ident = Text("redis", IMMUTABLE)
    syslog_facility = Choice("local0", _FACILITIES, IMMUTABLE)
    always_show_logo = YesNo(False, IMMUTABLE, no_effect=_LOGO)
    set_proc_title = YesNo(True, IMMUTABLE, no_effect=_TITLE_KEPT)
    proc_title_template = Text(_TITLE, check=checks.title_template, no_effect=_TITLE_KEPT)
    locale_collate = Text("", no_effect=_BYTEWISE)
    crash_log_enabled = YesNo(True)
    crash_memcheck_enabled = YesNo(True, no_effect=_CRASH)
    use_exit_on_panic = YesNo(False, HIDDEN, no_effect=_CRASH)
    watchdog_period = Integer(0, 0, INT_MAX, HIDDEN, no_effect=_WATCHDOG)
    ignore_warnings = Text("", no_effect=_START_CHECKS)
    disable_thp = YesNo(True, IMMUTABLE, no_effect=_THP)
    oom_score_adj = Choice("no", "no yes relative=yes absolute")
    oom_score_adj_values = KillerScores((0, 200, 800))
    server_cpulist = Text(None, IMMUTABLE, name="server_cpulist", no_effect=_AFFINITY)
    bio_cpulist = Text(None, IMMUTABLE, name="bio_cpulist", no_effect=_AFFINITY)
    aof_rewrite_cpulist = Text(None, IMMUTABLE, name="aof_rewrite_cpulist", no_effect=_AFFINITY)
    bgsave_cpulist = Text(None, IMMUTABLE, name="bgsave_cpulist", no_effect=_AFFINITY)
    shutdown_timeout = Integer(10, 0, INT_MAX)
    shutdown_on_sigint = Choices(_SIGNAL_SHUTDOWN, exclusive=_EXCLUSIVE, refusal=_NOT_BOTH)
    shutdown_on_sigterm = Choices(_SIGNAL_SHUTDOWN, exclusive=_EXCLUSIVE, refusal=_NOT_BOTH)
    enable_protected_configs = Choice("no", _PROTECTED_ACTION, IMMUTABLE)
    enable_debug_command = Choice("no", _PROTECTED_ACTION, IMMUTABLE)
    enable_module_command = Choice("no", _PROTECTED_ACTION, IMMUTABLE)

    # Users.
    aclfile = Text("", IMMUTABLE)
    acllog_max_len = Integer(128, 0, LONG_MAX)
    acl_pubsub_default = Choice("resetchannels", "allchannels resetchannels")
    requirepass = Binary(SENSITIVE)

    # The keyspace, its time and its memory.
    databases = Integer(16, 1, INT_MAX, IMMUTABLE)
    hz = Integer(10, 0, INT_MAX, clamp=(1, 500))
    dynamic_hz = YesNo(True)
    active_expire_effort = Integer(1, 1, 10)
    activerehashing = YesNo(True, no_effect=_REHASHING)
    notify_keyspace_events = EventClasses("")
    maxmemory = Memory(0, 0, ULONG_MAX, unsigned=True)
    maxmemory_policy = Choice("noeviction", _POLICIES)
    maxmemory_samples = Integer(5, 1, INT_MAX)
    maxmemory_eviction_tenacity = Integer(10, 0, 100)
    lfu_log_factor = Integer(10, 0, INT_MAX)
    lfu_decay_time = Integer(1, 0, INT_MAX)
    lazyfree_lazy_eviction = YesNo(False)
    lazyfree_lazy_expire = YesNo(False)
    lazyfree_lazy_server_del = YesNo(False)
    lazyfree_lazy_user_del = YesNo(False)
    lazyfree_lazy_user_flush = YesNo(False)
    activedefrag = YesNo(False, refuse_yes=_NO_DEFRAG)
    active_defrag_cycle_min = Integer(1, 1, 99, no_effect=_ALLOCATOR)
    active_defrag_cycle_max = Integer(25, 1, 99, no_effect=_ALLOCATOR)
    active_defrag_threshold_lower = Integer(10, 0, 1000, no_effect=_ALLOCATOR)
    active_defrag_threshold_upper = Integer(100, 0, 1000, no_effect=_ALLOCATOR)
    active_defrag_max_scan_fields = Integer(1000, 1, LONG_MAX, no_effect=_ALLOCATOR)
    active_defrag_ignore_bytes = Memory(100 * _MB, 1, LONG_MAX, unsigned=True, no_effect=_ALLOCATOR)
    jemalloc_bg_thread = YesNo(True, no_effect=_JEMALLOC)

    # Encodings of values.
    hash_max_listpack_entries = Integer(
        512, 0, LONG_MAX, alias="hash-max-ziplist-entries", unsigned=True
    )
    hash_max_listpack_value = Memory(64, 0, LONG_MAX, alias="hash-max-ziplist-value", unsigned=True)
    list_max_listpack_size = Integer(-2, INT_MIN, INT_MAX, alias="list-max-ziplist-size")
    list_compress_depth = Integer(0, 0, INT_MAX, no_effect=_NO_LIST_COMPRESSION)
    set_max_intset_entries = Integer(512, 0, LONG_MAX, unsigned=True)
    set_max_listpack_entries = Integer(128, 0, LONG_MAX, unsigned=True)
    set_max_listpack_value = Integer(64, 0, LONG_MAX, unsigned=True)
    zset_max_listpack_entries = Integer(
        128, 0, LONG_MAX, alias="zset-max-ziplist-entries", unsigned=True
    )
    zset_max_listpack_value = Memory(64, 0, LONG_MAX, alias="zset-max-ziplist-value", unsigned=True)
    stream_node_max_bytes = Memory(4096, 0, LONG_MAX, unsigned=True)
    stream_node_max_entries = Integer(100, 0, LONG_MAX)
    hll_sparse_max_bytes = Memory(3000, 0, LONG_MAX, unsigned=True)
    sanitize_dump_payload = Choice("no", "no yes clients", no_effect=_PAYLOADS)

    # Commands that take long, and what is measured.
    busy_reply_threshold = Integer(5000, 0, LONG_MAX, alias="lua-time-limit")
    slowlog_log_slower_than = Integer(10000, -1, LONG_MAX)
    slowlog_max_len = Integer(128, 0, LONG_MAX)
    latency_monitor_threshold = Integer(0, 0, LONG_MAX)
    latency_tracking = YesNo(True)
    latency_tracking_info_percentiles = Percentiles((50.0, 99.0, 99.9))
    tracking_table_max_keys = Integer(1000000, 0, LONG_MAX, unsigned=True)

    # Snapshots.
    save = SavePoints(_SAVE)
    dbfilename = Text("dump.rdb", PROTECTED, check=checks.dump_file_name)
    rdbcompression = YesNo(True)
    rdbchecksum = YesNo(True, IMMUTABLE)
    rdb_del_sync_files = YesNo(False, no_effect=_SYNC_FILES)
    rdb_save_incremental_fsync = YesNo(True)
    rdb_key_save_delay = Integer(0, INT_MIN, INT_MAX, HIDDEN)
    key_load_delay = Integer(0, INT_MIN, INT_MAX, HIDDEN)
    loading_process_events_interval_bytes = Integer(
        2 * _MB, 1024, INT_MAX, HIDDEN, no_effect=_SLICES
    )
    stop_writes_on_bgsave_error = YesNo(True)

    # The append-only file.
    appendonly = YesNo(False, DENY_LOADING)
    appendfilename = Text("appendonly.aof", IMMUTABLE, check=checks.append_file_name)
    appenddirname = Text("appendonlydir", IMMUTABLE, check=checks.append_directory_name)
    appendfsync = Choice("everysec", "everysec always no")
    no_appendfsync_on_rewrite = YesNo(False)
    auto_aof_rewrite_percentage = Integer(100, 0, INT_MAX)
    auto_aof_rewrite_min_size = Memory(64 * _MB, 0, LONG_MAX)
    aof_load_truncated = YesNo(True)
    aof_use_rdb_preamble = YesNo(True)
    aof_timestamp_enabled = YesNo(False)
    aof_rewrite_incremental_fsync = YesNo(True)
    aof_disable_auto_gc = YesNo(False, HIDDEN)

    # Replication.
    replicaof = ReplicaOf(None, IMMUTABLE, alias="slaveof")
    masteruser = Binary(SENSITIVE)
    masterauth = Binary(SENSITIVE)
    replica_read_only = YesNo(True, alias="slave-read-only")
    replica_serve_stale_data = YesNo(True, alias="slave-serve-stale-data")
    replica_lazy_flush = YesNo(False, alias="slave-lazy-flush")
    replica_ignore_maxmemory = YesNo(True, alias="slave-ignore-maxmemory")
    replica_ignore_disk_write_errors = YesNo(False)
    replica_priority = Integer(100, 0, INT_MAX, alias="slave-priority")
    replica_announced = YesNo(True)
    replica_announce_ip = Text(None, alias="slave-announce-ip")
    replica_announce_port = Integer(0, 0, 65535, alias="slave-announce-port")
    min_replicas_to_write = Integer(0, 0, INT_MAX, alias="min-slaves-to-write")
    min_replicas_max_lag = Integer(10, 0, INT_MAX, alias="min-slaves-max-lag")
    repl_timeout = Integer(60, 1, INT_MAX)
    repl_ping_replica_period = Integer(10, 1, INT_MAX, alias="repl-ping-slave-period")
    repl_backlog_size = Memory(_MB, 1, LONG_MAX, clamp=(16 * 1024, LONG_MAX))
    repl_backlog_ttl = Integer(3600, 0, LONG_MAX)
    repl_disable_tcp_nodelay = YesNo(False)
    repl_diskless_sync = YesNo(True)
    repl_diskless_sync_delay = Integer(5, 0, INT_MAX)
    repl_diskless_sync_max_replicas = Integer(0, 0, INT_MAX)
    repl_diskless_load = Choice("disabled", "disabled on-empty-db swapdb", DENY_LOADING)
    propagation_error_behavior = Choice("ignore", "ignore panic panic-on-replicas")

    # Cluster.
    cluster_enabled = YesNo(False, IMMUTABLE)
    cluster_config_file = Text("nodes.conf", IMMUTABLE, no_effect=_NO_BUS)
    cluster_port = Integer(0, 0, 65535, IMMUTABLE, no_effect=_NO_BUS)
    cluster_node_timeout = Integer(15000, 0, LONG_MAX, no_effect=_NO_BUS)
    cluster_ping_interval = Integer(0, 0, LONG_MAX, HIDDEN, no_effect=_NO_BUS)
    cluster_migration_barrier = Integer(1, 0, INT_MAX, no_effect=_NO_BUS)
    cluster_allow_replica_migration = YesNo(True, no_effect=_NO_BUS)
    cluster_require_full_coverage = YesNo(True)
    cluster_allow_reads_when_down = YesNo(False)
    cluster_allow_pubsubshard_when_down = YesNo(True)
    cluster_link_sendbuf_limit = Memory(0, 0, ULONG_MAX, unsigned=True, no_effect=_NO_BUS)
    cluster_replica_no_failover = YesNo(False, alias="cluster-slave-no-failover", no_effect=_NO_BUS)
    cluster_replica_validity_factor = Integer(
        10, 0, INT_MAX, alias="cluster-slave-validity-factor", no_effect=_NO_BUS
    )
    cluster_announce_ip = Text(None)
    cluster_announce_port = Integer(0, 0, 65535)
    cluster_announce_tls_port = Integer(0, 0, 65535)
    cluster_announce_bus_port = Integer(0, 0, 65535)
    cluster_announce_hostname = Text(None, check=checks.hostname)
    cluster_announce_human_nodename = Text(None, check=checks.node_name, no_effect=_NO_BUS)
    cluster_preferred_endpoint_type = Choice("ip", "ip hostname unknown-endpoint")


def collect(declarations: type[Parameters]) -> tuple[Parameter[Any], ...]:
    """Take the declarations off their class, in their order."""
    found = tuple(value for value in vars(declarations).values() if isinstance(value, Parameter))
    for parameter in found:
        delattr(declarations, parameter.attribute)
    return found


PARAMETERS = collect(Parameters)
"""Every parameter, in the order of declaration."""

BY_NAME: dict[str, Parameter[Any]] = {
    name: parameter
    for parameter in PARAMETERS
    for name in (parameter.name, parameter.alias)
    if name is not None
}
"""Every parameter under its name and its alias."""


def without_effect() -> dict[str, str]:
    """Tell which parameters change nothing in this server, and why."""
    return {each.name: each.no_effect for each in PARAMETERS if each.no_effect is not None}
