"""Write a trained encoder of texts to vectors into the folder of models, int8.

    python export_retrieval.py en all-minilm-l6-v2 STATE MODELS --version 1.0.0 --data DATA ...

Activations get fixed scales from training texts, as in ../encoder/export.py.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import torch
from pairs import pairs

sys.path.insert(0, str(Path(__file__).parents[1] / "encoder"))
from export import RANGE_TEXTS, ranges_of, vocabulary_of
from graph import built
from texts import tokenizer
from train import MODELS

from shopkeeper.shared.text.chinese import simplified
from shopkeeper.shared.text.manifest import MANIFEST, MANIFEST_FORMAT
from shopkeeper.shared.text.normalisation import normalise


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("language", choices=["en", "zh"])
    parser.add_argument("model", choices=sorted(MODELS))
    parser.add_argument("state", type=Path)
    parser.add_argument("models", type=Path)
    parser.add_argument("--version", required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--pieces", type=int, default=192)
    given = parser.parse_args()
    heads, pooling = MODELS[given.model]
    state = torch.load(given.state, weights_only=True)
    weights = {name: value.float().numpy() for name, value in state.items()}
    tokens = given.weights / f"{given.model}-tokenizer.json"
    train = [pair for pair in pairs(given.data, given.language) if not pair.is_kept]
    chance = np.random.default_rng(0)
    chosen = [train[n] for n in chance.choice(len(train), RANGE_TEXTS // 2, replace=False)]
    texts = [text for pair in chosen for text in (pair.question, pair.answer)]
    cut = tokenizer(tokens)
    pieces = [
        each.ids[: given.pieces]
        for each in cut.encode_batch([simplified(normalise(text)) for text in texts])
    ]
    ranges = ranges_of(weights, heads, pooling, {}, pieces)
    content = built(weights, heads, pooling, {}, ranges=ranges).SerializeToString()
    vocabulary = vocabulary_of(tokens).encode()
    # Both encoders of a language read the pieces of one base model: one file serves them.
    shared = given.models / f"text-{given.language}.vocabulary"
    same = shared.exists() and shared.read_bytes() == vocabulary
    name = f"retrieval-{given.language}"
    file = shared if same else given.models / f"{name}.vocabulary"
    file.write_bytes(vocabulary)
    (given.models / f"{name}.onnx").write_bytes(content)
    path = given.models / MANIFEST
    manifest = json.loads(path.read_text()) if path.exists() else {"models": {}}
    manifest["format"] = MANIFEST_FORMAT
    manifest.setdefault("embedders", {})[name] = {
        "file": f"{name}.onnx",
        "sha256": hashlib.sha256(content).hexdigest(),
        "vocabulary": file.name,
        "vocabulary_sha256": hashlib.sha256(vocabulary).hexdigest(),
        "strip_accents": given.language == "en",
        "version": given.version,
        "dimensions": weights["words.weight"].shape[1],
        "pieces_max": given.pieces,
        "card": f"{name}.md",
    }
    path.write_text(json.dumps(manifest, indent=2, sort_keys=True) + "\n")
    print(json.dumps({"bytes": len(content), "vocabulary": file.name}))


if __name__ == "__main__":
    main()
