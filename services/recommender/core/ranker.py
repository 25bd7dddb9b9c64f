"""Stage C: lists from the neighbours of what a user did last, many lists at once.

Candidates come from all experts (candidates.py). Without the blend an item's score is

base(j) = r(j) * sum over the distinct recent items i of decay ** a(i) * (s(i, j) + w t(i, j)),

where a(i) is how many entries ago i was last there, s(i, j) its neighbour's score, t(i, j) the sum
over i's neighbours k of s(i, k) * s(k, j), w `two_step_weight`. A recent item may also vouch for
itself, with `repeat_weight`. r(j) = 1 + sentiment_weight * min(0, m(j)), m(j) in [-1, 1] the
Bayesian mean of j's reviews: a badly reviewed item sinks, a well reviewed one is not pushed. The
blend weighs what all experts say.

Never offered: what is removed or unavailable, what was just bought, and the current item. Where
neighbours do not fill a list, what is trending among users like this one does, then trending items
of the current item's category, then of all, then the newest of the catalogue; these have score 0,
for it compares to nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from shopkeeper.services.recommender.core.blend import Learner, softmax_by_list
from shopkeeper.services.recommender.core.candidates import (
    ITSELF,
    NEIGHBOUR,
    SESSION,
    TWO_STEPS,
    Gatherer,
    best,
)
from shopkeeper.services.recommender.core.features import describe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from shopkeeper.services.recommender.core.candidates import Candidates
    from shopkeeper.services.recommender.core.items import Items
    from shopkeeper.services.recommender.core.views import Views
    from shopkeeper.services.recommender.settings import Settings

BATCH_LISTS_MAX = 128  # keeps a batch's candidates (about 90 per list, 250 bytes each) in the cache
TOGETHER = ("viewed_together", "added_together", "bought_together")  # by event class
FALLBACKS = ("none", "cluster", "trending", "newest", "empty")
CODES = np.empty((5, len(TOGETHER)), object)  # by what speaks most for an item, and event class
CODES[NEIGHBOUR] = TOGETHER
CODES[TWO_STEPS], CODES[SESSION], CODES[ITSELF] = "related", "similar_sessions", "viewed_before"
ALL_SCOPE = "all"


@dataclass(slots=True)
class Ranked:
    """One list, best first: item, score, reason code, and the reason's one parameter."""

    items: list[int]
    scores: list[float]
    codes: list[str]
    parameters: list[str | None]  # a product id, a category, or nothing
    fallback: str  # of FALLBACKS: how far down the chain it had to go
    blended: bool = False  # scores are the blend's
    group: int = -1  # id of the user's group, -1 where none is known
    # What was ranked, if a blend is to learn from it: (candidates,), (candidates, features).
    candidates: NDArray[np.int64] | None = field(default=None, compare=False, repr=False)
    features: NDArray[np.float32] | None = field(default=None, compare=False, repr=False)


