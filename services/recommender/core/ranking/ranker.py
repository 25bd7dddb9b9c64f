"""The ranker: lists from what a user did last, many lists at once.

Candidates come from all experts (candidates.py). Without the blend an item's score is

base(j) = r(j) * sum over the distinct recent items i of decay ** a(i) * (s(i, j) + w t(i, j)),

where a(i) is how many entries ago i was last there, s(i, j) its neighbour's score, t(i, j) the sum
over i's neighbours k of s(i, k) * s(k, j), w `two_step_weight`; where more is remembered than is
recent, what neighbours of all of it say is added (whole_session.py). An item that the user saw may
also vouch for itself, with `repeat_weight`. r(j) = 1 + sentiment_weight * min(0, m(j)) +
sentiment_lift * max(0, m(j)), m(j) in [-1, 1] the Bayesian mean of j's reviews: a badly reviewed
item sinks, a well reviewed one rises. The blend weighs what all experts say.

Never offered: what is removed or unavailable, what was just bought, and the current item. Where
neighbours do not fill a list, what is trending among users like this one does, then trending items
of the current item's category, then of all, then the newest of the catalogue; these have score 0,
for it compares to nothing.

Then come the shop's rules (rules.py): factors on scores, items of one category per list
(diversity.py), and a last item that is drawn instead of ranked, with the probability of that.
"""

from __future__ import annotations

from itertools import islice, pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from shopkeeper.shared.contracts.preferences import PERSONALISED

from ..experts import ALL, repeats
from ..experts.workspace import NO_REASON
from ..numeric.types import CLASS_COUNT
from ..search.last_searches import NOT_SEARCHED
from .attribution import labels, shares
from .blend import BlendTrainer, softmax_by_list
from .candidates import CandidateGenerator
from .diversity import Room, diverse
from .exploration import explore
from .fallbacks import ShortList, fill
from .features import describe
from .pending import PendingLists, PendingListsByVariant, Requests, together
from .ranked_list import RankedList
from .top import best
from .warming import warm

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ...config import RecommenderConfig
    from ..knowledge import Knowledge
    from ..numeric.items import ItemIndex
    from ..numeric.types import Searched
    from .candidates import Candidates

BATCH_LISTS_MAX = 128  # keeps a batch's candidates (about 90 per list, 250 bytes each) in the cache
CODES = np.empty((1 + len(ALL), CLASS_COUNT), object)  # by number of the reason, and event class
for _number, _expert in enumerate(ALL, 1):
    if _expert.reasons:
        CODES[_number] = _expert.reasons
# Only the user's own items are candidates that no expert has given a reason for.
CODES[NO_REASON] = repeats.EXPERT.reasons
WITHOUT_PRODUCT = frozenset(  # reasons that name none
    code for expert in ALL if not expert.names_product for code in expert.reasons
)
# Groups are told of some users only, the first few of each eighth batch: most batches pay nothing,
# and who is active is soon among them. Their clicks all count, see group_clicks.py.
GROUPS_AT_ONCE, GROUPS_EVERY = 8, 8


class _Ranking(NamedTuple):
    """Candidates of a batch, scored. order: breaks ties alike in every process."""

    found: Candidates
    scores: NDArray[np.float64]
    order: NDArray[np.int64]
    features: NDArray[np.float32] | None  # if it is the blend that scored them


