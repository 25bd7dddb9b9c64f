"""What becomes of a model's probabilities: label and route, by the model's thresholds and a shop's
rules. Both may change while the worker runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopkeeper.shared.text.rules import digest

from .decision import Decision
from .routes import route_of
from .rules import NO_RULES

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from .rules import IntentRules


class Policy:
    """The decision of one model under some rules. `replace` is for the time between batches."""

    def __init__(
        self,
        labels: Sequence[str],
        thresholds: tuple[float, float],
        rules: IntentRules = NO_RULES,
    ) -> None:
        """thresholds: the model's: the probability, and its lead over the second, below which to
        abstain; rules come before them."""
        self._labels = tuple(labels)
        self.replace(thresholds, rules)

    def replace(self, thresholds: tuple[float, float], rules: IntentRules) -> None:
        """Decide by these from now on."""
        self._rules = rules
        self.decision = self._decision_of(thresholds)
        found = digest(rules)
        # Of the model's version in outputs: equal versions decide alike.
        self.version_suffix = f"+rules.{found}" if found else ""

    def columns(
        self, rows: NDArray[np.float32], thresholds: tuple[float, float]
    ) -> NDArray[np.intp]:
        """(texts,): columns of the labels that a model with these thresholds gives."""
        return self._decision_of(thresholds).columns(rows)

    def route_of(self, intent: str) -> str:
        return route_of(intent, self._rules.routes)

    def _decision_of(self, thresholds: tuple[float, float]) -> Decision:
        below, margin = thresholds
        rules = self._rules
        return Decision(
            self._labels,
            below if rules.abstain_below is None else rules.abstain_below,
            margin if rules.abstain_margin is None else rules.abstain_margin,
        )
