"""What a text worker's model did, kept on the state thread until the metrics take it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from .metrics import PredictionMetrics

if TYPE_CHECKING:
    from .metrics import Observer, Registry

CALLS_MAX = 10_000  # kept between two observations; further ones go unmeasured


class Predictions:
    """Counts predictions by outcome and measures ONNX calls of one model.

    `called` fits `Cascade.on_call`; `outcomes` is counted into by the cores, `tiers` by the model;
    `metrics` fits `Service.metrics`: what it returns hands everything new to the metrics.
    """

    def __init__(self, model: str) -> None:
        self._model = model
        self.outcomes: Counter[str] = Counter()
        self.tiers: Counter[str] = Counter()
        self._seconds: list[float] = []
        self._texts: list[int] = []

    def called(self, seconds: float, texts: int) -> None:
        """One ONNX call over `texts` texts took `seconds`."""
        if len(self._seconds) < CALLS_MAX:
            self._seconds.append(seconds)
            self._texts.append(texts)

    def metrics(self, registry: Registry) -> Observer:
        """Declare the metrics; returns what adds to them what is new, and forgets it."""
        metrics = PredictionMetrics(registry)

        def observe() -> None:
            if self._seconds:
                metrics.inference.observe(self._model, np.array(self._seconds))
                metrics.inference_batch.observe(self._model, np.array(self._texts, np.float64))
            for outcome, count in self.outcomes.items():
                metrics.predictions.labels(self._model, outcome).inc(count)
            for tier, count in self.tiers.items():
                metrics.tiers.labels(self._model, tier).inc(count)
            self._seconds, self._texts = [], []
            self.outcomes.clear()
            self.tiers.clear()

        return observe
