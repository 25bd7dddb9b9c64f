"""Live metrics of lists against naive twins, however lists are cut into folds."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.services.recommender.core.numeric.items import ItemIndex
from shopkeeper.services.recommender.core.numeric.types import CLICK
from shopkeeper.services.recommender.core.ranking import online_metrics
from shopkeeper.services.recommender.core.ranking.online_metrics import (
    ExponentialMean,
    OnlineMetrics,
)
from shopkeeper.services.recommender.core.tables.item_counts import ItemCountsTable
from shopkeeper.services.recommender.evaluation.metrics import RankingMetrics

ITEMS = 12

item = st.integers(0, ITEMS - 1)
events = st.lists(
    st.tuples(
        st.sampled_from("abcd"),  # user
        st.lists(item, min_size=1, max_size=6),  # recent
        st.lists(item, max_size=5, unique=True),  # shown
        st.booleans(),  # whether the newest is a click
    ),
    max_size=40,
)
visits = st.lists(st.integers(0, 50), min_size=ITEMS, max_size=ITEMS)


def exposure_of(visits: list[int]) -> OnlineMetrics:
    items = ItemIndex()
    items.intern_all(f"p{n}" for n in range(ITEMS))
    counts = ItemCountsTable(items)
    counts.reserve()
    counts.n[CLICK, :ITEMS] = visits
    return OnlineMetrics(items, counts)


def faded(values: list[float]) -> float:
    """The mean with weights memory ** age."""
    weights = [online_metrics.MEMORY**age for age in range(len(values))][::-1]
    weighted = sum(w * v for w, v in zip(weights, values, strict=True))
    return weighted / sum(weights) if values else 0.0


@given(events, visits, st.sets(st.integers(0, 40)))
def test_figures_are_those_of_a_naive_twin(
    events: list[Any], visits: list[int], folds: set[int]
) -> None:
    found = exposure_of(visits)
    last: dict[str, tuple[list[int], list[int]]] = {}
    answers: dict[str, list[float]] = {"1": [], "2-3": [], "4+": []}
    for number, (user, recent, shown, clicked) in enumerate(events):
        found.add(user, recent, shown, clicked)
        if number in folds:
            found.fold()
        if user in last and clicked:
            made_from, held = last[user]
            group = "1" if len(made_from) == 1 else "2-3" if len(made_from) <= 3 else "4+"
            answers[group].append(float(recent[-1] in held))
        last[user] = recent, shown
    assert found.hit_shares() == pytest.approx({k: faded(v) for k, v in answers.items()})
    shown_all = [i for _, _, shown, _ in events for i in shown]
    total = max(1, sum(visits))
    information = [-math.log2(max(visits[i], 1) / total) for i in shown_all]
    assert found.novelty() == pytest.approx(
        sum(information) / len(information) if information else 0.0
    )
    some = [(shown, recent) for _, recent, shown, _ in events if shown]
    given_ = faded([sum(visits[i] for i in shown) / len(shown) for shown, _ in some])
    own = faded([sum(visits[i] for i in recent) / len(recent) for _, recent in some])
    assert found.popularity_lift() == pytest.approx(given_ / own - 1 if own else 0.0)
    coverage, evenness = found.coverage_and_gini(ITEMS)
    assert coverage == len(set(shown_all)) / ITEMS
    often = sorted(shown_all.count(i) for i in range(ITEMS))
    if shown_all:
        n = ITEMS
        expected = sum((2 * k - n - 1) * x for k, x in enumerate(often, 1)) / (n * sum(often))
        assert evenness == pytest.approx(expected)


@given(
    st.lists(st.tuples(item, st.lists(item, min_size=1, max_size=5, unique=True)), min_size=1),
    visits,
)
def test_novelty_is_that_of_the_offline_figures(
    lists: list[tuple[int, list[int]]], visits: list[int]
) -> None:
    found, tally = exposure_of(visits), RankingMetrics()
    for number, (target, shown) in enumerate(lists):
        found.add(f"u{number}", [target], shown)
        tally.add(number, target, shown, [target])
    figures = tally.beyond_accuracy(np.array(visits))
    assert found.novelty() == pytest.approx(figures["novelty@20"], abs=6e-4)
    assert found.coverage_and_gini(ITEMS)[1] == pytest.approx(figures["gini@20"], abs=6e-5)


def test_what_waits_is_bounded_and_an_erased_user_is_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(online_metrics, "WAITING_MAX", 3)
    found = exposure_of([1] * ITEMS)
    for user in "abcd":
        found.add(user, [0], [1])
    found.add("a", [0, 1], [1])  # the oldest was dropped: no answer
    assert found.hit_shares() == {"1": 0.0, "2-3": 0.0, "4+": 0.0}
    found.forget("d")
    found.add("d", [0, 1], [1])
    assert found.hit_shares()["1"] == 0.0
    found.add("c", [0, 1], [1])
    assert found.hit_shares()["1"] == 1.0


@given(st.lists(st.floats(-10, 10)), st.integers(0, 30))
def test_a_fading_mean_does_not_depend_on_the_cut(values: list[float], cut: int) -> None:
    whole, parts = ExponentialMean(0.9), ExponentialMean(0.9)
    whole.add(np.array(values))
    parts.add(np.array(values[:cut]))
    parts.add(np.array(values[cut:]))
    assert whole.mean == pytest.approx(parts.mean)
