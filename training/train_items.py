"""Train the encoders: `python training/train_items.py DATA TEACHERS [MODELS]`.

DATA holds `recsys/` and `nlp/`; TEACHERS the files that `teachers.py` names, and the teachers'
vectors once computed. Seeded; writes `encoder.onnx` and `items.onnx` with their manifest entries,
and prints figures as one JSON object.

The text encoder is a sum of one vector per hashed n-gram, fitted by ridge regression to a
teacher's sentence vectors (Hinton et al. 2015, "Distilling the knowledge in a neural network"),
which a singular value decomposition has narrowed. Chinese n-grams have a table of their own in
the same space: fitted to the English teacher's vectors of translations (a lexicon), and to a
multilingual teacher's vectors carried over by a linear map that was learned on English titles
(Mikolov et al. 2013, "Exploiting similarities among languages for machine translation").
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import item_texts
import numpy as np
import scipy.sparse as sp
from autoencoder import train_autoencoder
from linear import (
    NGRAM_INPUTS,
    ROOT,
    TensorProto,
    helper,
    idf_of,
    ngram_sums,
    node,
    onnx_file,
    term_frequencies,
    weighted,
    write_model,
)
from teachers import MiniLM, MultilingualE5, kept

from shopkeeper.shared.text import features
from shopkeeper.shared.text.encoder import TextEncoder

VERSION = "1.0.0"
BITS = 16
DIMENSIONS = 128
SEED = 1
SIZES = {
    features.EN: features.Sizes((1, 2), (4,)),
    features.ZH: features.Sizes((), (1, 2, 3)),
}
# Chosen on half of the bundle intents (`benchmarks/bench_search.py FOLDER --half dev`).
PENALTY, PENALTY_ZH = 0.1, 0.1
PRODUCT_WEIGHT = 4.0  # of the squared error of a product's text, against 1 of a word's
LEXICON_WEIGHT = 4.0
BRIDGE_TITLES, BRIDGE_PENALTY = 2000, 1.0
STEPS = 25


def ridge(x: Any, y: np.ndarray, penalty: float, weights: np.ndarray) -> np.ndarray:
    """(columns, outputs): argmin of the weighted squares plus penalty times the weights' squares.

    Conjugate gradients on the normal equations, every output at once.
    """
    x = sp.diags(np.sqrt(weights)).astype(np.float32) @ x.astype(np.float32)
    y = (y * np.sqrt(weights)[:, None]).astype(np.float32)
    transposed = x.T.tocsr()
    solution = np.zeros((x.shape[1], y.shape[1]), np.float32)
    residual = transposed @ y
    direction = residual.copy()
    length = (residual**2).sum(axis=0)
    for _ in range(STEPS):
        image = transposed @ (x @ direction) + penalty * direction
        step = length / np.maximum((direction * image).sum(axis=0), 1e-20)
        solution += step * direction
        residual -= step * image
        now = (residual**2).sum(axis=0)
        direction = residual + now / np.maximum(length, 1e-20) * direction
        length = now
    return solution


def fit_table(
    texts: list[str], table: int, targets: np.ndarray, penalty: float, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(idf, weights) of all columns; those of the other table are zero."""
    matrix = term_frequencies(texts, BITS, SIZES, table)
    idf = idf_of(matrix)
    x = weighted(matrix, idf)
    used = np.flatnonzero(np.bincount(x.indices, minlength=x.shape[1]))
    found = np.zeros((x.shape[1], targets.shape[1]), np.float32)
    found[used] = ridge(x[:, used], targets, penalty, weights)
    return idf, found


