"""What every protocol of the gateway answers reads with: from memory alone, without HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.preferences import PERSONALISED

from .core import shown
from .core.lists import Views
from .core.segments import assumptions_of, published, segments_for, without
from .searching import given

if TYPE_CHECKING:
    from shopkeeper.shared.contracts.events.recommendation import SegmentsUpdated

    from .core.lists import Wanted
    from .core.segments import Assumptions, SegmentsShown
    from .core.shown import ListShown
    from .http.context import Context
    from .searching import Outcome


def views_of(context: Context) -> Views:
    """What lists are made from."""
    return Views(
        context.similar,
        context.trending,
        context.sentiment,
        context.catalogue,
        context.domain.reason_texts,
    )


def list_for(context: Context, user_id: str | None, wanted: Wanted, language: str) -> ListShown:
    """The list for one request; user_id: None where nobody is known. How the user wants it ranked
    goes before what `wanted` says."""
    record = None
    if user_id is not None:
        wanted = wanted._replace(ranking=context.preferences.ranking(user_id))
        record = context.feed.latest(user_id.encode())
    return shown.list_for(wanted, record, views_of(context), language, topics.RECOMMENDATIONS)


def searched(
    context: Context, brought: Outcome, wanted: Wanted, language: str, query: str | None
) -> ListShown | None:
    """The list that a search caused, in its order: of the category alone where one is given; with
    its answer, where it has one. None where it cannot be read."""
    answer = given(brought.answer, context.catalogue)
    if brought.made is None:
        if answer is None:
            return None
        ranking = context.preferences.ranking(brought.owner.decode("utf-8", "replace"))
        nothing = shown.ListShown(items=[], fallback="empty", ranking=ranking, language=language)
        return shown.of_search(nothing, query, answer)
    views = views_of(context)
    found = shown.search_list(brought.made, wanted, views, language, topics.RECOMMENDATIONS)
    return None if found is None else shown.of_search(found, query, answer)


def segments(context: Context, user_id: str | None, count: int) -> SegmentsShown:
    """Categories and brands for a user; where nothing is known or to be used, of all visitors."""
    said = None if user_id is None else _segments(context, user_id)
    return segments_for(said, views_of(context), count)


def assumptions(context: Context, user_id: str) -> Assumptions:
    """What is assumed of a user."""
    own = shown.own_list(context.feed.latest(user_id.encode()))
    ranking = context.preferences.ranking(user_id)
    recomm_id = own.value.recomm_id if own is not None and ranking == PERSONALISED else None
    return assumptions_of(user_id, ranking, _segments(context, user_id), recomm_id)


def _segments(context: Context, user_id: str) -> SegmentsUpdated | None:
    if context.preferences.ranking(user_id) != PERSONALISED:
        return None
    return without(published(context.segments.get(user_id)), context.catalogue.exclusions)
