"""ONNX text models: what they compute, and what is refused at load."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from shopkeeper.shared.text import features, onnx_model
from shopkeeper.shared.text.manifest import ModelError, model_folder, read_manifest
from shopkeeper.shared.text.onnx_model import OnnxModel, tables_of
from shopkeeper.shared.text.windows import windows_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

NAMES = ("intent", "sentiment")
TEXTS = [
    "where is my order 12345?",
    "",
    "   ",
    "这个什么时候发货",
    "质量很好，物流也快！" * 20,
    "I love it",
    "Terrible. Broke after one day, and nobody answers. " * 120,
    "iPhone 手机壳",
    "😡😡😡",
    "\ud83d",
    "x" * 10_000,
]


def fields(message: bytes) -> list[tuple[int, bytes | int]]:
    """A protobuf message's (field number, value) pairs; enough of the wire format for ONNX."""
    found: list[tuple[int, bytes | int]] = []
    at = 0

    def varint() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(message):
        tag = varint()
        if tag & 7 == 0:
            found.append((tag >> 3, varint()))
        else:
            assert tag & 7 == 2, "only varints and lengths occur in these models"
            length = varint()
            found.append((tag >> 3, message[at : at + length]))
            at += length
    return found


def initializers(content: bytes) -> dict[str, NDArray[np.generic]]:
    """The constants of an ONNX file, read without onnxruntime."""
    types = {1: np.float32, 3: np.int8, 7: np.int64, 10: np.float16}
    (graph,) = [value for number, value in fields(content) if number == 7]
    assert isinstance(graph, bytes)
    found = {}
    for number, tensor in fields(graph):
        if number == 5:
            assert isinstance(tensor, bytes)
            parts = fields(tensor)
            shape = [value for n, value in parts if n == 1]
            one = dict(parts)
            name, raw = one[8], one[9]
            assert isinstance(name, bytes)
            assert isinstance(raw, bytes)
            found[name.decode()] = np.frombuffer(raw, types[one[2]]).reshape(shape)  # type: ignore[index, arg-type]  # ints, as the format has it
    return found


@pytest.mark.parametrize("name", NAMES)
def test_the_graph_computes_the_linear_model(name: str) -> None:
    """The twin: idf, norm per block, weights, style, bias and softmax in float64, by window."""
    model = OnnxModel.load(name)
    entry = read_manifest(model_folder()).models[name]
    c = initializers((model_folder() / entry.file).read_bytes())
    windows = [window for text in TEXTS for window in windows_of(text)]
    tables = tables_of(windows)
    found = features.extract(features.to_batch(windows), tables, model.bits, model.sizes)
    idf = c["idf"].astype(np.float64)
    weights = c["weights"].astype(np.float64) * c["scale"].astype(np.float64)
    rows = []
    for row in range(len(windows)):
        scores = found.style[row].astype(np.float64) @ c["style_weights"] + c["bias"][tables[row]]
        for block in (0, 1):
            of = found.segments == 2 * row + block
            if of.any():
                value = found.tf[of] * idf[found.ids[of]]
                scores = scores + value / np.linalg.norm(value) @ weights[found.ids[of]]
        power = np.exp(scores - scores.max())
        rows.append(power / power.sum())
    expected = []
    for text in TEXTS:
        own, rows = rows[: len(windows_of(text))], rows[len(windows_of(text)) :]
        sure = [0.05 + 1 + float(row @ np.log(row)) / np.log(len(row)) for row in own]
        expected.append(np.average(own, axis=0, weights=sure))
    np.testing.assert_allclose(model.probabilities(TEXTS), expected, atol=2e-5)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("threads", [1, 2])
def test_a_row_depends_on_its_own_text_alone_to_the_bit(name: str, threads: int) -> None:
    one = OnnxModel.load(name)
    many = OnnxModel.load(name, threads=threads)
    singles = np.concatenate([one.probabilities([text]) for text in TEXTS])
    for repeated in (1, 40):
        np.testing.assert_array_equal(
            many.probabilities(TEXTS * repeated), np.tile(singles, (repeated, 1))
        )


def test_long_texts_are_spread_over_several_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    model = OnnxModel.load("sentiment")
    expected = model.probabilities(TEXTS)
    monkeypatch.setattr(onnx_model, "BATCH_CHARACTERS_MAX", 100)
    np.testing.assert_array_equal(model.probabilities(TEXTS), expected)


@pytest.mark.parametrize("name", NAMES)
def test_rows_are_probabilities_and_no_texts_give_no_rows(name: str) -> None:
    model = OnnxModel.load(name)
    found = model.probabilities(TEXTS)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)
    assert model.probabilities([]).shape == (0, len(model.labels))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for path in model_folder().iterdir():
        if path.suffix in {".onnx", ".json"}:
            shutil.copy(path, tmp_path)
    return tmp_path


def edit(folder: Path, **changes: object) -> None:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["models"]["intent"].update(changes)
    path.write_text(json.dumps(manifest))


def test_an_altered_file_is_refused(folder: Path) -> None:
    path = folder / "intent.onnx"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"intent\.onnx: SHA-256 is"):
        OnnxModel.load("intent", str(folder))
    OnnxModel.load("sentiment", str(folder))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"features_version": 99}, "made for features 99"),
        ({"file": "../intent.onnx"}, "not the name of a file beside it"),
        ({"bits": 40}, "has 40 bits"),
        ({"file": "none.onnx"}, "cannot be read"),
        ({"ngrams": {"en": {"words": [1], "characters": [2]}}}, "names no n-grams for 'zh'"),
        ({"labels": "x"}, "Expected `array`"),
        ({"surprise": 1}, "unknown field"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(
    folder: Path, changes: dict[str, object], message: str
) -> None:
    edit(folder, **changes)
    with pytest.raises(ModelError, match=message):
        OnnxModel.load("intent", str(folder))


def test_what_is_no_model_is_refused(folder: Path) -> None:
    import hashlib

    (folder / "intent.onnx").write_bytes(b"not onnx")
    edit(folder, sha256=hashlib.sha256(b"not onnx").hexdigest())
    with pytest.raises(ModelError, match="onnxruntime cannot load it"):
        OnnxModel.load("intent", str(folder))


def test_missing_and_newer_manifests_are_refused(folder: Path) -> None:
    with pytest.raises(ModelError, match="names no model 'answers'"):
        OnnxModel.load("answers", str(folder))
    (folder / "manifest.json").write_text('{"format": 4, "models": {}}')
    with pytest.raises(ModelError, match="format 4; this version of shopkeeper reads 3"):
        OnnxModel.load("intent", str(folder))
    (folder / "manifest.json").unlink()
    with pytest.raises(ModelError, match="cannot be read"):
        OnnxModel.load("intent", str(folder))


def test_models_stay_small() -> None:
    for path in model_folder().glob("*.onnx"):
        assert path.stat().st_size <= 40 << 20
