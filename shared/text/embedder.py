"""Texts to vectors of length 1, near one another where one answers the other.

A vector depends on its text alone, to the bit, whatever stands beside it in a batch: scales are
fixed and lengths follow from the text, as in `transformer`.
"""

from __future__ import annotations

import threading
import time
from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np

from .chinese import simplified
from .manifest import ModelError, checked_file, checked_model, model_folder, read_manifest
from .normalisation import normalise
from .onnx_model import start_session
from .transformer import CHARACTERS_PER_PIECE, cut_calls, padded
from .wordpiece import words_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from .manifest import Content, EmbedderEntry

OUTPUT = "vector"
NAMES = {"en": "retrieval-en", "zh": "retrieval-zh"}


class Embedder:
    """One loaded encoder. Several threads may use it at once.

    `on_call`, where set, is told of every ONNX call: (seconds, texts), on the caller's thread.
    """

    def __init__(
        self, name: str, entry: EmbedderEntry, content: Content, vocabulary: bytes
    ) -> None:
        """content, vocabulary: of the two files, already checked. Raises ModelError."""
        self.name, self.version, self.dimensions = name, entry.version, entry.dimensions
        # Of all that a vector depends on besides the text and this code.
        self.sha256 = sha256(
            repr(
                (entry.sha256, entry.vocabulary_sha256, entry.pieces_max, entry.strip_accents)
            ).encode()
        ).hexdigest()
        self.on_call: Callable[[float, int], None] | None = None
        self._pieces_max = entry.pieces_max
        self._words = words_of(name, vocabulary, entry.strip_accents)
        self._lock = threading.Lock()  # of the words that were met
        self._session = start_session(name, content, {"ids"}, [OUTPUT])

    @classmethod
    def load(cls, name: str, model_dir: str = "") -> Embedder:
        """The encoder of this name, checked against the manifest. Raises ModelError."""
        folder = model_folder(model_dir)
        entry = read_manifest(folder).embedders.get(name)
        if entry is None:
            raise ModelError(f"{folder}: the manifest names no embedder {name!r}")
        content = checked_model(folder, entry.file, entry.sha256)
        vocabulary = checked_file(folder, entry.vocabulary, entry.vocabulary_sha256)
        return cls(name, entry, content, vocabulary)

    def vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(texts, dimensions), each of length 1. Of a long text the beginning is read."""
        found = np.zeros((len(texts), self.dimensions), np.float32)
        pieces = self.pieces(texts)
        for rows in cut_calls(np.fromiter(map(len, pieces), np.int64, len(pieces))):
            started = time.perf_counter()
            ids = np.zeros((len(rows), padded(max(len(pieces[row]) for row in rows))), np.int64)
            for place, row in enumerate(rows.tolist()):
                ids[place, : len(pieces[row])] = pieces[row]
            found[rows] = self._session.run([OUTPUT], {"ids": ids})[0]
            if self.on_call is not None:
                self.on_call(time.perf_counter() - started, len(rows))
        lengths = np.sqrt(np.einsum("ij,ij->i", found, found))
        found /= np.maximum(lengths, 1e-9)[:, None]
        return found

    def pieces(self, texts: Sequence[str]) -> list[list[int]]:
        """Ids of each text's pieces, at most `pieces_max`, the last one always [SEP]."""
        most = self._pieces_max
        reach = most * CHARACTERS_PER_PIECE
        with self._lock:
            cut = [self._words.encode(simplified(normalise(text[:reach]))) for text in texts]
        return [ids if len(ids) <= most else ids[: most - 1] + ids[-1:] for ids in cut]


def load_embedders(model_dir: str = "") -> dict[str, Embedder]:
    """By language, those that the manifest names. Raises ModelError."""
    named = read_manifest(model_folder(model_dir)).embedders
    return {
        language: Embedder.load(name, model_dir)
        for language, name in NAMES.items()
        if name in named
    }
