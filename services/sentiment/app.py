"""Wiring of the sentiment worker: reviews in, sentiments and product sentiments out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopkeeper.services.sentiment.core import WANTED, SentimentProcessor
from shopkeeper.services.sentiment.model import load_model
from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.predictions import Predictions
from shopkeeper.shared.runtime.service import Service, Source

if TYPE_CHECKING:
    from shopkeeper.shared.runtime.settings import Settings


def build(settings: Settings) -> Service:
    """The service; loads its model once. Raises ModelError."""
    model = load_model(settings.model_dir, settings.ort_intra_op_threads)
    predictions = Predictions(model.name)
    model.on_call = predictions.called

    def make(partition: int) -> SentimentProcessor:
        return SentimentProcessor(partition, model, outcomes=predictions.outcomes)

    return Service(
        name="sentiment",
        sources=[Source(topics.REVIEWS, make, WANTED)],
        observe=predictions.report,
        models=[(model.name, model.version)],
    )
