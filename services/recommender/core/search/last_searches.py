"""What each user searched for last, as the items found: until the user moves on."""

from __future__ import annotations

from array import array
from collections import OrderedDict
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from ..numeric.types import Searched

NOT_SEARCHED: Searched = ((), ())


class _Search(msgspec.Struct, gc=False):
    time_ms: int
    items: array[int]  # a tenth of what tuples of numbers take
    fits: array[float]
    lists: int = 0  # made since


class LastSearches:
    """By user, what the last search found; of the `users_max` who searched last.

    Held by the worker that made the search's list and by no checkpoint: a search matters for
    minutes, its text is not kept at all.
    """

    def __init__(self, users_max: int, age_ms_max: int, decay: float) -> None:
        """age_ms_max: event time after which a search no longer counts. decay: of what its items
        fit, with each list since."""
        self._users_max, self._age_ms_max, self._decay = users_max, age_ms_max, decay
        self._searches: OrderedDict[str, _Search] = OrderedDict()  # last searched last

    def __len__(self) -> int:
        return len(self._searches)

    def put(self, user: str, time_ms: int, found: Searched) -> None:
        """A search in place of the one before; of nothing found nothing is kept."""
        self._searches.pop(user, None)
        items, fits = found
        if not items:
            return
        self._searches[user] = _Search(time_ms, array("i", items), array("f", fits))
        if len(self._searches) > self._users_max:
            self._searches.popitem(last=False)

    def of(self, user: str, time_ms: int) -> Searched:
        """What fits the user's last search, for a list at this event time: less with each list."""
        search = self._searches.get(user)
        if search is None:
            return NOT_SEARCHED
        if abs(time_ms - search.time_ms) > self._age_ms_max:
            del self._searches[user]
            return NOT_SEARCHED
        found = self._left(search)
        search.lists += 1
        return found

    def peek(self, user: str, last_ms: int) -> Searched:
        """As `of`, for no list: nothing changes. last_ms: event time of the user's last list by a
        click; a search counts unless it was long before that."""
        search = self._searches.get(user)
        if search is None or last_ms - search.time_ms > self._age_ms_max:
            return NOT_SEARCHED
        return self._left(search)

    def _left(self, search: _Search) -> Searched:
        left = self._decay**search.lists
        return search.items, [fit * left for fit in search.fits]

    def forget(self, user: str) -> None:
        """Drop what is remembered of a user."""
        self._searches.pop(user, None)
