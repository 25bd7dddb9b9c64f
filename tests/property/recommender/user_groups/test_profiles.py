"""Cells of profiles: lifts against a twin of loops, and what shrinking does."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.services.recommender.core.user_groups.clicks import GroupClicks
from shopkeeper.services.recommender.core.user_groups.profiles import (
    CELL_BIT,
    CELL_USERS_MIN,
    PRIOR_MAX,
    PRIOR_MIN,
    cell_of,
    cells_of,
    kept_values,
    lifts_of_cells,
)
from shopkeeper.shared.contracts.events.shop import UserProfiled

FIELD_OF = {cell_of("region", r): "region" for r in "abc"}
FIELD_OF |= {cell_of("language", r): "language" for r in ("en", "fr")}
CELLS = [*FIELD_OF]
counts_of_cells = st.dictionaries(
    st.tuples(st.sampled_from(CELLS), st.integers(0, 6)), st.integers(1, 30), min_size=1
)
sizes_of_cells = st.fixed_dictionaries({cell: st.integers(0, 12) for cell in CELLS})


def naive(counts, sizes):
    """(shares by item, lifts by cell and item), one number after the other."""
    total = sum(counts.values())
    items = sorted({item for _, item in counts})
    shares = {i: sum(n for (_, j), n in counts.items() if j == i) / total for i in items}
    lifts = {}
    for field in ("region", "language"):
        told = [c for c in CELLS if FIELD_OF[c] == field and sizes[c] >= CELL_USERS_MIN]
        told = [c for c in told if any(cell == c for cell, _ in counts)]
        surplus = squares = 0.0
        for cell in told:
            of_cell = sum(n for (c, _), n in counts.items() if c == cell)
            for item in items:
                expected = of_cell * shares[item]
                surplus += (counts.get((cell, item), 0) - expected) ** 2 - expected
                squares += expected**2
        shape = PRIOR_MAX
        if surplus > squares / PRIOR_MAX:
            shape = max(PRIOR_MIN, squares / surplus)
        for cell in told:
            of_cell = sum(n for (c, _), n in counts.items() if c == cell)
            lifts[cell] = [
                (counts.get((cell, i), 0) + shape) / (of_cell * shares[i] + shape) for i in items
            ]
    return items, shares, lifts


@given(counts_of_cells, sizes_of_cells)
def test_lifts_are_those_of_the_naive_twin(counts, sizes):
    keys = np.array([cell << 32 | item for cell, item in counts], np.int64)
    clicks = np.array([*counts.values()], np.float64)
    found = lifts_of_cells(keys, clicks, sizes, FIELD_OF)
    items, shares, lifts = naive(counts, sizes)
    assert found.items.tolist() == items
    assert found.shares.tolist() == pytest.approx([shares[i] for i in items])
    assert found.lifts.keys() == lifts.keys()
    for cell, row in lifts.items():
        assert found.lifts[cell].tolist() == pytest.approx(row)
    told = [cell for cell in CELLS if cell in lifts]
    if told:
        scores = [
            shares[i] * np.prod([lifts[cell][n] for cell in told]) for n, i in enumerate(items)
        ]
        order = np.arange(len(items))
        assert found.scores(told).tolist() == pytest.approx(scores)
        best = found.best(told, order, 3)
        values = [found.scores(told)[items.index(i)] for i in best]
        assert values == pytest.approx(sorted(scores)[::-1][:3])
    assert found.best([cell_of("region", "elsewhere")], np.arange(len(items)), 3) == []


def test_shrinking_is_hard_where_cells_differ_by_chance_and_light_where_they_really_do():
    rng = np.random.default_rng(3)
    shares = rng.dirichlet(np.ones(50))
    cells = [cell_of("region", str(n)) for n in range(8)]
    sizes = dict.fromkeys(cells, 50)
    field_of = dict.fromkeys(cells, "region")

    def lifts(tastes):
        counts = np.array([rng.multinomial(400, of) for of in tastes])
        place = np.nonzero(counts)
        keys = np.array(cells, np.int64)[place[0]] << 32 | place[1]
        found = lifts_of_cells(keys, counts[place].astype(float), sizes, field_of)
        return np.array([found.lifts[cell] for cell in cells])

    alike = lifts([shares] * 8)
    apart = lifts([rng.dirichlet(50 * shares) for _ in cells])
    assert np.abs(np.log(alike)).mean() < 0.05
    assert np.abs(np.log(apart)).mean() > 0.2


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 3)), max_size=200))
def test_cells_are_bounded_and_groups_by_behaviour_are_not_touched(clicks):
    counts = GroupClicks(6.0, 100, 9, cells_max=3)
    totals = dict.fromkeys(range(10), 0)
    for cell, item in clicks:
        totals[cell] += 1
        counts.add([CELL_BIT | cell, cell], [item, item], [0, 0])
    keys, _ = counts.top()
    groups = {*(keys >> 32).tolist()}
    clicked = {cell for cell, n in totals.items() if n}
    assert {g for g in groups if g < CELL_BIT} == clicked
    cells = {g & CELL_BIT - 1 for g in groups if g & CELL_BIT}
    assert len(cells) == min(3, len(clicked))
    least = min((totals[c] for c in cells), default=0)
    assert all(totals[c] <= least for c in clicked - cells)


def test_values_are_spelled_alike_and_only_allowed_fields_are_cells():
    every = frozenset({"region", "language", "gender"})
    one = UserProfiled(user_id="u", region="New  York ", language="EN_us", gender="other")
    two = UserProfiled(user_id="v", region="new york", language="en-GB", age_band="18_24")
    assert kept_values(one, every) == (
        ("gender", "other"),
        ("region", "new york"),
        ("language", "en"),
    )
    allowed = frozenset({"region", "language"})
    cells = cells_of(kept_values(one, every), allowed)
    assert cells == cells_of(kept_values(two, every), allowed)
    assert all(CELL_BIT <= cell < 1 << 31 for cell in cells)
