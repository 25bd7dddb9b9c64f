"""The compiled loop, and columns instead of objects, against a naive twin; and tables of rows."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopkeeper.services.recommender.core.counting.session_state import unpack_changes
from shopkeeper.services.recommender.core.counting.sessions import Sessions
from shopkeeper.services.recommender.core.counting.users import User
from shopkeeper.services.recommender.core.numeric.items import ItemIndex
from shopkeeper.shared.contracts.envelope import Event
from shopkeeper.shared.contracts.event_columns import EventColumns
from shopkeeper.shared.contracts.events.shop import (
    OrderCompleted,
    OrderLine,
    OrderRefunded,
    ProductAdded,
    ProductClicked,
    ProductRemoved,
    UserErased,
)
from tests.property.recommender.counting.plain_sessions import PlainSessions, taught, told
from tests.property.recommender.counting.test_counts import SMALL, START_MS

MINUTE_MS = 60_000
CONFIGS = (
    SMALL,
    replace(SMALL, eviction_interval_records=5, sessions_max=3, users_max=2),
    replace(SMALL, user_events_per_minute_max=2, session_items_max=3, hour_items_max=2),
    replace(SMALL, list_interval_ms=90_000, remembered_items_max=3, recent_items_max=2),
)
PEOPLE = ("u0", "u1", "u2", "顾客", "\u00fc\U0001f600")


@st.composite
def shop_logs(draw: st.DrawFn) -> list[Event]:
    """Mostly clicks; people with and without session ids, clocks that go back, every other kind."""
    log: list[Event] = []
    offset, minute = 0, 0
    for _ in range(draw(st.integers(1, 60))):
        offset += draw(st.integers(1, 3))
        minute += draw(st.sampled_from([0, 0, 0, 1, 1, 2, 31, 61, -20, -40, 3_000]))
        time_ms = START_MS + minute * MINUTE_MS + draw(st.integers(0, 1_000))
        who: dict[str, Any] = {"user_id": draw(st.sampled_from(PEOPLE))}
        if draw(st.integers(0, 9)) == 0:
            who["anonymous_id"] = draw(st.sampled_from(PEOPLE))
        elif draw(st.integers(0, 9)) == 0:
            who = {"anonymous_id": who["user_id"]}
        session = draw(st.sampled_from([None, None, "s0", "s1", "\u4f1a"]))
        item = f"p{draw(st.integers(0, 7))}"
        kind = draw(st.integers(0, 19))
        data: Any = ProductClicked(product_id=item, session_id=session, **who)
        name = "product.clicked.v1"
        if kind == 0:
            name, data = (
                "product.added.v1",
                ProductAdded(product_id=item, session_id=session, **who),
            )
        elif kind == 1:
            name, data = (
                "product.removed.v1",
                ProductRemoved(product_id=item, session_id=session, **who),
            )
        elif kind == 2:
            lines = [
                OrderLine(product_id=f"p{n}") for n in draw(st.sets(st.integers(0, 7), min_size=1))
            ]
            name, data = (
                "order.completed.v1",
                OrderCompleted(
                    order_id=f"o{draw(st.integers(0, 3))}",
                    products=lines,
                    session_id=session,
                    **who,
                ),
            )
        elif kind == 3:
            name, data = (
                "order.refunded.v1",
                OrderRefunded(order_id=f"o{draw(st.integers(0, 3))}", **who),
            )
        elif kind == 4 and draw(st.booleans()):
            name, data = "user.erased.v1", UserErased(**who)
        log.append(Event(name, data, b"", offset, time_ms, str(offset), "", str(offset)))
    return log


@settings(max_examples=300)
@given(
    log=shop_logs(),
    cuts=st.lists(st.integers(0, 60), max_size=8),
    config=st.sampled_from(CONFIGS),
    saves=st.lists(st.sampled_from(["", "", "", "restart", "changes"]), min_size=10, max_size=10),
    old=st.booleans(),
)
def test_columns_and_objects_remember_and_teach_the_same(
    log: list[Event], cuts: list[int], config: Any, saves: list[str], old: bool
) -> None:
    sessions, plain = Sessions(config, ItemIndex()), PlainSessions(config, ItemIndex())
    lists_from_ms = START_MS + 60 * MINUTE_MS if old else 0
    base, segments = sessions.snapshot(), list[bytes]()
    bounds = [0, *sorted(min(cut, len(log)) for cut in cuts), len(log)]
    for place, (start, end) in enumerate(itertools.pairwise(bounds)):
        batch = log[start:end]
        found = taught(sessions, *sessions.learn(batch, lists_from_ms))
        assert found == taught(plain, *plain.learn(batch, lists_from_ms))
        assert told(sessions) == told(plain)
        for name, user in sessions.users.items():
            assert {(name, each) for each in user.sessions} == {
                key for key in plain.sessions if key[0] == name
            }
        assert sessions.counters == plain.counters
        save = saves[place % len(saves)]
        if save == "restart":
            base, segments = sessions.snapshot(), []
        elif save == "changes" and (changed := sessions.changes()) is not None:
            segments.append(changed)
        else:
            continue
        again = Sessions(config, ItemIndex())
        again.restore(base)
        for segment in segments:
            again.apply(segment)
        assert told(again) == told(plain)
        nothing = again.changes()
        assert nothing is None or unpack_changes(nothing).users_gone == []
        assert nothing is None or told_by(nothing) == 0
        again.counters = sessions.counters
        if save == "restart":
            sessions = again


def told_by(packed: bytes) -> int:
    """How many users a segment tells anew."""
    state = msgspec.msgpack.decode(unpack_changes(packed).state)
    return len(state["users"])


def test_who_is_seen_does_not_depend_on_how_the_log_is_cut() -> None:
    """Nobody knows the item that is taken out of the cart, but the batch's last event names it."""
    removed = ProductRemoved(product_id="b", user_id="first")
    event = Event("product.removed.v1", removed, b"", 2, START_MS + 2, "2", "", "2")
    log = [click(0, "first", "a"), click(1, "second", "a"), event, click(3, "third", "b")]
    at_once, one_by_one = Sessions(SMALL, ItemIndex()), Sessions(SMALL, ItemIndex())
    at_once.learn(log)
    for event in log:
        one_by_one.learn([event])
    assert list(at_once.users) == list(one_by_one.users) == ["second", "first", "third"]


