"""How sure it is that the first entry answers a question: a logistic regression over how the two
overlap. Its weights, and the threshold below which nothing is answered, were fitted on train parts
of public sets (services/answers/README.md has the command)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .terms import counts_of, question_ids

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from .entries import Entry
    from .ranking import Ranking


class Overlap(NamedTuple):
    """What the confidence is made from; each 0 to 1, words weighted by how telling they are."""

    covered: float  # share of the question's words that the entry has
    title: float  # Dice's coefficient of the question and the entry's title
    strength: float  # the first one's score, over the most that it could be
    lead: float  # of the first one over the second, likewise
    evidence: float  # how telling the shared words are together, up to `EVIDENCE_MAX`


EVIDENCE_MAX = 30.0  # about six rare words
# Intercept, then one weight per field of `Overlap`.
WEIGHTS = (-3.5, 1.19, 1.25, 0.25, 8.1, 2.16)
THRESHOLD = 0.47


def overlap(
    question: str,
    entry: Entry,
    ranking: Ranking,
    idf: Callable[[NDArray[np.int64]], NDArray[np.float64]],
) -> Overlap:
    """Of a question and the entry that ranks first. idf: how telling terms are."""
    asked = question_ids(question)
    title = counts_of([(entry.title, 1.0)]).ids
    text = counts_of([(entry.text, 1.0)]).ids
    weights = idf(asked)
    total = float(weights.sum()) or 1.0
    in_title = float(weights[np.isin(asked, title)].sum())
    there = float(weights[np.isin(asked, np.union1d(title, text))].sum())
    of_title = float(idf(title).sum())
    first = ranking.hits[0].score
    second = ranking.hits[1].score if len(ranking.hits) > 1 else 0.0
    return Overlap(
        covered=there / total,
        title=2 * in_title / (total + of_title),
        strength=first / (ranking.bound or 1.0),
        lead=(first - second) / (ranking.bound or 1.0),
        evidence=min(there, EVIDENCE_MAX) / EVIDENCE_MAX,
    )


def confidence(found: Overlap, weights: tuple[float, ...] = WEIGHTS) -> float:
    """The probability that the entry answers the question."""
    score = weights[0] + sum(w * x for w, x in zip(weights[1:], found, strict=True))
    return 1 / (1 + math.exp(-score))
