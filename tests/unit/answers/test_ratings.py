"""What readers say of answers is counted by route, once for each event."""

from __future__ import annotations

from collections import Counter

import msgspec
import pytest

from shopkeeper.services.answers.core.guarding import Guards
from shopkeeper.services.answers.processors import QuestionProcessor
from shopkeeper.services.answers.ratings import Ratings
from shopkeeper.shared.contracts.envelope import Event
from shopkeeper.shared.contracts.events.shop import AnswerRated
from shopkeeper.shared.runtime.telemetry.metrics import Registry


def rated(offset, **data):
    said = msgspec.convert({"answer_id": f"a{offset}", **data}, AnswerRated)
    return Event("answer.rated.v1", said, b"u", offset, 0, f"r{offset}", "", f"r{offset}")


def test_ratings_are_counted_by_route_and_answer_nothing():
    ratings = Ratings()
    registry = Registry()
    observe = ratings.metrics(registry)
    processor = QuestionProcessor(0, NobodyAsked(), lambda: 0, ratings=ratings.counts)
    said = [
        rated(0, helpful=True, route="knowledge"),
        rated(1, helpful=True, route="knowledge"),
        rated(2, helpful=False, route="orders"),
        rated(3, helpful=False),
    ]
    assert processor.process(said[:1], 0) == ([], [])
    observe()
    assert processor.process(said[1:], 0) == ([], [])
    observe()
    observe()
    expected = {
        ("knowledge", "yes"): 2,
        ("orders", "no"): 1,
        ("unknown", "no"): 1,
    }
    for (route, helpful), count in expected.items():
        labels = {"route": route, "helpful": helpful}
        assert registry.get_sample_value("shopkeeper_answers_rated_total", labels) == count
    assert ratings.counts == Counter()


class NobodyAsked:
    """There is no question to be answered."""

    guards = Guards()

    def answer_all(self, questions):
        assert questions == []
        return []


@pytest.mark.parametrize(
    "wrong", [{}, {"helpful": "maybe"}, {"helpful": None}, {"helpful": True, "route": "oracle"}]
)
def test_a_rating_says_yes_or_no_and_names_a_route_that_there_is(wrong):
    with pytest.raises(msgspec.ValidationError):
        rated(0, **wrong)
