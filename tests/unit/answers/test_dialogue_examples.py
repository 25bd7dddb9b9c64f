"""The conversations that the dialogue was written with."""

from __future__ import annotations

import pytest

from tests.unit.answers.dialogue_examples import CHINESE, ENGLISH
from tests.unit.answers.dialogue_shop import Shop

EVERY = [
    pytest.param(turns, id=f"{language}-{number}")
    for language, conversations in (("en", ENGLISH), ("zh", CHINESE))
    for number, turns in enumerate(conversations, 1)
]


@pytest.fixture(scope="module")
def shop():
    return Shop()


def right(answer, expected):
    """Whether an answer has its route and its words."""
    route, _, words = expected.partition(" ")
    wanted = [word.strip() for word in words.split(", ") if word.strip()]
    text = answer.text or ""
    return not expected or (answer.route == route and all(word in text for word in wanted))


@pytest.mark.parametrize("turns", EVERY)
def test_a_conversation_is_answered_as_a_shop_assistant_would(shop, turns):
    name = repr(turns)
    for line, expected in turns:
        page, _, text = line.rpartition(" ") if line.startswith("@") and False else ("", "", line)
        if line.startswith("@"):
            page, _, text = line[1:].partition(" ")
        answer = shop.say(text, name, product_id=page or None)
        assert right(answer, expected), (line, expected, answer)
