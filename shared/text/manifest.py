"""The manifest of a folder of models: what each is, and the checksum of every file.

Nothing is loaded that the manifest does not vouch for, and nothing but ONNX is loaded at all: an
ONNX file is data, a pickle is code (CWE-502).
"""

from __future__ import annotations

import hashlib
import mmap
from importlib import resources
from pathlib import Path
from typing import NamedTuple

import msgspec

MANIFEST = "manifest.json"
MANIFEST_FORMAT = 3  # 1 had neither transformers nor cascades, 2 no embedders and readers
Content = bytes | mmap.mmap  # of an ONNX file
FREE = "free"  # folder of the shipped models whose data allow any use


class ModelError(RuntimeError):
    """A model cannot be loaded: missing, altered, or made for another version of the code."""


class Ngrams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which n-grams of words and of characters the texts of one table are made of."""

    words: list[int]
    characters: list[int]


class ManifestEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the manifest says of one model of hashed n-grams."""

    file: str
    sha256: str
    version: str
    labels: list[str]  # in the order of the model's output columns
    bits: int  # features are hashed to 2^bits buckets
    features_version: int
    ngrams: dict[str, Ngrams]  # by table: en (every language but Chinese) and zh
    parameters: dict[str, float] = {}  # the decision's, such as a threshold of abstention
    card: str = ""  # file name of the model card


class PiecesEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the manifest says of any model that reads a vocabulary of pieces."""

    file: str
    sha256: str
    vocabulary: str  # file of pieces, one a line
    vocabulary_sha256: str
    strip_accents: bool
    version: str
    pieces_max: int
    card: str = ""


class TransformerEntry(PiecesEntry, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the manifest says of one Transformer. Of a text of more than `pieces_max` head and
    tail are read."""

    tasks: dict[str, list[str]]  # output -> labels, in the order of its columns


class ReaderEntry(PiecesEntry, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the manifest says of one span model. `pieces_max` is of a window, the question's
    included."""

    span_pieces_max: int  # of an answer
    answerable: tuple[float, float] = (1.0, 0.0)  # slope and shift of its log-odds


class EmbedderEntry(PiecesEntry, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the manifest says of one encoder of texts to vectors. Of a text of more than
    `pieces_max` the beginning is read."""

    dimensions: int  # of a vector


class Tier(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When the texts of one language go on to a Transformer, and how both are put together.

    Probabilities are softmax(ngram_weight * ln p + transformer_weight * ln q + bias).
    """

    transformer: str
    sure_from: float  # an n-gram probability from which on a text is not passed on
    among: list[str] = []  # labels that the probability is taken among; none: all
    others_sure_from: float = 1.0  # of a label that is not among them, likewise
    ngram_weight: float
    transformer_weight: float
    bias: list[float] = []  # by label; none: zeros


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The manifest's whole content."""

    format: int
    models: dict[str, ManifestEntry]
    transformers: dict[str, TransformerEntry] = {}
    cascades: dict[str, dict[str, Tier]] = {}  # by model, then by table: en or zh
    embedders: dict[str, EmbedderEntry] = {}
    readers: dict[str, ReaderEntry] = {}


class Described(NamedTuple):
    """What a manifest says of one model and of the Transformers behind it. Equal descriptions are
    of the same files, by their checksums."""

    entry: ManifestEntry | None
    tiers: dict[str, Tier]
    transformers: dict[str, TransformerEntry | None]

    @classmethod
    def of(cls, manifest: Manifest, name: str) -> Described:
        tiers = manifest.cascades.get(name, {})
        behind = sorted({tier.transformer for tier in tiers.values()})
        return cls(
            manifest.models.get(name),
            tiers,
            {transformer: manifest.transformers.get(transformer) for transformer in behind},
        )


def read_manifest(folder: Path) -> Manifest:
    """Raises ModelError if it is missing, malformed or newer than this code."""
    path = folder / MANIFEST
    try:
        content = path.read_bytes()
        newer = msgspec.json.decode(content, type=_Format).format
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror})") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ModelError(f"{path}: {error}") from None
    if not 1 <= newer <= MANIFEST_FORMAT:
        raise ModelError(
            f"{path}: format {newer}; this version of shopkeeper reads {MANIFEST_FORMAT}"
        )
    try:
        return msgspec.json.decode(content, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ModelError(f"{path}: {error}") from None


class _Format(msgspec.Struct):
    format: int


def model_folder(model_dir: str = "") -> Path:
    """The folder that is named, or else the best models shipped with the package."""
    if model_dir:
        return Path(model_dir)
    return Path(str(resources.files("shopkeeper") / "models"))


def is_shipped(model_dir: str) -> bool:
    """Whether a folder is of the package, whose models change with its code alone."""
    shipped = model_folder()
    return model_folder(model_dir) in (shipped, shipped / FREE)


def checked_file(folder: Path, file: str, sha256: str) -> bytes:
    """A file's content, whose checksum is right. Raises ModelError."""
    path = _beside(folder, file)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror})") from None
    _check(path, content, sha256)
    return content


def checked_model(folder: Path, file: str, sha256: str) -> Content:
    """As `checked_file`, of an ONNX file; mapped where the file changes with the code alone, since
    what is mapped changes with the file."""
    if not is_shipped(str(folder)):
        return checked_file(folder, file, sha256)
    path = _beside(folder, file)
    try:
        with path.open("rb") as stream:
            content = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror})") from None
    except ValueError:
        raise ModelError(f"{path}: is empty") from None
    _check(path, content, sha256)
    return content


def _beside(folder: Path, file: str) -> Path:
    if Path(file).name != file:
        raise ModelError(f"{folder / MANIFEST}: {file!r} is not the name of a file beside it")
    return folder / file


def _check(path: Path, content: Content, sha256: str) -> None:
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise ModelError(
            f"{path}: SHA-256 is {found[:12]}…, the manifest says {sha256[:12]}…; "
            "the file was altered or not fetched whole"
        )
