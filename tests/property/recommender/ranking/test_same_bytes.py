"""What is computed in fewer passes than it was is the same to the last byte: each against the plain
version in numpy that it replaced."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.services.recommender.core.experts import repeats
from shopkeeper.services.recommender.core.numeric.items import ItemIndex
from shopkeeper.services.recommender.core.ranking.attribution import labels
from shopkeeper.services.recommender.core.ranking.blend import softmax_by_list
from shopkeeper.services.recommender.core.ranking.features import (
    DERIVED,
    EXPERTS,
    FEATURES,
    LOGARITHMS,
    LOGS,
    PLACES,
    RAW,
    ROOTS,
    TINY,
    TOP,
    describe,
)

COLUMN = {name: number for number, name in enumerate(RAW)}


def plainly_described(raw: np.ndarray) -> np.ndarray:
    """`describe`, block by block."""
    logs = raw[:, len(ROOTS) : len(ROOTS) + len(LOGS)] + np.float32(1)
    chosen = raw[:, [COLUMN[name] for name in LOGARITHMS]] + np.float32(TINY)
    places = logs[:, len(LOGS) - len(PLACES) :]
    times, recency = raw[:, COLUMN["times"]], raw[:, COLUMN["recency"]]
    length, distinct = raw[:, COLUMN["length"]], raw[:, COLUMN["distinct"]]
    scaled_length = np.log(logs)[:, LOGS.index("length")]
    seen, last, repeated = recency > 0, recency == 1, length > distinct
    derived = [
        seen, last, recency == np.float32(1 / 2), recency == np.float32(1 / 3), times >= 2,
        last & (length == 1), last & (distinct == 1), last & repeated, seen & repeated,
        scaled_length * seen, raw[:, COLUMN["return_rate"]] * seen,
        raw[:, COLUMN["return_rate"]] * last, raw[:, COLUMN["immediate_rate"]] * last,
    ]  # fmt: skip
    plain = raw[:, len(ROOTS) + len(LOGS) :].copy()
    plain[:, COLUMN["times"] - len(ROOTS) - len(LOGS)] = np.minimum(times, repeats.TIMES_MAX)
    blocks = [
        np.sqrt(raw[:, : len(ROOTS)]), np.log(logs), plain, np.log(chosen),
        1 / np.sqrt(places), places <= TOP, np.stack(derived, axis=1),
    ]  # fmt: skip
    return np.concatenate([block.astype(np.float32) for block in blocks], axis=1)


@given(st.integers(0, 2**32), st.integers(0, 40))
def test_features_are_those_of_plain_blocks(seed: int, count: int) -> None:
    chance = np.random.default_rng(seed)
    raw = chance.gamma(0.5, 3.0, (count, len(RAW))).astype(np.float32)
    raw[chance.random(raw.shape) < 0.4] = 0.0
    for name in ("length", "distinct", "times", *PLACES):
        raw[:, COLUMN[name]] = chance.integers(0, 5, count)
    raw[:, COLUMN["recency"]] = 1 / chance.integers(1, 5, count) * chance.integers(0, 2, count)
    found = describe(raw.copy())
    assert found.shape == (count, len(FEATURES))
    assert len(DERIVED) == len(LOGARITHMS) + 2 * len(PLACES) + len(repeats.EXPERT.derived)
    assert found.tobytes() == plainly_described(raw).tobytes()


def plain_labels(shares: np.ndarray) -> list[str]:
    """`labels`, by sorting every row."""
    top = np.argsort(-shares, axis=1, kind="stable")[:, :2]
    percent = np.rint(100 * np.take_along_axis(shares, top, axis=1)).astype(np.int64)
    return [
        " ".join(f"{EXPERTS[e]}:{p}" for e, p in zip(*row, strict=True) if p)
        for row in zip(top.tolist(), percent.tolist(), strict=True)
    ]


@given(st.integers(0, 2**32), st.integers(0, 30), st.sampled_from([np.float32, np.float64]))
def test_labels_are_those_of_sorted_shares(seed: int, count: int, kind: type) -> None:
    chance = np.random.default_rng(seed)
    # In steps of half a percent: many are alike, and many lie between two percentages.
    shares = (chance.integers(0, 40, (count, len(EXPERTS))) * 0.005).astype(kind)
    shares[chance.random(shares.shape) < 0.5] = 0.0
    assert labels(shares) == plain_labels(shares)


@given(st.lists(st.integers(1, 30), min_size=1, max_size=8), st.integers(0, 2**32))
def test_odds_are_those_of_each_list(sizes: list[int], seed: int) -> None:
    scores = np.random.default_rng(seed).normal(0, 3, sum(sizes))
    starts = np.cumsum([0, *sizes[:-1]])
    owner = np.repeat(np.arange(len(sizes)), sizes)
    odds = np.exp(scores - np.maximum.reduceat(scores, starts)[owner])
    expected = odds / np.add.reduceat(odds, starts)[owner]
    assert softmax_by_list(scores, starts).tobytes() == expected.tobytes()


def test_capacity_is_a_power_of_two_above_the_count_of_items() -> None:
    items = ItemIndex()
    for count in range(1, 5_000):
        items.intern(f"p{count}")
        assert items.capacity == max(1024, 1 << count.bit_length())
