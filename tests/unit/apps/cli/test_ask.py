"""An answer as a terminal shows it."""

from __future__ import annotations

from shopkeeper.apps.cli.ask import lines
from shopkeeper.shared.contracts.events.answers import AnswerGiven, AnswerSource
from shopkeeper.shared.contracts.events.base import Model


def given(**said):
    return AnswerGiven(
        **{
            "answer": "Within 30 days.",
            "confidence": 0.9,
            "route": "knowledge",
            "language": "en",
            "model": Model("answers", "1"),
            "latency_ms": 3,
            "cause": "q-1",
            "event_type": "question.asked.v1",
            "sources": (AnswerSource(id="returns", kind="faq", quote="Within 30 days."),),
            **said,
        }
    )


def test_who_phrased_an_answer_is_shown():
    assert lines(given(phrased_by="smollm2", local_answer="30 days.")) == [
        "Within 30 days.",
        "  phrased by smollm2",
        "  faq returns",
    ]


def test_an_answer_in_the_workers_own_words_names_nobody():
    assert lines(given()) == ["Within 30 days.", "  faq returns"]


def test_a_models_name_is_printed_harmlessly():
    shown = lines(given(phrased_by="evil\x1b[31m\nmodel"))
    assert all(line.isprintable() for line in shown)


def test_a_chinese_answer_has_no_english_around_it():
    shown = lines(given(language="zh", answer="30天内。", products=("p-1",), next=("运费多少？",)))
    assert shown == ["30天内。", "  常见问题 returns", "  另见 p-1", "  也可以问：运费多少？"]
    shown = lines(given(language="zh", answer=None, sources=(), abstained="nothing_found"))
    assert shown == ["我不知道（没有找到相关内容）；请由人工回答。"]
