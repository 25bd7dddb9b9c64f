"""A queueing simulation of a fleet of workers, and the sizes that follow from measured costs.

A worker is one server. When it is free it takes what waits, at most `batch_max` events, and is busy
for a + b * n: a is the price of a trip, b that of an event. A checkpoint stops it for a while. What
every worker reads whole (items of all sessions, rows of similar items) makes it slower by the share
of a core that this takes. Users are spread over partitions by hash, partitions over workers; some
users click more than others. When a worker dies, its partitions are served again after the session
timeout and the recovery, by others, from the last checkpoint on.

Costs and sizes: scaling_sizes.py. Everything is a function of the seed.

usage: python benchmarks/scaling_model.py [--table]
prints: JSON; with --table the Markdown of docs/scaling.md
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scaling_sizes import (
    Costs,
    Shop,
    broker_mb_per_s,
    index_span_s,
    memory_gb,
    partitions_needed,
    refresh_s,
    shared_cores,
    views_gb,
    views_read_s,
    workers_needed,
)

Times = NDArray[np.float64]
Service = Callable[[int], float]  # events of a batch -> seconds


class Served(NamedTuple):
    """What became of the events of one server."""

    departures: Times  # (event,) seconds, in order of arrival
    batches: NDArray[np.int64]  # (batch,) events of each
    busy_s: float  # serving, without pauses


def serve(
    available: Times,
    service: Service,
    *,
    batch_max: int,
    pauses: Times | None = None,
    pause_s: float = 0.0,
) -> Served:
    """First come, first served, in batches of what waits.

    available: (event,) ascending, seconds from which on each can be taken. pauses: ascending; at
    each the server rests for pause_s as soon as it is free.
    """
    departures = np.empty(len(available))
    sizes: list[int] = []
    pauses = np.empty(0) if pauses is None else pauses
    free_at, busy_s, at, pause = 0.0, 0.0, 0, 0
    # Plain floats: the loop takes one element at a time.
    ready, rests = available.tolist(), pauses.tolist()
    while at < len(ready):
        start = max(free_at, ready[at])
        if pause < len(rests) and rests[pause] <= start:
            free_at = max(free_at, rests[pause]) + pause_s
            pause += 1
            continue
        end = min(int(np.searchsorted(available, start, "right")), at + batch_max)
        took = service(end - at)
        free_at = start + took
        busy_s += took
        departures[at:end] = free_at
        sizes.append(end - at)
        at = end
    return Served(departures, np.array(sizes, np.int64), busy_s)


def poisson(rate: float, seconds: float, chance: np.random.Generator) -> Times:
    """Arrivals of a Poisson process."""
    return np.sort(chance.uniform(0.0, seconds, chance.poisson(rate * seconds)))


def bursty(
    rate: float, seconds: float, chance: np.random.Generator, *, factor: float, share: float
) -> Times:
    """Arrivals of a process that is `factor` times as fast for `share` of the time, in bursts of
    two seconds on average; the mean rate is `rate`. Raises ValueError where that cannot be."""
    if not factor * share < 1.0:
        raise ValueError(f"bursts of {factor} times the mean for {share} of the time are too many")
    calm = (1.0 - factor * share) / (1.0 - share)
    mean_s = np.array([2.0 * (1.0 - share) / share, 2.0])
    parts, at, state = [], 0.0, 0
    while at < seconds:
        length = min(chance.exponential(mean_s[state]), seconds - at)
        speed = rate * (factor if state else calm)
        parts.append(at + poisson(speed, length, chance))
        at, state = at + length, 1 - state
    return np.concatenate(parts)


def partition_shares(
    partitions: int, users: int, skew: float, chance: np.random.Generator
) -> Times:
    """(partition,) share of events, where the k-th busiest user makes 1 / k ** skew of them."""
    weights = 1.0 / np.arange(1, users + 1) ** skew
    owner = chance.integers(0, partitions, users)
    shares = np.bincount(owner, weights, partitions)
    return shares / shares.sum()


def waiting_md1_s(rate: float, service_s: float) -> float:
    """Mean waiting time of M/D/1 (Pollaczek-Khinchine)."""
    load = rate * service_s
    return load * service_s / (2.0 * (1.0 - load))


def waiting_mm1_s(rate: float, service_s: float) -> float:
    """Mean waiting time of M/M/1."""
    load = rate * service_s
    return load * service_s / (1.0 - load)


@dataclass(frozen=True)
class Outcome:
    """What a simulation of some minutes gave."""

    utilisation_mean: float  # of what is left beside the shared reading
    utilisation_max: float  # of the busiest worker
    latency_ms_p50: float
    latency_ms_p99: float
    latency_ms_p999: float
    lost_lag_clicks: float  # of a dead worker's partitions, as they are served again
    unserved_s: float  # from its end until then
    caught_up_s: float  # from its end until all that had come by then is answered


SECONDS, DIES_S = 180.0, 60.0
SAMPLED = 4  # workers that are simulated, the busiest among them


def simulate(shop: Shop, costs: Costs, workers: int, partitions: int, seed: int = 1) -> Outcome:
    """A fleet for three minutes, and once more the worker that takes a dead one's partitions."""
    chance = np.random.default_rng(seed)
    shares = partition_shares(partitions, max(50_000, 50 * partitions), shop.skew, chance)
    owners = np.arange(partitions) % workers
    loads = np.bincount(owners, shares, workers) * shop.clicks_per_s
    rest = 1.0 - shared_cores(shop, costs)
    assert rest > 0.0, "reading what is shared takes the whole core"
    # Both are in the price of a click, and are told apart here.
    other_us = costs.session_items_us + costs.segment_us
    a, b = costs.trip_us / 1e6 / rest, (costs.click_list_us - other_us) / 1e6 / rest

    def service(events: int) -> float:
        return a + b * events

    def served(available: Times, rate: float) -> Served:
        # Each partition's checkpoint at a time of its own.
        owned, every_s = math.ceil(partitions / workers), costs.checkpoint_interval_s
        first = chance.uniform(0.0, every_s, owned)
        pauses = np.sort((first + every_s * np.arange(2 * SECONDS / every_s)[:, None]).ravel())
        pause_s = rate / owned * every_s * costs.segment_us / 1e6 / rest
        return serve(
            available, service, batch_max=int(costs.batch_max), pauses=pauses, pause_s=pause_s
        )

    def arrivals(rate: float) -> Times:
        factor, share = shop.bursts
        return bursty(rate, SECONDS, chance, factor=factor, share=share)

    order = np.argsort(loads)
    chosen = np.unique(order[np.linspace(0, workers - 1, min(SAMPLED, workers)).astype(int)])
    latencies, busy = [], []
    for worker in chosen.tolist():
        came = arrivals(loads[worker])
        result = served(came, loads[worker])
        latencies.append(result.departures - came)
        busy.append(result.busy_s / SECONDS)
    every = np.concatenate(latencies) * 1000.0
    p50, p99, p999 = np.percentile(every, [50.0, 99.0, 99.9]).tolist()
    lost = _lose(shop, costs, served, arrivals, (workers, partitions), loads)
    return Outcome(float(np.mean(busy)), max(busy), p50, p99, p999, *lost)


