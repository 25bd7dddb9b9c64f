"""How sure it is that the first entry answers a question: a logistic regression over how the two
overlap. Its weights, and the threshold below which nothing is answered, were fitted on train parts
of public sets (services/answers/README.md has the command)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .ranking import Hit
from .terms import counts_of, question_ids

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from .entries import Entry
    from .ranking import Ranking


class Overlap(NamedTuple):
    """What the confidence is made from; words are weighted by how telling they are."""

    covered: float  # share of the question's words that the entry has
    title: float  # Dice's coefficient of the question and the entry's title
    strength: float  # the first one's BM25 score, over the most that it could be
    lead: float  # of the first one over the second, likewise
    evidence: float  # how telling the shared words are together, up to `EVIDENCE_MAX`; 0 to 1
    # Of vectors; 0 where an entry has none or words alone rank.
    cosine: float = 0.0  # of the question and the entry's nearest vector
    titled: float = 0.0  # the same where the entry has a title: its vector asks, too
    margin: float = 0.0  # of the first one's score over the second's


EVIDENCE_MAX = 30.0  # about six rare words
# By the language of the encoder that took part, "" without one: intercept, then one weight per
# field of `Overlap`; and the least confidence of an answer.
WEIGHTS = {
    "": (-3.61, 0.94, 0.51, 1.14, 7.71, 2.34, 0.0, 0.0, 0.0),
    "en": (-4.24, 0.0, 0.0, 0.0, 0.31, 2.03, 3.93, 0.0, 7.0),
    "zh": (-3.16, 2.54, 0.0, 0.0, 3.32, 0.8, 0.0, 0.0, 10.01),
}
THRESHOLDS = {"": 0.44, "en": 0.5, "zh": 0.55}


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
    first = ranking.hits[0]
    second = ranking.hits[1] if len(ranking.hits) > 1 else Hit("", 0.0, 0.0)
    cosine = first.cosine or 0.0
    bound = ranking.bound or 1.0
    return Overlap(
        covered=there / total,
        title=2 * in_title / (total + of_title),
        strength=first.lexical / bound,
        lead=(first.lexical - second.lexical) / bound,
        evidence=min(there, EVIDENCE_MAX) / EVIDENCE_MAX,
        cosine=cosine,
        titled=cosine if entry.title else 0.0,
        margin=first.score - second.score if ranking.language else 0.0,
    )


def confidence(found: Overlap, weights: Sequence[float]) -> float:
    """The probability that the entry answers the question."""
    score = weights[0] + sum(w * x for w, x in zip(weights[1:], found, strict=True))
    return 1 / (1 + math.exp(-score))
