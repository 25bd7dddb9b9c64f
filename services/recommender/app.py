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

from .config import MODEL
from .config import Settings as Knobs
from .core.knowledge import Views
from .core.numeric.items import Items
from .core.ranking.blend import Learner
from .core.ranking.features import BASE, EXPERT_OF, FEATURES, PRIOR
from .core.ranking.online_metrics import Exposure
from .core.ranking.ranker import Ranker
from .core.rules import Rules, RulesError, parse
from .core.search.product_search import Finder
from .core.user_groups import clustering
from .models.item_encoder import ItemEncoder
from .models.support_filter import Needs
from .processors.catalogue import CatalogueProcessor
from .processors.interactions import ClicksProcessor
from .processors.item_pairs import PairsProcessor
from .processors.searches import SearchesProcessor
from .publishers.experiment_metrics import experiment_of, observe_experiment
from .publishers.recommendations import Lists
from .publishers.user_groups import GroupReports

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from prometheus_client import Counter as Counts

    from shopkeeper.shared.contracts.envelope import Event, KeyValue
    from shopkeeper.shared.runtime.settings import Settings
    from shopkeeper.shared.runtime.telemetry.metrics import Metrics

    from .core.ab_testing.variants import Experiment


SEEN_AT_ONCE = 16  # products


class Recommender:
    """Everything of one worker: interned items and views are shared by its partitions."""

    def __init__(
        self,
        knobs: Knobs,
        experiment: Experiment | None = None,
        models: tuple[ItemEncoder, Needs] | None = None,
    ) -> None:
        """models: of products' and searches' texts; None: searches are not used."""
        self.knobs, self.experiment = knobs, experiment
        variants = [] if experiment is None else [v.settings(knobs) for v in experiment.variants]
        blend = any(each.blend for each in variants) if variants else knobs.blend
        self.items = Items()
        self.counters: Counter[str] = Counter()
        self.finder = None if models is None else Finder(knobs, self.items, *models, self.counters)
        self.views = Views(self.items, knobs, None if self.finder is None else self.finder.note)
        self.exposure = Exposure(self.items, self.views.counts)
        self.positions: dict[str, int] = {}  # by view topic, kept by the runtime
        self.learner = Learner(knobs, len(FEATURES), BASE, PRIOR) if blend else None
        self.ranker = Ranker(knobs, self.items, self.views, self.learner if knobs.blend else None)
        self.rankers = [
            Ranker(each, self.items, self.views, self.learner if each.blend else None)
            for each in variants
        ]
        self.item_partitions = 1
        self._warm()
        # Weak: the runtime drops the processors of a revoked partition, and so do these.
        self._clicks: WeakValueDictionary[int, ClicksProcessor] = WeakValueDictionary()
        self._pairs: WeakValueDictionary[int, PairsProcessor] = WeakValueDictionary()
        self._reported: Counter[str] = Counter()

    def _warm(self) -> None:
        """Load the compiled loops, or compile them, before anybody waits for a list."""
        self.views.sessions.warm()
        self.ranker.warm()
        if self.knobs.user_groups:
            clustering.warm()
        if self.finder is not None:
            self.finder.warm()

    def prepare(self, partition_count: Callable[[str], int]) -> None:
        """Called once the broker has told how many partitions topics have."""
        self.item_partitions = partition_count(topics.ITEM_PAIRS)

    def make_clicks(self, partition: int) -> ClicksProcessor:
        """The processor of one partition of users."""
        groups = GroupReports(partition, self.knobs, self.items, self.views.groups)
        lists = Lists(
            partition, self.knobs, self.items, self.ranker, self.views.sessions, self.exposure,
            self.counters, self.learner, self.positions, self.experiment, self.rankers, groups,
        )  # fmt: skip
        processor = self._clicks[partition] = ClicksProcessor(
            partition, self.item_partitions, self.knobs, self.items, self.ranker, lists,
            self.learner, self.experiment, groups,
        )  # fmt: skip
        return processor

    def make_searches(self, partition: int) -> SearchesProcessor:
        """The processor of one partition of searches, of the same users."""
        return SearchesProcessor(self.knobs, self.finder, partial(self._clicks.get, partition))

    def see_catalogue(self, records: Sequence[KeyValue]) -> None:
        """Records of the catalogue: found by searches at once, or, where lists wait for nobody to
        encode hundreds of products, the first few."""
        self.views.catalogue.apply(records)
        if self.finder is not None:
            self.finder.take_in(SEEN_AT_ONCE if self._clicks else self.finder.waiting)

    def make_pairs(self, partition: int) -> PairsProcessor:
        """The processor of one partition of items."""
        processor = self._pairs[partition] = PairsProcessor(
            partition, self.item_partitions, self.knobs, self.items, self.views, self.counters
        )
        return processor

    def observe(self, metrics: Metrics) -> None:
        """What the recommender knows of itself, about once a second."""
        sessions = [processor.sessions for processor in self._clicks.values()]
        for table, entries in (
            ("users", sum(len(s.users) for s in sessions)),
            ("sessions", sum(len(s.sessions) for s in sessions)),
            ("items", len(self.items)),
            ("pairs", sum(len(m) for p in self._pairs.values() for m in p.counts.pairs)),
            ("similar_rows", len(self.views.similar)),
            ("indexed_sessions", len(self.views.sessions)),
            ("user_groups", len(self.views.groups)),
            ("last_searches", sum(len(p.lists.searches) for p in self._clicks.values())),
            ("search_products", 0 if self.finder is None else len(self.finder)),
        ):
            metrics.state_entries.labels(table).set(entries)
        totals = self.counters.copy()
        for each in sessions:
            totals.update(each.counters)
        if self.learner is not None:
            totals["example_learned"] = self.learner.examples
            totals["example_missed"] = self.learner.missed
        for name, total in totals.items():
            # Less than was reported, where a partition was given away with what it had counted.
            _counter_of(metrics, name).inc(max(0, total - self._reported[name]))
        self._reported = totals
        self._observe_learner(metrics)
        if self.experiment is not None:
            ledgers = [p.ledger for p in self._clicks.values() if p.ledger is not None]
            observe_experiment(metrics, self.experiment, ledgers)
        coverage, gini = self.exposure.coverage_and_gini(len(self.items))
        metrics.coverage.set(coverage)
        metrics.gini.set(gini)
        metrics.novelty.set(self.exposure.novelty())
        metrics.popularity_lift.set(self.exposure.popularity_lift())
        for history, share in self.exposure.hit_shares().items():
            metrics.hits.labels(history).set(share)

    def _observe_learner(self, metrics: Metrics) -> None:
        learner = self.learner
        if learner is None or not learner.examples:
            return
        metrics.ranker_rank.labels("base").set(learner.base_rank)
        metrics.ranker_rank.labels("blend").set(learner.blend_rank)
        shares: Counter[str] = Counter()
        for expert, share in zip(EXPERT_OF, learner.shares.tolist(), strict=True):
            shares[expert] += share
        for expert, share in shares.items():
            metrics.ranker_share.labels(expert).set(share)


