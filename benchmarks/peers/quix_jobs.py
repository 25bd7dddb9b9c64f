"""Quix Streams: a StreamingDataFrame, state in RocksDB with changelog topics.

State belongs to the message's key, so what is counted by product is first grouped by product,
through a topic.
"""

from __future__ import annotations

from typing import Any

from common import Progress, Task, add, is_click, is_valid, most, visit
from quixstreams import Application, State

task = Task.from_env()
progress = Progress()
app = Application(
    broker_address=task.broker,
    consumer_group=task.group,
    auto_offset_reset="earliest",
    state_dir=task.folder,
    loglevel="ERROR",
)


def validated(click: Any, key: Any, timestamp: int, headers: Any) -> bool:
    found = dict(headers or ())
    return is_click(found.get("ce_type"), found.get("ce_id")) and is_valid(click)


def done(value: Any) -> None:
    progress.count += 1


def count(click: dict[str, Any], state: State) -> int:
    total: int = state.get("count", 0) + 1
    state.set("count", total)
    return total


def sessionise(click: dict[str, Any], state: State) -> list[dict[str, Any]]:
    """Of one click: what to tell its own item, and each other item of the session."""
    name = click["session_id"]
    session = state.get(name, [])
    product = click["product_id"]
    others = visit(session, product)
    if others or len(session) == 1:
        state.set(name, session)
    due = click.get("due", 0)
    return [
        {"item": product, "others": others, "wanted": True, "due": due},
        *({"item": each, "others": [product], "wanted": False} for each in others),
    ]


def rank(seen: dict[str, Any], state: State) -> dict[str, Any] | None:
    row = state.get("row", {})
    if seen["others"]:
        add(row, seen["others"])
        state.set("row", row)
    if not seen["wanted"]:
        return None
    return {"product_id": seen["item"], "similar": most(row), "due": seen["due"]}


frame = app.dataframe(
    app.topic(task.clicks, key_deserializer="str", value_deserializer="json")
).filter(validated, metadata=True)
if task.job == "parse":
    frame = frame.update(done)
elif task.job == "count":
    frame = frame.group_by("product_id").apply(count, stateful=True).update(done)
else:
    frame = frame.apply(sessionise, stateful=True, expand=True)
    frame = frame.group_by("item").apply(rank, stateful=True)
    frame = frame.filter(lambda found: found is not None).update(done)
    frame = frame.to_topic(app.topic(task.out, key_serializer="str", value_serializer="json"))

if __name__ == "__main__":
    app.run()
