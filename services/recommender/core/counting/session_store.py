"""Where users and sessions of one partition are kept: found, opened, parked, evicted."""

from __future__ import annotations

from collections import Counter
from itertools import takewhile
from typing import TYPE_CHECKING, TypeVar

from . import session_state
from .users import Session, SessionKey, User

if TYPE_CHECKING:
    from ...config import SessionsConfig
    from ..numeric.items import ItemIndex

K = TypeVar("K")
V = TypeVar("V")
PARKED_MS_MAX = 86_400_000  # what ended longer before its successor began, no late event joins


class SessionStore:
    """Users and sessions of one partition.

    A user has one running session by the clock, and a few *parked* ones: earlier ones, which late
    events may still join, and those of a device whose clock is slow.
    """

    def __init__(self, config: SessionsConfig, items: ItemIndex) -> None:
        self._config, self._items = config, items
        self.users: dict[str, User] = {}  # least recently seen first
        self.sessions: dict[SessionKey, Session] = {}  # likewise
        self._eviction_bucket = 0  # offset // eviction_interval_records, of the last event
        self.counters: Counter[str] = Counter()  # since start; not part of the state
        # What changed, came or went since the last checkpoint: sessions, whose users were seen;
        # other users; and sessions that were evicted, whose users were not.
        self.touched_sessions: set[SessionKey] = set()
        self.touched_users: set[str] = set()
        self._evicted: set[SessionKey] = set()
        self._forgotten = False  # somebody, for good

    def user(self, name: str) -> User:
        """The user, who is now the most recently seen; a new one if nobody is known by the name."""
        user = self.users.pop(name, None)
        if user is None:
            user = User()
        self.users[name] = user
        self.touched_users.add(name)
        return user

    # -- sessions

    def begin(self, user: User, key: SessionKey, offset: int, time_ms: int) -> Session:
        """A session that nothing came before under its key."""
        session = self.sessions[key] = Session(time_ms, time_ms, offset)
        self.touched_sessions.add(key)
        user.sessions[key[1]] = None
        user.refunded = ()
        return session

    def open(
        self,
        user: User,
        key: SessionKey,
        running: Session | None,
        offset: int,
        *,
        time_ms: int,
        new: bool,
    ) -> Session | None:
        """The session of an event that the one under `key` (already taken out) does not hold.

        new: whether one may begin. Otherwise None, where no earlier one is the event's.
        """
        begins = running is None or time_ms > running.last_ms
        self.touched_sessions.add(key)
        if running is not None and not (begins and new):
            self.sessions[key] = running
            earlier = None if begins else self.earlier(user, key[0], time_ms)
            if earlier is not None:
                session = self.sessions.pop(earlier)
                session.last_ms = max(session.last_ms, time_ms)
                session.first_ms = min(session.first_ms, time_ms)
                self.sessions[earlier] = session
                self.touched_sessions.add(earlier)
                return session
        if not new:
            return None
        if not begins:
            session = Session(time_ms, time_ms, offset)
            self.park(user, key[0], session)
            return session
        if running is not None and time_ms - running.last_ms < PARKED_MS_MAX:
            self.park(user, key[0], running)
        return self.begin(user, key, offset, time_ms)

    def park(self, user: User, name: str, session: Session) -> None:
        """Keep a session that does not run, in the place of the oldest where there are many."""
        parked = [each for each in user.sessions if type(each) is int]
        if len(parked) >= self._config.earlier_sessions_max:
            oldest = min(parked, key=lambda each: (self.sessions[name, each].last_ms, each))
            del user.sessions[oldest], self.sessions[name, oldest]
            self.touched_sessions.add((name, oldest))
        self.sessions[name, session.start] = session
        self.touched_sessions.add((name, session.start))
        user.sessions[session.start] = None

    def earlier(self, user: User, name: str, time_ms: int) -> SessionKey | None:
        """The newest parked session that holds this time."""
        gap_ms = self._config.session_gap_ms
        fitting = [
            (session.last_ms, each)
            for each in user.sessions
            if type(each) is int and (session := self.sessions[name, each]).holds(time_ms, gap_ms)
        ]
        return (name, max(fitting)[1]) if fitting else None

    def key_at(
        self, user: User, name: str, session_id: str | None, time_ms: int
    ) -> SessionKey | None:
        """The key of the session that an event of this id and time belongs to, if it is there."""
        key = (name, session_id)
        running = self.sessions.get(key)
        if session_id is None and not (
            running is not None and running.holds(time_ms, self._config.session_gap_ms)
        ):
            return self.earlier(user, name, time_ms)
        return key if running is not None else None

    def remove(self, user: User, key: SessionKey) -> Session:
        """Take a session out."""
        del user.sessions[key[1]]
        self.touched_sessions.add(key)
        return self.sessions.pop(key)

    # -- forgetting

    def evict(self, offset: int) -> int:
        """Forget what was silent longest, down to the caps; returns at which offset next."""
        users, sessions, config = self.users, self.sessions, self._config
        excess = len(sessions) - config.sessions_max
        if excess > 0:
            for key in [key for key, _ in zip(sessions, range(excess), strict=False)]:
                del sessions[key]
                self._evicted.add(key)
                users[key[0]].sessions.pop(key[1], None)
            self.counters["sessions_evicted"] += excess
        excess = len(users) - config.users_max
        if excess > 0:
            for name in [name for name, _ in zip(users, range(excess), strict=False)]:
                self._drop(name)
            self.counters["users_evicted"] += excess
        self._eviction_bucket = offset // config.eviction_interval_records
        return (self._eviction_bucket + 1) * config.eviction_interval_records

    def forget(self, name: str) -> bool:
        """Drop a user with all sessions, for good: the next checkpoint is a whole one, so that the
        ones before can go. False if nobody is known by the name."""
        known = self._drop(name)
        self._forgotten |= known
        return known

    def _drop(self, name: str) -> bool:
        user = self.users.pop(name, None)
        if user is None:
            return False
        self.touched_users.add(name)
        for session_id in user.sessions:
            del self.sessions[name, session_id]
            self.touched_sessions.add((name, session_id))
        return True

    def take_eviction_bucket(self, other: SessionStore) -> None:
        """Go on evicting where another, of the same partition, left off."""
        self._eviction_bucket = other._eviction_bucket

    # -- checkpoints

    def snapshot(self) -> bytes:
        """The whole state; equal states give equal bytes."""
        self._checkpointed()
        return session_state.pack(
            self._config,
            self._items,
            users=self.users,
            sessions=self.sessions,
            eviction_bucket=self._eviction_bucket,
        )

    def restore(self, packed: bytes) -> None:
        """Replace the state. Raises StateError for a newer format or another session rule."""
        self.users, self.sessions, self._eviction_bucket = session_state.unpack(
            packed, self._config, self._items
        )
        self._checkpointed()

    def changes(self) -> bytes | None:
        """What became of users and sessions since the last `snapshot`, `restore` or `changes`; None
        where only `snapshot` can tell."""
        touched_users = self.touched_users.union(name for name, _ in self.touched_sessions)
        moved_users, users = tail(self.users, touched_users)
        moved, sessions = tail(self.sessions, self.touched_sessions)
        if self._forgotten or len(users) > len(moved_users):
            return None
        if any(name not in moved_users for name, _ in sessions):
            return None
        gone = [name for name in touched_users if name not in self.users]
        touched = self.touched_sessions | self._evicted
        gone_sessions = [key for key in touched if key not in self.sessions]
        self._checkpointed()
        return session_state.pack_changes(
            session_state.Changed(
                state=session_state.pack(
                    self._config,
                    self._items,
                    users=moved_users,
                    sessions=sessions,
                    eviction_bucket=self._eviction_bucket,
                ),
                stayed=len(sessions) - len(moved),
                users_gone=sorted(gone),
                sessions_gone=sorted(gone_sessions, key=str),
            )
        )

    def apply(self, packed: bytes) -> None:
        """Take over what `changes` gave, after `restore`. Raises StateError."""
        changed = session_state.unpack_changes(packed)
        users, sessions, self._eviction_bucket = session_state.unpack(
            changed.state, self._config, self._items
        )
        for name, session_id in changed.sessions_gone:
            self.sessions.pop((name, session_id), None)
            if (owner := self.users.get(name)) is not None:
                owner.sessions.pop(session_id, None)
        for name in changed.users_gone:
            self.users.pop(name, None)
        for name, user in users.items():
            before = self.users.pop(name, None)
            if before is not None:
                user.sessions = before.sessions | user.sessions
            self.users[name] = user
        for place, (key, session) in enumerate(sessions.items()):
            if place >= changed.stayed:
                self.sessions.pop(key, None)
            self.sessions[key] = session

    def _checkpointed(self) -> None:
        self.touched_users.clear()
        self.touched_sessions.clear()
        self._evicted.clear()
        self._forgotten = False


def tail(kept: dict[K, V], touched: set[K]) -> tuple[dict[K, V], dict[K, V]]:
    """What was put at the end of `kept` since `touched` began, in order; and all that is there of
    what was touched: first what changed in its place, then what was put at the end."""
    moved = list(takewhile(lambda each: each[0] in touched, reversed(kept.items())))
    moved.reverse()
    at_end = dict(moved)
    stayed = {key: kept[key] for key in touched if key in kept and key not in at_end}
    return at_end, stayed | at_end