def _lose(
    shop: Shop,
    costs: Costs,
    served: Callable[[Times, float], Served],
    arrivals: Callable[[float], Times],
    fleet: tuple[int, int],
    loads: Times,
) -> tuple[float, float, float]:
    """(lag of a dead worker's partitions, seconds unserved, seconds until caught up).

    Its partitions are shared out; looked at is a worker of the mean load that takes its part.
    """
    workers, partitions = fleet
    mean = float(loads.mean())
    owned = partitions / workers
    # All of them where one worker is left; else whole partitions, one by one.
    taken = owned if workers == 2 else math.ceil(owned / (workers - 1))
    extra_rate = mean * taken / owned
    users = min(costs.users_max, shop.clicks_per_s / shop.clicks_per_session * shop.remembered_s
                / partitions)  # fmt: skip
    recovery_s = taken * users * costs.rows_per_user / costs.restored_rows_per_s
    back = DIES_S + costs.session_timeout_s + recovery_s
    own, extra = arrivals(mean), arrivals(extra_rate)
    extra = extra[extra > DIES_S - costs.checkpoint_interval_s]  # again from the checkpoint on
    available = np.concatenate([own, np.maximum(extra, back)])
    came = np.concatenate([own, extra])
    is_extra = np.arange(len(came)) >= len(own)
    order = np.argsort(available, kind="stable")
    result = served(available[order], mean + extra_rate)
    waited = (is_extra & (came < back))[order]
    done = float(result.departures[waited].max())
    lag = float(waited.sum()) * owned / taken
    return lag, back - DIES_S, done - DIES_S


