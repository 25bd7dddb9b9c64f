"""Tells support questions from searches: "where is my order" asks for no product."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from shopkeeper.shared.text.manifest import ModelError
from shopkeeper.shared.text.onnx_model import OnnxModel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

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
