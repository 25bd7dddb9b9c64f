"""The recommender's configuration: a small one for each room, and all of them in one."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

from shopkeeper.shared.contracts.events.base import Model
from shopkeeper.shared.domains.exclusions import NOTHING, Exclusions
from shopkeeper.shared.runtime.settings import SettingsError

from .core.numeric.types import CHERNOFF, CLICK, PAIRS, SESSIONS
from .core.rules import Rules, RulesError, parse

MODEL = Model("item-cf", "1.0.0")
BLEND = Model("blend", "1.0.0")
SOURCE = b"shopkeeper/recommender"  # `ce_source` of everything that the recommender publishes

NO_RULES = Rules()
REMEMBERED_MAX = 1_000  # the workspace of a list has room for them
# Fields that mean something at 0 or below: no pause, no age limit, or none at all.
ZERO_ALLOWED = (
    "list_interval_ms",
    "list_age_ms_max",
    "row_interval_ms",
    "trending_interval_ms",
    "group_interval_ms",
    "user_groups",
    "vector_dimensions",
)


@dataclass(frozen=True)
class SessionsConfig:
    """Sessions and users of one partition. (state): see RecommenderConfig."""

    session_gap_ms: int = 30 * 60_000  # (state) without a session id: a longer pause ends it
    session_items_max: int = 50  # (state) distinct items per session and class; more are ignored
    remembered_items_max: int = 50  # a user's last events: what they were on stays on offer
    recent_items_max: int = 10  # the newest of them, which experts follow furthest
    bought_items_max: int = 50  # a user's last purchases, which are not offered
    earlier_sessions_max: int = 3  # without a session id, of a user, that late events may join
    hour_items_max: int = 100  # of a user in an hour, that count in trending
    # A user who is faster is no person: for an hour others learn nothing from it, and it still gets
    # its lists.
    user_events_per_minute_max: int = 300
    users_max: int = 100_000  # per partition; past it the longest silent are forgotten
    sessions_max: int = 100_000  # per partition; likewise
    eviction_interval_records: int = 10_000  # eviction happens where the offset passes a multiple
    delta_bytes_max: int = 900_000  # one record of deltas
    buffered_pairs_max: int = 50_000  # deltas of so many pairs are published without waiting
    list_interval_ms: int = 0  # event time between two lists of one user
    list_age_ms_max: int = 60_000  # older events are learned from, without a list

    def check_sessions(self) -> None:
        """Raises ValueError."""
        if self.session_items_max > 255:
            # An event may bring so many items at once, and a delta record never splits an event:
            # 255 * 254 directed pairs of 13 bytes still fit into one record.
            raise ValueError("session_items_max exceeds 255")
        if self.delta_bytes_max > 1_000_000:
            raise ValueError("delta_bytes_max exceeds 1,000,000 (the topic takes 1 MiB)")
        if self.remembered_items_max > REMEMBERED_MAX:
            raise ValueError(f"remembered_items_max exceeds {REMEMBERED_MAX:,}")
        if self.remembered_items_max < self.recent_items_max:
            raise ValueError("remembered_items_max is below recent_items_max")


@dataclass(frozen=True)
class CountsConfig:
    """Co-occurrence counts of one item partition, and the neighbours that follow from them."""

    neighbours_max: int = 24  # K of a similar-items row
    shrinkage: float = 20.0  # added to n(i) and n(j) under the root; 0 is the plain cosine
    class_weights: tuple[float, float, float] = (1.0, 0.5, 0.5)  # of the click, add, order cosines
    hours_kept: int = 48  # event-time hours of click counts
    pending_entries_max: int = 262_144  # deltas appended before they are merged
    # Counts by period of event time, halved when read (decay.py); half-life 0: never.
    decay_half_life_hours: float = 0.0
    decay_period_hours: int = 168  # (state, with a half-life)
    decay_periods: int = 8  # (state, with a half-life) kept apart; older ones count as the last
    # Pairs that will hardly be neighbours are dropped (pruning.py); 0: none is, ever.
    pruning_delta: float = 0.0  # (state) chance that one dropped was worth keeping
    pruning_bound: str = CHERNOFF  # (state)
    pruning_interval_entries: int = 1_000_000  # (state) delta entries of the partition

    @property
    def periods(self) -> int:
        """Periods that counts are kept apart by."""
        return self.decay_periods if self.decay_half_life_hours else 1

    def check_counting(self) -> None:
        """Raises ValueError."""
        if self.shrinkage < 0 or min(self.class_weights) < 0:
            raise ValueError("shrinkage and class_weights must not be negative")
        if self.class_weights[CLICK] <= 0:
            raise ValueError("the weight of clicks must be positive")
        if self.decay_half_life_hours < 0:
            raise ValueError("decay_half_life_hours must not be negative")
        if self.decay_half_life_hours and self.decay_periods < 2:
            raise ValueError("decay_periods is below 2: nothing could decay")
        if self.decay_half_life_hours and self.pruning_delta:
            raise ValueError("decay and pruning exclude each other")
        if not 0.0 <= self.pruning_delta < 1.0:
            raise ValueError(f"pruning_delta={self.pruning_delta} is not in [0, 1)")
        if self.pruning_bound not in (PAIRS, SESSIONS, CHERNOFF):
            raise ValueError(f"pruning_bound={self.pruning_bound} is unknown")
        if self.hours_kept < 25:
            # An event may be dated 24 h ahead; it must not push today's hours out.
            raise ValueError("hours_kept is below 25")


@dataclass(frozen=True)
class PublishersConfig:
    """Similar items, item counts and trending items, by the clock."""

    row_interval_ms: int = 1000  # a row is published at most this often
    tick_budget_ms: float = 1.5  # of computing and encoding rows, per tick and partition
    refresh_budget_ms: float = 0.5  # of refreshing stale rows, likewise
    count_buckets: int = 64  # records of item counts per item partition
    count_bytes_per_tick: int = 262_144  # of item counts published per tick and partition
    trending_half_life_hours: float = 6.0
    trending_items_max: int = 20
    trending_interval_ms: int = 2000
    trending_categories_max: int = 1000


@dataclass(frozen=True)
class UserGroupsConfig:
    """How many groups, from which users, reported how often."""

    user_groups: int = 32  # how many; 0: none
    group_components: int = 32  # principal components of behaviour that groups are told by
    group_interval_ms: int = 30_000  # a partition's report, and the model, at most this often
    group_sample_users: int = 200  # of a partition, those seen last, that the model learns from
    group_items_max: int = 100  # of each group, in a partition's report
    group_users_max: int = 20_000  # of a partition, those whose groups are remembered
    group_prior: float = 1.0  # weight of everyone's clicks beside the group's own

    def check_user_groups(self) -> None:
        """Raises ValueError."""
        if self.user_groups < 0 or self.group_prior < 0:
            raise ValueError("user_groups and group_prior must not be negative")


@dataclass(frozen=True)
class ProfilesConfig:
    """Which fields of users' profiles are used, and how much of them is kept."""

    profile_fields: tuple[str, ...] = ("region", "language")  # that lists may be made from
    fairness_fields: tuple[str, ...] = ("region", "language")  # by which lists are compared
    profile_ranking: bool = False  # whether they order the lists of users who have events, too
    profiles_max: int = 100_000  # per partition; past it those heard of longest ago are forgotten
    erased_users_max: int = 10_000  # per partition, whose erasures are remembered, as numbers
    group_cells_max: int = 256  # cells of profiles in a partition's report: those that click most
    segments_per_tick: int = 64  # users whose segments are published per tick and partition
    segments_waiting_max: int = 20_000  # per partition; more wait for their user's next event
    preferences_max: int = 1_000_000  # users who want no personalised lists; 150 bytes each


