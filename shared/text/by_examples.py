"""Labels of texts by examples: learned in a moment, when a worker starts, from some hundred texts.

Kernel ridge regression (Saunders, Gammerman, Vovk 1998) of one against the rest. The kernel is a
cubic one of the cosine of an encoder's vectors, and of words beside it, so that what an encoder
takes for near counts, and the word that makes the difference too. It has a closed form, and so have
its answers to each example learned from the others: thresholds are chosen on these, not by hand.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from .chinese import simplified
from .normalisation import normalise

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

RIDGE = 0.3  # as the kernel, by leaving out one of the shipped packs' examples at a time
WORDS_WEIGHT, BESIDE_WEIGHT = 1.0, 0.5
SHARPNESS = np.geomspace(1.0, 12.0, 24)  # of a softmax of scores; the best on the examples counts
LOSS_OF_ACCURACY_MAX = 0.0025  # what abstaining may cost on the examples
LEAST = 1e-4  # probability of another model, before its logarithm
UNSEEN = -3.0  # score of a label without an example; those of others are about -1 to 1
_LATIN = re.compile(r"[a-z0-9']+")
_HAN = re.compile(r"[\u3400-\u9fff]+")


class Embeds(Protocol):
    """Texts to vectors of length 1; `Embedder` has one."""

    def vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(texts, dimensions)."""
        ...


class Found(NamedTuple):
    """What examples say of texts. scores: (texts, labels); where 1 is as an example of that label,
    -1 as one of another."""

    scores: Floats

    def lead(self, chosen: Sequence[int]) -> Floats:
        """(texts,): by how much the best of the chosen labels leads the best of the others."""
        mine = np.zeros(self.scores.shape[1], bool)
        mine[list(chosen)] = True
        result: Floats = self.scores[:, mine].max(axis=1) - self.scores[:, ~mine].max(axis=1)
        return result


class ByExamples:
    """Scores of texts of one language, by examples of it.

    embeds: None where no encoder knows the language: then words alone count. beside: what else is
    known of texts, (texts, n), rows of length 1. Not to be used by two threads at once.
    """

    def __init__(
        self,
        texts: Sequence[str],
        labels: Sequence[int],
        count: int,
        embeds: Embeds | None = None,
        beside: Callable[[Sequence[str]], Floats] | None = None,
    ) -> None:
        """texts: at least one. labels: (texts,) each one's, from 0; count: of labels."""
        self._embeds, self._beside, self._count = embeds, beside, count
        truth = np.array(labels)
        self.truth = truth
        self._words = _Words(texts)
        self._middle: Floats | None = None
        self._parts = self._seen(texts, [self._words.of(text) for text in texts])
        kernel = self._kernel(self._parts)
        targets = np.where(truth[:, None] == np.arange(count), 1.0, -1.0)
        inverse = np.linalg.inv(kernel + RIDGE * np.eye(len(truth)))
        self._weights = inverse @ targets
        self._there = np.isin(np.arange(count), truth)
        # Of each example as if it had not been learned from (Allen's PRESS).
        own = targets - self._weights / np.diag(inverse)[:, None]
        self.left_out = Found(self._of_those_there(own))

    def found(self, texts: Sequence[str]) -> Found:
        """Of a whole batch: one call of the encoder."""
        if not texts:
            return Found(np.zeros((0, self._count)))
        seen = self._seen(texts, [self._words.of(text) for text in texts])
        return Found(self._of_those_there(self._kernel(seen) @ self._weights))

    def _of_those_there(self, scores: Floats) -> Floats:
        result: Floats = np.where(self._there, scores, UNSEEN)
        return result

    def _seen(self, texts: Sequence[str], words: Sequence[Mapping[str, float]]) -> _Seen:
        vectors = beside = None
        if self._embeds is not None:
            vectors = self._embeds.vectors(texts).astype(np.float64)
            if self._middle is None:
                self._middle = vectors.mean(axis=0)
            # From the middle of all: what every text of a language shares tells nothing.
            vectors = vectors - self._middle
            vectors /= np.maximum(np.linalg.norm(vectors, axis=1), 1e-9)[:, None]
        if self._beside is not None:
            beside = self._beside(texts)
        return _Seen(words, vectors, beside)

    def _kernel(self, seen: _Seen) -> Floats:
        """(texts, examples)."""
        total = WORDS_WEIGHT * self._words.products(seen.words)
        if seen.vectors is not None and self._parts.vectors is not None:
            total = total + 2.0 * ((1.0 + seen.vectors @ self._parts.vectors.T) / 2.0) ** 3
        if seen.beside is not None and self._parts.beside is not None:
            total = total + BESIDE_WEIGHT * seen.beside @ self._parts.beside.T
        return total


