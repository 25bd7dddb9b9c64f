"""How reviews feel, one by one and per product.

`process` gives one scored sentiment per review, a function of the event and the model alone, and
folds it into the product's integers; a withdrawal takes a review out again and gives no output of
its own. `on_timer` publishes the products that changed, and removes those without a review left.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.envelope import Event, Output, Rejected
from shopkeeper.shared.contracts.events.base import Model
from shopkeeper.shared.contracts.events.sentiment import (
    PRODUCT_SENTIMENT_UPDATED,
    SENTIMENT_SCORED,
    ProductSentimentUpdated,
    SentimentScored,
)
from shopkeeper.shared.contracts.outputs import encode, headers_of, output_id, view_headers
from shopkeeper.shared.text.language import detect

from . import evidence
from .aggregates import Aggregates
from .judgement import LABELS, by_model, without_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from shopkeeper.shared.contracts.events.shop import ProductReviewed
    from shopkeeper.shared.runtime.api.processor import Sections
    from shopkeeper.shared.text.classifier import Classifier

    from .aggregates import Product
    from .evidence import Evidence

SOURCE = b"shopkeeper/sentiment"
WITHDRAWN = "review.withdrawn.v1"
WANTED = frozenset({"product.reviewed.v1", WITHDRAWN})
VIEW_INTERVAL_MS = 1000
VIEW_PRODUCTS_MAX = 2000  # per tick: a restart publishes every product again, not all at once


class SentimentProcessor:
    """One partition of reviews. Its state is `Aggregates`."""

    def __init__(
        self,
        partition: int,
        model: Classifier,
        aggregates: Aggregates | None = None,
        outcomes: Counter[str] | None = None,
    ) -> None:
        """outcomes: counts the labels that the model gave, for the metrics."""
        if tuple(model.labels) != LABELS:
            raise ValueError(f"a sentiment model has the labels {LABELS}, not {model.labels}")
        self._partition = partition
        self._model = model
        self._provenance = Model(model.name, model.version)
        self.aggregates = aggregates if aggregates is not None else Aggregates()
        self._outcomes = Counter[str]() if outcomes is None else outcomes
        self._changed: dict[str, None] = {}  # products to publish, oldest change first
        self._published_ms = 0

    def process(self, events: Sequence[Event], now_ms: int) -> tuple[list[Output], list[Rejected]]:
        """One sentiment per review, placed by the product; none for a withdrawal."""
        found = [
            None if _withdraws(event) else evidence.of(event.data.review_body or "")
            for event in events
        ]
        rows = iter(
            self._model.probabilities(
                [
                    event.data.review_body
                    for event, one in zip(events, found, strict=True)
                    if one is not None and one.kind == "words"
                ]
            )
        )
        outputs = []
        for event, one in zip(events, found, strict=True):
            if one is None:
                self._withdraw(event)
            else:
                outputs.append(self._one(event, one, rows))
        return outputs, []

    def _withdraw(self, event: Event) -> None:
        product_id = product_of(event)
        if event.data is None:
            self.aggregates.withdraw_product(product_id)
        elif not self.aggregates.withdraw(product_id, event.data.review_id):
            return
        self._changed[product_id] = None

    def _one(self, event: Event, found: Evidence, rows: Iterator[NDArray[np.float32]]) -> Output:
        review: ProductReviewed = event.data
        if found.kind == "words":
            judged = by_model(next(rows))
            self._outcomes[LABELS[judged.label]] += 1
        else:
            judged = without_words(found, review.rating)
        self.aggregates.fold(
            review.product_id, review.review_id, judged.label, judged.value, event.time_ms
        )
        self._changed[review.product_id] = None
        scored = SentimentScored(
            product_id=review.product_id,
            review_id=review.review_id,
            label=LABELS[judged.label],
            score=judged.probabilities[judged.label],
            probabilities=dict(zip(LABELS, judged.probabilities, strict=True)),
            language=detect(review.review_body or ""),
            basis=judged.basis,
            model=judged.model or self._provenance,
            rating=review.rating,
        )
        event_id = output_id(
            topics.REVIEWS, self._partition, event.offset, SENTIMENT_SCORED, event.ordinal
        )
        return Output(
            topic=topics.SENTIMENTS,
            key=review.product_id.encode(),
            value=encode(scored),
            headers=headers_of(SENTIMENT_SCORED, event_id, review.product_id, event, SOURCE),
        )

    def on_timer(self, now_ms: int) -> list[Output]:
        """The products that changed, each at most once a second, oldest change first."""
        if 0 <= now_ms - self._published_ms < VIEW_INTERVAL_MS:
            return []
        self._published_ms = now_ms
        due = list(self._changed)[:VIEW_PRODUCTS_MAX]
        outputs = []
        for product_id in due:
            del self._changed[product_id]
            product = self.aggregates.get(product_id)
            if product is None and not self.aggregates.is_emptied(product_id):
                continue  # evicted since; its last record stays on the topic
            value = None  # a tombstone
            if product is not None:
                value = encode(summary(product_id, product, self._provenance))
            outputs.append(
                Output(
                    topic=topics.PRODUCT_SENTIMENT,
                    key=product_id.encode(),
                    value=value,
                    headers=view_headers(PRODUCT_SENTIMENT_UPDATED, product_id, SOURCE, now_ms),
                )
            )
        return outputs

    def flush(self) -> list[Output]:
        return []

    def snapshot(self) -> Sections:
        return {"aggregates": self.aggregates.snapshot()}

    def restore(self, sections: Mapping[str, bytes]) -> None:
        """What was published before is unknown: every product and every removal is due again."""
        self.aggregates.restore(sections["aggregates"])
        self._changed = dict.fromkeys(self.aggregates.emptied_ids())
        self._changed |= dict.fromkeys(self.aggregates.product_ids())


def product_of(event: Event) -> str:
    """The product that an event is about; of one without data, its key says so."""
    product_id: str = (event.key or b"").decode() if event.data is None else event.data.product_id
    return product_id


def _withdraws(event: Event) -> bool:
    return event.data is None or event.type == WITHDRAWN


def summary(product_id: str, said: Product, model: Model) -> ProductSentimentUpdated:
    """What is published of a product."""
    return ProductSentimentUpdated(
        product_id=product_id,
        count=said.count,
        mean=round(said.mean(), 4),
        trend=round(said.trend(), 4),
        positive=said.positive,
        neutral=said.neutral,
        negative=said.negative,
        model=model,
    )
