"""Tells support questions from searches: "where is my order" asks for no product."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from shopkeeper.shared.domains import pack
from shopkeeper.shared.domains.examples import read_examples
from shopkeeper.shared.text.by_examples import ByExamples, evidence
from shopkeeper.shared.text.language import detect
from shopkeeper.shared.text.manifest import ModelError
from shopkeeper.shared.text.onnx_model import OnnxModel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from shopkeeper.shared.domains.examples import Example

# Intents of the model that products do not answer. Two that a product's name alone is at times
# taken for are left out: chitchat ("nice") and change_address ("dress").
SUPPORT_INTENTS = (
    "account",
    "after_sales",
    "cancel_order",
    "change_order",
    "complaint_feedback",
    "contact_human",
    "delivery_info",
    "invoice",
    "payment",
    "track_order",
)
SUPPORT_PROBABILITY_MIN = 0.9  # probability of all of them together from which a search is one

LOST_MAX = 0.01  # share of a domain's examples of other labels that may be taken for support


class SupportQueryFilter:
    """The intent service's model, asked here as well: a list does not wait for that service."""

    def __init__(self, model_dir: str = "") -> None:
        """Raises ModelError, also where the model does not have every label of SUPPORT_INTENTS:
        products would be offered to users who ask for support."""
        self.model = OnnxModel.load("intent", model_dir)
        labels = self.model.labels
        missing = [label for label in SUPPORT_INTENTS if label not in labels]
        if missing:
            raise ModelError(f"the intent model has no label {', '.join(missing)}")
        self._columns = [labels.index(label) for label in SUPPORT_INTENTS]

    def is_support(self, texts: Sequence[str]) -> NDArray[np.bool_]:
        """(texts,) whether each surely asks for something else than a product."""
        probabilities: NDArray[np.float32] = self.model.probabilities(texts)[:, self._columns]
        is_support: NDArray[np.bool_] = probabilities.sum(axis=1) >= SUPPORT_PROBABILITY_MIN
        return is_support


class DomainQueryFilter(SupportQueryFilter):
    """The same of a domain with labels of its own: what the shop's model takes a text for, and its
    words, are compared with the domain's examples. "Premium account" is a product there."""

    def __init__(
        self, model_dir: str, examples: Sequence[Example], like: Mapping[str, str]
    ) -> None:
        """like: the shop's label that each of the domain's is treated as. Raises ModelError."""
        super().__init__(model_dir)
        labels = sorted({each.intent for each in examples})
        support = [at for at, name in enumerate(labels) if like.get(name, name) in SUPPORT_INTENTS]
        self._support = support
        self._learned: dict[str, tuple[ByExamples, float]] = {}
        for language in ("en", "zh"):
            mine = [each for each in examples if each.language == language]
            truth = [labels.index(each.intent) for each in mine]
            if not support or not set(truth) - set(support):
                continue
            learned = ByExamples(
                [each.text for each in mine], truth, len(labels), beside=self._as_of_a_shop
            )
            others = learned.left_out.lead(support)[~np.isin(truth, support)]
            limit = max(0.0, float(np.quantile(others, 1.0 - LOST_MAX)))
            self._learned[language] = learned, limit

    def is_support(self, texts: Sequence[str]) -> NDArray[np.bool_]:
        """(texts,); by the shop's model alone where the language has no examples."""
        found = super().is_support(texts)
        languages = np.array(["zh" if detect(text) == "zh" else "en" for text in texts])
        for language, (learned, limit) in self._learned.items():
            rows = np.flatnonzero(languages == language)
            if len(rows):
                said = learned.found([texts[row] for row in rows.tolist()])
                found[rows] = said.lead(self._support) > limit
        return found

    def _as_of_a_shop(self, texts: Sequence[str]) -> NDArray[np.float64]:
        return evidence(self.model.probabilities(texts))


def support_filter(domain: str, model_dir: str = "") -> SupportQueryFilter:
    """Of the shop's labels, or of a domain's own. Raises ModelError, and PackError."""
    like = pack.load(domain).intents.like
    if not like:
        return SupportQueryFilter(model_dir)
    return DomainQueryFilter(model_dir, read_examples(domain), like)
