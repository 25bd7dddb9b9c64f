"""What a search or a question wants: a label per text, and the honest answer "none of these".

Stateless: each output is a function of its own event and the model, but for the brands and
categories among its slots, whose names the catalogue has at that moment.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.complaints import Complaint
from shopkeeper.shared.contracts.envelope import Event, Output, Rejected
from shopkeeper.shared.contracts.events.answers import ANSWER_GIVEN
from shopkeeper.shared.contracts.events.base import Model
from shopkeeper.shared.contracts.events.intent import INTENT_RECOGNISED, IntentRecognised, Slot
from shopkeeper.shared.contracts.events.sentiment import COMPLAINT_SCORED
from shopkeeper.shared.contracts.events.shop import ProductsSearched, QuestionAsked
from shopkeeper.shared.contracts.outputs import encode, headers_of, output_id
from shopkeeper.shared.contracts.searched_questions import SearchedQuestion
from shopkeeper.shared.domains.exclusions import NOTHING
from shopkeeper.shared.runtime.api.processor import Stateless
from shopkeeper.shared.text.language import detect
from shopkeeper.shared.text.personal_data import mask

from .routes import asks_of
from .slots import Names, slots_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopkeeper.shared.contracts.envelope import Headers
    from shopkeeper.shared.domains.exclusions import Exclusions
    from shopkeeper.shared.text.classifier import Classifier
    from shopkeeper.shared.text.drift import Drift

    from .decision import Decided
    from .policy import Policy

SOURCE = b"shopkeeper/intent"
PROBABILITIES_MAX = 5  # per output: those below are noise, and cost more bytes than the answer
TOP_INTENTS = 3
WANTED = frozenset({"products.searched.v1", "question.asked.v1"})


class IntentProcessor(Stateless):
    """One partition of searches or questions. Keeps nothing, so its checkpoint is empty."""

    def __init__(
        self,
        topic: str,
        partition: int,
        model: Classifier,
        policy: Policy,
        outcomes: Counter[str] | None = None,
        *,
        names: Names | None = None,
        drift: Drift | None = None,
        exclusions: Exclusions = NOTHING,
    ) -> None:
        """topic: the unprefixed name of the input; it is part of the outputs' ids.
        policy: the label and the route that probabilities give.
        outcomes: counts the labels given, for the metrics.
        names: of the shop's brands and categories; they may change at any time.
        drift: is told of the texts that are served, for the metrics.
        exclusions: what no slot may name, and whose products no output does."""
        self._exclusions = exclusions
        self._topic, self._partition = topic, partition
        self._model = model
        self._policy = policy
        self._outcomes = Counter[str]() if outcomes is None else outcomes
        self._names = Names() if names is None else names
        self._drift = drift

    @property
    def _provenance(self) -> Model:
        """As of now: model, rules and corrections may be replaced between two batches."""
        return Model(self._model.name, self._model.version + self._policy.version_suffix)

    def process(self, events: Sequence[Event], now_ms: int) -> tuple[list[Output], list[Rejected]]:
        """One intent per event, placed by its key: a user's intents stay in the order of the
        texts. One of a question without any stays beside its neighbours, in the partition of the
        same number. A complaint's text goes to the sentiment service as well, and a question's that
        was typed into the search box to the answers service."""
        texts = [_text(event) for event in events]
        languages = [detect(text) for text in texts]
        decision, provenance = self._policy.decision, self._provenance
        rows = self._model.probabilities(texts)
        outputs: list[Output] = []
        decisions = decision.of_all(texts, rows, PROBABILITIES_MAX)
        for event, text, language, decided in zip(events, texts, languages, decisions, strict=True):
            self._outcomes[decided.label] += 1
            outputs.append(self._intent(event, text, language, decided, provenance))
            route = self._policy.route_of(decided.label)
            if route == "sentiment":
                outputs.append(self._complaint(event, text))
            elif route == "answer" and isinstance(event.data, ProductsSearched):
                outputs.append(self._question(event, text))
        if self._drift is not None:
            times_ms = [event.time_ms for event in events]
            self._drift.observe(texts, languages, rows, times_ms, now_ms)
        return outputs, []

    def _intent(
        self, event: Event, text: str, language: str, decided: Decided, provenance: Model
    ) -> Output:
        probabilities = self._policy.named(decided.probabilities)
        recognised = IntentRecognised(
            intent=self._policy.name_of(decided.label),
            score=decided.score,
            language=language,
            model=provenance,
            probabilities=probabilities,
            event_type=event.type,
            **self._context(event),
            top=tuple(probabilities)[:TOP_INTENTS],
            abstained=decided.abstained,
            slots=tuple(
                slot
                for slot in slots_in(text, self._names, self._policy.like(decided.label))
                if not self._exclusions.covers_category(slot.value)
                and not self._exclusions.covers_text(slot.text)
            ),
            route=self._policy.route_of(decided.label),
        )
        event_id = self._id(event, INTENT_RECOGNISED)
        subject = event.data.user or event.id  # CloudEvents: never empty
        return self._placed(
            event,
            topics.INTENTS,
            encode(recognised),
            headers_of(INTENT_RECOGNISED, event_id, subject, event, SOURCE),
        )

    def _complaint(self, event: Event, text: str) -> Output:
        """For the sentiment service, with the id of what it will say: the same after a replay.

        Personal data stay here: how a complaint feels does not hang on them."""
        complaint = Complaint(
            text=mask(text),
            id=self._id(event, COMPLAINT_SCORED),
            event_type=event.type,
            event_id=event.id,
            correlation_id=event.correlation_id,
            time_ms=event.time_ms,
            **self._context(event),
            traceparent=event.traceparent,
        )
        return self._placed(event, topics.COMPLAINTS, encode(complaint), [])

    def _question(self, event: Event, text: str) -> Output:
        """For the answers service, which reads questions itself but no searches; with the id of the
        answer, the same after a replay. Personal data stay here, as those of complaints."""
        question = SearchedQuestion(
            text=mask(text),
            id=self._id(event, ANSWER_GIVEN),
            event_id=event.id,
            correlation_id=event.correlation_id,
            time_ms=event.time_ms,
            user_id=event.data.user_id,
            anonymous_id=event.data.anonymous_id,
            session_id=event.data.session_id,
            traceparent=event.traceparent,
        )
        return self._placed(event, topics.SEARCHED_QUESTIONS, encode(question), [])

    def _context(self, event: Event) -> dict[str, str | None]:
        """Who said it, and about what: the fields that everything said of a text repeats. With
        exclusions, a product is named that the catalogue has, and has as a harmless one."""
        data: ProductsSearched | QuestionAsked = event.data
        question = data if isinstance(data, QuestionAsked) else None
        product_id = question.product_id if question else None
        if product_id is not None and self._exclusions and not self._names.knows(product_id):
            product_id = None
        return {
            "user_id": data.user_id,
            "anonymous_id": data.anonymous_id,
            "session_id": data.session_id,
            "product_id": product_id,
            "conversation_id": question.conversation_id if question else None,
        }

    def _id(self, event: Event, suffix: str) -> str:
        return output_id(self._topic, self._partition, event.offset, suffix, event.ordinal)

    def _placed(self, event: Event, topic: str, value: bytes, headers: Headers) -> Output:
        key = event.key if event.key is not None else (event.data.user.encode() or None)
        partition = self._partition if key is None else None
        return Output(topic=topic, key=key, value=value, headers=headers, partition=partition)


def slots_in(text: str, names: Names, intent: str) -> list[Slot]:
    """What a text names, as it is published."""
    return [
        Slot(
            name=found.name,
            value=found.value,
            text=text[found.start : found.end],
            start=found.start,
            end=found.end,
            minimum=found.minimum,
            maximum=found.maximum,
            currency=found.currency,
        )
        for found in slots_of(text, names, asks_of(intent))
    ]


def _text(event: Event) -> str:
    data = event.data
    text: str = data.query if isinstance(data, ProductsSearched) else data.question
    return text
