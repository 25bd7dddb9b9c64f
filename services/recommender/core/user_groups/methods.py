"""Principal components and K-means, as they are learned: batch by batch.

Components: the incremental decomposition of Ross, Lim, Lin and Yang, "Incremental learning for
robust visual tracking", IJCV 2008, section 3. Centres: greedy k-means++ (Arthur and Vassilvitskii,
"k-means++: the advantages of careful seeding", SODA 2007) with Lloyd's iterations, then the step of
Sculley, "Web-scale K-means clustering", WWW 2010. scikit-learn does the same, at the price of 70 MB
in every worker; tests hold these to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

ITERATIONS_MAX = 300
MOVED_MIN = 1e-4  # of the mean variance: centres that move less, squared and summed, have settled


class Components(NamedTuple):
    """Principal components of the vectors seen. mean, variance: (width,); axes: (components,
    width), rows of length 1; singular: (components,), of all vectors seen, less their mean."""

    mean: NDArray[np.float64]
    variance: NDArray[np.float64]
    axes: NDArray[np.float64]
    singular: NDArray[np.float64]
    seen: int


def turned(before: Components, x: NDArray[np.float64], count: int) -> Components:
    """The first `count` components after more vectors, (vectors, width), at least as many as
    components where none were seen before. Raises numpy.linalg.LinAlgError where the decomposition
    does not converge."""
    seen = before.seen + len(x)
    batch_mean, batch_variance = x.mean(axis=0), x.var(axis=0)
    apart = x - batch_mean
    if before.seen:
        difference = before.mean - batch_mean
        mean = (before.mean * before.seen + batch_mean * len(x)) / seen
        between = before.seen * len(x) / seen
        variance = (
            before.variance * before.seen + batch_variance * len(x) + between * difference**2
        ) / seen
        # What is known of those before, the batch, and how far their means lie apart.
        apart = np.vstack(
            (before.singular[:, None] * before.axes, apart, np.sqrt(between) * difference)
        )
    else:
        mean, variance = batch_mean, batch_variance
    _, singular, axes = np.linalg.svd(apart, full_matrices=False)
    # An axis's sign says nothing: its largest part is positive, in every process.
    largest = axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)]
    axes *= np.where(largest < 0, -1.0, 1.0)[:, None]
    return Components(mean, variance, axes[:count], singular[:count], seen)


def nearest(x: NDArray[np.float64], centres: NDArray[np.float64]) -> NDArray[np.intp]:
    """(vectors,) the nearest centre of each; of equals the first."""
    found: NDArray[np.intp] = np.argmin((centres**2).sum(axis=1) - 2.0 * x @ centres.T, axis=1)
    return found


def moved(
    centres: NDArray[np.float64], weights: NDArray[np.float64], x: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Centres of so many vectors each, after more vectors: each the mean of all that are its."""
    near = nearest(x, centres)
    sums = centres * weights[:, None]
    np.add.at(sums, near, x)
    totals = weights + np.bincount(near, minlength=len(centres))
    return np.where(totals[:, None] > 0, sums / np.maximum(totals, 1e-300)[:, None], centres)


def first_centres(
    x: NDArray[np.float64], count: int, starts: int, seed: int
) -> NDArray[np.float64]:
    """(count, width) centres of at least as many vectors: the best of several starts."""
    chance = np.random.default_rng(seed)
    tolerance = MOVED_MIN * float(x.var(axis=0).mean())
    found = [_settled(x, _seeds(x, count, chance), tolerance) for _ in range(starts)]
    return min(found, key=lambda centres: _inertia(x, centres))


def _squared(x: NDArray[np.float64], centres: NDArray[np.float64]) -> NDArray[np.float64]:
    """(vectors, centres) squared distances."""
    apart = (x**2).sum(axis=1)[:, None] + (centres**2).sum(axis=1) - 2.0 * x @ centres.T
    found: NDArray[np.float64] = np.maximum(apart, 0.0)
    return found


def _inertia(x: NDArray[np.float64], centres: NDArray[np.float64]) -> float:
    return float(_squared(x, centres).min(axis=1).sum())


def _seeds(x: NDArray[np.float64], count: int, chance: np.random.Generator) -> NDArray[np.float64]:
    """Greedy k-means++: each next one, of several drawn, leaves the least distance."""
    trials = 2 + int(np.log(count))
    chosen = [int(chance.integers(len(x)))]
    closest = _squared(x, x[chosen])[:, 0]
    while len(chosen) < count:
        drawn = np.searchsorted(np.cumsum(closest), chance.random(trials) * closest.sum())
        drawn = np.minimum(drawn, len(x) - 1)
        left = np.minimum(_squared(x, x[drawn]), closest[:, None])
        best = int(left.sum(axis=0).argmin())
        chosen.append(int(drawn[best]))
        closest = left[:, best]
    return x[chosen]


def _settled(
    x: NDArray[np.float64], centres: NDArray[np.float64], tolerance: float
) -> NDArray[np.float64]:
    """Lloyd's iterations. A centre that nothing is near is put where vectors are worst told."""
    for _ in range(ITERATIONS_MAX):
        near = nearest(x, centres)
        after = moved(centres, np.zeros(len(centres)), x)
        empty = np.flatnonzero(np.bincount(near, minlength=len(centres)) == 0)
        if len(empty):
            away = ((x - after[near]) ** 2).sum(axis=1)
            after[empty] = x[np.argsort(-away)[: len(empty)]]
        shift = float(((after - centres) ** 2).sum())
        centres = after
        if shift <= tolerance and not len(empty):
            break
    return centres
