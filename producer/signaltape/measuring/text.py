"""A histogram's buckets as a short text, one to three characters for each that is filled.

    1:.IABhC    8 places are empty, in the next one is 1 value, behind it 2, behind that 1 + 1 + 2 * 32 = 66

Behind the version stand the buckets, smallest values first: if a bucket is not just behind the one before it, a dot and
how many places lie in between; then its count, less one. Numbers are written with five bits a character, the least
first; all characters but a number's last have the sixth bit set.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

#: No text is longer: so a record that holds one is no more than 2 KB.
LONGEST = 2000
VERSION = "1:"
_SIGNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_VALUES = {sign: value for value, sign in enumerate(_SIGNS)}
_GAP = "."
_BITS = 5
_MORE = 1 << _BITS
#: A dot, how many places (at most some thousand), and a count of 70 bits: those of all buckets together.
_LONGEST_TOKEN = 1 + 3 + 14
#: What a count may come to, as that of a record: whoever adds up millions of them stays within 64 bits.
_MOST = 10**12


def write_buckets(counts: Mapping[int, int], longest: int = LONGEST) -> str:
    """The text of counts above 0 by place, 0 or more. The smallest places become one where it would be too long."""
    filled = sorted(counts.items())
    tokens = list(_tokens(filled))
    if len(VERSION) + sum(map(len, tokens)) > longest:
        few = _too_many(tokens, longest)
        one = (filled[few - 1][0], sum(count for _, count in filled[:few]))
        tokens[:few] = _tokens([one])
    return VERSION + "".join(tokens)


def read_buckets(text: str, last: int) -> dict[int, int]:
    """Counts by place out of a text. last: the last place that there is. Raises ValueError for what is no such text."""
    if len(text) > LONGEST or not text.startswith(VERSION):
        raise ValueError(f"a histogram begins with {VERSION} and has at most {LONGEST} characters")
    place, counts, signs = -1, {}, iter(text[len(VERSION) :])
    for sign in signs:
        is_gap = sign == _GAP
        place += 1 + (_number(next(signs, ""), signs) if is_gap else 0)
        counts[place] = 1 + _number(next(signs, "") if is_gap else sign, signs)
        if place > last or counts[place] > _MOST:
            raise ValueError("a histogram's bucket lies beyond the last one, or holds more than 10^12 values")
    if write_buckets(counts) != text:
        raise ValueError("a histogram has one text only, this is another way to write it")
    return counts


def _tokens(filled: list[tuple[int, int]]) -> Iterator[str]:
    before = -1
    for place, count in filled:
        between = place - before - 1
        yield (_GAP + _written(between) if between else "") + _written(count - 1)
        before = place


def _too_many(tokens: list[str], longest: int) -> int:
    """How many of the first buckets must become one: those behind it are written as they would be without it."""
    room = longest - len(VERSION) - _LONGEST_TOKEN
    few = len(tokens)
    while room >= len(tokens[few - 1]):
        few -= 1
        room -= len(tokens[few])
    return few


def _written(number: int) -> str:
    signs = ""
    while number >= _MORE:
        signs += _SIGNS[_MORE + number % _MORE]
        number >>= _BITS
    return signs + _SIGNS[number]


def _number(sign: str, signs: Iterator[str]) -> int:
    number = shift = 0
    while True:
        value = _VALUES.get(sign)
        if value is None:
            raise ValueError(
                f"a histogram has no {sign!r} here" if sign else "a histogram ends amid a number"
            )
        number |= (value % _MORE) << shift
        if value < _MORE:
            return number
        sign, shift = next(signs, ""), shift + _BITS
