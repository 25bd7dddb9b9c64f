"""Folders of models for the tests: copies of those that ship, changed as a new training would."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

from shopkeeper.shared.text.manifest import MANIFEST, model_folder

# Made by training/encoder/tiny.py.
TINY = Path(__file__).resolve().parent / "unit" / "text" / "tiny"


def copied(folder: Path) -> Path:
    """The n-grams of both text services, with their manifest, and no Transformers."""
    folder.mkdir()
    for each in model_folder().iterdir():
        if each.is_file() and each.suffix in {".json", ".onnx"}:
            shutil.copy2(each, folder / each.name)
    put(folder, manifest(folder) | {"transformers": {}, "cascades": {}, "readers": {}})
    return folder


def manifest(folder: Path) -> dict:
    return json.loads((folder / MANIFEST).read_text("utf-8"))


def put(folder: Path, content: dict) -> None:
    """A manifest in place of the one that is there, whole at once."""
    fresh = folder / "manifest.new"
    fresh.write_text(json.dumps(content), "utf-8")
    fresh.replace(folder / MANIFEST)


def revised(folder: Path, name: str, **fields) -> None:
    """Another entry of one model, such as version="9.9.9"."""
    content = manifest(folder)
    content["models"][name] |= fields
    put(folder, content)


def leaning(folder: Path, name: str, label: str, version: str) -> None:
    """A model that gives every text one label: another one than before, and easily told."""
    for each in ("tiny.onnx", "tiny.vocabulary"):
        shutil.copy2(TINY / each, folder / each)
    content = manifest(folder)
    labels = content["models"][name]["labels"]
    tier = {
        "transformer": "tiny",
        "sure_from": 1.1,  # all texts go on
        "ngram_weight": 1.0,
        "transformer_weight": 0.0,
        "bias": [50.0 if each == label else 0.0 for each in labels],
    }
    content["format"] = 2
    content["models"][name]["version"] = version
    content.setdefault("transformers", {})["tiny"] = {
        "file": "tiny.onnx",
        "sha256": _sha256(folder / "tiny.onnx"),
        "vocabulary": "tiny.vocabulary",
        "vocabulary_sha256": _sha256(folder / "tiny.vocabulary"),
        "strip_accents": True,
        "version": "0.1.0",
        "pieces_max": 64,
        "tasks": {task: content["models"][task]["labels"] for task in ("sentiment", "intent")},
    }
    content.setdefault("cascades", {})[name] = {"en": tier, "zh": tier}
    put(folder, content)


def tiny_readers(folder: Path, **fields: object) -> Path:
    """A folder with the tiny span model (training/reader/tiny_reader.py) for both languages."""
    folder.mkdir()
    for name in ("reader.onnx", "tiny.vocabulary"):
        shutil.copy2(TINY / name, folder / name)
    entry = {
        "file": "reader.onnx",
        "sha256": _sha256(TINY / "reader.onnx"),
        "vocabulary": "tiny.vocabulary",
        "vocabulary_sha256": _sha256(TINY / "tiny.vocabulary"),
        "strip_accents": True,
        "version": "0.1.0",
        "pieces_max": 96,
        "span_pieces_max": 20,
        **fields,
    }
    readers = {"reader-en": entry, "reader-zh": entry}
    put(folder, {"format": 3, "models": {}, "readers": readers})
    return folder


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
