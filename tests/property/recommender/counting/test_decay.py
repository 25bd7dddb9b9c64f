"""Decay: counts by period equal a batch, in whatever order; the reading weighs them as defined."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.services.recommender.app import Recommender
from shopkeeper.services.recommender.config import RecommenderConfig
from shopkeeper.services.recommender.core.counting.cooccurrence import (
    ItemPartition,
    decode_snapshot,
    rule_of,
)
from shopkeeper.services.recommender.core.counting.count_map import CountMap
from shopkeeper.services.recommender.core.counting.deltas import decode, deltas_of, encode
from shopkeeper.services.recommender.core.counting.neighbours import best_neighbours
from shopkeeper.services.recommender.core.counting.sessions import Sessions
from shopkeeper.services.recommender.core.counting.snapshot import StateError
from shopkeeper.services.recommender.core.numeric.items import ItemIndex
from shopkeeper.services.recommender.core.numeric.types import CLASS_COUNT, HOUR_MS
from shopkeeper.services.recommender.evaluation.local_cluster import LocalCluster, unhurried
from shopkeeper.shared.contracts.envelope import Event
from tests.property.recommender.counting.test_counts import (
    NONE,
    SMALL,
    entries,
    event,
    logs,
    records_of,
    run,
)

EPOCHS = replace(SMALL, decay_half_life_hours=2.0, decay_period_hours=1, decay_periods=3)
ByPeriod = Counter[tuple[int, int, str, str]]  # period, class, i, j (or i, i for n)


def records(log: list[Event], size: int, origin: int = 0) -> list[bytes]:
    items = ItemIndex()
    stage = Sessions(EPOCHS, items)
    found = []
    for start in range(0, len(log), size):
        learned, _ = stage.learn(log[start : start + size])
        for _, deltas in deltas_of(learned, items, "clicks", origin, 1, with_hours=True):
            found += encode(deltas, items, 400)
    return found


def by_period(counts: ItemPartition, items: ItemIndex) -> ByPeriod:
    counts.merge()
    found: ByPeriod = Counter()
    names, kept = items.product_ids, len(counts.n_by_period)
    for place, pairs in enumerate(counts.pairs):
        age, kind = divmod(place, CLASS_COUNT)
        for i, j, count in zip(pairs.rows(), pairs.columns(), pairs.counts, strict=True):
            found[age, kind, names[i], names[j]] += int(count)
    for age in range(kept):
        for kind, item in np.argwhere(counts.n_by_period[age]).tolist():
            found[age, kind, names[item], names[item]] = int(counts.n_by_period[age, kind, item])
    return found


def batch(logs_of: list[list[Event]]) -> ByPeriod:
    """From the entries themselves: each with the age of its event's hour."""
    found: ByPeriod = Counter()
    told = []
    for log in logs_of:
        hours = {e.offset: e.time_ms // HOUR_MS for e in log}
        for (_, offset, kind, i, j), count in entries(run(log, [], SMALL, 1)).items():
            told.append((hours[offset], kind, i, j if isinstance(j, str) else i, count))
    newest = max((hour for hour, *_ in told), default=0)
    for hour, kind, i, j, count in told:
        found[min(newest - hour, 2), kind, i, j] += count
    return found


@given(
    origins=st.lists(logs(length_max=20), min_size=1, max_size=3),
    size=st.integers(1, 9),
    data=st.data(),
)
def test_periods_equal_a_batch_however_cut_interleaved_and_restored(
    origins: list[list[Event]], size: int, data: st.DataObject
) -> None:
    streams = [records(log, size, origin) for origin, log in enumerate(origins)]
    items = ItemIndex()
    counts = ItemPartition(EPOCHS, items)
    while alive := [stream for stream in streams if stream]:
        counts.fold(decode(data.draw(st.sampled_from(alive)).pop(0), items))
        if data.draw(st.booleans(), "merge"):
            counts.merge()
        if data.draw(st.booleans(), "another process"):
            items = ItemIndex()
            items.intern("p5")
            saved, counts = counts.snapshot(NONE), ItemPartition(EPOCHS, items)
            counts.restore(saved)
    assert by_period(counts, items) == batch(origins)
    names, matrices, n = decode_snapshot(counts.snapshot(NONE), rule_of(EPOCHS))
    assert n.sum() == counts.n_by_period.sum()
    assert sum(m.sum() for m in matrices) == sum(int(p.counts.sum()) for p in counts.pairs)
    assert set(names) <= set(items.product_ids)


@given(
    table=st.dictionaries(
        st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(1, 5)), st.integers(1, 9),
        min_size=1,
    ),
    half_life=st.sampled_from([0.5, 1.0, 4.0]),
)  # fmt: skip
def test_rows_weigh_periods_as_defined(
    table: dict[tuple[int, int, int], int], half_life: float
) -> None:
    """c(0, j) of some periods and classes; the twin sums them in plain Python."""
    config = RecommenderConfig(shrinkage=2.0)
    items = ItemIndex()
    items.intern_all(f"p{n}" for n in range(6))
    weights = np.exp2(-np.arange(4) / half_life)
    pairs = [CountMap() for _ in range(4 * CLASS_COUNT)]
    for (age, kind, j), count in table.items():
        for _ in range(count):
            pairs[age * CLASS_COUNT + kind].add(np.array([0]), np.array([j]))
    for each in pairs:
        each.merge()
    n = np.full((CLASS_COUNT, 1024), 7.5)
    found = best_neighbours(np.array([0]), pairs, n, items, config, weights)
    expected: Counter[int] = Counter()
    for j in range(1, 6):
        for kind, weight in enumerate(config.class_weights):
            c = sum(weights[age] * table.get((age, kind, j), 0) for age in range(4))
            expected[j] += weight * c / (max(7.5, c) + 2.0)
    assert dict(zip(found.items.tolist(), found.scores.tolist(), strict=True)) == pytest.approx(
        {j: score for j, score in expected.items() if score}
    )


