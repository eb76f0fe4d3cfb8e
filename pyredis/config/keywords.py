"""Directives of redis.conf as keyword arguments of a program: ``maxmemory="100mb", port=0``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches

from pyredis.config.conf_file import ConfigFileError, Directives, Loader
from pyredis.config.parameters import BY_NAME
from pyredis.primitives.quoting import quote

# Their values are several words.
_LINES = frozenset({"user", "rename-command", "loadmodule"})


def load_keywords(
    loader: Loader, given: Mapping[str, object], options: Sequence[str] = ()
) -> Directives:
    """
    Put directives into effect.

    Args:
        loader: Reads them into settings.
        given: Names with underscores. True and False are ``yes`` and ``no``, None
            leaves the default, a list stands for a line each.
        options: What else may have been meant by a name that is no directive.

    Returns:
        What else is to be done.

    Raises:
        ConfigFileError: A directive is wrong; the text names it.
    """
    lines = list(_lines(given))
    try:
        return loader.load(b"\n".join(lines))
    except ConfigFileError as error:
        raise _explained(error, lines, options) from None


def _lines(given: Mapping[str, object]) -> Iterator[bytes]:
    for name, value in given.items():
        spelled = name.replace("_", "-")
        for each in value if isinstance(value, (list, tuple)) else (value,):
            if each is None:
                continue
            text = _spelled(each)
            yield spelled.encode() + b" " + (text if spelled in _LINES else quote(text))


def _spelled(value: object) -> bytes:
    if isinstance(value, bool):
        return b"yes" if value else b"no"
    return value if isinstance(value, bytes) else str(value).encode()


def _explained(
    error: ConfigFileError, lines: list[bytes], options: Sequence[str]
) -> ConfigFileError:
    """Return an error that names the directive, not the number of a line that nobody wrote."""
    if error.number is None or error.path is not None:
        return error
    name = lines[error.number - 1].decode("utf-8", "replace").partition(" ")[0]
    if name in BY_NAME or name in _LINES or name == "include":
        return ConfigFileError(f"{name}: {error.reason}")
    like = get_close_matches(name, [*BY_NAME, *_LINES, *options], 1)
    hint = f", did you mean {like[0].replace('-', '_')}?" if like else ""
    return ConfigFileError(f"there is no option or directive {name.replace('-', '_')}{hint}")
