"""A recording of what an earlier version left: its topics after the initial part of every check.

`python -m tests.survival.golden --source PATH` makes one, with the workers of the version whose
`src` folder PATH is; it is to be run when a version is released: what workers of that version wrote
is then what the next has to take over. The newest recording is restored.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import gzip
import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

from aiokafka import AIOKafkaProducer
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.kafka.admin import connected

FOLDER = Path(__file__).with_name("golden")
# Whose offsets begin where the oldest checkpoint that is kept does; nothing points into them.
MOVABLE = {topics.checkpoints(service) for service in topics.SERVICES}
FIELDS = ("topic", "partition", "timestamp", "key", "value", "headers")


def newest():
    """The recording of the last version: the file that was written last, by its number."""
    return max(FOLDER.glob("*.jsonl.gz"))


def record(shop):
    """Every record of every topic of the shop, as lines of JSON."""
    for name in topics.BY_NAME:
        next_offset = defaultdict(int)
        for each in shop.records(name):
            if name not in MOVABLE:
                assert each.offset == next_offset[each.partition], f"{name} has lost records"
                next_offset[each.partition] += 1
            headers = [[key, _text(value)] for key, value in each.headers]
            row = (
                name,
                each.partition,
                each.timestamp,
                _text(each.key),
                _text(each.value),
                headers,
            )
            yield json.dumps(dict(zip(FIELDS, row, strict=True)), separators=(",", ":"))


def restore(shop):
    """Write the newest recording to the shop's topics, which are empty: every record in its
    partition, with its time, for checkpoints name records by these."""
    asyncio.run(_restore(shop))


async def _restore(shop):
    if shop.node.evicts:  # a real broker: what was recorded long ago would fall to retention
        forever = {"retention.ms": "-1", "retention.bytes": "-1"}
        async with connected(shop.kafka) as admin:
            await admin.alter_configs(
                [
                    ConfigResource(ConfigResourceType.TOPIC, shop.kafka.topic(name), forever)
                    for name in topics.BY_NAME
                ]
            )
    producer = AIOKafkaProducer(**shop.kafka.client_options(), max_request_size=4_000_000)
    async with producer:
        sent = []
        with gzip.open(newest(), "rt", encoding="utf-8") as lines:
            next(lines)  # what it is of
            for line in lines:
                row = json.loads(line)
                sent.append(
                    await producer.send(
                        shop.kafka.topic(row["topic"]), _bytes(row["value"]), _bytes(row["key"]),
                        partition=row["partition"], timestamp_ms=row["timestamp"],
                        headers=[(name, _bytes(value)) for name, value in row["headers"]],
                    )
                )  # fmt: skip
        await asyncio.gather(*sent)


def about():
    """The first line of the newest recording: by which commit it was made."""
    with gzip.open(newest(), "rt", encoding="utf-8") as lines:
        return json.loads(next(lines))


def _text(value):
    return None if value is None else base64.b64encode(value).decode()


def _bytes(text):
    return None if text is None else base64.b64decode(text)


def main():
    from .matrix import begin, finished
    from .nodes import running_node
    from .scenarios import Scenario
    from .shop import Shop
    from .views import CHECKS

    parser = argparse.ArgumentParser(prog="python -m tests.survival.golden", description=__doc__)
    parser.add_argument(
        "--source", type=Path, required=True, help="`src` of the version's checkout"
    )
    source = parser.parse_args().source.resolve()
    commit = subprocess.run(
        ["git", "rev-parse", "--short=7", "HEAD"], cwd=source, check=True, capture_output=True,
        text=True,
    ).stdout.strip()  # fmt: skip
    with running_node("embedded") as node, Shop(node, source=source) as shop:
        begin(shop, Scenario(), [check() for check in CHECKS])
        finished(shop)
        shop.stop(*shop.workers)
        FOLDER.mkdir(exist_ok=True)
        number = len(list(FOLDER.glob("*.jsonl.gz"))) + 1
        path = FOLDER / f"{number:04d}-{commit}.jsonl.gz"
        text = "\n".join([json.dumps({"commit": commit}), *record(shop), ""])
        path.write_bytes(gzip.compress(text.encode(), mtime=0))
    print(f"{path.name}: {path.stat().st_size} bytes", file=sys.stderr)


if __name__ == "__main__":
    main()
