"""A list for one request, from what is published: the user's own, and what its context says.

Sources are asked one after the other until the list is full, so that it is empty only where there
is nothing to show. What is removed or not available is never in it, whatever a topic last said. Of
a user who wants no personalised lists nothing is used: such lists are a function of the request's
context alone, and so alike, byte for byte, for all who ask for the same.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import chain, islice
from operator import itemgetter
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple, Protocol, TypeVar

import msgspec

from shopkeeper.shared.contracts.events.recommendation import (
    Reason,
    RecommendationsUpdated,
    SimilarItemsUpdated,
    TrendingUpdated,
)
from shopkeeper.shared.contracts.preferences import NEWEST, PERSONALISED
from shopkeeper.shared.contracts.reasons import TEXTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from .catalogue import Catalogue

ListRanking = Literal["popular", "newest"]  # of what is nobody's list
Placement = Literal["home", "product", "cart", "category"]
Source = Literal["list", "similar", "related", "trending", "newest"]
FALLBACK_OF = {"list": "none", "similar": "similar", "related": "similar"}  # else the source itself
FALLBACKS = ("none", "similar", "trending", "newest", "elsewhere")  # the further, the later

Row = TypeVar("Row")

FUSION_K = 60  # of reciprocal rank fusion (Cormack, Clarke and Buettcher, SIGIR 2009)
OWN_WEIGHT = 0.5  # of the user's list beside the neighbours of what the page shows
RELATED_TO = 3  # items of the user's list whose neighbours fill it up
# As the recommender weighs reviews: the worst reviewed neighbour loses most of its score.
SINK, LIFT = 0.8, 0.2
BOUGHT_LIFT = 2.0  # of neighbours that were bought or put in the cart together, beside a cart
ROWS_HELD, FACTORS_HELD = 1024, 16_384  # of a row's some 50 items, and of reviews' numbers
_NEW = Reason("newest")
_REASONS = {"viewed": "viewed_together", "added": "added_together", "bought": "bought_together"}


class Wanted(NamedTuple):
    """What a request asks for. product: that the page shows; category: likewise."""

    count: int  # type: ignore[assignment]  # a tuple has a method of that name
    product: str | None = None
    category: str | None = None
    exclude: frozenset[str] = frozenset()
    placement: Placement | None = None  # None: as the context says
    ranking: str = PERSONALISED  # as the user wants it

    @property
    def place(self) -> Placement:
        """Where the list stands."""
        if self.placement is not None:
            return self.placement
        return "product" if self.product else "category" if self.category else "home"


class Chosen(NamedTuple):
    """One item, and where it came from. experts: who spoke for it, as in `ce_experts`."""

    product_id: str
    score: float
    source: Source
    reason: Reason
    experts: str = ""
    propensity: float | None = None


class Own(NamedTuple):
    """The user's newest list, and its items' experts as the list's header has them."""

    value: RecommendationsUpdated
    experts: str = ""


class Values(Protocol):
    """A view of a compacted topic."""

    def get(self, key: str, /) -> bytes | None:
        """JSON of the newest record; None where there is none."""
        ...


class Views(NamedTuple):
    """What lists are made from, held in memory."""

    similar: Values
    trending: Values
    sentiment: Values
    catalogue: Catalogue
    reasons: Mapping[str, Mapping[str, str]] = TEXTS  # sentences by code and language


class _Mean(msgspec.Struct, frozen=True):
    mean: Annotated[float, msgspec.Meta(ge=-1, le=1)]


_similar = msgspec.json.Decoder(SimilarItemsUpdated)
_trending = msgspec.json.Decoder(TrendingUpdated)
_mean = msgspec.json.Decoder(_Mean)


def compose(wanted: Wanted, own: Own | None, views: Views) -> tuple[list[Chosen], str]:
    """At most `wanted.count` items, best first, and how far down the sources it had to go: `none`
    (the user's list was enough), `similar`, `trending`, `newest`, `elsewhere` (where a category is
    shown: it had too little), or `empty`. A category that the catalogue does not have is not shown
    as another: its list is empty.

    own: is not looked at where the user wants no personalised list.
    """
    shelf = wanted.category if wanted.place == "category" else None
    if shelf is not None and views.catalogue.lacks(shelf):
        return [], "empty"
    if wanted.ranking == PERSONALISED:
        sources = _personal(wanted, own, views)
    else:
        sources = _impersonal(wanted, views)
    left_out = {*wanted.exclude, *([wanted.product] if wanted.product else ())}
    taken: list[Chosen] = []
    for item in chain.from_iterable(sources):
        if len(taken) >= wanted.count:
            break
        if item.product_id not in left_out and shows(item, views.catalogue):
            left_out.add(item.product_id)
            taken.append(item)
    if not taken:
        return [], "empty"
    return taken, max((_fallback(item, shelf, views) for item in taken), key=FALLBACKS.index)


def _fallback(item: Chosen, shelf: str | None, views: Views) -> str:
    """How far the list had to go for an item. shelf: the category that is shown, if one is."""
    product = views.catalogue.get(item.product_id) if shelf is not None else None
    if product is not None and product.category is not None and product.category != shelf:
        return "elsewhere"
    return FALLBACK_OF.get(item.source, item.source)


def fits(item: Chosen, wanted: Wanted, views: Views) -> bool:
    """Whether an item may be shown, and is of the category that is wanted, if one is."""
    if item.product_id in wanted.exclude or not shows(item, views.catalogue):
        return False
    return wanted.category is None or _category_of(item, views) == wanted.category


