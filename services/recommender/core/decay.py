"""Older evidence counts less: counts by epoch of event time, weighted when they are read.

An entry of age a epochs weighs 0.5 ** (a * epoch / half-life). What is stored stays integers, so
that sums do not depend on the order in which deltas come.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from shopkeeper.services.recommender.core.cooccurrence import ItemPartition
    from shopkeeper.services.recommender.core.views import ItemCountsView
    from shopkeeper.services.recommender.settings import Settings


def weights(ages: NDArray[np.int64], settings: Settings) -> NDArray[np.float64]:
    """What an entry of each age in epochs weighs, same shape."""
    half_lives = ages * (settings.decay_epoch_hours / settings.decay_half_life_hours)
    found: NDArray[np.float64] = np.exp2(-half_lives)
    return found


def decayed(counts: ItemPartition, settings: Settings) -> NDArray[np.float64]:
    """(class, item) n(i) of own items, as of the newest epoch of this partition."""
    by_age = weights(np.arange(settings.epochs), settings)
    total: NDArray[np.float64] = np.tensordot(by_age, counts.n_by_epoch, 1)
    return total


def as_of_newest(
    counts: ItemPartition, view: ItemCountsView, own: NDArray[np.int64], settings: Settings
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(class, item) n(i) and (epochs,) weights of own pairs, all as of the newest epoch anywhere.

    own: items whose n(i) this partition counts; of the others the view tells.
    """
    newest = max(counts.epoch, int(view.epoch.max()))
    n = view.decayed * weights(newest - view.epoch, settings)
    ages = np.arange(settings.epochs) + (newest - counts.epoch)
    n[:, own] = decayed(counts, settings)[:, own] * weights(ages[:1], settings)
    return n, weights(ages, settings)
