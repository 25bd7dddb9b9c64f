"""A denoising autoencoder over what a catalogue says of a product.

y = [title, category, brand as vectors, price band]; code = sigmoid(W1 y + b1); the decoder is
W2 code + b2.
Whole fields are dropped from the input at random and must be restored (Vincent et al. 2008,
"Extracting and composing robust features with denoising autoencoders"). A field that a product
lacks costs nothing.
"""

from __future__ import annotations

from pathlib import Path

import item_texts
import numpy as np
from linear import TensorProto, helper, node, onnx_file, write_model

from shopkeeper.apps.demo.catalogue import built_in
from shopkeeper.services.recommender.models.item_encoder import BANDS, FIELDS, price_bands
from shopkeeper.shared.text.encoder import TextEncoder

VERSION = "2.0.0"
CODES = 64
EPOCHS, BATCH, RATE = 60, 256, 2e-3
DROP = 0.3  # chance of each field to be dropped from the input
PRICE_WEIGHT = 0.3
SEED = 1


def products(data: Path) -> tuple[list[tuple[str, str, str]], list[float | None]]:
    """((title, category, brand), price) of all products at hand."""
    texts: list[tuple[str, str, str]] = []
    prices: list[float | None] = []
    for domain in item_texts.DOMAINS:
        for title, category in zip(*item_texts.bundle_items(data, domain), strict=True):
            texts.append((title, category, ""))
            prices.append(None)
    for title, price in zip(*item_texts.retail_products(data), strict=True):
        texts.append((title, "", ""))
        prices.append(price or None)
    for product in built_in():
        texts.append((product.title, product.category or "", product.brand or ""))
        prices.append(product.price)
    return texts, prices


def fit(fields: np.ndarray, bands: np.ndarray) -> tuple[dict[str, np.ndarray], list[float]]:
    """(parameters, loss of each epoch). fields: (n, FIELDS, d); bands: (n, BANDS). Adam."""
    random = np.random.default_rng(SEED)
    count, _, width = fields.shape
    flat = np.hstack([fields.reshape(count, -1), bands * np.float32(PRICE_WEIGHT)])
    # The last band says that there is no price.
    there = np.hstack([np.abs(fields).sum(axis=2) > 0, bands[:, :-1].any(axis=1)[:, None]])
    widths = np.array([width] * FIELDS + [BANDS])
    costs = np.repeat(there, widths, axis=1).astype(np.float32)
    size = flat.shape[1]
    p = {
        "w1": random.normal(0, size**-0.5 * 4, (size, CODES)).astype(np.float32),
        "b1": np.zeros(CODES, np.float32),
        "w2": random.normal(0, CODES**-0.5, (CODES, size)).astype(np.float32),
        "b2": np.zeros(size, np.float32),
    }
    m = {name: np.zeros_like(value) for name, value in p.items()}
    v = {name: np.zeros_like(value) for name, value in p.items()}
    losses, step = [], 0
    for _ in range(EPOCHS):
        order = random.permutation(count)
        total = 0.0
        for first in range(0, count, BATCH):
            rows = order[first : first + BATCH]
            y = flat[rows]
            shown = random.random((len(rows), FIELDS + 1)) >= DROP
            x = y * np.repeat(shown, widths, axis=1)
            code = 1 / (1 + np.exp(-(x @ p["w1"] + p["b1"])))
            error = (code @ p["w2"] + p["b2"] - y) * costs[rows]
            total += float((error**2).sum())
            slope = error * (2 / len(rows))
            inner = (slope @ p["w2"].T) * code * (1 - code)
            gradients = {
                "w1": x.T @ inner, "b1": inner.sum(axis=0),
                "w2": code.T @ slope, "b2": slope.sum(axis=0),
            }  # fmt: skip
            step += 1
            for name, gradient in gradients.items():
                m[name] += 0.1 * (gradient - m[name])
                v[name] += 0.001 * (gradient**2 - v[name])
                rate = RATE * np.sqrt(1 - 0.999**step) / (1 - 0.9**step)
                p[name] -= rate * m[name] / (np.sqrt(v[name]) + 1e-8)
        losses.append(total / count)
    return p, losses


def graph(parameters: dict[str, np.ndarray], width: int) -> bytes:
    """The ONNX file: `fields` (rows, FIELDS * width) and `price_bands` in, `codes` out."""
    names = {
        "w1": parameters["w1"].astype(np.float32),
        "b1": parameters["b1"].astype(np.float32),
        "price_weight": np.array(PRICE_WEIGHT, np.float32),
    }
    nodes = [
        node("Mul", ["price_bands", "price_weight"], "price"),
        node("Concat", ["fields", "price"], "y", axis=1),
        node("MatMul", ["y", "w1"], "scores_0"),
        node("Add", ["scores_0", "b1"], "scores"),
        node("Sigmoid", ["scores"], "codes"),
    ]
    value = helper.make_tensor_value_info
    return onnx_file(
        "item_autoencoder",
        names,
        nodes,
        [
            value("fields", TensorProto.FLOAT, ["rows", FIELDS * width]),
            value("price_bands", TensorProto.FLOAT, ["rows", BANDS]),
        ],
        value("codes", TensorProto.FLOAT, ["rows", CODES]),
    )


def train_autoencoder(data: Path, encoder: TextEncoder, models: Path) -> dict[str, object]:
    """Write `items.onnx` and its manifest entry; the figures of its card."""
    texts, prices = products(data)
    vectors = encoder.vectors([text for of in texts for text in of])
    fields = vectors.reshape(len(texts), FIELDS, encoder.dimensions)
    parameters, losses = fit(fields, price_bands(prices))
    content = graph(parameters, encoder.dimensions)
    write_model(models, "items", VERSION, [], encoder.bits, content, {}, encoder.sizes)
    return {
        "items_bytes": len(content),
        "products": len(texts),
        "loss_first": round(losses[0], 4),
        "loss_last": round(losses[-1], 4),
    }
