"""Wiring of the sentiment worker: reviews in, sentiments of reviews, products, categories out."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakSet

from shopkeeper.shared.contracts import complaints, topics
from shopkeeper.shared.contracts.erased_users import customer, named_in
from shopkeeper.shared.runtime.api.service import Service, Source
from shopkeeper.shared.runtime.telemetry.metrics import StateMetrics
from shopkeeper.shared.text.correction_table import CorrectionTable
from shopkeeper.shared.text.corrections import Corrected
from shopkeeper.shared.text.drift_metrics import DriftMetrics
from shopkeeper.shared.text.model_updates import ModelUpdates

from .categories.figures import CategoryFigures
from .categories.metrics import CategoryMetrics
from .categories.views import CategoryTables
from .complaints import COMPLAINT, ComplaintProcessor
from .core import WANTED, SentimentProcessor, product_of
from .model import NAME, load_model
from .rules import NO_RULES, Policy, sentiment_rules

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopkeeper.shared.contracts.envelope import KeyValue
    from shopkeeper.shared.runtime.settings import WorkerSettings
    from shopkeeper.shared.runtime.telemetry.metrics import Observer, Registry

    from .aggregates import Aggregates


def build(settings: WorkerSettings) -> Service:
    """The service; loads its model. Raises ModelError, and SettingsError for rules."""
    updates = ModelUpdates(
        NAME, settings, load=load_model, read_rules=sentiment_rules, default_rules=NO_RULES
    )
    policy = Policy(updates.rules)
    updates.follow(
        apply=lambda model, rules: policy.replace(rules),
        columns=lambda rows, parameters: rows.argmax(axis=1),
    )
    model = Corrected(updates.served)
    corrections = CorrectionTable(model)
    drift = DriftMetrics(updates.served)
    categories, figures = CategoryTables(), CategoryFigures()
    state = State()

    def make(partition: int) -> SentimentProcessor:
        processor = SentimentProcessor(
            partition,
            model,
            outcomes=updates.outcomes,
            policy=policy,
            drift=drift.drift,
            categories=categories.partition,
        )
        state.held.add(processor.aggregates)
        return processor

    def metrics(registry: Registry) -> Observer:
        told = (updates, corrections, drift, state, CategoryMetrics(categories), figures)
        observers = [each.metrics(registry) for each in told]

        def observe() -> None:
            for each in observers:
                each()

        return observe

    def apply_categories(records: Sequence[KeyValue]) -> None:
        categories.apply_records(records)
        figures.apply(records)

    return Service(
        name="sentiment",
        sources=[
            Source(topics.REVIEWS, make, WANTED, key_of=product_of, users_of=customer),
            Source(
                topics.COMPLAINTS,
                lambda partition: ComplaintProcessor(model, updates.outcomes, policy, drift.drift),
                internal_type=COMPLAINT,
                users_of=named_in(complaints.decode),
            ),
        ],
        tables={
            topics.CORRECTIONS: corrections.apply,
            topics.CATALOGUE: categories.products.apply,
            topics.CATEGORY_PARTS: categories.apply_parts,
            topics.CATEGORY_SENTIMENT: apply_categories,
        },
        prepare=categories.prepare,
        metrics=metrics,
        models=[(updates.served.name, updates.served.version)],
        refresh=updates.refresh,
        components=updates.components,
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
