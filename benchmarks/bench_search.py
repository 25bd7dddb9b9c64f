"""Intent text to products on amazon-bundles: the search index, by its parts. `hybrid` compares all
products, `search` is what a worker finds.

Relevant are the items of the intent's bundle; all described items of the domain are ranked.
Settings were chosen on the half of the intents whose md5(bundle_id) is even (`--half dev`);
without it both halves are reported. Nothing was trained on which items belong to an intent.

`with_behaviour` is no fair figure: items seen in sessions with the first hits rise, and the
bundles were cut from those very sessions.

`--speed` times an index of 100,000 made-up products (halves of two titles each) instead.

usage: python benchmarks/bench_search.py FOLDER [--half dev|test|all | --speed]
(FOLDER: data/recsys)
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import re
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from harness import report

from shopkeeper.apps.demo.catalogue import built_in
from shopkeeper.services.recommender.core.search.index import SearchIndex
from shopkeeper.services.recommender.core.search.terms import (
    ProductTerms,
    product_terms,
    query_terms,
)
from shopkeeper.services.recommender.models.item_encoder import ItemEncoder
from shopkeeper.shared.contracts.events.shop import ProductCatalogued

CUTOFF = 20
RESAMPLES, SEED = 2_000, 1
PRODUCTS_TIMED, BATCH_TIMED, QUERIES_TIMED = 100_000, 1_000, 100
HITS_FOLLOWED, BEHAVIOUR_WEIGHT = 20, 0.5
DOMAINS = ("electronic", "clothing")
COMMA_IN_NAME = {"Clothing, Shoes & Jewelry": "Clothing Shoes & Jewelry"}


def read(path: Path) -> list[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def category(raw: str) -> str:
    """Every level below the top, once."""
    for name, plain in COMMA_IN_NAME.items():
        raw = raw.replace(name, plain)
    paths = [path.split(",") for path in re.findall(r"\[([^\[\]]+)\]", raw)]
    return " ".join(dict.fromkeys(level for path in paths for level in path[1:]))


class Domain:
    """items: as catalogued; raw: their text as the baseline takes it; intents with item rows."""

    def __init__(self, folder: Path) -> None:
        titles = {r["item_id"]: r["titles"] for r in read(folder / "item_titles.csv.gz")}
        paths = {r["item_id"]: r["categories"] for r in read(folder / "item_categories.csv.gz")}
        ids = sorted(titles.keys() | paths.keys(), key=int)
        self.items = [
            ProductCatalogued(
                product_id=i, title=titles.get(i, "-"), category=category(paths.get(i, ""))
            )
            for i in ids
        ]
        self.raw = [f"{titles.get(i, '')} {paths.get(i, '')}" for i in ids]
        row = {item: place for place, item in enumerate(ids)}
        bundles: dict[str, set[int]] = {}
        for r in read(folder / "bundle_item.csv.gz"):
            if r["item_id"] in row:
                bundles.setdefault(r["bundle_id"], set()).add(row[r["item_id"]])
        found = [
            (r["intent"], sorted(bundles[r["bundle_id"]]), r["bundle_id"])
            for r in read(folder / "bundle_intent.csv.gz")
            if r["intent"].strip() and bundles.get(r["bundle_id"])
        ]
        self.queries, self.relevant, self.bundle_ids = (
            list(column) for column in zip(*found, strict=True)
        )
        self.dev = np.array(
            [int(hashlib.md5(b.encode()).hexdigest(), 16) % 2 == 0 for b in self.bundle_ids]
        )
        sessions: dict[str, list[int]] = {}
        for r in read(folder / "session_item.csv.gz"):
            if r["item_id"] in row:
                sessions.setdefault(r["session_id"], []).append(row[r["item_id"]])
        pairs = [(s, i) for s, of in enumerate(sessions.values()) for i in of]
        rows, columns = zip(*pairs, strict=True)
        self.sessions = sp.csr_matrix(
            (np.ones(len(pairs)), (rows, columns)), shape=(len(sessions), len(ids))
        )


def tf_idf(documents: list[str], queries: list[str]) -> np.ndarray:
    """(queries, documents): cosine of (1 + ln tf) * smoothed idf; words of two letters or more."""
    word = re.compile(r"(?u)\b\w\w+\b")
    counted = [Counter(word.findall(text.lower())) for text in documents]
    column = {w: place for place, w in enumerate(sorted({w for of in counted for w in of}))}
    df = Counter(w for of in counted for w in of)
    idf = {w: np.log((1 + len(documents)) / (1 + df[w])) + 1 for w in column}

    def matrix(texts: list[Counter[str]]) -> sp.csr_matrix:
        cells = [
            (row, column[w], (1 + np.log(n)) * idf[w])
            for row, of in enumerate(texts)
            for w, n in of.items()
            if w in column
        ]
        rows, columns, values = zip(*cells, strict=True)
        found = sp.csr_matrix((values, (rows, columns)), shape=(len(texts), len(column)))
        length = np.sqrt(found.multiply(found).sum(axis=1)).A1
        return sp.diags(1 / np.maximum(length, 1e-12)) @ found

    asked = matrix([Counter(word.findall(text.lower())) for text in queries])
    return (asked @ matrix(counted).T).toarray()


def figures(scores: np.ndarray, relevant: list[list[int]]) -> np.ndarray:
    """(queries, 3): recall, hit and reciprocal rank at the cutoff."""
    out = np.zeros((len(relevant), 3))
    for query, row in enumerate(scores):
        hits = np.isin(np.argsort(-row, kind="stable")[:CUTOFF], relevant[query])
        out[query] = hits.sum() / len(relevant[query]), hits.any(), 0
        if hits.any():
            out[query, 2] = 1 / (1 + hits.argmax())
    return out


def intervals(values: np.ndarray) -> list[list[float]]:
    """95 % bootstrap intervals of the columns' means."""
    random = np.random.default_rng(SEED)
    means = [
        values[random.integers(len(values), size=len(values))].mean(axis=0)
        for _ in range(RESAMPLES)
    ]
    return np.round(np.percentile(means, [2.5, 97.5], axis=0).T, 4).tolist()


