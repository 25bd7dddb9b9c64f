"""What the recommender tells Prometheus of itself: state, counts, the blend, and its lists."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Protocol

from shopkeeper.shared.runtime.telemetry.metrics import PredictionMetrics, StateMetrics

from ..core.ranking.fallbacks import FALLBACKS
from ..core.ranking.features import EXPERT_OF
from .experiment_metrics import ExperimentMetrics
from .exposure import ExposureMetrics

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from prometheus_client import Counter as Family

    from shopkeeper.shared.runtime.telemetry.metrics import Registry

    from ..config import RecommenderConfig
    from ..core.ab_testing.variants import Experiment, VariantCounts
    from ..core.counting.cooccurrence import ItemPartition
    from ..core.counting.profile_store import ProfileStore
    from ..core.counting.sessions import Sessions
    from ..core.knowledge import Knowledge
    from ..core.numeric.items import ItemIndex
    from ..core.ranking.blend import BlendTrainer
    from ..core.ranking.group_metrics import GroupMetrics
    from ..core.ranking.online_metrics import OnlineMetrics
    from ..core.search.product_search import ProductSearch
    from .recommendations import RecommendationPublisher

# What the recommender counts, by the metric that shows it: name of the counter -> label.
FALLBACK_REASONS = {
    "list_of_old_event": "of_old_event",
    **{f"list_{name}": name for name in (*(each.name for each in FALLBACKS), "empty")},
}
SEARCH_OUTCOMES = {f"search_{name}": name for name in ("found", "nothing", "errand", "skipped")}
EVICTED = (
    "deltas_repeated",
    "event_withheld",
    "pairs_pruned",
    "rows_published",
    "session_items_capped",
    "sessions_evicted",
    "profiles_erased",
    "profiles_evicted",
    "profiles_of_erased",
    "users_erased",
    "users_evicted",
)
# What a shop's interactions are called in the metric that counts them.
INTERACTIONS = {
    "product.clicked.v1": "click",
    "product.added.v1": "add",
    "order.completed.v1": "order",
}
LOGINS = {"sessions_joined": "joined", "sessions_not_joined": "gone"}
ENCODER = "encoder"  # the model that answers searches


class InteractionsPartition(Protocol):
    """What is measured of a processor of interactions."""

    @property
    def sessions(self) -> Sessions: ...
    @property
    def variant_counts(self) -> VariantCounts | None: ...
    @property
    def lists(self) -> RecommendationPublisher: ...
    @property
    def kinds(self) -> Mapping[str, int]: ...


class ItemPairsPartition(Protocol):
    """What is measured of a processor of item pairs."""

    @property
    def counts(self) -> ItemPartition: ...


class ProfilesPartition(Protocol):
    """What is measured of a processor of profiles."""

    @property
    def store(self) -> ProfileStore: ...


class _GroupFamilies:
    """Lists by group of a profile's field."""

    def __init__(self, registry: Registry) -> None:
        self._counters = {
            "lists": registry.counter(
                "recommendation_group_lists", "Lists, by group of users.", "field", "value"
            ),
            "answers": registry.counter(
                "recommendation_group_answers",
                "Lists that a click followed, by group of users.",
                "field",
                "value",
            ),
            "hits": registry.counter(
                "recommendation_group_hits",
                "Lists that held what was clicked next, by group of users.",
                "field",
                "value",
            ),
        }
        self._coverage = registry.gauge(
            "recommendation_group_coverage_ratio",
            "Share of the items that a group of users was shown.",
            "field",
            "value",
        )
        self._reported: Counter[tuple[str, str, str]] = Counter()

    def observe(self, groups: GroupMetrics, item_count: int) -> None:
        """Show what was counted."""
        for name, family in self._counters.items():
            for (field, value), total in getattr(groups, name).items():
                family.labels(field, value).inc(total - self._reported[name, field, value])
                self._reported[name, field, value] = total
        for (field, value), share in groups.coverage(item_count).items():
            self._coverage.labels(field, value).set(share)


