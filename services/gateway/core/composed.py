"""A list of products for one request, put together from what is published."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import msgspec

from shopkeeper.shared.contracts.events.recommendation import (
    Reason,
    RecommendationsUpdated,
    RecommendedItem,
    SimilarItemsUpdated,
    TrendingUpdated,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

_REASONS = {"viewed": "viewed_together", "added": "added_together", "bought": "bought_together"}
_Value = TypeVar("_Value", SimilarItemsUpdated, RecommendationsUpdated, TrendingUpdated)


def compose(
    *,
    near: Sequence[bytes | None],
    own: bytes | None,
    trending: bytes | None,
    exclude: Collection[str],
    count: int,
) -> list[RecommendedItem]:
    """At most `count` products, each once: neighbours, then the user's own list, then what trends.

    near: `similar-items.updated.v1` of each product of the request; own: the user's
    `recommendations.updated.v1`; trending: `trending.updated.v1`; each as JSON, None where there is
    none. A value that does not follow its schema counts as none: others' still serve.
    """
    taken: dict[str, RecommendedItem] = {}
    left_out = set(exclude)
    for item in (*_neighbours(near), *_listed(own), *_trending(trending)):
        if len(taken) >= count:
            break
        if item.product_id not in left_out:
            taken.setdefault(item.product_id, item)
    return list(taken.values())


def neighbours(value: bytes | None, count: int) -> list[RecommendedItem]:
    """The neighbours of one product, best first, by its `similar-items.updated.v1`."""
    return _neighbours([value])[:count]


def popular(value: bytes | None, count: int) -> list[RecommendedItem]:
    """What trends, most clicked first, by `trending.updated.v1`."""
    return list(_trending(value))[:count]


def _neighbours(values: Iterable[bytes | None]) -> list[RecommendedItem]:
    """Of several products together: best is what is near to most of them, by the sum of scores; its
    reason names the one that it is nearest to."""
    scores: dict[str, float] = {}
    nearest: dict[str, tuple[float, Reason]] = {}
    for value in values:
        row = _decoded(value, SimilarItemsUpdated)
        for item in row.items if row else ():
            scores[item.product_id] = scores.get(item.product_id, 0.0) + item.score
            if item.score > nearest.get(item.product_id, (float("-inf"),))[0]:
                reason = Reason(_REASONS[item.basis], {"product_id": row.product_id})  # type: ignore[union-attr]
                nearest[item.product_id] = item.score, reason
    ranked = sorted(scores, key=lambda product_id: (-scores[product_id], product_id))
    return [RecommendedItem(each, scores[each], nearest[each][1]) for each in ranked]


def _listed(value: bytes | None) -> Iterable[RecommendedItem]:
    found = _decoded(value, RecommendationsUpdated)
    return found.items if found else ()


def _trending(value: bytes | None) -> Iterator[RecommendedItem]:
    found = _decoded(value, TrendingUpdated)
    for item in found.items if found else ():
        yield RecommendedItem(item.product_id, item.score, Reason("trending"))


def _decoded(value: bytes | None, kind: type[_Value]) -> _Value | None:
    if value is None:
        return None
    try:
        return msgspec.json.decode(value, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
