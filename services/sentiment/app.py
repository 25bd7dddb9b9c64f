"""Wiring of the sentiment worker: reviews in, sentiments and product sentiments out."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakSet

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.api.service import Service, Source
from shopkeeper.shared.runtime.telemetry.metrics import StateMetrics
from shopkeeper.shared.runtime.telemetry.predictions import Predictions

from .core import WANTED, SentimentProcessor, product_of
from .model import load_model

if TYPE_CHECKING:
    from shopkeeper.shared.runtime.settings import WorkerSettings
    from shopkeeper.shared.runtime.telemetry.metrics import Observer, Registry

    from .aggregates import Aggregates


def build(settings: WorkerSettings) -> Service:
    """The service; loads its model once. Raises ModelError."""
    model = load_model(settings.model_dir, settings.ort_intra_op_threads)
    predictions = Predictions(model.name)
    model.on_call = predictions.called

    state = State()

    def make(partition: int) -> SentimentProcessor:
        processor = SentimentProcessor(partition, model, outcomes=predictions.outcomes)
        state.held.add(processor.aggregates)
        return processor

    def metrics(registry: Registry) -> Observer:
        observers = predictions.metrics(registry), state.metrics(registry)

        def observe() -> None:
            for each in observers:
                each()

        return observe

    return Service(
        name="sentiment",
        sources=[Source(topics.REVIEWS, make, WANTED, key_of=product_of)],
        metrics=metrics,
        models=[(model.name, model.version)],
    )


class State:
    """What the partitions hold together, for the metrics."""

    def __init__(self) -> None:
        # Weak: the runtime drops the processors of a revoked partition, and so does this.
        self.held: WeakSet[Aggregates] = WeakSet()

    def metrics(self, registry: Registry) -> Observer:
        """Entries as they are, and evictions since the last observation."""
        metrics = StateMetrics(registry)
        withdrawals = registry.counter(
            "reviews_withdrawn", "Reviews withdrawn, or not known (any more).", "outcome"
        )

        def observe() -> None:
            held = list(self.held)
            metrics.entries.labels("products").set(sum(len(a) for a in held))
            metrics.entries.labels("reviews").set(sum(a.review_count for a in held))
            for counts in [a.take_counts() for a in held]:
                metrics.evictions.labels("products").inc(counts.products_evicted)
                metrics.evictions.labels("reviews").inc(counts.reviews_evicted)
                withdrawals.labels("withdrawn").inc(counts.withdrawn)
                withdrawals.labels("unknown").inc(counts.unknown)

        return observe
