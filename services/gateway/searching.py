"""What a search brought: a list of the recommender, the answer of the answers service, or both."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from shopkeeper.shared.contracts.events.answers import AnswerGiven

from .core.withheld import value_of
from .sending import until

if TYPE_CHECKING:
    from .core.catalogue import Catalogue
    from .core.feed import Published
    from .http.context import Context

# A list is there before an answer mostly; what is both a question and a search for products may
# have its answer first, and for the list it is worth waiting so long.
LIST_AFTER_ANSWER_S = 0.25

_given = msgspec.json.Decoder(AnswerGiven)


class Outcome(NamedTuple):
    """Records that a search caused, as far as they are there: one of the two at least."""

    made: Published | None  # the list; none is made for a question for support
    answer: Published | None  # none is given where the search is no question

    @property
    def owner(self) -> bytes:
        """The key of the records: whose search it was."""
        record = self.made or self.answer
        return b"" if record is None else record.key


def outcome(context: Context, event_id: str) -> Outcome | None:
    """What the search with that event id brought so far; None: nothing, or long ago."""
    found = Outcome(context.feed.list_of_search(event_id), context.feed.answer_to(event_id))
    return None if found == (None, None) else found


async def within(context: Context, event_id: str, wait_s: float) -> Outcome | None:
    """What it brings within so many seconds."""
    found = await until(lambda: outcome(context, event_id), wait_s)
    if found is not None and found.made is None:
        await until(lambda: context.feed.list_of_search(event_id), LIST_AFTER_ANSWER_S)
        return outcome(context, event_id)
    return found


def given(record: Published | None, catalogue: Catalogue) -> AnswerGiven | None:
    """The answer, less what the domain withholds; None where there is none that can be read."""
    if record is None:
        return None
    try:
        return _given.decode(value_of(record, catalogue) or b"")
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
