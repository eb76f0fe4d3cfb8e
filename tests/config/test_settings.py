"""The values, and CONFIG GET and CONFIG SET upon them."""

from twisted.trial.unittest import SynchronousTestCase

from pyredis.config.parameters import PARAMETERS
from pyredis.config.settings import ConfigError, Settings, find, is_sensitive, pairs_of
from pyredis.errors import RedisError


class SettingsTests(SynchronousTestCase):
    """A base with settings and words to set them."""

    def setUp(self) -> None:
        """Make settings that keep their warnings."""
        self.warnings: list[str] = []
        self.settings = Settings("/srv", self.change_directory, self.warnings.append)

    def change_directory(self, path: str) -> str:
        """Know of two directories."""
        if path not in ("/srv", "sub"):
            raise FileNotFoundError(2, "No such file or directory", path)
        return "/srv/sub" if path == "sub" else path

    def set(self, *words: bytes, is_local: bool = False, loading: bool = False) -> None:
        """Do a CONFIG SET."""
        self.settings.set_many(pairs_of(words), is_local=is_local, loading=loading)

    def refused(self, *words: bytes, is_local: bool = False, loading: bool = False) -> bytes:
        """Do a CONFIG SET that fails, and return what it says."""
        with self.assertRaises(ConfigError) as caught:
            self.set(*words, is_local=is_local, loading=loading)
        return caught.exception.text

    def shown(self, name: bytes) -> bytes:
        """Do a CONFIG GET of one name."""
        return self.settings.get(name)[0][1]


class AttributeTests(SettingsTests):
    """Values are attributes."""

    def test_they_begin_with_their_defaults(self) -> None:
        """Every parameter has a value from the start."""
        for parameter in PARAMETERS:
            if parameter.name != "dir":
                self.assertEqual(self.settings.value(parameter), parameter.default)
        self.assertEqual(self.settings.dir, "/srv")

    def test_they_have_the_types_code_wants(self) -> None:
        """Numbers are numbers and switches are switches."""
        self.set(b"maxmemory", b"100mb", b"lazyfree-lazy-expire", b"yes", b"save", b"900 1")

        self.assertEqual(self.settings.maxmemory, 100 << 20)
        self.assertIs(self.settings.lazyfree_lazy_expire, True)
        self.assertEqual(self.settings.save[0].seconds, 900)
        self.assertEqual(self.settings.client_output_buffer_limit.pubsub.hard_bytes, 32 << 20)

    def test_code_may_assign(self) -> None:
        """An assignment is seen by CONFIG GET; a name that is none is a mistake."""
        self.settings.maxclients = 5

        self.assertEqual(self.shown(b"maxclients"), b"5")
        with self.assertRaises(AttributeError):
            self.settings.maxclient = 5  # type: ignore[attr-defined]

    def test_settings_are_apart(self) -> None:
        """Servers in one process do not share values."""
        other = Settings()
        self.set(b"timeout", b"7")

        self.assertEqual(other.timeout, 0)


class GetTests(SettingsTests):
    """CONFIG GET."""

    def names(self, *patterns: bytes) -> list[str]:
        """Return the names found."""
        return [name for name, _ in self.settings.get(*patterns)]

    def test_a_name_is_shown_as_asked(self) -> None:
        """Case and alias are the client's."""
        self.assertEqual(self.names(b"MaxMemory", b"SLAVEOF"), ["MaxMemory", "SLAVEOF"])

    def test_wildcards_find_aliases(self) -> None:
        """A parameter with two names is found under both, in any case."""
        self.assertEqual(self.names(b"*OF"), ["replicaof", "slaveof"])
        self.assertEqual(self.names(b"maxmem[o]ry"), ["maxmemory"])

    def test_nothing_is_shown_twice(self) -> None:
        """Patterns may overlap; the first one has its spelling kept."""
        names = self.names(b"MAXMEMORY", b"maxmemory", b"maxmemory*")

        self.assertEqual(names[0], "MAXMEMORY")
        self.assertEqual(len(names), len({name.lower() for name in names}))
        self.assertIn("maxmemory-samples", names)

    def test_hidden_parameters_have_to_be_named(self) -> None:
        """A pattern does not find them."""
        self.assertEqual(self.names(b"key-load-dela?"), [])
        self.assertEqual(self.settings.get(b"key-load-delay"), [("key-load-delay", b"0")])

    def test_what_is_unknown_is_left_out(self) -> None:
        """There is no error for a name that is none."""
        self.assertEqual(self.names(b"nothing", b"\xff", b"no*such"), [])

    def test_everything(self) -> None:
        """An asterisk shows all that is not hidden."""
        names = self.names(b"*")

        self.assertEqual(len(names), 195 + 2)
        self.assertEqual(len(names), len(set(names)))