def shows(item: Chosen, catalogue: Catalogue) -> bool:
    """Whether an item may be shown with its reason: neither names what is withheld."""
    return catalogue.offers(item.product_id) and not catalogue.withholds_reason(
        item.reason.parameters
    )


def _personal(wanted: Wanted, own: Own | None, views: Views) -> Iterator[Iterable[Chosen]]:
    place, category = wanted.place, wanted.category
    near = _neighbours(wanted.product, views, cart=place == "cart") if wanted.product else []
    if place in ("product", "cart"):
        yield _fused(near, list(own_items(own)))
    elif category and place == "category":
        mine = list(own_items(own))
        yield [item for item in chain(mine, near) if _category_of(item, views) == category]
        yield _popular(category, views)
        yield _new(category, wanted, views)
        yield chain(mine, near)
    else:
        yield chain(own_items(own), near)
    for item in islice(own_items(own), RELATED_TO):
        yield _neighbours(item.product_id, views, related=True)
    yield from _impersonal(wanted, views)


def _impersonal(wanted: Wanted, views: Views) -> Iterator[Iterable[Chosen]]:
    """What needs no user; of the context's category first."""
    category = wanted.category
    if category is None and wanted.product is not None:
        product = views.catalogue.get(wanted.product)
        category = product.category if product else None
    popular = [_popular(category, views)] if category else []
    new = [_new(category, wanted, views)] if category else []
    popular.append(_popular(None, views))
    new.append(_new(None, wanted, views))
    first, then = (new, popular) if wanted.ranking == NEWEST else (popular, new)
    yield from first
    yield from then


def own_items(own: Own | None) -> Iterator[Chosen]:
    """The items of a published list, each with who spoke for it."""
    if own is None:
        return
    labels = own.experts.split(",") if own.experts else []
    for place, item in enumerate(own.value.items):
        label = labels[place] if place < len(labels) else ""
        yield Chosen(item.product_id, item.score, "list", item.reason, label, item.propensity)


def _neighbours(
    product_id: str, views: Views, *, cart: bool = False, related: bool = False
) -> list[Chosen]:
    """Of one product, best first, less what reviews take from them."""
    row = _similar_of(views.similar.get(product_id))
    ranked = []
    for item in row.items if row else ():
        score = item.score * _review_factor(views.sentiment.get(item.product_id))
        if cart and item.basis != "viewed":
            score *= BOUGHT_LIFT
        ranked.append((-round(score, 6), item.product_id, item.basis))
    ranked.sort(key=itemgetter(0, 1))
    source: Source = "related" if related else "similar"
    parameters = {"product_id": product_id}
    reasons = {
        basis: Reason("related" if related else code, parameters)
        for basis, code in _REASONS.items()
    }
    return [Chosen(item, -lost, source, reasons[basis]) for lost, item, basis in ranked]


def _fused(near: list[Chosen], mine: list[Chosen]) -> list[Chosen]:
    """Both by their ranks, whose scores do not compare: with no neighbours the list as it is."""
    if not near or not mine:
        return near or mine
    scores: dict[str, float] = {}
    best: dict[str, tuple[float, Chosen]] = {}
    for weight, items in ((1.0, near), (OWN_WEIGHT, mine)):
        for rank, item in enumerate(items, 1):
            part = weight / (FUSION_K + rank)
            scores[item.product_id] = scores.get(item.product_id, 0.0) + part
            if part > best.get(item.product_id, (0.0,))[0]:
                best[item.product_id] = part, item
    order = sorted(scores, key=lambda product_id: (-scores[product_id], product_id))
    return [best[product_id][1] for product_id in order]


def _popular(category: str | None, views: Views) -> Iterator[Chosen]:
    scope = f"category/{category}" if category else "all"
    row = _trending_of(views.trending.get(scope))
    reason = Reason("trending_category", {"category": category}) if category else Reason("trending")
    for item in row.items if row else ():
        yield Chosen(item.product_id, item.score, "trending", reason)


def _new(category: str | None, wanted: Wanted, views: Views) -> Iterator[Chosen]:
    # All that others have put into the list, or the request leaves out, may stand first here.
    count = 2 * wanted.count + len(wanted.exclude) + 1
    for product_id in views.catalogue.newest(category, count):
        yield Chosen(product_id, 0.0, "newest", _NEW)


def _category_of(item: Chosen, views: Views) -> str | None:
    product = views.catalogue.get(item.product_id)
    return product.category if product else None


# What was read is kept by its bytes. A view hands them out as one object until they change, and
# they keep their hash, so that looking them up neither hashes nor compares them again.
@lru_cache(ROWS_HELD)
def _similar_of(value: bytes | None) -> SimilarItemsUpdated | None:
    return _read(_similar, value)


@lru_cache(ROWS_HELD)
def _trending_of(value: bytes | None) -> TrendingUpdated | None:
    return _read(_trending, value)


@lru_cache(FACTORS_HELD)
def _review_factor(value: bytes | None) -> float:
    said = _read(_mean, value)
    if said is None:
        return 1.0
    return 1.0 + SINK * min(0.0, said.mean) + LIFT * max(0.0, said.mean)


def _read(decoder: msgspec.json.Decoder[Row], value: bytes | None) -> Row | None:
    """A value that does not follow its schema counts as none: the others still serve."""
    if value is None:
        return None
    try:
        return decoder.decode(value)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