class Ranker:
    """Reads what the worker knows and the blend; keeps only the lists that were just asked for."""

    def __init__(
        self,
        settings: RecommenderConfig,
        items: ItemIndex,
        knowledge: Knowledge,
        trainer: BlendTrainer | None = None,
    ) -> None:
        """trainer: has the blend that decides the order, once it is to be trusted."""
        self._settings, self._items, self._knowledge = settings, items, knowledge
        self._trainer = trainer
        self._generator = CandidateGenerator(settings, items, knowledge)
        self._pending: list[PendingLists] = []
        self._batches = 0

    def rank(
        self,
        recents: Sequence[Sequence[int]],
        boughts: Sequence[Sequence[int]],
        sessions: Sequence[int] | None = None,
        count: int | None = None,
        searched: Sequence[Searched] | None = None,
        draws: Sequence[int] | None = None,
        cells: Sequence[tuple[int, ...]] = (),
        rankings: Sequence[str] = (),
    ) -> list[RankedList]:
        """One list per user, of at most `count` (default `list_items_max`) items.

        Other arguments: the columns of `Requests`.
        """
        requests = Requests(
            recents,
            boughts,
            sessions=[-1] * len(recents) if sessions is None else sessions,
            searched=[NOT_SEARCHED] * len(recents) if searched is None else searched,
            draws=draws or (),
            cells=cells,
            rankings=rankings,
        )
        return self._rank(requests, count or self._settings.list_items_max)

    def warm(self) -> None:
        """Have the compiled loops ready: a list of nothing may need fewer of them than others."""
        self._generator.gather([[0]], [[]], [-1], [NOT_SEARCHED])
        blend = None if self._trainer is None else self._trainer.serving
        warm(blend, by_expert=self._settings.expert_shares)

    def refresh(self, now_ms: int) -> None:
        """Bring what is computed of the tables, in slices, a little nearer to them."""
        self._knowledge.content.refresh(now_ms)

    def submit(
        self,
        recents: Sequence[Sequence[int]],
        boughts: Sequence[Sequence[int]],
        sessions: Sequence[int],
        searched: Sequence[Searched],
        draws: Sequence[int] = (),
        cells: Sequence[tuple[int, ...]] = (),
        rankings: Sequence[str] = (),
    ) -> PendingLists:
        """Lists to be ranked in one batch with all others that are pending.

        Arguments: the columns of `Requests`; draws, cells and rankings for all lists that are
        pending, or for none.
        """
        pending = PendingLists(
            Requests(recents, boughts, sessions, searched, draws, cells=cells, rankings=rankings)
        )
        self._pending.append(pending)
        return pending

    def rank_pending(self) -> None:
        """Rank every list that was asked for."""
        pending, self._pending = self._pending, []
        if not pending:
            return
        requests = together([each.requests for each in pending])
        ranked = iter(self._rank(requests, self._settings.list_items_max))
        for each in pending:
            each.ranked = list(islice(ranked, len(each.requests.recents)))

    def _rank(self, requests: Requests, count: int) -> list[RankedList]:
        ranked: list[RankedList] = []
        for start in range(0, len(requests.recents), BATCH_LISTS_MAX):
            ranked += self._batch(requests.part(start, start + BATCH_LISTS_MAX), count)
        return ranked

    def _batch(self, requests: Requests, count: int) -> list[RankedList]:
        lists = [RankedList([], [], [], [], "none") for _ in requests.recents]
        catalogue = self._knowledge.catalogue
        catalogue.reserve()
        bought_ever = requests
        requests = requests._replace(boughts=catalogue.used_up(requests.boughts))
        exploring = bool(requests.draws) and self._settings.rules.explore.share > 0
        runners_up = self._personal(lists, requests, count, exploring)
        blocked = catalogue.blocked()
        self._group(lists, bought_ever, count)
        for number, ranked in enumerate(lists):
            if len(ranked.items) < count:
                recent = requests.recents[number]
                withheld = self._withheld(recent, requests.boughts[number]) | {*ranked.items}
                cells = requests.cells[number] if requests.cells else ()
                ranking = requests.rankings[number] if requests.rankings else PERSONALISED
                short = ShortList(ranked, recent, withheld, count, cells, ranking)
                fill(short, self._knowledge, blocked, self._room(ranked.items))
        if exploring:
            self._explore(lists, requests, runners_up)
        return lists

    def _group(self, lists: list[RankedList], requests: Requests, count: int) -> None:
        """Tell the groups of users whose lists are not full, and of a sample of the others."""
        self._batches += 1
        sampled = GROUPS_AT_ONCE if self._batches % GROUPS_EVERY == 1 else 0
        subset = [
            number
            for number, ranked in enumerate(lists)
            if number < sampled or len(ranked.items) < count
        ]
        if not subset:
            return
        groups = self._knowledge.user_groups.assign(
            [requests.recents[n] for n in subset],
            [requests.boughts[n] for n in subset],
            [requests.searched[n] for n in subset],
        )
        for number, group in zip(subset, groups.tolist(), strict=True):
            lists[number].group = group

    def _personal(
        self, lists: list[RankedList], requests: Requests, count: int, exploring: bool
    ) -> list[list[tuple[int, float]]]:
        """Fill the lists from candidates; by list, the next best with their scores if any may be
        explored (or nothing at all)."""
        found = self._generator.gather(
            requests.recents, requests.boughts, requests.sessions, requests.searched
        )
        if not len(found.items):
            return []
        scores, features = self._scores(lists, found)
        boost = self._knowledge.catalogue.boost()
        if boost is not None:
            scores = scores * boost[found.items]
        if self._settings.profile_ranking and requests.cells:
            scores = self._by_profile(scores, found, requests.cells)
        ranking = _Ranking(found, scores, self._items.order(found.items), features)
        places, ends = self._best(ranking, count)
        self._write(lists, ranking, places, ends)
        runners_up_max = self._settings.rules.explore.candidates if exploring else 0
        if not runners_up_max:
            return []
        left = scores.copy()
        left[places] = 0.0
        places, ends = best(found.bounds, left, ranking.order, runners_up_max)
        pairs = list(zip(found.items[places].tolist(), left[places].tolist(), strict=True))
        bounds = [0, *ends.tolist()]
        return [pairs[a:b] for a, b in pairwise(bounds)]

    def _by_profile(
        self,
        scores: NDArray[np.float64],
        found: Candidates,
        cells: Sequence[tuple[int, ...]],
    ) -> NDArray[np.float64]:
        """The scores times what users with profiles like each list's click more than others do."""
        told, scores = self._knowledge.user_groups.cell_clicks, scores.copy()
        for of, (start, end) in zip(cells, pairwise(found.bounds.tolist()), strict=True):
            factors = told.factors(of, found.items[start:end]) if of else None
            if factors is not None:
                scores[start:end] *= factors
        return scores

    def _best(self, ranking: _Ranking, count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """As `top.best`, by the shop's rules."""
        found, rules = ranking.found, self._settings.rules
        if not rules.reorders:
            return best(found.bounds, ranking.scores, ranking.order, count)
        return diverse(
            bounds=found.bounds,
            scores=ranking.scores,
            order=ranking.order,
            category=self._knowledge.catalogue.category[found.items],
            count=count,
            same_category_max=rules.same_category_max,
            diversity=rules.diversity,
        )

    def _write(
        self,
        lists: list[RankedList],
        ranking: _Ranking,
        places: NDArray[np.int64],
        ends: NDArray[np.int64],
    ) -> None:
        """Write items, scores, reasons and experts into the lists; arguments as of `top.best`."""
        found = ranking.found
        items, values = found.items[places].tolist(), ranking.scores[places].tolist()
        codes = CODES[found.lead_reason[places], found.lead_event_class[places]].tolist()
        names = self._items.product_ids
        parameters = [
            None if code in WITHOUT_PRODUCT else names[item]
            for code, item in zip(codes, found.lead_item[places].tolist(), strict=True)
        ]
        experts = [""] * len(places)
        if self._settings.expert_shares:
            blend = None if self._trainer is None else self._trainer.serving
            experts = labels(shares(self._settings, blend, found, ranking.features, places, ends))
        start = 0
        for ranked, end in zip(lists, ends.tolist(), strict=True):
            ranked.items, ranked.scores = items[start:end], values[start:end]
            ranked.codes, ranked.parameters = codes[start:end], parameters[start:end]
            ranked.experts = experts[start:end]
            start = end

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
            return found.base_score, None
        features = describe(found.features_raw)
        bounds = found.bounds.tolist()
        subset = [number for number in range(len(lists)) if bounds[number + 1] > bounds[number]]
        for number in subset:
            start, end = bounds[number], bounds[number + 1]
            ranked = lists[number]
            ranked.candidates, ranked.features = found.items[start:end], features[start:end]
        if not trainer.trusted():
            return found.base_score, None
        for number in subset:
            lists[number].blended = True
        starts = found.bounds[:-1][subset]
        probabilities = softmax_by_list(trainer.serving.scores(features), starts)
        return probabilities * found.review_factor, features

    def _explore(
        self,
        lists: list[RankedList],
        requests: Requests,
        runners_up: list[list[tuple[int, float]]],
    ) -> None:
        """Draw the last item of some lists. runners_up: as `_personal` returns them."""
        catalogue, rules = self._knowledge.catalogue, self._settings.rules.explore
        blocked = catalogue.blocked()
        newest = [item for item in islice(catalogue.newest(), rules.newest) if not blocked[item]]
        for number, ranked in enumerate(lists):
            if requests.rankings and requests.rankings[number] != PERSONALISED:
                continue  # chance would make lists differ that are to be alike
            withheld = self._withheld(requests.recents[number], requests.boughts[number])
            new = [item for item in newest if item not in withheld]
            room = self._room(ranked.items[:-1])
            others = runners_up[number] if runners_up else ()
            explore(ranked, others, new, room, requests.draws[number], rules.share)

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


def submit_by_variant(
    rankers: Sequence[Ranker], variants: Sequence[int], *columns: Sequence[Any]
) -> PendingListsByVariant:
    """As `Ranker.submit`, of one ranker per variant.

    variants: by list, the index of its ranker. columns: the arguments of `submit`, by list each,
    or empty.
    """
    pending = {}
    for variant in sorted(set(variants)):
        numbers = [number for number, each in enumerate(variants) if each == variant]
        part = ([c[n] for n in numbers] if c else () for c in columns)
        pending[variant] = rankers[variant].submit(*part)
    return PendingListsByVariant(pending, variants)
