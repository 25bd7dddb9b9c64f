"""A list as clients get it: items with their reasons as sentences, and what it was made from."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec

from shopkeeper.shared.contracts.events.answers import AnswerGiven
from shopkeeper.shared.contracts.events.base import Model, Probability
from shopkeeper.shared.contracts.events.recommendation import RecommendationsUpdated
from shopkeeper.shared.contracts.preferences import PERSONALISED
from shopkeeper.shared.contracts.reasons import render

from .lists import Own, compose, fits, own_items

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .feed import Published
    from .lists import Chosen, Views, Wanted

EXPERTS_HELD = 4096  # labels as they were read: whole percentages of few experts, they come again


class ReasonShown(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why an item is in the list: a code, its parameters, and the sentence that they make."""

    code: str
    text: str
    parameters: dict[str, str] = {}


class ItemShown(msgspec.Struct, frozen=True, omit_defaults=True):
    """One item. `source`: list (the user's own), similar (to the page's product), related (to the
    user's list), trending, newest. `experts`: of an item of the user's list, percentages by who
    speaks most for it. `score` compares within a source only."""

    product_id: str
    score: float
    source: str
    reason: ReasonShown
    experts: dict[str, int] = {}
    propensity: Probability | None = None


class MadeFrom(msgspec.Struct, frozen=True, omit_defaults=True):
    """The published list that items come from. `views`: how far its maker had read each topic, as
    the list's header `ce_views` has it."""

    recomm_id: str
    cause: str  # id of the event that made it due
    topic: str
    partition: int
    offset: int
    model: Model
    fallback: str
    views: dict[str, int] = {}
    experiment: str | None = None
    variant: str | None = None


class ListShown(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A list for one request, best first. `fallback`: how far it had to go: none, similar,
    trending, newest, elsewhere (beyond the category that is shown), or empty. `recomm_id`: to be
    echoed in clicks on items of the user's list; left out, as all that names a user, where nothing
    of the user's was used. `unknown_category`: the category that was asked for, where the catalogue
    has none of that name; `nearest_categories`: the names that may be meant."""

    items: list[ItemShown]
    fallback: str
    ranking: str
    language: str
    recomm_id: str | None = None
    made_from: MadeFrom | None = None
    query: str | None = None  # of a search
    unknown_category: str | None = None
    nearest_categories: list[str] = []
    answer: AnswerGiven | None = None


_decoder = msgspec.json.Decoder(RecommendationsUpdated)
_encoder = msgspec.json.Encoder()


def encode(shown: msgspec.Struct) -> bytes:
    """As JSON."""
    return _encoder.encode(shown)


def own_list(record: Published | None) -> Own | None:
    """A user's published list; None for one that is not personalised, or not to be read."""
    if record is None or record.value is None:
        return None
    try:
        value = _decoder.decode(record.value)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    return Own(value, record.experts) if value.ranking == PERSONALISED else None


def list_for(
    wanted: Wanted, record: Published | None, views: Views, language: str, topic: str
) -> ListShown:
    """The list for one request. record: the user's newest on `topic`, None where there is none."""
    own = own_list(record) if wanted.ranking == PERSONALISED else None
    items, fallback = compose(wanted, own, views)
    used = own is not None and any(item.source in ("list", "related") for item in items)
    made_from = made_of(record, own, topic) if used and record is not None else None
    found = ListShown(
        items=shown(items, views, language),
        fallback=fallback,
        ranking=wanted.ranking,
        language=language,
        recomm_id=None if made_from is None else made_from.recomm_id,
        made_from=made_from,
    )
    return _with_category(found, wanted.category, views)


def search_list(
    record: Published, wanted: Wanted, views: Views, language: str, topic: str
) -> ListShown | None:
    """The list that a search caused, in its order, of what may be shown and is in the category
    that is wanted; None where it cannot be read."""
    try:
        value = _decoder.decode(record.value or b"")
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    own = Own(value, record.experts)
    items = [item for item in own_items(own) if fits(item, wanted, views)][: wanted.count]
    made_from = made_of(record, own, topic)
    shown_list = ListShown(
        items=shown(items, views, language),
        fallback=value.fallback if items else "empty",
        ranking=value.ranking,
        language=language,
        recomm_id=value.recomm_id,
        made_from=made_from,
    )
    return _with_category(shown_list, wanted.category, views)


def _with_category(found: ListShown, category: str | None, views: Views) -> ListShown:
    """The list; where the catalogue has no such category, with that and the names near to it."""
    if category is None or not views.catalogue.lacks(category):
        return found
    near = views.catalogue.categories_near(category)
    return msgspec.structs.replace(found, unknown_category=category, nearest_categories=near)


def of_search(found: ListShown, query: str | None, answer: AnswerGiven | None) -> ListShown:
    """The list, with what was searched for, and its answer where that is a question."""
    return msgspec.structs.replace(found, query=query, answer=answer)


def made_of(record: Published, own: Own | None, topic: str) -> MadeFrom | None:
    """Where a published list stands, and what made it."""
    if own is None:
        return None
    value = own.value
    return MadeFrom(
        recomm_id=value.recomm_id,
        cause=value.cause,
        topic=topic,
        partition=record.partition,
        offset=record.offset,
        model=value.model,
        fallback=value.fallback,
        views=_numbers(record.views, ",", "="),
        experiment=value.experiment,
        variant=value.variant,
    )


def shown(items: Sequence[Chosen], views: Views, language: str) -> list[ItemShown]:
    """Items with their reasons in the reader's language."""
    named = {item.reason.parameters.get("product_id", "") for item in items} - {""}
    titles = views.catalogue.titles(named, language)
    return [
        ItemShown(
            product_id=item.product_id,
            score=item.score,
            source=item.source,
            reason=ReasonShown(
                item.reason.code,
                render(item.reason, language, titles, views.reasons),
                item.reason.parameters,
            ),
            experts=_experts(item.experts),
            propensity=item.propensity,
        )
        for item in items
    ]


@lru_cache(EXPERTS_HELD)
def _experts(text: str) -> dict[str, int]:
    return _numbers(text, " ", ":")


def _numbers(text: str, between: str, of: str) -> dict[str, int]:
    """`neighbours:62 sessions:20`, and the like; what is not so is left out."""
    found: dict[str, int] = {}
    for part in text.split(between) if text else ():
        name, _, number = part.rpartition(of)
        if name and number.isascii() and number.isdigit() and len(number) < 20:
            found[name] = int(number)
    return found
