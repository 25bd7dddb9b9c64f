"""The live view's numbers and its screen."""

from __future__ import annotations

import io

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from shopkeeper.apps.demo import catalogue, view
from shopkeeper.apps.demo.live import LATENCY_WINDOW_S, Latencies, Live, Rates, WorkerState
from shopkeeper.apps.demo.plain import plain_lines
from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.events.answers import AnswerGiven, AnswerSource
from shopkeeper.shared.contracts.events.base import Model
from shopkeeper.shared.contracts.events.intent import IntentRecognised
from shopkeeper.shared.contracts.events.recommendation import (
    Reason,
    RecommendationsUpdated,
    RecommendedItem,
    SimilarItem,
    SimilarItemsUpdated,
    TrendingItem,
    TrendingUpdated,
)
from shopkeeper.shared.contracts.events.sentiment import ProductSentimentUpdated, SentimentScored
from shopkeeper.shared.contracts.outputs import encode
from shopkeeper.shared.datasets.readers import ShopEvent

PRODUCTS = {p.product_id: p for p in catalogue.built_in()}
FIRST, SECOND, THIRD = list(PRODUCTS)[:3]
MODEL = Model("m", "1")


def test_a_rate_is_of_whole_seconds():
    rates = Rates()
    for tenth in range(100):
        rates.add("x", tenth / 10)
    assert rates.per_s("x", 10.0) == 10.0
    assert rates.per_s("x", 9.5) == 10.0, "the running second does not count"
    assert rates.per_s("x", 12.0) == 6.0
    assert rates.per_s("x", 100.0) == 0.0
    assert rates.per_s("y", 10.0) == 0.0
    assert rates.totals["x"] == 100


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0.001, 1.0))
def test_quantiles_are_nearest_rank(values, share):
    latencies = Latencies()
    for value in values:
        latencies.add(value, 0.0)
    [found] = latencies.quantiles([share], 1.0)
    assert found in values
    assert sum(v <= found for v in values) >= share * len(values) * (1 - 1e-12)
    assert sum(v < found for v in values) < share * len(values) + 1e-9


def test_old_latencies_are_forgotten():
    latencies = Latencies()
    latencies.add(5.0, 0.0)
    latencies.add(7.0, LATENCY_WINDOW_S)
    assert latencies.quantiles([0.5], LATENCY_WINDOW_S + 1) == [7.0]
    assert latencies.quantiles([0.5], 10 * LATENCY_WINDOW_S) == [None]


def a_list(user="u1", items=(FIRST, SECOND)):
    reason = Reason("bought_together", {"product_id": THIRD})
    return RecommendationsUpdated(
        recomm_id="r", items=[RecommendedItem(i, 0.5, reason) for i in items], fallback="none",
        cause="e1", model=MODEL, user_id=user,
    )  # fmt: skip


def fill(live):
    """One of every output."""
    query = ShopEvent(topics.SEARCHES, "products.searched.v1", "u1", {"query": "a tent"}, 0, "s1")
    review = {"review_body": "Broke\x1b[31m at once", "product_id": FIRST}
    asked = {"question": "can I return it? mail me: a.b@example.com"}
    live.sent(query, 1.0)
    live.sent(ShopEvent(topics.QUESTIONS, "question.asked.v1", "u1", asked, 0, "q1"), 1.0)
    live.sent(ShopEvent(topics.REVIEWS, "product.reviewed.v1", FIRST, review, 0, "v1"), 1.0)
    live.sent(ShopEvent(topics.CLICKS, "product.clicked.v1", "u1", {}, 0, "e1"), 1.0)
    sent = [
        (topics.INTENTS, "s1", IntentRecognised(
            intent="search_product", score=0.9, language="en", model=MODEL, probabilities={},
            event_type="products.searched.v1")),
        (topics.SENTIMENTS, "v1", SentimentScored(
            product_id=FIRST, review_id="r", label="negative", score=0.8, probabilities={},
            language="en", basis="text", model=MODEL)),
        (topics.PRODUCT_SENTIMENT, "", ProductSentimentUpdated(
            product_id=FIRST, count=3, mean=-0.5, trend=0.1, positive=0, neutral=1, negative=2,
            model=MODEL)),
        (topics.PRODUCT_SENTIMENT, "", ProductSentimentUpdated(
            product_id=SECOND, count=4, mean=0.75, trend=0.0, positive=4, neutral=0, negative=0,
            model=MODEL)),
        (topics.ANSWERS, "q1", AnswerGiven(
            answer="Yes, within 30 days.", confidence=0.9, route="knowledge", language="en",
            model=MODEL, latency_ms=3, cause="q1", event_type="question.asked.v1",
            sources=(AnswerSource(id="returns", kind="faq", quote="Yes"),))),
        (topics.RECOMMENDATIONS, "e1", a_list()),
        (topics.SIMILAR_ITEMS, "", SimilarItemsUpdated(
            product_id=FIRST, items=[SimilarItem(SECOND, 0.4, 3), SimilarItem(THIRD, 0.3, 2)],
            count=5, model=MODEL)),
        (topics.TRENDING, "", TrendingUpdated(
            scope="all", items=[TrendingItem(THIRD, 2.0)], as_of_ms=0, model=MODEL)),
    ]  # fmt: skip
    for topic, cause, data in sent:
        live.received(topic, encode(data), cause, 1.25)
    live.workers = [WorkerState("intent", "ready", 41, 0, 7), WorkerState("sentiment", "waiting")]


