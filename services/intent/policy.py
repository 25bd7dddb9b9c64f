"""What becomes of a model's probabilities: label and route, by the model's thresholds and a shop's
rules. Both may change while the worker runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopkeeper.shared.domains.pack import SHOP
from shopkeeper.shared.text.rules import digest

from .decision import PROBABILITY_DIGITS, Decision
from .routes import route_of
from .rules import NO_RULES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from shopkeeper.shared.domains.pack import Intents

    from .rules import IntentRules

NO_NAMES = SHOP.intents


class Policy:
    """The decision of one model under some rules. `replace` is for the time between batches."""

    def __init__(
        self,
        labels: Sequence[str],
        thresholds: tuple[float, float],
        rules: IntentRules = NO_RULES,
        domain: Intents = NO_NAMES,
    ) -> None:
        """thresholds: the model's: the probability, and its lead over the second, below which to
        abstain; rules come before them. domain: its names for the model's labels, and its routes,
        which a shop's rules go before."""
        self._domain = domain
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
        """Of a label of the model."""
        own = self._domain.routes.get(self.name_of(intent), route_of(self.like(intent)))
        return route_of(intent, {intent: own} | self._rules.routes)

    def like(self, intent: str) -> str:
        """The shop's label that a label of the model is treated as."""
        return self._domain.like.get(intent, intent)

    def name_of(self, intent: str) -> str:
        """What a label of the model is called in this domain."""
        return self._domain.names.get(intent, intent)

    def named(self, probabilities: Mapping[str, float]) -> dict[str, float]:
        """Probabilities by the domain's names, those of labels with one name added up."""
        if not self._domain.names:
            return dict(probabilities)
        found: dict[str, float] = {}
        for label, probability in probabilities.items():
            name = self.name_of(label)
            found[name] = round(found.get(name, 0.0) + probability, PROBABILITY_DIGITS)
        return dict(sorted(found.items(), key=lambda pair: (-pair[1], pair[0])))

    def _decision_of(self, thresholds: tuple[float, float]) -> Decision:
        below, margin = thresholds
        rules = self._rules
        return Decision(
            self._labels,
            below if rules.abstain_below is None else rules.abstain_below,
            margin if rules.abstain_margin is None else rules.abstain_margin,
        )