def with_behaviour(scores: np.ndarray, sessions: sp.csr_matrix) -> np.ndarray:
    """Items seen in sessions with the first hits rise. The bundles come from those sessions."""
    together = (sessions.T @ sessions).tolil()
    together.setdiag(0)
    together = together.tocsr()
    top = np.argsort(-scores, axis=1, kind="stable")[:, :HITS_FOLLOWED]
    risen = np.zeros_like(scores)
    for query, items in enumerate(top):
        share = np.maximum(scores[query, items], 0)
        risen[query] = share @ together[items].toarray()
    best = risen.max(axis=1, keepdims=True)
    return scores + BEHAVIOUR_WEIGHT * risen / np.where(best > 0, best, 1)


def every_method(domain: Domain, encoder: ItemEncoder) -> dict[str, np.ndarray]:
    """Scores (queries, items) by method."""
    index = SearchIndex(encoder.dimensions)
    ids = [item.product_id for item in domain.items]
    index.put(ids, product_terms(domain.items), encoder.encode(domain.items))
    terms, vectors = query_terms(domain.queries), encoder.encode_queries(domain.queries)
    hybrid = index.scores(terms, vectors)
    found = np.full_like(hybrid, -np.inf)
    row_of = {product: row for row, product in enumerate(ids)}
    for query, hits in enumerate(index.search(terms, vectors, CUTOFF)):
        for product, score in hits:
            found[query, row_of[product]] = score
    return {
        "tf_idf": tf_idf(domain.raw, domain.queries),
        "bm25": index.lexical(terms, len(vectors)),
        "encoder": vectors @ encoder.encode(domain.items).T,
        "hybrid": hybrid,
        "search": found,
        "with_behaviour": with_behaviour(hybrid, domain.sessions),
    }


def chinese(encoder: ItemEncoder) -> None:
    """The demo catalogue's Chinese titles against its English ones, by meaning alone.

    A title's own variants (a colour, a size) are other products: rank of the product itself."""
    products = [p for p in built_in() if p.title_zh]
    english = encoder.text.vectors([p.title for p in products])
    for name, texts in (
        ("title_zh to title", [p.title_zh or "" for p in products]),
        ("title to title_zh", [p.title for p in products]),
    ):
        other = (
            english
            if name.startswith("title_zh")
            else encoder.text.vectors([p.title_zh or "" for p in products])
        )
        scores = encoder.text.vectors(texts) @ other.T
        own = figures(scores, [[row] for row in range(len(products))])
        kind = [[o for o, q in enumerate(products) if q.category == p.category] for p in products]
        first = scores.argmax(axis=1)
        report(
            "search_chinese", task=name, products=len(products),
            own_hr_20=round(float(own[:, 1].mean()), 4),
            own_mrr_20=round(float(own[:, 2].mean()), 4),
            first_in_category=round(
                float(np.mean([f in of for f, of in zip(first, kind, strict=True)])), 4
            ),
        )  # fmt: skip


