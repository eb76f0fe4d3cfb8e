"""
Long requests, taken apart from header to header.

What stands in between is not looked at, so it takes as long as there are
arguments, not bytes: from some 2000 bytes a request on that is faster than a
parser whose input has to be guarded byte by byte.
"""

from __future__ import annotations

_SMALL_NUMBERS = {b"%d" % number: number for number in range(4096)}
# An asterisk or dollar sign, the number, and the line's end.
_LONGEST_HEADER = 1 + len(b"%d" % 2**31) + 2
# Where a long last argument begins, at the latest.
_BEFORE_LONG_END = 512
_STAR, _DOLLAR = b"*$"
_ZERO = ord("0")


def request_with_long_end(data: bytes, longest: int) -> list[bytes] | None:
    """
    Return the request of a chunk that is nothing else, if only its last argument is long.

    Args:
        data: The chunk, which begins with an asterisk.
        longest: How long an argument may be.

    Returns:
        Its words, or None if it is not all, or spelled as no client library would.
    """
    # Cut at the ends of lines, which tells as much as a parser does if headers fit.
    beginning = data[:_BEFORE_LONG_END]
    count = _SMALL_NUMBERS.get(data[1 : data.find(b"\r\n")])
    lines = beginning.split(b"\r\n", 2 * count) if count else []
    words, heads = lines[2:-2:2], lines[1:-2:2]
    if not words or len(words) + 1 != count or heads != [b"$%d" % len(word) for word in words]:
        return None
    digits = lines[-2][1:]
    if lines[-2][:1] != b"$" or not digits.isdigit() or digits[0] == _ZERO:
        return None
    start = len(beginning) - len(lines[-1])
    if len(data) != start + int(digits) + 2 or int(digits) > longest or data[-2:] != b"\r\n":
        return None
    words.append(data[start:-2])
    return words


def long_requests(data: bytes, longest: int) -> tuple[list[list[bytes]], int]:
    """
    Return the requests at the beginning of a chunk that are whole and spelled as usual.

    Args:
        data: The chunk, from the first byte of a request on.
        longest: How long an argument may be.

    Returns:
        Those requests, and where the first one begins that is not whole, or is
        nothing that a client library would send.
    """
    requests: list[list[bytes]] = []
    start = 0
    while start < len(data):
        request, end = _request_at(data, start, longest)
        if not request:
            break
        requests.append(request)
        start = end
    return requests, start


def _request_at(data: bytes, position: int, longest: int) -> tuple[list[bytes] | None, int]:
    """Return the request at a place, and where it ends; None if there is none."""
    find, size = data.find, len(data)
    end = find(b"\r\n", position, position + _LONGEST_HEADER)
    # More arguments than that are nothing for a loop.
    count = _SMALL_NUMBERS.get(data[position + 1 : end]) if end > 0 else None
    if count is None or data[position] != _STAR:
        return None, position
    request = []
    position = end + 2
    for _ in range(count):
        end = find(b"\r\n", position, position + _LONGEST_HEADER)
        if end < 0 or data[position] != _DOLLAR:
            return None, position
        digits = data[position + 1 : end]
        length = _SMALL_NUMBERS.get(digits)
        if length is None:
            if not digits.isdigit() or digits[0] == _ZERO:
                return None, position
            length = int(digits)
            if length > longest:
                return None, position
        start = end + 2
        position = start + length + 2
        if position > size or data[position - 2 : position] != b"\r\n":
            return None, position
        request.append(data[start : position - 2])
    return request, position
