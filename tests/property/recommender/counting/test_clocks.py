"""One bad clock moves nobody else's trending, whoever's it is and however wrong."""

from __future__ import annotations

import random
from types import SimpleNamespace
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopkeeper.services.recommender.config import RecommenderConfig
from shopkeeper.services.recommender.core.counting.cooccurrence import ItemPartition
from shopkeeper.services.recommender.core.counting.deltas import decode, deltas_of, encode
from shopkeeper.services.recommender.core.counting.sessions import Sessions
from shopkeeper.services.recommender.core.counting.trending import decayed_scores, present_hour
from shopkeeper.services.recommender.core.numeric.items import ItemIndex
from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.decoder import EventDecoder

NOW_MS = 1_790_000_000_000
HOUR_MS = 3_600_000
TYPES = topics.BY_NAME[topics.CLICKS].types
DECAYING = RecommenderConfig(decay_half_life_hours=24.0, decay_period_hours=12, decay_periods=4)


def record(offset: int, at_ms: int, record_ms: int, user: str, product: str) -> Any:
    value = orjson.dumps({"user_id": user, "product_id": product, "time": at_ms})
    return SimpleNamespace(
        offset=offset, partition=0, timestamp=record_ms, key=b"k", value=value, headers=()
    )


def counted(records: list[Any]) -> tuple[ItemPartition, ItemIndex]:
    decoder = EventDecoder(topics.CLICKS, TYPES, "recommender", "x.")
    items = ItemIndex()
    sessions, counts = Sessions(DECAYING, items), ItemPartition(DECAYING, items)
    learned, _ = sessions.learn(decoder.decode(records))  # type: ignore[arg-type]
    for _, deltas in deltas_of(learned, items, topics.CLICKS, 0, 1, with_hours=True):
        for value in encode(deltas, items, 900_000):
            counts.fold(decode(value, items))
    counts.merge()
    return counts, items


def trending(records: list[Any]) -> dict[str, float]:
    counts, items = counted(records)
    hours = counts.hours
    present = present_hour(hours.columns(), hours.counts.astype(np.int64))
    kept = hours.columns() > present - 48
    scores = decayed_scores(
        hours.rows()[kept], hours.columns()[kept], hours.counts[kept].astype(np.int64),
        6.0, len(items), present,
    )  # fmt: skip
    return {items.product_ids[n]: score for n, score in enumerate(scores) if score > 0}


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 1 << 32), bad=st.integers(1, 19),
    ahead_s=st.integers(61, 86_400), years=st.none() | st.integers(1, 20),
)  # fmt: skip
def test_any_minority_of_clocks_leaves_the_others_trending_and_decay_alone(
    seed: int, bad: int, ahead_s: int, years: int | None
) -> None:
    """Of forty users: up to 24 h ahead, or years behind. The records' own times are a broker's, or
    those of producers that are right."""
    chance = random.Random(seed)
    right, all_of_them = [], []
    for n in range(200):
        user = chance.randrange(40)
        at_ms = NOW_MS + n * 600_000
        wrong = user < bad
        shift_ms = 1000 * ahead_s if years is None else -years * 365 * 24 * HOUR_MS
        product = f"{'bad' if wrong else 'p'}{chance.randrange(6)}"
        told = record(n, at_ms + shift_ms * wrong, at_ms, f"u{user}", product)
        all_of_them.append(told)
        if not wrong:
            right.append(told)
    alone, mixed = trending(right), trending(all_of_them)
    others = {product: score for product, score in mixed.items() if product.startswith("p")}

    def order(scores: dict[str, float]) -> list[str]:
        return sorted(scores, key=lambda product: (-round(scores[product], 9), product))

    assert order(others) == order(alone)
    ratios = {round(others[p] / alone[p], 9) for p in alone}
    assert len(ratios) == 1, "if the present is another hour, it is so for all alike"
    (was, _), (now, _) = counted(right), counted(all_of_them)
    last = all_of_them[-1].timestamp // HOUR_MS // 12
    assert was.period <= now.period <= last, "nobody's counts age before their time"


def test_a_few_records_that_are_ahead_themselves_move_nothing_either() -> None:
    """A producer's clock is the record's too. In a file that is replayed all records are of now."""
    records = [record(n, NOW_MS, NOW_MS, f"u{n}", "BOT" if n < 60 else "HUM") for n in range(100)]
    before = trending(records)
    ahead_ms = NOW_MS + 23 * HOUR_MS
    records += [record(100 + n, ahead_ms, ahead_ms, f"a{n}", "SKEW") for n in range(4)]
    after = trending(records)
    assert before == {"BOT": 60.0, "HUM": 40.0}
    assert sorted(after, key=lambda product: -after[product]) == ["BOT", "HUM", "SKEW"]
    assert after["BOT"] / after["HUM"] == pytest.approx(1.5)


def test_old_events_keep_their_times_and_those_ahead_count_as_of_their_records() -> None:
    decoder = EventDecoder(topics.CLICKS, TYPES, "recommender", "x.")
    shifts = (0, 59_000, 61_000, 23 * HOUR_MS, -9 * 365 * 24 * HOUR_MS)
    events = decoder.decode([record(n, NOW_MS + s, NOW_MS, "u", "p") for n, s in enumerate(shifts)])
    times = [event.time_ms - NOW_MS for event in events]  # type: ignore[union-attr]
    assert times == [0, 59_000, 0, 0, shifts[4]]
