"""What is declared about a command besides its arguments: flags, categories, key access.

Three vocabularies, each a :class:`enum.Flag` whose members are also constants of this module, so
that a declaration reads ``flags=WRITE | FAST``. The members stand in the order in which Redis
prints them; :func:`wire_names`, :func:`category_names` and :func:`access_names` rely on it.

``in`` and ``&`` on these enums are slow. What a request asks of a command belongs in a plain
attribute computed once, when the command is declared.
"""

from enum import Flag as _EnumFlag
from enum import auto


class Flag(_EnumFlag):
    """How a command behaves towards the server: what guards, scripts and replicas ask about."""

    NONE = 0
    WRITE = auto()
    """May change the keyspace."""
    READONLY = auto()
    """Reads keys and changes none."""
    DENYOOM = auto()
    """May need more memory: refused while the limit is exceeded."""
    MODULE = auto()
    """Comes from a loaded module."""
    ADMIN = auto()
    """An administrative command."""
    PUBSUB = auto()
    """Belongs to publish/subscribe."""
    NOSCRIPT = auto()
    """Refused inside scripts."""
    BLOCKING = auto()
    """May make its client wait."""
    LOADING = auto()
    """Allowed while the data set is being loaded."""
    STALE = auto()
    """Allowed on a replica that has lost its primary and may not serve old data."""
    SKIP_MONITOR = auto()
    """Not shown to MONITOR."""
    SKIP_SLOWLOG = auto()
    """Never entered in the slow log."""
    ASKING = auto()
    """Implies ASKING in cluster mode."""
    FAST = auto()
    """Takes constant or logarithmic time."""
    NO_AUTH = auto()
    """Allowed before authentication."""
    MAY_REPLICATE = auto()
    """Writes nothing itself, yet may lead to something that is replicated."""
    SENTINEL = auto()
    """Exists in Sentinel mode, too."""
    ONLY_SENTINEL = auto()
    """Exists in Sentinel mode only."""
    NO_MANDATORY_KEYS = auto()
    """Its key arguments may be absent."""
    PROTECTED = auto()
    """Switched on by the configuration only (DEBUG, MODULE)."""
    NO_ASYNC_LOADING = auto()
    """Refused while a replica swaps in a data set loaded in the background."""
    NO_MULTI = auto()
    """Refused inside a transaction."""
    MOVABLEKEYS = auto()
    """Derived, never declared: first, last and step do not name all its keys."""
    ALLOW_BUSY = auto()
    """Allowed while a script runs for too long."""
    TOUCHES_ARBITRARY_KEYS = auto()
    """Touches keys that its arguments do not name."""
    SYSCMD = auto()
    """For the server's own use: marked so in the documentation, hidden from COMMAND INFO."""


class Category(_EnumFlag):
    """An ACL category: a group of commands that a rule such as ``+@read`` allows."""

    NONE = 0
    KEYSPACE = auto()
    READ = auto()
    WRITE = auto()
    SET = auto()
    SORTEDSET = auto()
    LIST = auto()
    HASH = auto()
    STRING = auto()
    BITMAP = auto()
    HYPERLOGLOG = auto()
    GEO = auto()
    STREAM = auto()
    PUBSUB = auto()
    ADMIN = auto()
    FAST = auto()
    SLOW = auto()
    BLOCKING = auto()
    DANGEROUS = auto()
    CONNECTION = auto()
    TRANSACTION = auto()
    SCRIPTING = auto()


class Access(_EnumFlag):
    """What a command does with a key: one of RO, RW, OW, RM, and what becomes of the data."""

    NONE = 0
    RO = auto()
    """Reads the key."""
    RW = auto()
    """Changes the value or its metadata."""
    OW = auto()
    """Replaces the value without regard to the old one."""
    RM = auto()
    """Deletes the key."""
    ACCESS = auto()
    """Returns, copies or uses the user's data (not only its type, size or presence)."""
    UPDATE = auto()
    """Changes the user's data; the new may depend on the old."""
    INSERT = auto()
    """Adds data and leaves what was there."""
    DELETE = auto()
    """Deletes some of the data."""
    NOT_KEY = auto()
    """Routed like a key in a cluster, but not one (a shard channel)."""
    INCOMPLETE = auto()
    """The specification may miss keys."""
    VARIABLE_FLAGS = auto()
    """The access depends on the other arguments."""


