"""What a search or a question wants: a label per text, and the honest answer "none of these".

Stateless: each output is a function of its own event and the model.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.envelope import Event, Output, Rejected
from shopkeeper.shared.contracts.events.base import Model
from shopkeeper.shared.contracts.events.intent import INTENT_RECOGNISED, IntentRecognised
from shopkeeper.shared.contracts.events.shop import ProductsSearched, QuestionAsked
from shopkeeper.shared.contracts.outputs import encode, headers_of, output_id
from shopkeeper.shared.runtime.api.processor import Stateless
from shopkeeper.shared.text.language import detect

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from shopkeeper.shared.text.classifier import Classifier

OUT_OF_SCOPE = "out_of_scope"
SOURCE = b"shopkeeper/intent"
PROBABILITIES_MAX = 5  # per output: those below are noise, and cost more bytes than the answer
PROBABILITY_DIGITS = 4
WANTED = frozenset({"products.searched.v1", "question.asked.v1"})


class Decision:
    """From a row of probabilities to a label; abstains below a threshold.

    The score is always the probability of the label that is given, so that an abstention from an
    unsure answer has a low score, and one from a text that is clearly something else a high one.
    """

    def __init__(self, labels: Sequence[str], abstain_below: float) -> None:
        if OUT_OF_SCOPE not in labels:
            raise ValueError(f"an intent model needs the label {OUT_OF_SCOPE}")
        if not 0.0 <= abstain_below <= 1.0:
            raise ValueError(f"abstain_below={abstain_below!r} is not a probability")
        self.labels = tuple(labels)
        self.abstain_below = abstain_below
        self._out_of_scope = self.labels.index(OUT_OF_SCOPE)

    def of(
        self, text: str, row: NDArray[np.float32], count: int
    ) -> tuple[str, float, dict[str, float]]:
        """(label, score, the `count` most probable labels, best first, equal ones by label).

        A text of nothing but white space is out of scope, whatever the model makes of it.
        """
        if not text.strip():
            return OUT_OF_SCOPE, 1.0, {OUT_OF_SCOPE: 1.0}
        best = int(row.argmax())
        if row[best] < self.abstain_below:
            best = self._out_of_scope
        order = (-row).argsort(kind="stable")[:count]
        probabilities = {self.labels[i]: round(float(row[i]), PROBABILITY_DIGITS) for i in order}
        return self.labels[best], round(float(row[best]), PROBABILITY_DIGITS), probabilities


class IntentProcessor(Stateless):
    """One partition of searches or questions. Keeps nothing, so its checkpoint is empty."""

    def __init__(
        self,
        topic: str,
        partition: int,
        model: Classifier,
        abstain_below: float,
        outcomes: Counter[str] | None = None,
    ) -> None:
        """topic: the unprefixed name of the input; it is part of the outputs' ids.
        outcomes: counts the labels given, for the metrics."""
        self._topic, self._partition = topic, partition
        self._model = model
        self._provenance = Model(model.name, model.version)
        self._decision = Decision(model.labels, abstain_below)
        self._outcomes = Counter[str]() if outcomes is None else outcomes

    def process(self, events: Sequence[Event], now_ms: int) -> tuple[list[Output], list[Rejected]]:
        """One intent per event, placed by its key: a user's intents stay in the order of the
        texts. One of a question without any stays beside its neighbours, in the partition of the
        same number."""
        texts = [_text(event) for event in events]
        rows = self._model.probabilities(texts)
        return [
            self._output(event, text, row)
            for event, text, row in zip(events, texts, rows, strict=True)
        ], []

    def _output(self, event: Event, text: str, row: NDArray[np.float32]) -> Output:
        data: ProductsSearched | QuestionAsked = event.data
        label, score, probabilities = self._decision.of(text, row, PROBABILITIES_MAX)
        self._outcomes[label] += 1
        question = data if isinstance(data, QuestionAsked) else None
        recognised = IntentRecognised(
            intent=label,
            score=score,
            language=detect(text),
            model=self._provenance,
            probabilities=probabilities,
            event_type=event.type,
            user_id=data.user_id,
            anonymous_id=data.anonymous_id,
            session_id=data.session_id,
            product_id=question.product_id if question else None,
            conversation_id=question.conversation_id if question else None,
        )
        key = event.key if event.key is not None else (data.user.encode() or None)
        subject = data.user or event.id  # CloudEvents: never empty
        event_id = output_id(
            self._topic, self._partition, event.offset, INTENT_RECOGNISED, event.ordinal
        )
        return Output(
            topic=topics.INTENTS,
            key=key,
            value=encode(recognised),
            headers=headers_of(INTENT_RECOGNISED, event_id, subject, event, SOURCE),
            partition=self._partition if key is None else None,
        )


def _text(event: Event) -> str:
    data = event.data
    text: str = data.query if isinstance(data, ProductsSearched) else data.question
    return text
