"""Components and centres against scikit-learn's, which a worker does not load."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import KMeans, MiniBatchKMeans
from sklearn.decomposition import IncrementalPCA

from shopkeeper.services.recommender.core.user_groups.methods import (
    Components,
    first_centres,
    moved,
    nearest,
    turned,
)

WIDTH, COUNT = 9, 4


def vectors(seed: int, count: int) -> np.ndarray:
    chance = np.random.default_rng(seed)
    return chance.normal(0, 1, (count, WIDTH)) * np.arange(1, WIDTH + 1) + chance.normal(0, 3)


@settings(max_examples=40)
@given(st.integers(0, 10**6), st.lists(st.integers(4, 60), min_size=1, max_size=6))
def test_components_are_scikit_learns(seed: int, sizes: list[int]) -> None:
    found = Components(np.zeros(WIDTH), np.zeros(WIDTH), np.eye(WIDTH)[:COUNT], np.zeros(COUNT), 0)
    twin = IncrementalPCA(COUNT)
    for n, size in enumerate(sizes):
        batch = vectors(seed + n, size)
        found = turned(found, batch, COUNT)
        twin.partial_fit(batch)
    assert found.mean == pytest.approx(twin.mean_)
    assert found.variance == pytest.approx(twin.var_)
    assert found.singular == pytest.approx(twin.singular_values_)
    assert found.seen == twin.n_samples_seen_
    assert np.abs((found.axes * twin.components_).sum(axis=1)) == pytest.approx(1.0)


@settings(max_examples=40)
@given(st.integers(0, 10**6), st.integers(1, 80))
def test_centres_move_as_scikit_learns(seed: int, size: int) -> None:
    chance = np.random.default_rng(seed)
    centres, weights = chance.normal(0, 5, (COUNT, WIDTH)), chance.integers(1, 50, COUNT) * 1.0
    batch = vectors(seed, size)
    twin = MiniBatchKMeans(COUNT, init=centres, n_init=1, reassignment_ratio=0.0, random_state=1)
    twin.partial_fit(
        np.concatenate([centres, batch]), sample_weight=np.concatenate([weights, np.ones(size)])
    )
    found = moved(centres, weights, batch)
    assert found == pytest.approx(twin.cluster_centers_)
    assert nearest(batch, found).tolist() == twin.predict(batch).tolist()


@pytest.mark.parametrize("seed", range(8))
def test_first_centres_tell_as_much_as_scikit_learns(seed: int) -> None:
    chance = np.random.default_rng(seed)
    places = chance.normal(0, 4, (12, WIDTH))
    x = places[chance.integers(0, 12, 800)] + chance.normal(0, 1, (800, WIDTH))
    found = first_centres(x, 12, 4, 1)
    inertia = ((x - found[nearest(x, found)]) ** 2).sum()
    twin = KMeans(12, n_init=4, random_state=1).fit(x)
    assert inertia <= 1.02 * twin.inertia_
    assert found.tobytes() == first_centres(x, 12, 4, 1).tobytes()


def test_fewer_places_than_centres() -> None:
    x = np.repeat(np.eye(WIDTH)[:2], 10, axis=0)
    found = first_centres(x, 3, 2, 1)
    assert found.shape == (3, WIDTH)
    assert np.isfinite(found).all()
