"""Whole questions from the two graphs that `train.py` writes, greedily and in batches."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import onnxruntime
from pieces import FIRST, LAST, PAD, TARGET_MAX, Pieces

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class OnnxRewriter:
    """One thread."""

    def __init__(self, folder: Path, suffix: str = "") -> None:
        """suffix: of the graphs' names; `.int8` for those that `measure.py` quantised."""
        self._pieces = Pieces(json.loads((folder / "pieces.json").read_text("utf-8")))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._encoder, self._step = (
            onnxruntime.InferenceSession(
                folder / f"{name}{suffix}.onnx", options, providers=["CPUExecutionProvider"]
            )
            for name in ("encoder", "step")
        )

    def rewrite(self, rows: Sequence[tuple[str, str, str]]) -> list[str]:
        """rows: the question of before, the product's title, the line. All in one batch."""
        pieces = self._pieces
        sources = [pieces.source(*row) for row in rows]
        longest = max(len(source.ids) for source in sources)
        ids, parts, words = (np.zeros((len(rows), longest), np.int64) for _ in range(3))
        for at, source in enumerate(sources):
            ids[at, : len(source.ids)] = source.ids
            parts[at, : len(source.ids)] = source.parts
            words[at, : len(source.ids)] = source.words
        memory = self._encoder.run(None, {"ids": ids, "parts": parts})[0]
        said = np.full((len(rows), 1), FIRST, np.int64)
        told: list[list[int]] = [[] for _ in rows]
        going = np.ones(len(rows), bool)
        most = max(len(source.unknown) for source in sources)
        for _ in range(TARGET_MAX - 1):
            written, copied = self._step.run(None, {"said": said, "memory": memory, "ids": ids})
            chances = np.concatenate([written, np.zeros((len(rows), most), written.dtype)], axis=1)
            np.add.at(chances, (np.arange(len(rows))[:, None], words), copied)
            chances[:, PAD] = 0
            best = chances.argmax(1)
            going &= best != LAST
            if not going.any():
                break
            for at in np.flatnonzero(going):
                told[at].append(int(best[at]))
            read = [
                int(word)
                if word < pieces.size
                else pieces.read(sources[at].unknown[word - pieces.size])
                for at, word in enumerate(best)
            ]
            said = np.concatenate([said, np.array(read)[:, None]], axis=1)
        return [pieces.text(words, source) for words, source in zip(told, sources, strict=True)]
