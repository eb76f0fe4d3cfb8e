"""redis.conf read, and the command line."""

from twisted.trial.unittest import SynchronousTestCase

from pyredis.config.conf_file import (
    ConfigFileError,
    Line,
    Loader,
    Module,
    UnreadableFile,
    check,
    from_command_line,
    ineffective,
    no_files,
    parse,
    read_matching,
)
from pyredis.config.settings import Settings

# The lines in effect in the redis.conf that comes with Redis 7.2.6.
STOCK = b"""
bind 127.0.0.1 -::1
protected-mode yes
port 6379
tcp-backlog 511
timeout 0
tcp-keepalive 300
daemonize no
pidfile /var/run/redis_6379.pid
loglevel notice
logfile ""
databases 16
always-show-logo no
set-proc-title yes
proc-title-template "{title} {listen-addr} {server-mode}"
locale-collate ""
stop-writes-on-bgsave-error yes
rdbcompression yes
rdbchecksum yes
dbfilename dump.rdb
rdb-del-sync-files no
dir ./
replica-serve-stale-data yes
replica-read-only yes
repl-diskless-sync yes
repl-diskless-sync-delay 5
repl-diskless-sync-max-replicas 0
repl-diskless-load disabled
repl-disable-tcp-nodelay no
replica-priority 100
acllog-max-len 128
lazyfree-lazy-eviction no
lazyfree-lazy-expire no
lazyfree-lazy-server-del no
replica-lazy-flush no
lazyfree-lazy-user-del no
lazyfree-lazy-user-flush no
oom-score-adj no
oom-score-adj-values 0 200 800
disable-thp yes
appendonly no
appendfilename "appendonly.aof"
appenddirname "appendonlydir"
appendfsync everysec
no-appendfsync-on-rewrite no
auto-aof-rewrite-percentage 100
auto-aof-rewrite-min-size 64mb
aof-load-truncated yes
aof-use-rdb-preamble yes
aof-timestamp-enabled no
slowlog-log-slower-than 10000
slowlog-max-len 128
latency-monitor-threshold 0
notify-keyspace-events ""
hash-max-listpack-entries 512
hash-max-listpack-value 64
list-max-listpack-size -2
list-compress-depth 0
set-max-intset-entries 512
set-max-listpack-entries 128
set-max-listpack-value 64
zset-max-listpack-entries 128
zset-max-listpack-value 64
hll-sparse-max-bytes 3000
stream-node-max-bytes 4096
stream-node-max-entries 100
activerehashing yes
client-output-buffer-limit normal 0 0 0
client-output-buffer-limit replica 256mb 64mb 60
client-output-buffer-limit pubsub 32mb 8mb 60
hz 10
dynamic-hz yes
aof-rewrite-incremental-fsync yes
rdb-save-incremental-fsync yes
jemalloc-bg-thread yes
"""


class LoadTests(SynchronousTestCase):
    """A base with files and settings."""

    def setUp(self) -> None:
        """Make settings and files in memory."""
        self.warnings: list[str] = []
        self.settings = Settings("/srv", warn=self.warnings.append)
        self.files: dict[str, bytes] = {}
        self.loader = Loader(self.settings, self.read, self.expand)

    def read(self, path: str) -> bytes:
        """Read a file in memory."""
        if path not in self.files:
            raise FileNotFoundError(2, "No such file or directory", path)
        return self.files[path]

    def expand(self, pattern: str) -> list[str]:
        """Expand the only pattern these tests use."""
        assert pattern == "conf.d/*"
        return sorted(path for path in self.files if path.startswith("conf.d/"))

    def refusal(self, text: bytes) -> ConfigFileError:
        """Load what cannot be loaded."""
        with self.assertRaises(ConfigFileError) as caught:
            self.loader.load(text)
        error = caught.exception
        assert isinstance(error, ConfigFileError)
        return error

    def refused(self, text: bytes, reason: str) -> None:
        """Check the reason of a refusal."""
        self.assertEqual(self.refusal(text).reason, reason)


