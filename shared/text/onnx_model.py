"""ONNX text models: found by manifest, checked by SHA-256, run on whole batches.

A model takes the five arrays of `Features` by name and gives `probabilities`, (rows, labels).
"""

from __future__ import annotations

import mmap
import time
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime as ort

from . import features
from .language import detect_cleaned
from .manifest import (
    MANIFEST,
    ManifestEntry,
    ModelError,
    checked_model,
    model_folder,
    read_manifest,
)
from .mapped_weights import map_tables, release
from .normalisation import TEXT_CHARACTERS_MAX, clean
from .windows import spread, summed_up

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from numpy.typing import NDArray

    from .manifest import Content

BITS_MAX = 22
INPUTS = {"ids", "tf", "segments", "style", "tables"}
# Of one ONNX call: what its n-grams become stays in the processor's cache. Four times as many took
# half as much longer of the intent model, and twice as long of 4,096 short texts.
BATCH_CHARACTERS_MAX = 32_768


def tables_of(texts: Sequence[str]) -> NDArray[np.int32]:
    """(texts,): the table of n-grams and weights for each text; Chinese has its own."""
    return _tables_of_cleaned([clean(text[:TEXT_CHARACTERS_MAX]) for text in texts])


def _tables_of_cleaned(cleaned: Sequence[str]) -> NDArray[np.int32]:
    return np.fromiter(
        (features.ZH if detect_cleaned(text) == "zh" else features.EN for text in cleaned),
        np.int32,
        len(cleaned),
    )


def inputs_of(
    texts: Sequence[str], bits: int, sizes: dict[int, features.Sizes], names: Collection[str]
) -> dict[str, NDArray[Any]]:
    """The features of texts that a model takes, by the names of its inputs."""
    tables, batch = laid_out(tuple(texts))
    found = features.extract(batch, tables, bits, sizes, styled="style" in names)
    return {name: getattr(found, name) for name in names}


# The same texts are asked for by several models, and by the words of an index.
@lru_cache(maxsize=2)
def laid_out(texts: tuple[str, ...]) -> tuple[NDArray[np.int32], features.Batch]:
    """The table of each text, and the texts as one array. Read only."""
    cleaned = [clean(text[:TEXT_CHARACTERS_MAX]) for text in texts]
    return _tables_of_cleaned(cleaned), features.of_cleaned(cleaned)


def read_checked(name: str, model_dir: str = "") -> tuple[ManifestEntry, Content]:
    """(entry, ONNX file) of the model of this name, checked against the manifest. Raises
    ModelError."""
    folder = model_folder(model_dir)
    entry = read_manifest(folder).models.get(name)
    if entry is None:
        raise ModelError(f"{folder / MANIFEST}: names no model {name!r}")
    if entry.features_version != features.FEATURES_VERSION:
        raise ModelError(
            f"model {name}: made for features {entry.features_version}, "
            f"this version of shopkeeper computes {features.FEATURES_VERSION}; train it again"
        )
    if not 1 <= entry.bits <= BITS_MAX:
        raise ModelError(f"{folder / MANIFEST}: model {name} has {entry.bits} bits")
    return entry, checked_model(folder, entry.file, entry.sha256)


def ngram_sizes(name: str, entry: ManifestEntry) -> dict[int, features.Sizes]:
    """The n-grams of each table. Raises ModelError."""
    try:
        return {
            table: features.Sizes(tuple(found.words), tuple(found.characters))
            for table, found in (
                (features.EN, entry.ngrams["en"]),
                (features.ZH, entry.ngrams["zh"]),
            )
        }
    except KeyError as error:
        raise ModelError(f"model {name}: the manifest names no n-grams for {error}") from None


def open_session(
    name: str, content: Content, inputs: set[str], output: str
) -> ort.InferenceSession:
    """Raises ModelError if it cannot be loaded or has other inputs and outputs."""
    return start_session(name, content, inputs, [output])


