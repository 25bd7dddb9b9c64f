"""Figures of ranked lists: hits, reciprocal ranks and gains by cutoff, with intervals.

HR@k: share of targets within the first k. MRR@k: mean of 1 / rank within them, else 0. NDCG@k: mean
of 1 / log2(rank + 1) likewise (one target per list, so the ideal gain is 1). Coverage@k: share of
the items known that were within the first k of any list.

And what accuracy does not say, at the largest cutoff. Gini: of how often each known item was
shown, 0 when all alike. Novelty: mean of -log2 p(i) over the items shown, p(i) an item's share of
all visits (self-information; Vargas and Castells, "Rank and relevance in novelty and diversity
metrics", RecSys 2011). Popularity lift: the mean popularity of what a session was shown against
that of what it had looked at itself, both averaged over sessions, (shown - own) / own (delta GAP;
Abdollahpouri et al., "The unfairness of popularity bias in recommendation", RMSE at RecSys 2019):
above 0, lists are more mainstream than their readers. Categories: how many different ones a list
has on average, where a catalogue names any. HR by history: of lists made from one entry,
from two or three, from more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.ranking.online_metrics import HISTORIES, gini, history_group, self_information

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

CUTOFFS = (5, 10, 20)
RESAMPLES = 1000
MISS = 1 << 30  # the rank of a target that is in no list


class RankingMetrics:
    """Targets and their ranks, by the group (session or user) that they belong to.

    cutoffs: ascending; figures with one cutoff are at the last.
    """

    def __init__(self, cutoffs: Sequence[int] = CUTOFFS) -> None:
        self.cutoffs = tuple(cutoffs)
        self._groups: list[int] = []
        self._ranks: list[int] = []
        self._lists: list[Sequence[int]] = []
        self._histories: list[Sequence[int]] = []

    def __len__(self) -> int:
        return len(self._ranks)

    @property
    def lists(self) -> Sequence[Sequence[int]]:
        """The lists that were added, in order."""
        return self._lists

    def add(
        self, group: int, target: int, items: Sequence[int], history: Sequence[int] = ()
    ) -> None:
        """One target and the list that should hold it, best first, made from `history`."""
        self._groups.append(group)
        self._ranks.append(items.index(target) + 1 if target in items else MISS)
        self._lists.append(items)
        self._histories.append(history)

    def figures(self, item_count: int) -> dict[str, Any]:
        """Rounded figures at every cutoff. item_count: items known, those numbered below it."""
        found: dict[str, Any] = {"predictions": len(self)}
        ranks = np.array(self._ranks)
        for cutoff in self.cutoffs:
            found |= {name: round(float(v.mean()), 4) for name, v in _worth(ranks, cutoff).items()}
            shown = self.exposure(cutoff, item_count)
            found[f"coverage@{cutoff}"] = round(float((shown > 0).mean()), 4)
        return found | self.intervals()

    def beyond_accuracy(
        self, visits: NDArray[np.int64], category: NDArray[np.int32] | None = None
    ) -> dict[str, Any]:
        """Rounded figures of what was shown to whom. visits: (items known,) of each item.
        category: likewise, -1 where it is not known."""
        cutoff, count = self.cutoffs[-1], len(visits)
        items, owner = _flat([items[:cutoff] for items in self._lists], count)
        information = self_information(visits, int(visits.sum()))
        given, own = self.popularity(visits)
        both = np.isfinite(given) & np.isfinite(own)
        mine = float(own[both].mean()) if both.any() else 0.0
        lift = float(given[both].mean()) / mine - 1 if mine else 0.0
        hits = np.array(self._ranks) <= cutoff
        lengths = np.array([len(history) for history in self._histories])
        histories = np.where(lengths > 0, history_group(lengths), -1)
        by_history = {
            name: round(float(hits[histories == n].mean()), 4)
            for n, name in enumerate(HISTORIES)
            if (histories == n).any()
        }
        mixed: dict[str, Any] = {}
        if category is not None and (category >= 0).any():
            known = category[items] >= 0
            pairs = np.stack([owner[known], category[items][known]])
            distinct = np.unique(pairs, axis=1).shape[1]
            mixed = {f"categories@{cutoff}": round(distinct / max(1, len(self._lists)), 3)}
        return {
            f"gini@{cutoff}": round(gini(self.exposure(cutoff, count), count), 4),
            f"novelty@{cutoff}": round(float(information[items].mean()), 3) if len(items) else 0.0,
            f"popularity_lift@{cutoff}": round(lift, 4),
            f"HR@{cutoff}_by_history": by_history,
            **mixed,
        }

    def popularity(
        self, visits: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(groups,) each: the mean visits of what a group was shown, at the last cutoff, and of its
        histories; NaN where there is no known item. By ascending group."""
        count = len(visits)
        own_items, own_owner = _flat(self._histories, count)
        items, owner = _flat([items[: self.cutoffs[-1]] for items in self._lists], count)
        _, group = np.unique(np.array(self._groups), return_inverse=True)
        groups = group.max(initial=-1) + 1
        return (
            _mean_by(group[owner], visits[items], groups),
            _mean_by(group[own_owner], visits[own_items], groups),
        )

    def exposure(self, cutoff: int, item_count: int) -> NDArray[np.int64]:
        """(item_count,) how often each was within the first `cutoff` of a list."""
        items, _ = _flat([items[:cutoff] for items in self._lists], item_count)
        return np.bincount(items, minlength=item_count)

    def windows(self, count: int) -> list[dict[str, Any]]:
        """Figures at the last cutoff of so many equal parts, in the order of `add`."""
        parts = np.array_split(np.array(self._ranks), count)
        return [
            {"predictions": len(part)}
            | {n: round(float(v.mean()), 4) for n, v in _worth(part, self.cutoffs[-1]).items()}
            for part in parts
            if len(part)
        ]

    def after(self, count: int) -> RankingMetrics:
        """What was added after the first `count` targets."""
        rest = RankingMetrics(self.cutoffs)
        rest._groups, rest._ranks = self._groups[count:], self._ranks[count:]
        rest._lists, rest._histories = self._lists[count:], self._histories[count:]
        return rest

    def _sums(self, cutoff: int | None) -> tuple[list[str], NDArray[np.float64]]:
        """Names of figures at a cutoff (the last), and by group their sums, the last: targets."""
        worth = _worth(np.array(self._ranks), cutoff or self.cutoffs[-1])
        _, group = np.unique(np.array(self._groups), return_inverse=True)
        columns = [np.bincount(group, values) for values in worth.values()]
        return list(worth), np.stack([*columns, np.bincount(group)], axis=1)

    def intervals(self, cutoff: int | None = None) -> dict[str, list[float]]:
        """95 % bootstrap intervals (percentiles), whole groups drawn: targets of one are not
        independent."""
        names, sums = self._sums(cutoff)
        means = resampled(sums)
        low, high = np.percentile(means, [2.5, 97.5], axis=0)
        return {
            f"{name}_95": [round(float(low[n]), 4), round(float(high[n]), 4)]
            for n, name in enumerate(names)
        }

    def gain_over(self, other: RankingMetrics, cutoff: int | None = None) -> dict[str, Any]:
        """Differences to another tally of the same targets, with paired bootstrap intervals.

        Raises ValueError if the targets are not the same.
        """
        names, mine, theirs = self._beside(other, cutoff)
        sums = np.concatenate([mine[:, :-1] - theirs[:, :-1], mine[:, -1:]], axis=1)
        low, high = np.percentile(resampled(sums), [2.5, 97.5], axis=0)
        point = sums[:, :-1].sum(axis=0) / sums[:, -1].sum()
        return {
            name: [round(float(v[n]), 4) for v in (point, low, high)]
            for n, name in enumerate(names)
        }

    def relative_gain_over(
        self, other: RankingMetrics, cutoff: int | None = None
    ) -> dict[str, Any]:
        """The same in shares of the other's figures, 0.2 where they are a fifth higher; figures
        that are 0 there are left out.

        Raises ValueError if the targets are not the same.
        """
        names, mine, theirs = self._beside(other, cutoff)
        means = resampled(np.concatenate([mine[:, :-1], theirs], axis=1))
        point = mine[:, :-1].sum(axis=0), theirs[:, :-1].sum(axis=0)
        found = {}
        for n, name in enumerate(names):
            if point[1][n]:
                ratios = means[:, n] / np.maximum(means[:, len(names) + n], 1e-12) - 1
                low, high = np.percentile(ratios, [2.5, 97.5])
                ratio = point[0][n] / point[1][n] - 1
                found[name] = [round(float(v), 4) for v in (ratio, low, high)]
        return found

    def _beside(
        self, other: RankingMetrics, cutoff: int | None
    ) -> tuple[list[str], NDArray[np.float64], NDArray[np.float64]]:
        """Names of the figures, and the sums of both tallies."""
        if self._groups != other._groups:
            raise ValueError("not the same targets")
        names, mine = self._sums(cutoff)
        return names, mine, other._sums(cutoff)[1]


def _flat(
    lists: Sequence[Sequence[int]], item_count: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """All known items, one list after the other, and the number of each one's list."""
    owner = np.repeat(np.arange(len(lists)), [len(items) for items in lists])
    items = np.fromiter((item for items in lists for item in items), np.int64, len(owner))
    known = items < item_count
    return items[known], owner[known]


def _mean_by(
    groups: NDArray[np.int64], values: NDArray[np.int64], count: int
) -> NDArray[np.float64]:
    with np.errstate(invalid="ignore"):
        means: NDArray[np.float64] = np.bincount(groups, values, count) / np.bincount(
            groups, minlength=count
        )
    return means


def _worth(ranks: NDArray[np.int64], cutoff: int) -> dict[str, NDArray[np.float64]]:
    within = ranks <= cutoff
    return {
        f"HR@{cutoff}": within.astype(np.float64),
        f"MRR@{cutoff}": within / ranks,
        f"NDCG@{cutoff}": within / np.log2(ranks + 1.0),
    }


def resampled(sums: NDArray[np.float64]) -> NDArray[np.float64]:
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