class ParseTests(SynchronousTestCase):
    """Lines taken apart."""

    def test_blanks_and_comments_are_passed_over(self) -> None:
        """Line numbers count them all the same."""
        self.assertEqual(
            list(parse(b"\n  # comment\r\n\t Port  6380 \r\n")),
            [Line(3, b"Port  6380", [b"port", b"6380"])],
        )

    def test_quotes(self) -> None:
        """Words may be quoted; a comment sign inside a line is no comment."""
        self.assertEqual(
            [line.argv for line in parse(b'requirepass "a \\x62"\nlogfile #a')],
            [[b"requirepass", b"a b"], [b"logfile", b"#a"]],
        )

    def test_unbalanced_quotes(self) -> None:
        """The line is there, its words are not."""
        self.assertEqual(list(parse(b'logfile "a')), [Line(1, b'logfile "a', None)])


class LoaderTests(LoadTests):
    """Lines put into effect."""

    def test_the_stock_configuration(self) -> None:
        """What comes with Redis loads, and says little that is new."""
        self.loader.load(STOCK)

        self.assertEqual(self.warnings, [])
        self.assertEqual(self.settings.pidfile, "/var/run/redis_6379.pid")
        for name, value in Settings().get(b"*"):
            if name not in ("pidfile", "dir"):
                self.assertEqual(self.settings.get(name.encode()), [(name, value)])

    def test_the_last_line_decides(self) -> None:
        """A parameter may be set several times, by any of its names."""
        self.loader.load(b"slave-priority 1\nREPLICA-PRIORITY 2\n")

        self.assertEqual(self.settings.replica_priority, 2)

    def test_immutable_parameters_can_be_set(self) -> None:
        """At the start everything can."""
        self.loader.load(b"databases 4\ndaemonize yes")

        self.assertEqual((self.settings.databases, self.settings.daemonize), (4, True))

    def test_save_lines_add_up(self) -> None:
        """The default gives way to the first of them."""
        self.loader.load(b"save 900 1\nsave 300 10 60 100")

        self.assertEqual(self.settings.save, ((900, 1), (300, 10), (60, 100)))

    def test_empty_saves(self) -> None:
        """An empty word, or none, mean never; so it can be taken back later on."""
        for text in (b'save ""', b"save", b'save 900 1\nsave ""'):
            settings = Settings()
            Loader(settings).load(text)
            self.assertEqual(settings.save, ())

    def test_a_quoted_value_is_split_again(self) -> None:
        """Several words may be given as one; if they cannot be taken apart there are none."""
        self.loader.load(b"""shutdown-on-sigterm "now force"\nsave "900 1"\nbind "a ' b" """)

        self.assertEqual(self.settings.shutdown_on_sigterm, ("now", "force"))
        self.assertEqual(self.settings.save, ((900, 1),))
        self.assertEqual(self.settings.bind, ())

    def test_forgotten_directives(self) -> None:
        """What Redis once had is passed over, if it has one value."""
        self.loader.load(
            b"list-max-ziplist-entries 1\nlist-max-ziplist-value 1\nlua-replicate-commands yes"
        )
        self.refused(b"lua-replicate-commands", "Bad directive or wrong number of arguments")

    def test_refusals(self) -> None:
        """The first line that is wrong is told."""
        bad = "Bad directive or wrong number of arguments"
        for text, reason in (
            (b"nothing", bad),
            (b"include", bad),
            (b"user", bad),
            (b"rename-command a", bad),
            (b"port", "wrong number of arguments"),
            (b"port 1 2", "wrong number of arguments"),
            (b"port x", "argument couldn't be parsed into an integer"),
            (b'logfile "a', "Unbalanced quotes in configuration line"),
            (b"a.b", "Module config specified without value"),
            (b"sentinel monitor", "sentinel directive while not in sentinel mode"),
        ):
            self.refused(text + b"\nnothing", reason)

    def test_a_refusal_is_reported_as_redis_reports_it(self) -> None:
        """The report names the line as it stands in the file."""
        self.assertEqual(
            self.refusal(b"# comment\n  PORT x \r\n").report("7.2.6"),
            "\n*** FATAL CONFIG FILE ERROR (Redis 7.2.6) ***\n"
            "Reading the configuration file, at line 2\n"
            ">>> 'PORT x'\n"
            "argument couldn't be parsed into an integer\n",
        )

    def test_the_exception_tells_the_line(self) -> None:
        """A traceback is enough to find it."""
        error = self.refusal(b"\nport x")

        self.assertEqual(str(error), "line 2: argument couldn't be parsed into an integer")
        self.assertEqual((error.number, error.line, error.path), (2, b"port x", None))

    def test_the_word_sentinel_alone(self) -> None:
        """It is no directive and no error."""
        self.assertEqual(self.loader.load(b"sentinel").users, [])

    def test_what_has_no_effect_is_told(self) -> None:
        """Unless it only says what is so already."""
        self.loader.load(b"io-threads 1\nio-threads 4")

        self.assertEqual(
            self.warnings,
            [
                "'io-threads' has no effect in this server: "
                "one thread reads, runs and answers all commands"
            ],
        )

    def test_the_directory(self) -> None:
        """It is changed while the line is read, and may not be there."""

        def change(path: str) -> str:
            raise PermissionError(13, "Permission denied", path)

        settings = Settings("/srv", change)
        with self.assertRaises(ConfigFileError) as caught:
            Loader(settings).load(b"dir /root")

        self.assertEqual(caught.exception.reason, "Permission denied")


