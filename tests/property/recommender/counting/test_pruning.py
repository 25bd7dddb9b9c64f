"""Pruning: a naive twin drops the same pairs; it spares what may still count; replays agree."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopkeeper.services.recommender.config import RecommenderConfig
from shopkeeper.services.recommender.core.counting.cooccurrence import (
    ItemPartition,
    decode_snapshot,
    rule_of,
)
from shopkeeper.services.recommender.core.counting.count_map import CountMap
from shopkeeper.services.recommender.core.counting.deltas import decode
from shopkeeper.services.recommender.core.counting.pruning import prune
from shopkeeper.services.recommender.core.counting.sessions import Sessions
from shopkeeper.services.recommender.core.counting.snapshot import StateError
from shopkeeper.services.recommender.core.numeric.items import ItemIndex
from shopkeeper.services.recommender.core.numeric.types import CHERNOFF, PAIRS, SESSIONS
from shopkeeper.shared.contracts.envelope import Event
from tests.property.recommender.counting.test_counts import (
    NONE,
    SMALL,
    batches,
    held,
    logs,
    records_of,
)

SIZE = 12
BOUNDS = st.sampled_from([PAIRS, SESSIONS, CHERNOFF])
Table = dict[tuple[int, int], int]


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[Table], np.ndarray]:
    """Counts by class, a diagonal-free table each, and n(i) that are not below them; items from
    `own` on belong to other partitions."""
    own = draw(st.integers(1, SIZE))
    pair = st.tuples(st.integers(0, own - 1), st.integers(0, SIZE - 1)).filter(
        lambda p: p[0] != p[1]
    )
    found = [
        draw(st.dictionaries(pair, st.integers(1, 60), max_size=size)) for size in (60, 20, 20)
    ]
    n = np.zeros((3, SIZE), np.int32)
    for kind, table in enumerate(found):
        for (row, column), count in table.items():
            for item in (row, column):
                if item < own:
                    n[kind, item] = max(n[kind, item], count)
        n[kind, :own] += draw(st.integers(0, 500))
    return found, n


@st.composite
def config(draw: st.DrawFn) -> RecommenderConfig:
    return RecommenderConfig(
        pruning_bound=draw(BOUNDS),
        pruning_delta=draw(st.sampled_from([0.001, 0.1, 0.5, 0.97])),
        neighbours_max=draw(st.integers(1, 4)),
        shrinkage=draw(st.sampled_from([0.0, 3.0, 20.0])),
        class_weights=draw(st.sampled_from([(1.0, 0.5, 0.5), (1.0, 0.0, 2.0)])),
    )


def maps_of(found: list[Table]) -> list[CountMap]:
    maps = []
    for table in found:
        counts = CountMap()
        keys = np.array(list(table), np.int64).reshape(-1, 2)
        counts.replace(keys[:, 0], keys[:, 1], np.array(list(table.values()), np.int32))
        maps.append(counts)
    return maps


def tables_of(maps: list[CountMap]) -> list[Table]:
    return [
        dict(
            zip(
                zip(m.rows().tolist(), m.columns().tolist(), strict=True),
                m.counts.tolist(),
                strict=True,
            )
        )
        for m in maps
    ]


def scores_of(
    found: list[Table], n: np.ndarray, config: RecommenderConfig
) -> dict[tuple[int, int], tuple[float, list[tuple[float, int, float]]]]:
    """By pair: similarity, and by class (weight, count, sessions)."""
    kinds = [k for k in range(3) if found[k] and config.class_weights[k]]
    totals = {}
    for kind in kinds:
        beside = [sum(c for (_, j), c in found[kind].items() if j == item) for item in range(SIZE)]
        own = [item for item in range(SIZE) if n[kind, item]]
        here = sum(beside[item] for item in own)
        share = sum(int(n[kind, i]) for i in own if beside[i]) / here if here else 1.0
        totals[kind] = [int(n[kind, i]) or beside[i] * share for i in range(SIZE)]
    scores = {}
    for i, j in sorted({pair for kind in kinds for pair in found[kind]}):
        score, parts = 0.0, []
        for kind in kinds:
            count = found[kind].get((i, j), 0)
            left, right = (max(totals[kind][x], count) + config.shrinkage for x in (i, j))
            sessions = max(1.0, math.sqrt(left * right))
            score += config.class_weights[kind] * count / sessions
            parts.append((config.class_weights[kind], count, sessions))
        scores[i, j] = score, parts
    return scores


def naive(found: list[Table], n: np.ndarray, config: RecommenderConfig) -> list[Table]:
    scores = scores_of(found, n, config)
    left = [dict(table) for table in found]
    for (i, j), (score, parts) in scores.items():
        row = sorted((s for (other, _), (s, _) in scores.items() if other == i), reverse=True)
        if len(row) <= config.neighbours_max or score >= row[config.neighbours_max - 1]:
            continue
        lowest = row[config.neighbours_max - 1]
        if config.pruning_bound == PAIRS:
            times = sum(count for _, count, _ in parts)
            evidence = 2 * times * ((lowest - score) / sum(w for w, _, _ in parts)) ** 2
        elif config.pruning_bound == SESSIONS:
            evidence = 2 * (lowest - score) ** 2 / sum(w * w / m for w, _, m in parts)
        else:
            most = max(w / m for w, _, m in parts)
            needed, seen = lowest / most, score / most
            evidence = (needed - seen) ** 2 / (2 * needed)
        if evidence > math.log(1 / config.pruning_delta):
            for kind, weight in enumerate(config.class_weights):
                if weight:
                    left[kind].pop((i, j), None)
    return left


@settings(max_examples=300)
@given(table=tables(), config=config())
def test_a_naive_twin_drops_the_same(
    table: tuple[list[Table], np.ndarray], config: RecommenderConfig
) -> None:
    found, n = table
    maps = maps_of(found)
    dropped = prune(maps, n, config)
    assert tables_of(maps) == naive(found, n, config)
    assert dropped == sum(map(len, found)) - sum(map(len, maps))


def test_something_is_dropped() -> None:
    """Seen once in 400 sessions of each, where the best neighbour was there in every other one."""
    found: list[Table] = [{(0, 1): 200, (0, 2): 1}, {}, {}]
    n = np.zeros((3, SIZE), np.int32)
    n[0, :3] = 400
    for bound, spared in ((PAIRS, True), (SESSIONS, False), (CHERNOFF, False)):
        maps = maps_of(found)
        prune(maps, n, RecommenderConfig(pruning_bound=bound, pruning_delta=0.01, neighbours_max=1))
        assert ((0, 2) in tables_of(maps)[0]) is spared
        assert (0, 1) in tables_of(maps)[0]


@given(table=tables(), config=config())
def test_the_best_of_a_row_stay(
    table: tuple[list[Table], np.ndarray], config: RecommenderConfig
) -> None:
    found, n = table
    scores = scores_of(found, n, config)
    maps = maps_of(found)
    prune(maps, n, config)
    kept = {pair for one in tables_of(maps) for pair in one}
    for row in {i for i, _ in scores}:
        pairs = sorted((p for p in scores if p[0] == row), key=lambda p: -scores[p][0])
        assert set(pairs[: config.neighbours_max]) <= kept or len(kept & set(pairs)) >= min(
            len(pairs), config.neighbours_max
        )


@given(table=tables(), config=config())
def test_nothing_is_dropped_while_chance_may_explain_any_gap(
    table: tuple[list[Table], np.ndarray], config: RecommenderConfig
) -> None:
    """Hoeffding's eps for the most often seen pair is not below the range of the similarity."""
    found, n = table
    most = sum(max(one.values(), default=0) for one in found)
    config = replace(config, pruning_bound=PAIRS, pruning_delta=math.exp(-2 * max(1, most) - 1))
    maps = maps_of(found)
    assert prune(maps, n, config) == 0
    assert tables_of(maps) == found


