"""Memory of `shopkeeper demo` and everything that it started, every minute (Linux).

RSS counts a page that processes share once for each; PSS shares it out. What the broker's logs hold
is asked of the broker: records between the first and the last offset, by kind of topic.

usage: python benchmarks/bench_demo_memory.py [MINUTES] [EVENTS_PER_SECOND]
prints: one JSON object a minute, then one for the whole: the largest sum of RSS, and its slope over
the last half
"""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.kafka import admin
from shopkeeper.shared.runtime.processes import process
from shopkeeper.shared.runtime.processes.embedded import free_port
from shopkeeper.shared.runtime.settings import KafkaSettings

if TYPE_CHECKING:
    from collections.abc import Iterable

MB = 1024 / 1e6  # /proc counts in KiB


def tree(root: int) -> list[int]:
    """The process and its descendants."""
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # ended meanwhile
        parents[int(stat.parent.name)] = int(fields[1])
    found = [root]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found


def megabytes(pid: int) -> tuple[str, float, float]:
    """(program, RSS, PSS); zero where the process has ended."""
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return "", 0.0, 0.0
    rss, pss = (
        int(re.search(rf"^{name}: +(\d+)", rollup, re.MULTILINE)[1]) * MB  # type: ignore[index]
        for name in ("Rss", "Pss")
    )
    words = [word.decode() for word in command if word]
    known = [w for w in words if w in topics.SERVICES]
    guard = any(word.endswith("runtime.process") for word in words)
    name = "guard" if guard else known[0] if known else Path(words[0]).name
    return ("demo" if name.startswith("python") else name), rss, pss


async def retained(address: str) -> dict[str, int]:
    """Records that the broker holds, by kind of topic."""
    kafka = KafkaSettings((address,))
    consumer = AIOKafkaConsumer(**kafka.client_options(), group_id=None)
    await consumer.start()
    try:
        found = await admin.partitions_of(kafka, [t.name for t in topics.ALL])
        places = [TopicPartition(name, n) for name in found for n in found[name]]
        starts = await consumer.beginning_offsets(places)
        ends = await consumer.end_offsets(places)
    finally:
        await consumer.stop()
    counts = {"checkpoints": 0, "views": 0, "logs": 0, "published": sum(ends.values())}
    for place in places:
        topic = topics.BY_NAME[place.topic]
        kind = "views" if topic.cleanup == "compact" else "logs"
        kind = "checkpoints" if place.topic.endswith("-checkpoints.v1") else kind
        counts[kind] += ends[place] - starts[place]
    return counts


def sums(sizes: Iterable[tuple[str, float]]) -> dict[str, int]:
    """By name, rounded."""
    total: Counter[str] = Counter()
    for name, size in sizes:
        total[name] += round(size)
    return dict(total)


def main(minutes: int, rate: float) -> None:
    port = free_port()
    command = [sys.executable, "-m", "shopkeeper", "demo", "--rate", str(rate), "--port", str(port)]
    with tempfile.TemporaryFile() as sink:
        demo = subprocess.Popen(
            command, stdout=sink, stderr=sink, **process.child_options(os.environ)
        )
        totals = []
        try:
            started = time.monotonic()
            for minute in range(1, minutes + 1):
                time.sleep(max(0.0, started + 60 * minute - time.monotonic()))
                assert demo.poll() is None, "the demo ended"
                sizes = [megabytes(pid) for pid in tree(demo.pid)]
                rss, pss = sum(s[1] for s in sizes), sum(s[2] for s in sizes)
                totals.append(rss)
                line = {
                    "minute": minute, "rss_mb": round(rss), "pss_mb": round(pss),
                    "by_program": sums((name, mb) for name, mb, _ in sizes if mb),
                    "records": asyncio.run(retained(f"127.0.0.1:{port}")),
                }  # fmt: skip
                print(orjson.dumps(line).decode(), flush=True)
        finally:
            process.end(demo, 60.0)
    half = totals[len(totals) // 2 :]
    slope = np.polyfit(range(len(half)), half, 1)[0] if len(half) > 2 else 0.0
    print(
        orjson.dumps(
            {"minutes": minutes, "rate": rate, "rss_mb_max": round(max(totals)),
             "last_half_mb_per_minute": round(float(slope), 2)}
        ).decode()
    )  # fmt: skip


if __name__ == "__main__":
    main(
        int(sys.argv[1]) if len(sys.argv) > 1 else 60,
        float(sys.argv[2]) if len(sys.argv) > 2 else 40.0,
    )