class ClusterTests(LoadTests):
    """What does not go together with a cluster."""

    def test_a_replica(self) -> None:
        """The configuration as a whole is wrong, not a line."""
        error = self.refusal(b"replicaof a 1\ncluster-enabled yes")

        self.assertEqual(
            error.report("7.2.6"),
            "\n*** FATAL CONFIG FILE ERROR (Redis 7.2.6) ***\n"
            "replicaof directive not allowed in cluster mode\n",
        )
        self.assertEqual(str(error), error.reason)

    def test_databases(self) -> None:
        """There is but one."""
        self.loader.load(b"cluster-enabled yes")

        self.assertEqual(self.settings.databases, 1)
        self.assertIn(
            "WARNING: Changing databases number from 16 to 1 since we are in cluster mode",
            self.warnings,
        )


class IncludeTests(LoadTests):
    """Files in files."""

    def test_a_file(self) -> None:
        """It is read where it is named."""
        self.files["a.conf"] = b"timeout 2"
        self.loader.load(b"timeout 1\ninclude a.conf\nhz 7")

        self.assertEqual((self.settings.timeout, self.settings.hz), (2, 7))

    def test_files_of_a_pattern(self) -> None:
        """They are read as if they were one, which may be empty."""
        self.files["conf.d/1"] = b"timeout 1\n"
        self.files["conf.d/2"] = b"hz 7\ntimeout x"

        error = self.refusal(b"include conf.d/*")

        self.assertEqual((error.number, error.path), (3, "conf.d/*"))
        self.assertEqual((self.settings.timeout, self.settings.hz), (1, 7))
        self.files.clear()
        self.loader.load(b"include conf.d/*\ntimeout 3")
        self.assertEqual(self.settings.timeout, 3)

    def test_a_file_that_is_not_there(self) -> None:
        """Redis has one line for that."""
        error = self.refusal(b"include a.conf")

        self.assertIsInstance(error, UnreadableFile)
        self.assertEqual(
            error.report("7.2.6"),
            "Fatal error, can't open config file 'a.conf': No such file or directory\n",
        )

    def test_a_circle(self) -> None:
        """Files that include each other do not exhaust the stack."""
        self.files["a.conf"] = b"include a.conf"

        self.refused(b"include a.conf", "Too many files include each other")

    def test_own_save_points_replace_those_included(self) -> None:
        """The included file's add to what came before, those after it begin anew."""
        self.files["a.conf"] = b"save 3 3\nsave 4 4"
        self.loader.load(b"save 1 1\ninclude a.conf")
        self.assertEqual(self.settings.save, ((1, 1), (3, 3), (4, 4)))

        self.loader.load(b"include a.conf\nsave 5 5\nsave 6 6")
        self.assertEqual(self.settings.save, ((5, 5), (6, 6)))

    def test_read_matching(self) -> None:
        """The server's own file may be a pattern as well."""
        self.files["conf.d/1"] = b"a\n"
        self.files["conf.d/2"] = b"b\n"

        self.assertEqual(read_matching("conf.d/*", self.read, self.expand), b"a\nb\n")
        self.assertEqual(read_matching("conf.d/2", self.read, self.expand), b"b\n")

    def test_no_files(self) -> None:
        """Unless someone reads files, there are none."""
        with self.assertRaises(UnreadableFile):
            read_matching("a", no_files, lambda pattern: ())


