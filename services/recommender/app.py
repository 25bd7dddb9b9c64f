"""Wiring of the recommender: interactions and searches in; lists and their sources out."""

from __future__ import annotations

import sys
import time
from collections import Counter
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.erased_users import customer
from shopkeeper.shared.domains import pack
from shopkeeper.shared.runtime.api.service import Handovers, Service, Source
from shopkeeper.shared.runtime.kafka.global_tables import Apply, Stamped
from shopkeeper.shared.runtime.kafka.sink import partition_of
from shopkeeper.shared.runtime.kafka.unpacking import read_in_bulk
from shopkeeper.shared.runtime.processes import process
from shopkeeper.shared.runtime.processes.compiling import compile_apart, compile_beside
from shopkeeper.shared.runtime.settings import SettingsError, WorkerSettings

from .config import MODEL, RecommenderConfig, read_rules
from .core.counting import warming as counting
from .core.counting.handovers import HANDOVER, decode_timed
from .core.counting.profile_store import ProfileStore
from .core.knowledge import Knowledge
from .core.numeric.items import ItemIndex
from .core.numeric.jit import CORE
from .core.ranking import warming as ranking
from .core.ranking.blend import BlendTrainer
from .core.ranking.features import BASE, FEATURES, PRIOR
from .core.ranking.online_metrics import OnlineMetrics
from .core.ranking.ranker import Ranker
from .core.search.product_search import ProductSearch
from .models.item_encoder import ItemEncoder
from .models.support_filter import SupportQueryFilter, support_filter
from .processors.catalogue import CatalogueProcessor
from .processors.indexing import BackgroundIndexing
from .processors.interactions import InteractionsProcessor
from .processors.item_pairs import ItemPairsProcessor
from .processors.profiles import ProfilesProcessor, owner_key
from .processors.searches import PendingSearches, SearchesProcessor
from .processors.user_state import UserState
from .publishers.experiment_metrics import experiment_of
from .publishers.metrics import RecommenderMetrics
from .publishers.parameters import ParametersPublisher
from .publishers.preferences import PreferencePublisher
from .publishers.recommendations import RecommendationPublisher
from .publishers.segments import SegmentsPublisher
from .publishers.user_groups import UserGroupClicksPublisher
from .spec import RecommenderSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from shopkeeper.shared.contracts.envelope import Event, KeyValue, Stamp
    from shopkeeper.shared.contracts.events.shop import PreferenceSet
    from shopkeeper.shared.runtime.telemetry.metrics import Observer, Registry

    from .core.ab_testing.variants import Experiment


COMPILES = "shopkeeper.services.recommender.app"  # as a program: see `compile_apart`
HALF = "half"  # its argument in a second process
CHECKED_AT_ONCE = 1000  # records of the catalogue, of a partition: some 5 ms
INDEXED_AT_ONCE = 16  # products that searches find at once while lists are made, some 3 ms


