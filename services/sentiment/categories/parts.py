"""A category's part: what the products of one partition of reviews add to it, as it is published.

Parts stand on an internal compacted topic under (partition, category); whoever publishes a category
adds its parts up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from ..aspects.quotes import PER_OPINION
from ..tally import WEEKS_KEPT, Tally

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .sums import Sum

FORMAT: Final = 1


class Part(msgspec.Struct, array_like=True):
    """Integers that can be added up, and quotes by opinion, newest first."""

    format: int
    products: int
    tally: Tally
    quotes: dict[int, list[str]] = {}


class Whole(NamedTuple):
    """A category: products with reviews, what their reviews add up to, quotes by opinion."""

    products: int
    tally: Tally
    quotes: dict[int, list[str]]


_decoder = msgspec.msgpack.Decoder(Part)
_encoder = msgspec.msgpack.Encoder()


def key_of(partition: int, category: str) -> bytes:
    return f"{partition}/{category}".encode()


def place_of(key: bytes) -> tuple[int, str]:
    """(partition, category). Raises ValueError."""
    number, slash, category = key.decode().partition("/")
    if not (slash and category and number.isascii() and number.isdigit()):
        raise ValueError(f"{key!r} is no partition/category")
    return int(number), category


def packed(of: Sum, quotes: dict[int, list[str]]) -> bytes:
    """Equal sums give equal bytes, however they came about.

    Of the weeks the newest `WEEKS_KEPT` are told apart, which holds all that a trend looks at: its
    weeks are the newest of the whole category, and so among the newest of every part.
    """
    tally = of.tally
    newest = sorted(tally.weeks)[-WEEKS_KEPT:]
    told = msgspec.structs.replace(
        tally,
        weeks={week: tally.weeks[week] for week in newest},
        opinions=dict(sorted(tally.opinions.items())),
    )
    return _encoder.encode(Part(FORMAT, of.products, told, quotes))


def unpacked(value: bytes) -> Part:
    """Raises ValueError, of another version's too."""
    try:
        part = _decoder.decode(value)
    except msgspec.MsgspecError as error:
        raise ValueError(str(error)) from None
    if part.format != FORMAT:
        raise ValueError(f"a part of format {part.format}; this version reads {FORMAT}")
    return part


def whole(parts: Iterable[Part]) -> Whole | None:
    """The parts added up; None where there is no review. parts: in order of their partitions.

    Each opinion's quotes are taken from the parts in turns, those first that have the newest
    review.
    """
    tally, products = Tally(), 0
    found = sorted(parts, key=lambda part: -part.tally.newest_week)
    for part in found:
        tally.include(part.tally)
        products += part.products
    if not tally.count:
        return None
    quotes: dict[int, list[str]] = {}
    for opinion in sorted(tally.opinions):
        said = [part.quotes.get(opinion, ()) for part in found]
        turns = (
            quoted[turn] for turn in range(PER_OPINION) for quoted in said if turn < len(quoted)
        )
        if shown := list(dict.fromkeys(turns))[:PER_OPINION]:
            quotes[opinion] = shown
    return Whole(products, tally, quotes)
