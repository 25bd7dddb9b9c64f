"""Train the encoders: `python training/train_items.py DATA TEACHERS [MODELS]`.

DATA holds `recsys/` and `nlp/`; TEACHERS the files that `teachers.py` names, and the teachers'
vectors once computed. Seeded; writes `encoder.onnx` and `items.onnx` with their manifest entries,
and prints figures as one JSON object.

The text encoder is a sum of one vector per hashed n-gram. The English table begins as a ridge
regression to its teachers' sentence vectors side by side (Hinton et al. 2015, "Distilling the
knowledge in a neural network"), which a singular value decomposition has narrowed; then it learns
to rank products as they do (`ranking.py`). Chinese n-grams have a table of their own in
the same space: fitted to the English table's vectors of translations (a lexicon), and to a
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
from ranking import Features, taught
from teachers import ENGLISH, MultilingualE5, kept, searched_for, searched_with

from shopkeeper.services.recommender.core.numeric.unit import unit
from shopkeeper.services.recommender.models.item_encoder import CATEGORY_WEIGHT
from shopkeeper.shared.text import features
from shopkeeper.shared.text.encoder import TextEncoder

VERSION = "2.0.0"
BITS = 16
DIMENSIONS = 192
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
AXES_FROM_EVERY = 8


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


def fit_english(data: Path, teachers: Path) -> tuple[np.ndarray, np.ndarray, list[float]]:
    """(idf (columns,), weights (columns, DIMENSIONS), divergence of each step of `taught`)."""
    products, asked = item_texts.english(data)
    asked = list(dict.fromkeys(asked + item_texts.lexicon_pairs()[0]))
    titles, categories = [], []
    for domain in item_texts.DOMAINS:
        of, paths = item_texts.catalogued(data, domain)
        titles += of
        categories += map(item_texts.shown_category, paths)
    of_products = [searched_for(teachers, t, products) for t in ENGLISH]
    of_asked = [searched_with(teachers, t, asked) for t in ENGLISH]

    # A teacher's vectors have a part in common that says what kind of text it is: taken off.
    both = [
        np.concatenate([unit(p - p.mean(axis=0)), unit(q - q.mean(axis=0))])
        for p, q in zip(of_products, of_asked, strict=True)
    ]
    targets = np.concatenate(both, axis=1)
    _, _, axes = np.linalg.svd(targets[::AXES_FROM_EVERY], full_matrices=False)
    per_text = np.where(np.arange(len(targets)) < len(products), PRODUCT_WEIGHT, 1.0)
    narrow = targets @ axes[:DIMENSIONS].T
    idf, weights = fit_table(products + asked, features.EN, narrow, PENALTY, per_text)

    row = {text: place for place, text in enumerate(products)}
    named = np.array([row.get(text, -1) for text in titles])
    filed = np.array([row.get(text, -1) for text in categories])
    rows = np.flatnonzero((named >= 0) & (filed >= 0))
    seen = Features(
        *(
            weighted(term_frequencies(texts, BITS, SIZES, features.EN), idf)
            for texts in ([titles[r] for r in rows], [categories[r] for r in rows], asked)
        )
    )
    share = np.float32(CATEGORY_WEIGHT)
    offered = [unit(p[named[rows]] + share * p[filed[rows]]) for p in of_products]
    return idf, *taught(weights, seen, of_asked, offered)


def fit_chinese(
    data: Path, teachers: Path, idf_en: np.ndarray, weights_en: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(idf (columns,), weights (columns, DIMENSIONS)), in the space of the English table."""

    def by_table(texts: list[str]) -> np.ndarray:
        matrix = term_frequencies(texts, BITS, SIZES, features.EN)
        return unit(weighted(matrix, idf_en) @ weights_en)

    lexicon_en, lexicon_zh = item_texts.lexicon_pairs()
    chinese = item_texts.chinese(data)
    titles = [t for domain in item_texts.DOMAINS for t in item_texts.bundle_items(data, domain)[0]]
    bridge = titles[:: -(-len(titles) // BRIDGE_TITLES)]
    other = kept(teachers / "kept-e5.npz", bridge + chinese, MultilingualE5)
    on_chinese = carried_over(other[: len(bridge)], by_table(bridge), other[len(bridge) :])
    per_text = np.concatenate([np.full(len(lexicon_zh), LEXICON_WEIGHT), np.ones(len(chinese))])
    targets = np.concatenate([by_table(lexicon_en), on_chinese])
    return fit_table(lexicon_zh + chinese, features.ZH, targets, PENALTY_ZH, per_text)


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
    idf, weights, divergences = fit_english(data, teachers)
    idf_zh, weights_zh = fit_chinese(data, teachers, idf, weights)
    half = len(idf) // 2
    content = encoder_graph(np.concatenate([idf[:half], idf_zh[half:]]), weights + weights_zh)
    write_model(models, "encoder", VERSION, [], BITS, content, {}, SIZES)
    encoder = TextEncoder.load("encoder", str(models))
    report: dict[str, object] = {
        "encoder_bytes": len(content),
        "divergence_first": round(divergences[0], 3),
        "divergence_last_50": round(float(np.mean(divergences[-50:])), 3),
    }
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
