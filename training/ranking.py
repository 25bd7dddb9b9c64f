"""Teach a table of n-gram vectors to rank products as its teachers do.

For each of many texts that might be searched, the teachers' cosines with every product of a
catalogue (the mean over teachers, each scaled to the same spread) become a distribution, and the
student's cosines are moved towards it (Kullback-Leibler divergence, as Cao et al. 2007, "Learning
to rank: from pairwise approach to listwise approach", between two models' scores as in Tang and
Wang 2018, "Ranking distillation"). What counts is which product is nearer, not the vectors
themselves, and a sum of n-grams can be taught the former much better. Nobody's choice among
the products is known here: only what the teachers make of texts.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from shopkeeper.services.recommender.models.item_encoder import CATEGORY_WEIGHT

# Chosen on half of the bundle intents (`benchmarks/bench_search.py FOLDER --half dev`).
STEPS, BATCH, RATE = 300, 512, 5e-3
WARM_UP = 20
SHARPNESS = 1.5  # of the distributions: factor of cosines in standard deviations
FIRST_MOMENT, SECOND_MOMENT = 0.9, 0.99  # of Adam
SEED = 1


class Features(NamedTuple):
    """Rows as the student sees them, CSR (rows, columns); titles and categories of products."""

    titles: Any
    categories: Any
    queries: Any


def scaled(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(rows of length 1, their lengths before)."""
    length = np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6)
    return vectors / length, length


def through_scaling(slope: np.ndarray, unit: np.ndarray, length: np.ndarray) -> np.ndarray:
    """The slope by what `scaled` was given, from that by what it returned."""
    along = (slope * unit).sum(axis=1, keepdims=True)
    return np.asarray((slope - along * unit) / length)


def softmax(scores: np.ndarray) -> np.ndarray:
    out = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(out / out.sum(axis=1, keepdims=True))


def by_teachers(queries: list[np.ndarray], products: list[np.ndarray]) -> np.ndarray:
    """(queries, products): one distribution a query. Per teacher (queries, width), (products,
    width), all of length 1."""
    total = np.zeros((len(queries[0]), len(products[0])), np.float32)
    for asked, offered in zip(queries, products, strict=True):
        cosine = asked @ offered.T
        total += cosine / cosine.std(axis=1).mean()
    return softmax(np.float32(SHARPNESS) * total / total.std(axis=1, keepdims=True))


def taught(
    weights: np.ndarray, seen: Features, queries: list[np.ndarray], products: list[np.ndarray]
) -> tuple[np.ndarray, list[float]]:
    """(the table afterwards, divergence in nats of each step). weights: (columns, width), where
    it begins; queries, products: per teacher, as of `by_teachers`. Adam; the rate
    falls as a cosine does.
    """
    random = np.random.default_rng(SEED)
    weights = weights.copy()
    from_titles, from_categories = seen.titles.T.tocsr(), seen.categories.T.tocsr()
    first, second = np.zeros_like(weights), np.zeros_like(weights)
    share = np.float32(CATEGORY_WEIGHT)
    order = np.zeros(0, np.int64)
    sharpness = np.float32(0)
    divergences = []
    for step in range(1, STEPS + 1):
        if len(order) < BATCH:
            order = random.permutation(seen.queries.shape[0])
        rows, order = order[:BATCH], order[BATCH:]
        asked = seen.queries[rows]
        titles, title_lengths = scaled(seen.titles @ weights)
        categories, category_lengths = scaled(seen.categories @ weights)
        offered, offered_lengths = scaled(titles + share * categories)
        query, query_lengths = scaled(asked @ weights)
        cosine = query @ offered.T
        if step == 1:
            sharpness = np.float32(SHARPNESS / cosine.std(axis=1).mean())
        wanted = by_teachers([of[rows] for of in queries], products)
        got = softmax(sharpness * cosine)
        divergences.append(
            float((wanted * np.log((wanted + 1e-12) / (got + 1e-12))).sum(axis=1).mean())
        )

        slope = (got - wanted) * (sharpness / np.float32(len(rows)))
        by_query = through_scaling(slope @ offered, query, query_lengths)
        by_offered = through_scaling(slope.T @ query, offered, offered_lengths)
        by_title = through_scaling(by_offered, titles, title_lengths)
        by_category = through_scaling(share * by_offered, categories, category_lengths)
        gradient = from_titles @ by_title + from_categories @ by_category + asked.T @ by_query

        first += np.float32(1 - FIRST_MOMENT) * (gradient - first)
        second += np.float32(1 - SECOND_MOMENT) * (gradient**2 - second)
        rate = RATE * min(1, step / WARM_UP) * (1 + np.cos(np.pi * step / STEPS)) / 2
        rate *= np.sqrt(1 - SECOND_MOMENT**step) / (1 - FIRST_MOMENT**step)
        weights -= np.float32(rate) * first / (np.sqrt(second) + np.float32(1e-9))
    return weights, divergences
