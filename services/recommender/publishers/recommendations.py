"""Stage C on one partition of users: the lists that clicks and searches make due."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.envelope import Output
from shopkeeper.shared.contracts.events.recommendation import (
    RECOMMENDATIONS_UPDATED,
    Reason,
    RecommendationsUpdated,
    RecommendedItem,
)
from shopkeeper.shared.contracts.outputs import encode as encode_output
from shopkeeper.shared.contracts.outputs import headers_of, output_id, provenance_headers

from ..config import BLEND, MODEL, SOURCE
from ..core.counting.sessions import Erased, ListRequest
from ..core.ranking.exploration import chance_of
from ..core.ranking.pending import submit_by_variant
from ..core.search.last_searches import LastSearches

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from ..config import RecommenderConfig
    from ..core.ab_testing.variants import Experiment
    from ..core.numeric.items import ItemIndex
    from ..core.ranking.blend import BlendTrainer
    from ..core.ranking.online_metrics import OnlineMetrics
    from ..core.ranking.pending import PendingLists, PendingListsByVariant
    from ..core.ranking.ranked_list import RankedList
    from ..core.ranking.ranker import Ranker
    from ..core.tables.sessions import SessionIndex
    from .user_groups import UserGroupClicksPublisher

CLICKED = "product.clicked.v1"
SEARCHED = "products.searched.v1"
SCORE_DIGITS = 6  # ten items with UUIDs as ids still fit into 2 kB
SCORE_DIGITS_EXPLORING = 4  # and with a propensity
PROPENSITY_DIGITS = 6  # significant ones: small propensities are what weighs


class DueLists(NamedTuple):
    """What became due at one time, and the lists among it as `submit` returned them."""

    due: Sequence[ListRequest | Erased]
    asked: PendingLists | PendingListsByVariant
    now_ms: int


class RecommendationPublisher:
    """Makes and publishes the lists of one partition; remembers what its users searched for.

    positions: by view topic, how far it was read, as the runtime keeps it. rankers: by variant of
    the experiment; without one, `ranker` makes all lists.
    """

    def __init__(
        self,
        partition: int,
        settings: RecommenderConfig,
        items: ItemIndex,
        ranker: Ranker,
        index: SessionIndex,
        exposure: OnlineMetrics,
        counters: Counter[str],
        trainer: BlendTrainer | None = None,
        positions: Mapping[str, int] | None = None,
        experiment: Experiment | None = None,
        rankers: Sequence[Ranker] = (),
        groups: UserGroupClicksPublisher | None = None,
    ) -> None:
        self._partition, self._items = partition, items
        self._ranker, self._index = ranker, index
        self._exposure, self._counters, self._trainer = exposure, counters, trainer
        self._positions = {} if positions is None else positions
        self._explores = settings.rules.explore.share > 0
        self._digits = SCORE_DIGITS_EXPLORING if self._explores else SCORE_DIGITS
        self._experiment, self._rankers = experiment, rankers
        self._groups = groups
        self.searches = LastSearches(
            settings.searching_users_max, settings.search_age_ms_max, settings.search_decay
        )
        self.watch: Callable[[ListRequest, RankedList], None] | None = None  # sees every list

    def submit(self, dues: Sequence[ListRequest]) -> PendingLists | PendingListsByVariant:
        """Lists to be made in one batch with those that others ask for meanwhile."""
        number_of, searched_by = self._index.number_of, self.searches.of
        wanted: list[Sequence[Any]] = [
            [d.recent for d in dues],
            [d.bought for d in dues],
            [number_of(self._partition, d.session) for d in dues],
            [searched_by(d.user, d.event.time_ms) for d in dues],
        ]
        if self._explores:
            wanted.append([chance_of(self._list_id(d)) for d in dues])
        if self._experiment is None:
            return self._ranker.submit(*wanted)
        variants = [self._experiment.variant_of(d.user) for d in dues]
        return submit_by_variant(self._rankers, variants, *wanted)

    def rank(self) -> None:
        """Make every list that was submitted, also those of other partitions."""
        for ranker in self._rankers or [self._ranker]:
            ranker.rank_pending()

    def outputs(
        self,
        due: Sequence[ListRequest | Erased],
        asked: PendingLists | PendingListsByVariant,
        now_ms: int,
    ) -> Iterator[Output]:
        """What is due, in order: lists, and the end of those of erased users.

        asked: the lists among `due`, as `submit` returned them.
        """
        ranked = iter(asked.lists())
        if self._groups is not None:
            dues = (each for each in due if isinstance(each, ListRequest))
            pairs = zip(dues, asked.lists(), strict=True)
            self._groups.add([pair for pair in pairs if pair[0].event.type != SEARCHED])
        for each in due:
            if isinstance(each, Erased):
                yield from self._erase(each)
            else:
                found = next(ranked)
                if self._trainer is not None:
                    self._teach(self._trainer, each, found, now_ms)
                if self.watch is not None:
                    self.watch(each, found)
                yield self._output(each, found)

    def _erase(self, erased: Erased) -> Iterator[Output]:
        # Once the key of a user's lists was that of the user's events.
        keys = {name.encode() for name in erased.users}
        if erased.event.key is not None:
            keys.add(erased.event.key)
        for key in sorted(keys):
            yield Output(topics.RECOMMENDATIONS, key, None, [])
        for name in erased.users:
            self.searches.forget(name)
            self._exposure.forget(name)
            if self._trainer is not None:
                self._trainer.forget(name)
            if self._groups is not None:
                self._groups.forget(name)

    @staticmethod
    def _teach(trainer: BlendTrainer, due: ListRequest, ranked: RankedList, now_ms: int) -> None:
        """What the user did answers the last list; this list waits for the next answer. A search
        answers nothing: its list takes the place of the last."""
        if due.event.type != SEARCHED:
            trainer.clicked(due.user, due.recent[-1])
        if ranked.candidates is not None and ranked.features is not None:
            trainer.remember(due.user, ranked.candidates, ranked.features, now_ms)

    def _list_id(self, due: ListRequest) -> str:
        """`recomm_id`: where the list's cause stands in its log."""
        topic = topics.SEARCHES if due.event.type == SEARCHED else topics.CLICKS
        return output_id(topic, self._partition, due.event.offset, RECOMMENDATIONS_UPDATED)

    def _output(self, due: ListRequest, ranked: RankedList) -> Output:
        event, data = due.event, due.event.data
        names = self._items.product_ids
        list_id = self._list_id(due)
        self._exposure.add(due.user, due.recent, ranked.items, event.type == CLICKED)
        if ranked.fallback != "none":
            self._counters[f"list_{ranked.fallback}"] += 1
        experiment = variant = None
        if self._experiment is not None:
            experiment = self._experiment.name
            variant = self._experiment.variants[self._experiment.variant_of(due.user)].name
        digits = self._digits
        items = [
            RecommendedItem(names[item], round(score, digits), _reason(code, parameter))
            for item, score, code, parameter in zip(
                ranked.items, ranked.scores, ranked.codes, ranked.parameters, strict=True
            )
        ]
        if ranked.propensity is not None:
            propensity = float(f"{ranked.propensity:.{PROPENSITY_DIGITS}g}")
            items[-1] = msgspec.structs.replace(items[-1], propensity=propensity)
        value = encode_output(
            RecommendationsUpdated(
                recomm_id=list_id,
                items=items,
                fallback=ranked.fallback,
                cause=event.id,
                model=BLEND if ranked.blended else MODEL,
                user_id=data.user_id,
                anonymous_id=data.anonymous_id,
                session_id=data.session_id,
                experiment=experiment,
                variant=variant,
            )
        )
        return Output(
            topics.RECOMMENDATIONS,
            due.user.encode(),
            value,
            headers_of(RECOMMENDATIONS_UPDATED, list_id, due.user, event, SOURCE)
            + provenance_headers(self._positions, ranked.experts),
        )


def _reason(code: str, parameter: str | None) -> Reason:
    if parameter is None:
        return Reason(code)
    return Reason(code, {"category" if code == "trending_category" else "product_id": parameter})