SHOPS = {
    "1,000 clicks/s": Shop(1_000, items=100_000, item_partitions=8),
    "100,000 clicks/s": Shop(100_000, items=1_000_000, item_partitions=16),
    "100,000 clicks/s, one session in 16 shared": Shop(
        100_000, items=1_000_000, item_partitions=16, session_sample=16
    ),
    "10,000,000 clicks/s": Shop(10_000_000, items=10_000_000, item_partitions=64),
    "10,000,000 clicks/s, one session in 1,024 shared": Shop(
        10_000_000, items=10_000_000, item_partitions=64, session_sample=1_024
    ),
}


def sized(shop: Shop, costs: Costs) -> dict[str, Any]:
    """Workers and what they need; the simulation where there is such a number."""
    workers = workers_needed(shop, costs)
    found: dict[str, Any] = {
        "items": shop.items,
        "item_partitions": shop.item_partitions,
        "workers": workers,
        "shared_cores": shared_cores(shop, costs),
        "item_partition_cores": shop.clicks_per_s * costs.counted_us / 1e6 / shop.item_partitions,
        "broker_mb_per_s": broker_mb_per_s(shop, costs),
        "index_span_s": index_span_s(shop, costs),
        "views_gb": views_gb(shop.items, costs),
        "views_read_s": views_read_s(shop.items, costs),
        "refresh_s": refresh_s(shop, costs),
    }
    if workers:
        partitions = partitions_needed(shop, costs, workers)
        found["partitions"] = partitions
        found["memory_gb"] = memory_gb(shop, costs, workers, partitions)
        found["core_h_per_million"] = workers / shop.clicks_per_s * 1e6 / 3600
        found |= asdict(simulate(shop, costs, workers, partitions))
    return found


def table(costs: Costs) -> str:
    """The sizes and what the simulation says of them, as Markdown."""
    found = {name: sized(shop, costs) for name, shop in SHOPS.items()}

    def row(title: str, cell: Callable[[dict[str, Any]], str], always: bool = False) -> str:
        cells = (cell(e) if always or e["workers"] else "none" for e in found.values())
        return f"| {title} | " + " | ".join(cells) + " |"

    def latencies(e: dict[str, Any]) -> str:
        return ", ".join(f"{e[f'latency_ms_{q}']:,.0f}" for q in ("p50", "p99", "p999"))

    rows = [
        row("products", lambda e: f"{e['items']:,}", always=True),
        row("item partitions", lambda e: f"{e['item_partitions']:,}", always=True),
        row("*Whatever the number of workers*", lambda e: "", always=True),
        row("reading what all read, of each core", lambda e: f"{e['shared_cores']:.2f}", True),
        row("views of products in each worker, GB", lambda e: f"{e['views_gb']:.1f}", True),
        row("reading their rows at a start, CPU s", lambda e: f"{e['views_read_s']:.0f}", True),
        row("every row published once, s", lambda e: f"{e['refresh_s']:,.0f}", True),
        row("indexed sessions began within, s", lambda e: f"{e['index_span_s']:,.0f}", True),
        row("adding up, cores of an item partition",
            lambda e: f"{e['item_partition_cores']:.3f}", True),
        row("written to brokers, MB/s, once", lambda e: f"{e['broker_mb_per_s']:,.1f}", True),
        row("*Sizes*", lambda e: "", always=True),
        row("workers, one core each, half busy", lambda e: f"{e['workers']:,}"),
        row("partitions of users", lambda e: f"{e['partitions']:,}"),
        row("memory of a worker, GB", lambda e: f"{e['memory_gb']:.1f}"),
        row("core hours per million clicks", lambda e: f"{e['core_h_per_million']:.3f}"),
        row("*Simulated*", lambda e: "", always=True),
        row("busy with clicks: mean, busiest worker",
            lambda e: f"{e['utilisation_mean']:.2f}, {e['utilisation_max']:.2f}"),
        row("click to list inside the worker: p50, p99, p99.9, ms", latencies),
        row("a worker dies: its partitions wait, s", lambda e: f"{e['unserved_s']:.0f}"),
        row("clicks that lie there then", lambda e: f"{e['lost_lag_clicks']:,.0f}"),
        row("all of them answered after, s", lambda e: f"{e['caught_up_s']:.0f}"),
    ]  # fmt: skip
    return "\n".join(["| | " + " | ".join(found) + " |", "|---" * (len(found) + 1) + "|", *rows])


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--table", action="store_true", help="print the Markdown of the docs")
    costs = Costs.read()
    if parser.parse_args().table:
        print(table(costs))
        return
    print(json.dumps({name: sized(shop, costs) for name, shop in SHOPS.items()}))


if __name__ == "__main__":
    main()
