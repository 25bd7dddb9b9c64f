"""Ranking distillation: the slopes are right, and a student comes to rank as its teachers do."""

from __future__ import annotations

import numpy as np
import pytest
import ranking
import scipy.sparse as sp


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(3)


def one_hot(rows: int, first: int, columns: int) -> sp.csr_matrix:
    places = np.arange(rows)
    return sp.csr_matrix(
        (np.ones(rows, np.float32), (places, first + places)), shape=(rows, columns)
    )


def test_the_slope_through_scaling_is_that_of_finite_differences(
    random: np.random.Generator,
) -> None:
    vectors = random.normal(size=(4, 5))
    weights = random.normal(size=(4, 5))  # of a sum of what `scaled` returns
    unit, length = ranking.scaled(vectors)
    found = ranking.through_scaling(weights, unit, length)
    for row, column in np.ndindex(4, 5):
        step = np.zeros_like(vectors)
        step[row, column] = 1e-6
        high = (ranking.scaled(vectors + step)[0] * weights).sum()
        low = (ranking.scaled(vectors - step)[0] * weights).sum()
        assert found[row, column] == pytest.approx((high - low) / 2e-6, abs=1e-6)


def test_two_teachers_of_different_spread_weigh_the_same(random: np.random.Generator) -> None:
    asked, offered = (ranking.scaled(random.normal(size=(n, 8)))[0] for n in (3, 30))
    wide = ranking.by_teachers([asked], [offered])
    # A part in common shrinks the spread of the cosines, not their order.
    common = np.full((1, 1), 5.0)
    near = [
        ranking.scaled(np.hstack([of, np.repeat(common, len(of), axis=0)]))[0]
        for of in (asked, offered)
    ]
    np.testing.assert_allclose(wide.sum(axis=1), 1, rtol=1e-5)
    both = ranking.by_teachers([asked, near[0]], [offered, near[1]])
    np.testing.assert_allclose(both, wide, rtol=1e-3)


def test_a_student_comes_to_rank_as_its_teacher_does(
    monkeypatch: pytest.MonkeyPatch, random: np.random.Generator
) -> None:
    monkeypatch.setattr(ranking, "STEPS", 200)
    monkeypatch.setattr(ranking, "BATCH", 20)
    monkeypatch.setattr(ranking, "RATE", 0.05)  # the table of this test is small
    queries, products, width = 20, 30, 6
    columns = queries + 2 * products
    asked, offered = (
        ranking.scaled(random.normal(size=(n, width)))[0].astype(np.float32)
        for n in (queries, products)
    )
    seen = ranking.Features(
        one_hot(products, 0, columns),
        one_hot(products, products, columns),
        one_hot(queries, 2 * products, columns),
    )
    begun = random.normal(size=(columns, width)).astype(np.float32)
    best = (asked @ offered.T).argmax(axis=1)

    def first_hits(weights: np.ndarray) -> np.ndarray:
        titles = ranking.scaled(seen.titles @ weights)[0]
        filed = ranking.scaled(seen.categories @ weights)[0]
        products = ranking.scaled(titles + ranking.CATEGORY_WEIGHT * filed)[0]
        return np.asarray(((seen.queries @ weights) @ products.T).argmax(axis=1))

    assert (first_hits(begun) == best).mean() < 0.3
    untouched = begun.copy()
    weights, divergences = ranking.taught(begun, seen, [asked], [offered])
    np.testing.assert_array_equal(begun, untouched)
    assert (first_hits(weights) == best).mean() > 0.8
    assert divergences[-1] < divergences[0] / 10