def carried_over(bridge: np.ndarray, targets: np.ndarray, foreign: np.ndarray) -> np.ndarray:
    """Vectors of another teacher's space in ours: ridge on the bridge, both centred.

    bridge: (n, other width), targets: (n, width), the same texts; foreign: (m, other width).
    Each language is centred by its own mean: e5's vectors have a part that says the language.
    """
    x, y = bridge - bridge.mean(axis=0), targets - targets.mean(axis=0)
    map_ = np.linalg.solve(x.T @ x + BRIDGE_PENALTY * np.eye(x.shape[1]), x.T @ y)
    found = (foreign - foreign.mean(axis=0)) @ map_
    # A regression shrinks: back to the spread of the targets.
    found *= np.linalg.norm(y, axis=1).mean() / np.linalg.norm(found, axis=1).mean()
    return found + targets.mean(axis=0)


def fit(data: Path, teachers: Path) -> tuple[np.ndarray, np.ndarray]:
    """(idf (columns,), weights (columns, DIMENSIONS))."""
    products, vocabulary = item_texts.english(data)
    lexicon_en, lexicon_zh = item_texts.lexicon_pairs()
    chinese = item_texts.chinese(data)
    titles = [t for domain in item_texts.DOMAINS for t in item_texts.bundle_items(data, domain)[0]]
    bridge = titles[:: -(-len(titles) // BRIDGE_TITLES)]
    texts = products + vocabulary
    everything = kept(
        teachers / "kept-minilm.npz", texts + lexicon_en + bridge, lambda: MiniLM(teachers)
    )
    of_texts = everything[: len(texts)]
    _, _, axes = np.linalg.svd(of_texts[::4], full_matrices=False)
    narrow = everything @ axes[:DIMENSIONS].T
    on_texts, on_lexicon, on_bridge = np.split(narrow, [len(texts), len(texts) + len(lexicon_en)])

    per_text = np.where(np.arange(len(texts)) < len(products), PRODUCT_WEIGHT, 1.0)
    idf, weights = fit_table(texts, features.EN, on_texts, PENALTY, per_text)

    other = kept(teachers / "kept-e5.npz", bridge + chinese, MultilingualE5)
    on_chinese = carried_over(other[: len(bridge)], on_bridge, other[len(bridge) :])
    per_text = np.concatenate([np.full(len(lexicon_zh), LEXICON_WEIGHT), np.ones(len(chinese))])
    idf_zh, weights_zh = fit_table(
        lexicon_zh + chinese,
        features.ZH,
        np.concatenate([on_lexicon, on_chinese]),
        PENALTY_ZH,
        per_text,
    )
    half = len(idf) // 2
    return np.concatenate([idf[:half], idf_zh[half:]]), weights + weights_zh


def encoder_graph(idf: np.ndarray, weights: np.ndarray) -> bytes:
    """The ONNX file: features in, `vectors` out, (rows, DIMENSIONS) of length 1."""
    names, nodes = ngram_sums(idf, weights)
    nodes += [
        node("Mul", ["ngram_scores", "ngram_scores"], "parts"),
        node("ReduceSum", ["parts", "axis_1"], "length_2", keepdims=1),
        node("Sqrt", ["length_2"], "length_0"),
        node("Max", ["length_0", "tiny"], "length"),
        node("Div", ["ngram_scores", "length"], "vectors"),
    ]
    output = helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["rows", weights.shape[1]])
    return onnx_file("hashed_encoder", names, nodes, NGRAM_INPUTS, output)


def main(data: Path, teachers: Path, models: Path) -> None:
    content = encoder_graph(*fit(data, teachers))
    write_model(models, "encoder", VERSION, [], BITS, content, {}, SIZES)
    encoder = TextEncoder.load("encoder", str(models))
    report: dict[str, object] = {"encoder_bytes": len(content)}
    report |= train_autoencoder(data, encoder, models)
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    if not 3 <= len(sys.argv) <= 4:
        sys.exit("usage: python training/train_items.py DATA TEACHERS [MODELS]")
    main(
        Path(sys.argv[1]),
        Path(sys.argv[2]),
        Path(sys.argv[3]) if len(sys.argv) == 4 else ROOT / "models",
    )