class _Seen(NamedTuple):
    words: Sequence[Mapping[str, float]]
    vectors: Floats | None
    beside: Floats | None


class _Words:
    """Terms of examples, each weighted by how few have it; unit vectors, as an inverted index."""

    def __init__(self, texts: Sequence[str]) -> None:
        counts = [Counter(terms(text)) for text in texts]
        self._texts = len(texts)
        self._has = Counter(term for each in counts for term in each)
        self._rows: dict[str, list[tuple[int, float]]] = {}
        for row, text in enumerate(texts):
            for term, weight in self.of(text).items():
                self._rows.setdefault(term, []).append((row, weight))

    def of(self, text: str) -> dict[str, float]:
        """The weights of a text's terms; of length 1. Terms that no example has count for its
        length alone."""
        counts = Counter(terms(text))
        weights = {
            term: (1.0 + math.log(count)) * math.log((1 + self._texts) / (1 + self._has[term]))
            for term, count in counts.items()
        }
        length = math.sqrt(sum(weight * weight for weight in weights.values())) or 1.0
        return {term: weight / length for term, weight in weights.items()}

    def products(self, texts: Sequence[Mapping[str, float]]) -> Floats:
        """(texts, examples)."""
        found = np.zeros((len(texts), self._texts))
        for row, weights in enumerate(texts):
            for term, weight in weights.items():
                for example, other in self._rows.get(term, ()):
                    found[row, example] += weight * other
        return found


def terms(text: str) -> list[str]:
    """Words and pairs of words; of Chinese, characters and pairs of them."""
    read = simplified(normalise(text))
    words = _LATIN.findall(read)
    found = [*words, *(f"{one} {other}" for one, other in pairwise(words))]
    for run in _HAN.findall(read):
        found += [*run, *(one + other for one, other in pairwise(run))]
    return found


def evidence(probabilities: NDArray[np.float32]) -> Floats:
    """What a model of other labels takes texts for, to be put beside: (texts, its labels),
    log-probabilities from their mean, rows of length 1."""
    rows = np.log(np.maximum(probabilities.astype(np.float64), LEAST))
    rows -= rows.mean(axis=1, keepdims=True)
    result: Floats = rows / np.maximum(np.linalg.norm(rows, axis=1), 1e-9)[:, None]
    return result


def softmax(scores: Floats) -> Floats:
    """Row by row."""
    power = np.exp(scores - scores.max(axis=1, keepdims=True))
    result: Floats = power / power.sum(axis=1, keepdims=True)
    return result


def sharpness_of(learned: ByExamples) -> float:
    """What scores are multiplied by before a softmax: the least log loss on examples left out."""
    scores, truth = learned.left_out.scores, learned.truth

    def loss(sharpness: float) -> float:
        rows = softmax(scores * sharpness)[np.arange(len(truth)), truth]
        return float(-np.log(np.maximum(rows, 1e-9)).mean())

    return float(min(SHARPNESS, key=loss))


def abstention(probabilities: Floats, truth: NDArray[np.intp], otherwise: int) -> float:
    """The highest threshold below which abstaining costs the examples left out hardly anything.

    otherwise: place of the label of an abstention."""

    def accuracy(threshold: float) -> float:
        decided = probabilities.argmax(axis=1)
        decided[probabilities.max(axis=1) < threshold] = otherwise
        return float((decided == truth).mean())

    least = accuracy(0.0) - LOSS_OF_ACCURACY_MAX
    return max(step / 100 for step in range(90) if accuracy(step / 100) >= least)
