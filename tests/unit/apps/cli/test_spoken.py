"""What commands say around the data: all of it in Chinese too, and nothing of it lost."""

from __future__ import annotations

import ast
import re
import string
from pathlib import Path

import pytest

from shopkeeper.apps.cli import ask, get
from shopkeeper.apps.cli.spoken import CHINESE, often, spoken
from shopkeeper.shared.contracts.events.answers import ABSTENTIONS, SOURCE_KINDS
from shopkeeper.shared.contracts.events.sentiment import ASPECTS


def names(sentence: str) -> set[str]:
    return {f"{name}:{form}" for _, name, form, _ in string.Formatter().parse(sentence) if name}


@pytest.mark.parametrize("module", [ask, get])
def test_every_sentence_that_is_said_has_its_chinese(module) -> None:
    tree = ast.parse(Path(module.__file__).read_text("utf-8"))
    said = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("spoken", "in_its"):
            for given in node.args:
                if isinstance(given, ast.Constant):
                    said.add(given.value)
                elif isinstance(given, ast.Name) and given.id.isupper():
                    said.add(getattr(module, given.id))
    assert said
    assert said <= CHINESE.keys()


def test_a_sentence_has_the_same_values_in_both_languages() -> None:
    for english, chinese in CHINESE.items():
        assert names(english) == names(chinese)
        assert re.search("[\u4e00-\u9fff]", chinese)


def test_words_of_closed_sets_have_their_chinese() -> None:
    words = {*ABSTENTIONS, *SOURCE_KINDS, *ASPECTS, "none", "cluster", "trending", "newest"}
    assert {word.replace("_", " ") for word in words} <= CHINESE.keys()


def test_english_is_as_it_was_and_what_has_no_chinese_stays() -> None:
    assert spoken("en", "see also {products}", products="a") == "see also a"
    assert spoken("zh", "see also {products}", products="a") == "另见 a"
    assert spoken("zh", "item-cf") == "item-cf"
    assert [often("en", 1), often("en", 2), often("zh", 2)] == ["once", "2 times", "2 次"]
