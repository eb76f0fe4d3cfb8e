"""
The values of the configuration, and CONFIG GET and CONFIG SET upon them.

Each parameter's value is an attribute (``settings.maxmemory``), so that hot code reads it at the
price of any other attribute. What follows from a change (listening on another port, resizing a
backlog) belongs to observers: a change is complete only when all of them have accepted it, else
everything is as it was.

The working directory is the one value that takes effect while it is read, because the paths after
it in a file are relative to it. What a directory is, is told from outside.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias

from pyredis.config.parameter_types import Parameter, Trait, decode, encode
from pyredis.config.parameters import BY_NAME, PARAMETERS, Parameters
from pyredis.config.special_types import Directory
from pyredis.errors import RedisError, syntax_error
from pyredis.primitives.patterns import compile_glob

Observer: TypeAlias = Callable[[], None]
"""Called after a value it watches has changed; raises ``ValueError(text)`` to have it back."""

_GLOB_CHARACTERS = frozenset(b"*?[")


class Change(NamedTuple):
    """A value that CONFIG SET has changed, under the name it was asked by."""

    name: str
    parameter: Parameter[Any]
    old: Any
    new: Any


class ConfigError(RedisError):
    """CONFIG SET refused something; nothing was changed."""


class Settings(Parameters):
    """
    The configuration of one server.

    Code may also assign to an attribute (REPLICAOF does, for one): CONFIG GET and CONFIG REWRITE
    then show the new value, and no observer is called.

    Args:
        directory: The working directory at start.
        change_directory: Makes a path the working directory and returns what to call it from
            now on, or raises ``OSError``.
        warn: Takes a line for the log.
    """

    __slots__ = (
        *(parameter.attribute for parameter in PARAMETERS),
        "_change_directory",
        "_observers",
        "warn",
    )

    def __init__(
        self,
        directory: str = "",
        change_directory: Callable[[str], str] = str,
        warn: Callable[[str], None] = lambda line: None,
    ) -> None:
        for parameter in PARAMETERS:
            setattr(self, parameter.attribute, parameter.default)
        self.dir = directory
        self._change_directory = change_directory
        self.warn = warn
        self._observers: dict[str, list[Observer]] = {}

    def observe(self, names: str | Iterable[str], callback: Observer) -> None:
        """
        Have ``callback`` called when CONFIG SET has changed one of these parameters.

        One CONFIG SET calls it once, however many of its parameters changed, after all values
        were set. If any observer refuses, those already called are called again with the old
        values in place.

        Raises:
            KeyError: There is no such parameter.
        """
        for name in (names,) if isinstance(names, str) else names:
            self._observers.setdefault(BY_NAME[name].name, []).append(callback)

    def get(self, *patterns: bytes) -> list[tuple[str, bytes]]:
        """
        Find parameters the way CONFIG GET does.

        A name without a wildcard is shown as it was asked for, case and alias included. Names
        found by a wildcard come with their aliases, but never with hidden ones.

        Returns:
            Pairs of name and value, in order of request, then of declaration.
        """
        found: dict[str, tuple[str, Parameter[Any]]] = {}
        for pattern in patterns:
            if _GLOB_CHARACTERS.isdisjoint(pattern):
                found_here = self._named(pattern)
            else:
                found_here = self._matching(pattern)
            for name, parameter in found_here:
                found.setdefault(name.lower(), (name, parameter))
        return [(name, self.text(parameter)) for name, parameter in found.values()]

    @staticmethod
    def _named(name: bytes) -> Iterator[tuple[str, Parameter[Any]]]:
        parameter = find(name)
        if parameter is not None:
            yield name.decode(), parameter

    @staticmethod
    def _matching(pattern: bytes) -> Iterator[tuple[str, Parameter[Any]]]:
        matches = compile_glob(pattern, ignore_case=True)
        for name, parameter in BY_NAME.items():
            if Trait.HIDDEN not in parameter.traits and matches(name.encode()):
                yield name, parameter

    def value(self, parameter: Parameter[Any]) -> Any:
        """Return a parameter's value."""
        return getattr(self, parameter.attribute)

    def text(self, parameter: Parameter[Any]) -> bytes:
        """Return a parameter's value as CONFIG GET shows it."""
        return parameter.text(self.value(parameter))

    def allows(self, action: str, is_local: bool) -> bool:
        """
        Tell whether a protected action is open to a client.

        Args:
            action: The value of an ``enable-...`` parameter: ``no``, ``yes`` or ``local``.
            is_local: Whether the client is on this machine.
        """
        return action == "yes" or (action == "local" and is_local)

    # CONFIG SET.

    def set_many(
        self,
        pairs: Sequence[tuple[bytes, bytes]],
        *,
        is_local: bool = False,
        loading: bool = False,
    ) -> None:
        """
        Set parameters the way CONFIG SET does: all of them, or none.

        Args:
            pairs: Names and values.
            is_local: Whether the client is on this machine, for protected parameters.
            loading: Whether the data set is being loaded, when some must not change.

        Raises:
            ConfigError: Something was refused, by a parameter or by an observer.
        """
        wanted = self._wanted(pairs, is_local, loading)
        changes: list[Change] = []
        for name, parameter, words in wanted:
            old = self.value(parameter)
            try:
                new = parameter.parse(words, old)
                self._store(parameter, new)
            except ValueError as error:
                self._restore(changes)
                raise refusal(name, str(error)) from None
            if new != old or Trait.VOLATILE in parameter.traits:
                changes.append(Change(name, parameter, old, new))
        self._notify(changes)
        for change in changes:
            if change.parameter.no_effect is not None and change.new != change.old:
                self.warn(no_effect_line(change.parameter))

    def _wanted(
        self, pairs: Sequence[tuple[bytes, bytes]], is_local: bool, loading: bool
    ) -> list[tuple[str, Parameter[Any], list[bytes]]]:
        """Find the parameters and refuse those that may not be set, before anything is set."""
        names: set[str] = set()
        wanted = []
        for asked, value in pairs:
            shown = decode(asked)
            parameter = find(asked)
            if parameter is None:
                raise ConfigError(
                    encode(f"Unknown option or number of arguments for CONFIG SET - '{shown}'")
                )
            if Trait.IMMUTABLE in parameter.traits:
                raise refusal(shown, "can't set immutable config")
            if Trait.PROTECTED in parameter.traits and not self.allows(
                self.enable_protected_configs, is_local
            ):
                raise refusal(shown, "can't set protected config")
            if loading and Trait.DENY_LOADING in parameter.traits:
                raise ConfigError("Redis is loading the dataset in memory", "LOADING")
            name = shown.lower()
            if name in names:
                raise refusal(shown, "duplicate parameter")
            names.add(name)
            wanted.append((name, parameter, words_of(parameter, value)))
        return wanted

    def _store(self, parameter: Parameter[Any], value: Any) -> None:
        if isinstance(parameter, Directory):
            try:
                value = self._change_directory(value)
            except OSError as error:
                raise ValueError(error.strerror or str(error)) from None
        setattr(self, parameter.attribute, value)

    def _restore(self, changes: Sequence[Change]) -> None:
        # Backwards, for a name and its alias may both have been set.
        for name, parameter, old, _ in reversed(changes):
            try:
                self._store(parameter, old)
            except ValueError as error:
                self.warn(
                    "Failed restoring failed CONFIG SET command. "
                    f"Error setting {name} to '{old}': {error}"
                )

    def _notify(self, changes: Sequence[Change]) -> None:
        """Call the observers of what changed; undo everything if one refuses."""
        called: list[Observer] = []
        for change in changes:
            for callback in self._observers.get(change.parameter.name, ()):
                if callback in called:
                    continue
                called.append(callback)
                try:
                    callback()
                except ValueError as error:
                    self._undo(changes, called, change.name)
                    raise refusal(change.name, str(error)) from None
                except BaseException:
                    self._undo(changes, called, change.name)
                    raise

    def _undo(self, changes: Sequence[Change], called: Sequence[Observer], name: str) -> None:
        self.warn(
            f"Failed applying new configuration. Possibly related to new {name} setting. "
            "Restoring previous settings."
        )
        self._restore(changes)
        for callback in called:
            try:
                callback()
            except ValueError as error:
                self.warn(f"Failed applying restored failed CONFIG SET command: {error}")

    # Setting at start.

    def set_line(self, parameter: Parameter[Any], words: list[bytes], repeated: bool) -> None:
        """
        Set a parameter from the words of a line of redis.conf, immutable ones as well.

        Raises:
            ValueError: The words were refused.
        """
        value = parameter.parse_line(words, self.value(parameter), repeated)
        self._store(parameter, value)
        if parameter.no_effect is not None and value != parameter.default:
            self.warn(no_effect_line(parameter))


