"""Bytewax: a dataflow with keyed, stateful steps; state snapshotted to SQLite every five seconds.

Run by `python -m bytewax.run bytewax_jobs:flow`. Items are exchanged between steps in memory.
"""

from __future__ import annotations

from typing import Any

import bytewax.operators as op
import orjson
from bytewax.connectors.kafka import KafkaSinkMessage, KafkaSourceMessage
from bytewax.connectors.kafka import operators as kop
from bytewax.dataflow import Dataflow
from common import Progress, Task, add, is_click, is_valid, most, visit

task = Task.from_env()
progress = Progress()


def parse(message: KafkaSourceMessage[Any, Any]) -> dict[str, Any] | None:
    headers = dict(message.headers)
    click = orjson.loads(message.value)
    valid = is_click(headers.get("ce_type"), headers.get("ce_id")) and is_valid(click)
    return click if valid else None


def done(value: Any) -> Any:
    progress.count += 1
    return value


def count(total: int | None, click: dict[str, Any]) -> tuple[int, int]:
    total = (total or 0) + 1
    return total, total


def sessionise(
    session: list[str] | None, click: dict[str, Any]
) -> tuple[list[str], list[tuple[str, Any]]]:
    session = [] if session is None else session
    product = click["product_id"]
    others = visit(session, product)
    told = [(other, ([product], None)) for other in others]
    return session, [(product, (others, click.get("due", 0))), *told]


def rank(
    row: dict[str, int] | None, seen: tuple[list[str], int | None]
) -> tuple[dict[str, int], list[dict[str, Any]]]:
    row = {} if row is None else row
    others, due = seen
    add(row, others)
    return row, [] if due is None else [{"similar": most(row), "due": due}]


def message_of(keyed: tuple[str, dict[str, Any]]) -> KafkaSinkMessage[bytes, bytes]:
    product, found = keyed
    return KafkaSinkMessage(product.encode(), orjson.dumps({"product_id": product, **found}))


flow = Dataflow("peer")
source = kop.input("clicks", flow, brokers=[task.broker], topics=[task.clicks])
clicks = op.filter_map("parse", source.oks, parse)
if task.job == "parse":
    last = op.map("done", clicks, done)
elif task.job == "count":
    keyed = op.key_on("by-product", clicks, lambda click: click["product_id"])
    last = op.map("done", op.stateful_map("count", keyed, count), done)
else:
    by_session = op.key_on("by-session", clicks, lambda c: f"{c['user_id']}/{c['session_id']}")
    pairs = op.stateful_flat_map("sessionise", by_session, sessionise)
    by_item = op.map("by-item", op.key_rm("unkey", pairs), lambda pair: pair)
    lists = op.map("done", op.stateful_flat_map("rank", by_item, rank), done)
    messages = op.map("message", lists, message_of)
    kop.output("lists", messages, brokers=[task.broker], topic=task.out)
if task.job != "item-cf":  # a dataflow needs an output
    from bytewax.testing import TestingSink

    class Nowhere(TestingSink):
        """Keeps nothing."""

        def __init__(self) -> None:
            super().__init__([])

        def build(self, step_id: str, worker_index: int, worker_count: int) -> Any:
            from bytewax.outputs import StatelessSinkPartition

            class Dropped(StatelessSinkPartition[Any]):
                def write_batch(self, items: list[Any]) -> None:
                    pass

            return Dropped()

    op.output("nowhere", last, Nowhere())
