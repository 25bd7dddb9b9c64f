"""Stage C: lists from the neighbours of what a user did last, many lists at once.

score(j) = r(j) * sum over the distinct recent items i of decay ** a(i) * s(i, j), where a(i) is
how many entries ago i was last there and s(i, j) its neighbour's score (item-based collaborative
filtering with session decay). A recent item may also vouch for itself, with `repeat_weight`.
r(j) = 1 + sentiment_weight * min(0, m(j)), m(j) in [-1, 1] the Bayesian mean of j's reviews: a
badly reviewed item sinks, a well reviewed one is not pushed.

Never offered: what is removed or unavailable, what was just bought, and the current item. Where
neighbours do not fill a list, trending items of the current item's category do, then trending
items of all, then the newest of the catalogue; these have score 0, for it compares to nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice, pairwise
from typing import TYPE_CHECKING

import numpy as np

from shopkeeper.services.recommender.core.blend import Learner, softmax_by_list
from shopkeeper.services.recommender.core.counts import starts_of
from shopkeeper.services.recommender.core.features import Evidence, describe
from shopkeeper.services.recommender.settings import CLICK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from shopkeeper.services.recommender.core.items import Items
    from shopkeeper.services.recommender.core.views import Views
    from shopkeeper.services.recommender.settings import Settings

BATCH_LISTS_MAX = 512  # keeps a batch's candidates (about 400 per list) in the cache
TOGETHER = ("viewed_together", "added_together", "bought_together")  # by event class
FALLBACKS = ("none", "trending", "newest", "empty")
ALL_SCOPE = "all"
NEW_AGES = 2
_SELF = 255  # in place of an event class: the item vouched for itself


@dataclass(slots=True)
class Ranked:
    """One list, best first: item, score, reason code, and the reason's one parameter."""

    items: list[int]
    scores: list[float]
    codes: list[str]
    parameters: list[str | None]  # a product id, a category, or nothing
    fallback: str  # of FALLBACKS: how far down the chain it had to go
    blended: bool = False  # scores are the blend's
    # What was ranked, if a blend is to learn from it: (candidates,), (candidates, features).
    candidates: NDArray[np.int64] | None = field(default=None, compare=False, repr=False)
    features: NDArray[np.float32] | None = field(default=None, compare=False, repr=False)


class Asked:
    """Lists that somebody will want in a moment."""

    def __init__(
        self, ranker: Ranker, recents: Sequence[Sequence[int]], boughts: Sequence[Sequence[int]]
    ) -> None:
        self._ranker, self.recents, self.boughts = ranker, recents, boughts
        self.made: list[Ranked] | None = None

    def lists(self) -> list[Ranked]:
        """Them, in the order asked for."""
        if self.made is None:
            self._ranker.answer()
        assert self.made is not None
        return self.made


