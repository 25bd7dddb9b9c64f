"""The recommender's knobs: one owner each, relations checked at start."""

from __future__ import annotations

from dataclasses import dataclass

from shopkeeper.shared.contracts.events.base import Model

from .core.rules import Rules
from .core.types import CHERNOFF, CLICK, PAIRS, SESSIONS

NO_RULES = Rules()
MODEL = Model("item-cf", "1.0.0")
BLEND = Model("blend", "1.0.0")
SOURCE = b"shopkeeper/recommender"  # `ce_source` of everything that the recommender publishes


@dataclass(frozen=True, slots=True)
class RecommenderConfig:
    """What the three stages are told. Defaults are those of docs/architecture.md.

    Changing a knob marked (state) makes an old checkpoint mean something else: it is part of the
    state's version and an old checkpoint is refused.
    """

    # Stage A: sessions and users
    session_gap_ms: int = 30 * 60_000  # (state) without a session id: a longer pause ends it
    session_items_max: int = 50  # (state) distinct items per session and class; more are ignored
    recent_items_max: int = 10  # a user's last events that a list is made from
    bought_items_max: int = 50  # a user's last purchases, which are not offered
    users_max: int = 100_000  # per partition; past it the longest silent are forgotten
    sessions_max: int = 100_000  # per partition; likewise
    eviction_interval_records: int = 10_000  # eviction happens where the offset passes a multiple
    delta_bytes_max: int = 900_000  # one record of deltas
    held_back_pairs_max: int = 50_000  # deltas of so many pairs are published without waiting
    list_interval_ms: int = 0  # event time between two lists of one user
    list_age_ms_max: int = 60_000  # older events are learned from, without a list
    experiment_users_max: int = 100_000  # per partition that an experiment counts; later ones not

    # Stage B: similar items, counts, trending
    neighbours_max: int = 24  # K of a similar-items row
    shrinkage: float = 20.0  # added to n(i) and n(j) under the root; 0 is the plain cosine
    class_weights: tuple[float, float, float] = (1.0, 0.5, 0.5)  # of the click, add, order cosines
    row_interval_ms: int = 1000  # a row is published at most this often
    tick_budget_ms: float = 1.5  # of computing and encoding rows, per tick and partition
    sweep_budget_ms: float = 0.5  # of refreshing stale rows, likewise
    count_buckets: int = 64  # records of item counts per item partition
    count_bytes_per_tick: int = 262_144  # of item counts published per tick and partition
    hours_kept: int = 48  # event-time hours of click counts
    trending_half_life_hours: float = 6.0
    trending_items_max: int = 20
    trending_interval_ms: int = 2000
    trending_categories_max: int = 1000
    pending_entries_max: int = 262_144  # deltas appended before they are merged
    # Counts by epoch of event time, halved when read (core/decay.py); half-life 0: never.
    decay_half_life_hours: float = 0.0
    decay_epoch_hours: int = 168  # (state, with a half-life)
    decay_epochs: int = 8  # (state, with a half-life) kept apart; older ones count as the last
    # Pairs that will hardly be neighbours are dropped (core/pruning.py); 0: none is, ever.
    pruning_delta: float = 0.0  # (state) chance that one dropped was worth keeping
    pruning_bound: str = CHERNOFF  # (state)
    pruning_interval_entries: int = 1_000_000  # (state) delta entries of the partition

    # Groups of users who behave alike
    user_groups: int = 32  # how many; 0: none
    group_components: int = 32  # principal components of behaviour that groups are told by
    group_interval_ms: int = 30_000  # a partition's report, and the model, at most this often
    group_sample_users: int = 200  # of a partition, those seen last, that the model learns from
    group_items_max: int = 100  # of each group, in a partition's report
    group_users_max: int = 20_000  # of a partition, those whose groups are remembered
    group_prior: float = 1.0  # weight of everyone's clicks beside the group's own

    # Stage C: lists
    list_items_max: int = 10
    old_neighbours_max: int = 10  # neighbours used of recent items but the two newest entries
    two_step_weight: float = 0.3  # of neighbours' neighbours in the score without the blend
    index_sessions_max: int = 131_072  # newest sessions kept for neighbour sessions and sequences
    index_session_items_max: int = 20  # distinct items of each
    index_walk_max: int = 60  # newest sessions looked at for each of the three newest items
    old_index_walk_max: int = 10  # for each of the others
    neighbour_sessions_max: int = 100  # of them, those that vote
    content_neighbours_max: int = 16  # new items that fit an item
    content_neighbours_weight: float = 0.5  # of an item's neighbours in what fits it
    content_vectors_weight: float = 0.5  # of vectors of attributes against likeness
    content_decay: float = 0.7  # of what fits an older recent item
    content_weight: float = 0.02  # of fit in the score without the blend
    content_rows_at_once: int = 64  # made for a batch of lists at most
    new_item_visits: int = 20  # sessions from which on an item is no longer new
    new_items_max: int = 10_000  # the latest of them
    vector_dimensions: int = 32  # of items' vectors by behaviour (item2vec); 0: none
    vector_window: int = 5  # items before an event that it is paired with
    vector_negatives: int = 5  # drawn for each pair
    vector_rate: float = 0.3  # of AdaGrad's steps
    candidates_base_max: int = 40  # best by each expert that the blend is asked about
    candidates_two_step_max: int = 30
    candidates_followed_max: int = 20
    candidates_sessions_max: int = 30
    candidates_content_max: int = 10
    candidates_searched_max: int = 20
    search_products_max: int = 200_000  # that can be found; 2.3 kB each
    search_products_per_tick: int = 64  # indexed per tick and partition of searches, once running
    search_items_max: int = 20  # of what a search finds
    search_fit_min: float = 0.2  # what fits less is not found
    searches_at_once: int = 16
    search_ms_per_second: float = 400.0  # that searches may take; later ones are passed over
    searching_users_max: int = 20_000  # per partition, whose last searches count
    search_age_ms_max: int = 30 * 60_000  # event time for which they do
    search_decay: float = 0.8  # of what fits a search, with each list since
    session_decay: float = 0.8  # weight of a recent item: decay ** clicks since
    repeat_weight: float = 0.0  # self-similarity: 1 lets seen items come back by their own weight
    offer_current: bool = False  # whether the item just clicked may be in the list
    offer_seen: bool = True  # whether earlier recent items may be
    blend: bool = True  # a blend learns from lists and clicks, and ranks once it does better
    blend_hidden: int = 16  # rectified units
    blend_rate: float = 0.003  # of Adam's steps
    blend_batch_lists: int = 32  # lists per step
    blend_lists_max: int = 2_000  # published lists that wait for a click, per worker
    blend_candidates_max: int = 96  # remembered of each
    blend_lists_per_second: int = 100  # remembered at most: more teach little and cost much
    blend_examples_min: int = 500  # before it may rank
    sentiment_weight: float = 0.8  # share of its score that the worst reviewed item loses
    sentiment_lift: float = 0.2  # and that the best reviewed one gains
    expert_shares: bool = True  # lists say which experts speak for their items
    rules: Rules = NO_RULES  # the shop's own: what not to offer, what rather, how mixed

    @property
    def epochs(self) -> int:
        """Epochs that counts are kept apart by."""
        return self.decay_epochs if self.decay_half_life_hours else 1

    def __post_init__(self) -> None:
        counts = {
            name: value
            for name, value in ((n, getattr(self, n)) for n in self.__slots__)
            if isinstance(value, int)
            and not isinstance(value, bool)
            and name
            not in (
                "list_interval_ms",
                "list_age_ms_max",
                "row_interval_ms",
                "trending_interval_ms",
                "group_interval_ms",
                "user_groups",
                "vector_dimensions",
            )
        }
        for name, value in counts.items():
            if value < 1:
                raise ValueError(f"{name}={value} is below 1")
        if not 0.0 < self.session_decay <= 1.0:
            raise ValueError(f"session_decay={self.session_decay} is not in (0, 1]")
        if not 0.0 <= self.sentiment_weight <= 1.0:
            raise ValueError(f"sentiment_weight={self.sentiment_weight} is not in [0, 1]")
        if self.sentiment_lift < 0.0:
            raise ValueError("sentiment_lift must not be negative")
        if self.vector_dimensions < 0 or self.vector_dimensions % 4:
            raise ValueError(f"vector_dimensions={self.vector_dimensions} is no multiple of 4")
        if self.user_groups < 0 or self.group_prior < 0:
            raise ValueError("user_groups and group_prior must not be negative")
        if self.shrinkage < 0 or min(self.class_weights) < 0:
            raise ValueError("shrinkage and class_weights must not be negative")
        if self.class_weights[CLICK] <= 0:
            raise ValueError("the weight of clicks must be positive")
        if self.decay_half_life_hours < 0:
            raise ValueError("decay_half_life_hours must not be negative")
        if self.decay_half_life_hours and self.decay_epochs < 2:
            raise ValueError("decay_epochs is below 2: nothing could decay")
        if self.decay_half_life_hours and self.pruning_delta:
            raise ValueError("decay and pruning exclude each other")
        if not 0.0 <= self.pruning_delta < 1.0:
            raise ValueError(f"pruning_delta={self.pruning_delta} is not in [0, 1)")
        if self.pruning_bound not in (PAIRS, SESSIONS, CHERNOFF):
            raise ValueError(f"pruning_bound={self.pruning_bound} is unknown")
        if self.session_items_max > 255:
            # An event may bring so many items at once, and a delta record never splits an event:
            # 255 * 254 directed pairs of 13 bytes still fit into one record.
            raise ValueError("session_items_max exceeds 255")
        if self.delta_bytes_max > 1_000_000:
            raise ValueError("delta_bytes_max exceeds 1,000,000 (the topic takes 1 MiB)")
        if self.hours_kept < 25:
            # An event may be dated 24 h ahead; it must not push today's hours out.
            raise ValueError("hours_kept is below 25")
