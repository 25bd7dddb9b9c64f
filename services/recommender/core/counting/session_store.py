"""Where users and sessions of one partition are kept: found, opened, parked, evicted."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from ..numeric import rows as tables
from ..numeric.row_batches import remove_owners, remove_rows
from ..numeric.row_loops import see
from ..numeric.rows import MARK, STAMP
from . import session_state
from .user_rows import SessionRow, SessionViews, UserRow, UsersAndSessions, UserViews
from .users import Session, SessionId, SessionKey, User

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ...config import SessionsConfig
    from ..numeric.items import ItemIndex
    from .user_rows import AnySession, AnyUser

USER_FIELDS = tuple(field for field in User.__struct_fields__ if field != "sessions")
PARKED_MS_MAX = 86_400_000  # what ended longer before its successor began, no late event joins


class SessionStore:
    """Users and sessions of one partition.

    A user has one running session by the clock, and a few *parked* ones: earlier ones, which late
    events may still join, and those of a device whose clock is slow.
    """

    def __init__(self, config: SessionsConfig, items: ItemIndex) -> None:
        self._config, self._items = config, items
        self._kept = UsersAndSessions()
        self.users, self.sessions = UserViews(self._kept), SessionViews(self._kept)
        self._eviction_bucket = 0  # offset // eviction_interval_records, of the last event
        self.counters: Counter[str] = Counter()  # since start; not part of the state
        # Since the last checkpoint: who and what went, and sessions that changed but were not seen
        # (the tables themselves know what was).
        self._gone_users: set[str] = set()
        self._gone_sessions: set[SessionKey] = set()
        self._changed: set[int] = set()
        self._forgotten = False  # somebody, for good

    def user(self, name: str) -> UserRow:
        """The user, who is now the most recently seen; a new one if nobody is known by the name."""
        kept = self._kept
        row = kept.user_row(name)
        if row < 0:
            row = kept.add_user(name)
        see(kept.store.owners, row)
        return UserRow(kept, row)

    def put_user(self, name: str, user: AnyUser) -> UserRow:
        """A user who was kept elsewhere, without sessions; now the most recently seen."""
        kept = self.user(name)
        for field in USER_FIELDS:
            setattr(kept, field, getattr(user, field))
        return kept

    # -- sessions

    def session_of(self, user: UserRow, session_id: SessionId) -> SessionRow | None:
        """A user's session, if it is there."""
        row = self._kept.session_row_of(user.row, session_id)
        return None if row < 0 else SessionRow(self._kept, row)

    def see(self, session: SessionRow) -> SessionRow:
        """The session, which is now the most recently seen."""
        see(self._kept.store.owned, session.row)
        return session

    def touch(self, session: SessionRow) -> None:
        """The session has changed."""
        self._changed.add(session.row)

    def begin(self, user: UserRow, session_id: SessionId, offset: int, time_ms: int) -> SessionRow:
        """A session that nothing came before under its id."""
        user.refunded = ()
        return self.put_session(user, session_id, Session(time_ms, time_ms, offset))

    def put_session(self, user: UserRow, session_id: SessionId, session: AnySession) -> SessionRow:
        """A session that was kept elsewhere, or under another id; now the most recently seen."""
        row = self._kept.add_session(user.row, session_id)
        kept = SessionRow(self._kept, row)
        kept.first_ms, kept.last_ms, kept.start = session.first_ms, session.last_ms, session.start
        for name in ("clicked", "added", "ordered", "removed"):
            if items := getattr(session, name):
                setattr(kept, name, items)
        if session.linked is not None:
            kept.linked = session.linked
        return kept

    def open(
        self,
        user: UserRow,
        session_id: SessionId,
        running: SessionRow | None,
        offset: int,
        *,
        time_ms: int,
        new: bool,
    ) -> SessionRow | None:
        """The session of an event that the one that runs under its id does not hold.

        new: whether one may begin. Otherwise None, where no earlier one is the event's.
        """
        begins = running is None or time_ms > running.last_ms
        if running is not None and not (begins and new):
            self.see(running)
            earlier = None if begins else self.earlier(user, time_ms)
            if earlier is not None:
                earlier.last_ms = max(earlier.last_ms, time_ms)
                earlier.first_ms = min(earlier.first_ms, time_ms)
                return self.see(earlier)
        if not new:
            return None
        if not begins:
            return self.park(user, Session(time_ms, time_ms, offset))
        if running is not None:
            ended = self.take(running)
            if time_ms - ended.last_ms < PARKED_MS_MAX:
                self.park(user, ended)
        return self.begin(user, session_id, offset, time_ms)

    def park(self, user: UserRow, session: Session) -> SessionRow:
        """Keep a session that does not run, in the place of the oldest where there are many."""
        parked = self._parked(user)
        if len(parked) >= self._config.earlier_sessions_max:
            self.take(min(parked, key=lambda each: (each.last_ms, each.number)))
        return self.put_session(user, session.start, session)

    def _parked(self, user: UserRow) -> list[SessionRow]:
        kept = self._kept
        return [
            session
            for row in kept.sessions_of(user.row)
            if (session := SessionRow(kept, row)).number is not None
        ]

    def earlier(self, user: UserRow, time_ms: int) -> SessionRow | None:
        """The newest parked session that holds this time."""
        gap_ms = self._config.session_gap_ms
        fitting = [each for each in self._parked(user) if each.holds(time_ms, gap_ms)]
        return max(fitting, key=lambda each: (each.last_ms, each.number), default=None)

    def session_at(self, user: UserRow, session_id: SessionId, time_ms: int) -> SessionRow | None:
        """The session that an event of this id and time belongs to, if it is there."""
        running = self.session_of(user, session_id)
        if session_id is None and not (
            running is not None and running.holds(time_ms, self._config.session_gap_ms)
        ):
            return self.earlier(user, time_ms)
        return running

    def take(self, session: SessionRow) -> Session:
        """Take a session out."""
        key, taken = self._kept.key_of(session.row), session.copy()
        self._kept.remove_session(session.row)
        self._gone_sessions.add(key)
        return taken

    # -- forgetting

    def evict(self, offset: int) -> int:
        """Forget what was silent longest, down to the caps; returns at which offset next."""
        kept, config = self._kept, self._config
        excess = len(self.sessions) - config.sessions_max
        if excess > 0:
            gone = tables.oldest(kept.store.owned, excess)
            remove_rows(kept.store, kept.store.owned, gone)
            self._note_sessions(gone)
            self.counters["sessions_evicted"] += excess
        excess = len(self.users) - config.users_max
        if excess > 0:
            self._remove_users(tables.oldest(kept.store.owners, excess))
            self.counters["users_evicted"] += excess
        self._eviction_bucket = offset // config.eviction_interval_records
        return (self._eviction_bucket + 1) * config.eviction_interval_records

    def forget(self, name: str) -> bool:
        """Drop a user with all sessions, for good: the next checkpoint is a whole one, so that the
        ones before can go. False if nobody is known by the name."""
        kept = self._kept
        row = kept.user_row(name)
        self._forgotten |= row >= 0
        if row < 0:
            return False
        self._remove_users(np.array([row]))
        return True

    def _remove_users(self, rows: NDArray[np.int64]) -> None:
        """Forget users, with all sessions: until rows are made anew, keys lie where they lay."""
        kept = self._kept
        sessions = np.empty(len(self.sessions), np.int64)
        count = remove_owners(kept.store, rows, sessions)
        self._gone_users.update(kept.names(rows))
        kept.forget_beside(rows.tolist(), ())
        self._note_sessions(sessions[:count])

    def _note_sessions(self, gone: NDArray[np.int64]) -> None:
        kept = self._kept
        owners = kept.names(kept.owners_of(gone))
        self._gone_sessions.update(zip(owners, kept.ids(gone), strict=True))
        kept.forget_beside((), gone.tolist())

    def take_eviction_bucket(self, other: SessionStore) -> None:
        """Go on evicting where another, of the same partition, left off."""
        self._eviction_bucket = other._eviction_bucket

    # -- checkpoints

    def snapshot(self) -> bytes:
        """The whole state; equal states give equal bytes."""
        self._checkpointed()
        store = self._kept.store
        return self._packed(tables.in_order(store.owners), tables.in_order(store.owned))

    def _packed(self, users: NDArray[np.int64], sessions: NDArray[np.int64]) -> bytes:
        return session_state.pack(
            self._config,
            self._items,
            self._kept,
            users=users,
            sessions=sessions,
            eviction_bucket=self._eviction_bucket,
        )

    def restore(self, packed: bytes) -> None:
        """Replace the state. Raises StateError for a newer format or another session rule."""
        self._eviction_bucket = session_state.unpack(
            packed, self._config, self._items, self._kept, begin=lambda _: self._kept.clear()
        )
        self._checkpointed()

    def changes(self) -> bytes | None:
        """What became of users and sessions since the last `snapshot`, `restore` or `changes`; None
        where only `snapshot` can tell."""
        store = self._kept.store
        users, sessions = tables.seen_since(store.owners), tables.seen_since(store.owned)
        in_place = np.array(sorted(self._changed), np.int64)
        stamps = store.owned.cells[in_place, STAMP]
        stayed = in_place[(stamps >= 0) & (stamps <= store.owned.heads[MARK])]
        told = np.append(stayed, sessions)
        owners = store.owners
        seen = owners.cells[self._kept.owners_of(told), STAMP] > owners.heads[MARK]
        if self._forgotten or not seen.all():
            return None
        gone = sorted(name for name in self._gone_users if name not in self.users)
        gone_sessions = [key for key in self._gone_sessions if key not in self.sessions]
        state = self._packed(users, told)
        self._checkpointed()
        return session_state.pack_changes(
            session_state.Changed(
                state=state,
                stayed=len(stayed),
                users_gone=gone,
                sessions_gone=sorted(gone_sessions, key=str),
            )
        )

    def apply(self, packed: bytes) -> None:
        """Take over what `changes` gave, after `restore`. Raises StateError."""
        changed = session_state.unpack_changes(packed)
        kept = self._kept

        def remove_gone(_: object) -> None:
            for key in changed.sessions_gone:
                if (row := kept.session_row(key)) >= 0:
                    kept.remove_session(row)
            for name in changed.users_gone:
                if (row := kept.user_row(name)) >= 0:
                    self._remove_users(np.array([row]))

        self._eviction_bucket = session_state.unpack(
            changed.state,
            self._config,
            self._items,
            kept,
            stayed=changed.stayed,
            begin=remove_gone,
        )
        self._checkpointed()

    def _checkpointed(self) -> None:
        for rows in (self._kept.store.owners, self._kept.store.owned):
            tables.mark(rows)
        self._gone_users.clear()
        self._gone_sessions.clear()
        self._changed.clear()
        self._forgotten = False
