"""Wiring of the intent worker: searches and questions in, intents out."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.api.service import Service, Source
from shopkeeper.shared.runtime.telemetry.predictions import Predictions

from .core import WANTED, IntentProcessor
from .model import load_model

if TYPE_CHECKING:
    from shopkeeper.shared.runtime.settings import WorkerSettings


def build(settings: WorkerSettings) -> Service:
    """The service; loads its model once. Raises ModelError."""
    model, abstain_below = load_model(settings.model_dir, settings.ort_intra_op_threads)
    predictions = Predictions(model.name)
    model.on_call = predictions.called

    def make(topic: str, partition: int) -> IntentProcessor:
        return IntentProcessor(topic, partition, model, abstain_below, predictions.outcomes)

    return Service(
        name="intent",
        sources=[
            Source(topic, partial(make, topic), WANTED)
            for topic in (topics.SEARCHES, topics.QUESTIONS)
        ],
        metrics=predictions.metrics,
        models=[(model.name, model.version)],
    )