def click(offset: int, user: str, item: str, session: str | None = "s") -> Event:
    data = ProductClicked(product_id=item, user_id=user, session_id=session)
    time_ms = START_MS + offset
    return Event("product.clicked.v1", data, b"", offset, time_ms, str(offset), "", str(offset))


def test_many_users_come_and_go() -> None:
    """Tables grow, rows are used again, texts of who is gone make room."""
    config = replace(SMALL, users_max=700, sessions_max=900, eviction_interval_records=500)
    sessions, plain = Sessions(config, ItemIndex()), PlainSessions(config, ItemIndex())
    chance = np.random.default_rng(1)
    people = chance.zipf(1.2, 30_000) % 5_000
    items, visits = chance.integers(0, 400, 30_000), chance.integers(0, 3, 30_000)
    log = [
        click(n, f"user-{'x' * (int(p) % 90)}-{p}", f"p{i}", (None, "a", f"visit-{n % 7}")[v])
        for n, (p, i, v) in enumerate(
            zip(people.tolist(), items.tolist(), visits.tolist(), strict=True)
        )
    ]
    for start in range(0, len(log), 1_000):
        batch = log[start : start + 1_000]
        sessions.learn(EventColumns.of_events(batch), 2**60)
        plain.learn(batch, 2**60)
    assert told(sessions) == told(plain)
    assert sessions.counters["users_evicted"] > 1_000
    store = sessions._kept.store
    assert len(store.owners.cells) < 3_000
    assert len(store.texts) < 1_000_000


def test_a_list_that_is_due_is_made_from_what_was_known_then() -> None:
    sessions = Sessions(SMALL, ItemIndex())
    _, due = sessions.learn([click(0, "u", "a"), click(1, "u", "b"), click(2, "v", "a")])
    names = sessions._items.product_ids
    assert [[names[item] for item in each.recent] for each in due] == [["a"], ["a", "b"], ["a"]]  # type: ignore[union-attr]
    assert [each.event.offset for each in due] == [0, 1, 2]


@pytest.mark.parametrize("field", [f for f in User.__struct_fields__ if f != "sessions"])
def test_a_view_keeps_what_is_set(field: str) -> None:
    value: Any = {
        "list_time_ms": 5,
        "minute": 6,
        "in_minute": 7,
        "hour": 8,
        "named": "n",
        "links": ("a",),
        "orders": ((1, (2, 3)),),
    }.get(field, tuple(range(300)))
    sessions = Sessions(SMALL, ItemIndex())
    user = sessions.user("u")
    assert getattr(user, field) == getattr(User(), field)
    setattr(user, field, value)
    assert getattr(sessions.users["u"], field) == value
    setattr(user, field, getattr(User(), field))
    assert getattr(sessions.users["u"], field) == getattr(User(), field)