def made_up(domains: list[Domain], count: int) -> list[ProductCatalogued]:
    """Products of halves of two titles each."""
    random = np.random.default_rng(SEED)
    items = [item for domain in domains for item in domain.items]
    words = [item.title.split() for item in items]
    picks = random.integers(len(items), size=(count, 2)).tolist()
    return [
        ProductCatalogued(
            product_id=f"p{n}",
            title=" ".join(words[a][: len(words[a]) // 2 + 1] + words[b][len(words[b]) // 2 :]),
            category=items[a].category,
        )
        for n, (a, b) in enumerate(picks)
    ]


def speed(domains: list[Domain], encoder: ItemEncoder) -> None:
    """CPU seconds to fill an index; CPU milliseconds of searches, so many at a time."""
    products = made_up(domains, PRODUCTS_TIMED)
    index, product_terms = SearchIndex(encoder.dimensions), ProductTerms().of
    taken = {"encode_s": 0.0, "terms_s": 0.0, "put_s": 0.0}
    for first in range(0, len(products), BATCH_TIMED):
        batch = products[first : first + BATCH_TIMED]
        began = time.process_time()
        vectors = encoder.encode(batch)
        encoded = time.process_time()
        terms = product_terms(batch)
        counted = time.process_time()
        index.put([p.product_id for p in batch], terms, vectors)
        taken["encode_s"] += encoded - began
        taken["terms_s"] += counted - encoded
        taken["put_s"] += time.process_time() - counted
    queries = [q for domain in domains for q in domain.queries[: QUERIES_TIMED // 2]]
    index.search(query_terms(queries), encoder.encode_queries(queries), CUTOFF)  # compiled by then
    for together in (1, 4, 16):
        steps = []
        for begin in range(0, len(queries) - together + 1, together):
            part = queries[begin : begin + together]
            began = time.process_time()
            terms, vectors = query_terms(part), encoder.encode_queries(part)
            asked = time.process_time()
            index.search(terms, vectors, CUTOFF)
            steps.append((asked - began, time.process_time() - asked))
        median, high = np.percentile(steps, [50, 99], axis=0) * 1000
        report(
            "search_speed", products=len(products), dimensions=encoder.dimensions,
            **{name: round(seconds, 2) for name, seconds in taken.items()}, together=together,
            encode_ms_p50=round(median[0], 2), search_ms_p50=round(median[1], 2),
            search_ms_p99=round(high[1], 2),
        )  # fmt: skip


def main() -> None:
    arguments = sys.argv[1:]
    half = arguments[arguments.index("--half") + 1] if "--half" in arguments else "all"
    folder = Path(arguments[0]) / "amazon-bundles" if arguments else Path("-")
    if not folder.is_dir():
        print(f"{folder}: no data there: nothing measured", file=sys.stderr)
        return
    encoder = ItemEncoder()
    if "--speed" in arguments:
        speed([Domain(folder / name) for name in DOMAINS], encoder)
        return
    for name in DOMAINS:
        domain = Domain(folder / name)
        halves = {"dev": domain.dev, "test": ~domain.dev, "all": np.ones(len(domain.dev), bool)}
        for method, scores in every_method(domain, encoder).items():
            values = figures(scores, domain.relevant)
            for part in ("dev", "test", "all") if half == "all" else (half,):
                of = values[halves[part]]
                mean, bounds = of.mean(axis=0), intervals(of)
                report(
                    "search", domain=name, method=method, half=part, queries=len(of),
                    items=len(domain.items),
                    recall_20=round(float(mean[0]), 4), recall_20_interval=bounds[0],
                    hr_20=round(float(mean[1]), 4), hr_20_interval=bounds[1],
                    mrr_20=round(float(mean[2]), 4), mrr_20_interval=bounds[2],
                )  # fmt: skip
    chinese(encoder)


if __name__ == "__main__":
    main()
