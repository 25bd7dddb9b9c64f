"""Lists as they were answered, for a second: who asks again gets the same bytes.

An answer is used again only while the user's own list is the same record (an erased user has none),
the user wants lists ranked as before, and each of its products may still be shown. Neighbours,
trending, reviews and titles in it may be that second old.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, NamedTuple

from ..core.shown import encode
from .answers import encoded, is_known
from .lists import list_answer

if TYPE_CHECKING:
    from ..core.feed import Published
    from ..core.shown import ListShown
    from .context import Context

HELD_S = 1.0
HELD_MAX = 8192

Raw = tuple[int, list[tuple[bytes, bytes]], bytes]  # status, headers, body
Asked = tuple[str, bytes, str]  # user, query string, language


class _Held(NamedTuple):
    made_s: float
    own: Published | None
    ranking: str
    product_ids: list[str]
    tag: str
    whole: Raw
    known: Raw


class HeldLists:
    """The answers of the last second, at most `held_max`."""

    def __init__(self, context: Context, held_max: int = HELD_MAX) -> None:
        self._context, self._held_max = context, held_max
        self._held: OrderedDict[Asked, _Held] = OrderedDict()

    def __len__(self) -> int:
        return len(self._held)

    def get(self, asked: Asked, known: str) -> Raw | None:
        """The answer that is held, if it may still be given. known: the header `If-None-Match`."""
        held = self._held.get(asked)
        if held is None:
            return None
        context, user_id = self._context, asked[0]
        if (
            context.monotonic_s() - held.made_s < HELD_S
            and context.feed.latest(user_id.encode()) is held.own
            and context.preferences.ranking(user_id) == held.ranking
            and all(map(context.catalogue.offers, held.product_ids))
        ):
            return held.known if is_known(held.tag, known) else held.whole
        del self._held[asked]
        return None

    def put(
        self, asked: Asked, own: Published | None, found: ListShown, views: str, known: str
    ) -> Raw:
        """Hold a list; returns the answer. own: the user's, as it was when the list was made.
        known: the header `If-None-Match`."""
        now_s, value = self._context.monotonic_s(), encode(found)
        answer = list_answer(value, views, asked[2], "")
        tag = answer.headers["ETag"]
        headers = encoded(answer)
        self._held.pop(asked, None)
        held = self._held[asked] = _Held(
            made_s=now_s,
            own=own,
            ranking=found.ranking,
            product_ids=[item.product_id for item in found.items],
            tag=tag,
            whole=(200, headers, value),
            known=(304, headers[:-2], b""),  # less those of the body
        )
        # In the order in which they were made: what is too old goes, and what is too much.
        oldest = next(iter(self._held))
        while len(self._held) > self._held_max or now_s - self._held[oldest].made_s >= HELD_S:
            del self._held[oldest]
            oldest = next(iter(self._held))
        return held.known if is_known(held.tag, known) else held.whole