class Recommender:
    """Everything of one worker: its partitions share the index of items, tables and models."""

    def __init__(
        self,
        config: RecommenderConfig,
        experiment: Experiment | None = None,
        models: tuple[ItemEncoder, SupportQueryFilter] | None = None,
    ) -> None:
        """models: of products' and searches' texts; None: searches are not used."""
        self.config, self.experiment = config, experiment
        variants = [] if experiment is None else [v.applied_to(config) for v in experiment.variants]
        self.items = ItemIndex()
        self.counters: Counter[str] = Counter()
        self.product_search = None if models is None else self._search(*models)
        self.indexing = (
            None
            if self.product_search is None
            else BackgroundIndexing(self.product_search, config.search_products_per_slice)
        )
        self.pending_searches = PendingSearches(self.product_search)
        self.knowledge = Knowledge(
            self.items,
            config,
            None if self.product_search is None else self.product_search.on_product_changed,
            self._on_preferences_changed,
        )
        self.exposure = OnlineMetrics(self.items, self.knowledge.item_counts)
        self.positions: dict[str, int] = {}  # by topic of a table, kept by the runtime
        blend = any(each.blend for each in variants or (config,))
        self.trainer = BlendTrainer(config, FEATURES, BASE, PRIOR) if blend else None
        self.ranker = self._ranker(config)
        self.rankers = [self._ranker(each) for each in variants]
        self.item_partitions = self.user_partitions = self.profile_partitions = 1
        self.preference_partitions = 1
        self._warm()
        # Weak: the runtime drops the processors of a revoked partition, and so do these.
        self._clicks: WeakValueDictionary[int, InteractionsProcessor] = WeakValueDictionary()
        self._preferences: WeakValueDictionary[int, PreferencePublisher] = WeakValueDictionary()
        self._pairs: WeakValueDictionary[int, ItemPairsProcessor] = WeakValueDictionary()
        self._profiles: WeakValueDictionary[int, ProfilesProcessor] = WeakValueDictionary()
        self._no_profiles = ProfileStore(config)

    def _search(self, encoder: ItemEncoder, support_filter: SupportQueryFilter) -> ProductSearch:
        return ProductSearch(
            config=self.config,
            items=self.items,
            encoder=encoder,
            support_filter=support_filter,
            counters=self.counters,
            clock=time.thread_time,
        )

    def _ranker(self, config: RecommenderConfig) -> Ranker:
        trainer = self.trainer if config.blend else None
        return Ranker(config, self.items, self.knowledge, trainer)

    def _warm(self) -> None:
        """Load the compiled loops before an event or a list waits for them."""
        self.ranker.warm()
        counting.warm(self.config)
        self.knowledge.sessions.warm()
        if self.product_search is not None:
            self.product_search.warm()

    def prepare(self, partition_count: Callable[[str], int]) -> None:
        """Called once the broker has told how many partitions topics have."""
        self.item_partitions = partition_count(topics.ITEM_PAIRS)
        self.user_partitions = partition_count(topics.CLICKS)
        self.profile_partitions = partition_count(topics.PROFILES)
        self.preference_partitions = partition_count(topics.PREFERENCES)

    def tables(self) -> Mapping[str, Apply]:
        """By topic that is read whole, what takes its records in."""
        tables: dict[str, Apply] = {table.topic: table.apply for table in self.knowledge.tables}
        return tables | {topics.CATALOGUE: Stamped(self.on_catalogue)}

    def on_catalogue(
        self, records: Sequence[KeyValue], stamps: Sequence[Stamp] | None = None
    ) -> None:
        """Records of the catalogue. Searches find the products at once, or, where there are more
        than a few while lists are made, after `index_in_background`: no list waits for hundreds of
        products to be encoded."""
        self.knowledge.catalogue.apply(records, stamps)
        found = self.product_search
        if found is not None and not found.begun:
            waiting = found.waiting
            if waiting <= INDEXED_AT_ONCE or not self._clicks:
                found.index_pending(waiting)

    def index_in_background(self, others_wait: bool) -> bool:
        """Let searches find some more products; whether any more are ready. others_wait: for the
        thread that this runs on, which makes no difference: a piece is 2 ms."""
        return self.indexing is not None and self.indexing.piece()

    def _on_preferences_changed(self, said: Sequence[PreferenceSet]) -> None:
        """Each partition that this worker has makes lists for its own users among them."""
        for preferences in list(self._preferences.values()):
            preferences.changed(said)

    def rank_pending(self) -> None:
        """Answer every search, and rank every list that was submitted, of all partitions
        together."""
        self.pending_searches.answer()
        for ranker in self.rankers or (self.ranker,):
            ranker.rank_pending()

    def _elsewhere(self, partition: int, user: str) -> int | None:
        """The partition that a user's state is kept in, unless it is this one."""
        owner = partition_of(user.encode(), self.user_partitions)
        return None if owner == partition else owner

    def profiles_of(self, partition: int) -> ProfileStore:
        """What is known of a partition's users; nothing before its profiles were assigned."""
        processor = self._profiles.get(partition)
        return self._no_profiles if processor is None else processor.store

    def make_interactions(self, partition: int) -> InteractionsProcessor:
        """The processor of one partition of users."""
        config, items = self.config, self.items
        users = UserState(config, items, partial(self._elsewhere, partition))
        groups = UserGroupClicksPublisher(
            partition=partition,
            config=config,
            items=items,
            table=self.knowledge.user_groups,
            sessions=users.sessions,
            searches=users.searches,
            profiles=partial(self.profiles_of, partition),
        )
        segments = SegmentsPublisher(
            config=config, knowledge=self.knowledge, sessions=users.sessions
        )
        lists = RecommendationPublisher(
            partition=partition,
            config=config,
            items=items,
            ranker=self.ranker,
            index=self.knowledge.sessions,
            searches=users.searches,
            exposure=self.exposure,
            counters=self.counters,
            groups=groups,
            segments=segments,
            preferences=self.knowledge.preferences,
            positions=self.positions,
            profiles=partial(self.profiles_of, partition),
            profile_partitions=self.profile_partitions,
            preference_partitions=self.preference_partitions,
            trainer=self.trainer,
            experiment=self.experiment,
            rankers=self.rankers,
            usable=self.knowledge.catalogue.usable if config.exclusions else None,
        )
        preferences = self._preferences[partition] = PreferencePublisher(
            partition=partition,
            elsewhere=partial(self._elsewhere, partition),
            sessions=users.sessions,
            lists=lists,
            segments=segments,
        )
        processor = self._clicks[partition] = InteractionsProcessor(
            partition=partition,
            item_partitions=self.item_partitions,
            config=config,
            items=items,
            users=users,
            lists=lists,
            refresh=self.ranker.refresh,
            publishers=[groups, preferences, segments, *self._parameters(partition)],
            trainer=self.trainer,
            experiment=self.experiment,
            exclusions=self.knowledge.catalogue if config.exclusions else None,
        )
        return processor

    def _parameters(self, partition: int) -> list[ParametersPublisher]:
        """Without a blend nothing is learned that could be told."""
        if self.trainer is None:
            return []
        return [ParametersPublisher(partition=partition, config=self.config, trainer=self.trainer)]

    def make_searches(self, partition: int) -> SearchesProcessor:
        """The processor of one partition of searches, of the same users."""
        return SearchesProcessor(
            self.config, self.pending_searches, partial(self._clicks.get, partition)
        )

    def make_profiles(self, partition: int) -> ProfilesProcessor:
        """The processor of one partition of profiles, of the same users."""
        processor = self._profiles[partition] = ProfilesProcessor(
            partition=partition,
            partition_count=self.profile_partitions,
            config=self.config,
            interactions=partial(self._clicks.get, partition),
            elsewhere=partial(self._elsewhere, partition),
        )
        return processor

    def make_item_pairs(self, partition: int) -> ItemPairsProcessor:
        """The processor of one partition of items."""
        processor = self._pairs[partition] = ItemPairsProcessor(
            partition=partition,
            partition_count=self.item_partitions,
            config=self.config,
            items=self.items,
            knowledge=self.knowledge,
            counters=self.counters,
        )
        return processor

    def metrics(self, registry: Registry) -> Observer:
        """Declare the recommender's metrics; returns what brings them up to date."""
        return RecommenderMetrics(
            registry,
            config=self.config,
            items=self.items,
            knowledge=self.knowledge,
            exposure=self.exposure,
            counters=self.counters,
            interactions=self._clicks,
            item_pairs=self._pairs,
            profiles=self._profiles,
            product_search=self.product_search,
            trainer=self.trainer,
            experiment=self.experiment,
        ).observe