def test_partitions_read_the_same_rows() -> None:
    """n(j) of other partitions comes through the table, decayed as of another period perhaps."""
    config = unhurried(
        RecommenderConfig(
            blend=False, decay_half_life_hours=2, decay_period_hours=1, decay_periods=4
        ),
        "allow",
    )
    chance = np.random.default_rng(3)
    log = [
        # Half of the items fall silent: their n(i) was published as of an older period.
        event(
            n, 0, 1 + 2 * int(chance.integers(30)), n // 40, [int(chance.integers(12 - n // 99))], n
        )
        for n in range(600)
    ]

    def rows(partitions: int) -> dict[str, dict[str, float]]:
        pipeline = LocalCluster(config, partitions=partitions)
        for start in range(0, len(log), 50):
            pipeline.learn(log[start : start + 50], live=True)
        pipeline.settle()
        return rows_of(pipeline.worker)

    one, many = rows(1), rows(3)
    assert one.keys() == many.keys()
    for name, row in one.items():
        assert many[name] == pytest.approx(row, abs=2e-5)
    assert len(one) == 12


def rows_of(worker: Recommender) -> dict[str, dict[str, float]]:
    view, names = worker.knowledge.similar_items, worker.items.product_ids
    found = {}
    for item in np.flatnonzero(view.row_of[: len(names)] >= 0).tolist():
        row = view.row_of[item]
        there = view.neighbours[row] >= 0
        found[names[item]] = {
            names[j]: score
            for j, score in zip(
                view.neighbours[row][there].tolist(), view.scores[row][there].tolist(), strict=True
            )
        }
    return found


def test_state_and_records_of_the_other_kind_are_refused() -> None:
    exact, aged = ItemPartition(SMALL, ItemIndex()), ItemPartition(EPOCHS, ItemIndex())
    with pytest.raises(StateError, match="epochs=3/1h"):
        exact.restore(aged.snapshot(NONE))
    with pytest.raises(StateError, match="epochs=3/1h"):
        aged.restore(exact.snapshot(NONE))
    worker = Recommender(replace(EPOCHS, blend=False))
    worker.prepare(lambda topic: 1)
    items = ItemIndex()
    log = [event(n, 0, 1, 0, [n], 0) for n in range(3)]
    ((_, record),) = records_of(Sessions(SMALL, items), items, log, partitions=1)
    delta = Event("item-pairs", record, None, 0, 0, "", "", "")
    _, rejected = worker.make_item_pairs(0).process([delta], 0)
    assert [r.error for r in rejected] == ["corrupt_delta"]
