"""How often two models say the same of a text: pure counting.

Nothing of a text is kept but its language: what two models disagree about is often the unusual,
names and addresses among it.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def sampled(count: int, share: float, carried: float) -> tuple[NDArray[np.intp], float]:
    """(rows, carried): which of `count` rows belong to a sample of this share, evenly spread.

    carried: what the call before returned, from 0 to 1; 0 at first. However many rows came in
    however many calls, the sample is their number times the share, rounded down.
    """
    steps = carried + share * np.arange(1, count + 1)
    whole = np.floor(steps + 1e-9)
    taken = np.flatnonzero(np.diff(whole, prepend=0.0) > 0)
    return taken, float(steps[-1] - whole[-1]) if count else carried


class Compared(NamedTuple):
    """Texts as two models label them; all arrays (texts,).

    served, shadow: columns of labels. difference: between the probabilities that the two give the
    served label, absolute.
    """

    languages: Sequence[str]
    served: NDArray[np.intp]
    shadow: NDArray[np.intp]
    difference: NDArray[np.float64]


class Agreement:
    """Counts of compared texts, by language and by labels."""

    def __init__(self, labels: Sequence[str]) -> None:
        self._labels = tuple(labels)
        self.texts: Counter[str] = Counter()  # by language
        self.differences: dict[str, float] = {}  # sums, by language
        # By language, the served label and the shadow's.
        self.disagreements: Counter[tuple[str, str, str]] = Counter()

    def add(self, compared: Compared) -> None:
        self.texts.update(compared.languages)
        for language, difference in zip(
            compared.languages, compared.difference.tolist(), strict=True
        ):
            self.differences[language] = self.differences.get(language, 0.0) + difference
        for row in np.flatnonzero(compared.served != compared.shadow).tolist():
            one, other = int(compared.served[row]), int(compared.shadow[row])
            self.disagreements[compared.languages[row], self._labels[one], self._labels[other]] += 1

    def ratio(self, language: str) -> float:
        """The share of this language's texts that both models give one label."""
        differing = sum(n for (of, *_), n in self.disagreements.items() if of == language)
        return 1.0 - differing / self.texts[language]

    def difference(self, language: str) -> float:
        """Mean absolute difference of the served label's probability, of this language's texts."""
        return self.differences[language] / self.texts[language]

    def summary(self, pairs_max: int = 3) -> str:
        """A line without anything of a text: how many, how many alike, and what goes apart."""
        texts = self.texts.total()
        if not texts:
            return "no text compared"
        pairs: Counter[tuple[str, str]] = Counter()
        for (_, one, other), count in self.disagreements.items():
            pairs[one, other] += count
        alike = 1.0 - self.disagreements.total() / texts
        often = ", ".join(f"{a} -> {b} {n}" for (a, b), n in pairs.most_common(pairs_max))
        return f"{texts} texts, {alike:.2%} alike" + (f"; most often: {often}" if often else "")
