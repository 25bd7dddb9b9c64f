"""How complaints feel that the intent service found in searches and questions.

Stateless, and apart from the reviews: a complaint counts for no product.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import msgspec

from shopkeeper.shared.contracts import complaints, topics
from shopkeeper.shared.contracts.envelope import Event, Output, Rejected
from shopkeeper.shared.contracts.events.base import Model
from shopkeeper.shared.contracts.events.sentiment import COMPLAINT_SCORED, ComplaintScored
from shopkeeper.shared.contracts.outputs import encode, headers_of
from shopkeeper.shared.runtime.api.processor import Stateless
from shopkeeper.shared.text.language import detect

from . import evidence
from .judgement import LABELS, by_model, without_words
from .rules import Policy

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from shopkeeper.shared.contracts.complaints import Complaint
    from shopkeeper.shared.text.classifier import Classifier
    from shopkeeper.shared.text.drift import Drift

    from .judgement import Judgement

COMPLAINT = "complaint"
SOURCE = b"shopkeeper/sentiment"


class ComplaintProcessor(Stateless):
    """One partition of complaints. Keeps nothing."""

    def __init__(
        self,
        model: Classifier,
        outcomes: Counter[str] | None = None,
        policy: Policy | None = None,
        drift: Drift | None = None,
    ) -> None:
        """outcomes: counts the labels that the model gave, for the metrics. policy: the rules.
        drift: is told of the texts that have words, for the metrics too."""
        self._model = model
        self._policy = Policy() if policy is None else policy
        self._outcomes = Counter[str]() if outcomes is None else outcomes
        self._drift = drift

    @property
    def _provenance(self) -> Model:
        """As of now: model, rules and corrections may be replaced between two batches."""
        return Model(self._model.name, self._model.version + self._policy.version_suffix)

    def process(self, events: Sequence[Event], now_ms: int) -> tuple[list[Output], list[Rejected]]:
        """One score per complaint, placed by its user, caused by the search or question."""
        rejected: list[Rejected] = []
        found: list[tuple[Event, Complaint]] = []
        for event in events:
            try:
                found.append((event, complaints.decode(event.data or b"")))
            except (msgspec.MsgspecError, UnicodeDecodeError):
                rejected.append(
                    Rejected(event.offset, "decode", "corrupt_complaint", "no complaint")
                )
        signs = [evidence.of(complaint.text, self._policy.stock_phrases) for _, complaint in found]
        said = [
            complaint
            for (_, complaint), one in zip(found, signs, strict=True)
            if one.kind == "words"
        ]
        texts = [complaint.text for complaint in said]
        probabilities = self._model.probabilities(texts)
        languages = [detect(complaint.text) for _, complaint in found]
        if self._drift is not None:
            self._drift.observe(
                texts,
                [
                    language
                    for language, one in zip(languages, signs, strict=True)
                    if one.kind == "words"
                ],
                probabilities,
                [complaint.time_ms for complaint in said],
                now_ms,
            )
        judged = iter(by_model(probabilities))
        outputs = [
            self._one(event, complaint, one, language, judged)
            for (event, complaint), one, language in zip(found, signs, languages, strict=True)
        ]
        return outputs, rejected

    def _one(
        self,
        event: Event,
        complaint: Complaint,
        signs: evidence.Evidence,
        language: str,
        by_words: Iterator[Judgement],
    ) -> Output:
        if signs.kind == "words":
            judged = next(by_words)
            self._outcomes[LABELS[judged.label]] += 1
        else:
            judged = without_words(signs, None)
        scored = ComplaintScored(
            label=LABELS[judged.label],
            score=judged.probabilities[judged.label],
            probabilities=dict(zip(LABELS, judged.probabilities, strict=True)),
            language=language,
            model=judged.model or self._provenance,
            event_type=complaint.event_type,
            user_id=complaint.user_id,
            anonymous_id=complaint.anonymous_id,
            session_id=complaint.session_id,
            product_id=complaint.product_id,
            conversation_id=complaint.conversation_id,
        )
        cause = Event(
            type=complaint.event_type,
            data=None,
            key=event.key,
            offset=event.offset,
            time_ms=complaint.time_ms,
            id=complaint.event_id,
            source="",
            correlation_id=complaint.correlation_id,
            traceparent=complaint.traceparent,
        )
        subject = complaint.user_id or complaint.anonymous_id or complaint.event_id
        return Output(
            topic=topics.COMPLAINT_SENTIMENTS,
            key=event.key,
            value=encode(scored),
            headers=headers_of(COMPLAINT_SCORED, complaint.id, subject, cause, SOURCE),
        )
