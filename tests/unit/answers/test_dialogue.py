"""What a conversation changes of an answer, and what it leaves alone."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.apps.demo import faq
from shopkeeper.apps.demo.catalogue import built_in
from shopkeeper.services.answers.conversation_erasures import ErasedUsers
from shopkeeper.services.answers.core.answerer import Answerer
from shopkeeper.services.answers.core.attributes.route import CatalogueRoute
from shopkeeper.services.answers.core.dialogue.conversation import (
    EXPIRES_MS,
    TURNS_MAX,
    Asked,
    Conversations,
    Key,
    Turn,
)
from shopkeeper.services.answers.core.dialogue.dialogue import Dialogue
from shopkeeper.services.answers.core.dialogue.small_talk import small_talk, wants_person
from shopkeeper.services.answers.core.dialogue.suggestions import Suggestions
from shopkeeper.services.answers.core.knowledge_base import KnowledgeBase
from shopkeeper.services.answers.core.knowledge_route import KnowledgeRoute
from shopkeeper.services.answers.core.opinions.route import OpinionRoute
from shopkeeper.services.answers.core.product_table import ProductTable
from shopkeeper.services.answers.core.question import Answer, Question
from shopkeeper.services.answers.core.ranking import LexicalRanker
from shopkeeper.services.answers.recommended import Recommended
from shopkeeper.shared.contracts import erased_users
from shopkeeper.shared.contracts.events.shop import ProductCatalogued
from shopkeeper.shared.text.chinese import simplified
from shopkeeper.shared.text.normalisation import normalise
from tests.unit.answers.dialogue_shop import Shop
from tests.unit.answers.reviewed import reviewed, table

WHOLE = [
    *(entry.title for entry in faq.built_in() if entry.title),
    *(f"How much is the {product.title}?" for product in built_in()[::9]),
    *(f"{product.title_zh}多少钱？" for product in built_in()[5::9]),
    *(f"Is the {product.title} in stock?" for product in built_in()[3::29]),
]


@pytest.fixture(scope="module")
def shop():
    return Shop()


@pytest.mark.parametrize(
    "before",
    [(), ("how much is the Guoyi wok?",), ("眼霜什么价格？",), ("Do you ship to Switzerland?",)],
)
def test_a_question_that_is_whole_is_answered_as_without_a_conversation(shop, before):
    for number, text in enumerate(WHOLE):
        name = f"{before} {number}"
        for line in before:
            shop.say(line, name)
        alone = shop.answerer.answer(Question(text, None, "u"))
        if alone.text is not None:
            answer = shop.say(text, name)
            assert (answer.text, answer.sources) == (alone.text, alone.sources), text


@pytest.mark.parametrize(
    "text", [*WHOLE, "hi, is it in stock?", "谢谢，那多少钱", "ok where is it"]
)
def test_no_small_talk_where_something_is_asked(text):
    line = simplified(normalise(text))
    assert small_talk(line) is None
    assert not wants_person(line)


@given(
    st.text(max_size=300)
    | st.lists(st.sampled_from(["好", "嗯", "ok", "great", "good", "hi", "thanks", "拜", "x"])).map(
        " ".join
    )
)
def test_any_line_is_judged_at_once(text):
    line = simplified(normalise(text))
    assert small_talk(line) in (None, "greeting", "agreement", "who", "thanks", "goodbye")
    assert wants_person(line) in (True, False)


def test_two_questions_without_an_answer_are_handed_over_with_a_masked_summary():
    shop = Shop()
    shop.say("how much is the Guoyi wok?")
    first = shop.say("my phone is 303-555-0123, who designed the logo?")
    second = shop.say("qwertz asdf yxcv?")
    assert (first.text, first.handover) == (None, None)
    assert (second.text, second.route) == (None, "person")
    assert second.handover.reason == "unanswered"
    assert second.handover.product_id == "cookware-03b"
    assert "[phone]" in second.handover.summary
    assert "303" not in second.handover.summary
    assert "62.00 EUR" in second.handover.summary


def test_a_name_without_a_brand_goes_before_what_was_spoken_of():
    shop = Shop()
    shop.products.change(
        {
            name: ProductCatalogued(
                product_id=name,
                title=title,
                brand="农家",
                attributes={"产地": "山东", "保质期": best_before},
            )
            for name, title, best_before in (
                ("g1", "红富士苹果 5斤", "7天"),
                ("g2", "丹东草莓 500g", "3天"),
            )
        }
    )
    assert shop.say("红富士苹果是哪里产的", "z").product_id == "g1"
    answer = shop.say("草莓保质期多久", "z")
    assert (answer.product_id, "3天" in (answer.text or "")) == ("g2", True)
    assert shop.say("那苹果呢", "z").product_id == "g1"
    beside = shop.answerer.answer(Question("草莓保质期多久", "g1", "u"))
    assert beside.product_id == "g2"


def test_an_opinion_of_several_products_is_asked_back():
    products = ProductTable(10)
    for name in ("dress-1", "dress-2"):
        title = f"Summer Dress {name[-1]}"
        products.change({name: ProductCatalogued(product_id=name, title=title)})
    reviews = table(
        [
            reviewed(name, f"{name}-{n}", "Great quality.", 1, time_ms=n, quality=1)
            for name in ("dress-1", "dress-2")
            for n in range(5)
        ]
    )
    ranker = LexicalRanker()
    knowledge = KnowledgeRoute(KnowledgeBase(ranker, 10), ranker)
    answerer = Answerer([CatalogueRoute(products), OpinionRoute(products, reviews)], knowledge)
    conversations = Conversations(10)

    def say(text):
        asked = Asked(Question(text, None, "u", None, "c"), 1)
        return Dialogue(answerer, products).answer_all([asked], conversations)[0]

    which = say("is the summer dress any good?")
    assert (which.route, len(which.sources)) == ("clarify", 2)
    answer = say("the second one")
    assert (answer.route, answer.product_id) == ("opinions", which.sources[1].id)


def test_a_conversation_ends_after_half_an_hour_and_keeps_few_lines():
    shop = Shop()
    for _ in range(TURNS_MAX + 3):
        assert "62.00" in shop.say("how much is the Guoyi wok?").text
    [kept] = shop.conversations._kept.values()
    assert len(kept.turns) == TURNS_MAX
    assert "in stock" in shop.say("is it in stock?", later_ms=EXPIRES_MS).text
    assert shop.say("is it in stock?", later_ms=EXPIRES_MS + 1).route == "clarify"


def test_nobody_goes_on_with_anothers_conversation():
    shop = Shop()
    shop.say("how much is the Guoyi wok?", "c", user="u")
    assert shop.say("and is it in stock?", "c", user="v").route == "clarify"
    assert shop.say("and is it in stock?", "c", user=None).route == "clarify"
    assert "in stock" in shop.say("and is it in stock?", "c", user="u").text


def test_an_erased_user_is_forgotten_also_in_an_older_checkpoint():
    erased = ErasedUsers()
    conversations = erased.watched(Conversations(10, erased.erased_ms))
    for user in ("u", "v"):
        conversations.of([Asked(Question("hi", None, user, None, "c"), 1000)])
    packed = conversations.snapshot()
    erased.apply([(b"u", json.dumps({"user": "u", "time_ms": 2000}).encode()), (b"x", b"{")])
    assert list(conversations._kept) == [Key("v", "conversation c")]
    conversations.restore(packed)
    assert list(conversations._kept) == [Key("v", "conversation c")]
    conversations.of([Asked(Question("hi again", None, "u", None, "c"), 3000)])
    assert len(conversations) == 2


def test_conversations_in_which_an_erased_users_review_was_quoted_are_forgotten():
    erased = ErasedUsers()
    conversations = erased.watched(Conversations(10, erased.erased_ms))
    words = ["Very comfortable, my feet are happy."]
    for user, answered in (
        ("u", f"Two say so: “{words[0][:20]}"),
        ("v", "Very good."),
        ("w", None),
    ):
        [kept] = conversations.of([Asked(Question("hi", None, user, None, "c"), 1000)])
        kept.turns = (Turn("hi", answered),)
    erased.forget_words([])
    assert len(conversations) == 3
    erased.forget_words(words)
    assert [key.user for key in conversations._kept] == ["v", "w"]


def test_what_an_erased_user_asked_before_is_not_kept_when_it_is_read_again():
    erased = ErasedUsers()
    conversations = erased.watched(Conversations(10, erased.erased_ms))
    erased.apply([erased_users.encode("u", 2000)])
    for time_ms, held in ((1000, 0), (2000, 0), (2001, 1)):
        conversations.of([Asked(Question("hi", None, "u", None, "c"), time_ms)])
        assert len(conversations) == held


def test_a_checkpoint_of_another_version_is_refused():
    with pytest.raises(ValueError, match="version 99"):
        Conversations(10).restore(msgspec.msgpack.encode((99, [])))


def test_what_goes_with_a_product_can_be_bought_and_is_asked_only_of_what_is_known():
    shop = Shop()
    recommended = Recommended(2)
    rows = {
        "cookware-03b": ["cookware-01b", "gone", "coffee-07b", "cookware-09b"],
        "a": ["b"],
    }
    for name, items in rows.items():
        row = {"product_id": name, "items": [{"product_id": item, "score": 1} for item in items]}
        recommended.apply_similar([(name.encode(), json.dumps(row).encode())])
    trending = {"scope": "category/Cookware", "items": [{"product_id": "cookware-03b"}]}
    recommended.apply_trending([(b"category/Cookware", json.dumps(trending).encode()), (b"", b"{")])
    suggestions = Suggestions(shop.products, recommended.similar, recommended.trending)
    answer = Answer("62.00", 1.0, "catalogue", "en", product_id="cookware-03b")
    added = suggestions.added(answer, "how much is it?")
    assert added.products == ("cookware-01b", "cookware-09b")  # there, and not sold out
    assert added.next == ("Is it in stock?", "What is it made of?")
    recommended.apply_similar([(b"c", json.dumps({"product_id": "c", "items": []}).encode())])
    recommended.apply_similar([(b"a", None)])
    assert recommended.similar("cookware-03b") == ()  # beyond two rows the oldest goes
    assert recommended.similar("a") == ()
    for text in added.next:
        assert shop.say(text, "s", product_id="cookware-03b").route == "catalogue"
