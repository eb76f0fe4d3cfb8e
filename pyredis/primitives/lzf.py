"""
The LZF compression of strings in RDB files.

The format is LibLZF's.  A control byte of less than 32 is followed by that many bytes
and one more, to be taken as they are.  Otherwise its upper three bits, and a further
byte if they are all set, give the length less two of a repetition; its lower five bits
and the next byte give the distance less one to go back.

Both directions work in slices, not bytes, as far as the data allows: the time goes by
the number of runs and repetitions.
"""

from typing import Final

_MAX_LITERAL: Final = 32
_MAX_DISTANCE: Final = 1 << 13
_MAX_REPEAT: Final = 264

# Places are forgotten altogether when there are so many, which bounds the memory; most
# of them are too far back to be pointed at anyway.
_MAX_SEEN: Final = 4 * _MAX_DISTANCE

# The longer nothing repeats, the wider are the steps: for each so many bytes by one more,
# up to a limit.  What does not compress is got over with quickly.
_PATIENCE_BITS: Final = 7
_WIDEST_STEP: Final = 32

# Redis asks for four bytes less than it puts in, or keeps the string as it is.
_SAVING: Final = 4


# How much of what is to shrink a great deal may go by before it must have begun to.
_ALLOWANCE: Final = 2048


def compress(data: bytes, shrinking: int = 0) -> bytes | None:
    """
    Return data in LZF format, or None when that would not save four bytes at least.

    Args:
        data: What to compress.
        shrinking: How many times smaller it must become, all the way along; 0 for
            any. What does not is given up early: the time taken goes by the size
            of the output.
    """
    size = len(data)
    room = size - _SAVING
    if room <= 0:
        return None
    output = bytearray()
    append = output.append
    number = int.from_bytes
    seen: dict[bytes, int] = {}
    find = seen.get
    literal = 0  # where the run of bytes not yet written begins
    position = 0
    last = size - 2
    while position < last:
        key = data[position : position + 3]
        reference = find(key)
        seen[key] = position
        if reference is None or position - reference > _MAX_DISTANCE:
            step = (position - literal >> _PATIENCE_BITS) + 1
            position += step if step < _WIDEST_STEP else _WIDEST_STEP
            if len(seen) > _MAX_SEEN:
                seen.clear()
            continue
        run = position - literal
        if run > _MAX_LITERAL:
            _write_literals(output, data, literal, position)
        elif run:
            append(run - 1)
            output += data[literal:position]
        distance = position - reference - 1
        # Most repetitions are short: the lowest bit that differs in the next bytes tells how long.
        difference = number(data[reference + 3 : reference + 11], "little") ^ number(
            data[position + 3 : position + 11], "little"
        )
        if difference and position + 11 <= size:
            length = ((difference & -difference).bit_length() + 23) >> 3
        else:
            length = _common_length(data, reference, position, min(_MAX_REPEAT, size - position))
        if length < 9:
            append(length - 2 << 5 | distance >> 8)
        else:
            append(0xE0 | distance >> 8)
            append(length - 9)
        append(distance & 0xFF)
        done = len(output)
        if done > room or done * shrinking > position + _ALLOWANCE:
            return None
        # Remember the last places of the repetition only: enough to go on from it.
        position += length
        literal = position
        if position < last:
            seen[data[position - 2 : position + 1]] = position - 2
            seen[data[position - 1 : position + 2]] = position - 1
    if literal < size:
        _write_literals(output, data, literal, size)
    return bytes(output) if len(output) <= room else None


def _write_literals(output: bytearray, data: bytes, start: int, stop: int) -> None:
    """Write bytes as they are, in runs of 32."""
    while start < stop:
        end = min(start + _MAX_LITERAL, stop)
        output.append(end - start - 1)
        output += data[start:end]
        start = end


def _common_length(data: bytes, reference: int, position: int, limit: int) -> int:
    """Return how many bytes, three or more, are the same at two places."""
    length = 3
    step = 16
    # Gallop in slices, then close in on the byte that differs.
    while length < limit:
        step = min(step, limit - length)
        if (
            data[reference + length : reference + length + step]
            == data[position + length : position + length + step]
        ):
            length += step
            step *= 2
        elif step == 1:
            break
        else:
            step >>= 1
            limit = min(limit, length + 2 * step)
    return length


def decompress(data: bytes, length: int) -> bytes:
    """
    Return the data that was compressed, which is known to have this length.

    Raises:
        ValueError: when the input is corrupt.  No more than ``length`` bytes are ever made.
    """
    output = bytearray()
    size = len(data)
    position = 0
    try:
        while position < size:
            control = data[position]
            position += 1
            if control < _MAX_LITERAL:
                end = position + control + 1
                if end > size or len(output) + control >= length:
                    raise ValueError("corrupt LZF data")
                output += data[position:end]
                position = end
                continue
            count = (control >> 5) + 2
            if count == 9:
                count += data[position]
                position += 1
            start = len(output) - ((control & 0x1F) << 8) - data[position] - 1
            position += 1
            if start < 0 or len(output) + count > length:
                raise ValueError("corrupt LZF data")
            chunk = output[start : start + count]
            # A repetition may reach into itself: then it is a pattern over and over.
            if len(chunk) < count:
                chunk = (chunk * (count // len(chunk) + 1))[:count]
            output += chunk
    except IndexError:
        raise ValueError("corrupt LZF data") from None
    if len(output) != length:
        raise ValueError("corrupt LZF data")
    return bytes(output)
