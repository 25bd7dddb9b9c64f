"""Fallbacks, asked one after the other: what fills a list that the experts leave short."""

from __future__ import annotations

from itertools import chain, islice
from typing import TYPE_CHECKING, NamedTuple

from shopkeeper.shared.contracts.preferences import NEWEST, PERSONALISED, POPULAR

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from ..knowledge import Knowledge
    from .diversity import Room
    from .ranked_list import RankedList

ALL_SCOPE = "all"


class ShortList(NamedTuple):
    """A list to be filled up to `size` items."""

    ranked: RankedList
    recent: Sequence[int]
    withheld: set[int]  # not to be offered, with what the list has already; is added to
    size: int
    cells: tuple[int, ...] = ()  # of the user's profile
    ranking: str = PERSONALISED  # as the user wants it


class Fallback(NamedTuple):
    """One source of items that need no user to be known. Their score is 0: it compares to nothing.

    items: best first. parameter: the one of the reason, as `RankedList.parameters` has it.
    """

    name: str  # what the list's `fallback` says if an item came from here last
    reason: str  # code of contracts.reasons
    items: Callable[[Knowledge, ShortList], Iterable[int]]
    parameter: Callable[[Knowledge, ShortList], str | None] = lambda knowledge, short: None


def _of_group(knowledge: Knowledge, short: ShortList) -> Iterable[int]:
    """What users alike click: by their profiles where this one has done nothing yet, else by what
    they do, and then by their profiles."""
    groups = knowledge.user_groups
    popular = groups.popular(short.cells) if short.cells else []
    trending = groups.trending(short.ranked.group)
    return chain(trending, popular) if short.recent else chain(popular, trending)


def _category(knowledge: Knowledge, short: ShortList) -> str | None:
    """Name of the current item's category."""
    catalogue = knowledge.catalogue
    category = int(catalogue.category[short.recent[-1]]) if short.recent else -1
    return catalogue.categories[category] if category >= 0 else None


def _of_category(knowledge: Knowledge, short: ShortList) -> Iterable[int]:
    name = _category(knowledge, short)
    return () if name is None else knowledge.trending.scopes.get(f"category/{name}", ())


def _of_all(knowledge: Knowledge, short: ShortList) -> Iterable[int]:
    return knowledge.trending.scopes.get(ALL_SCOPE, ())


def _newest(knowledge: Knowledge, short: ShortList) -> Iterable[int]:
    return islice(knowledge.catalogue.newest(), short.size + len(short.withheld))


_TRENDING = Fallback("trending", "trending", _of_all)
_NEW = Fallback("newest", "newest", _newest)
FALLBACKS = (
    Fallback("cluster", "trending_group", _of_group),
    Fallback("trending", "trending_category", _of_category, _category),
    _TRENDING,
    _NEW,
)
# By what the user wants: lists of these are made from what is known of nobody.
CHAINS = {PERSONALISED: FALLBACKS, POPULAR: (_TRENDING, _NEW), NEWEST: (_NEW, _TRENDING)}


def fill(short: ShortList, knowledge: Knowledge, blocked: NDArray[np.bool_], room: Room) -> None:
    """Fill a list from the fallbacks, as far as they go; an empty one is said to be `empty`."""
    ranked = short.ranked
    for fallback in CHAINS[short.ranking]:
        if len(ranked.items) == short.size:
            break
        parameter = fallback.parameter(knowledge, short)
        for item in fallback.items(knowledge, short):
            if len(ranked.items) == short.size:
                break
            if item not in short.withheld and not blocked[item] and room.take(item):
                short.withheld.add(item)
                ranked.items.append(item)
                ranked.scores.append(0.0)
                ranked.experts.append("")
                ranked.codes.append(fallback.reason)
                ranked.parameters.append(parameter)
                ranked.fallback = fallback.name
    if not ranked.items:
        ranked.fallback = "empty"
