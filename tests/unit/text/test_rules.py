"""A shop's rules for text services: what they change, and what is said of bad ones."""

from __future__ import annotations

import re

import msgspec
import orjson
import pytest

from shopkeeper.services.intent.decision import OUT_OF_SCOPE
from shopkeeper.services.intent.policy import Policy
from shopkeeper.services.intent.rules import NO_RULES, intent_rules
from shopkeeper.services.sentiment import evidence
from shopkeeper.services.sentiment.core import SentimentProcessor
from shopkeeper.services.sentiment.model import load_model
from shopkeeper.services.sentiment.rules import Policy as SentimentPolicy
from shopkeeper.services.sentiment.rules import SentimentRules, sentiment_rules
from shopkeeper.services.sentiment.stock_phrases import spelled
from shopkeeper.shared.text.rules import BYTES_MAX, RulesError, digest
from tests.unit.text.test_processors import reviewed

LABELS = ("product_search", "invoice", OUT_OF_SCOPE)
THRESHOLDS = (0.47, 0.0)


@pytest.fixture
def written(tmp_path):
    def write(content):
        path = tmp_path / "rules.toml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


GOOD = """# ours
[intent]
abstain_below = 0.6   # less is nothing we want to answer
[intent.routes]
invoice = "person"

[sentiment]
stock_phrases = [
    "Sent from my phone",
    "此用戶很懶，什麼也沒留下",
]
disagree_min = 0.9
"""


def test_a_file_holds_the_rules_of_both_services(written):
    path = written("\ufeff" + GOOD.replace("\n", "\r\n"))  # as an editor on Windows saves it
    rules = intent_rules(path, LABELS)
    assert (rules.abstain_below, rules.abstain_margin) == (0.6, None)
    assert rules.routes == {"invoice": "person"}
    assert len(sentiment_rules(path, ()).stock_phrases) == 2


def test_what_a_file_leaves_out_is_as_it_was(written):
    assert intent_rules(written(""), LABELS) == NO_RULES
    policy = Policy(LABELS, THRESHOLDS, intent_rules(written("[intent]\n"), LABELS))
    assert policy.version_suffix == ""
    assert policy.decision.abstain_below == THRESHOLDS[0]
    assert policy.route_of("invoice") == "answer"


BAD = [
    ("[intent]\nabstain_below = \n", 2, "Invalid value"),
    ("[intent\n", 1, "Expected"),
    ("[intent]\nroutes = {\n", 2, ""),
    ("\n[intents]\n", 2, "'intents' is no rule"),
    ("x = 1\n", 1, "'x' is no rule"),
    ("[intent]\n\nabstain_belo = 0.5\n", 3, "abstain_belo.*may hold abstain_below"),
    ("[intent]\nabstain_margin = 0.1\nabstain_below = 1.5\n", 3, "<= 1.0"),
    ("[intent]\nabstain_margin = 0.1\nabstain_below = nan\n", 3, ""),
    ("[intent]\nabstain_below = true\n", 2, "float"),
    ("intent.abstain_below = -1\n", 1, ">= 0.0"),
    ("[[intent]]\nabstain_below = 1\n", 1, "object"),
    ('[intent.routes]\ninvoice = "person"\nnothing = "answer"\n', 3, "'nothing' is no intent"),
    ('[intent.routes]\n"invoice" = "people"\n', 2, "'people' is no route; routes are answer,"),
    ('[intent]\nroutes = { invoice = "people" }\n', 2, "'people' is no route"),
    ("[intent.routes]\ninvoice = 3\n", 1, "str"),
    (b"[intent]\n# caf\xe9\n", 2, "UTF-8"),
]


@pytest.mark.parametrize(("content", "line", "said"), BAD)
def test_a_bad_rule_is_named_with_its_file_and_line(written, content, line, said):
    path = written(content)
    with pytest.raises(RulesError) as caught:
        intent_rules(path, LABELS)
    assert str(caught.value).startswith(f"{path}, line {line}: "), caught.value
    assert re.search(said, str(caught.value)), caught.value


