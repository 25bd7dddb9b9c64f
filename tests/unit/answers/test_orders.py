"""Where a customer's own orders are: which questions ask that, what is told, and to whom."""

from __future__ import annotations

import json

import pytest

from shopkeeper.services.answers.core.answerer import Answerer
from shopkeeper.services.answers.core.knowledge_base import KnowledgeBase
from shopkeeper.services.answers.core.knowledge_route import KnowledgeRoute
from shopkeeper.services.answers.core.orders.asked import asked_of
from shopkeeper.services.answers.core.orders.order import code_of, order_of
from shopkeeper.services.answers.core.orders.route import OrdersRoute
from shopkeeper.services.answers.core.orders.table import OrderTable
from shopkeeper.services.answers.core.product_table import ProductTable
from shopkeeper.services.answers.core.question import Question
from shopkeeper.services.answers.core.ranking import LexicalRanker
from shopkeeper.services.answers.order_records import OrderRecords
from shopkeeper.services.answers.processors import OrdersProcessor, QuestionProcessor
from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.envelope import Event
from shopkeeper.shared.contracts.events.shop import OrderUpdated, ProductCatalogued, QuestionAsked

SHOE = ProductCatalogued(product_id="p-1", title="Trail <b>Shoe</b>", title_zh="越野跑鞋")
SHIPPED = OrderUpdated(
    order_id="A-1042",
    user_id="mia",
    status="shipped",
    product_ids=["p-1", "gone"],
    carrier="DHL",
    tracking_number="JD 0146-22",
    tracking_url="https://dhl.example/t/JD014622",
    expected_on="2026-12-03",
    placed_at="2026-11-28T10:00:00+01:00",
    shipped_at="2026-12-01",
)
DELIVERED = OrderUpdated(
    order_id="900", user_id="mia", status="delivered", delivered_at="2026-10-02T08:00:00Z",
    placed_at="2026-09-30",
)  # fmt: skip
OF_LI = OrderUpdated(order_id="2077", user_id="li", status="placed", placed_at="2026-11-29")


def route(*said, products=(SHOE,), orders_max=100):
    table, catalogue = OrderTable(orders_max), ProductTable(10)
    catalogue.change({product.product_id: product for product in products})
    for each in said:
        table.change({each.order_id: order_of(each)})
    return OrdersRoute(table, catalogue)


def told(made, text, user="mia", language="en"):
    return made.answer(Question(text, user_id=user), language)


@pytest.mark.parametrize(
    "text",
    [
        "where is my order A-1042",
        "Where's order #a1042?",
        "where is my parcel, the tracking number is JD014622",
        "order 'A1042' status please",
        "has order A-1042 been shipped?",
        "when will my package arrive?",
        "my order hasn't arrived yet",
        "Track my order",
        "I still have not received my parcel",
        "how do I track order A-1042?",
        "A-1042",
        "#A1042",
        "我的订单A-1042到哪了",
        "订单号：A1042，什么时候能到？",
        "單號A1042到哪裡了",
        "快递到哪了",
        "我的包裹什么时候到",
        "物流怎么还没更新",
        "帮我查一下订单",
        "A1042这个订单发货了吗",
        "ＪＤ０１４６２２快递到哪了",
    ],
)
def test_these_ask_where_an_order_is_and_its_customer_is_told(text):
    found = told(route(DELIVERED, SHIPPED, OF_LI), text)
    assert found is not None
    assert found.text is not None
    assert "A-1042" in found.text
    assert (found.route, [source.id for source in found.sources]) == ("orders", ["A-1042"])


@pytest.mark.parametrize(
    "text",
    [
        "how do I cancel an order?",
        "cancel order A-1042",
        "where can I see my orders?",
        "how can I track my order?",
        "can I change my order",
        "I want a refund for order A-1042",
        "how long does delivery take?",
        "do you ship to Switzerland?",
        "how much is delivery",
        "does the package contain a charger?",
        "where are you",
        "is it waterproof?",
        "",
        "怎么取消订单",
        "怎么查物流",
        "在哪里看我的订单",
        "你们发什么快递",
        "运费多少",
        "订单A1042我要退货",
        "大概多久能发货",
        "这个商品什么时候到货",
        "合肥百货大楼在哪里",
    ],
)
def test_these_are_left_to_the_knowledge(text):
    assert told(route(DELIVERED, SHIPPED), text) is None


