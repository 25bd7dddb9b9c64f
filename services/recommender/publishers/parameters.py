"""What decides the order of lists: weights of the blend on `personalisation.ranking-parameters.v1`.

A weight is the derivative of an item's score by the scaled feature at the mean candidate, all of
whose scaled features are 0, over the sum of the sizes of all: with hidden units h, their weights
in W, biases b, weights out v, and the linear part u,

  d(f) = u(f) + sum over h with b(h) > 0 of W(f, h) v(h)
  weight(f) = d(f) / sum over features g of |d(g)|

Features are scaled by their standard deviation, so weights compare: a feature that is one deviation
larger moves the score by d. (For linear models these are standardised coefficients; for a network
the gradient at a point: Simonyan, Vedaldi and Zisserman, "Deep inside convolutional networks", ICLR
workshop 2014.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from shopkeeper.shared.contracts import outputs, topics
from shopkeeper.shared.contracts.envelope import Output
from shopkeeper.shared.contracts.events.recommendation import (
    PARAMETERS_UPDATED,
    Parameter,
    ParametersUpdated,
)

from ..config import BLEND, MODEL, SOURCE
from ..core.ranking.features import EXPERT_OF

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..config import RecommenderConfig
    from ..core.ranking.blend import BlendRanker, BlendTrainer

INTERVAL_MS = 60_000
DIGITS = 6


class ParametersPublisher:
    """What the worker of one partition of clicks says of its ranker, once a minute at most."""

    def __init__(self, *, partition: int, config: RecommenderConfig, trainer: BlendTrainer) -> None:
        self._partition, self._rules, self._trainer = partition, config.rules, trainer
        self._key = f"clicks/{partition}"
        self._last_ms: int | None = None
        self._seen: tuple[int, bool] | None = None  # steps of the blend, whether it orders lists

    def due(self, now_ms: int) -> list[Output]:
        """The weights, if the blend has learned since and it is time."""
        trainer = self._trainer
        seen = trainer.blend.steps, trainer.trusted()
        if seen == self._seen:
            return []
        if self._last_ms is not None and now_ms - self._last_ms < INTERVAL_MS:
            return []
        self._seen, self._last_ms = seen, now_ms
        value = outputs.encode(self._value(now_ms))
        headers = outputs.view_headers(PARAMETERS_UPDATED, self._key, SOURCE, now_ms)
        return [Output(topics.PARAMETERS, self._key.encode(), value, headers)]

    def confirmed(self) -> None:
        """Nothing waits for it: the next record replaces one that was lost."""

    def _value(self, now_ms: int) -> ParametersUpdated:
        trainer, rules = self._trainer, self._rules
        weights = weights_of(trainer.blend).tolist()
        return ParametersUpdated(
            partition=self._partition,
            model=BLEND if trainer.trusted() else MODEL,
            parameters=[
                Parameter(name, expert, round(weight, DIGITS))
                for name, expert, weight in zip(
                    trainer.blend.names, EXPERT_OF, weights, strict=True
                )
            ],
            examples=trainer.examples,
            missed=trainer.missed,
            reciprocal_rank=round(trainer.blend_rank, DIGITS),
            reciprocal_rank_base=round(trainer.base_rank, DIGITS),
            explore_share=rules.explore.share,
            diversity=rules.diversity,
            same_category_max=rules.same_category_max,
            boosts=len(rules.boost),
            exclusions=len(rules.exclude),
            as_of_ms=now_ms,
        )


def weights_of(blend: BlendRanker) -> NDArray[np.float64]:
    """(features,) signed, sizes summing to 1; see the module."""
    into, bias, out, linear = blend.weights
    slopes = linear + into @ np.where(bias > 0, out, 0.0)
    total = float(np.abs(slopes).sum())
    weights: NDArray[np.float64] = slopes / total if total else slopes
    return weights
