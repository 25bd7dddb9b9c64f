"""Older evidence counts less: counts by period of event time, weighted when they are read.

An entry of age a periods weighs 0.5 ** (a * period / half-life). What is stored stays integers, so
that sums do not depend on the order in which deltas come.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ...config import CountsConfig
    from .cooccurrence import ItemPartition


def weights(ages: NDArray[np.int64], config: CountsConfig) -> NDArray[np.float64]:
    """What an entry of each age in periods weighs, same shape; beyond the last kept as that."""
    half_lives = np.minimum(ages, config.periods - 1) * (
        config.decay_period_hours / config.decay_half_life_hours
    )
    found: NDArray[np.float64] = np.exp2(-half_lives)
    return found


def as_of_newest(
    counts: ItemPartition,
    *,
    n_by_period: NDArray[np.int32],
    newest: NDArray[np.int64],
    own: NDArray[np.int64],
    config: CountsConfig,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(class, item) n(i) and (periods,) weights of own pairs, all as of the newest period anywhere.

    n_by_period: (period, class, item), newest first, as published by the items' owners, and newest:
    (item,) the first of these periods. own: items whose n(i) this partition counts itself.
    """
    newest_anywhere = max(counts.period, int(newest.max()))
    ages = np.arange(config.periods)
    n = np.zeros(n_by_period.shape[1:])
    for age in ages.tolist():
        n += n_by_period[age] * weights(age + newest_anywhere - newest, config)
    by_age = weights(ages + newest_anywhere - counts.period, config)
    n[:, own] = np.tensordot(by_age, counts.n_by_period[:, :, own], 1)
    return n, by_age
