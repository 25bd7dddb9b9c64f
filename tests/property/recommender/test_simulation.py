"""A whole group of workers from one seed: whatever happens to them, they count the same."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopkeeper.services.recommender.config import RecommenderConfig
from shopkeeper.services.recommender.core.counting.cooccurrence import decode_snapshot
from shopkeeper.services.recommender.evaluation.simulation import Disturbances, Simulation
from shopkeeper.shared.contracts.envelope import Event
from shopkeeper.shared.contracts.events.shop import (
    OrderCompleted,
    OrderLine,
    ProductAdded,
    ProductClicked,
    UserErased,
)

PARTITIONS = 3
START_MS = 1_700_000_000_000
STORM = Disturbances(duplicate=0.2, crash=0.1, move=0.1, workers=2, batch_max=12)
SMALL = replace(
    RecommenderConfig(),
    buffered_pairs_max=30,
    users_max=12,
    sessions_max=15,
    eviction_interval_records=20,
    session_items_max=6,
)


def data_of(chance: random.Random, user: str) -> tuple[str, Any]:
    """An event of any kind; most are clicks."""
    product, roll = f"p{min(chance.randrange(20), chance.randrange(20))}", chance.random()
    session = chance.choice([None, "s1", "s2"])
    if roll < 0.75:
        return "product.clicked.v1", ProductClicked(
            product_id=product, user_id=user, session_id=session
        )
    if roll < 0.88:
        return "product.added.v1", ProductAdded(
            product_id=product, user_id=user, session_id=session
        )
    if roll < 0.98:
        lines = [OrderLine(product_id=f"p{chance.randrange(20)}") for _ in range(3)]
        return "order.completed.v1", OrderCompleted(order_id="o", products=lines, user_id=user)
    return "user.erased.v1", UserErased(user_id=user)


def logs_of(seed: int, events: int) -> list[list[Event]]:
    """Interactions of 30 users, by partition."""
    chance = random.Random(seed)
    logs: list[list[Event]] = [[] for _ in range(PARTITIONS)]
    for number in range(events):
        user = chance.randrange(30)
        log = logs[user % PARTITIONS]
        kind, data = data_of(chance, f"u{user}")
        time_ms = START_MS + 60_000 * number
        log.append(Event(kind, data, b"", len(log), time_ms, f"e{number}", "", ""))
    return logs


def counted(simulation: Simulation) -> Any:
    """All that the log alone decides: states of users, counts, the table of sessions."""
    simulation.run()
    states = [each.snapshot()["sessions"] for each in simulation.interactions()]
    counts, totals = {}, {}
    for pairs in simulation.item_pairs():
        names, matrices, n = decode_snapshot(pairs.snapshot()["counts"])
        for kind, matrix in enumerate(matrices):
            coo = matrix.tocoo()
            for i, j, count in zip(coo.row, coo.col, coo.data, strict=True):
                counts[kind, names[i], names[j]] = int(count)
            totals.update({(kind, names[i]): int(v) for i, v in enumerate(n[kind]) if v})
    items, index = simulation.worker.items.product_ids, simulation.worker.knowledge.sessions
    sessions = sorted(
        [items[item] for item in index.entries[number, : index.lengths[number], 0].tolist()]
        for number in range(len(index))
    )
    return states, counts, totals, sessions


@given(log=st.integers(0, 3), seed=st.integers(0, 1 << 32))
@settings(max_examples=25)
def test_crashes_duplicates_and_any_order_change_no_count(log: int, seed: int) -> None:
    logs = logs_of(log, 240)
    calm = counted(Simulation(SMALL, logs, seed=0))
    storm = Simulation(SMALL, logs, seed=seed, disturbances=STORM)
    assert counted(storm) == calm
    assert calm[1]
    assert calm[3]


def test_one_seed_is_one_history() -> None:
    logs = logs_of(9, 200)
    first, second, other = (
        Simulation(SMALL, logs, seed=seed, disturbances=STORM) for seed in (5, 5, 6)
    )
    assert counted(first) == counted(second) == counted(other)
    assert first.counters == second.counters
    assert first.counters != other.counters
    assert all(first.counters.values()), "it saw every kind of disturbance"


@pytest.mark.parametrize("fault", ["repeats count", "checkpoints lag"])
def test_the_simulation_finds_faults(monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    """Were it blind to them, the test above would prove nothing."""
    logs = logs_of(1, 240)
    calm = counted(Simulation(SMALL, logs, seed=0))
    if fault == "repeats count":
        monkeypatch.setattr(
            "shopkeeper.services.recommender.core.counting.deltas.Deltas.after",
            lambda deltas, offset: deltas,
        )
    else:
        monkeypatch.setattr(
            "shopkeeper.services.recommender.core.counting.sessions.Sessions.restore",
            lambda sessions, packed: None,
        )
    found = [
        counted(Simulation(SMALL, logs, seed=seed, disturbances=STORM)) != calm for seed in range(3)
    ]
    assert any(found)
