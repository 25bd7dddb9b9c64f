"""Corrected labels put over a model's answers: the text itself, and what nearly reads the same.

Bounded in number, in how near a text must be, and in how far an answer moves. What is far from
every corrected text keeps the model's row to the bit. What is held is a set: neither answers nor
which corrections are kept depend on the order in which they came.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .normalisation import TEXT_CHARACTERS_MAX, clean
from .personal_data import mask_all

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from .classifier import TieredClassifier

CORRECTIONS_MAX = 1000  # of one model; the oldest go first
NEAR = 0.85  # cosine of the sets of trigrams, from which on a text is pulled along
NEAR_CHARACTERS_MAX = 600  # of a longer text only the very same one is corrected
WEIGHT_MAX = 4.0  # added to a label's log-probability by the nearest correction
CORRECTED = 0.98  # probability of the label of a text that was itself corrected
LEAST = 1e-7  # probability, before its logarithm

_SPACES = re.compile(r"\s+")
_ENDS = " .,!?;:。,！？；：、…~～"
# "works well" must not be pulled along by "never works well".
_NEGATIONS = re.compile(
    r"\b(?:no|not|nor|none|never|without|cannot|hardly|barely)\b|n't\b|[不没沒无無别別未莫非]"
)


class Correction(NamedTuple):
    """What a text should have been labelled. The later of two is the one of later time, then of
    greater key."""

    time_ms: int
    key: str
    text: str  # as `readable` makes it: without personal data
    label: str


class _Held(NamedTuple):
    correction: Correction
    grams: frozenset[str]
    negations: tuple[str, ...]


def readable(texts: Sequence[str]) -> list[str]:
    """Texts as corrections are kept and compared: masked, of one spelling, case and spacing."""
    return [_folded(text) for text in mask_all([text[:TEXT_CHARACTERS_MAX] for text in texts])]


def _folded(text: str) -> str:
    return _SPACES.sub(" ", clean(text)).casefold().strip(_ENDS)


def _grams(text: str) -> frozenset[str]:
    padded = f"  {text} "
    return frozenset(padded[at : at + 3] for at in range(len(padded) - 2))


def _negations(text: str) -> tuple[str, ...]:
    return tuple(_NEGATIONS.findall(text))


class _Index(NamedTuple):
    """Made anew after a change, when it is next asked."""

    held: list[_Held]
    sizes: NDArray[np.int64]  # (held,): trigrams of each
    rows: dict[str, NDArray[np.intp]]  # by trigram: those that have it


class Corrections:
    """The corrections that are held of one model, and which of them a text is near to."""

    def __init__(self, corrections_max: int = CORRECTIONS_MAX) -> None:
        """corrections_max: held at most."""
        self._corrections_max = corrections_max
        self._held: dict[str, _Held] = {}  # by key
        self._by_text: dict[str, set[str]] = {}  # keys
        self._by_gram: dict[str, set[str]] = {}  # keys, of texts short enough to be near
        self._digest = 0
        self._index: _Index | None = None

    def __len__(self) -> int:
        return len(self._held)

    @property
    def digest(self) -> str:
        """Eight hexadecimal digits of what is held; "" where nothing is."""
        return f"{self._digest:08x}" if self._held else ""

    def put(self, correction: Correction) -> int:
        """Hold it in place of the one of its key. Returns how many were evicted for it, itself
        perhaps among them."""
        self.remove(correction.key)
        short = len(correction.text) <= NEAR_CHARACTERS_MAX
        held = _Held(
            correction,
            _grams(correction.text) if short else frozenset(),
            _negations(correction.text),
        )
        self._held[correction.key] = held
        self._by_text.setdefault(correction.text, set()).add(correction.key)
        for gram in held.grams:
            self._by_gram.setdefault(gram, set()).add(correction.key)
        self._digest ^= _hashed(correction)
        self._index = None
        evicted = 0
        while len(self._held) > self._corrections_max:
            self.remove(min(each.correction for each in self._held.values()).key)
            evicted += 1
        return evicted

    def remove(self, key: str) -> bool:
        """Withdraw the correction of a key; returns whether it was held."""
        held = self._held.pop(key, None)
        if held is None:
            return False
        _discard(self._by_text, held.correction.text, key)
        for gram in held.grams:
            _discard(self._by_gram, gram, key)
        self._digest ^= _hashed(held.correction)
        self._index = None
        return True

    def nearest(self, text: str) -> tuple[Correction, float] | None:
        """(correction, cosine) for a `readable` text; 1.0 for the same text only."""
        same = self._by_text.get(text)
        if same:
            return max(self._held[key].correction for key in same), 1.0
        if not text or len(text) > NEAR_CHARACTERS_MAX:
            return None
        grams = _grams(text)
        best: tuple[float, Correction] | None = None
        for held in self._candidates(grams):
            cosine = len(grams & held.grams) / math.sqrt(len(grams) * len(held.grams))
            if cosine < NEAR or held.negations != _negations(text):
                continue
            best = max(best, (cosine, held.correction)) if best else (cosine, held.correction)
        return None if best is None else (best[1], min(best[0], 0.999))

    def _candidates(self, grams: frozenset[str]) -> list[_Held]:
        """All that may be near, by the number of shared trigrams; seldom any other."""
        index = self._indexed()
        known = [index.rows[gram] for gram in grams if gram in index.rows]
        # A near text has NEAR² of these at least: most texts end here.
        if not known or len(known) < NEAR * NEAR * len(grams) - 1e-9:
            return []
        shared = np.bincount(np.concatenate(known), minlength=len(index.held))
        near = (shared > 0) & (shared >= NEAR * np.sqrt(len(grams) * index.sizes) - 1e-9)
        return [index.held[row] for row in np.flatnonzero(near).tolist()]

    def _indexed(self) -> _Index:
        if self._index is None:
            held = list(self._held.values())
            numbers = {each.correction.key: number for number, each in enumerate(held)}
            self._index = _Index(
                held,
                np.array([len(each.grams) for each in held], np.int64),
                {
                    gram: np.array([numbers[key] for key in keys], np.intp)
                    for gram, keys in self._by_gram.items()
                },
            )
        return self._index


def _discard(index: dict[str, set[str]], entry: str, key: str) -> None:
    index[entry].discard(key)
    if not index[entry]:
        del index[entry]


def _hashed(correction: Correction) -> int:
    content = repr(tuple(correction)).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.sha256(content).digest()[:4], "big")


class Corrected:
    """A `Classifier`: a model, and the corrections over its answers.

    `changed` counts answers by how they were corrected: "same" text or "near" one, and by whether
    the most probable label became another: ("same", True).
    """

    def __init__(self, model: TieredClassifier, corrections: Corrections | None = None) -> None:
        self._model = model
        self.corrections = Corrections() if corrections is None else corrections
        self.name, self.labels = model.name, model.labels
        self.changed: Counter[tuple[str, bool]] = Counter()

    @property
    def version(self) -> str:
        """The model's; where corrections are held, with the digest of what is held."""
        digest = self.corrections.digest
        return f"{self._model.version}+corrections.{digest}" if digest else self._model.version

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(texts, labels); rows sum to 1. A row depends on its own text and what is held."""
        return self._corrected(texts, self._model.probabilities(texts))

    def first_tier(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Likewise, of the model's first tier."""
        return self._corrected(texts, self._model.first_tier(texts))

    def _corrected(self, texts: Sequence[str], found: NDArray[np.float32]) -> NDArray[np.float32]:
        if not len(self.corrections):
            return found
        for row, text in enumerate(readable(texts)):
            nearest = self.corrections.nearest(text)
            if nearest is None:
                continue
            correction, cosine = nearest
            before = int(found[row].argmax())
            column = self.labels.index(correction.label)
            found[row] = moved(found[row], column, cosine)
            how = "same" if cosine == 1.0 else "near"
            self.changed[how, int(found[row].argmax()) != before] += 1
        return found


def moved(row: NDArray[np.float32], column: int, cosine: float) -> NDArray[np.float32]:
    """(labels,): what a correction makes of a row, by how near the corrected text is."""
    logs = np.log(np.maximum(row.astype(np.float64), LEAST))
    if cosine == 1.0:
        result = np.exp(logs)
        corrected = max(CORRECTED, float(row[column]))
        result[column] = 0.0
        result *= (1.0 - corrected) / result.sum()
        result[column] = corrected
    else:
        logs[column] += WEIGHT_MAX * (cosine - NEAR) / (1.0 - NEAR)
        result = np.exp(logs - logs.max())
        result /= result.sum()
    moved_row: NDArray[np.float32] = result.astype(np.float32)
    return moved_row
