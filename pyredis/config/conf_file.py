"""
redis.conf: lines taken apart and put into effect, and the command line that adds to them.

Reading is all or nothing: the first line that is wrong stops the server, with the message an
administrator of Redis knows. ``check`` reads on instead and tells of every line.

Files come from outside: ``read`` returns the bytes of a path or raises ``OSError``, ``expand``
the paths a pattern stands for. So do the two directives that are other packages' business:
``rename-command`` and ``user`` are handed on while their line is read, to be refused with it.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from pyredis.config.parameter_types import decode, encode
from pyredis.config.settings import Settings, find
from pyredis.primitives import quoting

Read: TypeAlias = Callable[[str], bytes]
Expand: TypeAlias = Callable[[str], Iterable[str]]
DeclareUser: TypeAlias = Callable[[list[bytes]], None]

MAX_INCLUDE_DEPTH = 32

_TRIMMED = b" \t\r\n"
_WILDCARDS = frozenset("*?[")
_BAD_DIRECTIVE = "Bad directive or wrong number of arguments"

# Names Redis once knew; a line with one value is passed over.
_FORGOTTEN = frozenset(
    (b"list-max-ziplist-entries", b"list-max-ziplist-value", b"lua-replicate-commands")
)


class ConfigFileError(Exception):
    """
    A configuration that cannot be used.

    Args:
        reason: What is wrong, in Redis' words.
        number: The number of the line, from 1; none if no single line is at fault.
        line: The line, without blanks around it.
        path: The file that was included, if it is not the text itself.
    """

    def __init__(
        self, reason: str, number: int | None = None, line: bytes = b"", path: str | None = None
    ) -> None:
        super().__init__(reason if number is None else f"line {number}: {reason}")
        self.reason = reason
        self.number = number
        self.line = line
        self.path = path

    def report(self, version: str) -> str:
        """Say it as redis-server does before it gives up; ``version`` is the Redis version."""
        lines = ["", f"*** FATAL CONFIG FILE ERROR (Redis {version}) ***"]
        if self.number is not None:
            lines.append(f"Reading the configuration file, at line {self.number}")
            lines.append(f">>> '{decode(self.line)}'")
        return "\n".join([*lines, self.reason, ""])


class UnreadableFile(ConfigFileError):
    """A configuration file that cannot be opened; Redis says so in its log, without a banner."""

    def __init__(self, path: str, error: OSError) -> None:
        why = error.strerror or str(error)
        super().__init__(f"Fatal error, can't open config file '{path}': {why}", path=path)

    def report(self, version: str) -> str:
        """Say it in one line."""
        return self.reason + "\n"


class Line(NamedTuple):
    """A line that is neither blank nor a comment; ``argv`` is missing if its quotes are wrong."""

    number: int
    text: bytes
    argv: list[bytes] | None


def parse(text: bytes) -> Iterator[Line]:
    """Take the lines of a configuration apart."""
    for number, raw in enumerate(text.split(b"\n"), 1):
        line = raw.strip(_TRIMMED)
        if not line or line.startswith(b"#"):
            continue
        try:
            argv = quoting.split_args(line)
        except ValueError:
            yield Line(number, line, None)
            continue
        if argv:
            argv[0] = argv[0].lower()
            yield Line(number, line, argv)


class Module(NamedTuple):
    """A ``loadmodule`` line."""

    path: str
    arguments: list[bytes]


@dataclass
class Directives:
    """What a configuration says besides setting parameters, in the order of its lines."""

    renamed: list[tuple[bytes, bytes]] = field(default_factory=list)
    users: list[list[bytes]] = field(default_factory=list)
    modules: list[Module] = field(default_factory=list)
    module_settings: dict[bytes, bytes] = field(default_factory=dict)


def no_files(path: str) -> bytes:
    """Read nothing: every file is missing."""
    raise FileNotFoundError(2, "No such file or directory", path)


class Loader:
    """
    Reads configurations into settings.

    Args:
        settings: Where values go.
        read: Returns the bytes of a file, or raises ``OSError``.
        expand: Returns the files a pattern of ``include`` stands for.
        rename_command: Renames a command, or removes it for an empty new name; raises
            ``ValueError`` with what is wrong.
        declare_user: Takes the words of a ``user`` line after the first; raises ``ValueError``
            with what is wrong.
    """

    def __init__(
        self,
        settings: Settings,
        read: Read = no_files,
        expand: Expand = lambda pattern: (),
        rename_command: Callable[[bytes, bytes], None] = lambda old, new: None,
        declare_user: DeclareUser = lambda words: None,
    ) -> None:
        self.directives = Directives()
        self._settings = settings
        self._read = read
        self._expand = expand
        self._rename_command = rename_command
        self._declare_user = declare_user
        self._seen: set[str] = set()
        self._depth = 0

    def load(self, text: bytes) -> Directives:
        """
        Put a configuration into effect.

        Raises:
            ConfigFileError: A line, or the whole, is wrong. Lines before it have taken effect.
        """
        for problem in self.problems(text):
            raise problem
        return self.directives

    def problems(self, text: bytes) -> Iterator[ConfigFileError]:
        """Put what is right into effect and yield what is wrong."""
        yield from self._lines(text, None)
        yield from self._as_a_whole()

    def _lines(self, text: bytes, path: str | None) -> Iterator[ConfigFileError]:
        for number, line, argv in parse(text):
            try:
                if argv is None:
                    raise ValueError("Unbalanced quotes in configuration line")
                if argv[0] == b"include" and len(argv) == 2:
                    yield from self._include(decode(argv[1]))
                else:
                    self._directive(argv)
            except ValueError as error:
                yield ConfigFileError(str(error), number, line, path)

    def _include(self, pattern: str) -> Iterator[ConfigFileError]:
        if self._depth == MAX_INCLUDE_DEPTH:
            raise ValueError("Too many files include each other")
        try:
            text = read_matching(pattern, self._read, self._expand)
        except UnreadableFile as error:
            yield error
            return
        self._depth += 1
        try:
            yield from self._lines(text, pattern)
        finally:
            self._depth -= 1
        # A file that includes defaults and then has save points of its own means just these.
        # (So it is in Redis for a single line; of several lines after an include it heeds the
        # last one alone, by mistake, and would lose save points that CONFIG REWRITE has written.)
        self._seen.clear()

    def _directive(self, argv: list[bytes]) -> None:
        parameter = find(argv[0])
        if parameter is not None:
            if not parameter.several and len(argv) != 2:
                raise ValueError("wrong number of arguments")
            words = split_again(argv[1:]) if parameter.several else argv[1:]
            self._settings.set_line(parameter, words, repeated=parameter.name in self._seen)
            self._seen.add(parameter.name)
        elif not is_forgotten(argv):
            self._other_directive(argv)

    def _other_directive(self, argv: list[bytes]) -> None:
        name, words = argv[0], argv[1:]
        if name == b"rename-command" and len(words) == 2:
            self._rename_command(words[0], words[1])
            self.directives.renamed.append((words[0], words[1]))
        elif name == b"user" and words:
            self._declare_user(words)
            self.directives.users.append(words)
        elif name == b"loadmodule" and words:
            self.directives.modules.append(Module(decode(words[0]), words[1:]))
        elif b"." in name:
            if not words:
                raise ValueError("Module config specified without value")
            self.directives.module_settings[name] = b" ".join(words)
        elif name == b"sentinel":
            # The word alone changes nothing in a file: Redis looks for it on the command line.
            if words:
                raise ValueError("sentinel directive while not in sentinel mode")
        else:
            raise ValueError(_BAD_DIRECTIVE)

    def _as_a_whole(self) -> Iterator[ConfigFileError]:
        settings = self._settings
        if not settings.cluster_enabled:
            return
        if settings.replicaof is not None:
            yield ConfigFileError("replicaof directive not allowed in cluster mode")
        if settings.databases > 1:
            settings.warn(
                f"WARNING: Changing databases number from {settings.databases} to 1 "
                "since we are in cluster mode"
            )
            settings.databases = 1


def check(
    text: bytes,
    read: Read = no_files,
    expand: Expand = lambda pattern: (),
    settings: Settings | None = None,
    declare_user: DeclareUser = lambda words: None,
) -> list[ConfigFileError]:
    """
    Find everything that is wrong with a configuration, without putting it into effect.

    The commands that are renamed are not looked at, nor are the rules of users unless
    ``declare_user`` reads them, nor is the directory, unless ``settings``, which are written
    over, know what a directory is.
    """
    loader = Loader(settings or Settings(), read, expand, declare_user=declare_user)
    return list(loader.problems(text))


def ineffective(
    text: bytes, read: Read = no_files, expand: Expand = lambda pattern: ()
) -> list[str]:
    """Tell which lines of a configuration change nothing in this server, and why."""
    notes: list[str] = []
    list(Loader(Settings(warn=notes.append), read, expand).problems(text))
    return list(dict.fromkeys(notes))


def read_matching(path: str, read: Read, expand: Expand) -> bytes:
    """
    Read a configuration file, or all those a pattern stands for, one after the other.

    A pattern may stand for no file at all, so that a directory of fragments can be empty.

    Raises:
        UnreadableFile: A file cannot be read.
    """
    text = b""
    for each in [path] if _WILDCARDS.isdisjoint(path) else expand(path):
        try:
            text += read(each)
        except OSError as error:
            raise UnreadableFile(each, error) from None
    return text


def split_again(words: list[bytes]) -> list[bytes]:
    """
    Split a single quoted word into several, as in ``--save "900 1"``.

    Redis goes on without any word when the quotes inside are wrong.
    """
    if len(words) != 1 or not words[0]:
        return words
    try:
        return quoting.split_args(words[0])
    except ValueError:
        return []


def is_forgotten(argv: list[bytes]) -> bool:
    """Tell whether a line sets something Redis no longer has and still lets pass."""
    return len(argv) == 2 and argv[0] in _FORGOTTEN


class CommandLine(NamedTuple):
    """What the arguments of the server ask for."""

    path: str | None
    """The configuration file."""
    from_stdin: bool
    """Whether standard input holds more configuration."""
    options: bytes
    """The options as lines of configuration, to be read after all else."""

    def text(self, from_file: bytes, from_stdin: bytes) -> bytes:
        """Put the three sources together; the last to speak of a parameter decides."""
        return from_file + from_stdin + b"\n" + self.options


def from_command_line(arguments: list[str]) -> CommandLine:
    """
    Read the server's arguments (without the program's name) by redis-server's rules.

    A first argument without a hyphen is a file. ``--name`` begins an option, its values follow
    up to the next argument with two hyphens; the first value may have two hyphens itself.
    ``"--name value"`` may also be one argument. A lone ``-``, first or last, is standard input.

    Raises:
        ConfigFileError: Sentinel mode was asked for.
    """
    if "--sentinel" in arguments:
        raise ConfigFileError("Sentinel mode is not supported")
    path = None
    if arguments and not arguments[0].startswith("-"):
        path = arguments[0]
    from_stdin = False
    options = b""
    name_is_complete = True
    for index in range(0 if path is None else 1, len(arguments)):
        argument = arguments[index]
        word = encode(argument)
        if argument == "-" and index in (0, len(arguments) - 1):
            from_stdin = True
        elif name_is_complete and argument.startswith("--"):
            options += (b"\n" if options else b"") + word[2:] + b" "
            name_is_complete = not is_bare_name(word)
            if argument.lower() == "--save" and _option_follows(arguments, index):
                # Before Redis 7.0 an option could stand without a value. Command lines made
                # from a list of save points that happens to be empty still have to work.
                options += b'""'
                name_is_complete = True
        else:
            options += quoting.quote(word) + b" "
            name_is_complete = True
    return CommandLine(path, from_stdin, options)


def is_bare_name(word: bytes) -> bool:
    """Tell whether an argument is an option's name without a value."""
    try:
        return len(quoting.split_args(word)) == 1
    except ValueError:
        return False


def _option_follows(arguments: list[str], index: int) -> bool:
    return index + 1 == len(arguments) or arguments[index + 1].startswith("--")
