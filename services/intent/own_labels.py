"""A domain's own intents: the shop's model and an encoder, put beside the pack's examples.

Nothing is trained ahead: `ByExamples` learns from the pack's intents.jsonl while the worker starts.
What the shop's model takes a text for is evidence too ("where is my parcel" is near to its
track_order, whatever a domain calls that), and so are the vectors that answers are found by.
"""

from __future__ import annotations

from collections import Counter
from hashlib import sha256
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from shopkeeper.shared.domains.examples import read_examples, unlike
from shopkeeper.shared.text.by_examples import (
    ByExamples,
    abstention,
    evidence,
    sharpness_of,
    softmax,
)
from shopkeeper.shared.text.embedder import load_embedders
from shopkeeper.shared.text.language import detect
from shopkeeper.shared.text.manifest import ModelError

from .decision import OUT_OF_SCOPE
from .model import NAME, load_cascade

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from shopkeeper.shared.domains.examples import Example
    from shopkeeper.shared.domains.pack import Intents
    from shopkeeper.shared.text.by_examples import Embeds
    from shopkeeper.shared.text.cascade import Cascade

    Floats = NDArray[np.float64]

LANGUAGES = ("en", "zh")  # a text of another is read by the first


class OwnLabels:
    """A model of a pack's labels. Of the shape of a `Cascade`, whose place it takes; give it one
    thread's calls at a time.

    `tiers` counts the texts that it answered.
    """

    def __init__(
        self, shop: Cascade, examples: Sequence[Example], encoders: Mapping[str, Embeds]
    ) -> None:
        """Raises ModelError where examples lack out_of_scope, or a language."""
        self.name, self.labels = NAME, tuple(sorted({each.intent for each in examples}))
        if OUT_OF_SCOPE not in self.labels:
            raise ModelError(f"intents.jsonl: no example of {OUT_OF_SCOPE}, which abstaining needs")
        self.version = f"{shop.version}+examples.{digest(examples)}"
        self.tiers: Counter[str] = Counter()
        self._shop = shop
        self._learned: dict[str, tuple[ByExamples, float]] = {}
        limits = []
        for language in LANGUAGES:
            mine = [each for each in examples if each.language == language]
            if not mine:
                raise ModelError(f"intents.jsonl: no example in language {language}")
            learned = ByExamples(
                [each.text for each in mine],
                [self.labels.index(each.intent) for each in mine],
                len(self.labels),
                encoders.get(language),
                self._as_of_a_shop,
            )
            sharpness = sharpness_of(learned)
            self._learned[language] = learned, sharpness
            rows = softmax(learned.left_out.scores * sharpness)
            limits.append(abstention(rows, learned.truth, self.labels.index(OUT_OF_SCOPE)))
        self.parameters = {"abstain_below": min(limits)}

    def on_call(self, told: Callable[[float, int], None]) -> None:
        """Tell of every ONNX call of the shop's model: (seconds, texts)."""
        self._shop.on_call(told)

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(texts, labels); rows sum to 1. A row depends on its own text alone."""
        found = np.zeros((len(texts), len(self.labels)), np.float32)
        languages = np.array(["zh" if detect(text) == "zh" else "en" for text in texts])
        for language, (learned, sharpness) in self._learned.items():
            rows = np.flatnonzero(languages == language)
            if len(rows):
                said = learned.found([texts[row] for row in rows.tolist()])
                found[rows] = softmax(said.scores * sharpness)
        self.tiers["examples"] += len(texts)
        return found

    def first_tier(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """As `probabilities`: there is one tier."""
        return self.probabilities(texts)

    def _as_of_a_shop(self, texts: Sequence[str]) -> Floats:
        return evidence(self._shop.probabilities(texts))


def own_labels(domain: str, intents: Intents) -> Callable[[str, int], OwnLabels]:
    """What loads a model of a pack's own labels, with the shop's model and the encoders of a
    folder, and threads. Raises PackError, and ModelError when called."""
    examples = read_examples(domain)

    def load(model_dir: str = "", threads: int = 1) -> OwnLabels:
        shop = load_cascade(model_dir, threads)
        if wrong := unlike(intents, examples, shop.labels):
            raise ModelError(f"DOMAIN={domain}: intents.like: {wrong}")
        return OwnLabels(shop, examples, load_embedders(model_dir))

    return load


def digest(examples: Sequence[Example]) -> str:
    """Of what was learned from: equal ones decide alike."""
    return sha256(msgspec.json.encode(list(examples))).hexdigest()[:8]
