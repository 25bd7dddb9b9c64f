"""Nearest neighbours of vectors that move all the time: libraries against multiplying all.

Vectors of 32 numbers in clusters, as item2vec's lie; one in a thousand moves between two
batches of queries. Each library is asked for 20 neighbours; recall is against exact search. Each is
left out that is not installed (usearch, hnswlib, faiss-cpu).

usage: python benchmarks/bench_neighbours.py [ITEMS ...]
"""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Callable

import numpy as np
from harness import report

from shopkeeper.services.recommender.core.numeric.unit import unit

DIMENSIONS, COUNT, QUERIES, ROUNDS = 32, 20, 200, 5
LINKS, EXPANSION = 16, 64  # HNSW: edges of a node, candidates of a search
Search = Callable[[np.ndarray], np.ndarray]
Put = Callable[[np.ndarray, np.ndarray], None]


def clustered(count: int, chance: np.random.Generator) -> np.ndarray:
    centres = chance.normal(size=(max(1, count // 50), DIMENSIONS))
    vectors = centres[chance.integers(len(centres), size=count)]
    return unit((vectors + 0.7 * chance.normal(size=vectors.shape)).astype(np.float32))


def best_of(scores: np.ndarray) -> np.ndarray:
    return np.argpartition(-scores, COUNT, axis=1)[:, :COUNT]


def exact(vectors: np.ndarray) -> tuple[Put, Search]:
    held = vectors.copy()

    def put(items: np.ndarray, moved: np.ndarray) -> None:
        held[items] = moved

    return put, lambda queries: best_of(queries @ held.T)


def usearch(vectors: np.ndarray) -> tuple[Put, Search]:
    index = importlib.import_module("usearch.index").Index(
        ndim=DIMENSIONS, metric="ip", dtype="f32", connectivity=LINKS, expansion_search=EXPANSION
    )
    index.add(np.arange(len(vectors)), vectors, threads=1)

    def put(items: np.ndarray, moved: np.ndarray) -> None:
        index.remove(items, threads=1)
        index.add(items, moved, threads=1)

    return put, lambda queries: index.search(queries, COUNT, threads=1).keys


def hnswlib(vectors: np.ndarray) -> tuple[Put, Search]:
    index = importlib.import_module("hnswlib").Index("ip", DIMENSIONS)
    index.init_index(len(vectors), M=LINKS, ef_construction=128)
    index.set_ef(EXPANSION)
    index.set_num_threads(1)
    index.add_items(vectors, np.arange(len(vectors)))
    return (
        lambda items, moved: index.add_items(moved, items),
        lambda queries: index.knn_query(queries, COUNT)[0],
    )


def faiss(vectors: np.ndarray) -> tuple[Put, Search]:
    """Inverted lists: HNSW of faiss cannot remove."""
    library = importlib.import_module("faiss")
    library.omp_set_num_threads(1)
    lists = int(4 * len(vectors) ** 0.5)
    index = library.IndexIVFFlat(
        library.IndexFlatIP(DIMENSIONS), DIMENSIONS, lists, library.METRIC_INNER_PRODUCT
    )
    index.train(vectors[: 50 * lists])
    index.set_direct_map_type(library.DirectMap.Hashtable)
    index.add_with_ids(vectors, np.arange(len(vectors)))
    index.nprobe = 16

    def put(items: np.ndarray, moved: np.ndarray) -> None:
        index.remove_ids(items)
        index.add_with_ids(moved, items)

    return put, lambda queries: index.search(queries, COUNT)[1]


def measure(name: str, make: Callable[[np.ndarray], tuple[Put, Search]], count: int) -> None:
    chance = np.random.default_rng(1)
    vectors = clustered(count, chance)
    started = time.perf_counter()
    try:
        put, search = make(vectors)
    except ImportError:
        print(f"{name}: not installed: not measured", file=sys.stderr)
        return
    built = time.perf_counter() - started
    moving = max(1, count // 1000)
    search_s, put_s, found, alone = 0.0, 0.0, 0, []
    for _ in range(ROUNDS):
        items = chance.choice(count, moving, replace=False).astype(np.int64)
        vectors[items] = unit(
            (vectors[items] + 0.05 * chance.normal(size=(moving, DIMENSIONS))).astype(np.float32)
        )
        started = time.perf_counter()
        put(items, vectors[items])
        put_s += time.perf_counter() - started
        queries = vectors[chance.integers(count, size=QUERIES)]
        started = time.perf_counter()
        got = search(queries)
        search_s += time.perf_counter() - started
        for query in queries[:50]:
            started = time.perf_counter()
            search(query[np.newaxis])
            alone.append(time.perf_counter() - started)
        for row, true in zip(got, best_of(queries @ vectors.T), strict=True):
            found += len(np.intersect1d(row, true))
    report(
        "neighbours", method=name, items=count, built_s=round(built, 2),
        recall_20=round(found / (ROUNDS * QUERIES * COUNT), 4),
        query_us=round(1e6 * search_s / (ROUNDS * QUERIES), 1),
        query_alone_us_p50=round(1e6 * float(np.median(alone)), 1),
        update_us=round(1e6 * put_s / (ROUNDS * moving), 1),
    )  # fmt: skip


def main() -> None:
    for count in [int(each) for each in sys.argv[1:]] or [5_000, 40_000, 200_000]:
        for name, make in (
            ("exact", exact), ("usearch", usearch), ("hnswlib", hnswlib), ("faiss_ivf", faiss)
        ):  # fmt: skip
            measure(name, make, count)


if __name__ == "__main__":
    main()
