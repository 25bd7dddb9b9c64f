"""A recorded log fed twice, once with crashes in the middle: the same counts, those of a batch."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from shopkeeper.services.recommender.config import RecommenderConfig
from shopkeeper.services.recommender.core.counting.cooccurrence import decode_snapshot
from shopkeeper.services.recommender.evaluation.simulation import CALM, Disturbances, Simulation
from shopkeeper.shared.contracts.envelope import Event
from shopkeeper.shared.contracts.events.shop import OrderCompleted, ProductClicked
from shopkeeper.shared.datasets.readers import ShopEvent, read
from shopkeeper.shared.testing.counts import Counts, Totals, batch_counts

if TYPE_CHECKING:
    from shopkeeper.services.recommender.app import Recommender

DATA = Path(__file__).parents[4] / "shared" / "data" / "recsys"
PARTITIONS = 4
SESSION_MAX = 50
STORM = Disturbances(duplicate=0.05, crash=0.1, move=0.1, workers=2)

Indexed = tuple[list[list[str]], dict[str, list[int]]]  # items of sessions; by item, `returns`

LOGS = {
    "yoochoose": ("yoochoose-100k/clicks_train.csv.gz", "yoochoose", 20_000),
    "online-retail": ("online-retail", "online-retail", 300),  # baskets of hundreds: capped
}


def recorded(name: str) -> list[ShopEvent]:
    place, reader, count = LOGS[name]
    path = DATA / place
    if path.is_dir():
        found = sorted(path.glob("*train*.csv.gz"))
        if not found:
            pytest.skip(f"no training file in {path}")
        path = found[0]
    if not path.exists():
        pytest.skip("the real data sets are not beside the checkout")
    return [event for event, _ in zip(read(path, reader), range(count), strict=False)]


def typed(click: ShopEvent, offset: int) -> Event:
    data: Any = click.data
    if click.type == "order.completed.v1":
        data = msgspec.convert(data, OrderCompleted)
    else:
        data = ProductClicked(**data)
    return Event(click.type, data, click.key.encode(), offset, click.time_ms, "", "", "")


def feed(
    log: list[ShopEvent], seed: int, disturbances: Disturbances
) -> tuple[Counts, Totals, int, Indexed]:
    """Counts that workers hold after the log, items that the cap left out, and what the table of
    session items holds."""
    partitions: list[list[Event]] = [[] for _ in range(PARTITIONS)]
    for click in log:
        partition = partitions[hash_of(click.key)]
        partition.append(typed(click, len(partition)))
    simulation = Simulation(RecommenderConfig(), partitions, seed=seed, disturbances=disturbances)
    simulation.run()
    if disturbances.crash:
        assert all(simulation.counters.values()), simulation.counters
    counts: Counts = {}
    totals: Totals = {}
    for pairs in simulation.item_pairs():
        names, matrices, n = decode_snapshot(pairs.snapshot()["counts"])
        for kind, matrix in enumerate(matrices):
            coo = matrix.tocoo()
            for i, j, count in zip(
                coo.row.tolist(), coo.col.tolist(), coo.data.tolist(), strict=True
            ):
                counts[kind, names[i], names[j]] = count
            for i, count in enumerate(n[kind].tolist()):
                if count:
                    totals[kind, names[i]] = count
    capped = sum(
        each.sessions.counters["session_items_capped"] for each in simulation.interactions()
    )
    return counts, totals, capped, indexed(simulation.worker)


def indexed(worker: Recommender) -> Indexed:
    """Items of each session, in order, and how often each item came and came back."""
    index, names = worker.knowledge.sessions, worker.items.product_ids
    sessions = sorted(
        [names[item] for item in index.entries[number, : index.lengths[number], 0].tolist()]
        for number in range(len(index))
    )
    returns = {names[item]: index.returns[item].tolist() for item in range(len(names))}
    return sessions, {name: found for name, found in returns.items() if found[0]}


def batch_index(log: list[ShopEvent]) -> Indexed:
    """The same from the whole log at once; sessions are named in these data sets."""
    sessions: dict[tuple[str, str], list[str]] = {}
    for event in log:
        key = event.data["user_id"], event.data["session_id"]
        lines = event.data.get("products", [event.data])
        sessions.setdefault(key, []).extend(line["product_id"] for line in lines)
    returns: dict[str, list[int]] = {}
    width = RecommenderConfig().index_session_items_max
    for items in sessions.values():
        held = list(dict.fromkeys(items))[:width]
        for place, item in enumerate(items):
            found = returns.setdefault(item, [0, 0, 0])
            found[0] += 1
            found[1] += item in items[:place] and item in held
            found[2] += place > 0 and items[place - 1] == item
    held_all = sorted(list(dict.fromkeys(items))[:width] for items in sessions.values())
    return held_all, returns


def hash_of(key: str) -> int:
    return sum(key.encode()) % PARTITIONS


@pytest.mark.parametrize("name", LOGS)
def test_counts_after_crashes_equal_an_undisturbed_run_and_a_batch(name: str) -> None:
    log = recorded(name)
    expected = batch_counts(log)
    undisturbed = feed(log, 1, CALM)
    assert undisturbed[:2] == expected
    crashed = feed(log, 2, replace(STORM, batch_max=len(log) // 40))
    assert crashed[:2] == expected
    assert undisturbed[3] == crashed[3] == batch_index(log)
    if name == "online-retail":
        assert any(len(e.data["products"]) > SESSION_MAX for e in log)
        assert undisturbed[2] > 0  # the cap is counted
