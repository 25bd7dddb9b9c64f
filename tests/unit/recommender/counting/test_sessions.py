"""What real shops send: late events, two devices, bots, carts and refunds, one event at a time."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from shopkeeper.services.recommender.config import RecommenderConfig
from shopkeeper.services.recommender.core.counting.cooccurrence import ItemPartition
from shopkeeper.services.recommender.core.counting.deltas import decode, deltas_of, encode
from shopkeeper.services.recommender.core.counting.sessions import Sessions
from shopkeeper.services.recommender.core.numeric.items import ItemIndex
from shopkeeper.shared.contracts.envelope import Event
from shopkeeper.shared.contracts.events.shop import (
    OrderCompleted,
    OrderLine,
    OrderRefunded,
    ProductAdded,
    ProductClicked,
    ProductRemoved,
    UserErased,
)
from tests.property.recommender.counting.test_counts import held, visits_of

NOW_S = 1_700_000_000
HOUR_S = 3600


class Shop:
    """One partition of users and one of items."""

    def __init__(self, **config: Any) -> None:
        self.config = replace(RecommenderConfig(), **config)
        self.items = ItemIndex()
        self.sessions = Sessions(self.config, self.items)
        self.counts = ItemPartition(self.config, self.items)
        self.offset = 0
        self.last: Any = None  # what the last event made due
        self.seen = 0  # entries of the session index

    def event(self, kind: str, data: Any, at_s: float) -> None:
        time_ms = int(1000 * (NOW_S + at_s))
        event = Event(kind, data, None, self.offset, time_ms, f"e{self.offset}", "", "")
        self.offset += 1
        learned, due = self.sessions.learn([event])
        self.seen += len(learned.seen_columns()[0])
        for _, deltas in deltas_of(learned, self.items, "clicks", 0, 1):
            for record in encode(deltas, self.items, 900_000):
                self.counts.fold(decode(record, self.items))
        self.last = due[0] if due else None

    def click(self, user: str, product: str, at_s: float = 0, session: str | None = None) -> None:
        data = ProductClicked(user_id=user, product_id=product, session_id=session)
        self.event("product.clicked.v1", data, at_s)

    def add(self, user: str, product: str, at_s: float = 0) -> None:
        self.event("product.added.v1", ProductAdded(user_id=user, product_id=product), at_s)

    def remove(self, user: str, product: str, at_s: float = 0) -> None:
        self.event("product.removed.v1", ProductRemoved(user_id=user, product_id=product), at_s)

    def order(self, user: str, order: str, *products: str, at_s: float = 0) -> None:
        lines = [OrderLine(product_id=product) for product in products]
        data = OrderCompleted(user_id=user, order_id=order, products=lines)
        self.event("order.completed.v1", data, at_s)

    def refund(self, user: str, order: str, *products: str, at_s: float = 0) -> None:
        lines = [OrderLine(product_id=product) for product in products] or None
        data = OrderRefunded(user_id=user, order_id=order, products=lines)
        self.event("order.refunded.v1", data, at_s)

    def names(self, items: tuple[int, ...]) -> list[str]:
        return [self.items.product_ids[item] for item in items]

    def pairs(self, kind: int = 0) -> set[tuple[str, str]]:
        return {(i, j) for k, i, j in held(self.counts) if k == kind and i < j}

    def visits(self) -> Counter[str]:
        found: Counter[str] = Counter()
        for (item, _), count in visits_of(self.counts, self.items).items():
            found[item] += count
        return found

    def again(self) -> None:
        """As another process, from the checkpoint."""
        packed = self.sessions.snapshot()
        self.sessions = Sessions(self.config, self.items)
        self.sessions.restore(packed)
        assert self.sessions.snapshot() == packed


# -- late events, devices whose clocks differ


@pytest.mark.parametrize("restarted", [False, True])
def test_a_late_event_does_not_end_the_running_session(restarted: bool) -> None:
    shop = Shop()
    for product, at in (("LA", -30), ("LZ", -3 * HOUR_S), ("LB", -20)):
        shop.click("late1", product, at)
        if restarted:
            shop.again()
    assert shop.pairs() == {("LA", "LB")}


def test_late_events_of_one_time_are_one_session() -> None:
    shop = Shop()
    for product, hours in (("A", 0), ("Z1", -3), ("Y", -6), ("Z2", -3), ("B", 0)):
        shop.click("u", product, hours * HOUR_S)
    assert shop.pairs() == {("A", "B"), ("Z1", "Z2")}


@pytest.mark.parametrize("apart_s", [3 * HOUR_S, -3 * HOUR_S, 365 * 24 * HOUR_S])
@pytest.mark.parametrize("ids", [False, True])
def test_two_devices_of_a_user_with_different_clocks_keep_their_sessions(
    apart_s: int, ids: bool
) -> None:
    shop = Shop()
    for n in range(3):
        shop.click("u", f"A{n}", n, "a" if ids else None)
        shop.click("u", f"B{n}", apart_s + n, "b" if ids else None)
    right = {(f"{d}{i}", f"{d}{j}") for d in "AB" for i in range(3) for j in range(3) if i < j}
    if apart_s > 24 * HOUR_S and not ids:  # no clock is accepted that is so far ahead
        assert {("B0", "B1"), ("B1", "B2")} <= shop.pairs()
    else:
        assert shop.pairs() == right


def test_a_late_event_within_a_long_session_belongs_to_it() -> None:
    shop = Shop()
    for n in range(5):
        shop.click("u", f"A{n}", n * 1200)
    shop.click("u", "L", 60)
    assert {("A0", "L"), ("A4", "L")} <= shop.pairs()


def test_earlier_sessions_of_a_user_are_bounded() -> None:
    shop = Shop()
    for n in range(50):
        shop.click("u", f"A{n}", -n * HOUR_S)
    assert len(shop.sessions.sessions) == len(shop.sessions.users["u"].sessions) == 4


def test_state_of_the_second_format_is_taken_over() -> None:
    shop = Shop()
    shop.click("u", "A", 0)
    state = msgspec.msgpack.decode(shop.sessions.snapshot())
    old = dict(list(state.items())[:16])
    assert list(old)[-1] == "session_start"
    shop.sessions.restore(msgspec.msgpack.encode(old | {"format_version": 2}))
    shop.click("u", "B", 10)
    assert shop.pairs() == {("A", "B")}


# -- bots


def test_many_sessions_of_one_user_make_no_trend() -> None:
    shop = Shop()
    for n in range(60):
        shop.click("bot", "BOTITEM", n, f"s{n}")
    for n in range(5):
        shop.click(f"u{n}", "HUMITEM", n)
    assert shop.visits() == {"BOTITEM": 1, "HUMITEM": 5}
    shop.again()
    shop.click("bot", "BOTITEM", 61, "another")
    assert shop.visits()["BOTITEM"] == 1
    shop.click("bot", "BOTITEM", 2 * HOUR_S, "later")
    assert shop.visits()["BOTITEM"] == 2


def test_nothing_is_learned_of_a_user_who_is_too_fast() -> None:
    shop = Shop(user_events_per_minute_max=10)
    for n in range(40):
        shop.click("bot", f"B{n}", n * 0.1, f"s{n // 4}")
        assert shop.names(shop.last.recent)[-1] == f"B{n}", "it still gets lists"
    assert shop.last.teaches is False
    assert sum(shop.visits().values()) == shop.seen == 10
    assert len(shop.sessions.sessions) == 3
    assert shop.sessions.counters["events_too_fast"] == 30
    shop.again()
    shop.click("bot", "LATER", 30 * 60)
    assert shop.visits()["LATER"] == 0, "for an hour"
    shop.click("bot", "PERSON", 61 * 60)
    assert shop.visits()["PERSON"] == 1
    shop.click("u", "A", 0)
    assert shop.visits()["A"] == 1, "others are not touched"


# -- the cart, refunds


def test_what_is_taken_out_of_the_cart_is_no_evidence_any_more() -> None:
    shop = Shop()
    shop.add("u", "A")
    shop.add("u", "B", 1)
    shop.remove("u", "A", 2)
    assert shop.last is None, "no list is due"
    shop.again()
    shop.add("u", "C", 3)
    assert shop.pairs(1) == {("A", "B"), ("B", "C")}, "what was counted stands"
    assert shop.names(shop.last.recent) == ["B", "C"]
    assert shop.visits() == {}, "it is no click"
    shop.add("u", "A", 4)  # put back: an add of the session again, counted once
    shop.add("u", "D", 5)
    assert shop.pairs(1) >= {("A", "D"), ("B", "D"), ("C", "D")}
    assert held(shop.counts)[1, "A", "A"] == 1


def test_removals_of_what_is_not_there_change_nothing() -> None:
    shop = Shop()
    shop.remove("nobody", "A")
    shop.add("u", "A")
    before = shop.sessions.snapshot()
    shop.remove("u", "unknown", 1)
    shop.remove("u", "A", 5 * HOUR_S)  # another session
    assert shop.sessions.snapshot() == before
    assert "nobody" not in shop.sessions.users


def test_a_bot_cannot_fill_a_cart_by_removing() -> None:
    shop = Shop(session_items_max=4)
    for n in range(20):
        shop.add("u", f"A{n}")
        shop.remove("u", f"A{n}")
    [session] = shop.sessions.sessions.values()
    assert len(session.removed) == 4


@pytest.mark.parametrize("whole", [False, True])
def test_a_refunded_item_may_be_offered_again_in_the_next_session(whole: bool) -> None:
    shop = Shop()
    shop.order("u", "o1", "A", "B")
    shop.order("u", "o2", "C", at_s=1)
    shop.again()
    shop.refund("u", "o1", *([] if whole else ["A", "B"]), at_s=2)
    assert shop.last is None
    shop.again()
    shop.click("u", "X", 3)
    assert sorted(shop.names(shop.last.bought)) == ["A", "B", "C"], "not in this session"
    assert shop.names(shop.last.recent) == ["C", "X"]
    shop.click("u", "Y", 5 * HOUR_S)
    assert shop.names(shop.last.bought) == ["C"]
    assert held(shop.counts)[2, "A", "B"] == 1, "what was counted stands"


def test_what_another_order_holds_stays_bought() -> None:
    shop = Shop()
    shop.order("u", "o1", "A")
    shop.order("u", "o2", "A", "B", at_s=1)
    shop.refund("u", "o1", at_s=2)
    shop.click("u", "X", 5 * HOUR_S)
    assert shop.names(shop.last.bought) == ["A", "B"]


# -- logins on one partition (on two: tests/property/recommender/counting/test_logins.py)


def test_a_login_within_a_session_keeps_it() -> None:
    shop = Shop()
    both = {"anonymous_id": "an1", "session_id": "sN"}
    shop.event("product.clicked.v1", ProductClicked(product_id="NP", **both), 0)
    data = ProductClicked(product_id="NQ", user_id="reg1", **both)
    shop.event("product.clicked.v1", data, 1)
    assert shop.pairs() == {("NP", "NQ")}
    assert shop.names(shop.last.recent) == ["NP", "NQ"]
    shop.again()
    shop.event("user.erased.v1", UserErased(user_id="reg1"), 2)
    assert shop.last.users == ["reg1", "an1"]
    assert (shop.sessions.users, shop.sessions.sessions) == ({}, {})
