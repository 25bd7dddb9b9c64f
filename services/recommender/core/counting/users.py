"""What is remembered of one user: the last items, and sessions with their distinct items.

Hundreds of thousands of these live for long, and Python's cycle collector walks over every list
and plain object again and again (16 % of the time at 170,000 users). Structs without `gc`, and
tuples and dicts of strings and numbers, it leaves alone; nothing here can be in a cycle.
"""

from __future__ import annotations

import msgspec

# A session's name within its user: the shop's own id; None for the one that runs by the clock; a
# number for an earlier one by the clock, which late events may still join.
SessionId = str | int | None
SessionKey = tuple[str, SessionId]
NEVER = -1


class User(msgspec.Struct, gc=False):
    """What is remembered of one customer."""

    recent: tuple[int, ...] = ()  # items of the last events, newest last, repeats included
    bought: tuple[int, ...] = ()  # last purchases, newest last
    sessions: dict[SessionId, None] = {}  # ids of sessions still kept (a new dict for each)
    list_time_ms: int | None = None  # time of the event of the last list that was due
    minute: int = NEVER  # of event time, in which `in_minute` events were counted
    in_minute: int = 0
    hour: int = NEVER  # newest of event time, whose visits of `hour_items` count in trending
    hour_items: tuple[int, ...] = ()
    refunded: tuple[int, ...] = ()  # given back in the session that runs: not offered in it
    orders: tuple[tuple[int, tuple[int, ...]], ...] = ()  # hashed ids of the last, their items
    links: tuple[str, ...] = ()  # of a named user: anonymous ids that logged in, newest last
    named: str | None = None  # of an anonymous id: who logged in with it last


class Session(msgspec.Struct, gc=False):
    """Distinct items by event class, in order of first appearance."""

    first_ms: int
    last_ms: int
    start: int  # offset of the event that began it: with the partition, its identity
    clicked: tuple[int, ...] = ()
    added: tuple[int, ...] = ()
    ordered: tuple[int, ...] = ()
    removed: tuple[int, ...] = ()  # were added, and taken out of the cart again
    linked: str | None = None  # the anonymous id whose session was asked for

    def holds(self, time_ms: int, gap_ms: int) -> bool:
        """Whether an event of this time belongs to it by the clock: it is less than a gap away."""
        return self.first_ms - gap_ms < time_ms < self.last_ms + gap_ms


BY_CLASS = ("clicked", "added", "ordered")  # fields of Session


def latest(earlier: tuple[int, ...], items: tuple[int, ...], at_most: int) -> tuple[int, ...]:
    """Distinct items in the order in which each came last, the last so many."""
    for item in items:
        earlier = (*(i for i in earlier if i != item), item)[-at_most:]
    return earlier


def without(items: tuple[int, ...], dropped: tuple[int, ...]) -> tuple[int, ...]:
    """The items that were not dropped, in their order."""
    return tuple([item for item in items if item not in dropped])


def without_last(items: tuple[int, ...], dropped: tuple[int, ...]) -> tuple[int, ...]:
    """The items without the last occurrence of each that was dropped."""
    left = list(items)
    for item in dropped:
        for place in range(len(left) - 1, -1, -1):
            if left[place] == item:
                del left[place]
                break
    return tuple(left)