class RecommenderMetrics:
    """The metrics of one worker. `observe` brings them up to date, on the state thread."""

    def __init__(
        self,
        registry: Registry,
        *,
        config: RecommenderConfig,
        items: ItemIndex,
        knowledge: Knowledge,
        exposure: OnlineMetrics,
        counters: Mapping[str, int],
        interactions: Mapping[int, InteractionsPartition],
        item_pairs: Mapping[int, ItemPairsPartition],
        profiles: Mapping[int, ProfilesPartition],
        product_search: ProductSearch | None,
        trainer: BlendTrainer | None,
        experiment: Experiment | None,
    ) -> None:
        """counters: of the whole worker, by name; each partition of interactions has its own.
        interactions, item_pairs, profiles: by partition, those that the worker has now."""
        self._items, self._knowledge, self._exposure = items, knowledge, exposure
        self._counters, self._interactions, self._item_pairs = counters, interactions, item_pairs
        self._profiles = profiles
        self._product_search, self._trainer = product_search, trainer
        self._experiment = experiment
        self._reported: Counter[str] = Counter()

        self._state = StateMetrics(registry)
        self._predictions = PredictionMetrics(registry).predictions
        self._fallbacks = registry.counter("fallbacks", "Insights given by a fallback.", "reason")
        self._coverage = registry.gauge(
            "catalogue_coverage_ratio", "Share of the catalogue recommended."
        )
        self._gini = registry.gauge(
            "exposure_gini_ratio", "Gini coefficient of exposure over items."
        )
        self._novelty = registry.gauge(
            "novelty_bits", "Mean self-information of what was recommended."
        )
        self._popularity_lift = registry.gauge(
            "popularity_lift_ratio", "Popularity of what was shown over that of what was looked at."
        )
        self._hits = registry.gauge(
            "hit_ratio", "Next clicks that were in the last list.", "history"
        )
        self._rank = registry.gauge(
            "ranker_reciprocal_rank_ratio",
            "Mean reciprocal rank of what was clicked next.",
            "order",
        )
        self._share = registry.gauge(
            "ranker_expert_share_ratio", "By how much an expert moves the blend.", "expert"
        )
        self._examples = registry.counter(
            "ranker_examples", "Lists that a click answered.", "outcome"
        )
        self._too_fast = registry.counter(
            "events_too_fast", "Events of users too fast for a person: not learned from."
        )
        self._logins = registry.counter(
            "sessions_handed_over", "Sessions of anonymous ids that logged in.", "outcome"
        )
        self._kinds = registry.counter(
            "interactions", "Clicks, adds and orders learned from.", "kind"
        )
        self._variants = ExperimentMetrics(registry)
        self._by_group = _GroupFamilies(registry)
        self._by_kind = ExposureMetrics(registry, config, knowledge, exposure)
        self._shown_by = self._by_counter()

    def _by_counter(self) -> dict[str, tuple[Family, tuple[str, ...]]]:
        """Name of a counter -> the metric that shows it, and its labels."""
        return {
            "example_learned": (self._examples, ("learned",)),
            "example_missed": (self._examples, ("missed",)),
            "events_too_fast": (self._too_fast, ()),
            **{name: (self._logins, (outcome,)) for name, outcome in LOGINS.items()},
            **{name: (self._kinds, (kind,)) for name, kind in INTERACTIONS.items()},
            **{name: (self._fallbacks, (why,)) for name, why in FALLBACK_REASONS.items()},
            **{name: (self._predictions, (ENCODER, o)) for name, o in SEARCH_OUTCOMES.items()},
            **{name: (self._state.evictions, (name,)) for name in EVICTED},
        }

    def observe(self) -> None:
        """What the recommender knows of itself now."""
        for table, entries in self._entries():
            self._state.entries.labels(table).set(entries)
        self._count()
        self._observe_trainer()
        if self._experiment is not None:
            counts = [p.variant_counts for p in self._interactions.values()]
            self._variants.observe(self._experiment, [each for each in counts if each is not None])
        self._by_group.observe(self._exposure.by_group, len(self._items))
        self._by_kind.observe()
        coverage, gini = self._exposure.coverage_and_gini(len(self._items))
        self._coverage.set(coverage)
        self._gini.set(gini)
        self._novelty.set(self._exposure.novelty())
        self._popularity_lift.set(self._exposure.popularity_lift())
        for history, share in self._exposure.hit_shares().items():
            self._hits.labels(history).set(share)

    def _entries(self) -> Iterable[tuple[str, int]]:
        """(table, entries) of everything that grows."""
        interactions, knowledge = list(self._interactions.values()), self._knowledge
        sessions = [processor.sessions for processor in interactions]
        counts = [processor.counts for processor in self._item_pairs.values()]
        search = self._product_search
        return (
            ("users", sum(len(each.users) for each in sessions)),
            ("sessions", sum(len(each.sessions) for each in sessions)),
            ("profiles", sum(len(each.store) for each in self._profiles.values())),
            ("items", len(self._items)),
            ("pairs", sum(len(pairs) for each in counts for pairs in each.pairs)),
            ("similar_rows", len(knowledge.similar_items)),
            ("indexed_sessions", len(knowledge.sessions)),
            ("user_groups", len(knowledge.user_groups)),
            ("preferences", len(knowledge.preferences)),
            ("last_searches", sum(len(p.lists.searches) for p in interactions)),
            ("search_products", 0 if search is None else len(search)),
        )

    def _count(self) -> None:
        """Add to the counters what came since the last call."""
        totals = Counter(self._counters)
        for processor in self._interactions.values():
            totals.update(processor.sessions.counters)
            totals.update({kind: processor.kinds[kind] for kind in INTERACTIONS})
        for profiles in self._profiles.values():
            totals.update(profiles.store.counters)
        if self._trainer is not None:
            totals["example_learned"] = self._trainer.examples
            totals["example_missed"] = self._trainer.missed
        for name, total in totals.items():
            metric, labels = self._shown_by[name]
            # Less than was reported, where a partition was given away with what it had counted.
            grown = max(0, total - self._reported[name])
            (metric.labels(*labels) if labels else metric).inc(grown)
        self._reported = totals

    def _observe_trainer(self) -> None:
        trainer = self._trainer
        if trainer is None or not trainer.examples:
            return
        self._rank.labels("base").set(trainer.base_rank)
        self._rank.labels("blend").set(trainer.blend_rank)
        shares: Counter[str] = Counter()
        for expert, share in zip(EXPERT_OF, trainer.shares.tolist(), strict=True):
            shares[expert] += share
        for expert, share in shares.items():
            self._share.labels(expert).set(share)
