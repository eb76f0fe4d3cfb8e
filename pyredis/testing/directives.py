"""The configuration of a server under test: directives of redis.conf as Python values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from pyredis.config.conf_file import ConfigFileError, Directives, Loader
from pyredis.config.parameters import BY_NAME
from pyredis.config.settings import Settings
from pyredis.primitives.quoting import quote

_HERE = ("127.0.0.1",)
# Unless a test says otherwise: nothing is written to disk, DEBUG may be used.
_DEFAULTS = {"save": "", "enable_debug_command": "local", "enable_protected_configs": "local"}
# Of RedisForTests, which takes for a directive what it does not know.
_OPTIONS = ("frozen", "seed")
# Their values are several words.
_LINES = frozenset({"user", "rename-command", "loadmodule"})


def configure(
    given: Mapping[str, object], port: int, unixsocket: str | None
) -> tuple[Settings, Directives]:
    """
    Make the settings of a server under test.

    Args:
        given: Directives, with underscores. True and False are ``yes`` and ``no``,
            None leaves the default, a list stands for a line each.
        port: Where to listen, 0 for nowhere or a free port.
        unixsocket: Where to listen instead.

    Returns:
        The settings, and what else is to be done.

    Raises:
        ConfigFileError: A directive is wrong; the text names it.
    """
    # The working directory of the tests is not ours to change, nor to write to.
    settings = Settings(change_directory=str)
    lines = list(_lines(_DEFAULTS | dict(given)))
    try:
        directives = Loader(settings).load(b"\n".join(lines))
    except ConfigFileError as error:
        raise _explained(error, lines) from None
    if settings.cluster_enabled and not settings.cluster_announce_ip:
        settings.cluster_announce_ip = _HERE[0]
    settings.bind = _HERE
    settings.port = 0 if unixsocket else port
    settings.unixsocket = unixsocket or ""
    return settings, directives


def word(value: Any) -> bytes:
    """Return a value as a word of a request."""
    return value if isinstance(value, bytes) else str(value).encode()


def _lines(given: Mapping[str, object]) -> Iterator[bytes]:
    for name, value in given.items():
        spelled = name.replace("_", "-")
        for each in value if isinstance(value, (list, tuple)) else (value,):
            if each is None:
                continue
            text = word(("yes" if each else "no") if isinstance(each, bool) else each)
            yield spelled.encode() + b" " + (text if spelled in _LINES else quote(text))


def _explained(error: ConfigFileError, lines: list[bytes]) -> ConfigFileError:
    """Return an error that names the directive, not the number of a line that nobody wrote."""
    if error.number is None:
        return error
    name = lines[error.number - 1].decode("utf-8", "replace").partition(" ")[0]
    if name in BY_NAME or name in _LINES:
        return ConfigFileError(f"{name}: {error.reason}")
    like = get_close_matches(name, [*BY_NAME, *_LINES, *_OPTIONS], 1)
    hint = f", did you mean {like[0].replace('-', '_')}?" if like else ""
    return ConfigFileError(f"there is no option or directive {name.replace('-', '_')}{hint}")
