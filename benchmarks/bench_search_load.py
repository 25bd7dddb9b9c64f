"""A worker under searches, and under an import of 100,000 products: broker to broker, open loop.

1. With lists for clicks asked for at 50/s, 100,000 made-up products (halves of two titles each) are
   published. Reported: seconds until all of them can be found, the worker's CPU seconds, latencies
   of the lists meanwhile.
2. Searches (the intents of amazon-bundles) are published at each rate. Reported: latencies of their
   lists, how many were skipped for want of computing time, and how many were left unanswered. A
   search that asks for support is neither.

Broker, worker, sender and subscriber share this machine, so that CPU seconds tell more than
latencies where others use it too.

usage: python benchmarks/bench_search_load.py FOLDER [--rates 20,50,200,500] [--seconds 20]
       [--products 100000]
(FOLDER: data/recsys)
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import orjson
from bench_latency import clicks_of
from bench_search import DOMAINS, Domain, made_up
from harness import cpu_s, publish, report, tell
from open_loop import Sent, answered, keyed, learned_worker

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.outputs import encode
from shopkeeper.shared.datasets.readers import ShopEvent
from shopkeeper.shared.testing.workers import WorkerProcess

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopkeeper.shared.contracts.events.shop import ProductCatalogued
    from shopkeeper.shared.runtime.settings import KafkaSettings

LISTS_PER_SECOND = 50.0
IMPORT_S_MAX = 240.0
USERS = 5_000
OUTCOMES = ("found", "nothing", "errand", "skipped")


def searches_of(queries: Sequence[str], rate: float, seconds: float) -> list[Sent]:
    """Searches of random users, evenly apart."""
    chance = np.random.default_rng(int(rate))
    count = int(rate * seconds)
    asked = chance.integers(len(queries), size=count).tolist()
    users = chance.integers(USERS, size=count).tolist()
    return [
        keyed(
            index / rate,
            f"user-{user}",
            orjson.dumps({"query": queries[query], "user_id": f"user-{user}"}),
        )
        for index, (query, user) in enumerate(zip(asked, users, strict=True))
    ]


def catalogued(products: Sequence[ProductCatalogued]) -> list[ShopEvent]:
    now_ms = int(time.time() * 1000)
    return [
        ShopEvent(
            topics.CATALOGUE, "product.catalogued.v1", p.product_id, orjson.loads(encode(p)),
            now_ms, f"catalogue-{p.product_id}",
        )
        for p in products
    ]  # fmt: skip


def outcomes(worker: WorkerProcess) -> dict[str, float]:
    """How searches ended so far, by outcome."""
    found = worker.metrics()
    return {
        outcome: found.get(
            ("shopkeeper_predictions_total", (("model", "encoder"), ("outcome", outcome))), 0.0
        )
        for outcome in OUTCOMES
    }


def importing(
    kafka: KafkaSettings,
    worker: WorkerProcess,
    products: Sequence[ProductCatalogued],
    wait_s: float,
) -> None:
    """Products into a running worker, while lists are asked for. wait_s: for which they are."""
    took: dict[str, float] = {}
    events = catalogued(products)
    table = ("shopkeeper_state_entries", (("table", "search_products"),))

    def run() -> None:
        time.sleep(4)  # lists are asked for
        before, began = cpu_s(worker), time.monotonic()
        publish(kafka, events)
        took["publish_s"] = round(time.monotonic() - began, 1)
        while time.monotonic() - began < IMPORT_S_MAX:
            if worker.metrics().get(table, 0.0) >= len(products):
                took["searchable_s"] = round(time.monotonic() - began, 1)
                break
            time.sleep(0.25)
        took["worker_cpu_s"] = round(cpu_s(worker) - before, 1)

    thread = threading.Thread(target=run)
    thread.start()
    clicks = clicks_of(LISTS_PER_SECOND, wait_s)
    lists = answered(kafka, topics.CLICKS, "product.clicked.v1", clicks)
    thread.join()
    report(
        "search_import", products=len(products), lists_per_second=LISTS_PER_SECOND, **took,
        lists=len(lists.latencies_ms), lists_expected=len(clicks),
        list_ms_p50=lists.percentile(50), list_ms_p99=lists.percentile(99),
        list_ms_max=lists.percentile(100), sender_late_ms_max=lists.late_ms,
    )  # fmt: skip


def searching(
    kafka: KafkaSettings, worker: WorkerProcess, queries: Sequence[str], rate: float, seconds: float
) -> None:
    """Searches at one rate."""
    before, cpu_before = outcomes(worker), cpu_s(worker)
    sent = searches_of(queries, rate, seconds)
    answers = answered(kafka, topics.SEARCHES, "products.searched.v1", sent)
    time.sleep(1.5)  # counters are brought up to date once a second
    ended = {name: int(n - before[name]) for name, n in outcomes(worker).items()}
    report(
        "search_load", searches_per_second=rate, seconds=seconds, searches=len(sent),
        lists=len(answers.latencies_ms), skipped=ended["skipped"], support=ended["errand"],
        unanswered=len(sent) - len(answers.latencies_ms) - ended["errand"],
        search_ms_p50=answers.percentile(50), search_ms_p99=answers.percentile(99),
        search_ms_max=answers.percentile(100), sender_late_ms_max=answers.late_ms,
        worker_cpu_s=round(cpu_s(worker) - cpu_before, 1),
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rates", default="20,50,200,500")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--products", type=int, default=100_000)
    parser.add_argument("--import-seconds", type=float, default=30.0)
    given = parser.parse_args()
    folder = given.folder / "amazon-bundles"
    if not folder.is_dir():
        print(f"{folder}: no data there: nothing measured", file=sys.stderr)
        return
    domains = [Domain(folder / name) for name in DOMAINS]
    products = made_up(domains, given.products)
    queries = [query for domain in domains for query in domain.queries]
    with learned_worker() as (kafka, worker):
        tell("import")
        importing(kafka, worker, products, given.import_seconds)
        for rate in map(float, given.rates.split(",")):
            tell(f"{rate:g} searches per second")
            searching(kafka, worker, queries, rate, given.seconds)


if __name__ == "__main__":
    main()
