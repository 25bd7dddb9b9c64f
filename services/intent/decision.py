"""From probabilities to a label: abstains below a threshold, and where the second is too near."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

OUT_OF_SCOPE = "out_of_scope"
PROBABILITY_DIGITS = 4


class Decided(NamedTuple):
    """What is said of a text: a label, its probability, the most probable ones, best first; and
    why the first of them was not taken, if so."""

    label: str
    score: float
    probabilities: dict[str, float]
    abstained: str | None


class Decision:
    """From a row of probabilities to a label; abstains below a threshold, and where the second is
    too near to the first.

    The score is always the probability of the label that is given, so that an abstention from an
    unsure answer has a low score, and one from a text that is clearly something else a high one.
    """

    def __init__(
        self, labels: Sequence[str], abstain_below: float, abstain_margin: float = 0.0
    ) -> None:
        if OUT_OF_SCOPE not in labels:
            raise ValueError(f"an intent model needs the label {OUT_OF_SCOPE}")
        for name, threshold in (
            ("abstain_below", abstain_below),
            ("abstain_margin", abstain_margin),
        ):
            if not 0.0 <= threshold <= 1.0:
                raise ValueError(f"{name}={threshold!r} is not a probability")
        self.labels = tuple(labels)
        self.abstain_below, self.abstain_margin = abstain_below, abstain_margin
        self._out_of_scope = self.labels.index(OUT_OF_SCOPE)

    def of(self, text: str, row: NDArray[np.float32], count: int) -> Decided:
        """As `of_all`, of one text. row: (labels,)."""
        return self.of_all([text], row[np.newaxis], count)[0]

    def of_all(self, texts: Sequence[str], rows: NDArray[np.float32], count: int) -> list[Decided]:
        """What is said of each text; `count` labels with their probabilities, equal ones by label.

        rows: (texts, labels). A text of nothing but white space is out of scope, whatever the model
        makes of it.
        """
        order = (-rows).argsort(axis=1, kind="stable")
        ranked = np.take_along_axis(rows, order, axis=1)
        unsure = (ranked[:, 0] < self.abstain_below).tolist()
        near = [False] * len(rows)
        if len(self.labels) > 1:
            near = (ranked[:, 0] - ranked[:, 1] < self.abstain_margin).tolist()
        otherwise = rows[:, self._out_of_scope].tolist()
        decided = []
        for place, (text, best, values) in enumerate(
            zip(texts, order[:, :count].tolist(), ranked[:, :count].tolist(), strict=True)
        ):
            if not text.strip():
                decided.append(Decided(OUT_OF_SCOPE, 1.0, {OUT_OF_SCOPE: 1.0}, None))
                continue
            label, score, abstained = self.labels[best[0]], values[0], None
            if label != OUT_OF_SCOPE and (unsure[place] or near[place]):
                label, score = OUT_OF_SCOPE, otherwise[place]
                abstained = "confidence" if unsure[place] else "margin"
            probabilities = {
                self.labels[each]: round(value, PROBABILITY_DIGITS)
                for each, value in zip(best, values, strict=True)
            }
            decided.append(
                Decided(label, round(score, PROBABILITY_DIGITS), probabilities, abstained)
            )
        return decided

    def columns(self, rows: NDArray[np.float32]) -> NDArray[np.intp]:
        """(texts,): the columns of the labels that `of` gives texts with these rows,
        (texts, labels), where the texts are not of white space alone."""
        best = rows.argmax(axis=1)
        chosen = rows[np.arange(len(rows)), best]
        abstains = chosen < self.abstain_below
        if rows.shape[1] > 1:
            second = np.partition(rows, -2, axis=1)[:, -2]
            abstains |= chosen - second < self.abstain_margin
        result: NDArray[np.intp] = np.where(abstains, self._out_of_scope, best)
        return result
