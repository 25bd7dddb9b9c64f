"""Exploration: now and then the last item of a list is drawn, with a probability that is known.

What is always ranked low is never clicked, and what is never shown is never learned about. Each
logged propensity is the probability with which this policy puts this item into this place, so that
what another policy would have got can be estimated without bias from what was shown (Horvitz and
Thompson, "A generalization of sampling without replacement from a finite universe", JASA 1952; in
recommending, Schnabel et al., "Recommendations as treatments", ICML 2016).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import xxhash

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .diversity import Room
    from .ranked_list import RankedList

HALF = 32  # bits of chance for each of the two decisions


class Draw(NamedTuple):
    """drawn: which of the others takes the place, or None. propensity: of what stands there."""

    drawn: int | None
    propensity: float


def chance_of(name: str) -> int:
    """64 bits that are the same whenever this name comes again."""
    return xxhash.xxh64_intdigest(name.encode())


def draw_of(chance: int, share: float, others: int) -> Draw:
    """With probability `share`, one of so many others, each alike.

    chance: 64 even bits: the high half decides whether, the low half which.
    """
    if not others:
        return Draw(None, 1.0)
    if (chance >> HALF) >= share * (1 << HALF):
        return Draw(None, 1.0 - share)
    return Draw((chance & (1 << HALF) - 1) * others >> HALF, share / others)


def explore(
    ranked: RankedList,
    others: Sequence[tuple[int, float]],
    new: Sequence[int],
    room: Room,
    chance: int,
    share: float,
) -> None:
    """Draw the last item of a list, if it is its turn; note how probable what then stands there is.

    others: next best items and their scores. new: items of the catalogue that may be offered. room:
    what the items before the last leave.
    """
    if not ranked.items:
        return
    shown = {*ranked.items}
    scores = {item: score for item, score in others if item not in shown and room.has(item)}
    scores |= {i: 0.0 for i in new if i not in shown and i not in scores and room.has(i)}
    drawn, ranked.propensity = draw_of(chance, share, len(scores))
    if drawn is not None:
        ranked.items[-1], ranked.scores[-1] = list(scores.items())[drawn]
        ranked.codes[-1], ranked.parameters[-1], ranked.experts[-1] = "explore", None, ""
