"""Events as columns, so that a compiled loop can read them: an `Event` is made where one is asked
for, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, overload

import numpy as np

from .envelope import Event

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

CLICKED = "product.clicked.v1"
_NOT_PLAIN = ("", None, "")


class EventColumns(Sequence[Event]):
    """Events of one topic, in the order of their offsets.

    buffer: (bytes,) what the spans point into. offsets, times_ms: (events,). plain: (events,)
    whether the spans are filled: a product.clicked.v1 with exactly one of `user_id` and
    `anonymous_id`, whose ids are ASCII without escapes; of any other event only `[i]` tells. users,
    sessions, products: (events, 2) start and length of the id in `buffer`; a session's length is
    -1 where there is none. All are contiguous, and `buffer` is read-only: of one type for numba.
    """

    __slots__ = (
        "_event_at",
        "_places",
        "buffer",
        "offsets",
        "plain",
        "products",
        "sessions",
        "times_ms",
        "users",
    )

    def __init__(
        self,
        *,
        buffer: NDArray[np.uint8],
        offsets: NDArray[np.int64],
        times_ms: NDArray[np.int64],
        plain: NDArray[np.bool_],
        users: NDArray[np.int32],
        sessions: NDArray[np.int32],
        products: NDArray[np.int32],
        event_at: Callable[[int], Event],
        places: NDArray[np.int64] | None = None,
    ) -> None:
        """places: (events,) what `event_at` is to be asked for; None: 0, 1, 2 and so on."""
        self.buffer, self.offsets, self.times_ms = buffer, offsets, times_ms
        self.plain, self.users, self.sessions, self.products = plain, users, sessions, products
        self._event_at, self._places = event_at, places

    def __len__(self) -> int:
        return len(self.offsets)

    @overload
    def __getitem__(self, index: int) -> Event: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Event]: ...

    def __getitem__(self, index: int | slice) -> Event | Sequence[Event]:
        if isinstance(index, slice):
            chosen = np.zeros(len(self), np.bool_)
            chosen[index] = True
            assert (index.step or 1) > 0, "columns are in the order of offsets"
            return self.select(chosen)
        place = range(len(self))[index]  # raises IndexError
        return self._event_at(place if self._places is None else int(self._places[place]))

    def select(self, mask: NDArray[np.bool_]) -> EventColumns:
        """Those events that a mask (events,) names."""
        if mask.all():
            return self
        places = np.arange(len(self)) if self._places is None else self._places
        return EventColumns(
            buffer=self.buffer,
            offsets=self.offsets[mask],
            times_ms=self.times_ms[mask],
            plain=self.plain[mask],
            users=self.users[mask],
            sessions=self.sessions[mask],
            products=self.products[mask],
            event_at=self._event_at,
            places=places[mask],
        )

    @classmethod
    def of_events(cls, events: Sequence[Event]) -> EventColumns:
        """Columns of events that exist already: `[i]` gives `events[i]` itself."""
        names: list[str | None] = []
        take = names.extend
        for event in events:
            data = event.data
            if event.type == CLICKED and (data.user_id is None) is not (data.anonymous_id is None):
                take((data.user_id or data.anonymous_id, data.session_id, data.product_id))
            else:
                take(_NOT_PLAIN)
        texts = [name or "" for name in names]
        joined = "".join(texts)
        if not joined.isascii():
            for at in range(0, len(names), 3):
                if not "".join(texts[at : at + 3]).isascii():
                    names[at : at + 3] = _NOT_PLAIN
                    texts[at : at + 3] = ("", "", "")
            joined = "".join(texts)
        starts_and_lengths: list[int] = []  # of user, session and product of each event
        plain: list[bool] = []
        at = 0
        for nth in range(0, len(names), 3):
            user, session, product = map(len, texts[nth : nth + 3])
            unnamed = names[nth + 1] is None
            told = -1 if unnamed else session
            starts_and_lengths += (at, user, at + user, told, at + user + session, product)
            plain.append(user > 0 and product > 0 and (unnamed or session > 0))
            at += user + session + product
        spans = np.array(starts_and_lengths, np.int32).reshape(-1, 3, 2)
        return cls(
            buffer=np.frombuffer(joined.encode(), np.uint8),
            offsets=np.array([event.offset for event in events], np.int64),
            times_ms=np.array([event.time_ms for event in events], np.int64),
            plain=np.array(plain, np.bool_),
            users=spans[:, 0].copy(),
            sessions=spans[:, 1].copy(),
            products=spans[:, 2].copy(),
            event_at=events.__getitem__,
        )
