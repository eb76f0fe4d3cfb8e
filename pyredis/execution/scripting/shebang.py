"""The first line of scripts and libraries, which may name the engine and flags."""

from __future__ import annotations

from enum import Flag, auto

from pyredis.errors import RedisError
from pyredis.primitives.quoting import split_args


class ScriptFlag(Flag):
    """What a script has declared about itself."""

    NONE = 0
    NO_WRITES = auto()
    ALLOW_OOM = auto()
    ALLOW_STALE = auto()
    NO_CLUSTER = auto()
    ALLOW_CROSS_SLOT = auto()
    COMPATIBLE = auto()
    """It has declared nothing: the rules are those of the commands it calls."""


FLAGS_BY_NAME: dict[bytes, ScriptFlag] = {
    b"no-writes": ScriptFlag.NO_WRITES,
    b"allow-oom": ScriptFlag.ALLOW_OOM,
    b"allow-stale": ScriptFlag.ALLOW_STALE,
    b"no-cluster": ScriptFlag.NO_CLUSTER,
    b"allow-cross-slot-keys": ScriptFlag.ALLOW_CROSS_SLOT,
}


def script_header(body: bytes) -> tuple[ScriptFlag, bytes]:
    """
    Return the flags of a script, and its text from the first line's end on.

    Raises:
        RedisError: The first line is a shebang that cannot be understood.
    """
    if not body.startswith(b"#!"):
        return ScriptFlag.COMPATIBLE, body
    end = body.find(b"\n")
    if end < 0:
        raise RedisError("Invalid script shebang")
    parts = _parts(body[:end])
    if not parts:
        raise RedisError("Invalid engine in script shebang")
    if parts[0] != b"#!lua":
        raise RedisError(b"Unexpected engine in script shebang: " + parts[0])
    flags = ScriptFlag.NONE
    for part in parts[1:]:
        if not part.startswith(b"flags="):
            raise RedisError(b"Unknown lua shebang option: " + part)
        names = part.removeprefix(b"flags=")
        for name in names.split(b",") if names else ():
            if name not in FLAGS_BY_NAME:
                raise RedisError(b"Unexpected flag in script shebang: " + name)
            flags |= FLAGS_BY_NAME[name]
    return flags, body[end:]


def library_header(code: bytes) -> tuple[bytes, bytes, bytes]:
    """
    Return the engine and name of a library, and its text from the first line's end on.

    Raises:
        RedisError: The first line does not say so.
    """
    if not code.startswith(b"#!"):
        raise RedisError("Missing library metadata")
    end = code.find(b"\n")
    parts = _parts(code[:end]) if end >= 0 else []
    if not parts:
        raise RedisError("Invalid library metadata")
    name: bytes | None = None
    for part in parts[1:]:
        if part[:5].lower() != b"name=":
            raise RedisError(b"Invalid metadata value given: " + part)
        if name is not None:
            raise RedisError("Invalid metadata value, name argument was given multiple times")
        name = part[5:]
    if name is None:
        raise RedisError("Library name was not given")
    return parts[0][2:], name, code[end:]


def _parts(line: bytes) -> list[bytes]:
    try:
        return split_args(line)
    except ValueError:
        return []
