"""Forms: what "the same reply" means where equal bytes would ask too much.

Replies are equal when their bytes are.  A form names the one way in which two
servers may legitimately differ: an order Redis does not promise, a random
member, a clock.  Error texts are never softened: as soon as one side is an
error, bytes decide.

`form_of` knows the usual form of each command; a step of a script may name
another one (``~shape SRANDMEMBER s 2``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from tests.differential.frames import Node, NotAFrame, parse

Canonical = Callable[[Node], object]
Form = Callable[[bytes, bytes], bool]


def exact(left: bytes, right: bytes) -> bool:
    """Compare the bytes."""
    return left == right


def _form(canonical: Canonical) -> Form:
    def same(left: bytes, right: bytes) -> bool:
        if left == right:
            return True
        try:
            ours, theirs = parse(left), parse(right)
        except NotAFrame:
            return False
        if ours.is_error or theirs.is_error:
            return False
        return canonical(ours) == canonical(theirs)

    same.__doc__ = canonical.__doc__
    return same


def _children(node: Node) -> Sequence[Node]:
    return node.children or ()


def _pairs(nodes: Sequence[Node]) -> list[bytes]:
    return sorted(
        first.render() + second.render()
        for first, second in zip(nodes[::2], nodes[1::2], strict=False)
    )


def _unordered(node: Node) -> object:
    """Elements in any order; top level only."""
    if node.children is None:
        return node
    return (node.kind, sorted(child.render() for child in node.children))


def _unordered_deep(node: Node) -> object:
    """Elements in any order, at every level."""
    return _sorted_deep(node)


def _sorted_deep(node: Node) -> bytes:
    if node.children is None:
        return node.render()
    if node.kind == b"%":
        parts = [
            _sorted_deep(key) + _sorted_deep(value)
            for key, value in zip(node.children[::2], node.children[1::2], strict=True)
        ]
    else:
        parts = [_sorted_deep(child) for child in node.children]
    return node.kind + b"%d" % len(parts) + b"".join(sorted(parts))


def _unordered_pairs(node: Node) -> object:
    """Pairs (fields and values, flat or as a map) in any order."""
    if node.children is None:
        return node
    return (node.kind, len(node.children), _pairs(node.children))


def _page(node: Node) -> object:
    """A scan's page: the same cursor, the same elements in any order."""
    cursor, elements = _children(node)
    return (node.kind, cursor, _unordered(elements))


def _page_of_pairs(node: Node) -> object:
    """A scan's page of fields and values in any order."""
    cursor, elements = _children(node)
    return (node.kind, cursor, _unordered_pairs(elements))


def _scanned(node: Node) -> object:
    """A page of any scan: only that it is one."""
    cursor, elements = _children(node)
    return (node.kind, cursor.kind, elements.kind)


def _hello(node: Node) -> object:
    """HELLO: all but the version and the connection's number."""
    pairs = zip(_children(node)[::2], _children(node)[1::2], strict=True)
    return [(n, v.kind if n.text in (b"version", b"id") else v) for n, v in pairs]


def _shape(node: Node) -> object:
    """The same types and sizes throughout, whatever the texts say."""
    if node.children is None:
        return (node.kind, node.is_null)
    return (node.kind, tuple(_shape(child) for child in node.children))


def _outline(node: Node) -> object:
    """The same type at the top, and the same types among the elements."""
    if node.children is None:
        return node.kind
    return (node.kind, frozenset(child.kind for child in node.children))


def _type(node: Node) -> object:
    """The same type of reply."""
    return node.kind


def near(tolerance: int) -> Form:
    """Return a form for integers that may differ by ``tolerance``; negative ones may not."""

    def same(left: bytes, right: bytes) -> bool:
        if left == right:
            return True
        try:
            ours, theirs = parse(left), parse(right)
        except NotAFrame:
            return False
        if ours.kind == theirs.kind and ours.children is not None and theirs.children is not None:
            return len(ours.children) == len(theirs.children) and all(
                same(one.render(), other.render())
                for one, other in zip(ours.children, theirs.children, strict=True)
            )
        if ours.kind != b":" or theirs.kind != b":":
            return False
        one, other = int(ours.text), int(theirs.text)
        return min(one, other) >= 0 and abs(one - other) <= tolerance

    return same