def _user(event: Event) -> str:
    return event.data.user_id or event.data.anonymous_id  # type: ignore[no-any-return]


def build(settings: WorkerSettings) -> Service:
    """The service, by the worker's settings. Raises SettingsError for rules it cannot use."""
    own = RecommenderSettings.from_env(settings.environ)
    compile_apart(COMPILES, CORE)
    config = replace(
        RecommenderConfig(),
        list_interval_ms=own.list_interval_ms,
        list_age_ms_max=own.list_age_ms_max,
        rules=read_rules(own.rules_file),
        exclusions=pack.load(settings.domain).excluded,
        decay_half_life_hours=own.decay_half_life_hours,
        pruning_delta=own.pruning_delta,
        user_events_per_minute_max=own.user_events_per_minute_max,
        profile_fields=own.profile_fields,
        fairness_fields=own.fairness_fields,
        profile_ranking=own.profile_ranking,
    )
    models = None
    if own.search:
        if settings.text_models == "free":
            raise SettingsError(
                "TEXT_MODELS=free has no model for product search: the shipped one learned "
                "from data for research too. Set SEARCH=off, or TEXT_MODELS=best for this worker"
            )
        models = (
            ItemEncoder(settings.model_dir),
            support_filter(settings.domain, settings.model_dir),
        )
    recommender = Recommender(config, experiment_of(own.experiment), models)
    return Service(
        name="recommender",
        sources=[
            Source(
                topics.CLICKS,
                recommender.make_interactions,
                frozenset(topics.BY_NAME[topics.CLICKS].types),
                buffers_output=True,
                key_of=_user,
                handovers=Handovers(HANDOVER, decode_timed),
                bulk=True,
            ),
            Source(topics.ITEM_PAIRS, recommender.make_item_pairs, internal_type="item-pairs"),
            Source(
                topics.SEARCHES,
                recommender.make_searches,
                frozenset(topics.BY_NAME[topics.SEARCHES].types),
                key_of=_user,
                users_of=customer,
            ),
            Source(
                topics.PROFILES,
                recommender.make_profiles,
                frozenset(topics.BY_NAME[topics.PROFILES].types),
                key_of=owner_key,
            ),
            Source(
                topics.CATALOGUE,
                lambda partition: CatalogueProcessor(),
                frozenset(topics.BY_NAME[topics.CATALOGUE].types),
                records_max=CHECKED_AT_ONCE,
            ),
        ],
        tables=recommender.tables(),
        prepare=recommender.prepare,
        rank=recommender.rank_pending,
        background=recommender.index_in_background if models else None,
        metrics=recommender.metrics,
        positions=recommender.positions,
        models=[
            (model.name, model.version)
            for model in (MODEL, *((models[0].text, models[1].model) if models else ()))
        ],
    )


def main() -> None:
    """Compile every loop that a worker of this service runs, and keep the machine code.

    A second process compiles half of them, those that do not gather candidates.
    """
    process.follow_parent()
    if HALF in sys.argv:
        config = RecommenderConfig()
        ranking.warm(BlendTrainer(config, FEATURES, BASE, PRIOR).serving, by_expert=True)
        read_in_bulk(topics.CLICKS)
        counting.warm(config)
        return
    with compile_beside(COMPILES, HALF):
        build(WorkerSettings.from_env({"KAFKA_BOOTSTRAP_SERVERS": "nobody:1"}))
    read_in_bulk(topics.CLICKS)


if __name__ == "__main__":
    main()
