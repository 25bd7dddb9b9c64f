"""Cold items by their vectors alone: which of the encoders' outputs says best what goes together.

online-retail's cold protocol on the training part, so that nothing here opens a test file: items
whose md5(stock_code) % 10 is 1 are cold; of the baskets that begin last, a tenth, each line whose
item is cold and new in the basket is a target, and all cold items are ranked by likeness to the
last line before it. Ties take the expected value over random order.

Vectors of attributes are learned from the other baskets without their cold items: `placed` compares
where attributes put items, `placed_seen` knows of the last item also where behaviour put it.

usage: python benchmarks/bench_item_vectors.py FOLDER   (FOLDER: data/recsys)
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import sys
from pathlib import Path

import numpy as np
from bench_search import intervals, tf_idf
from harness import report

from shopkeeper.services.recommender.config import RecommenderConfig
from shopkeeper.services.recommender.core.cold_start.attributes import Attributes
from shopkeeper.services.recommender.core.numeric.unit import unit
from shopkeeper.services.recommender.core.vectors.attribute_vectors import AttributeVectors
from shopkeeper.services.recommender.core.vectors.item2vec import ItemVectors
from shopkeeper.services.recommender.models.item_encoder import ItemCodes, ItemEncoder
from shopkeeper.shared.contracts.events.shop import ProductCatalogued

CUTOFF, BASKET_MAX, COLD = 20, 20, 1
SOLVE_STEPS = 20


def baskets(path: Path) -> tuple[dict[str, tuple[str, float]], list[list[str]]]:
    """(title and price by stock code, distinct products of each invoice in order of time)."""
    titles: dict[str, tuple[str, float]] = {}
    invoices: dict[str, dict[str, None]] = {}
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        for r in csv.DictReader(file):
            code, price = r["stock_code"], float(r["unit_price_gbp"] or 0)
            good = int(r["quantity"]) > 0 and price > 0 and code[:5].isdigit()
            if good and not r["invoice_no"].startswith("C"):
                titles.setdefault(code, (r["description"].strip().capitalize(), price))
                invoices.setdefault(r["invoice_no"], {})[code] = None
    return titles, [list(of) for of in invoices.values()]


def expected(scores: np.ndarray, target: int) -> tuple[float, float]:
    """(hit, reciprocal rank) at the cutoff, ties in random order."""
    better = int((scores > scores[target]).sum())
    places = better + 1 + np.arange(int((scores == scores[target]).sum()))
    inside = places <= CUTOFF
    return float(inside.mean()), float((inside / places).mean())


def placed(
    products: list[ProductCatalogued], learned: list[list[int]]
) -> tuple[np.ndarray, np.ndarray]:
    """(products, dimensions) twice: where their attributes put them, and halfway to where behaviour
    does. learned: rows of the products of each basket, in order."""
    attributes, config = Attributes(), RecommenderConfig()
    for row, product in enumerate(products):
        attributes.put(row, product)
    weights = attributes.matrix(len(products))
    vectors = ItemVectors(
        config.vector_dimensions, config.vector_window, config.vector_negatives, config.vector_rate
    )
    every = np.arange(len(products))
    vectors.reserve(len(products))
    for basket in learned:
        items = np.array(basket[:BASKET_MAX], np.int64)
        contexts = np.full((len(items), vectors.window), -1, np.int32)
        for n in range(len(items)):
            before = items[max(0, n - vectors.window) : n][::-1]
            contexts[n, : len(before)] = before
        vectors.learn(items, contexts)
    seen = vectors.units(every)
    known = seen.any(axis=1)
    seen = unit((seen - seen[known].mean(axis=0)) * known[:, np.newaxis])
    found = AttributeVectors(config.vector_dimensions)
    found.begin(np.arange(weights.shape[1]))
    found.add(weights[known], seen[known])
    for _ in range(SOLVE_STEPS):
        found.solve()
    found.finish()
    by_attributes = unit(weights @ found.vectors)
    return by_attributes, unit(by_attributes + seen)


def main() -> None:
    path = Path(sys.argv[1] if len(sys.argv) > 1 else "-") / "online-retail" / "lines_train.csv.gz"
    if not path.is_file():
        print(f"{path}: not there: nothing measured", file=sys.stderr)
        return
    titles, all_baskets = baskets(path)
    held_out = all_baskets[-(len(all_baskets) // 10) :]
    cold = [c for c in titles if int(hashlib.md5(c.encode()).hexdigest(), 16) % 10 == COLD]
    place = {code: n for n, code in enumerate(cold)}
    row = {code: n for n, code in enumerate(titles)}
    targets = [
        (basket[n - 1], basket[n])
        for basket in held_out
        for n in range(1, min(len(basket), BASKET_MAX))
        if basket[n] in place
    ]
    products = [
        ProductCatalogued(product_id=code, title=title or "-", price=price)
        for code, (title, price) in titles.items()
    ]
    encoder = ItemEncoder()
    text, codes = encoder.encode(products), ItemCodes(encoder).encode(products)
    centred = codes - codes.mean(axis=0)
    of_cold = [row[code] for code in cold]
    names = [p.title for p in products]

    def cosine(vectors: np.ndarray) -> np.ndarray:
        vectors = unit(vectors)
        return vectors @ vectors[of_cold].T

    warm = [
        [row[code] for code in basket if code not in place]
        for basket in all_baskets[: -len(held_out)]
    ]
    by_attributes, halfway = placed(products, [basket for basket in warm if basket])
    lexical = tf_idf([names[i] for i in of_cold], names)
    methods = {
        "tf_idf": lexical,
        "text": cosine(text),
        "code": cosine(codes),
        "code_centred": cosine(centred),
        "text_and_code": cosine(text) + 0.5 * cosine(centred),
        "tf_idf_and_text": lexical + cosine(text),
        "placed": cosine(by_attributes),
        "placed_seen": halfway @ by_attributes[of_cold].T,
        "tf_idf_and_placed": lexical + 0.5 * halfway @ by_attributes[of_cold].T,
    }
    for name, scores in methods.items():
        found = []
        for last, target in targets:
            of = scores[row[last]].copy()
            if last in place:
                of[place[last]] = -np.inf
            found.append(expected(of, place[target]))
        values = np.array(found)
        report(
            "item_vectors", method=name, targets=len(targets), cold=len(cold),
            hr_20=round(float(values[:, 0].mean()), 4), hr_20_interval=intervals(values)[0],
            mrr_20=round(float(values[:, 1].mean()), 4),
        )  # fmt: skip


if __name__ == "__main__":
    main()
