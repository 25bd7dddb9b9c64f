"""How reviews feel, one by one and per product.

`process` gives one scored sentiment per review, a function of the event and the model alone, and
folds it into the product's integers; a withdrawal takes a review out again and gives no output of
its own. `on_timer` publishes the products that changed, and removes those without a review left; of
their categories, what `categories/` adds up.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.envelope import Event, Output, Rejected
from shopkeeper.shared.contracts.events.base import Model
from shopkeeper.shared.contracts.events.sentiment import (
    PRODUCT_SENTIMENT_UPDATED,
    SENTIMENT_SCORED,
    SentimentScored,
)
from shopkeeper.shared.contracts.outputs import encode, headers_of, output_id, view_headers
from shopkeeper.shared.contracts.review_digests import review_name
from shopkeeper.shared.text.language import detect

from . import digests, evidence
from .aggregates import Aggregates
from .aspects.opinions import opinion_of, packed
from .judgement import LABELS, disagree, without_words
from .reading import judge, published
from .rules import Policy
from .summaries import product_summary

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from shopkeeper.shared.contracts.events.shop import ProductReviewed
    from shopkeeper.shared.runtime.api.processor import Sections
    from shopkeeper.shared.text.classifier import TieredClassifier
    from shopkeeper.shared.text.drift import Drift

    from .categories.views import PartitionCategories
    from .evidence import Evidence
    from .reading import Judged

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
        model: TieredClassifier,
        aggregates: Aggregates | None = None,
        outcomes: Counter[str] | None = None,
        policy: Policy | None = None,
        drift: Drift | None = None,
        *,
        categories: Callable[[int, Aggregates], PartitionCategories] | None = None,
    ) -> None:
        """outcomes: counts the labels that the model gave, for the metrics. policy: the rules.
        drift: is told of the texts that have words, for the metrics too. categories: makes what
        adds products up by category; None: nobody does."""
        if tuple(model.labels) != LABELS:
            raise ValueError(f"a sentiment model has the labels {LABELS}, not {model.labels}")
        self._partition = partition
        self._model = model
        self._policy = Policy() if policy is None else policy
        self.aggregates = aggregates if aggregates is not None else Aggregates()
        self._categories = None if categories is None else categories(partition, self.aggregates)
        self._outcomes = Counter[str]() if outcomes is None else outcomes
        self._drift = drift
        self._changed: dict[str, None] = {}  # products to publish, oldest change first
        self._published_ms = 0

    @property
    def _provenance(self) -> Model:
        """As of now: model, rules and corrections may be replaced between two batches."""
        return Model(self._model.name, self._model.version + self._policy.version_suffix)

    def process(self, events: Sequence[Event], now_ms: int) -> tuple[list[Output], list[Rejected]]:
        """One sentiment per review, placed by the product; none for a withdrawal. Beside them what
        changes on the topic of digests."""
        found = [
            None
            if _withdraws(event)
            else evidence.of(event.data.review_body or "", self._policy.stock_phrases)
            for event in events
        ]
        worded = [
            event
            for event, one in zip(events, found, strict=True)
            if one is not None and one.kind == "words"
        ]
        texts = [event.data.review_body for event in worded]
        read = judge(self._model, texts)
        rows = iter(read)
        model = self._provenance
        outputs = []
        for event, one in zip(events, found, strict=True):
            if one is None:
                outputs += self._withdraw(event)
            else:
                found_words = next(rows) if one.kind == "words" else None
                outputs += self._one(event, one, found_words, model)
        outputs += digests.removals(self.aggregates.take_dropped())
        if self._drift is not None and read:
            self._drift.observe(
                texts,
                [each.language for each in read],
                np.array([each.judgement.probabilities for each in read], np.float32),
                [event.time_ms for event in worded],
                now_ms,
            )
        if self._categories is not None:
            self._categories.folded()
        return outputs, []

    def _withdraw(self, event: Event) -> list[Output]:
        product_id = product_of(event)
        if event.data is None:
            self.aggregates.withdraw_product(product_id)
            self._changed[product_id] = None
            return []
        if self.aggregates.withdraw(product_id, event.data.review_id):
            self._changed[product_id] = None
        # Known or not: it must not stand there.
        return digests.removals([review_name(product_id, event.data.review_id)])

    def _one(
        self, event: Event, found: Evidence, read: Judged | None, model: Model
    ) -> list[Output]:
        """The review's sentiment, its digest, and the removal of what is forgotten for it."""
        review: ProductReviewed = event.data
        if read is not None:
            judged, said, language, text = read
            self._outcomes[LABELS[judged.label]] += 1
        else:
            judged, said, text = without_words(found, review.rating), [], None
            language = detect(review.review_body or "")
        self.aggregates.fold(
            review.product_id,
            review.review_id,
            judged.label,
            judged.value,
            event.time_ms,
            told=packed(said, language),
            quotes=[(opinion_of(each), each.quote) for each in said],
        )
        self._changed[review.product_id] = None
        scored = SentimentScored(
            product_id=review.product_id,
            review_id=review.review_id,
            label=LABELS[judged.label],
            score=judged.probabilities[judged.label],
            probabilities=dict(zip(LABELS, judged.probabilities, strict=True)),
            language=language,
            basis=judged.basis,
            model=judged.model or model,
            rating=review.rating,
            rating_disagrees=judged.basis == "text"
            and disagree(judged, review.rating, self._policy.disagree_min),
            aspects=published(said),
        )
        event_id = output_id(
            topics.REVIEWS, self._partition, event.offset, SENTIMENT_SCORED, event.ordinal
        )
        return [
            Output(
                topic=topics.SENTIMENTS,
                key=review.product_id.encode(),
                value=encode(scored),
                headers=headers_of(SENTIMENT_SCORED, event_id, review.product_id, event, SOURCE),
            ),
            digests.record(event, judged.label, said, language, text),
            *digests.removals(self.aggregates.take_gone()),
        ]

    def on_timer(self, now_ms: int) -> list[Output]:
        """The products that changed, each at most once a second, oldest change first."""
        if 0 <= now_ms - self._published_ms < VIEW_INTERVAL_MS:
            return []
        self._published_ms = now_ms
        return self._views(now_ms)

    def flush(self) -> list[Output]:
        """As the partition is given up: what changed since `on_timer` last published."""
        return self._views(self._published_ms) if self._published_ms else []

    def _views(self, now_ms: int) -> list[Output]:
        due = list(self._changed)[:VIEW_PRODUCTS_MAX]
        model = self._provenance
        outputs = []
        for product_id in due:
            del self._changed[product_id]
            product = self.aggregates.get(product_id)
            if product is None and not self.aggregates.is_emptied(product_id):
                continue  # evicted since; its last record stays on the topic
            value = None  # a tombstone
            if product is not None:
                quotes = self.aggregates.quotes.of(product_id)
                value = encode(product_summary(product_id, product, model, quotes))
            outputs.append(
                Output(
                    topic=topics.PRODUCT_SENTIMENT,
                    key=product_id.encode(),
                    value=value,
                    headers=view_headers(PRODUCT_SENTIMENT_UPDATED, product_id, SOURCE, now_ms),
                )
            )
        if self._categories is not None:
            outputs += self._categories.outputs(now_ms, model, SOURCE)
        return outputs

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