WRITE = Flag.WRITE
READONLY = Flag.READONLY
DENYOOM = Flag.DENYOOM
MODULE = Flag.MODULE
ADMIN = Flag.ADMIN
PUBSUB = Flag.PUBSUB
NOSCRIPT = Flag.NOSCRIPT
BLOCKING = Flag.BLOCKING
LOADING = Flag.LOADING
STALE = Flag.STALE
SKIP_MONITOR = Flag.SKIP_MONITOR
SKIP_SLOWLOG = Flag.SKIP_SLOWLOG
ASKING = Flag.ASKING
FAST = Flag.FAST
NO_AUTH = Flag.NO_AUTH
MAY_REPLICATE = Flag.MAY_REPLICATE
SENTINEL = Flag.SENTINEL
ONLY_SENTINEL = Flag.ONLY_SENTINEL
NO_MANDATORY_KEYS = Flag.NO_MANDATORY_KEYS
PROTECTED = Flag.PROTECTED
NO_ASYNC_LOADING = Flag.NO_ASYNC_LOADING
NO_MULTI = Flag.NO_MULTI
MOVABLEKEYS = Flag.MOVABLEKEYS
ALLOW_BUSY = Flag.ALLOW_BUSY
TOUCHES_ARBITRARY_KEYS = Flag.TOUCHES_ARBITRARY_KEYS
SYSCMD = Flag.SYSCMD

RO = Access.RO
RW = Access.RW
OW = Access.OW
RM = Access.RM
ACCESS = Access.ACCESS
UPDATE = Access.UPDATE
INSERT = Access.INSERT
DELETE = Access.DELETE
NOT_KEY = Access.NOT_KEY
INCOMPLETE = Access.INCOMPLETE
VARIABLE_FLAGS = Access.VARIABLE_FLAGS

# Redis keeps these to itself: COMMAND INFO does not show them.
_HIDDEN = (
    Flag.MAY_REPLICATE
    | Flag.SENTINEL
    | Flag.ONLY_SENTINEL
    | Flag.PROTECTED
    | Flag.TOUCHES_ARBITRARY_KEYS
    | Flag.SYSCMD
)

_KINDS_OF_ACCESS = RO | RW | OW | RM

_IMPLIED = (
    (Flag.WRITE, Category.WRITE),
    (Flag.READONLY, Category.READ),
    (Flag.ADMIN, Category.ADMIN | Category.DANGEROUS),
    (Flag.PUBSUB, Category.PUBSUB),
    (Flag.FAST, Category.FAST),
    (Flag.BLOCKING, Category.BLOCKING),
)


def wire_names(flags: Flag) -> list[str]:
    """Name ``flags`` as COMMAND INFO does, leaving out those that Redis does not show."""
    return [str(flag.name).lower() for flag in Flag if flag in flags and flag not in _HIDDEN]


def implicit_categories(flags: Flag, declared: Category = Category.NONE) -> Category:
    """Derive the ACL categories that follow from ``flags``.

    Args:
        flags: The command's flags.
        declared: The categories it declares itself. Redis keeps scripting commands out of
            ``@read`` even when they are read-only, so they matter here.

    Returns:
        The derived categories alone; the command's own are the union of both.
    """
    found = Category.NONE
    for flag, categories in _IMPLIED:
        if flag in flags:
            found |= categories
    if Category.SCRIPTING in declared:
        found &= ~Category.READ
    if Category.FAST not in found | declared:
        found |= Category.SLOW
    return found


def category_names(categories: Category) -> list[str]:
    """Name ``categories`` as COMMAND INFO and ACL rules do (``@write``), in Redis's order."""
    return ["@" + str(category.name).lower() for category in Category if category in categories]


def find_category(name: str) -> Category | None:
    """Find a category by its name without the ``@``, in any case."""
    return Category.__members__.get(name.upper()) or None


def access_names(access: Access) -> list[str]:
    """Name ``access`` as COMMAND INFO and COMMAND GETKEYSANDFLAGS do."""
    return [
        str(flag.name) if flag in _KINDS_OF_ACCESS else str(flag.name).lower()
        for flag in Access
        if flag in access
    ]
