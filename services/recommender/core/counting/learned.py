"""What a batch of events taught: count increments, lists due, words to other partitions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np

from shopkeeper.shared.contracts.preferences import PERSONALISED

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from shopkeeper.shared.contracts.envelope import Event

    from .handovers import Handover
    from .user_rows import AnySession, AnyUser

# How an item that is new to its session counts, beside its pairs:
VISIT = 0  # in n(i) and in trending
REPEATED = 1  # in n(i); its user's visit in this hour was counted before
JOINED = 2  # only its pairs: n(i) was counted where the session began
HOW_SHIFT = 8  # they share a number with the event class


class Columns(NamedTuple):
    """What events taught, as columns; see `Learned`."""

    new: NDArray[np.int64]  # (items, 5)
    prior: NDArray[np.int64]
    seen: NDArray[np.int64]  # (items, 3)


@dataclass(slots=True)
class Learned:
    """What a batch taught, in offset order: columns, and behind them rows of numbers, one after the
    other in flat lists, which are the cheapest to fill event by event."""

    # Per item that was new to its session: offset, class, item, hour, how many of `prior`. Beside
    # the class, above `HOW_SHIFT` bits, VISIT (none set), REPEATED or JOINED.
    new: list[int] = field(default_factory=list)
    # The items that each of these found in its session.
    prior: list[int] = field(default_factory=list)
    # Per item of every event, new or not: offset, `Session.start`, item.
    seen: list[int] = field(default_factory=list)
    # For other partitions of users; not buffered.
    sent: list[Sent] = field(default_factory=list)
    before: list[Columns] = field(default_factory=list)  # what comes before the lists
    pairs_before: int = 0  # of items, in those columns

    def add(self, columns: Columns) -> None:
        """Append what a loop was taught."""
        self._close()
        self._put(columns)

    def extend(self, later: Learned) -> None:
        """Append what the next batch taught, but for what was sent."""
        self._close()
        later._close()
        self.before += later.before
        self.pairs_before += later.pairs_before

    def __bool__(self) -> bool:
        """Whether any item was new to its session."""
        return bool(self.new) or any(len(each.new) for each in self.before)

    @property
    def pairs(self) -> int:
        """How many pairs of items there are."""
        return len(self.prior) + self.pairs_before

    def new_columns(self) -> NDArray[np.int64]:
        """(6, items): offsets, classes, items, hours, counts of `prior`, how they count."""
        columns = self._whole().new.T
        how = columns[1] >> HOW_SHIFT
        return np.stack([columns[0], columns[1] & (1 << HOW_SHIFT) - 1, *columns[2:], how])

    def prior_column(self) -> NDArray[np.int64]:
        """(pairs,): items that were there before, for each new one in turn."""
        return self._whole().prior

    def seen_columns(self) -> NDArray[np.int64]:
        """(3, items): offsets, sessions, items."""
        return np.ascontiguousarray(self._whole().seen.T)

    def only(self, usable: Callable[[NDArray[np.int64]], NDArray[np.bool_]]) -> Learned:
        """What is left where some items must not be named any more; without what was sent.

        usable: (items,) to whether each may be."""
        new, prior, seen = self._whole()
        named = usable(new[:, 2])
        owner = np.repeat(np.arange(len(new)), new[:, 4])
        paired = usable(prior) & named[owner]
        left = new.copy()
        left[:, 4] = np.bincount(owner[paired], minlength=len(new))
        kept = Learned()
        kept.add(Columns(left[named], prior[paired], seen[usable(seen[:, 2])]))
        return kept

    def _close(self) -> None:
        if self.new or self.seen:
            self._put(
                Columns(
                    np.array(self.new, np.int64).reshape(-1, 5),
                    np.array(self.prior, np.int64),
                    np.array(self.seen, np.int64).reshape(-1, 3),
                )
            )
            self.new, self.prior, self.seen = [], [], []

    def _put(self, columns: Columns) -> None:
        self.before.append(columns)
        self.pairs_before += len(columns.prior)

    def _whole(self) -> Columns:
        self._close()
        if not self.before:
            none = np.zeros((0, 5), np.int64)
            return Columns(none, np.zeros(0, np.int64), np.zeros((0, 3), np.int64))
        if len(self.before) > 1:
            self.before = [Columns(*map(np.concatenate, zip(*self.before, strict=True)))]
        return self.before[0]


class ListRequest(msgspec.Struct, gc=False):
    """A list that an event made due, with what it is made from."""

    event: Event
    user: str
    recent: tuple[int, ...]  # newest last
    bought: tuple[int, ...]
    session: int  # `Session.start` of the one that the event belongs to; -1: of none
    teaches: bool = True  # whether others learn from what the user does
    ranking: str = PERSONALISED  # as the user wants it

    def use_nothing(self, ranking: str) -> None:
        """The user wants no personalised list: it is made from nothing that the user did, nobody
        learns from it, and it is the same for all who want this."""
        self.recent, self.bought, self.session, self.teaches = (), (), -1, False
        self.ranking = ranking


@dataclass(slots=True)
class Erased:
    """A user whose published lists are to be removed."""

    event: Event
    users: list[str]
    whole: bool = True  # else only what their behaviour said of them


@dataclass(slots=True)
class Profiled:
    """A profile that came among interactions: it goes on to the topic of profiles."""

    event: Event


@dataclass(slots=True)
class Sent:
    """A record for another partition of users, caused by the event at `offset`."""

    offset: int
    partition: int
    handover: Handover


Due = list[ListRequest | Erased | Profiled]


def request_of(
    event: Event, name: str, user: AnyUser, session: AnySession | None, teaches: bool = True
) -> ListRequest:
    """The list that an event makes due: what the user gave back in this session is as bought."""
    bought = user.bought + user.refunded if user.refunded else user.bought
    start = -1 if session is None else session.start
    return ListRequest(event, name, user.recent, bought, start, teaches)