@dataclass(frozen=True)
class SessionIndexConfig:
    """How many sessions the index of neighbour sessions holds."""

    index_sessions_max: int = 131_072  # newest sessions kept for neighbour sessions and sequences
    index_session_items_max: int = 20  # distinct items of each


@dataclass(frozen=True)
class ContentConfig:
    """Which items are new, and what fits them to the items that a user looked at."""

    content_neighbours_max: int = 16  # new items that fit an item
    content_neighbours_weight: float = 0.5  # of an item's neighbours in what fits it
    content_vectors_weight: float = 0.5  # of vectors of attributes against likeness
    content_decay: float = 0.7  # of what fits an older recent item
    content_weight: float = 0.02  # of fit in the score without the blend
    content_rows_at_once: int = 64  # made for a batch of lists at most
    new_item_visits: int = 20  # sessions from which on an item is no longer new
    new_items_max: int = 10_000  # the latest of them


@dataclass(frozen=True)
class VectorsConfig:
    """Items' vectors by behaviour."""

    vector_dimensions: int = 32  # of items' vectors by behaviour (item2vec); 0: none
    vector_window: int = 5  # items before an event that it is paired with
    vector_negatives: int = 5  # drawn for each pair
    vector_rate: float = 0.3  # of AdaGrad's steps

    def check_vectors(self) -> None:
        """Raises ValueError."""
        if self.vector_dimensions < 0 or self.vector_dimensions % 4:
            raise ValueError(f"vector_dimensions={self.vector_dimensions} is no multiple of 4")


@dataclass(frozen=True)
class SearchConfig:
    """What can be found, for how long a search counts, and how much time searches may take."""

    search_products_max: int = 200_000  # that can be found; 2.3 kB each
    # Once running, prepared on a thread beside, some 10 ms, and put into the index in one piece.
    search_products_per_slice: int = 96
    search_items_max: int = 20  # of what a search finds
    search_fit_min: float = 0.2  # what fits less is not found
    searches_at_once: int = 16
    # Of computing time that searches may take; later ones are passed over.
    search_ms_per_second: float = 800.0
    searching_users_max: int = 20_000  # per partition, whose last searches count
    search_age_ms_max: int = 30 * 60_000  # event time for which they do
    search_decay: float = 0.8  # of what fits a search, with each list since


