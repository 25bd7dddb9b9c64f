"""A user's order is never told to another, whatever comes in whichever order."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from shopkeeper.services.answers.core.answerer import Answerer
from shopkeeper.services.answers.core.knowledge_base import KnowledgeBase
from shopkeeper.services.answers.core.knowledge_route import KnowledgeRoute
from shopkeeper.services.answers.core.orders.order import code_of
from shopkeeper.services.answers.core.orders.route import OrdersRoute
from shopkeeper.services.answers.core.orders.table import OrderTable
from shopkeeper.services.answers.core.product_table import ProductTable
from shopkeeper.services.answers.core.question import Question
from shopkeeper.services.answers.core.ranking import LexicalRanker
from shopkeeper.services.answers.order_records import OrderRecords

USERS = ("mia", "li", "Mia", "null", "")
IDS = ("1042", "10-42", "A1042", "2077", "m-7")
PLACED = {"early": "2026-01-01T00:00:00Z", "late": "2026-03-01T00:00:00Z", None: None}
ERASED_MS = 1_769_904_000_000  # 2026-02-01

orders = st.tuples(
    st.just("order"),
    st.sampled_from(IDS),
    st.sampled_from(USERS),
    st.sampled_from(("placed", "shipped", "delivered")),
    st.sampled_from(tuple(PLACED)),
)
removals = st.tuples(st.just("remove"), st.sampled_from(IDS))
erasures = st.tuples(st.just("erase"), st.sampled_from(USERS[:3]))
TEXTS = (
    "where is my order {}?",
    "订单{}到哪了",
    "where is my order?",
    "我的快递到哪了",
    "#{}",
    "{}",
    "tracking number {} status",
    "where are orders {} and 2077",
)
questions = st.tuples(
    st.just("ask"),
    st.sampled_from([*USERS, None]),
    st.sampled_from(TEXTS),
    st.sampled_from(IDS),
    st.sampled_from(USERS),  # as the anonymous id
)
steps = st.lists(st.one_of(orders, removals, erasures, questions, questions), max_size=40)


class Shop:
    """The service's tables and routes, beside what a reader of the log would know."""

    def __init__(self):
        self.orders = OrderTable(1000)
        products, ranker = ProductTable(10), LexicalRanker()
        knowledge = KnowledgeBase(ranker, 10)
        self.tables = OrderRecords(self.orders)
        self.answerer = Answerer(
            [OrdersRoute(self.orders, products)], KnowledgeRoute(knowledge, ranker)
        )
        self.known: dict[str, tuple[str, str]] = {}  # order -> its user, carrier
        self.erased: set[str] = set()

    def order(self, order_id, user, status, placed):
        carrier = f"carrier of {user or 'nobody'}."
        value = {"order_id": order_id, "user_id": user, "status": status, "carrier": carrier}
        if PLACED[placed]:
            value["placed_at"] = PLACED[placed]
        self.tables.apply_orders([(order_id.encode(), json.dumps(value).encode())])
        if user in ("null", ""):
            return  # nobody's: what was known before stays
        self.known.pop(order_id, None)
        if user not in self.erased or placed == "late":
            self.known[order_id] = user, placed

    def remove(self, order_id):
        self.tables.apply_orders([(order_id.encode(), None)])
        self.known.pop(order_id, None)

    def erase(self, user):
        value = json.dumps({"user": user, "time_ms": ERASED_MS}).encode()
        self.tables.apply_erased([(user.encode(), value)])
        self.erased.add(user)
        self.known = {
            name: (of, placed)
            for name, (of, placed) in self.known.items()
            if of != user or placed == "late"
        }

    def ask(self, user, text, order_id, anonymous):
        question = Question(text.format(order_id), user_id=user, anonymous_id=anonymous)
        answer = self.answerer.answer(question)
        own = {name for name, (of, _) in self.known.items() if of == user}
        assert {source.id for source in answer.sources} <= own
        for other in {*USERS, "nobody"} - {user}:
            assert f"carrier of {other}." not in (answer.text or "")
        if answer.route == "orders":
            assert own
        codes = {code_of(name) for name in own}
        if "{}" not in text or text == "{}":
            return
        if code_of(order_id) in codes:
            assert answer.route == "orders"
            return
        # Somebody else's order, and none at all: one answer.
        nobodys = self.answerer.answer(question._replace(text=text.format("A-99881")))
        assert answer == nobodys._replace(language=answer.language)


@settings(max_examples=300)
@given(steps)
def test_no_order_is_told_to_another_user(log):
    shop = Shop()
    for kind, *arguments in log:
        getattr(shop, kind)(*arguments)


@settings(max_examples=100)
@given(st.lists(st.one_of(orders, removals), max_size=30), st.integers(1, 5))
def test_a_bounded_table_holds_what_changed_last(log, orders_max):
    table = OrderTable(orders_max)
    tables = OrderRecords(table)
    last: dict[str, str] = {}
    for kind, order_id, *rest in log:
        if kind == "remove":
            tables.apply_orders([(order_id.encode(), None)])
            last.pop(order_id, None)
            continue
        user, status, _ = rest
        value = {"order_id": order_id, "user_id": user, "status": status}
        tables.apply_orders([(order_id.encode(), json.dumps(value).encode())])
        if user not in ("null", ""):
            last.pop(order_id, None)
            last[order_id] = user
            for name in list(last)[: max(0, len(last) - orders_max)]:
                del last[name]
    assert len(table) == len(last)
    for user in USERS:
        assert [order.id for order in table.of(user)] == [n for n, u in last.items() if u == user]
