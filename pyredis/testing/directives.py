"""The configuration of a server under test: directives of redis.conf as Python values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyredis.config.conf_file import Directives, Loader
from pyredis.config.keywords import load_keywords
from pyredis.config.settings import Settings

_HERE = ("127.0.0.1",)
# Unless a test says otherwise: nothing is written to disk, DEBUG may be used.
_DEFAULTS = {"save": "", "enable_debug_command": "local", "enable_protected_configs": "local"}
# Of RedisForTests, which takes for a directive what it does not know.
_OPTIONS = ("frozen", "seed")


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
    directives = load_keywords(Loader(settings), _DEFAULTS | dict(given), _OPTIONS)
    if settings.cluster_enabled and not settings.cluster_announce_ip:
        settings.cluster_announce_ip = _HERE[0]
    settings.bind = _HERE
    settings.port = 0 if unixsocket else port
    settings.unixsocket = unixsocket or ""
    return settings, directives


def word(value: Any) -> bytes:
    """Return a value as a word of a request."""
    return value if isinstance(value, bytes) else str(value).encode()
