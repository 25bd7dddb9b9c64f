"""A recorded log fed twice, once with crashes in the middle: the same counts, those of a batch."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import msgspec
import pytest

from shopkeeper.services.recommender.app import Recommender
from shopkeeper.services.recommender.config import RecommenderConfig
from shopkeeper.services.recommender.core.counting.cooccurrence import decode_snapshot
from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.envelope import Event
from shopkeeper.shared.contracts.events.shop import OrderCompleted, ProductClicked
from shopkeeper.shared.datasets.readers import ShopEvent, read
from shopkeeper.shared.testing.counts import Counts, Totals, batch_counts

DATA = Path(__file__).parents[3] / "shared" / "data" / "recsys"
PARTITIONS = 4
SESSION_MAX = 50

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


class Topic:
    """Item-pairs: one list of records per item partition; what a broker would keep."""

    def __init__(self) -> None:
        self.records: list[list[bytes]] = [[] for _ in range(PARTITIONS)]


def feed(
    log: list[ShopEvent], chance: random.Random, crashes: int
) -> tuple[Counts, Totals, int, Indexed]:
    """Counts that workers hold after the log, and what a view of the session items holds; every
    crash is a new process from a checkpoint."""
    view = fresh()
    partitions: list[list[Event]] = [[] for _ in range(PARTITIONS)]
    for click in log:
        partition = partitions[hash_of(click.key)]
        partition.append(typed(click, len(partition)))
    topic = Topic()
    capped = 0
    for number, events in enumerate(partitions):
        worker = fresh()
        clicks, saved, saved_at, at = worker.make_interactions(number), None, 0, 0
        left = crashes
        while at < len(events):
            end = at + chance.randint(1, 500)
            published = clicks.process(events[at:end], 1 << 60)[0]
            at = end
            save = chance.random() < 0.2
            if save or chance.random() < 0.5:
                published += clicks.flush()
            for output in published:
                if output.topic == topics.SESSION_ITEMS:
                    view.knowledge.sessions.apply([(output.key, output.value)])
                if output.topic == topics.ITEM_PAIRS and output.partition is not None:
                    topic.records[output.partition].append(output.value or b"")
            if save:
                saved, saved_at = clicks.snapshot(), at
            elif left and chance.random() < 0.2:
                left -= 1
                clicks, at = fresh().make_interactions(number), 0
                if saved is not None:
                    clicks.restore(saved)
                    at = saved_at
        for output in clicks.flush():
            if output.topic == topics.SESSION_ITEMS:
                view.knowledge.sessions.apply([(output.key, output.value)])
            else:
                topic.records[output.partition or 0].append(output.value or b"")
        capped += clicks.sessions.counters["session_items_capped"]
    counts: Counts = {}
    totals: Totals = {}
    for number, records in enumerate(topic.records):
        pairs, saved, saved_at, at = fresh().make_item_pairs(number), None, 0, 0
        left = crashes
        while at < len(records):
            end = at + chance.randint(1, 9)
            batch = [
                Event("item-pairs", r, None, i, 0, "", "", "")
                for i, r in enumerate(records[at:end])
            ]
            assert pairs.process(batch, 0)[1] == []
            at = end
            if chance.random() < 0.1:
                saved, saved_at = pairs.snapshot(), at
            elif left and chance.random() < 0.1:
                left -= 1
                pairs, at = fresh().make_item_pairs(number), 0
                if saved is not None:
                    pairs.restore(saved)
                    at = saved_at
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
    return counts, totals, capped, indexed(view)


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


def fresh() -> Recommender:
    worker = Recommender(RecommenderConfig())
    worker.prepare(lambda topic: PARTITIONS)
    return worker


def hash_of(key: str) -> int:
    return sum(key.encode()) % PARTITIONS


@pytest.mark.parametrize("name", LOGS)
def test_counts_after_crashes_equal_an_undisturbed_run_and_a_batch(name: str) -> None:
    log = recorded(name)
    expected = batch_counts(log)
    undisturbed = feed(log, random.Random(1), crashes=0)
    assert undisturbed[:2] == expected
    crashed = feed(log, random.Random(2), crashes=3)
    assert crashed[:2] == expected
    assert undisturbed[3] == crashed[3] == batch_index(log)
    if name == "online-retail":
        assert any(len(e.data["products"]) > SESSION_MAX for e in log)
        assert undisturbed[2] > 0  # the cap is counted
