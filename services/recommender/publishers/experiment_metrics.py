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
    from shopkeeper.shared.runtime.telemetry.metrics import Registry

    from ..core.ab_testing.variants import Experiment

DIGITS = 6


def experiment_of(text: str) -> Experiment | None:
    """The experiment in a value of EXPERIMENT, None for an empty one. Raises SettingsError."""
    if not text:
        return None
    try:
        return parse(text)
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


class ExperimentMetrics:
    """The A/B test as one worker sees it: counts add up over workers, intervals do not."""

    def __init__(self, registry: Registry) -> None:
        gauge = registry.gauge
        self._exposed = gauge(
            "experiment_users_exposed", "Users for whom a list was due.", "variant"
        )
        self._clicked = gauge("experiment_users_clicked", "Users who clicked in a list.", "variant")
        self._converted = gauge(
            "experiment_users_converted", "Users who ordered from a list.", "variant"
        )
        self._events = gauge(
            "experiment_events", "Lists due, and events that echo one.", "variant", "event"
        )
        self._left_out = gauge("experiment_left_out", "Events that were not attributed.", "reason")
        self._difference = gauge(
            "experiment_difference_ratio",
            "A variant's rate minus the first's, and the bounds that hold at all times.",
            "variant",
            "outcome",
            "bound",
        )

    def observe(self, experiment: Experiment, all_counts: Sequence[VariantCounts]) -> None:
        """Show the counts of the worker's partitions, summed up."""
        counts = total_counts(experiment, all_counts)
        names = [variant.name for variant in experiment.variants]
        for name, row in zip(names, counts.tolist(), strict=True):
            self._exposed.labels(name).set(row[EXPOSED])
            self._clicked.labels(name).set(row[CLICKED])
            self._converted.labels(name).set(row[CONVERTED])
            for kind, count in zip(KINDS[LISTS:], row[LISTS:], strict=True):
                self._events.labels(name, kind).set(count)
        for reason in ("unattributed", "not_enrolled"):
            total = sum(getattr(variant_counts, reason) for variant_counts in all_counts)
            self._left_out.labels(reason).set(total)
        for outcome in OUTCOMES:
            found = against_first(counts, outcome)[1]
            for bound, values in found._asdict().items():
                for name, value in zip(names[1:], values.tolist(), strict=True):
                    self._difference.labels(name, outcome, bound).set(value)


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
