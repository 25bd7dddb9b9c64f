"""A login: the session of an anonymous id goes on under the named user.

Of two sessions that become one, each pair of items counts once: pairs within either were counted
there, so only those across are new.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..numeric.types import HOUR_MS
from .learned import HOW_SHIFT, JOINED
from .users import BY_CLASS, latest

if TYPE_CHECKING:
    from .learned import Learned
    from .user_rows import AnySession, AnyUser
    from .users import Session

LINKS_MAX = 8  # anonymous ids that a named user is remembered to have come with


class Found(NamedTuple):
    """What an anonymous id leaves to the user who logs in: items are interned."""

    session: Session | None
    recent: tuple[int, ...]
    bought: tuple[int, ...]

    def __bool__(self) -> bool:
        return self.session is not None or bool(self.recent or self.bought)


def linked(links: tuple[str, ...], anonymous_id: str) -> tuple[str, ...]:
    """The links with this one as the newest."""
    return (*(each for each in links if each != anonymous_id), anonymous_id)[-LINKS_MAX:]


def take(user: AnyUser, session: Session | None) -> Found:
    """Take what an anonymous id has; the next person at the same device finds nothing of it."""
    found = Found(session, user.recent, user.bought)
    user.recent = user.bought = user.refunded = ()
    user.orders = ()
    return found


def join(
    learned: Learned,
    *,
    user: AnyUser,
    session: AnySession,
    found: Found,
    offset: int,
    time_ms: int,
    limits: tuple[int, int, int],
) -> None:
    """Put what was found before what the named user did in this session.

    offset: of the event that causes it. limits: items of a session's class, recent items,
    purchases; at most.
    """
    items_max, recent_max, bought_max = limits
    at = len(user.recent)
    while at and _in(session, user.recent[at - 1]):
        at -= 1
    if found.session is not None:
        _join_sessions(learned, session, found.session, offset, time_ms, items_max)
    user.recent = (*user.recent[:at], *found.recent, *user.recent[at:])[-recent_max:]
    user.bought = latest(latest((), found.bought, bought_max), user.bought, bought_max)


def _in(session: AnySession, item: int) -> bool:
    return item in session.clicked or item in session.added or item in session.ordered


def _join_sessions(
    learned: Learned,
    session: AnySession,
    before: Session,
    offset: int,
    time_ms: int,
    items_max: int,
) -> None:
    began = not (session.clicked or session.added or session.ordered)
    if began and before.start >= 0:
        session.start = before.start  # the same session for everybody: it goes on
    for kind, name in enumerate(BY_CLASS):
        items, earlier = getattr(session, name), getattr(before, name)
        alone = tuple([item for item in items if item not in earlier])
        room = max(0, items_max - len(items))
        new = [item for item in earlier if item not in items][:room]
        for item in new:
            if alone:
                counted = kind | JOINED << HOW_SHIFT
                learned.new += (offset, counted, item, time_ms // HOUR_MS, len(alone))
                learned.prior += alone
        kept = tuple([item for item in earlier if item in items or item in new])
        setattr(session, name, kept + alone)
    session.removed = (*session.removed, *before.removed)[:items_max]
    session.first_ms = min(session.first_ms, before.first_ms)
    session.last_ms = max(session.last_ms, before.last_ms)
