"""Wiring of the recommender: clicks in; deltas, similar items, trending and lists out."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.api.service import Service, Source
from shopkeeper.shared.runtime.settings import SettingsError

from .config import MODEL, RecommenderConfig
from .core.knowledge import Knowledge
from .core.numeric.items import ItemIndex
from .core.ranking.blend import BlendTrainer
from .core.ranking.features import BASE, FEATURES, PRIOR
from .core.ranking.online_metrics import OnlineMetrics
from .core.ranking.ranker import Ranker
from .core.rules import Rules, RulesError, parse
from .core.search.product_search import ProductSearch
from .core.user_groups import clustering
from .models.item_encoder import ItemEncoder
from .models.support_filter import SupportQueryFilter
from .processors.catalogue import CatalogueProcessor
from .processors.interactions import InteractionsProcessor
from .processors.item_pairs import ItemPairsProcessor
from .processors.searches import SearchesProcessor
from .publishers.experiment_metrics import experiment_of
from .publishers.metrics import RecommenderMetrics
from .publishers.recommendations import RecommendationPublisher
from .publishers.user_groups import UserGroupClicksPublisher
from .spec import RecommenderSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from shopkeeper.shared.contracts.envelope import Event, KeyValue
    from shopkeeper.shared.runtime.settings import WorkerSettings
    from shopkeeper.shared.runtime.telemetry.metrics import Observer, Registry

    from .core.ab_testing.variants import Experiment


SEEN_AT_ONCE = 16  # products


class Recommender:
    """Everything of one worker: interned items and views are shared by its partitions."""

    def __init__(
        self,
        knobs: RecommenderConfig,
        experiment: Experiment | None = None,
        models: tuple[ItemEncoder, SupportQueryFilter] | None = None,
    ) -> None:
        """models: of products' and searches' texts; None: searches are not used."""
        self.knobs, self.experiment = knobs, experiment
        variants = [] if experiment is None else [v.settings(knobs) for v in experiment.variants]
        blend = any(each.blend for each in variants) if variants else knobs.blend
        self.items = ItemIndex()
        self.counters: Counter[str] = Counter()
        self.product_search = (
            None if models is None else ProductSearch(knobs, self.items, *models, self.counters)
        )
        self.knowledge = Knowledge(
            self.items,
            knobs,
            None if self.product_search is None else self.product_search.on_product_changed,
        )
        self.exposure = OnlineMetrics(self.items, self.knowledge.item_counts)
        self.positions: dict[str, int] = {}  # by view topic, kept by the runtime
        self.trainer = BlendTrainer(knobs, len(FEATURES), BASE, PRIOR) if blend else None
        self.ranker = Ranker(
            knobs, self.items, self.knowledge, self.trainer if knobs.blend else None
        )
        self.rankers = [
            Ranker(each, self.items, self.knowledge, self.trainer if each.blend else None)
            for each in variants
        ]
        self.item_partitions = 1
        self._warm()
        # Weak: the runtime drops the processors of a revoked partition, and so do these.
        self._clicks: WeakValueDictionary[int, InteractionsProcessor] = WeakValueDictionary()
        self._pairs: WeakValueDictionary[int, ItemPairsProcessor] = WeakValueDictionary()

    def _warm(self) -> None:
        """Load the compiled loops, or compile them, before anybody waits for a list."""
        self.knowledge.sessions.warm()
        self.ranker.warm()
        if self.knobs.user_groups:
            clustering.warm()
        if self.product_search is not None:
            self.product_search.warm()

    def prepare(self, partition_count: Callable[[str], int]) -> None:
        """Called once the broker has told how many partitions topics have."""
        self.item_partitions = partition_count(topics.ITEM_PAIRS)

    def make_interactions(self, partition: int) -> InteractionsProcessor:
        """The processor of one partition of users."""
        groups = UserGroupClicksPublisher(
            partition, self.knobs, self.items, self.knowledge.user_groups
        )
        lists = RecommendationPublisher(
            partition,
            self.knobs,
            self.items,
            self.ranker,
            self.knowledge.sessions,
            self.exposure,
            self.counters,
            self.trainer,
            self.positions,
            self.experiment,
            self.rankers,
            groups,
        )
        processor = self._clicks[partition] = InteractionsProcessor(
            partition,
            self.item_partitions,
            self.knobs,
            self.items,
            self.ranker,
            lists,
            self.trainer,
            self.experiment,
            groups,
        )
        return processor

    def make_searches(self, partition: int) -> SearchesProcessor:
        """The processor of one partition of searches, of the same users."""
        return SearchesProcessor(
            self.knobs, self.product_search, partial(self._clicks.get, partition)
        )

    def see_catalogue(self, records: Sequence[KeyValue]) -> None:
        """Records of the catalogue: found by searches at once, or, where lists wait for nobody to
        encode hundreds of products, the first few."""
        self.knowledge.catalogue.apply(records)
        if self.product_search is not None:
            self.product_search.index_pending(
                SEEN_AT_ONCE if self._clicks else self.product_search.waiting
            )

    def make_item_pairs(self, partition: int) -> ItemPairsProcessor:
        """The processor of one partition of items."""
        processor = self._pairs[partition] = ItemPairsProcessor(
            partition, self.item_partitions, self.knobs, self.items, self.knowledge, self.counters
        )
        return processor

    def metrics(self, registry: Registry) -> Observer:
        """Declare the recommender's metrics; returns what brings them up to date."""
        return RecommenderMetrics(
            registry,
            items=self.items,
            knowledge=self.knowledge,
            exposure=self.exposure,
            counters=self.counters,
            interactions=self._clicks,
            item_pairs=self._pairs,
            product_search=self.product_search,
            trainer=self.trainer,
            experiment=self.experiment,
        ).observe


