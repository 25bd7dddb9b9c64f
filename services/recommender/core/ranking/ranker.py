"""Stage C: lists from the neighbours of what a user did last, many lists at once.

Candidates come from all experts (candidates.py). Without the blend an item's score is

base(j) = r(j) * sum over the distinct recent items i of decay ** a(i) * (s(i, j) + w t(i, j)),

where a(i) is how many entries ago i was last there, s(i, j) its neighbour's score, t(i, j) the sum
over i's neighbours k of s(i, k) * s(k, j), w `two_step_weight`. A recent item may also vouch for
itself, with `repeat_weight`. r(j) = 1 + sentiment_weight * min(0, m(j)) + sentiment_lift *
max(0, m(j)), m(j) in [-1, 1] the Bayesian mean of j's reviews: a badly reviewed item sinks, a well
reviewed one rises. The blend weighs what all experts say.

Never offered: what is removed or unavailable, what was just bought, and the current item. Where
neighbours do not fill a list, what is trending among users like this one does, then trending items
of the current item's category, then of all, then the newest of the catalogue; these have score 0,
for it compares to nothing.

Then come the shop's rules (rules.py): factors on scores, items of one category per list
(diversity.py), and a last item that is drawn instead of ranked, with the probability of that.
"""

from __future__ import annotations

from itertools import islice, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from ..search.last_searches import NOT_SEARCHED
from .attribution import labels, shares, shares_of_blend
from .blend import BlendTrainer, softmax_by_list
from .candidates import (
    CONTENT,
    ITSELF,
    NEIGHBOUR,
    NOTHING,
    SEARCHED,
    SESSION,
    TWO_STEPS,
    CandidateGenerator,
    best,
)
from .diversity import Room, diverse
from .exploration import explore
from .fallbacks import ALL_SCOPE
from .features import describe
from .ranked_list import RankedList

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from ...config import RecommenderConfig
    from ..knowledge import Knowledge
    from ..numeric.items import ItemIndex
    from ..types import Searched
    from .candidates import Candidates

BATCH_LISTS_MAX = 128  # keeps a batch's candidates (about 90 per list, 250 bytes each) in the cache
TOGETHER = ("viewed_together", "added_together", "bought_together")  # by event class
CODES = np.empty((7, len(TOGETHER)), object)  # by what speaks most for an item, and event class
CODES[NEIGHBOUR] = TOGETHER
CODES[TWO_STEPS], CODES[SESSION], CODES[ITSELF] = "related", "similar_sessions", "viewed_before"
CODES[CONTENT], CODES[SEARCHED] = "new_like", "searched"
WITHOUT_PRODUCT = frozenset(("viewed_before", "searched"))  # reasons that name none
CODES[NOTHING] = "viewed_before"  # only the user's own items are candidates without a lead
# Groups are told of some users only, the first few of each eighth batch: most batches pay nothing,
# and who is active is soon among them. Their clicks all count, see group_clicks.py.
GROUPS_AT_ONCE, GROUPS_EVERY = 8, 8


class PendingLists:
    """Lists that somebody will want in a moment."""

    def __init__(
        self,
        ranker: Ranker,
        recents: Sequence[Sequence[int]],
        boughts: Sequence[Sequence[int]],
        sessions: Sequence[int],
        searched: Sequence[Searched],
        draws: Sequence[int],
    ) -> None:
        self._ranker, self.recents, self.boughts = ranker, recents, boughts
        self.sessions, self.searched, self.draws = sessions, searched, draws
        self.made: list[RankedList] | None = None

    def lists(self) -> list[RankedList]:
        """Them, in the order asked for."""
        if self.made is None:
            self._ranker.rank_pending()
        assert self.made is not None
        return self.made


class PendingListsByVariant:
    """Lists that several rankers were asked for, each for its own users."""

    def __init__(self, asked: Mapping[int, PendingLists], variants: Sequence[int]) -> None:
        """asked: by variant. variants: by list, in the order asked for."""
        self._asked, self._variants = asked, variants

    def lists(self) -> list[RankedList]:
        """Them, in the order asked for."""
        made = {variant: iter(asked.lists()) for variant, asked in self._asked.items()}
        return [next(made[variant]) for variant in self._variants]


