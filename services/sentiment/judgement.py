"""From what a review holds to its label: by the model, by its rating, or by its signs."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from shopkeeper.shared.contracts.events.base import Model

from .tally import NEGATIVE, NEUTRAL, POSITIVE, UNIT

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .evidence import Evidence

LABELS = ("negative", "neutral", "positive")  # in the order of NEGATIVE, NEUTRAL, POSITIVE
RATING_NEUTRAL = 3.0  # of 5; above is positive, below is negative (Blitzer et al. 2007)
RATING_MODEL = Model("rating", "1")
SIGNS_MODEL = Model("signs", "1")
PROBABILITY_DIGITS = 4
DISAGREE_MIN = 0.8  # probability of the other side, from which on a text contradicts its rating


class Judgement(NamedTuple):
    """A label (NEGATIVE, NEUTRAL, POSITIVE), the sentiment in thousandths, and by what.

    probabilities: of the three labels. model: None stands for the text model.
    """

    label: int
    value: int
    probabilities: list[float]
    basis: str = "text"
    model: Model | None = None


def of_rating(rating: float) -> tuple[int, int]:
    """(label, sentiment in thousandths) of a rating from 0 to 5 without a text."""
    return _of_value((rating - RATING_NEUTRAL) / 2)


def by_model(rows: NDArray[np.float32]) -> list[Judgement]:
    """Of each row of (negative, neutral, positive); ties go to the first label."""
    return [
        Judgement(label, round(lead * UNIT), [round(p, PROBABILITY_DIGITS) for p in row])
        for label, lead, row in zip(
            rows.argmax(axis=1).tolist(),
            (rows[:, POSITIVE] - rows[:, NEGATIVE]).tolist(),
            rows.tolist(),
            strict=True,
        )
    ]


def disagree(judged: Judgement, rating: float | None, disagree_min: float = DISAGREE_MIN) -> bool:
    """Whether a text is clearly of the side that its rating is not on; of no rating, no."""
    if rating is None or judged.probabilities[judged.label] < disagree_min:
        return False
    return {judged.label, of_rating(rating)[0]} == {NEGATIVE, POSITIVE}


def without_words(evidence: Evidence, rating: float | None) -> Judgement:
    """Of a review whose text has no words: its rating, else its signs, else neutral."""
    if rating is not None:
        return _certain(*of_rating(rating), "rating", RATING_MODEL)
    if evidence.kind == "signs":
        return _certain(*_of_value(evidence.value), "text", SIGNS_MODEL)
    return _certain(NEUTRAL, 0, "text", None)


def _of_value(value: float) -> tuple[int, int]:
    label = POSITIVE if value > 0 else NEGATIVE if value < 0 else NEUTRAL
    return label, max(-UNIT, min(UNIT, round(value * UNIT)))


def _certain(label: int, value: int, basis: str, model: Model | None) -> Judgement:
    probabilities = [float(label == index) for index in range(len(LABELS))]
    return Judgement(label, value, probabilities, basis, model)
