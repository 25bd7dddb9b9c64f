"""A plain aiokafka consumer: one process, state in dicts, offsets committed on a timer."""

from __future__ import annotations

import asyncio
from collections import defaultdict

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from common import Progress, Task, add, is_click, is_valid, most, visit


async def main(task: Task) -> None:
    progress = Progress()
    consumer = AIOKafkaConsumer(
        task.clicks, bootstrap_servers=task.broker, group_id=task.group,
        auto_offset_reset="earliest",
    )  # fmt: skip
    producer = AIOKafkaProducer(bootstrap_servers=task.broker, linger_ms=5)
    counts: defaultdict[str, int] = defaultdict(int)
    sessions: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    rows: defaultdict[str, dict[str, int]] = defaultdict(dict)
    async with consumer, producer:
        while True:
            for records in (await consumer.getmany(timeout_ms=200)).values():
                for record in records:
                    headers = dict(record.headers)
                    click = orjson.loads(record.value)
                    kind, event_id = headers.get("ce_type"), headers.get("ce_id")
                    if not is_click(kind, event_id) or not is_valid(click):
                        continue
                    product = click["product_id"]
                    if task.job == "count":
                        counts[product] += 1
                    elif task.job == "item-cf":
                        session = sessions[click["user_id"], click["session_id"]]
                        others = visit(session, product)
                        add(rows[product], others)
                        for other in others:
                            add(rows[other], [product])
                        found = {"product_id": product, "similar": most(rows[product]),
                                 "due": click.get("due", 0)}  # fmt: skip
                        await producer.send(task.out, orjson.dumps(found), product.encode())
                    progress.count += 1


if __name__ == "__main__":
    asyncio.run(main(Task.from_env()))