@dataclass(frozen=True)
class ExpertsConfig:
    """What the experts look at, and how many candidates each may propose."""

    old_neighbours_max: int = 10  # neighbours used of recent items but the two newest entries
    earlier_neighbours_max: int = 5  # neighbours used of what was seen before the recent entries
    session_weight: float = 0.1  # of the whole session's neighbours in the score without the blend
    two_step_weight: float = 0.3  # of neighbours' neighbours in the score without the blend
    index_walk_max: int = 60  # newest sessions looked at for each of the three newest items
    old_index_walk_max: int = 10  # for each of the others
    neighbour_sessions_max: int = 100  # of them, those that vote
    session_decay: float = 0.8  # weight of a recent item: decay ** clicks since
    repeat_weight: float = 0.0  # self-similarity: 1 lets seen items come back by their own weight
    sentiment_weight: float = 0.8  # share of its score that the worst reviewed item loses
    sentiment_lift: float = 0.2  # and that the best reviewed one gains
    candidates_base_max: int = 40  # best by each expert that the blend is asked about
    candidates_two_step_max: int = 30
    candidates_session_max: int = 20
    candidates_followed_max: int = 20
    candidates_sessions_max: int = 30
    candidates_content_max: int = 10
    candidates_searched_max: int = 20

    def check_experts(self) -> None:
        """Raises ValueError."""
        if not 0.0 < self.session_decay <= 1.0:
            raise ValueError(f"session_decay={self.session_decay} is not in (0, 1]")
        if not 0.0 <= self.sentiment_weight <= 1.0:
            raise ValueError(f"sentiment_weight={self.sentiment_weight} is not in [0, 1]")
        if self.sentiment_lift < 0.0:
            raise ValueError("sentiment_lift must not be negative")


@dataclass(frozen=True)
class BlendConfig:
    """How the blend learns from lists and clicks, and when it may rank."""

    blend: bool = True  # a blend learns from lists and clicks, and ranks once it does better
    blend_hidden: int = 16  # rectified units
    blend_rate: float = 0.003  # of Adam's steps
    blend_batch_lists: int = 32  # lists per step
    blend_lists_max: int = 2_000  # published lists that wait for a click, per worker
    blend_candidates_max: int = 96  # remembered of each
    blend_lists_per_second: int = 100  # remembered at most: more teach little and cost much
    blend_examples_min: int = 500  # before it may rank


@dataclass(frozen=True)
class ListsConfig:
    """What may be in a list."""

    list_items_max: int = 10
    offer_current: bool = False  # whether the item just clicked may be in the list
    offer_seen: bool = True  # whether earlier recent items may be
    expert_shares: bool = True  # lists say which experts speak for their items
    rules: Rules = NO_RULES  # the shop's own: what not to offer, what rather, how mixed
    exclusions: Exclusions = NOTHING  # what is neither offered nor learned from


@dataclass(frozen=True)
class ExperimentConfig:
    """Limits of an experiment's counts."""

    experiment_users_max: int = 100_000  # per partition that an experiment counts; later ones not


@dataclass(frozen=True)
class RecommenderConfig(
    SessionsConfig,
    CountsConfig,
    PublishersConfig,
    UserGroupsConfig,
    ProfilesConfig,
    SessionIndexConfig,
    ContentConfig,
    VectorsConfig,
    SearchConfig,
    ExpertsConfig,
    BlendConfig,
    ListsConfig,
    ExperimentConfig,
):
    """All of them; a room's code takes its own part only. Names are unique across the rooms.

    Inherited, not nested: an experiment's variants and evaluations replace fields by their names,
    and what was written down with an experiment stays what it was (docs/decisions/0026).

    Changing a field marked (state) makes an old checkpoint mean something else: it is part of the
    state's version and an old checkpoint is refused.
    """

    def __post_init__(self) -> None:
        """Raises ValueError where fields do not go together."""
        for each in fields(self):
            value = getattr(self, each.name)
            whole = isinstance(value, int) and not isinstance(value, bool)
            if whole and value < 1 and each.name not in ZERO_ALLOWED:
                raise ValueError(f"{each.name}={value} is below 1")
        self.check_sessions()
        self.check_counting()
        self.check_user_groups()
        self.check_vectors()
        self.check_experts()


def read_rules(path: str) -> Rules:
    """The serving rules in a file. Raises SettingsError, naming file and place."""
    if not path:
        return Rules()
    try:
        return parse(Path(path).read_bytes())
    except (RulesError, OSError) as error:
        raise SettingsError(f"RULES={path}: {error}") from None