def test_what_is_told_in_both_languages():
    made = route(SHIPPED, DELIVERED)
    english = told(made, "where is my order A-1042?")
    assert english.text == (
        "Order A-1042 is on its way, sent on 1 December 2026. It is expected on 3 December 2026. "
        "Carrier: DHL, tracking number JD 0146-22. It contains: Trail Shoe and 1 more. "
        "Follow it at https://dhl.example/t/JD014622"
    )
    assert english.sources[0].kind == "order"
    assert english.sources[0].quote == "status: shipped, expected_on: 2026-12-03"
    chinese = told(made, "订单A-1042到哪了", language="zh")
    assert chinese.text == (
        "订单A-1042已发货，正在运输途中（2026年12月1日发出），预计2026年12月3日送达，快递公司：DHL，"
        "运单号：JD 0146-22，商品：越野跑鞋等2件。物流查询： https://dhl.example/t/JD014622 "
    )
    assert told(made, "where is order 900").text == "Order 900 was delivered on 2 October 2026."


def test_without_a_number_open_orders_are_named_the_newest_first_or_else_the_latest():
    made = route(
        DELIVERED,
        *(
            OrderUpdated(order_id=f"n-{day}", user_id="mia", status="placed",
                         placed_at=f"2026-11-0{day}")
            for day in range(1, 8)
        ),
    )  # fmt: skip
    several = told(made, "where is my order?")
    assert [source.id for source in several.sources] == ["n-7", "n-6", "n-5", "n-4", "n-3"]
    assert several.text.endswith("There are 2 more on the way.")
    assert "900" not in several.text
    older = OrderUpdated(order_id="800", user_id="mia", status="cancelled", placed_at="2026-01-01")
    assert told(route(DELIVERED, older), "where is my order?").text.startswith("Order 900 was")
    assert told(route(OF_LI), "where is my order?") is None


def test_anothers_order_and_one_that_does_not_exist_are_answered_alike():
    made = route(SHIPPED, OF_LI)
    for text in ("where is order {}?", "订单{}到哪了", "#{}", "tracking number {} status"):
        others, nobodys = (told(made, text.format(number)) for number in ("2077", "3088"))
        assert others == nobodys
        assert others.text is None
        assert (others.abstained, others.final, others.sources) == ("unknown_order", True, ())


def test_who_is_not_signed_in_is_told_nothing_whatever_the_anonymous_id_says():
    made = route(SHIPPED)
    for number in ("A-1042", "3088"):
        question = Question(f"where is order {number}?", anonymous_id="mia")
        found = made.answer(question, "en")
        assert (found.text, found.abstained) == (None, "not_signed_in")
    assert made.answer(Question("where is my order?", anonymous_id="mia"), "en") is None


def test_what_the_shop_wrote_comes_out_as_plain_text_and_bad_days_are_left_out():
    said = OrderUpdated(
        order_id="<script>1</script>77", user_id="mia", status="shipped", carrier="<b>D\u202eHL",
        tracking_url="javascript:alert(1)", expected_on="2026-13-45",
        placed_at="2026-01-01 at noon",
    )  # fmt: skip
    text = told(route(said), "where is my order?").text
    assert text == "Order 77 is on its way. Carrier: DHL."


def test_numbers_are_one_however_they_are_written():
    assert {code_of(w) for w in ("#A-10 234", "a10234", "Ａ_10-234")} == {"a10234"}
    assert asked_of("订单3天了还没到").named == ()
    assert asked_of("where is my order from 12 days ago").named == ()
    assert asked_of("where is my order " + "9-" * 20_000) is not None
    assert asked_of("where is my order " + "track my " * 500) is not None


def table_of(orders_max=100):
    orders = OrderTable(orders_max)
    return orders, OrderRecords(orders)


def record(order_id, user="mia", **more):
    value = {"order_id": order_id, "user_id": user, "status": "placed", **more}
    return order_id.encode(), json.dumps(value).encode()


