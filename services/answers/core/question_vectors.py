"""Vectors of questions, each worked out once: guards, and then the ranking, ask for the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from .fused import Embeds

QUESTIONS_MAX = 2048  # remembered; more in one batch are worked out twice


class QuestionVectors:
    """An encoder that remembers the last questions. For the state thread alone."""

    def __init__(self, embeds: Embeds) -> None:
        self._embeds = embeds
        self._known: dict[str, NDArray[np.float32]] = {}

    @property
    def dimensions(self) -> int:
        """Of a vector."""
        return self._embeds.dimensions

    def vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(texts, dimensions), of length 1; one call of the encoder for all that are new."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        made = dict(zip(new, self._embeds.vectors(new), strict=True)) if new else {}
        found = [made[text] if text in made else self._known[text] for text in texts]
        self._known.update(made)
        while len(self._known) > QUESTIONS_MAX:
            del self._known[next(iter(self._known))]
        return np.stack(found) if found else np.zeros((0, self.dimensions), np.float32)
