"""Load of the gateway: posted events, reads and open streams, with a broker and a recommender.

Everything shares this machine. Events and reads are made by wrk (Debian's package `wrk`), closed
loop: as many as the gateway answers, over --connections. Where there is vegeta (`go install
github.com/tsenart/vegeta/v12@v12.12.0`), it then asks at a constant rate, --read-rate and
--event-rate a second, however long the answers take: what it tells is what visitors would wait.
Several gateways (--gateways) share one port. Streams are opened by a process of its
own, which reads when each list that is then published (--lists a second, straight to the topic, in
place of a recommender that would make as many) arrives: from the moment it was due.

usage: python benchmarks/bench_gateway.py [--seconds S] [--connections N] [--streams N]
           [--lists R] [--batch N] [--gateways N] [--read-rate R] [--event-rate R]
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
from harness import fresh_topics, publish, report, synthetic_clicks, tell, until_total

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.kafka.publisher import Publisher
from shopkeeper.shared.runtime.processes.embedded import free_port
from shopkeeper.shared.runtime.settings import KafkaSettings
from shopkeeper.shared.testing.workers import worker_process

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shopkeeper.shared.testing.workers import WorkerProcess

LEARNED, USERS, ITEMS = 20_000, 2_000, 2_000
OLD_MS = 1_700_000_000_000
HOST = "127.0.0.1"
OPEN_AT_ONCE = 200
OPENED_S_MAX = 300.0
LATE_S_MAX = 10.0
# wrk's script: a path or a body from a file, line by line, from a place of its own per thread.
SCRIPT = """
local lines, at = {}, 0
function init(args)
  for line in io.lines(args[1]) do lines[#lines + 1] = line end
  math.randomseed(os.time())
  at = math.random(#lines)
end
function request()
  at = at %% #lines + 1
  return %s
end
function done(summary, latency, requests)
  io.write(string.format(
    '{"requests": %%d, "seconds": %%f, "p50_ms": %%f, "p90_ms": %%f, "p99_ms": %%f, "errors": %%d}',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3,
    latency:percentile(90) / 1e3, latency:percentile(99) / 1e3,
    summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout))
end
"""
READ = 'wrk.format("GET", lines[at])'
POST = 'wrk.format("POST", nil, {["Content-Type"] = "application/json"}, lines[at])'


def load(url: str, script: str, lines: list[str], seconds: float, connections: int) -> Any:
    """What wrk saw: requests per second and percentiles in milliseconds."""
    with tempfile.TemporaryDirectory() as folder:
        code, data = Path(folder) / "load.lua", Path(folder) / "lines"
        code.write_text(SCRIPT % script)
        data.write_text("\n".join(lines) + "\n")
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:.0f}s", "--timeout", "10s"]
        said = subprocess.run(
            [*command, "-s", str(code), url, "--", str(data)],
            check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip
    found = json.loads(re.findall(r"\{.*\}", said)[-1])
    rate = round(found["requests"] / found["seconds"], 1)
    return {"per_second": rate} | {k: round(v, 2) for k, v in found.items() if k != "requests"}


def constant(url: str, method: str, lines: list[str], seconds: float, rate: float) -> Any:
    """What vegeta saw, at so many requests a second: percentiles in milliseconds. lines: paths, or
    bodies of posts."""
    with tempfile.TemporaryDirectory() as folder:
        targets, results = Path(folder) / "targets", Path(folder) / "results"
        with targets.open("wb") as file:
            for line in lines:
                target: dict[str, Any] = {"method": method, "url": url}
                if method == "GET":
                    target["url"] += line
                else:
                    target["header"] = {"Content-Type": ["application/json"]}
                    target["body"] = base64.b64encode(line.encode()).decode()
                file.write(orjson.dumps(target) + b"\n")
        subprocess.run(
            ["vegeta", "attack", "-format=json", f"-targets={targets}", f"-output={results}",
             f"-rate={rate:.0f}/1s", f"-duration={seconds:.0f}s", "-timeout=10s"], check=True,
        )  # fmt: skip
        said = subprocess.run(
            ["vegeta", "report", "-type=json", str(results)], check=True, capture_output=True
        ).stdout
    found = orjson.loads(said)
    late = {f"p{p}_ms": round(found["latencies"][f"{p}th"] / 1e6, 2) for p in (50, 90, 99)}
    return {
        "asked_per_second": rate, "per_second": round(found["throughput"], 1), **late,
        "success": found["success"], "statuses": found["status_codes"],
    }  # fmt: skip


def clicks(batch: int, count: int = 20_000) -> list[str]:
    """Bodies of `batch` clicks each."""
    chance = np.random.default_rng(5)
    users, items = chance.integers(USERS, size=count), chance.integers(ITEMS, size=count)
    made = [
        {"product_id": f"item-{item}", "user_id": f"user-{user}"}
        for user, item in zip(users.tolist(), items.tolist(), strict=True)
    ]
    if batch == 1:
        return [json.dumps(each) for each in made]
    return [json.dumps(made[at : at + batch]) for at in range(0, count, batch)]


def resident_bytes(workers: list[WorkerProcess]) -> int:
    """Memory of the processes that is in RAM."""
    statuses = [Path(f"/proc/{worker.popen.pid}/status").read_text() for worker in workers]
    return sum(int(re.findall(r"VmRSS:\s+(\d+)", each)[0]) * 1024 for each in statuses)


class Stream(asyncio.Protocol):
    """One open stream: reads only when lists arrive."""

    def __init__(self, user: str, found: list[float], opened: asyncio.Semaphore) -> None:
        self._user, self._found, self._opened, self._begun = user, found, opened, False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask."""
        path = f"/v1/users/{self._user}/stream"
        assert isinstance(transport, asyncio.Transport)
        transport.write(f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())

    def data_received(self, data: bytes) -> None:
        """The opening, or a list: when it was due stands in it."""
        if not self._begun and b"id: " in data:
            self._begun = True
            self._opened.release()
        now = time.time()
        for due in re.findall(rb'"due":([0-9.]+)', data):
            self._found.append((now - float(due)) * 1000)


async def listen(port: int, users: int, lists: int) -> None:
    """Open a stream for each user, say so, and print when the lists came; one line of JSON."""
    loop, found, opened = asyncio.get_running_loop(), list[float](), asyncio.Semaphore(0)
    for first in range(0, users, OPEN_AT_ONCE):
        some = range(first, min(users, first + OPEN_AT_ONCE))
        await asyncio.gather(
            *(
                loop.create_connection(lambda n=n: Stream(f"s{n}", found, opened), HOST, port)
                for n in some
            )
        )
        async with asyncio.timeout(OPENED_S_MAX):
            for _ in some:
                await opened.acquire()
    print("open", flush=True)
    quiet_since, count = time.monotonic(), 0
    while len(found) < lists and (not found or time.monotonic() - quiet_since < LATE_S_MAX):
        await asyncio.sleep(0.5)
        if len(found) > count:
            quiet_since, count = time.monotonic(), len(found)
    print(orjson.dumps(found).decode(), flush=True)


@contextmanager
def listeners(port: int, users: int, lists: int) -> Iterator[subprocess.Popen[str]]:
    """`listen`, in a process of its own."""
    child = subprocess.Popen(
        [sys.executable, __file__, "--listen", str(port), str(users), str(lists)],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield child
    finally:
        child.terminate()
        child.wait()


async def push(kafka: KafkaSettings, users: int, rate: float, seconds: float) -> int:
    """Lists of 20 products to users by chance, each saying when it was due; how many."""
    chance = np.random.default_rng(7)
    item = {"product_id": "item-1000", "score": 0.51, "reasons": [{"code": "also_bought"}]}
    due_from, count = time.time() + 0.5, int(rate * seconds)
    to = chance.integers(users, size=count).tolist()
    async with Publisher(kafka, "bench") as publisher:
        for number, user in enumerate(to):
            due = due_from + number / rate
            if (left := due - time.time()) > 0:
                await publisher.flush()
                await asyncio.sleep(left)
            value = orjson.dumps({"due": due, "user_id": f"s{user}", "items": [item] * 20})
            await publisher.send(topics.RECOMMENDATIONS, f"s{user}".encode(), value, [])
        await publisher.flush()
    return count


def streams(kafka: KafkaSettings, gateways: list[WorkerProcess], port: int, options: Any) -> Any:
    """Memory of each open stream, and how late pushed lists are."""
    before = resident_bytes(gateways)
    lists = int(options.lists * options.seconds)
    with listeners(port, options.streams, lists) as child:
        assert child.stdout is not None
        if child.stdout.readline() != "open\n":
            raise SystemExit("the streams were not opened")
        held = resident_bytes(gateways) - before
        asyncio.run(push(kafka, options.streams, options.lists, options.seconds))
        late = np.array(json.loads(child.stdout.readline()))
    if len(late) != lists:
        raise SystemExit(f"{len(late)} of {lists} lists arrived")
    percentiles = {f"p{p}_ms": round(float(np.percentile(late, p)), 2) for p in (50, 90, 99)}
    return {
        "open": options.streams, "bytes_each": held // max(options.streams, 1),
        "lists_per_second": options.lists, **percentiles,
    }  # fmt: skip


def requests(url: str, options: Any) -> dict[str, Any]:
    """Reads and posts: as many as are answered, and at a constant rate."""
    figures = dict[str, Any]()
    seconds, connections = options.seconds, options.connections
    paths = [f"/v1/users/user-{n}/recommendations" for n in range(USERS)]
    constantly = bool(shutil.which("vegeta"))
    tell("reads")
    figures["reads"] = load(url, READ, paths, seconds, connections)
    if constantly and options.read_rate:
        tell("reads at a constant rate")
        said = constant(url, "GET", paths, seconds, options.read_rate)
        figures["reads_at_a_rate"] = said
    for batch in sorted({1, options.batch}):
        tell(f"posts of {batch}")
        said = load(f"{url}/v1/events", POST, clicks(batch), seconds, connections)
        figures[f"posts_of_{batch}"] = said | {"events_per_second": said["per_second"] * batch}
        if constantly and options.event_rate:
            tell(f"posts of {batch} at a constant rate")
            rate = options.event_rate / batch
            said = constant(f"{url}/v1/events", "POST", clicks(batch), seconds, rate)
            said["events_per_second"] = said["per_second"] * batch
            figures[f"posts_of_{batch}_at_a_rate"] = said
    return figures


def main() -> None:
    if sys.argv[1:2] == ["--listen"]:
        asyncio.run(listen(*map(int, sys.argv[2:])))
        return
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--streams", type=int, default=10_000)
    parser.add_argument("--lists", type=float, default=500.0)
    parser.add_argument("--batch", type=int, default=10, help="events in a request, besides 1")
    parser.add_argument("--gateways", type=int, default=1, help="gateways that share the port")
    parser.add_argument("--read-rate", type=float, default=5000.0, help="reads a second; 0: none")
    parser.add_argument("--event-rate", type=float, default=3000.0, help="events a second; 0: none")
    options = parser.parse_args()
    if not shutil.which("wrk"):
        raise SystemExit("wrk is not installed (Debian's package `wrk`)")
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    port, figures = free_port(), {"gateways": options.gateways}
    quiet = {"LOG_LEVEL": "WARNING", "CHECKPOINT_INTERVAL": 5}
    with fresh_topics() as kafka, worker_process("recommender", kafka, **quiet) as recommender:
        tell("learning")
        publish(kafka, synthetic_clicks(LEARNED, ITEMS, USERS, OLD_MS))
        until_total(recommender, "events_processed_total", LEARNED, topics.CLICKS)
        publish(kafka, synthetic_clicks(USERS * 3, ITEMS, USERS, int(time.time() * 1000), seed=2))
        until_total(recommender, "events_processed_total", LEARNED + USERS * 3, topics.CLICKS)
        with ExitStack() as running:
            shared = {"GATEWAY_SHARED_PORT": int(options.gateways > 1)}
            gateways = [
                running.enter_context(
                    worker_process("gateway", kafka, GATEWAY_PORT=port, **shared, **quiet)
                )
                for _ in range(options.gateways)
            ]
            figures |= requests(f"http://{HOST}:{port}", options)
            tell("streams")
            figures["streams"] = streams(kafka, gateways, port, options)
            figures["gateway_bytes"] = resident_bytes(gateways)
    report("gateway", **figures)


if __name__ == "__main__":
    main()