class DirectivesTests(LoadTests):
    """What is not a parameter."""

    def test_they_are_collected(self) -> None:
        """Each in the order of its lines."""
        found = self.loader.load(
            b"rename-command CONFIG secret\nuser alice on\nloadmodule a.b x y\nm.depth 1 2"
        )

        self.assertEqual(found.renamed, [(b"CONFIG", b"secret")])
        self.assertEqual(found.users, [[b"alice", b"on"]])
        self.assertEqual(found.modules, [Module("a.b", [b"x", b"y"])])
        self.assertEqual(found.module_settings, {b"m.depth": b"1 2"})

    def test_others_may_refuse(self) -> None:
        """A command or a user that is not right is refused with its line."""

        def rename(old: bytes, new: bytes) -> None:
            raise ValueError("No such command in rename-command")

        def declare(words: list[bytes]) -> None:
            raise ValueError("Error in user declaration 'x': Syntax error")

        loader = Loader(self.settings, rename_command=rename, declare_user=declare)

        self.assertEqual(
            [problem.reason for problem in loader.problems(b"rename-command A B\nuser a x")],
            ["No such command in rename-command", "Error in user declaration 'x': Syntax error"],
        )
        self.assertEqual((loader.directives.renamed, loader.directives.users), ([], []))


class CheckTests(LoadTests):
    """A configuration looked through."""

    def test_every_problem_is_told(self) -> None:
        """Those of included files come with their file."""
        self.files["a.conf"] = b"\nhz x"
        problems = check(b"port x\ninclude a.conf\ninclude b.conf\nnothing", self.read, self.expand)

        self.assertEqual(
            [(problem.number, problem.path) for problem in problems],
            [(1, None), (2, "a.conf"), (None, "b.conf"), (4, None)],
        )
        self.assertEqual(check(STOCK), [])

    def test_the_directory_is_looked_at_by_who_knows(self) -> None:
        """Without anyone to ask, any directory is right."""

        def change(path: str) -> str:
            raise FileNotFoundError(2, "No such file or directory", path)

        self.assertEqual(check(b"dir /nowhere"), [])
        self.assertEqual(len(check(b"dir /nowhere", settings=Settings("/", change))), 1)

    def test_what_has_no_effect(self) -> None:
        """Each parameter is told once."""
        notes = ineffective(b"list-compress-depth 1\nlist-compress-depth 2\nnothing\nhz 3")

        self.assertEqual(len(notes), 1)
        self.assertIn("list-compress-depth", notes[0])


