"""Texts as unit vectors: what is alike in meaning lies close, English and Chinese in one space."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .manifest import Content, ManifestEntry
from .onnx_model import batches, inputs_of, ngram_sizes, open_session, read_checked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

INPUTS = {"ids", "tf", "segments", "tables"}
TEXTS_MAX = 96  # of one ONNX call: of a thousand, each takes three times as long (the cache)


class TextEncoder:
    """A loaded encoder. Give it one thread's calls at a time."""

    def __init__(self, name: str, entry: ManifestEntry, content: Content) -> None:
        """content: the ONNX file, already checked. Raises ModelError."""
        self.name, self.version = name, entry.version
        self.bits = entry.bits
        self.sizes = ngram_sizes(name, entry)
        self._session = open_session(name, content, INPUTS, "vectors")
        self.dimensions: int = self._session.get_outputs()[0].shape[1]

    @classmethod
    def load(cls, name: str = "encoder", model_dir: str = "") -> TextEncoder:
        """The model of this name, checked against the manifest. Raises ModelError."""
        return cls(name, *read_checked(name, model_dir))

    def vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(texts, dimensions), rows of length 1; zeros for a text without a known n-gram.

        A row depends on its own text alone, to the bit.
        """
        if not texts:
            return np.zeros((0, self.dimensions), np.float32)
        return np.concatenate([self._run(part) for part in batches(texts, TEXTS_MAX)])

    def _run(self, texts: Sequence[str]) -> NDArray[np.float32]:
        result: NDArray[np.float32] = self._session.run(
            ["vectors"], inputs_of(texts, self.bits, self.sizes, INPUTS)
        )[0]
        return result