_FIELD = re.compile(rb"(?:^|[ \r\n])([a-z0-9_-]+)=")


def _client_fields(node: Node) -> object:
    """CLIENT LIST and INFO: the names of the fields of each line, in order."""
    lines = node.text.split(b"\n")
    return (node.kind, {tuple(_FIELD.findall(line)) for line in lines})


def _info_fields(node: Node) -> object:
    """INFO: sections and field names."""
    text = node.text
    return (node.kind, [line.split(b":")[0] for line in text.split(b"\r\n")])


def _help(node: Node) -> object:
    """HELP: its first and last lines; the lines between are each server's own words."""
    texts = [child.text for child in _children(node)]
    return (node.kind, {child.kind for child in _children(node)}, texts[0], texts[-2:])


def _same_length(node: Node) -> object:
    """The same type and number of elements."""
    return (node.kind, len(_children(node)))


def _names(node: Node) -> object:
    """A map or flat list of pairs: the same names, whatever the values."""
    return (node.kind, sorted(child.render() for child in _children(node)[::2]))


FORMS: dict[str, Form] = {
    "exact": exact,
    "unordered": _form(_unordered),
    "unordered_deep": _form(_unordered_deep),
    "unordered_pairs": _form(_unordered_pairs),
    "page": _form(_page),
    "page_of_pairs": _form(_page_of_pairs),
    "scanned": _form(_scanned),
    "hello": _form(_hello),
    "shape": _form(_shape),
    "outline": _form(_outline),
    "type": _form(_type),
    "length": _form(_same_length),
    "names": _form(_names),
    "client_fields": _form(_client_fields),
    "info_fields": _form(_info_fields),
    "help": _form(_help),
    "near": near(5),
    "near_ms": near(5000),
}

_USUAL: dict[str, str] = {
    **dict.fromkeys(
        ("SMEMBERS", "SINTER", "SUNION", "SDIFF", "KEYS", "HKEYS", "HVALS"), "unordered"
    ),
    "HGETALL": "unordered_pairs",
    "CONFIG GET": "unordered_pairs",
    **dict.fromkeys(("SCAN", "SSCAN"), "page"),
    **dict.fromkeys(("HSCAN", "ZSCAN"), "page_of_pairs"),
    **dict.fromkeys(("SPOP", "SRANDMEMBER", "HRANDFIELD", "ZRANDMEMBER", "RANDOMKEY"), "shape"),
    **dict.fromkeys(("TTL", "EXPIRETIME", "LASTSAVE"), "near"),
    # PyRedis notes accesses only once somebody asks for them.
    "OBJECT IDLETIME": "type",
    **dict.fromkeys(("PTTL", "PEXPIRETIME"), "near_ms"),
    "TIME": "shape",
    "HELLO": "hello",
    **dict.fromkeys(("CLIENT LIST", "CLIENT INFO"), "client_fields"),
    "CLIENT ID": "type",
    "INFO": "type",
    "COMMAND INFO": "unordered_deep",
    "COMMAND GETKEYSANDFLAGS": "unordered_deep",
    "COMMAND LIST": "outline",
    "COMMAND DOCS": "type",
    "COMMAND COUNT": "type",
    "COMMAND": "outline",
}


def form_of(argv: Sequence[bytes], named: str | None = None) -> Form:
    """Return the form to compare the replies to ``argv`` by."""
    if named is not None:
        return FORMS[named]
    if not argv:
        return exact
    name = argv[0].decode("ascii", "replace").upper()
    if len(argv) > 1:
        second = argv[1].decode("ascii", "replace").upper()
        if second == "HELP":
            return FORMS["help"]
        usual = _USUAL.get(f"{name} {second}")
        if usual is not None:
            return FORMS[usual]
    if name == "COMMAND" and len(argv) > 1:
        return exact
    return FORMS[_USUAL.get(name, "exact")]