class CommandLineTests(SynchronousTestCase):
    """The arguments of the server."""

    def options(self, *arguments: str) -> bytes:
        """Read arguments that are all options."""
        line = from_command_line(list(arguments))
        self.assertEqual((line.path, line.from_stdin), (None, False))
        return line.options

    def refused(self, *arguments: str) -> tuple[str, str]:
        """Load what cannot be loaded, and return the line and the reason."""
        with self.assertRaises(ConfigFileError) as caught:
            Loader(Settings()).load(self.options(*arguments))
        return caught.exception.line.decode(), caught.exception.reason

    def settings(self, *arguments: str) -> Settings:
        """Load options."""
        settings = Settings()
        Loader(settings).load(from_command_line(list(arguments)).text(b"", b""))
        return settings

    def test_options(self) -> None:
        """Each becomes a line; values are quoted."""
        self.assertEqual(
            self.options("--port", "6380", "--bind", "a", "b c"),
            b'port "6380" \nbind "a" "b c" ',
        )

    def test_a_file(self) -> None:
        """The first argument is a file unless it has a hyphen."""
        line = from_command_line(["a.conf", "--port", "1"])

        self.assertEqual(line, ("a.conf", False, b'port "1" '))
        self.assertEqual(from_command_line([]), (None, False, b""))

    def test_standard_input(self) -> None:
        """A hyphen first or last; elsewhere it is a value."""
        self.assertEqual(from_command_line(["-"]), (None, True, b""))
        self.assertEqual(from_command_line(["a", "-"]), ("a", True, b""))
        self.assertEqual(from_command_line(["-", "--hz", "1"]), (None, True, b'hz "1" '))
        self.assertEqual(self.options("--logfile", "-", "--hz", "1"), b'logfile "-" \nhz "1" ')

    def test_the_sources_in_order(self) -> None:
        """Options come last, on a line of their own."""
        line = from_command_line(["a.conf", "--hz", "1", "-"])

        self.assertEqual(line.text(b"hz 2\n", b"hz 3"), b'hz 2\nhz 3\nhz "1" ')

    def test_name_and_value_in_one_argument(self) -> None:
        """Quoted or not, and the next option may follow."""
        settings = self.settings("--maxmemory '700mb'", "--maxmemory-policy volatile-lru")

        self.assertEqual(settings.maxmemory, 700 << 20)
        self.assertEqual(settings.maxmemory_policy, "volatile-lru")

    def test_a_value_may_begin_with_hyphens(self) -> None:
        """The first value is a value whatever it looks like."""
        settings = self.settings("--proc-title-template", "--my--title", "--loglevel", "verbose")

        self.assertEqual(settings.proc_title_template, "--my--title")
        self.assertEqual(settings.loglevel, "verbose")

    def test_save_without_a_value(self) -> None:
        """Before another option or at the end it means never."""
        for arguments in (
            ["--save", "--loglevel", "verbose"],
            ["--loglevel", "verbose", "--save"],
            ["--save", "", "--loglevel", "verbose"],
            ["--loglevel", "verbose", "--SAVE", ""],
            ["--proc-title-template", "--save", "--save", "", "--loglevel", "verbose"],
        ):
            settings = self.settings(*arguments)
            self.assertEqual((settings.save, settings.loglevel), ((), "verbose"))

    def test_several_values(self) -> None:
        """As words of their own or as one."""
        settings = self.settings(
            "--shutdown-on-sigint", "nosave", "force", "now", "--shutdown-on-sigterm", "nosave now"
        )

        self.assertEqual(settings.shutdown_on_sigint, ("nosave", "now", "force"))
        self.assertEqual(settings.shutdown_on_sigterm, ("nosave", "now"))

    def test_refusals(self) -> None:
        """What is wrong is told with the line the arguments became."""
        count = "wrong number of arguments"
        cases = (
            (["--invalid"], "invalid", "Bad directive or wrong number of arguments"),
            (["--port"], "port", count),
            (["--port", "6380", "--loglevel"], "loglevel", count),
            (["--port", "6379", "6380"], 'port "6379" "6380"', count),
            (["--port", "--loglevel", "verbose"], 'port "--loglevel" "verbose"', count),
            (
                ["--port", "--bla", "--loglevel", "verbose"],
                'port "--bla"',
                "argument couldn't be parsed into an integer",
            ),
            (
                ["--replicaof", "--127.0.0.1", "abc"],
                'replicaof "--127.0.0.1" "abc"',
                "Invalid master port",
            ),
            (["--replicaof", "--127.0.0.1", "--abc"], 'replicaof "--127.0.0.1"', count),
        )
        for arguments, line, reason in cases:
            self.assertEqual(self.refused(*arguments), (line, reason))

    def test_unbalanced_quotes_in_a_name(self) -> None:
        """They are found when the line is read."""
        self.assertEqual(
            self.refused('--"port', "1"), ('"port "1"', "Unbalanced quotes in configuration line")
        )

    def test_sentinel_mode(self) -> None:
        """It is refused, wherever it is asked for."""
        with self.assertRaises(ConfigFileError) as caught:
            from_command_line(["a.conf", "--sentinel"])

        self.assertEqual(caught.exception.reason, "Sentinel mode is not supported")
