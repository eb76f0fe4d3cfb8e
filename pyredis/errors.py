"""
What PyRedis says to a client when it refuses.

Every text a client can read is worded here, once, and is Redis' own (7.2) to
the byte. Commands raise; only the dispatcher turns an error into a reply.
A new instance is raised each time: a shared exception would keep the
tracebacks of all its raises alive.
"""


class RedisError(Exception):
    """
    An error reply: a code in capitals and a message, ``-CODE message`` on the wire.

    Args:
        message: The text after the code; CR and LF in it are written as spaces.
        code: The first word, if not the class's own.

    Attributes:
        is_counted: Whether the error statistics know of it already.
    """

    code = "ERR"
    is_counted = False

    def __init__(self, message: str | bytes, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message.encode("utf-8") if isinstance(message, str) else message
        if code is not None:
            self.code = code

    @property
    def text(self) -> bytes:
        """The reply's text without ``-`` and CRLF."""
        flat = self.message.replace(b"\r", b" ").replace(b"\n", b" ")
        return self.code.encode() + b" " + flat


class WrongType(RedisError):
    """The key holds a value of another type than the command works on."""

    code = "WRONGTYPE"

    def __init__(self) -> None:
        super().__init__("Operation against a key holding the wrong kind of value")


class Unexplained(RedisError):
    """Something failed; only the log says what."""

    def __init__(self) -> None:
        super().__init__("")

    @property
    def text(self) -> bytes:
        """The code alone."""
        return self.code.encode()


class ProtocolError(RedisError):
    """The bytes received are no request: answered, then the connection is closed."""

    def __init__(self, message: str | bytes) -> None:
        prefix = b"Protocol error: "
        super().__init__(prefix + (message.encode() if isinstance(message, str) else message))


def c_text(argument: bytes) -> bytes:
    """Return as much of an argument as Redis shows in an error: up to a NUL byte."""
    return argument.partition(b"\0")[0]


def syntax_error() -> RedisError:
    """An option that is unknown, misplaced or contradicts another."""
    return RedisError("syntax error")


def not_an_integer() -> RedisError:
    """A number that is no 64-bit integer in Redis' canonical form."""
    return RedisError("value is not an integer or out of range")


def not_a_float() -> RedisError:
    """A number that is no float."""
    return RedisError("value is not a valid float")


def out_of_range() -> RedisError:
    """An integer beyond what the option takes."""
    return RedisError("value is out of range")


def not_positive() -> RedisError:
    """A count that must not be negative."""
    return RedisError("value is out of range, must be positive")


def no_such_key() -> RedisError:
    """The command needs a key that does not exist."""
    return RedisError("no such key")


def index_out_of_range() -> RedisError:
    """A list index beyond the list's ends."""
    return RedisError("index out of range")


def wrong_arity(name: str) -> RedisError:
    """Too few or too many arguments; ``name`` is ``get`` or ``client|list``."""
    return RedisError(f"wrong number of arguments for '{name}' command")


def invalid_expire(name: str) -> RedisError:
    """A TTL that is not positive where it must be, or overflows; ``name`` is the command's."""
    return RedisError(f"invalid expire time in '{name}' command")


def string_too_long() -> RedisError:
    """A string that would pass ``proto-max-bulk-len``."""
    return RedisError("string exceeds maximum allowed size (proto-max-bulk-len)")


def overflow() -> RedisError:
    """An INCR-like command whose result does not fit 64 bits."""
    return RedisError("increment or decrement would overflow")


def db_index_out_of_range() -> RedisError:
    """A database number at or beyond ``databases``."""
    return RedisError("DB index is out of range")


def transaction_discarded(cause: RedisError) -> RedisError:
    """EXEC itself was refused, so that nothing of its transaction runs."""
    text = cause.message if cause.code == "ERR" else cause.text
    return RedisError(b"Transaction discarded because of: " + text, code="EXECABORT")


def memory_exceeded() -> RedisError:
    """A command would take memory that ``maxmemory`` does not allow."""
    return RedisError("command not allowed when used memory > 'maxmemory'.", code="OOM")


def too_few_replicas() -> RedisError:
    """A write that ``min-replicas-to-write`` does not allow now."""
    return RedisError("Not enough good replicas to write.", code="NOREPLICAS")


def unknown_command(name: bytes, arguments: list[bytes]) -> RedisError:
    """
    A command that does not exist.

    Redis shows at most 128 bytes of the name and the beginning of the arguments.
    """
    shown = b""
    for argument in arguments:
        if len(shown) >= 128:
            break
        shown += b"'%b' " % c_text(argument)[: 128 - len(shown)]
    name = c_text(name)[:128]
    return RedisError(b"unknown command '%b', with args beginning with: %b" % (name, shown))


def wrong_subcommand(subcommand: bytes, container: str) -> RedisError:
    """A subcommand with too many arguments, where the table cannot tell; as it was spelled."""
    return RedisError(
        b"unknown subcommand or wrong number of arguments for '%b'. Try %b HELP."
        % (c_text(subcommand)[:128], container.encode())
    )


def unknown_subcommand(subcommand: bytes, container: str) -> RedisError:
    """A subcommand that does not exist; ``container`` is ``CLIENT``."""
    return RedisError(
        b"unknown subcommand '%b'. Try %b HELP." % (c_text(subcommand)[:128], container.encode())
    )
