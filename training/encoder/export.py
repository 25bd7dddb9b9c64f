"""Write a trained encoder into the folder of models: `python export.py LANGUAGE MODEL STATE ...`.

Activations get fixed scales: what `RANGE_PERCENT` of the values seen on training texts fit into.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path

import numpy as np
import onnxruntime as ort
import torch
from graph import built
from onnx import TensorProto, helper
from texts import Texts
from train import MODELS

from shopkeeper.shared.text.manifest import MANIFEST, MANIFEST_FORMAT

RANGE_PERCENT = 99.999
RANGE_TEXTS = 300


def ranges_of(weights, heads, pooling, tasks, pieces) -> dict[str, tuple[float, float]]:
    """(lowest, highest) of each linear layer's inputs, over training texts."""
    inputs: dict[str, str] = {}
    model = built(weights, heads, pooling, tasks, quantised=False, probe=inputs)
    names = sorted(set(inputs.values()))
    for name in names:
        model.graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, None))
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = ort.InferenceSession(model.SerializeToString(), options)
    seen: dict[str, list[np.ndarray]] = {name: [] for name in names}
    for ids in pieces:
        for name, value in zip(names, session.run(names, {"ids": np.array([ids])}), strict=True):
            seen[name].append(value.reshape(-1))
    found = {}
    for name, values in seen.items():
        low, high = np.percentile(
            np.concatenate(values), [100 - RANGE_PERCENT, RANGE_PERCENT]
        ).tolist()
        found[name] = min(low, 0.0), max(high, 0.0)
    return {linear: found[name] for linear, name in inputs.items()}


def vocabulary_of(path: Path) -> str:
    """The pieces of a tokenizer's file, one a line."""
    pieces = json.loads(path.read_text(encoding="utf-8"))["model"]["vocab"]
    return "\n".join(sorted(pieces, key=pieces.get))


def arguments() -> argparse.ArgumentParser:
    """What a trained encoder is found by."""
    parser = argparse.ArgumentParser()
    parser.add_argument("language", choices=["en", "zh"])
    parser.add_argument("model", choices=sorted(MODELS))
    parser.add_argument("state", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--pieces", type=int, default=96)
    return parser


def trained(given: argparse.Namespace) -> tuple[Texts, dict[str, np.ndarray], dict[str, int]]:
    """(its texts, its weights, labels of each task)."""
    tokens = given.weights / f"{given.model}-tokenizer.json"
    texts = Texts(given.data, given.language, tokens, given.pieces)
    state = torch.load(given.state, weights_only=True)
    weights = {name: value.float().numpy() for name, value in state.items()}
    return texts, weights, {task: len(labels) for task, labels in texts.labels.items()}


def main() -> None:
    parser = arguments()
    parser.add_argument("models", type=Path)
    parser.add_argument("--version", required=True)
    given = parser.parse_args()
    heads, pooling = MODELS[given.model]
    texts, weights, tasks = trained(given)
    rows = texts.parts()["train"]
    chance = np.random.default_rng(0)
    pieces = [rows[n].ids for n in chance.choice(len(rows), RANGE_TEXTS, replace=False)]
    ranges = ranges_of(weights, heads, pooling, tasks, pieces)
    content = built(weights, heads, pooling, tasks, ranges=ranges).SerializeToString()
    name = f"text-{given.language}"
    tokens = given.weights / f"{given.model}-tokenizer.json"
    vocabulary = vocabulary_of(tokens).encode()
    (given.models / f"{name}.onnx").write_bytes(content)
    (given.models / f"{name}.vocabulary").write_bytes(vocabulary)
    path = given.models / MANIFEST
    manifest = json.loads(path.read_text()) if path.exists() else {"models": {}}
    manifest["format"] = MANIFEST_FORMAT
    manifest.setdefault("transformers", {})[name] = {
        "file": f"{name}.onnx",
        "sha256": hashlib.sha256(content).hexdigest(),
        "vocabulary": f"{name}.vocabulary",
        "vocabulary_sha256": hashlib.sha256(vocabulary).hexdigest(),
        "strip_accents": given.language == "en",
        "version": given.version,
        "pieces_max": given.pieces,
        "tasks": texts.labels,
        "card": f"{name}.md",
    }
    path.write_text(json.dumps(manifest, indent=2, sort_keys=True) + "\n")
    print(json.dumps({"bytes": len(content), "vocabulary_bytes": len(vocabulary)}))


if __name__ == "__main__":
    main()