def _user(event: Event) -> str:
    return event.data.user_id or event.data.anonymous_id  # type: ignore[no-any-return]


def read_rules(path: str) -> Rules:
    """The serving rules in a file. Raises SettingsError, naming file and place."""
    if not path:
        return Rules()
    try:
        return parse(Path(path).read_bytes())
    except (RulesError, OSError) as error:
        raise SettingsError(f"RULES={path}: {error}") from None


def build(settings: WorkerSettings) -> Service:
    """The service, by the worker's settings. Raises SettingsError for rules it cannot use."""
    own = RecommenderSettings.from_env(settings.environ)
    knobs = replace(
        RecommenderConfig(),
        list_interval_ms=own.list_interval_ms,
        list_age_ms_max=own.list_age_ms_max,
        rules=read_rules(own.rules_file),
        decay_half_life_hours=own.decay_half_life_hours,
        pruning_delta=own.pruning_delta,
    )
    models = None
    if own.search:
        models = ItemEncoder(settings.model_dir), SupportQueryFilter(settings.model_dir)
    recommender = Recommender(knobs, experiment_of(own.experiment), models)
    knowledge = recommender.knowledge
    return Service(
        name="recommender",
        sources=[
            Source(
                topics.CLICKS,
                recommender.make_interactions,
                frozenset(topics.BY_NAME[topics.CLICKS].types),
                holds_back=True,
                key_of=_user,
            ),
            Source(topics.ITEM_PAIRS, recommender.make_item_pairs, internal_type="item-pairs"),
            Source(
                topics.SEARCHES,
                recommender.make_searches,
                frozenset(topics.BY_NAME[topics.SEARCHES].types),
                key_of=_user,
            ),
            Source(
                topics.CATALOGUE,
                lambda partition: CatalogueProcessor(),
                frozenset(topics.BY_NAME[topics.CATALOGUE].types),
            ),
        ],
        tables={
            topics.CATALOGUE: recommender.see_catalogue,
            topics.SIMILAR_ITEMS: knowledge.similar_items.apply,
            topics.ITEM_COUNTS: knowledge.item_counts.apply,
            topics.PRODUCT_SENTIMENT: knowledge.sentiment.apply,
            topics.TRENDING: knowledge.trending.apply,
            topics.SESSION_ITEMS: knowledge.sessions.apply,
            topics.USER_GROUPS: knowledge.user_groups.apply,
        },
        prepare=recommender.prepare,
        metrics=recommender.metrics,
        positions=recommender.positions,
        models=[
            (model.name, model.version)
            for model in (MODEL, *((models[0].text, models[1].model) if models else ()))
        ],
    )