def _counter_of(metrics: Metrics, name: str) -> Counts:
    kind, _, label = name.partition("_")
    if kind == "list":
        return metrics.fallbacks.labels(label)
    if kind == "example":
        return metrics.ranker_examples.labels(label)
    if kind == "search":
        return metrics.predictions.labels("encoder", label)
    return metrics.evictions.labels(name)


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


def build(settings: Settings) -> Service:
    """The service, by the worker's settings. Raises SettingsError for rules it cannot use."""
    knobs = replace(
        Knobs(),
        list_interval_ms=settings.list_interval_ms,
        list_age_ms_max=settings.list_age_ms_max,
        rules=read_rules(settings.rules_file),
        decay_half_life_hours=settings.decay_half_life_hours,
        pruning_delta=settings.pruning_delta,
    )
    models = None
    if settings.search:
        models = ItemEncoder(settings.model_dir), Needs(settings.model_dir)
    recommender = Recommender(knobs, experiment_of(settings), models)
    views = recommender.views
    return Service(
        name="recommender",
        sources=[
            Source(topics.CLICKS, recommender.make_clicks,
                   frozenset(topics.BY_NAME[topics.CLICKS].types), holds_back=True,
                   key_of=_user),
            Source(topics.ITEM_PAIRS, recommender.make_pairs, internal_type="item-pairs"),
            Source(topics.SEARCHES, recommender.make_searches,
                   frozenset(topics.BY_NAME[topics.SEARCHES].types), key_of=_user),
            Source(topics.CATALOGUE, lambda partition: CatalogueProcessor(),
                   frozenset(topics.BY_NAME[topics.CATALOGUE].types)),
        ],
        views={
            topics.CATALOGUE: recommender.see_catalogue,
            topics.SIMILAR_ITEMS: views.similar.apply,
            topics.ITEM_COUNTS: views.counts.apply,
            topics.PRODUCT_SENTIMENT: views.sentiment.apply,
            topics.TRENDING: views.trending.apply,
            topics.SESSION_ITEMS: views.sessions.apply,
            topics.USER_GROUPS: views.groups.apply,
        },
        prepare=recommender.prepare,
        observe=recommender.observe,
        positions=recommender.positions,
        models=[
            (model.name, model.version)
            for model in (MODEL, *((models[0].text, models[1].model) if models else ()))
        ],
    )  # fmt: skip
