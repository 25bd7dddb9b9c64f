"""The sizes that follow from measured costs: workers, partitions, memory, bytes to brokers.

Costs are in benchmarks/scaling_inputs.json, with the command that measured each; what is assumed
of a shop is in `Shop`. scaling_model.py checks the sizes by a simulation, and prints both.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

INPUTS = Path(__file__).with_name("scaling_inputs.json")


@dataclass(frozen=True)
class Costs:
    """Measured prices; see scaling_inputs.json, whose entries have the same names."""

    trip_us: float  # a: of a batch
    click_list_us: float  # b: of a click learned that gets a list, one worker's whole process
    click_learned_us: float  # of a click that is learned only
    counted_us: float  # of that, adding up its increments where items are owned
    session_items_us: float  # that every worker spends on each click of the whole shop
    row_us: float  # that every worker spends on each row of similar items
    rows_per_item_partition: float  # published a second, at most
    user_bytes: float
    event_id_bytes: float
    item_bytes: float
    indexed_session_bytes: float
    worker_base_mb: float
    click_bytes: float
    increments_bytes: float  # a click
    session_items_bytes: float  # a click
    row_bytes: float
    list_bytes: float
    segment_us: float  # of a checkpoint, by click since the last one
    segment_bytes: float
    restored_rows_per_s: float
    rows_per_user: float  # in a checkpoint: user, session, ids
    # Settings, as they are by default.
    checkpoint_interval_s: float
    session_timeout_s: float
    batch_max: float
    users_max: float  # of a partition
    indexed_sessions_max: float

    @classmethod
    def read(cls, path: Path = INPUTS) -> Costs:
        entries = json.loads(path.read_text("utf-8"))["inputs"]
        return cls(**{name: float(entry["value"]) for name, entry in entries.items()})


@dataclass(frozen=True)
class Shop:
    """What comes in, and how it is spread; what is assumed, not measured."""

    clicks_per_s: float
    items: int
    item_partitions: int
    session_sample: int = 1  # one session in so many is told to every worker
    clicks_per_session: float = 6.0
    remembered_s: float = 3600.0  # for which a user is to be remembered
    utilisation_max: float = 0.5
    skew: float = 0.5
    bursts: tuple[float, float] = (1.5, 0.1)  # times the mean, for this share of the time


def shared_cores(shop: Shop, costs: Costs) -> float:
    """Of a core, what every worker spends on what it reads whole, however many there are."""
    sessions = shop.clicks_per_s / shop.session_sample * costs.session_items_us
    rows = shop.item_partitions * costs.rows_per_item_partition * costs.row_us
    return (sessions + rows) / 1e6


def workers_needed(shop: Shop, costs: Costs) -> int:
    """Workers of one core each; 0 where no number would do."""
    left = shop.utilisation_max - shared_cores(shop, costs)
    if left <= 0.0:
        return 0
    own_us = costs.click_list_us - costs.session_items_us
    return max(2, math.ceil(shop.clicks_per_s * own_us / 1e6 / left))


def partitions_needed(shop: Shop, costs: Costs, workers: int) -> int:
    """Of users: four a worker, so that a dead one's load is shared out, and as many as users need
    to be remembered."""
    users = shop.clicks_per_s / shop.clicks_per_session * shop.remembered_s
    return max(4 * workers, math.ceil(users / costs.users_max))


def memory_gb(shop: Shop, costs: Costs, workers: int, partitions: int) -> float:
    """Of one worker."""
    users = min(
        costs.users_max * partitions,
        shop.clicks_per_s / shop.clicks_per_session * shop.remembered_s,
    )
    per_partition = 1e5 * costs.event_id_bytes
    parts = (
        costs.worker_base_mb * 1e6,
        users / workers * costs.user_bytes,
        partitions / workers * per_partition,
        shop.items * costs.item_bytes,
        costs.indexed_sessions_max * costs.indexed_session_bytes,
    )
    return sum(parts) / 1e9


def broker_mb_per_s(shop: Shop, costs: Costs) -> float:
    """Written to brokers, once; replicas come on top. Without checkpoints: see `segment_bytes`."""
    per_click = (
        costs.click_bytes
        + costs.increments_bytes
        + costs.session_items_bytes / shop.session_sample
        + costs.list_bytes
        + costs.segment_bytes
    )
    rows = shop.item_partitions * costs.rows_per_item_partition * costs.row_bytes
    return (shop.clicks_per_s * per_click + rows) / 1e6


def views_gb(items: int, costs: Costs) -> float:
    """Of the tables by item that every worker holds whole."""
    return items * costs.item_bytes / 1e9


def views_read_s(items: int, costs: Costs) -> float:
    """Processor seconds of a start: a row of similar items for each item."""
    return items * costs.row_us / 1e6


def refresh_s(shop: Shop, costs: Costs) -> float:
    """Until every row was published once, at the rate that the budget allows."""
    return shop.items / (shop.item_partitions * costs.rows_per_item_partition)


def index_span_s(shop: Shop, costs: Costs) -> float:
    """Of sessions that are remembered for neighbour sessions, the time in which they began."""
    sessions = shop.clicks_per_s / shop.clicks_per_session / shop.session_sample
    return costs.indexed_sessions_max / sessions