class SetTests(SettingsTests):
    """CONFIG SET."""

    def test_an_unknown_name(self) -> None:
        """The first one is named, in the client's spelling."""
        self.assertEqual(
            self.refused(b"timeout", b"1", b"No\xff", b"1", b"nor", b"1"),
            b"ERR Unknown option or number of arguments for CONFIG SET - 'No\xff'",
        )
        self.assertEqual(self.settings.timeout, 0)

    def test_an_odd_argument(self) -> None:
        """A name without a value is a matter of syntax."""
        with self.assertRaises(RedisError) as caught:
            pairs_of([b"a", b"b", b"c"])

        self.assertEqual(caught.exception.text, b"ERR syntax error")

    def test_an_immutable_parameter(self) -> None:
        """The name is shown in the client's spelling."""
        self.assertEqual(
            self.refused(b"DAEMONIZE", b"yes"),
            b"ERR CONFIG SET failed (possibly related to argument 'DAEMONIZE')"
            b" - can't set immutable config",
        )

    def test_the_first_fault_is_told(self) -> None:
        """Faults are looked for from left to right."""
        self.assertIn(b"immutable", self.refused(b"daemonize", b"yes", b"nothing", b"1"))
        self.assertIn(b"Unknown", self.refused(b"nothing", b"1", b"daemonize", b"yes"))

    def test_a_protected_parameter(self) -> None:
        """It opens to all, or to clients on this machine."""
        refusal = (
            b"ERR CONFIG SET failed (possibly related to argument 'dbfilename')"
            b" - can't set protected config"
        )
        self.assertEqual(self.refused(b"dbfilename", b"a", is_local=True), refusal)
        self.settings.enable_protected_configs = "local"
        self.assertEqual(self.refused(b"dbfilename", b"a"), refusal)
        self.set(b"dbfilename", b"a", is_local=True)
        self.settings.enable_protected_configs = "yes"
        self.set(b"dbfilename", b"b")
        self.assertEqual(self.settings.dbfilename, "b")

    def test_loading(self) -> None:
        """Some must wait for the data set, and the error has another code."""
        self.assertEqual(
            self.refused(b"appendonly", b"yes", loading=True),
            b"LOADING Redis is loading the dataset in memory",
        )
        self.set(b"timeout", b"1", loading=True)

    def test_a_duplicate(self) -> None:
        """A name may come once, in whatever case."""
        self.assertEqual(
            self.refused(b"timeout", b"1", b"Timeout", b"2"),
            b"ERR CONFIG SET failed (possibly related to argument 'Timeout') - duplicate parameter",
        )

    def test_an_alias_is_no_duplicate(self) -> None:
        """Redis takes a parameter's two names for two; the last value stays."""
        self.set(b"lua-time-limit", b"1", b"busy-reply-threshold", b"2")

        self.assertEqual(self.settings.busy_reply_threshold, 2)

    def test_a_wrong_value(self) -> None:
        """The parameter's own spelling is shown, with the reason."""
        self.assertEqual(
            self.refused(b"MAXMEMORY", b"1x"),
            b"ERR CONFIG SET failed (possibly related to argument 'maxmemory')"
            b" - argument must be a memory value",
        )
        self.assertIn(b"'lua-time-limit'", self.refused(b"lua-time-limit", b"x"))

    def test_all_or_nothing(self) -> None:
        """Values set before a wrong one are taken back, a name set twice included."""
        self.settings.timeout = 5
        self.refused(
            b"timeout", b"6", b"lua-time-limit", b"1", b"busy-reply-threshold", b"2", b"hz", b"x"
        )

        self.assertEqual((self.settings.timeout, self.settings.busy_reply_threshold), (5, 5000))

    def test_words_are_split_by_single_spaces(self) -> None:
        """Two spaces have an empty word between them."""
        self.assertIn(b"Invalid save parameters", self.refused(b"save", b"1  2"))
        self.set(b"shutdown-on-sigterm", b"now force")
        self.assertEqual(self.settings.shutdown_on_sigterm, ("now", "force"))

    def test_an_empty_value_has_no_words(self) -> None:
        """For some that is a value."""
        self.set(b"save", b"", b"bind", b"", b"latency-tracking-info-percentiles", b"")

        self.assertEqual(self.settings.save, ())
        self.assertEqual(self.settings.bind, ())
        self.assertIn(b"must be one of", self.refused(b"shutdown-on-sigterm", b""))

    def test_what_has_no_effect_is_told(self) -> None:
        """A line for the log says why, once there is a change."""
        self.set(b"list-compress-depth", b"0")
        self.assertEqual(self.warnings, [])

        self.set(b"list-compress-depth", b"1")

        self.assertEqual(
            self.warnings,
            [
                "'list-compress-depth' has no effect in this server: "
                "nodes of a list are not compressed"
            ],
        )


