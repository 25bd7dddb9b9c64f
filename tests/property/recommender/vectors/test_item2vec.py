"""Item vectors against a naive twin in numpy; what they depend on; what they learn."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.services.recommender.core.numeric.unit import unit
from shopkeeper.services.recommender.core.vectors.item2vec import (
    RING,
    SCORE_MAX,
    TINY,
    ItemVectors,
)

DIMENSIONS, WINDOW, NEGATIVES, RATE = 8, 2, 3, 0.3
ITEMS = 7
MASK = (1 << 64) - 1
# (item, what came before it in its session)
events = st.lists(
    st.tuples(st.integers(0, ITEMS - 1), st.lists(st.integers(0, ITEMS - 1), max_size=WINDOW)),
    min_size=1,
    max_size=40,
)


def made() -> ItemVectors:
    return ItemVectors(DIMENSIONS, WINDOW, NEGATIVES, RATE)


def columns(log: list[tuple[int, list[int]]]) -> tuple[np.ndarray, np.ndarray]:
    contexts = np.full((len(log), WINDOW), -1, np.int32)
    for row, (_, before) in zip(contexts, log, strict=True):
        row[: len(before)] = before
    return np.array([item for item, _ in log], np.int64), contexts


def chance(number: int) -> int:
    z = number * 0x9E3779B97F4A7C15 & MASK
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & MASK
    z = (z ^ z >> 27) * 0x94D049BB133111EB & MASK
    return z ^ z >> 31


class Twin:
    """The same in plain numpy, pair by pair, in 64 bits."""

    def __init__(self) -> None:
        self.inputs, self.outputs = np.zeros((2, ITEMS, DIMENSIONS))
        self.squares = np.zeros((ITEMS, 2))
        self.seen: list[int] = []

    def learn(self, item: int, before: list[int]) -> None:
        number = len(self.seen)
        if self.squares[item, 0] == 0:
            draws = [chance(number * DIMENSIONS + n) >> 40 for n in range(DIMENSIONS)]
            self.inputs[item] = (np.array(draws) / 2**24 - 0.5) / DIMENSIONS
            self.squares[item, 0] = TINY
        for place, context in enumerate(before if self.seen else []):
            pair = number * WINDOW + place
            negatives = [
                self.seen[chance(~(pair * NEGATIVES + n) & MASK) % len(self.seen)]
                for n in range(NEGATIVES)
            ]
            for source, target in ((item, context), (context, item)):
                gradient = np.zeros(DIMENSIONS)
                u = self.inputs[source]
                for other, label in ((target, 1), *((n, 0) for n in negatives)):
                    if label or other not in (item, context):
                        v = self.outputs[other]
                        score = min(max(u @ v, -SCORE_MAX), SCORE_MAX)
                        slope = label - 1 / (1 + math.exp(-score))
                        gradient += slope * v
                        self.step(self.outputs, other, 1, slope * u)
                self.step(self.inputs, source, 0, gradient)
        self.seen.append(item)

    def step(self, vectors: np.ndarray, item: int, side: int, gradient: np.ndarray) -> None:
        self.squares[item, side] += (gradient**2).mean()
        vectors[item] += RATE * gradient / math.sqrt(self.squares[item, side] + TINY)


@given(events)
def test_it_learns_what_its_twin_learns(log: list[tuple[int, list[int]]]) -> None:
    vectors, twin = made(), Twin()
    vectors.learn(*columns(log))
    for item, before in log:
        twin.learn(item, before)
    assert vectors.inputs[:ITEMS] == pytest.approx(twin.inputs, rel=1e-3, abs=1e-3)
    assert vectors.outputs[:ITEMS] == pytest.approx(twin.outputs, rel=1e-3, abs=1e-3)
    assert not vectors.inputs[ITEMS:].any()


@given(events, st.integers(1, 7))
def test_it_does_not_matter_how_events_are_cut(log: list[tuple[int, list[int]]], cut: int) -> None:
    whole, parts = made(), made()
    items, contexts = columns(log)
    whole.learn(items, contexts)
    for start in range(0, len(log), cut):
        parts.learn(items[start : start + cut], contexts[start : start + cut])
        parts.reserve(1024 + start)
    assert whole.events == parts.events
    assert (whole.inputs == parts.inputs[:1024]).all()
    assert (whole.outputs == parts.outputs[:1024]).all()


@given(events, st.permutations(range(ITEMS)))
def test_nor_which_numbers_items_have(log: list[tuple[int, list[int]]], other: list[int]) -> None:
    one, two = made(), made()
    one.learn(*columns(log))
    two.learn(*columns([(other[item], [other[b] for b in before]) for item, before in log]))
    assert (one.units(np.arange(ITEMS)) == two.units(np.arange(ITEMS))[other]).all()


def test_items_of_the_same_sessions_come_to_be_alike_and_stay_in_bounds() -> None:
    vectors = ItemVectors(16, 3, 5, RATE)
    draw = np.random.default_rng(1)
    groups = draw.integers(0, 3, 4_000)
    log = [
        (int(4 * g + draw.integers(4)), [int(b) for b in 4 * g + draw.integers(4, size=2)])
        for g in groups
    ]
    contexts = np.full((len(log), 3), -1, np.int32)
    contexts[:, :2] = [before for _, before in log]
    vectors.learn(np.array([item for item, _ in log]), contexts)
    alike = vectors.units(np.arange(12)) @ vectors.units(np.arange(12)).T
    same = np.arange(12)[:, None] // 4 == np.arange(12) // 4
    assert alike[same].min() > alike[~same].max() + 0.2
    assert np.abs(vectors.inputs).max() < 20
    assert np.isfinite(vectors.outputs).all()


def test_the_ring_goes_round() -> None:
    vectors = made()
    items = np.arange(RING + 10) % ITEMS
    contexts = np.full((len(items), WINDOW), -1, np.int32)
    vectors.learn(items, contexts)
    contexts[:, 0] = (items + 1) % ITEMS
    vectors.learn(items, contexts)
    assert vectors.events == 2 * len(items)
    assert np.isfinite(vectors.units(np.arange(ITEMS))).all()


def test_without_dimensions_nothing_is_learned() -> None:
    vectors = ItemVectors(0, 3, 5, RATE)
    vectors.learn(np.array([1, 2]), np.zeros((2, 0), np.int32))
    assert vectors.window == 0
    assert vectors.events == 0
    assert vectors.units(np.arange(5)).shape == (5, 0)


def test_unit_keeps_zeros() -> None:
    made_unit = unit(np.array([[3, 4], [0, 0]], np.float32))
    assert made_unit == pytest.approx(np.array([[0.6, 0.8], [0, 0]]))