def submit_by_variant(
    rankers: Sequence[Ranker], variants: Sequence[int], *columns: Sequence[Any]
) -> PendingListsByVariant:
    """As `Ranker.submit`, of one ranker per variant.

    variants: by list, the index of its ranker. columns: the arguments of `submit`, by list each.
    """
    asked = {}
    for variant in sorted(set(variants)):
        mine = [number for number, each in enumerate(variants) if each == variant]
        asked[variant] = rankers[variant].submit(*([c[n] for n in mine] for c in columns))
    return PendingListsByVariant(asked, variants)


class Ranker:
    """Reads the views and the blend; holds nothing but the lists that were just asked for."""

    def __init__(
        self,
        settings: RecommenderConfig,
        items: ItemIndex,
        knowledge: Knowledge,
        trainer: BlendTrainer | None = None,
    ) -> None:
        """trainer: holds the blend that decides the order, once it is to be trusted."""
        self._settings, self._items, self._knowledge = settings, items, knowledge
        self._trainer = trainer
        self._gatherer = CandidateGenerator(settings, items, knowledge)
        self._asked: list[PendingLists] = []
        self._batches = 0

    def rank(
        self,
        recents: Sequence[Sequence[int]],
        boughts: Sequence[Sequence[int]],
        sessions: Sequence[int] | None = None,
        count: int | None = None,
        searched: Sequence[Searched] | None = None,
        draws: Sequence[int] | None = None,
    ) -> list[RankedList]:
        """One list per user, of at most `count` (default `list_items_max`) items.

        recents: by list, items of the last events, newest last, at most 1,024. boughts: by list.
        sessions: by list, the number in the session index of the session at hand, -1 for none.
        searched: by list, what fits the user's last search.
        draws: by list, 64 bits of chance; without them no list explores.
        """
        count = count or self._settings.list_items_max
        sessions = [-1] * len(recents) if sessions is None else sessions
        searched = [NOT_SEARCHED] * len(recents) if searched is None else searched
        ranked: list[RankedList] = []
        for start in range(0, len(recents), BATCH_LISTS_MAX):
            end = start + BATCH_LISTS_MAX
            ranked += self._batch(
                recents[start:end],
                boughts[start:end],
                sessions[start:end],
                searched[start:end],
                count,
                draws[start:end] if draws else (),
            )
        return ranked

    def warm(self) -> None:
        """Have the compiled loops ready: a list of nothing may need fewer of them than others."""
        self._gatherer.gather([[0]], [[]], [-1], [NOT_SEARCHED])
        nothing = np.zeros(0, np.int64)
        best(np.zeros(1, np.int64), np.zeros(0), nothing, 1)
        if self._settings.expert_shares and self._trainer is not None:
            blend = self._trainer.serving
            none = np.zeros((0, blend.features), np.float32)
            shares_of_blend(blend, none, np.zeros(1, np.int64), nothing, nothing)
        if self._settings.rules.reorders:
            diverse(np.zeros(1, np.int64), np.zeros(0), nothing, np.zeros(0, np.int32), 1, 1, 0.0)

    def refresh(self, now_ms: int) -> None:
        """Bring what is computed of the views, in slices, a little nearer to them."""
        self._knowledge.content.refresh(now_ms)

    def submit(
        self,
        recents: Sequence[Sequence[int]],
        boughts: Sequence[Sequence[int]],
        sessions: Sequence[int],
        searched: Sequence[Searched],
        draws: Sequence[int] = (),
    ) -> PendingLists:
        """Lists to be made when the first of those asked for is needed, all in one batch.

        draws: as of `rank`; for all lists that are asked for, or for none.
        """
        asked = PendingLists(self, recents, boughts, sessions, searched, draws)
        self._asked.append(asked)
        return asked

    def rank_pending(self) -> None:
        """Make every list that was asked for."""
        asked, self._asked = self._asked, []
        made = iter(
            self.rank(
                [recent for each in asked for recent in each.recents],
                [bought for each in asked for bought in each.boughts],
                [session for each in asked for session in each.sessions],
                searched=[found for each in asked for found in each.searched],
                draws=[draw for each in asked for draw in each.draws],
            )
        )
        for each in asked:
            each.made = list(islice(made, len(each.recents)))

    def _batch(
        self,
        recents: Sequence[Sequence[int]],
        boughts: Sequence[Sequence[int]],
        sessions: Sequence[int],
        searched: Sequence[Searched],
        count: int,
        draws: Sequence[int],
    ) -> list[RankedList]:
        lists = [RankedList([], [], [], [], "none") for _ in recents]
        catalogue = self._knowledge.catalogue
        catalogue.reserve()
        bought_ever = boughts
        boughts = catalogue.used_up(boughts)
        rules = self._settings.rules
        exploring = bool(draws) and rules.explore.share > 0
        beyond = rules.explore.candidates if exploring else 0
        others = self._personal(lists, recents, boughts, sessions, searched, count, beyond)
        blocked = catalogue.blocked()
        self._group(lists, recents, bought_ever, searched, count)
        for number, ranked in enumerate(lists):
            if len(ranked.items) < count:
                self._fill(ranked, recents[number], boughts[number], blocked, count)
        if exploring:
            newest = [i for i in islice(catalogue.newest(), rules.explore.newest) if not blocked[i]]
            for number, ranked in enumerate(lists):
                withheld = self._withheld(recents[number], boughts[number])
                new = [item for item in newest if item not in withheld]
                room = self._room(ranked.items[:-1])
                best_left = others[number] if others else ()
                explore(ranked, best_left, new, room, draws[number], rules.explore.share)
        return lists

    def _group(
        self,
        lists: list[RankedList],
        recents: Sequence[Sequence[int]],
        boughts: Sequence[Sequence[int]],
        searched: Sequence[Searched],
        count: int,
    ) -> None:
        """Tell the groups of users whose lists are not full, and of a sample of the others."""
        self._batches += 1
        sampled = GROUPS_AT_ONCE if self._batches % GROUPS_EVERY == 1 else 0
        some = [
            number
            for number, ranked in enumerate(lists)
            if number < sampled or len(ranked.items) < count
        ]
        if not some:
            return
        groups = self._knowledge.user_groups.assign(
            [recents[n] for n in some], [boughts[n] for n in some], [searched[n] for n in some]
        )
        for number, group in zip(some, groups.tolist(), strict=True):
            lists[number].group = group

    def _personal(
        self,
        lists: list[RankedList],
        recents: Sequence[Sequence[int]],
        boughts: Sequence[Sequence[int]],
        sessions: Sequence[int],
        searched: Sequence[Searched],
        count: int,
        beyond: int,
    ) -> list[list[tuple[int, float]]]:
        """Fill the lists from candidates; by list, the next best `beyond` with their scores (or
        nothing at all)."""
        found = self._gatherer.gather(recents, boughts, sessions, searched)
        if not len(found.items):
            return []
        scores, features = self._scores(lists, found)
        catalogue, rules = self._knowledge.catalogue, self._settings.rules
        boost = catalogue.boost()
        if boost is not None:
            scores = scores * boost[found.items]
        # Equal scores in an order that is the same in every process.
        order = self._items.order(found.items)
        if rules.reorders:
            places, ends = diverse(
                found.bounds,
                scores,
                order,
                catalogue.category[found.items],
                count,
                rules.same_category_max,
                rules.diversity,
            )
        else:
            places, ends = best(found.bounds, scores, order, count)
        items, values = found.items[places].tolist(), scores[places].tolist()
        codes = CODES[found.why[places], found.kind[places]].tolist()
        names = self._items.product_ids
        parameters = [
            None if code in WITHOUT_PRODUCT else names[source]
            for code, source in zip(codes, found.source[places].tolist(), strict=True)
        ]
        experts = [""] * len(places)
        if self._settings.expert_shares:
            blend = None if self._trainer is None else self._trainer.serving
            experts = labels(shares(self._settings, blend, found, features, places, ends))
        start = 0
        for ranked, end in zip(lists, ends.tolist(), strict=True):
            ranked.items, ranked.scores = items[start:end], values[start:end]
            ranked.codes, ranked.parameters = codes[start:end], parameters[start:end]
            ranked.experts = experts[start:end]
            start = end
        if not beyond:
            return []
        left = scores.copy()
        left[places] = 0.0
        places, ends = best(found.bounds, left, order, beyond)
        pairs = list(zip(found.items[places].tolist(), left[places].tolist(), strict=True))
        bounds = [0, *ends.tolist()]
        return [pairs[a:b] for a, b in pairwise(bounds)]

    def _scores(
        self, lists: list[RankedList], found: Candidates
    ) -> tuple[NDArray[np.float64], NDArray[np.float32] | None]:
        """(candidates,) by the blend, as probabilities within each list times what reviews leave of
        them; without the blend until it is trusted. An item of 0 is not offered. And the features,
        if it is the blend's.

        What was ranked is left in the lists, for the trainer.
        """
        trainer = self._trainer
        if trainer is None:
            return found.base, None
        features = describe(found.raw)
        bounds = found.bounds.tolist()
        some = [number for number in range(len(lists)) if bounds[number + 1] > bounds[number]]
        for number in some:
            start, end = bounds[number], bounds[number + 1]
            ranked = lists[number]
            ranked.candidates, ranked.features = found.items[start:end], features[start:end]
        if not trainer.trusted():
            return found.base, None
        for number in some:
            lists[number].blended = True
        starts = found.bounds[:-1][some]
        return softmax_by_list(trainer.serving.scores(features), starts) * found.kept, features

    # -- where neighbours do not reach

    def _fill(
        self,
        ranked: RankedList,
        recent: Sequence[int],
        bought: Sequence[int],
        blocked: NDArray[np.bool_],
        count: int,
    ) -> None:
        knowledge = self._knowledge
        taken = self._withheld(recent, bought) | {*ranked.items}
        room = self._room(ranked.items)

        def offer(items: Iterable[int], code: str, parameter: str | None, fallback: str) -> None:
            for item in items:
                if len(ranked.items) == count:
                    return
                if item not in taken and not blocked[item] and room.take(item):
                    taken.add(item)
                    ranked.items.append(item)
                    ranked.scores.append(0.0)
                    ranked.experts.append("")
                    ranked.codes.append(code)
                    ranked.parameters.append(parameter)
                    ranked.fallback = fallback

        scopes, catalogue = knowledge.trending.scopes, knowledge.catalogue
        offer(knowledge.user_groups.trending(ranked.group), "trending_group", None, "cluster")
        category = int(catalogue.category[recent[-1]]) if recent else -1
        if category >= 0:
            name = catalogue.categories[category]
            offer(scopes.get(f"category/{name}", ()), "trending_category", name, "trending")
        offer(scopes.get(ALL_SCOPE, ()), "trending", None, "trending")
        if len(ranked.items) < count:
            offer(islice(catalogue.newest(), count + len(taken)), "newest", None, "newest")
        if not ranked.items:
            ranked.fallback = "empty"

    def _withheld(self, recent: Sequence[int], bought: Sequence[int]) -> set[int]:
        """What this user is not to be offered."""
        settings = self._settings
        withheld = {*bought}
        if recent and not settings.offer_current:
            withheld.add(recent[-1])
        if not settings.offer_seen:
            withheld.update(recent[:-1] if settings.offer_current else recent)
        return withheld

    def _room(self, items: Sequence[int]) -> Room:
        return Room(
            self._knowledge.catalogue.category, self._settings.rules.same_category_max, items
        )
