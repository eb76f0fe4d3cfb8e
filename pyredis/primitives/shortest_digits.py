"""
The decimal digits Redis 7.2 prints for a double.

Redis prints doubles with Grisu2, an algorithm that is always right (the digits read
back as the same double) but in about one case of a thousand not the shortest: it
reckons with 64 bits and keeps a safety margin.  Python's ``repr`` is always the
shortest.  So that a score looks the same from here and from Redis, byte for byte, the
arithmetic of Grisu2 is followed here, with a short cut: the answer cannot have fewer
digits than ``repr`` found, hence the search starts there and mostly ends there, too.

Invariant: the result depends on the double alone, and ``float()`` of it is that double.
"""

from math import frexp
from typing import Final

_HIDDEN_BIT: Final = 1 << 52
# Up to here a thousandth is several times the distance to the next double.
_WIDE_DECIMALS: Final = 2.0**40

_HALF: Final = 1 << 63

# The exponent of the last of 64 bits of the least normal double.
_LEAST_NORMAL: Final = -1085

# Grisu2 scales by one of 87 powers of ten, eight apart, each rounded to 64 bits.
_FIRST_POWER: Final = -348
_POWER_STEP: Final = 8
_POWERS: Final = 87

_TENS: Final = tuple(10**power for power in range(20))

# The binary exponent of a scaled number must come to lie in this range.
_SCALED_MIN: Final = -60
_SCALED_MAX: Final = -32


def _rounded_power_of_ten(exponent: int) -> tuple[int, int]:
    """Return 10**exponent as a 64-bit fraction and a binary exponent, rounded to nearest."""
    numerator, denominator = (10**exponent, 1) if exponent >= 0 else (1, 10**-exponent)
    shift = 64 - (numerator.bit_length() - denominator.bit_length())
    if (numerator << max(shift, 0)) // (denominator << max(-shift, 0)) >> 64:
        shift -= 1
    fraction, rest = divmod(numerator << max(shift, 0), denominator << max(-shift, 0))
    # The quotient is never exactly halfway: either it is whole or it has a factor five below.
    fraction += 2 * rest > denominator << max(-shift, 0)
    return fraction, -shift


def _scale_table() -> list[tuple[int, int, int]]:
    """
    Return for each exponent of an upper boundary its power of ten.

    An entry holds the fraction of the power, the exponent the scaled number will have
    (negated), and the decimal exponent.  Entries are found by ``-exponent``.
    """
    powers = [_rounded_power_of_ten(_FIRST_POWER + _POWER_STEP * index) for index in range(_POWERS)]
    table = []
    for exponent in range(_LOWEST_UPPER, _HIGHEST_UPPER + 1):
        # Which power is taken must be Redis's choice; several would serve.
        approximate = int(-(exponent + _POWERS) * 0.30102999566398114)
        index = int((approximate - _FIRST_POWER) / _POWER_STEP)
        while not _SCALED_MIN <= (scaled := exponent + powers[index][1] + 64) <= _SCALED_MAX:
            index += 1 if scaled < _SCALED_MIN else -1
        table.append((powers[index][0], -scaled, _FIRST_POWER + _POWER_STEP * index))
    return table


# The exponents of 64-bit fractions just above the least and the greatest double.
_LOWEST_UPPER: Final = -1137
_HIGHEST_UPPER: Final = 960
_SCALES: Final = _scale_table()


def format_shortest(value: float) -> bytes:
    """
    Write a finite double other than zero with Grisu2's digits.

    With three decimals at most (prices, ratings) they are those of ``repr``.  Such a
    decimal is n/1000, its distance to the double a multiple of ulp/125, so to either end
    of the double's interval, half an ulp away, ulp/250 or more is left: Grisu2's margin,
    less than 3 in 1024, does not reach that far.  Nor is there another candidate, while
    0.001 is wider than the interval.
    """
    text = repr(value)
    if "." in text[-4:] and -_WIDE_DECIMALS < value < _WIDE_DECIMALS:
        return text.encode()
    if value < 0:
        digits, exponent = shortest_digits(-value)
        return b"-" + _emit(digits, exponent, 17)
    digits, exponent = shortest_digits(value)
    if -7 < exponent < 0 and len(digits) + exponent > 0:
        return digits[:exponent] + b"." + digits[exponent:]
    return _emit(digits, exponent, 18)


def shortest_digits(value: float) -> tuple[bytes, int]:
    """Return the digits of a positive double, and the power of ten of the last one."""
    # The double and the ends of the interval that reads back as it, as 64-bit fractions.
    fraction, exponent = frexp(value)
    mantissa = int(fraction * 9007199254740992.0)
    exponent -= 64
    if exponent >= _LEAST_NORMAL:
        centre = mantissa << 11
        upper = centre + 1024
        lower = centre - (512 if mantissa == _HIDDEN_BIT else 1024)
    else:
        # A denormal has fewer bits, so its neighbours are further away.
        gap = 1024 << _LEAST_NORMAL - exponent
        centre = mantissa << 11
        upper = centre + gap
        lower = centre - gap

    power, point, scale_exponent = _SCALES[exponent - _LOWEST_UPPER]
    upper = (upper * power + _HALF >> 64) - 1
    delta = upper - (lower * power + _HALF >> 64) - 1
    distance = upper - (centre * power + _HALF >> 64)

    # The cut: upper less its digits below 10**kappa must stay within the interval.
    text = repr(value)
    if "e" not in text and text[-2:] != ".0":
        kappa = text.index(".") + 1 - len(text) + scale_exponent
    else:
        kappa = _last_digit_exponent(text) + scale_exponent
    while True:
        if kappa < 0:
            scale = _TENS[-kappa]
            unit = 1 << point
            scaled = upper * scale
            number = scaled >> point
            rest = scaled & unit - 1
            if rest < delta * scale:
                delta *= scale
                distance *= scale
                break
        else:
            unit = _TENS[kappa] << point
            number, rest = divmod(upper, unit)
            if rest <= delta:
                break
        kappa -= 1

    # Step down from the upper end to the number nearest to the double.
    while (
        rest < distance
        and delta - rest >= unit
        and (rest + unit < distance or distance - rest > rest + unit - distance)
    ):
        number -= 1
        rest += unit
    return b"%d" % number, kappa - scale_exponent


def _last_digit_exponent(text: str) -> int:
    """Return the power of ten of the last digit that ``repr`` of a positive double shows."""
    mantissa, _, exponent = text.partition("e")
    whole, _, decimals = mantissa.partition(".")
    place = int(exponent) if exponent else 0
    if decimals and decimals != "0":
        return place - len(decimals)
    return place + len(whole) - len(whole.rstrip("0"))


def _emit(digits: bytes, exponent: int, room: int) -> bytes:
    """Lay out digits in full or in scientific notation, by Redis's rules."""
    count = len(digits)
    magnitude = abs(exponent + count - 1)
    if exponent >= 0 and magnitude < count + 7:
        return digits + b"0" * exponent
    if exponent < 0 and (exponent > -7 or magnitude < 4):
        if count + exponent <= 0:
            return b"0." + b"0" * -(count + exponent) + digits
        return digits[:exponent] + b"." + digits[exponent:]
    # Redis has so much room for digits, less for a minus sign: it cuts, it does not round.
    sign = b"-" if exponent + count - 1 < 0 else b"+"
    fraction = b"." + digits[1:room] if count > 1 else b""
    return b"%b%be%b%d" % (digits[:1], fraction, sign, magnitude)