def start_session(
    name: str, content: Content, inputs: set[str], outputs: Sequence[str]
) -> ort.InferenceSession:
    """As `open_session`, of several outputs, in any order."""
    options = ort.SessionOptions()
    # One thread within a call: shared among several, ScatterND adds in no fixed order, and a
    # replay would differ in the last bit (seen with 2 threads).
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = 3  # its warnings go to standard error, past our logs
    # An arena of its own would keep for each session what its largest batch needed, and with it a
    # copy of the weights from before they were packed: 45 MB of 80 of a small encoder, no faster.
    options.enable_cpu_mem_arena = False
    try:
        mapped = content if isinstance(content, mmap.mmap) else None
        held = [] if mapped is None else map_tables(options, mapped)
        session = ort.InferenceSession(bytes(content), options, providers=["CPUExecutionProvider"])
        session._model_bytes = None  # kept to start the session again elsewhere, which nobody does
        session._tables = held  # set after what reads them, and so let go after it
        if mapped is not None:
            release(mapped)
    # onnxruntime's exceptions have no common base but Exception.
    except Exception as error:
        raise ModelError(f"model {name}: onnxruntime cannot load it ({str(error)[:200]})") from None
    names = {argument.name for argument in session.get_inputs()}
    given = {argument.name for argument in session.get_outputs()}
    if names != inputs or given != set(outputs):
        raise ModelError(f"model {name}: its inputs and outputs are not those expected")
    return session


class OnnxModel:
    """One loaded text classifier. Give it one thread's calls at a time.

    `on_call`, where set, is told of every ONNX call: (seconds, texts), on the caller's thread.
    """

    def __init__(self, name: str, entry: ManifestEntry, content: Content, threads: int = 1) -> None:
        """content: the ONNX file, already checked. threads: that share a batch's texts.

        Raises ModelError.
        """
        self.name, self.version = name, entry.version
        self.on_call: Callable[[float, int], None] | None = None
        self.labels = tuple(entry.labels)
        self.bits = entry.bits
        self.sizes = ngram_sizes(name, entry)
        self.parameters = dict(entry.parameters)
        self._session = open_session(name, content, INPUTS, "probabilities")
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads, f"onnx-{name}") if threads > 1 else None

    @classmethod
    def load(cls, name: str, model_dir: str = "", threads: int = 1) -> OnnxModel:
        """The model of this name, checked against the manifest. Raises ModelError."""
        entry, content = read_checked(name, model_dir)
        return cls(name, entry, content, threads)

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(texts, labels); rows sum to 1. One ONNX call, or several where the texts are long.

        A row depends on its own text alone, to the bit: entries are summed in bucket order. That
        of a text beyond `TEXT_CHARACTERS_MAX` is the mean of its windows' (`windows`).
        """
        if not texts:
            return np.zeros((0, len(self.labels)), np.float32)
        texts, starts = spread(texts)
        parts = list(batches(texts, -(-len(texts) // self._threads)))
        ran = list((self._pool.map if self._pool else map)(self._run, parts))
        if self.on_call is not None:
            for (_, seconds), batch in zip(ran, parts, strict=True):
                self.on_call(seconds, len(batch))
        rows = np.concatenate([rows for rows, _ in ran]) if len(ran) > 1 else ran[0][0]
        return rows if starts is None else summed_up(rows, starts)

    def _run(self, texts: Sequence[str]) -> tuple[NDArray[np.float32], float]:
        """(probabilities, seconds taken), features included: they are most of the work."""
        started = time.perf_counter()
        result: NDArray[np.float32] = self._session.run(
            ["probabilities"], inputs_of(texts, self.bits, self.sizes, INPUTS)
        )[0]
        assert result.shape == (len(texts), len(self.labels)), result.shape
        return result, time.perf_counter() - started


def batches(texts: Sequence[str], texts_max: int) -> Iterator[Sequence[str]]:
    """Cut so that no batch holds more than `texts_max` texts, nor more than
    `BATCH_CHARACTERS_MAX` characters (after the cap)."""
    first = total = 0
    for index, text in enumerate(texts):
        length = min(len(text), TEXT_CHARACTERS_MAX)
        full = index - first >= texts_max or total + length > BATCH_CHARACTERS_MAX
        if index > first and full:
            yield texts[first:index]
            first, total = index, 0
        total += length
    if first < len(texts):
        yield texts[first:]