BAD_PHRASES = [
    ('[sentiment]\nstock_phrases = [\n  "fine",\n  "!!!",\n]\n', 4, "has no word"),
    (f'[sentiment]\nstock_phrases = [\n  "fine",\n  "{"x" * 65}",\n]\n', 4, "at most 64"),
    (f"[sentiment]\nstock_phrases = {['a'] * 1001}\n", 2, "1001 phrases"),
    ('[sentiment]\nstock_phrases = "fine"\n', 2, "array"),
    ("[sentiment]\ndisagree_min = 2\n", 2, "<= 1.0"),
]


@pytest.mark.parametrize(("content", "line", "said"), BAD_PHRASES)
def test_a_bad_phrase_is_named_with_its_line(written, content, line, said):
    path = written(content)
    with pytest.raises(RulesError, match=said) as caught:
        sentiment_rules(path, ())
    assert str(caught.value).startswith(f"{path}, line {line}: "), caught.value


def test_files_that_are_no_rules_at_all(tmp_path, written):
    with pytest.raises(RulesError, match="cannot be read"):
        intent_rules(tmp_path / "nowhere", LABELS)
    with pytest.raises(RulesError, match="cannot be read"):
        intent_rules(tmp_path, LABELS)
    with pytest.raises(RulesError, match="at most"):
        intent_rules(written("#" * (BYTES_MAX + 1)), LABELS)


def test_rules_come_before_the_model_and_show_in_the_version(written):
    policy = Policy(LABELS, THRESHOLDS, intent_rules(written(GOOD), LABELS))
    assert policy.decision.abstain_below == 0.6
    assert policy.route_of("invoice") == "person"
    assert policy.route_of("product_search") == "recommend"
    assert policy.version_suffix.startswith("+rules.")
    # A newer model's thresholds, under the same rules and under others.
    policy.replace((0.2, 0.1), intent_rules(written(GOOD), LABELS))
    assert (policy.decision.abstain_below, policy.decision.abstain_margin) == (0.6, 0.1)
    policy.replace((0.2, 0.1), NO_RULES)
    assert policy.decision.abstain_below == 0.2
    assert policy.version_suffix == ""


def test_a_digest_stands_for_what_rules_say_and_not_for_how(written):
    one = intent_rules(
        written('[intent.routes]\ninvoice = "person"\nproduct_search="none"'), LABELS
    )
    other = intent_rules(
        written('[intent]\n#\nroutes = {product_search = "none", invoice = "person"}'), LABELS
    )
    assert digest(one) == digest(other) != ""
    assert digest(msgspec.structs.replace(one, abstain_below=0.5)) != digest(one)


PHRASES = ("Sent from my phone", "此用戶很懶，什麼也沒留下", "zadowolona/y")


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("sent from my phone.", True),
        ("  SENT  FROM MY PHONE!!! ", True),
        ("此用户很懒，什么也没留下", True),
        ("Zadowolona y", True),
        ("sent from my phone, works well", False),
        ("sent from my phones", False),
        ("phone", False),
    ],
)
def test_a_shops_own_stock_phrases_count_however_they_are_written(text, is_one):
    own = frozenset(map(spelled, PHRASES))
    assert (evidence.of(text, own).kind == "nothing") is is_one
    assert evidence.of(text).kind == "words"


def test_a_stock_phrase_of_the_shop_is_no_opinion_and_its_rating_counts():
    policy = SentimentPolicy()
    processor = SentimentProcessor(0, load_model(), policy=policy)

    def judged(offset, review):
        [output, _], _ = processor.process([reviewed(offset, "p", PHRASES[0], 1.0, review)], 0)
        return orjson.loads(output.value)

    assert judged(0, "r0")["basis"] == "text"
    policy.replace(SentimentRules(stock_phrases=PHRASES[:1]))
    after = judged(1, "r1")
    assert (after["basis"], after["label"]) == ("rating", "negative")


def test_how_sure_a_text_must_be_to_contradict_its_rating_is_a_rule():
    policy = SentimentPolicy()
    processor = SentimentProcessor(0, load_model(), policy=policy)

    def disagrees(offset):
        event = reviewed(offset, "p", "Works great, I love it", 1.0, f"r{offset}")
        [output, _], _ = processor.process([event], 0)
        value = orjson.loads(output.value)
        return value.get("rating_disagrees", False), value["model"]["version"]

    before = disagrees(0)
    assert before[0]
    policy.replace(SentimentRules(disagree_min=1.0))
    after = disagrees(1)
    assert not after[0]
    assert after[1].startswith(before[1] + "+rules.")
