"""What commands say around the data: all of it in Chinese too, and nothing of it lost."""

from __future__ import annotations

import ast
import re
import string
from pathlib import Path

import pytest
from click.testing import CliRunner

from shopkeeper.apps.cli import absent, ask, get
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


def test_every_error_has_its_chinese() -> None:
    said = {each for name, each in vars(absent).items() if name.isupper()}
    said = {each for each in said if isinstance(each, str)}
    assert len(said) > 10
    assert said <= CHINESE.keys()


# What stays in Latin letters: names of commands, settings, topics and what the person typed.
NAMES = re.compile(r"`[^`]*`|\b[A-Z_]{3,}\b|category/NAME|\b[a-z.-]+\.v1\b|Kafka|u-17|all")


@pytest.mark.parametrize(
    ("what", "why"),
    [
        (absent.USER, absent.NO_LIST),
        (absent.PRODUCT, absent.NOT_NAMED),
        (absent.CATEGORY, absent.NO_REVIEWS),
        (absent.SCOPE, absent.SCOPES),
    ],
)
@pytest.mark.parametrize("complete", [True, False])
def test_an_error_in_chinese_is_chinese_throughout(what, why, complete, capsys) -> None:
    where = get.View("personalisation.recommendations.v1", complete=complete)
    values = {"topic": where.topic, "reviews": where.topic, "catalogue": "shop.catalogue.v1"}
    reason = spoken("zh", why, everywhere="all", **values)
    get._missing(spoken("zh", what, key="u-17"), where, reason, "zh").show()
    said = capsys.readouterr().err
    assert said.startswith("错误：")
    assert "u-17" in said
    assert not re.search("[A-Za-z]{2,}", NAMES.sub("", said)), said


def test_a_broker_that_is_away_is_said_in_chinese(monkeypatch) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    for command, given in ((get.command, ["user", "u-17"]), (ask.command, ["hello"])):
        monkeypatch.setattr(ask, "BROKER_WAIT_S", 0.1)
        more = [] if command is ask.command else ["--wait", "0.1"]
        found = CliRunner().invoke(command, [*given, "--lang", "zh", *more])
        assert found.exit_code == 1
        assert "错误：连接不到 Kafka" in found.output
        assert "KAFKA_BOOTSTRAP_SERVERS" in found.output
        assert "Error" not in found.output


def test_an_empty_question_is_said_in_chinese() -> None:
    found = CliRunner().invoke(ask.command, [" ", "--lang", "zh"])
    assert (found.exit_code, found.output) == (1, "错误：问题是空的\n")


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