class DirectoryTests(SettingsTests):
    """The working directory changes while it is set."""

    def setUp(self) -> None:
        """Let it be set."""
        super().setUp()
        self.settings.enable_protected_configs = "yes"

    def test_the_value_is_what_the_path_means(self) -> None:
        """Someone else says what to call it."""
        self.set(b"dir", b"sub")

        self.assertEqual(self.shown(b"dir"), b"/srv/sub")

    def test_a_directory_that_is_not_there(self) -> None:
        """The system's words are the reason."""
        self.assertEqual(
            self.refused(b"dir", b"/nowhere"),
            b"ERR CONFIG SET failed (possibly related to argument 'dir')"
            b" - No such file or directory",
        )
        self.assertEqual(self.settings.dir, "/srv")

    def test_it_is_changed_back(self) -> None:
        """A later fault takes the directory back."""
        self.refused(b"dir", b"sub", b"hz", b"x")

        self.assertEqual(self.settings.dir, "/srv")
        self.assertEqual(self.warnings, [])

    def test_it_may_be_gone(self) -> None:
        """A directory that cannot be had back is told in the log."""
        self.settings.dir = "/gone"
        self.refused(b"dir", b"sub", b"hz", b"x")

        self.assertEqual(self.settings.dir, "/srv/sub")
        self.assertEqual(
            self.warnings,
            [
                "Failed restoring failed CONFIG SET command. "
                "Error setting dir to '/gone': No such file or directory"
            ],
        )


class ObserverTests(SettingsTests):
    """Side effects."""

    def setUp(self) -> None:
        """Note what observers saw."""
        super().setUp()
        self.seen: list[tuple[str, int]] = []

    def see_timeout(self) -> None:
        """Note the value."""
        self.seen.append(("timeout", self.settings.timeout))

    def refuse_port(self) -> None:
        """Have no other port."""
        self.seen.append(("port", self.settings.port))
        if self.settings.port != 6379:
            raise ValueError("Unable to listen on this port. Check server logs.")

    def test_an_observer_sees_the_new_value(self) -> None:
        """It is called after all values were set."""
        self.settings.observe("timeout", self.see_timeout)
        self.set(b"timeout", b"3", b"port", b"1")

        self.assertEqual(self.seen, [("timeout", 3)])

    def test_nothing_changed(self) -> None:
        """The value it had is no change, except for what may have changed by itself."""
        self.settings.observe(("timeout", "tls-cert-file"), self.see_timeout)
        self.set(b"timeout", b"0")
        self.assertEqual(self.seen, [])

        self.set(b"tls-cert-file", b"")
        self.assertEqual(len(self.seen), 1)

    def test_once_for_several_parameters(self) -> None:
        """An observer of several is called once."""
        self.settings.observe(["timeout", "lua-time-limit"], self.see_timeout)
        self.set(b"timeout", b"3", b"busy-reply-threshold", b"4")

        self.assertEqual(self.seen, [("timeout", 3)])

    def test_an_unknown_name(self) -> None:
        """To observe what is not there is a mistake."""
        with self.assertRaises(KeyError):
            self.settings.observe("time-out", self.see_timeout)

    def test_a_refusal_takes_everything_back(self) -> None:
        """Those already called are called again, with the old values."""
        self.settings.observe("timeout", self.see_timeout)
        self.settings.observe("port", self.refuse_port)

        refusal = self.refused(b"timeout", b"3", b"port", b"1", b"hz", b"20")

        self.assertEqual(
            refusal,
            b"ERR CONFIG SET failed (possibly related to argument 'port')"
            b" - Unable to listen on this port. Check server logs.",
        )
        self.assertEqual(self.seen, [("timeout", 3), ("port", 1), ("timeout", 0), ("port", 6379)])
        self.assertEqual((self.settings.timeout, self.settings.hz), (0, 10))
        self.assertEqual(
            self.warnings,
            [
                "Failed applying new configuration. Possibly related to new port setting. "
                "Restoring previous settings."
            ],
        )

    def test_a_refusal_without_words(self) -> None:
        """The message then ends early."""

        def refuse() -> None:
            raise ValueError

        self.settings.observe("timeout", refuse)

        self.assertEqual(
            self.refused(b"timeout", b"3"),
            b"ERR CONFIG SET failed (possibly related to argument 'timeout')",
        )
        self.assertIn("Failed applying restored failed CONFIG SET command: ", self.warnings)

    def test_a_fault_of_an_observer_takes_everything_back(self) -> None:
        """An error that is none of the client's goes on, but leaves no half of a change."""

        def fail() -> None:
            if self.settings.timeout:
                raise ZeroDivisionError

        self.settings.observe("timeout", fail)
        with self.assertRaises(ZeroDivisionError):
            self.set(b"timeout", b"3")

        self.assertEqual(self.settings.timeout, 0)


class LookupTests(SynchronousTestCase):
    """Parameters by name."""

    def test_names_are_found_in_any_case(self) -> None:
        """A name, an alias, and what is neither."""
        self.assertIs(find(b"SLAVEOF"), find(b"replicaof"))
        self.assertIsNone(find(b"\xff"))

    def test_secrets(self) -> None:
        """What must not be logged is told by name."""
        self.assertTrue(is_sensitive(b"RequirePass"))
        self.assertFalse(is_sensitive(b"timeout"))
        self.assertFalse(is_sensitive(b"nothing"))
