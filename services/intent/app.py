"""Wiring of the intent worker: searches, questions and the catalogue in, intents out."""

from __future__ import annotations

import logging
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.erased_users import customer
from shopkeeper.shared.domains import pack
from shopkeeper.shared.runtime.api.service import Service, Source
from shopkeeper.shared.runtime.telemetry.metrics import StateMetrics
from shopkeeper.shared.text.correction_table import CorrectionTable
from shopkeeper.shared.text.corrections import Corrected
from shopkeeper.shared.text.drift_metrics import DriftMetrics
from shopkeeper.shared.text.model_updates import ModelUpdates

from .catalogue import CatalogueNames
from .core import WANTED, IntentProcessor
from .model import NAME, load_cascade, thresholds_of
from .own_labels import own_labels
from .policy import Policy
from .rules import NO_RULES, intent_rules

if TYPE_CHECKING:
    from collections.abc import Callable

    from shopkeeper.shared.runtime.settings import WorkerSettings
    from shopkeeper.shared.runtime.telemetry.metrics import Observer, Registry

log = logging.getLogger(__name__)


def build(settings: WorkerSettings) -> Service:
    """The service; loads its model. Raises ModelError, and SettingsError for rules."""
    domain = pack.load(settings.domain)
    if domain.intents.model:
        folder = pack.folder_of(settings.domain) / domain.intents.model
        settings = replace(settings, model_dir=str(folder))
    load: Callable[[str, int], Any] = load_cascade
    if domain.intents.like:
        load = own_labels(settings.domain, domain.intents)
        if settings.shadow_model_dir:
            log.warning("SHADOW_MODEL_DIR: passed over; the domain has intents of its own")
            settings = replace(settings, shadow_model_dir="")
    updates = ModelUpdates(
        NAME, settings, load=load, read_rules=intent_rules, default_rules=NO_RULES
    )
    policy = Policy(
        updates.served.labels,
        thresholds_of(updates.served.parameters),
        updates.rules,
        domain.intents,
    )
    exclusions = domain.excluded
    updates.follow(
        apply=lambda model, rules: policy.replace(thresholds_of(model.parameters), rules),
        columns=lambda rows, parameters: policy.columns(rows, thresholds_of(parameters)),
    )
    model = Corrected(updates.served)
    corrections = CorrectionTable(model)
    drift = DriftMetrics(updates.served)
    catalogue = CatalogueNames(exclusions)

    def make(topic: str, partition: int) -> IntentProcessor:
        return IntentProcessor(
            topic,
            partition,
            model,
            policy,
            updates.outcomes,
            names=catalogue.names,
            drift=drift.drift,
            exclusions=exclusions,
        )

    def metrics(registry: Registry) -> Observer:
        observers = [each.metrics(registry) for each in (updates, corrections, drift)]
        state = StateMetrics(registry)
        held = state.entries.labels("catalogue_names")
        refused = state.evictions.labels("catalogue_names")

        def observe() -> None:
            for each in observers:
                each()
            held.set(len(catalogue.names))
            refused.inc(catalogue.names.take_refused())

        return observe

    return Service(
        name="intent",
        sources=[
            Source(topic, partial(make, topic), WANTED, users_of=customer)
            for topic in (topics.SEARCHES, topics.QUESTIONS)
        ],
        tables={topics.CATALOGUE: catalogue.apply, topics.CORRECTIONS: corrections.apply},
        metrics=metrics,
        models=[(updates.served.name, updates.served.version)],
        refresh=updates.refresh,
        components=updates.components,
    )
