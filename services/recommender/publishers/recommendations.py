"""Recommendations on `personalisation.recommendations.v1`: the lists that events make due."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

from shopkeeper.shared.contracts import erased_users, topics
from shopkeeper.shared.contracts.envelope import Output
from shopkeeper.shared.contracts.events.recommendation import (
    RECOMMENDATIONS_UPDATED,
    Reason,
    RecommendationsUpdated,
    RecommendedItem,
)
from shopkeeper.shared.contracts.outputs import encode as encode_output
from shopkeeper.shared.contracts.outputs import headers_of, output_id, provenance_headers
from shopkeeper.shared.contracts.preferences import PERSONALISED, PREFERENCE_SET

from ..config import BLEND, MODEL, SOURCE
from ..core.counting.learned import Erased, ListRequest, Profiled
from ..core.ranking.exploration import chance_of
from ..core.ranking.group_metrics import BEHAVIOUR
from ..core.ranking.ranker import submit_by_variant
from ..core.search.last_searches import NOT_SEARCHED
from .profiles import PROFILED, profile_record, tombstone
from .removals import removal

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Mapping, Sequence

    from shopkeeper.shared.contracts.envelope import Event

    from ..config import RecommenderConfig
    from ..core.ab_testing.variants import Experiment
    from ..core.counting.profile_store import ProfileStore
    from ..core.numeric.items import ItemIndex
    from ..core.numeric.types import Searched
    from ..core.ranking.blend import BlendTrainer
    from ..core.ranking.group_metrics import Group
    from ..core.ranking.online_metrics import OnlineMetrics
    from ..core.ranking.pending import PendingLists, PendingListsByVariant
    from ..core.ranking.ranked_list import RankedList
    from ..core.ranking.ranker import Ranker
    from ..core.search.last_searches import LastSearches
    from ..core.tables.preferences import PreferencesTable
    from ..core.tables.sessions import SessionIndex
    from .segments import SegmentsPublisher
    from .user_groups import UserGroupClicksPublisher

    Pending = PendingLists | PendingListsByVariant

CLICKED = "product.clicked.v1"
SEARCHED = "products.searched.v1"
ERASED = "user.erased.v1"
# Else of clicks.
TOPIC_OF = {
    SEARCHED: topics.SEARCHES,
    PROFILED: topics.PROFILES,
    PREFERENCE_SET: topics.PREFERENCES,
}
ASKED = frozenset(TOPIC_OF)  # events that are no answer to the last list
SCORE_DIGITS = 6  # ten items with UUIDs as ids still fit into 2 kB
SCORE_DIGITS_EXPLORING = 4  # and with a propensity
PROPENSITY_DIGITS = 6  # significant ones: small propensities are what weighs


class RecommendationPublisher:
    """Requests and publishes the lists of one partition.

    positions: by topic of a table, how far it was read, as the runtime keeps it. rankers: by
    variant of the experiment; without one, `ranker` ranks all lists. groups: is told of every list
    that an interaction made due, and so is segments. profiles: of the partition's users.
    profile_partitions, preference_partitions: of the topics of profiles and preferences.
    """

    def __init__(
        self,
        *,
        partition: int,
        config: RecommenderConfig,
        items: ItemIndex,
        ranker: Ranker,
        index: SessionIndex,
        searches: LastSearches,
        exposure: OnlineMetrics,
        counters: Counter[str],
        groups: UserGroupClicksPublisher,
        segments: SegmentsPublisher,
        preferences: PreferencesTable,
        positions: Mapping[str, int],
        profiles: Callable[[], ProfileStore],
        profile_partitions: int,
        preference_partitions: int,
        trainer: BlendTrainer | None = None,
        experiment: Experiment | None = None,
        rankers: Sequence[Ranker] = (),
        usable: Callable[[int], bool] | None = None,
    ) -> None:
        """usable: whether a list may be made from what its user did with an item; None: any."""
        self._usable = usable
        self._partition, self._items = partition, items
        self._ranker, self._index, self.searches = ranker, index, searches
        self._exposure, self._counters, self._trainer = exposure, counters, trainer
        self._positions, self._groups, self._segments = positions, groups, segments
        self._preferences, self._preference_partitions = preferences, preference_partitions
        self._profiles, self._profile_partitions = profiles, profile_partitions
        self._explores = config.rules.explore.share > 0
        self._digits = SCORE_DIGITS_EXPLORING if self._explores else SCORE_DIGITS
        self._experiment, self._rankers = experiment, rankers
        self.watch: Callable[[ListRequest, RankedList], None] | None = None  # sees every list

    def submit(self, requests: Sequence[ListRequest]) -> Pending:
        """Lists to be ranked in one batch with those that other partitions request meanwhile."""
        if len(self._preferences):
            self._obey(requests)
        if self._usable is not None:  # an item may have become sensitive since
            for request in requests:
                request.recent = tuple(filter(self._usable, request.recent))
                request.bought = tuple(filter(self._usable, request.bought))
        number_of = self._index.number_of
        wanted: list[Sequence[Any]] = [
            [request.recent for request in requests],
            [request.bought for request in requests],
            [number_of(self._partition, request.session) for request in requests],
            [self._searched(request) for request in requests],
        ]
        draws = [chance_of(self._list_id(each)) for each in requests] if self._explores else ()
        profiles = self._profiles()
        cells: list[tuple[int, ...]] = [()] * len(requests)
        if len(profiles):
            cells = [profiles.cells(r.user) if r.ranking == PERSONALISED else () for r in requests]
        wanted += [
            draws,
            cells,
            [request.ranking for request in requests],
        ]
        if self._experiment is None:
            return self._ranker.submit(*wanted)
        variants = [self._variant(request) or 0 for request in requests]
        return submit_by_variant(self._rankers, variants, *wanted)

    def _obey(self, requests: Sequence[ListRequest]) -> None:
        """Of those who want no personalised list nothing is used."""
        for request in requests:
            ranking = self._preferences.ranking(request.user)
            if ranking != PERSONALISED:
                request.use_nothing(ranking)

    def _searched(self, request: ListRequest) -> Searched:
        """What fits the user's last search; where nothing is to be used, this one's alone."""
        if request.ranking == PERSONALISED or request.event.type == SEARCHED:
            return self.searches.of(request.user, request.event.time_ms)
        return NOT_SEARCHED

    def _variant(self, request: ListRequest) -> int | None:
        """Of the experiment, for those who take part in it."""
        if self._experiment is None or request.ranking != PERSONALISED:
            return None
        return self._experiment.variant_of(request.user)

    def rank_pending(self) -> None:
        """Rank what was submitted, by this partition and by others."""
        for ranker in self._rankers or (self._ranker,):
            ranker.rank_pending()

    def outputs(
        self,
        due: Sequence[ListRequest | Erased | Profiled],
        pending: Pending | None,
        now_ms: int,
    ) -> list[Output]:
        """What is due, in order: lists, tombstones for those of erased users, profiles that go on.

        pending: the lists among `due`, as `submit` returned them, ranked; None if there are none.
        """
        ranked = [] if pending is None else pending.lists()
        requests = [each for each in due if isinstance(each, ListRequest)]
        by_request = zip(requests, ranked, strict=True)
        interacted = [
            pair for pair in by_request if pair[0].event.type not in ASKED and pair[0].teaches
        ]
        if due:
            self._groups.add(interacted)
            self._segments.add(interacted)
        records: list[Output] = []
        left = iter(ranked)
        for each in due:
            if isinstance(each, Erased):
                records += self._erase(each)
                continue
            if isinstance(each, Profiled):
                records.append(self._profile(each.event))
                continue
            found = next(left)
            if self._trainer is not None and each.teaches:
                self._teach(self._trainer, each, found, now_ms)
            if self.watch is not None:
                self.watch(each, found)
            records.append(self._output(each, found))
        return records

    def _erase(self, erased: Erased) -> list[Output]:
        # Once the key of a user's lists was that of the user's events.
        keys = {name.encode() for name in erased.users}
        if erased.event.key is not None:
            keys.add(erased.event.key)
        for name in erased.users:
            self.searches.forget(name)
            self._exposure.forget(name)
            if self._trainer is not None:
                self._trainer.forget(name)
            self._groups.forget(name)
        lists = [Output(topics.RECOMMENDATIONS, key, None, []) for key in sorted(keys)]
        lists += [self._segments.forget(name) for name in erased.users]
        if not erased.whole:
            return lists
        told = [_told_to_others(name, erased.event.time_ms) for name in erased.users]
        return [*lists, *told, *self._erase_records(erased)]

    def _erase_records(self, erased: Erased) -> list[Output]:
        """Tombstones in every partition in which a profile or a preference of these users may lie:
        whatever a producer's partitioner is, the original stays where it put it."""
        event = erased.event
        cause = output_id(topics.CLICKS, self._partition, event.offset, ERASED, event.ordinal)
        return [
            made(user, event.time_ms, f"{cause}/{nth}", n)
            for made, count in (
                (tombstone, self._profile_partitions),
                (removal, self._preference_partitions),
            )
            for nth, user in enumerate(erased.users)
            for n in range(count)
        ]

    def _profile(self, event: Event) -> Output:
        """A profile that came among interactions, under its user's key."""
        place = output_id(topics.CLICKS, self._partition, event.offset, PROFILED, event.ordinal)
        return profile_record(event.data.user, event.data, event.time_ms, place)

    @staticmethod
    def _teach(
        trainer: BlendTrainer, request: ListRequest, ranked: RankedList, now_ms: int
    ) -> None:
        """What the user did answers the last list; this list waits for the next answer. A search
        answers nothing: its list takes the place of the last."""
        if request.event.type not in ASKED:
            trainer.clicked(request.user, request.recent[-1])
        if ranked.candidates is not None and ranked.features is not None:
            trainer.remember(request.user, ranked.candidates, ranked.features, now_ms)

    def _groups_of(self, user: str) -> list[Group]:
        """The groups by which a user's lists are compared with others'."""
        profiles, by_group = self._profiles(), self._exposure.by_group
        place = self._groups.place_of(user)
        found = [] if place is None else [(BEHAVIOUR, str(place))]
        if not len(profiles):
            return found
        values = profiles.fairness_values(user)
        return found + [by_group.group_of(value, profiles.size(value)) for value in values]

    def _list_id(self, request: ListRequest) -> str:
        """`recomm_id`: where the list's cause stands in its log."""
        topic = TOPIC_OF.get(request.event.type, topics.CLICKS)
        return output_id(
            topic,
            self._partition,
            request.event.offset,
            RECOMMENDATIONS_UPDATED,
            request.event.ordinal,
        )

    def _output(self, request: ListRequest, ranked: RankedList) -> Output:
        event, data = request.event, request.event.data
        names = self._items.product_ids
        list_id = self._list_id(request)
        clicked = event.type == CLICKED
        if request.ranking == PERSONALISED:  # else it says nothing of how well lists are made
            groups = self._groups_of(request.user)
            self._exposure.add(request.user, request.recent, ranked.items, clicked, groups)
        if ranked.fallback != "none":
            self._counters[f"list_{ranked.fallback}"] += 1
        experiment = variant = None
        number = self._variant(request)
        if self._experiment is not None and number is not None:
            experiment, variant = self._experiment.name, self._experiment.variants[number].name
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
                ranking=request.ranking,
            )
        )
        return Output(
            topics.RECOMMENDATIONS,
            request.user.encode(),
            value,
            headers_of(RECOMMENDATIONS_UPDATED, list_id, request.user, event, SOURCE)
            + provenance_headers(self._positions, ranked.experts),
        )


@lru_cache(maxsize=8_192)
def _reason(code: str, parameter: str | None) -> Reason:
    """Most of a list's reasons were given before."""
    if parameter is None:
        return Reason(code)
    return Reason(code, {"category" if code == "trending_category" else "product_id": parameter})


def _told_to_others(user: str, time_ms: int) -> Output:
    """For services that read no clicks, and keep something of the user."""
    key, value = erased_users.encode(user, time_ms)
    return Output(topics.ERASED_USERS, key, value, [])
