"""The queueing simulation agrees with closed forms and loses nobody; the page shows its table."""

from __future__ import annotations

import json
import math
import re
from dataclasses import fields, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scaling_model import (
    SHOPS,
    bursty,
    partition_shares,
    poisson,
    serve,
    simulate,
    table,
    waiting_md1_s,
    waiting_mm1_s,
)
from scaling_sizes import (
    INPUTS,
    Costs,
    Shop,
    partitions_needed,
    shared_cores,
    workers_needed,
)

ROOT = Path(__file__).resolve().parents[3]
COSTS = Costs.read()


@pytest.mark.parametrize("load", [0.3, 0.6, 0.85])
def test_one_by_one_with_a_fixed_price_it_is_md1(load: float) -> None:
    service_s = 0.002
    rate = load / service_s
    came = poisson(rate, 400_000 / rate, np.random.default_rng(1))
    served = serve(came, lambda events: service_s * events, batch_max=1)
    waiting_s = float(np.mean(served.departures - came)) - service_s
    assert waiting_s == pytest.approx(waiting_md1_s(rate, service_s), rel=0.06)
    assert served.busy_s / came[-1] == pytest.approx(load, rel=0.02)


@pytest.mark.parametrize("load", [0.3, 0.6, 0.85])
def test_one_by_one_with_exponential_prices_it_is_mm1(load: float) -> None:
    service_s = 0.002
    rate = load / service_s
    chance = np.random.default_rng(2)
    came = poisson(rate, 400_000 / rate, chance)
    prices = iter(chance.exponential(service_s, len(came)).tolist())
    served = serve(came, lambda events: next(prices), batch_max=1)
    sojourn_s = float(np.mean(served.departures - came))
    assert sojourn_s == pytest.approx(waiting_mm1_s(rate, service_s) + service_s, rel=0.08)


def test_a_fixed_price_of_trips_is_carried_by_batches_beyond_what_single_events_allow() -> None:
    """Of M/D/1 with a + b a second would be full at 500 events; batches carry five times that."""
    trip_s, event_s, rate = 0.0018, 0.0002, 2_500.0
    came = poisson(rate, 100.0, np.random.default_rng(3))
    served = serve(came, lambda events: trip_s + event_s * events, batch_max=4_000)
    assert served.departures[-1] - came[-1] < 0.1
    # In balance a batch is what comes in during one: n = rate * (a + b n), at least.
    least = rate * trip_s / (1.0 - rate * event_s)
    assert served.batches.mean() == pytest.approx(least, rel=0.15)


@st.composite
def queues(draw: st.DrawFn) -> tuple[list[float], float, float, int, list[float], float]:
    times = st.floats(0.0, 10.0, allow_nan=False)
    came = sorted(draw(st.lists(times, min_size=1, max_size=60)))
    pauses = sorted(draw(st.lists(times, max_size=4)))
    price = st.floats(0.0, 1.0, allow_nan=False)
    return (came, draw(price), draw(st.floats(0.001, 1.0)), draw(st.integers(1, 7)), pauses,
            draw(price))  # fmt: skip


def naive(
    came: list[float], a: float, b: float, batch_max: int, pauses: list[float], pause_s: float
) -> list[float]:
    """The same queue event by event: a list of who waits, and a clock."""
    clock, left, rests, gone = 0.0, list(came), list(pauses), []
    while left:
        if rests and rests[0] <= max(clock, left[0]):
            clock = max(clock, rests.pop(0)) + pause_s
            continue
        clock = max(clock, left[0])
        batch = [t for t in left if t <= clock][:batch_max]
        clock += a + b * len(batch)
        gone += [clock] * len(batch)
        left = left[len(batch) :]
    return gone


@given(queues())
@settings(max_examples=200, deadline=None)
def test_everyone_leaves_once_as_in_a_naive_queue(
    queue: tuple[list[float], float, float, int, list[float], float],
) -> None:
    came, a, b, batch_max, pauses, pause_s = queue
    served = serve(
        np.array(came), lambda events: a + b * events, batch_max=batch_max,
        pauses=np.array(pauses), pause_s=pause_s,
    )  # fmt: skip
    assert served.batches.sum() == len(came)
    assert served.batches.max() <= batch_max
    np.testing.assert_allclose(served.departures, naive(came, a, b, batch_max, pauses, pause_s))
    assert np.all(served.departures >= np.array(came) + a + b - 1e-9)
    assert served.busy_s == pytest.approx(a * len(served.batches) + b * len(came))


