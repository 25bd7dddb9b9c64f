"""What a review said of aspects, in one integer: what a product adds up and a withdrawal takes out.

An opinion is an aspect with its polarity: `2 * aspect`, plus one where it is praise. A review's
opinions are bits, and two more say its language.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shopkeeper.shared.contracts.events.sentiment import ASPECTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .extraction import Said

OPINIONS_MAX: Final = 48  # bits for them: twenty-four aspects
LANGUAGES: Final = ("other", "en", "zh")
assert 2 * len(ASPECTS) <= OPINIONS_MAX
_OPINIONS: Final = (1 << 2 * len(ASPECTS)) - 1


def opinion_of(said: Said) -> int:
    return 2 * said.aspect + (said.sign > 0)


def packed(said: Iterable[Said], language: str) -> int:
    bits = LANGUAGES.index(language) << OPINIONS_MAX
    for each in said:
        bits |= 1 << opinion_of(each)
    return bits


def opinions_of(bits: int) -> Iterator[int]:
    bits &= _OPINIONS
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest


def language_of(bits: int) -> str:
    return LANGUAGES[bits >> OPINIONS_MAX]
