"""Older evidence counts less: counts by epoch of event time, weighted when they are read.

An entry of age a epochs weighs 0.5 ** (a * epoch / half-life). What is stored stays integers, so
that sums do not depend on the order in which deltas come.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ...config import RecommenderConfig
    from ..tables.item_counts import ItemCountsTable
    from .cooccurrence import ItemPartition


def weights(ages: NDArray[np.int64], settings: RecommenderConfig) -> NDArray[np.float64]:
    """What an entry of each age in epochs weighs, same shape; beyond the last kept as that."""
    half_lives = np.minimum(ages, settings.epochs - 1) * (
        settings.decay_epoch_hours / settings.decay_half_life_hours
    )
    found: NDArray[np.float64] = np.exp2(-half_lives)
    return found


def as_of_newest(
    counts: ItemPartition,
    view: ItemCountsTable,
    own: NDArray[np.int64],
    settings: RecommenderConfig,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(class, item) n(i) and (epochs,) weights of own pairs, all as of the newest epoch anywhere.

    own: items whose n(i) this partition counts; of the others the view tells.
    """
    newest = max(counts.epoch, int(view.epoch.max()))
    ages = np.arange(settings.epochs)
    n = np.zeros(view.n.shape)
    for age in ages.tolist():
        n += view.n_by_epoch[age] * weights(age + newest - view.epoch, settings)
    by_age = weights(ages + newest - counts.epoch, settings)
    n[:, own] = np.tensordot(by_age, counts.n_by_epoch[:, :, own], 1)
    return n, by_age
