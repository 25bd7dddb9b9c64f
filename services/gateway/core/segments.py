"""Segments of users as they were published, and what stands in their place where nothing is used
or known of a user: what the shop's visitors look at most."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from shopkeeper.shared.contracts.events.recommendation import (
    Segment,
    SegmentsUpdated,
    TrendingUpdated,
)

if TYPE_CHECKING:
    from shopkeeper.shared.domains.exclusions import Exclusions

    from .lists import Views

SHARE_DIGITS = 4


class SegmentsShown(msgspec.Struct, frozen=True, kw_only=True):
    """Categories and brands, the largest share first. `fallback`: none where they are the user's
    own, else trending, or empty."""

    categories: list[Segment]
    brands: list[Segment]
    fallback: str


class Assumptions(msgspec.Struct, frozen=True, kw_only=True):
    """What is assumed of a user, from the events of the user's that are remembered. Nothing is
    (`signals` 0) where the user wants no personalised lists. `group`: of users alike."""

    user: str
    ranking: str
    categories: list[Segment]
    brands: list[Segment]
    group: int | None
    signals: int
    as_of_ms: int | None
    recomm_id: str | None  # of the user's list, where there is a personalised one


_segments = msgspec.json.Decoder(SegmentsUpdated)
_trending = msgspec.json.Decoder(TrendingUpdated)


def published(value: bytes | None) -> SegmentsUpdated | None:
    """A record of `personalisation.segments.v1`; None for none, or one that cannot be read."""
    try:
        return None if value is None else _segments.decode(value)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def without(said: SegmentsUpdated | None, exclusions: Exclusions) -> SegmentsUpdated | None:
    """Segments less those that are sensitive; the others keep their shares."""
    if said is None or not exclusions:
        return said
    covers = exclusions.covers_category
    return msgspec.structs.replace(
        said,
        categories=[each for each in said.categories if not covers(each.name)],
        brands=[each for each in said.brands if not covers(each.name)],
    )


def segments_for(said: SegmentsUpdated | None, views: Views, count: int) -> SegmentsShown:
    """At most `count` of each kind; said: None where nothing is known, or to be used."""
    if said is not None and (said.categories or said.brands):
        return SegmentsShown(
            categories=said.categories[:count], brands=said.brands[:count], fallback="none"
        )
    value = views.trending.get("all")
    try:
        items = [] if value is None else _trending.decode(value).items
    except (msgspec.MsgspecError, UnicodeDecodeError):
        items = []
    sums: dict[str, dict[str, float]] = {"category": {}, "brand": {}}
    for item in items:
        product = views.catalogue.get(item.product_id)
        if product is not None and product.sensitive:
            continue
        for kind, scores in sums.items():
            name = getattr(product, kind, None)
            if name:
                scores[name] = scores.get(name, 0.0) + item.score
    categories, brands = (_shares(scores, count) for scores in sums.values())
    fallback = "trending" if categories or brands else "empty"
    return SegmentsShown(categories=categories, brands=brands, fallback=fallback)


def _shares(scores: dict[str, float], count: int) -> list[Segment]:
    total = sum(scores.values())
    best = sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))[:count]
    return [Segment(name, round(score / total, SHARE_DIGITS)) for name, score in best if total > 0]


def assumptions_of(
    user: str, ranking: str, said: SegmentsUpdated | None, recomm_id: str | None
) -> Assumptions:
    """What is assumed of a user; said: None where nothing is known, or to be used."""
    return Assumptions(
        user=user,
        ranking=ranking,
        categories=[] if said is None else said.categories,
        brands=[] if said is None else said.brands,
        group=None if said is None else said.group,
        signals=0 if said is None else said.signals,
        as_of_ms=None if said is None else said.as_of_ms,
        recomm_id=recomm_id,
    )