class Ranker:
    """Reads the views and the blend; holds nothing but the lists that were just asked for."""

    def __init__(
        self, settings: Settings, items: Items, views: Views, learner: Learner | None = None
    ) -> None:
        """learner: holds the blend that decides the order, once it is to be trusted."""
        self._settings, self._items, self._views = settings, items, views
        self._learner = learner
        self._asked: list[Asked] = []
        self._decay: NDArray[np.float64] = np.power(settings.session_decay, np.arange(1024.0))

    def rank(
        self,
        recents: Sequence[Sequence[int]],
        boughts: Sequence[Sequence[int]],
        count: int | None = None,
    ) -> list[Ranked]:
        """One list per user, of at most `count` (default `list_items_max`) items.

        recents: by list, items of the last events, newest last, at most 1,024. boughts: by list.
        """
        count = count or self._settings.list_items_max
        ranked: list[Ranked] = []
        for start in range(0, len(recents), BATCH_LISTS_MAX):
            end = start + BATCH_LISTS_MAX
            ranked += self._batch(recents[start:end], boughts[start:end], count)
        return ranked

    def ask(self, recents: Sequence[Sequence[int]], boughts: Sequence[Sequence[int]]) -> Asked:
        """Lists to be made when the first of those asked for is needed, all in one batch."""
        asked = Asked(self, recents, boughts)
        self._asked.append(asked)
        return asked

    def answer(self) -> None:
        """Make every list that was asked for."""
        asked, self._asked = self._asked, []
        made = iter(
            self.rank(
                [recent for each in asked for recent in each.recents],
                [bought for each in asked for bought in each.boughts],
            )
        )
        for each in asked:
            each.made = list(islice(made, len(each.recents)))

    def _batch(
        self, recents: Sequence[Sequence[int]], boughts: Sequence[Sequence[int]], count: int
    ) -> list[Ranked]:
        lists = [Ranked([], [], [], [], "none") for _ in recents]
        self._personal(lists, recents, boughts, count)
        blocked = self._views.catalogue.blocked()
        for number, ranked in enumerate(lists):
            if len(ranked.items) < count:
                self._fill(ranked, recents[number], boughts[number], blocked, count)
        return lists

    # -- by neighbours

    def _personal(
        self,
        lists: list[Ranked],
        recents: Sequence[Sequence[int]],
        boughts: Sequence[Sequence[int]],
        count: int,
    ) -> None:
        settings, views, size = self._settings, self._views, np.int64(max(1, len(self._items)))
        seeds, owners, ages, times = self._seeds(recents, size)
        weights = self._decay[ages]
        similar = views.similar
        similar.reserve()
        rows = similar.row_of[seeds]
        found = rows >= 0
        rows = rows[found]
        neighbours = similar.neighbours[rows]
        # Of items that lie further back only the nearest: they weigh less, and there are more.
        most = np.where(
            ages[found] < NEW_AGES, settings.neighbours_max, settings.old_neighbours_max
        )
        present = (neighbours >= 0) & (np.arange(neighbours.shape[1]) < most[:, None])
        width = present.sum(axis=1)
        candidates = neighbours[present].astype(np.int64)
        raw = similar.scores[rows]
        parts = (weights[found][:, None] * raw)[present]
        classes = similar.classes[rows][present]
        sources = np.repeat(seeds[found], width)
        keys = np.repeat(owners[found], width) * size + candidates
        if settings.repeat_weight:
            keys = np.concatenate([keys, owners * size + seeds])
            parts = np.concatenate([parts, settings.repeat_weight * weights])
            classes = np.concatenate([classes, np.full(len(seeds), _SELF, np.uint8)])
            sources = np.concatenate([sources, seeds])
        if not len(keys):
            return
        order = np.argsort(keys, kind="stable")
        keys, parts = keys[order], parts[order].astype(np.float32)
        firsts = starts_of(keys)
        scores = np.add.reduceat(parts, firsts, dtype=np.float64)
        # The largest part and where it is, in one pass: positive floats order as their bits do.
        leads = parts.view(np.uint32).astype(np.uint64) << np.uint64(32)
        leads |= np.arange(len(parts), dtype=np.uint64)
        leads = np.maximum.reduceat(leads, firsts) & np.uint64(0xFFFFFFFF)
        keys = keys[firsts]
        items = keys % size
        views.sentiment.reserve()
        mean = views.sentiment.mean[items]
        sunk = 1.0 + settings.sentiment_weight * np.minimum(mean, 0.0)
        scores *= sunk
        known: Evidence | None = None
        if self._learner is not None:
            near = np.flatnonzero(found)
            extra = len(order) - len(candidates)  # entries that vouch for themselves
            known = self._evidence(
                recents, seeds, owners, ages, times, size, keys, scores, firsts, order,
                np.concatenate([raw[present], np.zeros(extra)]),
                np.concatenate([similar.counts[rows][present], np.zeros(extra)]),
                np.concatenate([np.repeat(near, width), np.full(extra, -1)]),
            )  # fmt: skip
        offered = (scores > 0) & ~views.catalogue.blocked()[items]
        offered &= ~np.isin(keys, self._excluded(recents, boughts, seeds, owners, size))
        keys, items, scores, leads = keys[offered], items[offered], scores[offered], leads[offered]
        if not len(keys):
            return
        if known is not None:
            scores = self._blended(
                lists, known.only(offered), keys // size, items, scores, sunk[offered]
            )
        # One key for "by list, then best first": a list's number, and its scores scaled below 1.
        owner = keys // size
        best = np.argsort(owner - scores / (2.0 * scores.max()), kind="stable")
        owner = owner[best]
        best = best[np.arange(len(best)) - np.searchsorted(owner, owner) < count]
        lead = order[leads[best].astype(np.int64)]
        names = self._items.names
        for number, item, score, kind, source in zip(
            (keys[best] // size).tolist(),
            items[best].tolist(),
            scores[best].tolist(),
            classes[lead].tolist(),
            sources[lead].tolist(),
            strict=True,
        ):
            ranked = lists[number]
            ranked.items.append(item)
            ranked.scores.append(score)
            if kind == _SELF:
                ranked.codes.append("viewed_before")
                ranked.parameters.append(None)
            else:
                ranked.codes.append(TOGETHER[kind])
                ranked.parameters.append(names[source])

    def _evidence(
        self,
        recents: Sequence[Sequence[int]],
        seeds: NDArray[np.int64],
        owners: NDArray[np.int64],
        ages: NDArray[np.int64],
        times: NDArray[np.int64],
        size: np.int64,
        keys: NDArray[np.int64],
        base: NDArray[np.float64],
        firsts: NDArray[np.intp],
        order: NDArray[np.intp],
        raw: NDArray[np.float64],
        counts: NDArray[np.float64],
        via: NDArray[np.int64],
    ) -> Evidence:
        """What the blend is told of. raw, counts, via: by entry, before sorting: the neighbour's
        score, c(i, j) and the place of i in `seeds` (-1: an item that vouches for itself)."""
        views = self._views
        views.counts.reserve()
        views.catalogue.reserve()
        lists = len(recents)
        # Place of each seed in its list, newest first.
        by_age = np.lexsort((ages, owners))
        distinct = np.bincount(owners, minlength=lists)
        nth = np.empty(len(seeds) + 1, np.int64)
        nth[by_age] = np.arange(len(seeds)) - np.repeat(np.cumsum(distinct) - distinct, distinct)
        nth[-1] = -1  # of the entries that vouch for themselves
        which = nth[via[order]]
        raw = raw[order]
        entries = np.zeros((len(order), 4))
        last = which == 0
        entries[:, 0] = raw * last
        entries[:, 1] = raw * (which == 1)
        entries[:, 2] = counts[order] * last
        entries[:, 3] = which >= 0
        sums = np.add.reduceat(entries, firsts, axis=0)

        owner, items = keys // size, keys % size
        seed_keys = owners * size + seeds  # ascending
        at = np.minimum(np.searchsorted(seed_keys, keys), len(seed_keys) - 1)
        seen = seed_keys[at] == keys
        current = np.array([recent[-1] if recent else 0 for recent in recents], np.int64)
        n = views.counts.n[CLICK]
        category = views.catalogue.category
        wanted = category[current]
        wanted[wanted < 0] = -2  # an unknown category is nobody's
        roots = np.empty((len(keys), 5))
        roots[:, 0] = base
        roots[:, 1:3] = sums[:, :2]
        roots[:, 3] = np.maximum.reduceat(raw, firsts)
        roots[:, 4] = sums[:, 2] / np.maximum(n[current], 1)[owner]
        logs = np.empty((len(keys), 5))
        logs[:, :2] = sums[:, 2:]
        logs[:, 2] = n[items]
        logs[:, 3] = np.array([len(recent) for recent in recents])[owner]
        logs[:, 4] = distinct[owner]
        return Evidence(
            owner, roots, logs, np.where(seen, ages[at], -1), times[at] * seen,
            views.sentiment.mean[items], category[items] == wanted[owner],
        )  # fmt: skip

    def _blended(
        self,
        lists: list[Ranked],
        known: Evidence,
        owner: NDArray[np.int64],
        items: NDArray[np.int64],
        scores: NDArray[np.float64],
        sunk: NDArray[np.float32],
    ) -> NDArray[np.float64]:
        """Scores by the blend, as probabilities within each list times what reviews leave of them
        (`sunk`); as they were until it is trusted.

        What was ranked is left in the lists, for the learner.
        """
        learner = self._learner
        assert learner is not None
        starts = starts_of(owner)
        features = describe(known, starts)
        for start, end in pairwise([*starts.tolist(), len(items)]):
            ranked = lists[int(owner[start])]
            ranked.candidates, ranked.features = items[start:end], features[start:end]
        if not learner.trusted():
            return scores
        for number in owner[starts].tolist():
            lists[number].blended = True
        return softmax_by_list(learner.blend.scores(features), starts) * sunk

    def _seeds(
        self, recents: Sequence[Sequence[int]], size: np.int64
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """(item, list, age, occurrences) of each list's distinct recent items, by list, then item;
        age: entries since the last occurrence."""
        lengths = np.array([len(recent) for recent in recents], np.int64)
        flat = np.array([item for recent in recents for item in reversed(recent)], np.int64)
        owners = np.repeat(np.arange(len(recents)), lengths)
        ages = np.arange(len(flat)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        # Newest first within a list, so that the first of equal keys is the last occurrence.
        keys, first, times = np.unique(owners * size + flat, return_index=True, return_counts=True)
        return keys % size, keys // size, ages[first], times

    def _excluded(
        self,
        recents: Sequence[Sequence[int]],
        boughts: Sequence[Sequence[int]],
        seeds: NDArray[np.int64],
        owners: NDArray[np.int64],
        size: np.int64,
    ) -> NDArray[np.int64]:
        """Keys (list * size + item) of what must not be offered to whom."""
        settings, width = self._settings, int(size)
        keys = [n * width + item for n, bought in enumerate(boughts) for item in bought]
        if not settings.offer_current:
            keys += [n * width + recent[-1] for n, recent in enumerate(recents) if recent]
        excluded = np.array(keys, np.int64)
        if not settings.offer_seen:
            current = np.array([recent[-1] if recent else -1 for recent in recents], np.int64)
            earlier = seeds != current[owners]
            excluded = np.concatenate([excluded, (owners * size + seeds)[earlier]])
        return excluded

    # -- where neighbours do not reach

    def _fill(
        self,
        ranked: Ranked,
        recent: Sequence[int],
        bought: Sequence[int],
        blocked: NDArray[np.bool_],
        count: int,
    ) -> None:
        settings, views = self._settings, self._views
        taken = {*ranked.items, *bought}
        if recent and not settings.offer_current:
            taken.add(recent[-1])
        if not settings.offer_seen:
            taken.update(recent[:-1] if settings.offer_current else recent)

        def offer(items: Sequence[int], code: str, parameter: str | None, fallback: str) -> None:
            for item in items:
                if len(ranked.items) == count:
                    return
                if item not in taken and not blocked[item]:
                    taken.add(item)
                    ranked.items.append(item)
                    ranked.scores.append(0.0)
                    ranked.codes.append(code)
                    ranked.parameters.append(parameter)
                    ranked.fallback = fallback

        scopes, catalogue = views.trending.scopes, views.catalogue
        category = int(catalogue.category[recent[-1]]) if recent else -1
        if category >= 0:
            name = catalogue.categories[category]
            offer(scopes.get(f"category/{name}", ()), "trending_category", name, "trending")
        offer(scopes.get(ALL_SCOPE, ()), "trending", None, "trending")
        if len(ranked.items) < count:
            offer(catalogue.newest(count + len(taken)), "newest", None, "newest")
        if not ranked.items:
            ranked.fallback = "empty"
