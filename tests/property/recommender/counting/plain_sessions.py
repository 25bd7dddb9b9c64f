"""A naive twin of users and sessions: Python objects in dicts, one event at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shopkeeper.services.recommender.core.counting.learned import Learned
from shopkeeper.services.recommender.core.counting.sessions import Sessions
from shopkeeper.services.recommender.core.counting.users import Session, User

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopkeeper.services.recommender.core.counting.learned import Due
    from shopkeeper.shared.contracts.envelope import Event


class PlainUser(User):
    name: str = ""


class PlainSession(Session):
    key: tuple[str, Any] = ("", None)


class PlainSessions(Sessions):
    """Dicts, in the order in which each user and session was seen last."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.users: dict[str, PlainUser] = {}  # type: ignore[assignment]
        self.sessions: dict[tuple[str, Any], PlainSession] = {}  # type: ignore[assignment]

    def learn(self, events: Sequence[Event], lists_from_ms: int = 0) -> tuple[Learned, Due]:
        learned, due = Learned(), []
        every = self._config.eviction_interval_records
        for event in events:
            if event.offset >= (self._eviction_bucket + 1) * every:
                self.evict(event.offset)
            self._learn_one(event, learned, due, lists_from_ms)
        return learned, due

    def user(self, name: str) -> Any:
        user = self.users.pop(name, None)
        self.users[name] = user = PlainUser(name=name) if user is None else user
        return user

    def session_of(self, user: Any, session_id: Any) -> Any:
        return self.sessions.get((user.name, session_id))

    def see(self, session: Any) -> Any:
        self.sessions[session.key] = self.sessions.pop(session.key)
        return session

    def touch(self, session: Any) -> None:
        pass

    def put_session(self, user: Any, session_id: Any, session: Any) -> Any:
        fields = {name: getattr(session, name) for name in Session.__struct_fields__}
        key = (user.name, session_id)
        assert key not in self.sessions
        self.sessions[key] = PlainSession(**fields, key=key)
        return self.sessions[key]

    def _parked(self, user: Any) -> Any:
        return [s for (name, n), s in self.sessions.items() if name == user.name and type(n) is int]

    def park(self, user: Any, session: Session) -> Any:
        parked = self._parked(user)
        if len(parked) >= self._config.earlier_sessions_max:
            del self.sessions[min(parked, key=lambda s: (s.last_ms, s.key[1])).key]
        return self.put_session(user, session.start, session)

    def earlier(self, user: Any, time_ms: int) -> Any:
        gap_ms = self._config.session_gap_ms
        fitting = [s for s in self._parked(user) if s.holds(time_ms, gap_ms)]
        return max(fitting, key=lambda s: (s.last_ms, s.key[1]), default=None)

    def take(self, session: Any) -> Any:
        return self.sessions.pop(session.key)

    def evict(self, offset: int) -> int:
        config = self._config
        while len(self.sessions) > config.sessions_max:
            del self.sessions[next(iter(self.sessions))]
            self.counters["sessions_evicted"] += 1
        while len(self.users) > config.users_max:
            self._drop(next(iter(self.users)))
            self.counters["users_evicted"] += 1
        self._eviction_bucket = offset // config.eviction_interval_records
        return 0

    def forget(self, name: str) -> bool:
        return self._drop(name)

    def _drop(self, name: str) -> bool:
        for key in [key for key in self.sessions if key[0] == name]:
            del self.sessions[key]
        return self.users.pop(name, None) is not None


def told(sessions: Sessions) -> Any:
    """Everything that is remembered, in its order, with items by name."""
    names = sessions._items.product_ids

    def fields(kind: Any, each: Any) -> list[Any]:
        found = []
        for name in kind.__struct_fields__:
            value = getattr(each, name)
            if name == "sessions":
                continue
            if name == "orders":
                value = tuple((order, tuple(names[i] for i in of)) for order, of in value)
            elif isinstance(value, tuple) and name != "links":
                value = tuple(names[item] for item in value)
            found.append((name, value))
        return found

    users = [(name, fields(User, user)) for name, user in sessions.users.items()]
    return users, [(key, fields(Session, s)) for key, s in sessions.sessions.items()]


def taught(sessions: Sessions, learned: Learned, due: Due) -> Any:
    """What a batch taught and made due, with items by name."""
    names = sessions._items.product_ids
    offsets, kinds, items, *rest = learned.new_columns().tolist()
    seen_offsets, starts, seen = learned.seen_columns().tolist()
    lists: list[Any] = []
    for each in due:
        told: dict[str, Any] = {"kind": type(each).__name__, "offset": each.event.offset}
        for name in ("user", "users", "session", "teaches", "ranking", "whole"):
            told[name] = getattr(each, name, None)
        for name in ("recent", "bought"):
            told[name] = [names[item] for item in getattr(each, name, ())]
        lists.append(told)
    prior = [names[item] for item in learned.prior_column().tolist()]
    new = [offsets, kinds, [names[item] for item in items], *rest]
    sent = [(each.offset, each.partition, each.handover) for each in learned.sent]
    return new, prior, (seen_offsets, starts, [names[item] for item in seen]), lists, sent
