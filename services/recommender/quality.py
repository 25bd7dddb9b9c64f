"""Figures of ranked lists: hits, reciprocal ranks and gains by cutoff, with intervals.

HR@k: share of targets within the first k. MRR@k: mean of 1 / rank within them, else 0. NDCG@k: mean
of 1 / log2(rank + 1) likewise (one target per list, so the ideal gain is 1). Coverage@k: share of
the items known that were within the first k of any list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

CUTOFFS = (5, 10, 20)
RESAMPLES = 1000
MISS = 1 << 30  # the rank of a target that is in no list


class Tally:
    """Targets and their ranks, by the group (session or user) that they belong to."""

    def __init__(self) -> None:
        self._groups: list[int] = []
        self._ranks: list[int] = []
        self._shown: dict[int, set[int]] = {cutoff: set() for cutoff in CUTOFFS}

    def __len__(self) -> int:
        return len(self._ranks)

    def add(self, group: int, target: int, items: Sequence[int]) -> None:
        """One target and the list that should hold it, best first."""
        self._groups.append(group)
        self._ranks.append(items.index(target) + 1 if target in items else MISS)
        for cutoff, shown in self._shown.items():
            shown.update(items[:cutoff])

    def figures(self, item_count: int) -> dict[str, Any]:
        """Rounded figures at every cutoff. item_count: items known, those numbered below it."""
        found: dict[str, Any] = {"predictions": len(self)}
        ranks = np.array(self._ranks)
        for cutoff in CUTOFFS:
            found |= {name: round(float(v.mean()), 4) for name, v in _worth(ranks, cutoff).items()}
            known = sum(item < item_count for item in self._shown[cutoff])
            found[f"coverage@{cutoff}"] = round(known / max(1, item_count), 4)
        return found | self._intervals()

    def windows(self, count: int) -> list[dict[str, Any]]:
        """Figures at the largest cutoff of so many equal parts, in the order of `add`."""
        parts = np.array_split(np.array(self._ranks), count)
        return [
            {"predictions": len(part)}
            | {n: round(float(v.mean()), 4) for n, v in _worth(part, CUTOFFS[-1]).items()}
            for part in parts
            if len(part)
        ]

    def _sums(self) -> tuple[list[str], NDArray[np.float64]]:
        """Names of figures at the largest cutoff, and by group their sums, the last: targets."""
        worth = _worth(np.array(self._ranks), CUTOFFS[-1])
        _, group = np.unique(np.array(self._groups), return_inverse=True)
        columns = [np.bincount(group, values) for values in worth.values()]
        return list(worth), np.stack([*columns, np.bincount(group)], axis=1)

    def _intervals(self) -> dict[str, list[float]]:
        """95 % bootstrap intervals (percentiles), whole groups drawn: targets of one are not
        independent."""
        names, sums = self._sums()
        means = _resampled(sums)
        low, high = np.percentile(means, [2.5, 97.5], axis=0)
        return {
            f"{name}_95": [round(float(low[n]), 4), round(float(high[n]), 4)]
            for n, name in enumerate(names)
        }

    def gain_over(self, other: Tally) -> dict[str, Any]:
        """Differences to another tally of the same targets, with paired bootstrap intervals.

        Raises ValueError if the targets are not the same.
        """
        if self._groups != other._groups:
            raise ValueError("not the same targets")
        names, mine = self._sums()
        _, theirs = other._sums()
        sums = np.concatenate([mine[:, :-1] - theirs[:, :-1], mine[:, -1:]], axis=1)
        low, high = np.percentile(_resampled(sums), [2.5, 97.5], axis=0)
        point = sums[:, :-1].sum(axis=0) / sums[:, -1].sum()
        return {
            name: [round(float(v[n]), 4) for v in (point, low, high)]
            for n, name in enumerate(names)
        }


def _worth(ranks: NDArray[np.int64], cutoff: int) -> dict[str, NDArray[np.float64]]:
    within = ranks <= cutoff
    return {
        f"HR@{cutoff}": within.astype(np.float64),
        f"MRR@{cutoff}": within / ranks,
        f"NDCG@{cutoff}": within / np.log2(ranks + 1.0),
    }


def _resampled(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """(resamples, figures) means; sums: (groups, figures and, last, targets)."""
    chance = np.random.default_rng(1)
    size = len(sums)
    drawn = np.array(
        [
            np.bincount(chance.integers(size, size=size), minlength=size) @ sums
            for _ in range(RESAMPLES)
        ]
    )
    means: NDArray[np.float64] = drawn[:, :-1] / np.maximum(drawn[:, -1:], 1)
    return means