class Asked:
    """Lists that somebody will want in a moment."""

    def __init__(
        self,
        ranker: Ranker,
        recents: Sequence[Sequence[int]],
        boughts: Sequence[Sequence[int]],
        sessions: Sequence[int],
    ) -> None:
        self._ranker, self.recents, self.boughts, self.sessions = ranker, recents, boughts, sessions
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
        self._gatherer = Gatherer(settings, items, views)
        self._asked: list[Asked] = []

    def rank(
        self,
        recents: Sequence[Sequence[int]],
        boughts: Sequence[Sequence[int]],
        sessions: Sequence[int] | None = None,
        count: int | None = None,
    ) -> list[Ranked]:
        """One list per user, of at most `count` (default `list_items_max`) items.

        recents: by list, items of the last events, newest last, at most 1,024. boughts: by list.
        sessions: by list, the number in the session index of the session at hand, -1 for none.
        """
        count = count or self._settings.list_items_max
        sessions = [-1] * len(recents) if sessions is None else sessions
        ranked: list[Ranked] = []
        for start in range(0, len(recents), BATCH_LISTS_MAX):
            end = start + BATCH_LISTS_MAX
            ranked += self._batch(
                recents[start:end], boughts[start:end], sessions[start:end], count
            )
        return ranked

    def warm(self) -> None:
        """Have the compiled loops ready: a list of nothing may need fewer of them than others."""
        self._gatherer.gather([[0]], [[]], [-1])
        best(np.zeros(1, np.int64), np.zeros(0), np.zeros(0, np.int64), 1)

    def ask(
        self,
        recents: Sequence[Sequence[int]],
        boughts: Sequence[Sequence[int]],
        sessions: Sequence[int],
    ) -> Asked:
        """Lists to be made when the first of those asked for is needed, all in one batch."""
        asked = Asked(self, recents, boughts, sessions)
        self._asked.append(asked)
        return asked

    def answer(self) -> None:
        """Make every list that was asked for."""
        asked, self._asked = self._asked, []
        made = iter(
            self.rank(
                [recent for each in asked for recent in each.recents],
                [bought for each in asked for bought in each.boughts],
                [session for each in asked for session in each.sessions],
            )
        )
        for each in asked:
            each.made = list(islice(made, len(each.recents)))

    def _batch(
        self,
        recents: Sequence[Sequence[int]],
        boughts: Sequence[Sequence[int]],
        sessions: Sequence[int],
        count: int,
    ) -> list[Ranked]:
        lists = [Ranked([], [], [], [], "none") for _ in recents]
        self._personal(lists, recents, boughts, sessions, count)
        blocked = self._views.catalogue.blocked()
        groups = self._views.groups.assign(recents, boughts).tolist()
        for number, ranked in enumerate(lists):
            ranked.group = groups[number]
            if len(ranked.items) < count:
                self._fill(ranked, recents[number], boughts[number], blocked, count)
        return lists

    def _personal(
        self,
        lists: list[Ranked],
        recents: Sequence[Sequence[int]],
        boughts: Sequence[Sequence[int]],
        sessions: Sequence[int],
        count: int,
    ) -> None:
        found = self._gatherer.gather(recents, boughts, sessions)
        if not len(found.items):
            return
        scores = self._scores(lists, found)
        # Equal scores in an order that is the same in every process.
        places, ends = best(found.bounds, scores, self._items.order(found.items), count)
        items, values = found.items[places].tolist(), scores[places].tolist()
        codes = CODES[found.why[places], found.kind[places]].tolist()
        names = self._items.names
        parameters = [
            None if code == "viewed_before" else names[source]
            for code, source in zip(codes, found.source[places].tolist(), strict=True)
        ]
        start = 0
        for ranked, end in zip(lists, ends.tolist(), strict=True):
            ranked.items, ranked.scores = items[start:end], values[start:end]
            ranked.codes, ranked.parameters = codes[start:end], parameters[start:end]
            start = end

    def _scores(self, lists: list[Ranked], found: Candidates) -> NDArray[np.float64]:
        """(candidates,) by the blend, as probabilities within each list times what reviews leave of
        them; without the blend until it is trusted. An item of 0 is not offered.

        What was ranked is left in the lists, for the learner.
        """
        learner = self._learner
        if learner is None:
            return found.base
        features = describe(found.raw)
        bounds = found.bounds.tolist()
        some = [number for number in range(len(lists)) if bounds[number + 1] > bounds[number]]
        for number in some:
            start, end = bounds[number], bounds[number + 1]
            ranked = lists[number]
            ranked.candidates, ranked.features = found.items[start:end], features[start:end]
        if not learner.trusted():
            return found.base
        for number in some:
            lists[number].blended = True
        starts = found.bounds[:-1][some]
        return softmax_by_list(learner.serving.scores(features), starts) * found.kept

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
        offer(views.groups.trending(ranked.group), "trending_group", None, "cluster")
        category = int(catalogue.category[recent[-1]]) if recent else -1
        if category >= 0:
            name = catalogue.categories[category]
            offer(scopes.get(f"category/{name}", ()), "trending_category", name, "trending")
        offer(scopes.get(ALL_SCOPE, ()), "trending", None, "trending")
        if len(ranked.items) < count:
            offer(catalogue.newest(count + len(taken)), "newest", None, "newest")
        if not ranked.items:
            ranked.fallback = "empty"
