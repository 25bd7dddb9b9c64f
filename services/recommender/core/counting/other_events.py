"""Events that are no visits: erasures, logins, what is taken out of the cart, refunds.

None of them takes a count back. Increments of counts are applied once each, in any order, by
partitions that only add; an add or an order happened, and what others learned of it stands. What
changes is the user's own: what the session's next items are paired with, and what lists offer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from xxhash import xxh3_64_intdigest

from .handovers import ANSWER, ASK, ERASE, FORGET, HANDOVER, Handover
from .learned import Erased, Profiled, Sent, request_of
from .logins import Found, join, linked, take
from .users import BY_CLASS, Session, latest, without, without_last

if TYPE_CHECKING:
    from collections.abc import Callable

    from shopkeeper.shared.contracts.envelope import Event

    from ...config import SessionsConfig
    from ..numeric.items import ItemIndex
    from .learned import Due, Learned
    from .session_store import SessionStore
    from .user_rows import AnySession, AnyUser, SessionRow, UserRow

ERASED = "user.erased.v1"
DELETED = "assumptions.deleted.v1"
REMOVED = "product.removed.v1"
REFUNDED = "order.refunded.v1"
PROFILED = "user.profiled.v1"
ORDERS_MAX = 5  # of a user, whose items are remembered in case one is refunded as a whole
NO_VISITS = frozenset({ERASED, DELETED, REMOVED, REFUNDED, PROFILED, HANDOVER})


class OtherEvents:
    """Folds them into users and sessions of one partition.

    elsewhere: the partition of a user's id, or None where it is this one.
    """

    def __init__(
        self,
        store: SessionStore,
        config: SessionsConfig,
        items: ItemIndex,
        elsewhere: Callable[[str], int | None],
    ) -> None:
        self._store, self._config, self._items = store, config, items
        self._elsewhere = elsewhere

    def fold(self, event: Event, learned: Learned, due: Due, lists_from_ms: int) -> None:
        """Fold one event of `NO_VISITS`; what it teaches and makes due is appended."""
        kind = event.type
        if kind in (ERASED, DELETED):
            due.append(self._erase(event, learned))
        elif kind == REMOVED:
            self._remove(event)
        elif kind == REFUNDED:
            self._refund(event)
        elif kind == PROFILED:
            due.append(Profiled(event))
        else:
            assert kind == HANDOVER, kind
            self._receive(event, learned, due, lists_from_ms)

    # -- cart and orders

    def _remove(self, event: Event) -> None:
        """Out of the cart: the session's later adds are not paired with it, and the add is no
        longer among what lists are made from. Put back, it is not counted again."""
        data, store = event.data, self._store
        name = data.user_id or data.anonymous_id
        if name not in store.users:
            return
        # Seen, also where nobody knows the item: whether it has a number depends on other
        # partitions and on how the log is cut, and who is forgotten first must not.
        user = store.user(name)
        item = self._items.number_of.get(data.product_id)
        session = store.session_at(user, data.session_id, event.time_ms)
        if item is None or session is None or item not in session.added:
            return
        store.touch(session)
        session.added = without(session.added, (item,))
        session.removed += (item,)
        user.recent = without_last(user.recent, (item,))

    def _refund(self, event: Event) -> None:
        """Given back: no longer among what was bought. It is not offered in the session that runs,
        for the user has just decided against it; in the next one it may be."""
        data, store, numbers = event.data, self._store, self._items.number_of
        name = data.user_id or data.anonymous_id
        if name not in store.users:
            return
        user = store.user(name)
        order = _hashed(data.order_id)
        if data.products:
            found = [numbers.get(line.product_id) for line in data.products]
            items = tuple(dict.fromkeys([item for item in found if item is not None]))
        else:
            items = dict(user.orders).get(order, ())
        left = [(key, without(of, items) if key == order else of) for key, of in user.orders]
        user.orders = tuple([(key, of) for key, of in left if of])
        others = {item for _, of in user.orders for item in of}
        gone = tuple([item for item in items if item in user.bought and item not in others])
        user.bought = without(user.bought, gone)
        user.refunded = latest(user.refunded, gone, self._config.bought_items_max)
        user.recent = without_last(user.recent, gone)

    # -- logins

    def log_in(self, learned: Learned, event: Event, user: UserRow, session: SessionRow) -> None:
        """An event with both ids: what the anonymous one did in this session goes on here."""
        data = event.data
        name, anonymous = data.user_id, data.anonymous_id
        if anonymous == name or session.linked == anonymous:
            return
        session.linked = anonymous
        user.links = linked(user.links, anonymous)
        owner = self._elsewhere(anonymous)
        if owner is None:
            found = self._leave(anonymous, name, data.session_id, event.time_ms)
            self._join(learned, event, found, user, session)
            return
        ask = Handover(
            ASK, anonymous, name, data.session_id, time_ms=event.time_ms, session=session.start
        )
        learned.sent.append(Sent(event.offset, owner, ask))

    def _leave(self, anonymous: str, named: str, session_id: str | None, time_ms: int) -> Found:
        """What an anonymous id leaves to whom it belongs; from now on it has nothing of it."""
        store = self._store
        user = store.user(anonymous)
        user.named = named
        session = store.session_at(user, session_id, time_ms)
        return take(user, None if session is None else store.take(session))

    def _join(
        self, learned: Learned, event: Event, found: Found, user: UserRow, session: SessionRow
    ) -> None:
        config = self._config
        if not found:
            return
        join(
            learned,
            user=user,
            session=session,
            found=found,
            offset=event.offset,
            time_ms=event.time_ms,
            limits=(config.session_items_max, config.remembered_items_max, config.bought_items_max),
        )
        self._store.counters["sessions_joined"] += 1

    # -- what other partitions say

    def _receive(self, event: Event, learned: Learned, due: Due, lists_from_ms: int) -> None:
        said: Handover = event.data
        if said.kind in (ERASE, FORGET):
            users = self._erase_linked(event, said, learned)
            due.append(Erased(event, users, whole=said.kind == ERASE))
        elif said.kind == ASK:
            found = self._leave(said.user_id, said.other, said.session_id, said.time_ms)
            if not found:
                return
            owner = self._elsewhere(said.other)
            if owner is None:  # since partitions were added
                self._arrive(event, said.other, found, learned, lists_from_ms, due=due)
            else:
                learned.sent.append(Sent(event.offset, owner, self._answer(said, found)))
        else:
            found = self._found(said)
            self._arrive(event, said.user_id, found, learned, lists_from_ms, due=due)

    def _answer(self, asked: Handover, found: Found) -> Handover:
        names = self._items.product_ids
        session = found.session or Session(0, 0, -1)

        def told(items: tuple[int, ...]) -> tuple[str, ...]:
            return tuple([names[item] for item in items])

        return Handover(
            ANSWER,
            asked.other,
            asked.user_id,
            asked.session_id,
            time_ms=asked.time_ms,
            session=asked.session,
            first_ms=session.first_ms,
            last_ms=session.last_ms,
            clicked=told(session.clicked),
            added=told(session.added),
            ordered=told(session.ordered),
            removed=told(session.removed),
            recent=told(found.recent),
            bought=told(found.bought),
        )

    def _found(self, said: Handover) -> Found:
        def items(names: tuple[str, ...]) -> tuple[int, ...]:
            return tuple([self._items.intern(name) for name in names])

        session = None
        if said.last_ms:
            session = Session(said.first_ms, said.last_ms, -1)
            for field in (*BY_CLASS, "removed"):
                setattr(session, field, items(getattr(said, field)))
        return Found(session, items(said.recent), items(said.bought))

    def _arrive(
        self,
        event: Event,
        name: str,
        found: Found,
        learned: Learned,
        lists_from_ms: int,
        *,
        due: Due,
    ) -> None:
        """Join what arrives, unless the session is gone, or its user was erased meanwhile; the list
        that the login made is made again, since it knew nothing of it."""
        store, said = self._store, event.data
        keys = [(name, said.session_id), (name, said.session)]
        key = next(
            (k for k in keys if k in store.sessions and store.sessions[k].start == said.session),
            None,
        )
        if key is None:
            store.counters["sessions_not_joined"] += 1
            return
        user, session = store.user(name), store.sessions[key]
        store.touch(session)
        self._join(learned, event, found, user, session)
        if event.time_ms >= lists_from_ms and user.recent:
            due.append(request_of(event, name, user, session, teaches=False))

    # -- erasure

    def _erase(self, event: Event, learned: Learned) -> Erased:
        """Forget the ids that the event names, and those that logins linked to them. What this
        worker keeps of a user is what behaviour said: both events take all of it."""
        given = [name for name in (event.data.user_id, event.data.anonymous_id) if name]
        names = dict.fromkeys(given)
        for name in given:
            if (user := self._store.users.get(name)) is not None:
                names |= dict.fromkeys(user.links)
                if user.named is not None:
                    names[user.named] = None
        whole = event.type == ERASED
        kind = ERASE if whole else FORGET
        gone = self._forget(event, list(names), given[0], learned, kind)
        return Erased(event, [*given, *(name for name in gone if name not in given)], whole=whole)

    def _erase_linked(self, event: Event, said: Handover, learned: Learned) -> list[str]:
        """Forget a linked id and, if it is a named user's, what else that one is linked to."""
        user = self._store.users.get(said.user_id)
        links = () if user is None else [link for link in user.links if link != said.other]
        return self._forget(event, [said.user_id, *links], said.user_id, learned, said.kind)

    def _forget(
        self, event: Event, names: list[str], because: str, learned: Learned, kind: str
    ) -> list[str]:
        """Forget those that are here, have others forgotten; returns those that are here."""
        here = []
        for name in names:
            owner = self._elsewhere(name)
            if owner is not None:
                said = Handover(kind, name, because, time_ms=event.time_ms)
                learned.sent.append(Sent(event.offset, owner, said))
                continue
            here.append(name)
            if self._store.forget(name):
                self._store.counters["users_erased"] += 1
        return here


def put_back(session: AnySession, items: tuple[int, ...]) -> int:
    """Items that are added again after they were taken out of the cart are in it as they were; how
    many are still out."""
    for item in items:
        if item in session.removed:
            session.removed = without(session.removed, (item,))
            session.added += (item,)
    return len(session.removed)


def remember_order(user: AnyUser, order_id: str, items: tuple[int, ...]) -> None:
    """Remember which items an order had."""
    order = (_hashed(order_id), items)
    user.orders = (*user.orders, order)[-ORDERS_MAX:]


def _hashed(order_id: str) -> int:
    return xxh3_64_intdigest(order_id.encode("utf-8", "surrogatepass"))
