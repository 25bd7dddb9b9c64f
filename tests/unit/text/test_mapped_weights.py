"""Tables of weights read where a file is mapped: the right ones, the same to the bit."""

from __future__ import annotations

import gc
import mmap
import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest

from shopkeeper.shared.text.embedder import Embedder
from shopkeeper.shared.text.encoder import TextEncoder
from shopkeeper.shared.text.manifest import (
    ModelError,
    checked_model,
    model_folder,
    read_manifest,
)
from shopkeeper.shared.text.mapped_weights import MAPPED_FROM, tables_of
from shopkeeper.shared.text.onnx_model import OnnxModel
from shopkeeper.shared.text.reading.reader import SpanReaders
from shopkeeper.shared.text.transformer import Transformer

if TYPE_CHECKING:
    from pathlib import Path

TEXTS = ["where is my order 12345?", "", "质量很好，物流也快！", "Broke after one day. " * 40, "😡"]


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The shipped models in a folder of a user's, whose files may change any time."""
    folder = tmp_path_factory.mktemp("copied") / "models"
    shutil.copytree(model_folder(), folder)
    return str(folder)


def test_files_of_the_package_are_mapped_and_others_are_read(copied: str) -> None:
    for folder, kind in ((model_folder(), mmap.mmap), (model_folder(copied), bytes)):
        entry = read_manifest(folder).models["intent"]
        assert isinstance(checked_model(folder, entry.file, entry.sha256), kind)


def test_a_mapped_file_is_checked_too() -> None:
    entry = read_manifest(model_folder()).models["intent"]
    with pytest.raises(ModelError, match=r"intent.onnx: SHA-256 is .*altered"):
        checked_model(model_folder(), entry.file, "0" * 64)
    with pytest.raises(ModelError, match=r"nowhere.onnx: cannot be read"):
        checked_model(model_folder(), "nowhere.onnx", entry.sha256)


@pytest.mark.parametrize(
    ("file", "tables"),
    [
        ("intent", {"weights": (524_288, 17), "idf": (524_288,)}),
        ("encoder", {"weights": (131_072, 192), "idf": (131_072,)}),
        ("text-en", {"words": (30_522, 384), "words.scale": (30_522, 1)}),
        ("reader-zh", {"words": (21_128, 512)}),
    ],
)
def test_the_tables_of_which_a_text_needs_a_few_rows_are_found(
    file: str, tables: dict[str, tuple[int, ...]]
) -> None:
    content = (model_folder() / f"{file}.onnx").read_bytes()
    found = tables_of(content)
    assert {name: table.shape for name, table in found.items()} == tables
    assert all(table.nbytes >= MAPPED_FROM for table in found.values())


def test_what_is_no_model_has_no_tables_or_is_refused() -> None:
    assert tables_of(b"") == {}
    for content in (b"\x3a\xff\x01", b"\x3a", b"\x3b\x00", b"no model at all"):
        with pytest.raises((ValueError, IndexError)):
            tables_of(content)


def test_results_are_the_same_to_the_bit(copied: str) -> None:
    """Also once the pages were given up, and after everything but the model was let go."""
    pairs = []
    for folder in ("", copied):
        intent, english = OnnxModel.load("intent", folder), Transformer.load("text-en", folder)
        chinese, encoder = (
            Embedder.load("retrieval-zh", folder),
            TextEncoder.load("encoder", folder),
        )
        readers = SpanReaders.load(folder)
        gc.collect()
        passage = [("what is it made of?", "The case is made of silicone. It weighs 30 g.")]
        rows = [
            intent.probabilities(TEXTS),
            english.log_odds(TEXTS, "intent"),
            chinese.vectors(TEXTS),
            encoder.vectors(TEXTS),
        ]
        pairs.append((rows, readers.read_all(passage)))
    for mapped, read in zip(pairs[0][0], pairs[1][0], strict=True):
        assert np.array_equal(mapped, read)
    assert pairs[0][1] == pairs[1][1]


def test_a_mapped_file_that_is_no_model_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A package's file may be damaged as well, with a manifest made for it."""
    from hashlib import sha256

    from shopkeeper.shared.text import manifest, onnx_model

    content = b"no model at all"
    (tmp_path / "broken.onnx").write_bytes(content)
    monkeypatch.setattr(manifest, "is_shipped", lambda _: True)
    mapped = checked_model(tmp_path, "broken.onnx", sha256(content).hexdigest())
    assert isinstance(mapped, mmap.mmap)
    with pytest.raises(ModelError, match="model broken: onnxruntime cannot load it"):
        onnx_model.open_session("broken", mapped, {"ids"}, "vector")
