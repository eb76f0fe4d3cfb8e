"""What Redis asks of the text of some parameters beyond being text."""

import re

MAX_HOSTNAME = 255

_TITLE_VARIABLES = frozenset(
    ("title", "listen-addr", "server-mode", "config-file", "port", "tls-port", "unixsocket")
)
_TITLE_PART = re.compile(r"[^{]+|\{\{|\{([^}]*)\}", re.DOTALL)
_HOSTNAME = re.compile(r"[A-Za-z0-9.-]*")
_NOT_IN_A_NODE_NAME = frozenset("!#$%&()*+:;<>?@[]^{|}~")


def dump_file_name(value: str) -> None:
    """Refuse a path where the name of a file is wanted."""
    if _is_path(value):
        raise ValueError("dbfilename can't be a path, just a filename")


def append_file_name(value: str) -> None:
    """Refuse an empty name and a path."""
    if not value:
        raise ValueError("appendfilename can't be empty")
    if _is_path(value):
        raise ValueError("appendfilename can't be a path, just a filename")


def append_directory_name(value: str) -> None:
    """Refuse an empty name and a path."""
    if not value:
        raise ValueError("appenddirname can't be empty")
    if _is_path(value):
        raise ValueError("appenddirname can't be a path, just a dirname")


def hostname(value: str) -> None:
    """Refuse what cannot be a host's name."""
    if len(value.encode("utf-8", "surrogateescape")) > MAX_HOSTNAME:
        raise ValueError("Hostnames must be less than 256 characters")
    if _HOSTNAME.fullmatch(value) is None:
        raise ValueError("Hostnames may only contain alphanumeric characters, hyphens or dots")


def node_name(value: str) -> None:
    """Refuse characters that would break the lines of a cluster's node file."""
    if not _NOT_IN_A_NODE_NAME.isdisjoint(value):
        raise ValueError("Announced human node name contained invalid character")


def title_template(value: str) -> None:
    """Refuse a template with unknown variables, a brace left open, or nothing in it."""
    position = 0
    blank = True
    while position < len(value):
        part = _TITLE_PART.match(value, position)
        if part is None or (part[1] is not None and part[1] not in _TITLE_VARIABLES):
            raise _bad_template()
        # A variable may turn out empty only where Redis' own check finds it empty: it has no
        # title yet, and the mode of a server outside a cluster is nothing.
        blank = blank and (part[1] in ("title", "server-mode") or not part[0].strip(" "))
        position = part.end()
    if blank:
        raise _bad_template()


def _bad_template() -> ValueError:
    return ValueError("template format is invalid or contains unknown variables")


def _is_path(value: str) -> bool:
    return "/" in value or "\\" in value
