"""Groups by average linkage: what scipy finds, which an image goes without."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from shopkeeper.apps.report.clusters import groups


def by_scipy(cosines, cosine_min):
    distances = np.round(1 - cosines, 6)
    np.fill_diagonal(distances, 0)
    labels = fcluster(
        linkage(squareform(distances, checks=False), "average"), 1 - cosine_min, "distance"
    )
    return {frozenset(np.flatnonzero(labels == label).tolist()) for label in labels}


@given(st.integers(2, 40), st.floats(0.05, 0.95), st.integers(0, 2**32 - 1))
def test_groups_are_those_of_scipys_linkage(count, cosine_min, seed):
    random = np.random.default_rng(seed)
    kinds = random.integers(0, 5, count)  # some are alike
    cosines = random.random((count, count)) * np.where(kinds == kinds[:, None], 1.0, 0.4)
    cosines = np.triu(cosines, 1) + np.triu(cosines, 1).T + np.eye(count)
    found = groups(cosines, cosine_min)
    assert sorted(i for members in found for i in members) == [*range(count)]
    assert {frozenset(members) for members in found} == by_scipy(cosines, cosine_min)


def test_ends_of_the_scale():
    assert groups(np.empty((0, 0), np.float32)) == []
    assert groups(np.ones((1, 1), np.float32)) == [[0]]
    assert groups(np.ones((4, 4), np.float32)) == [[0, 1, 2, 3]]
    assert groups(np.eye(3, dtype=np.float32)) == [[0], [1], [2]]