PRUNED = replace(
    SMALL, pruning_delta=0.97, pruning_interval_entries=7, neighbours_max=1, shrinkage=0.0
)


@given(log=logs(), cuts=st.lists(st.integers(0, 100)), data=st.data())
def test_replays_prune_the_same(log: list[Event], cuts: list[int], data: st.DataObject) -> None:
    """Another process, with other integers, crashes and goes on from older checkpoints."""
    items = ItemIndex()
    stage = Sessions(PRUNED, items)
    records = [
        r for batch in batches(log, cuts) for _, r in records_of(stage, items, batch, partitions=1)
    ]
    if records:  # repeats, as after a crash of stage A
        records += records[data.draw(st.integers(0, len(records) - 1)) :]
    undisturbed = ItemPartition(PRUNED, items)
    for record in records:
        undisturbed.fold(decode(record, items))
    items, saved, next_record, at, crashes = ItemIndex(), None, 0, 0, 3
    counts = ItemPartition(PRUNED, items)
    while at < len(records):
        counts.fold(decode(records[at], items))
        at += 1
        if data.draw(st.booleans(), "tick"):
            counts.merge()
        if data.draw(st.booleans(), "checkpoint"):
            saved, next_record = counts.snapshot(NONE), at
        elif crashes and data.draw(st.booleans(), "crash"):
            crashes -= 1
            items = ItemIndex()
            items.intern_all([f"p{n}" for n in range(6, crashes, -1)])
            counts = ItemPartition(PRUNED, items)
            if saved is not None:
                counts.restore(saved)
            at = next_record
    assert counts.folded == undisturbed.folded
    rule = rule_of(PRUNED)
    assert held(counts, rule) == held(undisturbed, rule)


def test_state_pruned_by_another_rule_is_refused() -> None:
    exact, pruned = ItemPartition(SMALL, ItemIndex()), ItemPartition(PRUNED, ItemIndex())
    with pytest.raises(StateError, match="pruning"):
        exact.restore(pruned.snapshot(NONE))
    with pytest.raises(StateError, match="co-occurrence/1'"):
        pruned.restore(exact.snapshot(NONE))
    assert decode_snapshot(exact.snapshot(NONE))[0] == []
