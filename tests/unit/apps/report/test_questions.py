"""What the report says of questions: who answered, what helped, and what nobody answered."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markupsafe import escape

from shopkeeper.apps.report import page
from shopkeeper.apps.report.charts import Words
from shopkeeper.apps.report.clusters import CLUSTER_MIN, Asked, clustered
from shopkeeper.apps.report.questions import (
    Newest,
    Questions,
    masked,
    sections,
    share_with_interval,
)
from shopkeeper.shared.contracts.envelope import Event
from shopkeeper.shared.contracts.events.answers import ABSTENTIONS, ANSWER_ROUTES, AnswerGiven
from shopkeeper.shared.contracts.events.base import Model
from shopkeeper.shared.contracts.events.shop import AnswerRated, ProductsSearched, QuestionAsked

INVOICE = ("Can I pay by invoice?", "can i pay by invoice", "do you accept payment by invoice")
CHINESE = ("可以开发票吗", "能不能开发票", "你们开发票吗？")


def answered(cause, route="person", reason="nothing_found", kind="question.asked.v1"):
    return AnswerGiven(
        answer=None if route == "person" else "Yes.", confidence=0.5, route=route, language="en",
        model=Model("answers", "1"), latency_ms=1, cause=cause, event_type=kind,
        abstained=reason if route == "person" else None,
    )  # fmt: skip


def event(kind, data, name, time_ms=1):
    return Event(kind, data, b"u", 0, time_ms, name, "s", name)


def asked(name, text):
    return event("question.asked.v1", QuestionAsked(question=text), name)


def rated(answer_id, helpful, time_ms, name):
    data = AnswerRated(answer_id=answer_id, helpful=helpful)
    return event("answer.rated.v1", data, name, time_ms)


def a_shop():
    found = Questions()
    for number, text in enumerate((*INVOICE, *CHINESE, "where are your shops")):
        reason = "confidence" if text in CHINESE else "nothing_found"
        found.see_answer(f"a{number}", answered(f"q{number}", reason=reason), number)
        found.see_answer(f"a{number}", answered(f"q{number}", reason="confidence"), number)  # again
    found.see_answer("s", answered("s1", kind="products.searched.v1"), 50)
    for number in range(4):
        found.see_answer(f"k{number}", answered(f"kq{number}", "knowledge"), 100 + number)
    for number, text in enumerate((*INVOICE, *CHINESE, "where are your shops")):
        found.see_event(asked(f"q{number}", text))
    found.see_event(asked("kq0", "what was answered is not looked at"))
    found.see_event(
        event("products.searched.v1", ProductsSearched(query="pay invoice", user_id="u"), "s1")
    )
    found.see_event(rated("k0", False, 10, "r2"))
    found.see_event(rated("k0", True, 9, "r1"))  # older: it does not count
    found.see_event(rated("k1", True, 9, "r3"))
    found.see_event(rated("gone", True, 9, "r4"))
    return found


def test_answers_ratings_and_unanswered_questions_are_counted_once():
    found = a_shop()
    assert found.routes() == [("knowledge", 4, 2, 1), ("person", 8, 0, 0)]
    assert found.reasons() == [("nothing_found", 5), ("confidence", 3)]
    clusters, alone, not_compared = found.clusters()
    assert [(cluster.size, cluster.reasons) for cluster in clusters] == [
        (4, (("nothing_found", 4),)),
        (3, (("confidence", 3),)),
    ]
    assert {*clusters[0].examples} <= {*INVOICE, "pay invoice"}
    assert {*clusters[1].examples} == {*CHINESE}
    assert (alone, not_compared) == (1, 0)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_shows_both_sections_escaped_and_in_its_language(language):
    evil = "<script>alert(1)</script> invoice for 13912345678, order 123456789"
    found, words = Questions(), Words(language)
    for name in ("e1", "e2"):
        found.see_answer(name, answered(name), 200)
    for name in ("e1", "e2"):
        found.see_event(asked(name, evil))
    text = page.render(sections(found, words), [], [], words)
    assert words("answers.title") in text
    assert words("unanswered.title") in text
    assert words("reason.nothing_found") in text
    assert "<script" not in text
    assert "139" not in text
    assert "123456789" not in text
    assert "[number]" in text
    text = page.render(sections(a_shop(), words), [], [], words)
    assert "50.0 % (9.5 % – 90.5 %)" in text
    assert escape(words("route.knowledge")) in text
    assert INVOICE[0] in text


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_route_and_reason_has_words(language):
    words = Words(language)
    assert all(words(f"route.{route}") for route in ANSWER_ROUTES)
    assert all(words(f"reason.{reason}") for reason in ABSTENTIONS)


def test_nobody_asked_and_nothing_is_shown():
    assert sections(Questions(), Words("en")) == []


def test_texts_are_masked_cut_and_in_one_line():
    said = masked("mail mia@example.com or call 13912345678\norder A-10234 and JD0146220001\x1b[1m")
    assert said.startswith("mail [email] or call [phone] order [number] and [number] ")
    assert "\x1b" not in said
    assert len(masked("word " * 1000)) <= 300
    assert masked("is size 42 or 128 GB there") == "is size 42 or 128 GB there"


def test_wilsons_interval():
    assert share_with_interval(0, 0) == ""
    assert share_with_interval(0, 10) == "0.0 % (0.0 % – 27.8 %)"  # Wilson (1927)
    assert share_with_interval(10, 10) == "100.0 % (72.2 % – 100.0 %)"


WORDS = st.sampled_from(["refund", "invoice", "size", "gift", "发票", "尺码", "the", "42"])
TEXTS = st.lists(WORDS, max_size=4).map(" ".join)
ASKED = st.lists(st.builds(Asked, TEXTS, st.sampled_from(ABSTENTIONS)), max_size=40)


@settings(max_examples=60, deadline=None)
@given(ASKED, st.integers(0, 2**32))
def test_clusters_do_not_depend_on_the_order_and_hold_every_question_once(questions, seed):
    found = clustered(questions)
    shuffled = list(questions)
    random.Random(seed).shuffle(shuffled)
    assert clustered(shuffled) == found
    assert sum(each.size for each in found.clusters) + found.alone == len(questions)
    texts = {question.text for question in questions}
    for cluster in found.clusters:
        assert cluster.size >= CLUSTER_MIN
        assert sum(count for _, count in cluster.reasons) == cluster.size
        assert 1 <= len(cluster.examples) == len(set(cluster.examples)) <= 3
        assert {*cluster.examples} <= texts
    sizes = [cluster.size for cluster in found.clusters]
    assert sizes == sorted(sizes, reverse=True)


def test_what_is_beyond_the_limit_is_only_counted(monkeypatch):
    monkeypatch.setattr("shopkeeper.apps.report.clusters.DISTINCT_MAX", 2)
    questions = [Asked("refund now", "confidence")] * 3 + [
        Asked(text, "confidence") for text in ("gift card", "invoice please", "size chart")
    ]
    found = clustered(questions)
    assert [cluster.size for cluster in found.clusters] == [3]
    assert (found.alone, found.not_compared) == (1, 2)


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 9)), max_size=60), st.integers(1, 5))
def test_the_newest_are_kept_in_whichever_order_they_come(seen, most):
    seen = list(dict(seen).items())
    newest = sorted(seen, key=lambda each: (each[1], f"{each[0]:02}"))[-most:]
    for order in (seen, seen[::-1]):
        kept = Newest[int](most)
        for name, time_ms in order:
            kept.put(f"{name:02}", time_ms, name)
        assert list(kept.kept().values()) == [name for name, _ in newest]
