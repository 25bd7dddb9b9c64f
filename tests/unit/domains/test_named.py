"""What is published of a question names no sensitive product, though it was asked on its page."""

from __future__ import annotations

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from shopkeeper.services.answers.conversation_processor import ConversationProcessor
from shopkeeper.services.answers.core.answerer import Answerer
from shopkeeper.services.answers.core.dialogue.conversation import Conversations
from shopkeeper.services.answers.core.dialogue.dialogue import Dialogue
from shopkeeper.services.answers.core.fused import FusedRanker
from shopkeeper.services.answers.core.guarding import Guards
from shopkeeper.services.answers.core.knowledge_base import KnowledgeBase
from shopkeeper.services.answers.core.knowledge_route import KnowledgeRoute
from shopkeeper.services.answers.core.opinions.review_table import ReviewTable
from shopkeeper.services.answers.core.opinions.route import OpinionRoute
from shopkeeper.services.answers.core.product_table import ProductTable
from shopkeeper.services.answers.tables import Tables
from shopkeeper.services.intent.catalogue import CatalogueNames
from shopkeeper.services.intent.core import IntentProcessor
from shopkeeper.services.intent.model import load_model
from shopkeeper.services.intent.policy import Policy
from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.envelope import Event
from shopkeeper.shared.contracts.events.shop import QuestionAsked
from shopkeeper.shared.domains import pack
from shopkeeper.shared.domains.exclusions import NOTHING

EXCLUDED = pack.load("health").excluded
MODEL, THRESHOLDS = load_model()
LINES = (
    "how long does it take", "is it any good", "hello", "what do reviewers say about it",
    "I want to talk to a person", "can I take it with wine", "and what does it cost?",
)  # fmt: skip
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("ask"), st.sampled_from(LINES), st.sampled_from("abcx")),
        st.tuples(st.just("turns"), st.sampled_from("abc"), st.booleans()),
    ),
    min_size=2,
    max_size=14,
)


def catalogued(name, *, sensitive):
    category = "Mental Health" if sensitive else "First Aid"
    value = {"product_id": f"item-{name}", "title": f"Item {name}", "category": category}
    return f"item-{name}".encode(), orjson.dumps(value)


class Service:
    """Both services' processors over one catalogue."""

    def __init__(self, exclusions):
        self.products = ProductTable(100)
        ranker = FusedRanker({})
        knowledge = KnowledgeBase(ranker, 100)
        reviews = ReviewTable(100)
        self.tables = Tables(knowledge, self.products, reviews, exclusions)
        routes = [OpinionRoute(self.products, reviews)]
        guards = Guards(pack.load("health").guards)
        answerer = Answerer(routes, KnowledgeRoute(knowledge, ranker), guards)
        self.answers = ConversationProcessor(
            0,
            answerer,
            lambda: 0,
            dialogue=Dialogue(answerer, self.products),
            conversations=Conversations(100),
            may_name=self.tables.may_name,
        )
        self.names = CatalogueNames(exclusions)
        policy = Policy(MODEL.labels, THRESHOLDS)
        self.intents = IntentProcessor(
            topics.QUESTIONS, 0, MODEL, policy, names=self.names.names, exclusions=exclusions
        )
        self.offset = 0

    def catalogue(self, record):
        self.tables.apply_catalogue([record])
        self.names.apply([record])

    def ask(self, text, item):
        """Every output of either, as text."""
        self.offset += 1
        data = QuestionAsked(question=text, user_id="u", conversation_id="c", product_id=item)
        event = Event(
            "question.asked.v1", data, b"u", self.offset, self.offset * 1000, f"e{self.offset}",
            "s", "c",
        )  # fmt: skip
        found = [*self.answers.process([event], 0)[0], *self.intents.process([event], 0)[0]]
        return [
            f"{output.key} {output.headers} {(output.value or b'').decode()}" for output in found
        ]


def names(drawn, exclusions):
    """(how often a harmless product was named, what named a sensitive or an unknown one)."""
    service, sensitive = Service(exclusions), set("x")
    for name in "abc":
        service.catalogue(catalogued(name, sensitive=False))
    harmless, leaks = 0, []
    for step, one, other in drawn:
        if step == "turns":
            service.catalogue(catalogued(one, sensitive=other))
            (sensitive.add if other else sensitive.discard)(one)
            continue
        for said in service.ask(one, f"item-{other}"):
            leaks += [(said, each) for each in sensitive if f"item-{each}" in said]
            harmless += any(f"item-{each}" in said for each in set("abc") - sensitive)
    return harmless, leaks


@settings(max_examples=40, deadline=None)
@given(STEPS)
def test_no_answer_and_no_intent_names_what_is_sensitive_or_unknown(drawn):
    assert not names(drawn, EXCLUDED)[1]


def test_without_the_rules_the_same_lines_name_it_and_with_them_what_is_harmless():
    drawn = [("turns", "a", True), ("ask", LINES[0], "a"), ("ask", LINES[4], "b")]
    assert names(drawn, NOTHING)[1]
    harmless, leaks = names(drawn, EXCLUDED)
    assert harmless
    assert not leaks


def test_what_was_spoken_of_before_it_turned_is_named_to_no_person():
    drawn = [("ask", LINES[0], "a"), ("turns", "a", True), ("ask", LINES[4], "b")]
    drawn.insert(1, ("ask", LINES[2], "a"))
    service = Service(EXCLUDED)
    service.catalogue(catalogued("a", sensitive=False))
    service.ask("how long does it take", "item-a")
    service.catalogue(catalogued("a", sensitive=True))
    said = "".join(service.ask("I want to talk to a person", None))
    assert "handover" in said
    assert "item-a" not in said
    assert not names(drawn, EXCLUDED)[1]
