"""Two tiers: n-grams answer what they are sure of, a Transformer helps with the rest.

Both err on different texts, so the tiers are averaged rather than switched: a text that goes on
gets softmax(a ln p + b ln q + c), p of the n-grams and q of the Transformer, with weights that were
fitted where neither was trained. Which texts go on is decided by the n-grams' largest probability,
of sentiments among positive and negative alone; what they take for neutral has a bound of its own.
A text that the n-grams read in windows stays: of it a Transformer would see the two ends alone.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from . import features
from .manifest import ModelError, model_folder, read_manifest
from .normalisation import TEXT_CHARACTERS_MAX
from .onnx_model import OnnxModel, tables_of
from .transformer import Transformer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from .manifest import Tier

TABLES = {"en": features.EN, "zh": features.ZH}
LEAST = 1e-7  # probability, before its logarithm


class Cascade:
    """A `Classifier`. Give it one thread's calls at a time.

    `tiers` counts the texts that each tier answered: "ngrams", or the Transformer's name.
    """

    def __init__(
        self, ngrams: OnnxModel, tiers: dict[str, Tier], transformers: dict[str, Transformer]
    ) -> None:
        """tiers: by table. transformers: those that tiers name. Raises ModelError."""
        self.name, self.version, self.labels = ngrams.name, ngrams.version, ngrams.labels
        self.parameters = ngrams.parameters
        self.tiers: Counter[str] = Counter()
        self._ngrams = ngrams
        self._seconds: dict[int, SecondTier] = {}
        for table, tier in tiers.items():
            if table not in TABLES:
                raise ModelError(f"model {self.name}: a cascade of {table!r}, not en or zh")
            self._seconds[TABLES[table]] = SecondTier(
                self.name, self.labels, tier, transformers[tier.transformer]
            )
        if versions := sorted({each.model.version for each in self._seconds.values()}):
            self.version = "+".join([ngrams.version, *versions])

    @classmethod
    def load(cls, name: str, model_dir: str = "", threads: int = 1) -> Cascade:
        """The model of this name, with what the manifest puts behind it. Raises ModelError."""
        tiers = read_manifest(model_folder(model_dir)).cascades.get(name, {})
        return cls(
            OnnxModel.load(name, model_dir, threads),
            tiers,
            {
                transformer: Transformer.load(transformer, model_dir, threads)
                for transformer in {tier.transformer for tier in tiers.values()}
            },
        )

    @property
    def tier_names(self) -> list[str]:
        """The n-grams, then what stands behind them, of each language."""
        return ["ngrams", *(each.model.name for each in self._seconds.values())]

    def on_call(self, told: Callable[[float, int], None]) -> None:
        """Tell of every ONNX call of every tier: (seconds, texts)."""
        self._ngrams.on_call = told
        for second in self._seconds.values():
            second.model.on_call = told

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(texts, labels); rows sum to 1. A row depends on its own text alone, to the bit."""
        return self.answered(texts)[0]

    def first_tier(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(texts, labels): what the n-grams alone say; counted for no tier."""
        return self._ngrams.probabilities(texts)

    def answered(self, texts: Sequence[str]) -> tuple[NDArray[np.float32], NDArray[np.int8]]:
        """The probabilities, and (texts,) which of `tier_names` answered each."""
        found = self._ngrams.probabilities(texts)
        who = np.zeros(len(texts), np.int8)
        if not len(found) or not self._seconds:
            self.tiers["ngrams"] += len(texts)
            return found, who
        doubts = {table: second.doubts(found) for table, second in self._seconds.items()}
        # Sure texts need no language: most are.
        unsure = np.flatnonzero(np.any(list(doubts.values()), axis=0))
        short = [len(texts[row]) <= TEXT_CHARACTERS_MAX for row in unsure.tolist()]
        unsure = unsure[np.array(short, bool)]
        tables = tables_of([texts[row] for row in unsure.tolist()])
        for place, (table, second) in enumerate(self._seconds.items(), 1):
            rows = unsure[(tables == table) & doubts[table][unsure]]
            if len(rows):
                found[rows] = second.together([texts[row] for row in rows.tolist()], found[rows])
                who[rows] = place
                self.tiers[second.model.name] += len(rows)
        self.tiers["ngrams"] += int((who == 0).sum())
        return found, who


class SecondTier:
    """What is asked where the n-grams of one language are not sure."""

    def __init__(
        self, name: str, labels: Sequence[str], tier: Tier, transformer: Transformer
    ) -> None:
        """name, labels: of the model of n-grams. Raises ModelError."""
        if transformer.tasks.get(name) != tuple(labels):
            raise ModelError(
                f"transformer {transformer.name}: its labels of {name} are not the model's"
            )
        if missing := set(tier.among) - set(labels):
            raise ModelError(f"model {name}: its cascade names no label {missing.pop()!r}")
        if len(tier.bias) not in (0, len(labels)):
            raise ModelError(f"model {name}: its cascade has {len(tier.bias)} biases")
        self.model = transformer
        self._bounds = tier.sure_from, tier.others_sure_from
        self._task = name
        self._among = [labels.index(label) for label in tier.among or labels]
        self._weights = np.float32(tier.ngram_weight), np.float32(tier.transformer_weight)
        self._bias = np.array(tier.bias or np.zeros(len(labels)), np.float32)

    def doubts(self, found: NDArray[np.float32]) -> NDArray[np.bool_]:
        """(texts,): of which the n-grams, who found this, are not sure."""
        return doubts(found, self._among, *self._bounds)

    def together(self, texts: Sequence[str], found: NDArray[np.float32]) -> NDArray[np.float32]:
        """(texts, labels): what both tiers say, whose first said `found`."""
        first, second = self._weights
        odds = log_softmax(self.model.log_odds(texts, self._task))
        return softmax(first * np.log(np.maximum(found, LEAST)) + second * odds + self._bias)


def doubts(
    found: NDArray[np.float32], among: Sequence[int], sure_from: float, others_sure_from: float
) -> NDArray[np.bool_]:
    """(texts,): whether the largest probability is below `sure_from`, its share of those of the
    labels `among`; of another label, below `others_sure_from`. found: (texts, labels)."""
    compared = found[:, among]
    shares = compared.max(axis=1) / np.maximum(compared.sum(axis=1), LEAST)
    inside = np.isin(found.argmax(axis=1), among)
    result: NDArray[np.bool_] = np.where(
        inside, shares < sure_from, found.max(axis=1) < others_sure_from
    )
    return result


def log_softmax(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Row by row."""
    scores = scores - scores.max(axis=1, keepdims=True)
    result: NDArray[np.float32] = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
    return result


def softmax(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Row by row."""
    return np.exp(log_softmax(scores))
