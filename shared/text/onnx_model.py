"""ONNX text models: found by manifest, checked by SHA-256, run on whole batches.

A folder of models holds `manifest.json`, which names each model's file, checksum, version, labels
and features. Nothing is loaded that the manifest does not vouch for, and nothing but ONNX is
loaded at all: an ONNX file is data, a pickle is code (CWE-502).

A model takes the five arrays of `Features` by name and gives `probabilities`, (rows, labels).
"""

from __future__ import annotations

import hashlib
import time
from concurrent.futures import ThreadPoolExecutor
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import onnxruntime as ort

from . import features
from .language import detect_cleaned
from .normalisation import TEXT_CHARACTERS_MAX, clean
from .windows import spread, summed_up

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

MANIFEST = "manifest.json"
MANIFEST_FORMAT = 1
BITS_MAX = 22
INPUTS = {"ids", "tf", "segments", "style", "tables"}
BATCH_CHARACTERS_MAX = 262_144  # of one ONNX call: about 120 MB of n-grams at the worst


class ModelError(RuntimeError):
    """A model cannot be loaded: missing, altered, or made for another version of the code."""


class Ngrams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which n-grams of words and of characters the texts of one table are made of."""

    words: list[int]
    characters: list[int]


class ManifestEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the manifest says of one model."""

    file: str
    sha256: str
    version: str
    labels: list[str]  # in the order of the model's output columns
    bits: int  # features are hashed to 2^bits buckets
    features_version: int
    ngrams: dict[str, Ngrams]  # by table: en (every language but Chinese) and zh
    parameters: dict[str, float] = {}  # the decision's, such as a threshold of abstention
    card: str = ""  # file name of the model card


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The manifest's whole content."""

    format: int
    models: dict[str, ManifestEntry]


def read_manifest(folder: Path) -> Manifest:
    """Raises ModelError if it is missing, malformed or newer than this code."""
    path = folder / MANIFEST
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror})") from None
    except msgspec.DecodeError as error:
        raise ModelError(f"{path}: {error}") from None
    if manifest.format != MANIFEST_FORMAT:
        raise ModelError(
            f"{path}: format {manifest.format}; this version of shopkeeper reads {MANIFEST_FORMAT}"
        )
    return manifest


def model_folder(model_dir: str = "") -> Path:
    """The folder that MODEL_DIR names, or else the models shipped with the package."""
    if model_dir:
        return Path(model_dir)
    return Path(str(resources.files("shopkeeper") / "models"))


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
    texts: Sequence[str], bits: int, sizes: dict[int, features.Sizes], names: Iterable[str]
) -> dict[str, NDArray[Any]]:
    """The features of texts that a model takes, by the names of its inputs."""
    cleaned = [clean(text[:TEXT_CHARACTERS_MAX]) for text in texts]
    tables = _tables_of_cleaned(cleaned)
    found = features.extract(features.of_cleaned(cleaned), tables, bits, sizes)
    return {name: getattr(found, name) for name in names}


def read_checked(name: str, model_dir: str = "") -> tuple[ManifestEntry, bytes]:
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
    if Path(entry.file).name != entry.file or not 1 <= entry.bits <= BITS_MAX:
        raise ModelError(f"{folder / MANIFEST}: model {name} has a bad file name or bits")
    path = folder / entry.file
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror})") from None
    found = hashlib.sha256(content).hexdigest()
    if found != entry.sha256:
        raise ModelError(
            f"{path}: SHA-256 is {found[:12]}…, the manifest says {entry.sha256[:12]}…; "
            "the file was altered or not fetched whole"
        )
    return entry, content


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


def open_session(name: str, content: bytes, inputs: set[str], output: str) -> ort.InferenceSession:
    """Raises ModelError if it cannot be loaded or has other inputs and outputs."""
    options = ort.SessionOptions()
    # One thread within a call: shared among several, ScatterND adds in no fixed order, and a
    # replay would differ in the last bit (seen with 2 threads).
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = 3  # its warnings go to standard error, past our logs
    try:
        session = ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    # onnxruntime's exceptions have no common base but Exception.
    except Exception as error:
        raise ModelError(f"model {name}: onnxruntime cannot load it ({str(error)[:200]})") from None
    names = {argument.name for argument in session.get_inputs()}
    outputs = [argument.name for argument in session.get_outputs()]
    if names != inputs or outputs != [output]:
        raise ModelError(f"model {name}: its inputs and outputs are not those expected")
    return session


class OnnxModel:
    """One loaded text classifier. Give it one thread's calls at a time.

    `on_call`, where set, is told of every ONNX call: (seconds, texts), on the caller's thread.
    """

    def __init__(self, name: str, entry: ManifestEntry, content: bytes, threads: int = 1) -> None:
        """content: the ONNX file's bytes, already checked. threads: that share a batch's texts.

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