@pytest.fixture
def live():
    return Live(PRODUCTS, 0.0, broker="127.0.0.1:1", measure_from_s=0.5)


def drawn(live, now_s):
    console = Console(width=132, height=44, file=io.StringIO(), record=True)
    console.print(view.screen(live, now_s), height=44)
    return console.export_text()


def shown(live, now_s, columns, lines):
    console = Console(width=columns, height=lines, file=io.StringIO(), record=True)
    console.print(view.frame(live, now_s, full=True, size=(columns, lines)), height=lines)
    return console.export_text()


def test_a_narrow_terminal_has_the_lines_that_fit_it(live):
    fill(live)
    assert "4 events in, 8 insights out" in shown(live, 2.0, 40, 24)
    whole = shown(live, 2.0, *view.PICTURE_SIZE)
    assert "intents of searches" in whole
    assert all(f"{name} " in whole for name in view.OUTPUT_NAMES.values())


@pytest.mark.parametrize("now_s", [2.0, 2.0 + view.LANGUAGE_EVERY_S])
def test_a_terminal_of_80_by_24_shows_what_matters(live, now_s):
    fill(live)
    text = shown(live, now_s, 80, 24)
    assert len(text.splitlines()) == 24
    assert all(cell_len(line) <= 80 for line in text.splitlines())
    for name in (*view.EVENT_NAMES.values(), *view.OUTPUT_NAMES.values()):
        assert f"{name} " in text
    for title in ("events in", "insights out", "recommendations", "dead letters", "Ctrl-C"):
        assert title in text
    assert "sentiment waiting" in text
    first = PRODUCTS[live.recommendations[-1].data.items[0].product_id]
    assert (first.title_zh if view.language_at(now_s) == "zh" else first.title)[:10] in text


def test_the_screen_shows_every_output_with_texts_and_titles(live):
    fill(live)
    text = drawn(live, 2.0)
    assert "search_product" in text
    assert "a tent" in text
    assert "negative" in text
    assert "Often bought together with" in text
    assert PRODUCTS[FIRST].title in text
    assert "p50 250.0 ms" in text
    assert f"worst reviewed -0.50 (3) {PRODUCTS[FIRST].title}" in text
    assert f"best reviewed +0.75 (4) {PRODUCTS[SECOND].title}" in text
    assert "waiting" in text
    assert "can I return it? mail me: [em" in text
    assert "Yes, within 30 days." in text
    assert "\x1b[31m" not in text, "what shoppers write must not steer the terminal"
    chinese = drawn(live, 2.0 + view.LANGUAGE_EVERY_S)
    assert PRODUCTS[FIRST].title_zh in chinese
    assert "一起购买" in chinese


def test_an_empty_screen_can_be_drawn(live):
    assert drawn(live, 1.0).count("nothing yet") == 6
    assert len(list(plain_lines(live, 1.0))) == 1


def test_plain_lines_have_the_numbers_and_an_example_of_each(live):
    fill(live)
    first, *others = plain_lines(live, 2.0)
    assert "intents=1 sentiments=1 complaint-sentiments=0 answers=1 product-sentiment=2 " in first
    assert "lag=7" in first
    assert "click_to_list_ms_p50=250.0" in first
    assert len(others) == 6
    assert any(PRODUCTS[FIRST].title_zh in line for line in others)


def test_lists_of_events_before_the_start_of_measuring_do_not_count(live):
    live.measure_from_s = 5.0
    fill(live)
    assert len(live.latencies) == 0
    assert live.outputs.totals[topics.RECOMMENDATIONS] == 1


def test_what_cannot_be_decoded_is_counted_and_nothing_more(live):
    live.received(topics.INTENTS, b"\xff", "", 1.0)
    live.received(topics.INTENTS, None, "", 1.0)
    live.received(topics.dead_letters(topics.CLICKS, "recommender"), b"\xff", "", 1.0)
    assert live.outputs.totals[topics.INTENTS] == 2
    assert live.dead_letters == 1
    assert not live.intents


def test_the_picture_stands_alone(live):
    fill(live)
    svg = view.picture(live, 2.0)
    assert svg.startswith("<svg")
    assert "@font-face" not in svg
    assert "url(http" not in svg
    assert "search_product" in svg


def test_reasons_with_long_or_strange_titles_keep_to_their_line(live):
    strange = msgspec.structs.replace(PRODUCTS[FIRST], title="x\n" * 200, title_zh=None)
    live.products = {**PRODUCTS, FIRST: strange}
    fill(live)
    assert all(len(line) <= 132 for line in drawn(live, 2.0).splitlines())


def test_an_output_without_a_panel_of_its_own_is_shown_in_one_line_each(monkeypatch):
    topic = topics.Topic("personalisation.loud-texts.v1", "user", "delete", ("text.loud.v1",))
    monkeypatch.setitem(topics.BY_NAME, topic.name, topic)
    live = Live(PRODUCTS, 0.0)
    assert "loud" not in text_of(live)
    for number in range(2):
        live.received(topic.name, b'{"capitals":%d}' % number, "", 1.0)
    text = text_of(live)
    assert "loud texts" in text
    assert text.index("capitals=1") < text.index("capitals=0"), "the newest first"


def text_of(live):
    console = Console(width=132, height=44, record=True, file=io.StringIO())
    console.print(view.screen(live, 2.0), height=44)
    return console.export_text()
