"""Drift of a text model as metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .drift import Drift

if TYPE_CHECKING:
    from shopkeeper.shared.runtime.telemetry.metrics import Observer, Registry

    from .classifier import Classifier


class DriftMetrics:
    """What one worker's model is watched by. `drift` is told of texts, on the state thread;
    `metrics` fits `Service.metrics`."""

    def __init__(self, model: Classifier) -> None:
        self._name = model.name
        self.drift = Drift(len(model.labels))

    def metrics(self, registry: Registry) -> Observer:
        """Declare the metrics; returns what sets them. An index that too few texts stand behind
        has no series: 0 would look well."""
        index = registry.gauge(
            "text_drift_psi",
            "Population stability index of recent texts against those before.",
            "model",
            "language",
            "feature",
        )
        texts = registry.gauge(
            "text_drift_texts", "Texts that drift compares.", "model", "language", "window"
        )
        shown: set[tuple[str, str, str]] = set()

        def observe() -> None:
            for shift in self.drift.shifts():
                labels = (self._name, shift.language, shift.feature)
                if shift.psi is not None:
                    index.labels(*labels).set(shift.psi)
                    shown.add(labels)
                elif labels in shown:
                    index.remove(*labels)
                    shown.discard(labels)
            for held in self.drift.held():
                texts.labels(self._name, held.language, "recent").set(held.recent)
                texts.labels(self._name, held.language, "reference").set(held.reference)

        return observe
