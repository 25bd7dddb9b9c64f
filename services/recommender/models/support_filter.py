"""Whether a search wants a product at all, or help: "where is my order" finds nothing to buy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

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
    """The model that the intent worker runs as well: a list does not wait for that one."""

    def __init__(self, model_dir: str = "") -> None:
        """Raises ModelError."""
        self.model = OnnxModel.load("intent", model_dir)
        labels = self.model.labels
        self._errands = [labels.index(label) for label in SUPPORT_INTENTS if label in labels]

    def is_support(self, texts: Sequence[str]) -> NDArray[np.bool_]:
        """(texts,) whether each surely wants something else than a product."""
        is_support: NDArray[np.float32] = self.model.probabilities(texts)[:, self._errands]
        sure: NDArray[np.bool_] = is_support.sum(axis=1) >= SUPPORT_PROBABILITY_MIN
        return sure