def test_the_table_takes_good_records_removals_and_passes_bad_ones_over():
    orders, tables = table_of()
    tables.apply_orders(
        [
            record("1"),
            record("2"),
            record("3"),
            (
                b"1",
                b'{"order_id": "1", "user_id": "mia"}',
            ),  # without a status: the one before stays
            (b"x", record("4")[1]),  # under another key
            (b"5", record("5", user="null")[1]),
            (b"6", b"\xff"),
            (None, record("7")[1]),
            (b"2", None),
            record("3", user="li"),
        ]
    )
    assert [order.id for order in orders.of("mia")] == ["1"]
    assert [order.id for order in orders.of("li")] == ["3"]
    assert len(orders) == 2


def test_the_table_is_bounded_and_counts_what_made_room():
    orders, tables = table_of(orders_max=2)
    tables.apply_orders([record("1"), record("2"), record("1", status="shipped"), record("3")])
    assert [order.id for order in orders.of("mia")] == ["1", "3"]
    assert (len(orders), orders.take_evicted(), orders.take_evicted()) == (2, 1, 0)


def erased(user, time_ms):
    return user.encode(), json.dumps({"user": user, "time_ms": time_ms}).encode()


@pytest.mark.parametrize("erasure_first", [True, False])
def test_orders_of_an_erased_user_are_forgotten_whichever_is_read_first(erasure_first):
    orders, tables = table_of()
    time_ms = 1_790_000_000_000  # 2026-09-21
    said = [
        record("before", placed_at="2026-09-20T00:00:00Z"),
        record("unknown"),
        record("after", placed_at="2026-09-22"),
        record("another", user="li"),
    ]
    steps = [
        lambda: tables.apply_orders(said),
        lambda: tables.apply_erased([erased("mia", time_ms), (b"mia", b"{}")]),
    ]
    for step in reversed(steps) if erasure_first else steps:
        step()
    assert [order.id for order in orders.of("mia")] == ["after"]
    assert [order.id for order in orders.of("li")] == ["another"]
    other, first = OrdersProcessor(1, 3, orders), OrdersProcessor(0, 3, orders)
    assert other.on_timer(0) == []
    outputs = first.on_timer(0)
    assert {(o.topic, o.key, o.value) for o in outputs} == {
        (topics.ORDERS, b"before", None),
        (topics.ORDERS, b"unknown", None),
    }
    assert sorted(o.partition for o in outputs if o.key == b"before") == [0, 1, 2]
    assert first.on_timer(0) == []


def test_a_day_that_a_program_writes_for_none_forgets_nothing():
    orders, tables = table_of()
    tables.apply_orders([record("1", placed_at="0001-01-01T00:00:00Z")])
    assert [order.id for order in orders.of("mia")] == ["1"]
    assert orders.take_condemned() == []
    said = OrderUpdated(order_id="77", user_id="mia", status="placed", expected_on="0001-01-01")
    assert "expected" not in told(route(said), "where is my order?").text


def test_what_the_topic_has_forgotten_already_is_not_removed_again():
    orders, tables = table_of()
    tables.apply_erased([erased("mia", 1)])
    tables.apply_orders([record("1"), (b"1", None), record("2"), record("2", user="li")])
    assert orders.take_condemned() == []
    assert [order.id for order in orders.of("li")] == ["2"]


def test_an_answer_about_an_order_lies_under_its_users_key_whatever_the_questions_key_is():
    table, products, ranker = OrderTable(10), ProductTable(10), LexicalRanker()
    table.change({OF_LI.order_id: order_of(OF_LI)})
    answerer = Answerer(
        [OrdersRoute(table, products)], KnowledgeRoute(KnowledgeBase(ranker, 10), ranker)
    )
    processor = QuestionProcessor(3, answerer, lambda: 0)

    def asked(text, key):
        data = QuestionAsked(question=text, user_id="li")
        event = Event("question.asked.v1", data, key, 0, 0, "q", "s", "q")
        ((output,), _) = processor.process([event], 0)
        return output.key, output.partition

    assert asked("where is my order?", b"mia") == (b"li", None)
    assert asked("where is order 99881?", b"mia") == (b"mia", None)