@given(queues())
@settings(max_examples=200, deadline=None)
def test_littles_law(
    queue: tuple[list[float], float, float, int, list[float], float],
) -> None:
    """Events present, by an independent count over time, are arrivals times their mean stay."""
    came, a, b, batch_max, pauses, pause_s = queue
    served = serve(
        np.array(came), lambda events: a + b * events, batch_max=batch_max,
        pauses=np.array(pauses), pause_s=pause_s,
    )  # fmt: skip
    gone = served.departures.tolist()
    changes = sorted([(t, 1) for t in came] + [(t, -1) for t in gone])
    present, area = 0, 0.0
    for (at, step), (after, _) in pairwise(changes):
        present += step
        area += present * (after - at)
    span = changes[-1][0] - changes[0][0]
    if span > 0:
        rate, stay = len(came) / span, float(np.mean(np.array(gone) - np.array(came)))
        assert area / span == pytest.approx(rate * stay, rel=1e-6, abs=1e-9)


def test_bursts_keep_the_mean_rate_and_are_bursts() -> None:
    chance = np.random.default_rng(4)
    came = bursty(200.0, 2_000.0, chance, factor=4.0, share=0.1)
    assert len(came) / 2_000.0 == pytest.approx(200.0, rel=0.08)
    assert np.all(np.diff(came) >= 0)
    by_second = np.bincount(came.astype(int))
    assert by_second.var() / by_second.mean() > 5.0  # of a Poisson process: 1
    with pytest.raises(ValueError, match="too many"):
        bursty(1.0, 1.0, chance, factor=10.0, share=0.1)


def test_hot_users_make_hot_partitions() -> None:
    even = partition_shares(64, 20_000, 0.0, np.random.default_rng(5))
    hot = partition_shares(64, 20_000, 1.0, np.random.default_rng(5))
    assert even.sum() == pytest.approx(1.0)
    assert hot.sum() == pytest.approx(1.0)
    assert even.max() < 1.3 / 64
    assert hot.max() > 3.0 / 64


def test_no_number_of_workers_carries_more_than_each_can_read() -> None:
    costs = replace(COSTS, row_us=0.0)
    most = 0.5e6 / costs.session_items_us
    assert workers_needed(Shop(most * 0.9, 1_000, 4), costs) > 0
    assert workers_needed(Shop(most * 1.1, 1_000, 4), costs) == 0
    assert shared_cores(Shop(most, 1_000, 4, session_sample=2), costs) == pytest.approx(0.25)
    grown = [workers_needed(Shop(most * share, 1_000, 4), costs) for share in (0.2, 0.4, 0.8)]
    assert grown[2] / grown[1] > grown[1] / grown[0] > 2.0, "worse than in proportion"


def test_a_dead_workers_clicks_wait_for_the_session_timeout_at_least() -> None:
    shop = Shop(2_000, 10_000, 4)
    workers = max(3, workers_needed(shop, COSTS))
    partitions = partitions_needed(shop, COSTS, workers)
    outcome = simulate(shop, COSTS, workers, partitions)
    assert outcome.unserved_s >= COSTS.session_timeout_s
    assert outcome.caught_up_s >= outcome.unserved_s
    # Its clicks of the timeout and of one checkpoint interval, within bursts.
    waited_s = outcome.unserved_s + COSTS.checkpoint_interval_s
    assert outcome.lost_lag_clicks == pytest.approx(2_000 / workers * waited_s, rel=0.25)
    sooner = simulate(shop, replace(COSTS, session_timeout_s=6.0), workers, partitions)
    assert sooner.caught_up_s < outcome.caught_up_s


def test_a_fleet_is_a_function_of_its_seed() -> None:
    shop = Shop(1_000, 10_000, 4)
    assert simulate(shop, COSTS, 2, 8) == simulate(shop, COSTS, 2, 8)
    assert simulate(shop, COSTS, 2, 8) != simulate(shop, COSTS, 2, 8, seed=2)


def test_inputs_are_the_costs_each_with_its_source() -> None:
    entries = json.loads(INPUTS.read_text("utf-8"))["inputs"]
    assert list(entries) == [field.name for field in fields(Costs)]
    for name, entry in entries.items():
        assert math.isfinite(entry["value"]), name
        path = re.search(r"[\w/]+\.py", entry["source"])
        assert path, name
        assert (ROOT / path[0]).is_file(), name


def test_the_page_shows_the_models_table() -> None:
    """`python benchmarks/scaling_model.py --table`, word for word."""
    shown = table(COSTS)
    assert all(name in shown for name in SHOPS)
    assert shown in (ROOT / "docs/scaling.md").read_text("utf-8")
