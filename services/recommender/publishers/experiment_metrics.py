"""The experiment that the environment asks for: read, and reported as metrics or as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shopkeeper.shared.runtime.settings import SettingsError

from ..core.ab_testing.confidence_sequences import (
    ALPHA,
    OUTCOMES,
    USERS_MIN,
    USERS_PLANNED,
    against_first,
)
from ..core.ab_testing.variants import (
    CLICKED,
    CONVERTED,
    EXPOSED,
    KINDS,
    LISTS,
    VariantCounts,
    parse,
    total_counts,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from shopkeeper.shared.contracts.envelope import Event, Output, Rejected
    from shopkeeper.shared.runtime.settings import WorkerSettings
    from shopkeeper.shared.runtime.telemetry.metrics import Metrics

    from ..core.ab_testing.variants import Experiment

DIGITS = 6


def experiment_of(settings: WorkerSettings) -> Experiment | None:
    """What EXPERIMENT says, None where it is empty. Raises SettingsError."""
    if not settings.experiment:
        return None
    try:
        return parse(settings.experiment)
    except ValueError as error:
        raise SettingsError(f"EXPERIMENT: {error}") from None


class VariantCountsProcessor:
    """Only counts the users of one partition, where no lists are to be made."""

    def __init__(self, variant_counts: VariantCounts) -> None:
        self.variant_counts = variant_counts

    def process(self, events: Sequence[Event], now_ms: int) -> tuple[list[Output], list[Rejected]]:
        self.variant_counts.learn(events)
        return [], []

    def flush(self) -> list[Output]:
        return []

    def on_timer(self, now_ms: int) -> list[Output]:
        return []

    def snapshot(self) -> dict[str, bytes]:
        return {"experiment": self.variant_counts.snapshot()}

    def restore(self, sections: Mapping[str, bytes]) -> None:
        self.variant_counts.restore(sections.get("experiment"))


def observe_experiment(
    metrics: Metrics, experiment: Experiment, all_counts: Sequence[VariantCounts]
) -> None:
    """What the partitions of one worker know: counts add up over workers, intervals do not."""
    counts = total_counts(experiment, all_counts)
    names = [variant.name for variant in experiment.variants]
    for name, row in zip(names, counts.tolist(), strict=True):
        metrics.experiment_exposed.labels(name).set(row[EXPOSED])
        metrics.experiment_clicked.labels(name).set(row[CLICKED])
        metrics.experiment_converted.labels(name).set(row[CONVERTED])
        for kind, count in zip(KINDS[LISTS:], row[LISTS:], strict=True):
            metrics.experiment_events.labels(name, kind).set(count)
    for reason in ("unattributed", "not_enrolled"):
        total = sum(getattr(variant_counts, reason) for variant_counts in all_counts)
        metrics.experiment_left_out.labels(reason).set(total)
    for outcome in OUTCOMES:
        found = against_first(counts, outcome)[1]
        for bound, values in found._asdict().items():
            for name, value in zip(names[1:], values.tolist(), strict=True):
                metrics.experiment_difference.labels(name, outcome, bound).set(value)


def report(experiment: Experiment, all_counts: Sequence[VariantCounts]) -> dict[str, Any]:
    """Counts, rates, and differences to the first variant with their confidence sequences."""
    counts = total_counts(experiment, all_counts)
    rows = counts.tolist()
    variants: list[dict[str, Any]] = [
        {"variant": variant.name, "share": variant.share, "knobs": variant.overrides}
        | dict(zip(KINDS, row, strict=True))
        for variant, row in zip(experiment.variants, rows, strict=True)
    ]
    for outcome in OUTCOMES:
        rates, found = against_first(counts, outcome)
        for number, variant in enumerate(variants):
            variant[f"{outcome}_rate"] = _rounded(rates[number])
            if number:
                variant[f"{outcome}_difference"] = {
                    bound: _rounded(values[number - 1]) for bound, values in found._asdict().items()
                }
    return {
        "experiment": experiment.name,
        "alpha": ALPHA,
        "users_min": USERS_MIN,
        "users_planned": USERS_PLANNED,
        "variants": variants,
        "unattributed": sum(variant_counts.unattributed for variant_counts in all_counts),
        "not_enrolled": sum(variant_counts.not_enrolled for variant_counts in all_counts),
    }


def _rounded(value: NDArray[Any] | float) -> float | None:
    """None for what is not known: JSON has no nan."""
    number = float(value)
    return None if number != number else round(number, DIGITS)