def find(name: bytes) -> Parameter[Any] | None:
    """Find a parameter by its name or alias, in any case."""
    return BY_NAME.get(name.lower().decode("latin-1"))


def is_sensitive(name: bytes) -> bool:
    """Tell whether the value given for a parameter must not be shown in logs."""
    parameter = find(name)
    return parameter is not None and Trait.SENSITIVE in parameter.traits


def pairs_of(arguments: Sequence[bytes]) -> list[tuple[bytes, bytes]]:
    """
    Pair up the arguments of CONFIG SET.

    Raises:
        RedisError: A name has no value.
    """
    if len(arguments) % 2:
        raise syntax_error()
    return list(zip(arguments[::2], arguments[1::2], strict=True))


def words_of(parameter: Parameter[Any], value: bytes) -> list[bytes]:
    """Split a value of CONFIG SET as Redis does: by single spaces, and nothing has no words."""
    if not parameter.several:
        return [value]
    return value.split(b" ") if value else []


def no_effect_line(parameter: Parameter[Any]) -> str:
    """Say that setting a parameter changed nothing."""
    return f"'{parameter.name}' has no effect in this server: {parameter.no_effect}"


def refusal(name: str, text: str) -> ConfigError:
    """The error for a parameter that was not set, with a reason if there is one."""
    message = f"CONFIG SET failed (possibly related to argument '{name}')"
    return ConfigError(encode(f"{message} - {text}" if text else message))
