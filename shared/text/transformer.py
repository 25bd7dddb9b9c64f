"""Fine-tuned Transformer encoders: texts to log-odds of labels, one output per task.

Weights are int8 and activations have fixed scales, so that a text's result depends on that text
alone, to the bit, whatever stands beside it in a batch: where scales are a batch's own
(`DynamicQuantizeLinear`), a replay cut elsewhere would differ. For the same reason a text is padded
to a length that follows from its own, and only texts of one length share a call.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from .chinese import simplified
from .manifest import ModelError, checked_file, checked_model, model_folder, read_manifest
from .normalisation import normalise
from .onnx_model import start_session
from .wordpiece import words_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from .chinese import simplified
from .manifest import Content, TransformerEntry

STEP = 8  # lengths are multiples of it
CALL_PIECES_MAX = 512  # of one ONNX call: what larger ones hold leaves the processor's cache
CHARACTERS_PER_PIECE = 16  # more of a text cannot matter to its head and tail


class Transformer:
    """One loaded encoder. Give it one thread's calls at a time.

    `on_call`, where set, is told of every ONNX call: (seconds, texts), on the caller's thread.
    """

    def __init__(
        self,
        name: str,
        entry: TransformerEntry,
        content: Content,
        vocabulary: bytes,
        threads: int = 1,
    ) -> None:
        """content, vocabulary: of the two files, already checked. Raises ModelError."""
        self.name, self.version = name, entry.version
        self.tasks = {task: tuple(labels) for task, labels in entry.tasks.items()}
        self.on_call: Callable[[float, int], None] | None = None
        self._pieces_max = entry.pieces_max
        self._words = words_of(name, vocabulary, entry.strip_accents)
        self._session = start_session(name, content, {"ids"}, list(entry.tasks))
        self._pool = ThreadPoolExecutor(threads, f"onnx-{name}") if threads > 1 else None

    @classmethod
    def load(cls, name: str, model_dir: str = "", threads: int = 1) -> Transformer:
        """The encoder of this name, checked against the manifest. Raises ModelError."""
        folder = model_folder(model_dir)
        entry = read_manifest(folder).transformers.get(name)
        if entry is None:
            raise ModelError(f"{folder}: the manifest names no transformer {name!r}")
        content = checked_model(folder, entry.file, entry.sha256)
        vocabulary = checked_file(folder, entry.vocabulary, entry.vocabulary_sha256)
        return cls(name, entry, content, vocabulary, threads)

    def log_odds(self, texts: Sequence[str], task: str) -> NDArray[np.float32]:
        """(texts, labels of the task), before the softmax. A row depends on its own text alone."""
        found = np.zeros((len(texts), len(self.tasks[task])), np.float32)
        pieces = self.pieces(texts)
        calls = cut_calls(np.fromiter(map(len, pieces), np.int64, len(pieces)))
        for rows, (scores, seconds) in zip(
            calls,
            (self._pool.map if self._pool else map)(
                lambda rows: self._run([pieces[row] for row in rows], task), calls
            ),
            strict=True,
        ):
            found[rows] = scores
            if self.on_call is not None:
                self.on_call(seconds, len(rows))
        return found

    def pieces(self, texts: Sequence[str]) -> list[list[int]]:
        """Ids of each text's pieces, at most `pieces_max`: of a longer text head and tail."""
        most, encode = self._pieces_max, self._words.encode
        reach, head = most * CHARACTERS_PER_PIECE, most // 2
        found = []
        for text in texts:
            if len(text) > 2 * reach:
                text = f"{text[:reach]} {text[-reach:]}"
            ids = encode(simplified(normalise(text)))
            found.append(ids if len(ids) <= most else ids[:head] + ids[head - most :])
        return found

    def _run(self, pieces: list[list[int]], task: str) -> tuple[NDArray[np.float32], float]:
        started = time.perf_counter()
        ids = np.zeros((len(pieces), padded(max(map(len, pieces)))), np.int64)
        for row, each in enumerate(pieces):
            ids[row, : len(each)] = each
        scores: NDArray[np.float32] = self._session.run([task], {"ids": ids})[0]
        return scores, time.perf_counter() - started


def padded(length: int) -> int:
    """The length to which a text of so many pieces is filled up."""
    return -(-length // STEP) * STEP


def cut_calls(lengths: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Rows of each ONNX call: of one padded length, `CALL_PIECES_MAX` pieces at most."""
    full = -(-lengths // STEP) * STEP
    order = np.argsort(full, kind="stable")
    calls = []
    for same in np.split(order, np.flatnonzero(np.diff(full[order])) + 1):
        if len(same):
            most = max(1, CALL_PIECES_MAX // int(full[same[0]]))
            calls += [same[first : first + most] for first in range(0, len(same), most)]
    return calls
