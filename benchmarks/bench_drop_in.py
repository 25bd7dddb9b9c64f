"""Calls of `ListRecommendations` per second and their p99, beside a twin that does as the demos do.

The twin answers a random sample of five, on a server with ten threads as both demos have it; it
asks no catalogue service, which the demos do for every call. Both are called in turn, in rounds,
from one channel, by so many at a time.

usage: python benchmarks/bench_drop_in.py [SECONDS] [AT_A_TIME]
"""

from __future__ import annotations

import asyncio
import json
import random
import statistics
import subprocess
import sys
import time
from concurrent import futures

import grpc
from harness import fresh_topics, report

from shopkeeper.services.gateway.grpc.messages import METHOD, ONLINE_BOUTIQUE, SERVICE, messages_of
from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.kafka.publisher import Publisher
from shopkeeper.shared.runtime.processes.embedded import free_port
from shopkeeper.shared.testing.workers import worker_process

PRODUCTS = [f"P{number:09d}" for number in range(1_000)]
NEIGHBOURS, ROUNDS, COUNT = 50, 3, 5
MODEL = {"name": "item-cf", "version": "1"}
WIRE = messages_of(ONLINE_BOUTIQUE)


def twin(port: int) -> None:
    """Serve random samples until it is killed."""

    def sample(request: object, call: grpc.ServicerContext) -> object:
        left = list(set(PRODUCTS) - set(request.product_ids))  # type: ignore[attr-defined]  # protobuf
        return WIRE.response(product_ids=random.sample(left, COUNT))

    method = grpc.unary_unary_rpc_method_handler(
        sample, WIRE.request.FromString, WIRE.response.SerializeToString
    )
    service = f"{ONLINE_BOUTIQUE}.{SERVICE}"
    server = grpc.server(futures.ThreadPoolExecutor(10))
    server.add_generic_rpc_handlers(
        [grpc.method_handlers_generic_handler(service, {METHOD: method})]
    )
    server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    server.wait_for_termination()


async def known(kafka) -> None:
    """Neighbours of every product, on the topic."""
    chance = random.Random(1)
    async with Publisher(kafka, "bench") as publisher:
        for product_id in PRODUCTS:
            items = [
                {"product_id": each, "score": chance.random(), "count": 3}
                for each in chance.sample(PRODUCTS, NEIGHBOURS)
            ]
            value = {"product_id": product_id, "items": items, "count": 9, "model": MODEL}
            packed = json.dumps(value).encode()
            await publisher.send(topics.SIMILAR_ITEMS, product_id.encode(), packed, [])


async def measured(port: int, seconds: float, at_a_time: int) -> tuple[float, float]:
    """(calls per second, p99 in milliseconds); every answer has five products."""
    took: list[float] = []
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        await asyncio.wait_for(channel.channel_ready(), 60)
        call = channel.unary_unary(
            f"/{ONLINE_BOUTIQUE}.{SERVICE}/{METHOD}",
            WIRE.request.SerializeToString,
            WIRE.response.FromString,
        )

        async def caller(number: int) -> None:
            chance = random.Random(number)
            while (began := time.perf_counter()) < end:
                request = WIRE.request(user_id=f"u{number}", product_ids=chance.sample(PRODUCTS, 2))
                answer = await call(request, timeout=60)
                took.append(time.perf_counter() - began)
                assert len(answer.product_ids) == COUNT

        end = time.perf_counter() + seconds
        await asyncio.gather(*map(caller, range(at_a_time)))
    return len(took) / seconds, statistics.quantiles(took, n=100)[98] * 1000


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 10.0
    at_a_time = int(sys.argv[2]) if len(sys.argv) > 2 else 16
    ports = {"gateway": free_port(), "twin": free_port()}
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in ports}
    other = subprocess.Popen([sys.executable, __file__, "--twin", str(ports["twin"])])
    try:
        with fresh_topics() as kafka:
            asyncio.run(known(kafka))
            settings = {"GATEWAY_PORT": 0, "GATEWAY_GRPC_PORT": ports["gateway"]}
            with worker_process("gateway", kafka, **settings, LOG_LEVEL="ERROR"):
                for _ in range(ROUNDS):
                    for name, port in ports.items():
                        found[name].append(asyncio.run(measured(port, seconds, at_a_time)))
    finally:
        other.kill()
        other.wait()
    figures = {}
    for name, rounds in found.items():
        figures[f"{name}_calls_per_second"] = round(statistics.median(r[0] for r in rounds))
        figures[f"{name}_p99_ms"] = round(statistics.median(r[1] for r in rounds), 1)
    report("drop_in", at_a_time=at_a_time, rounds=ROUNDS, **figures)


if __name__ == "__main__":
    if "--twin" in sys.argv:
        twin(int(sys.argv[-1]))
    else:
        main()
