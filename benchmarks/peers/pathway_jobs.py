"""Pathway: incremental tables; reducers, a join per click, persistence to the file system.

It works in small batches of time (commits of 100 ms here; 1,500 are its default), so lists that
fall in one batch see the same rows.
"""

from __future__ import annotations

from typing import Any

import pathway as pw
from common import TOP, Progress, Task

task = Task.from_env()
progress = Progress()
COMMIT_MS = 100
BACKLOG_MAX = 20_000  # as advised for sources that hold a backlog


class Click(pw.Schema):
    product_id: str
    user_id: str
    session_id: str
    due: int = pw.column_definition(default_value=0)


def told(key: Any, row: dict[str, Any], time: int, is_addition: bool) -> None:
    if is_addition:
        progress.count = max(progress.count, row["done"])


settings = {
    "bootstrap.servers": task.broker, "group.id": task.group, "auto.offset.reset": "earliest",
}  # fmt: skip
clicks = pw.io.kafka.read(
    settings, topic=task.clicks, format="json", schema=Click, name="clicks",
    autocommit_duration_ms=COMMIT_MS, max_backlog_size=BACKLOG_MAX,
    with_metadata=task.job == "parse",
)  # fmt: skip


@pw.udf(deterministic=True)
def has_click_headers(metadata: pw.Json) -> bool:
    names = {name for name, _ in metadata["headers"].as_list()}
    return "ce_type" in names and "ce_id" in names


@pw.udf(deterministic=True)
def most(pairs: tuple[tuple[int, str], ...]) -> str:
    """The last TOP of pairs in ascending order, newest first, as text."""
    return " ".join(f"{other}:{count}" for count, other in reversed(pairs[-TOP:]))


if task.job == "parse":
    valid = clicks.filter(has_click_headers(pw.this._metadata))
    valid = valid.filter((pw.this.product_id != "") & (pw.this.user_id != ""))
    done = valid.reduce(done=pw.reducers.count())
elif task.job == "count":
    counts = clicks.groupby(pw.this.product_id).reduce(pw.this.product_id, n=pw.reducers.count())
    done = counts.reduce(done=pw.reducers.sum(pw.this.n))
else:
    once = clicks.groupby(pw.this.user_id, pw.this.session_id, pw.this.product_id).reduce(
        pw.this.user_id, pw.this.session_id, pw.this.product_id
    )
    other = once.copy()
    pairs = once.join(
        other, once.user_id == other.user_id, once.session_id == other.session_id
    ).select(item=once.product_id, other=other.product_id)
    pairs = pairs.filter(pw.this.item != pw.this.other)
    counted = pairs.groupby(pw.this.item, pw.this.other).reduce(
        pw.this.item, pw.this.other, n=pw.reducers.count()
    )
    rows = counted.groupby(pw.this.item).reduce(
        pw.this.item,
        pairs=pw.reducers.sorted_tuple(pw.make_tuple(pw.this.n, pw.this.other)),
    )
    rows = rows.select(pw.this.item, similar=most(pw.this.pairs))
    lists = clicks.asof_now_join(rows, clicks.product_id == rows.item, how=pw.JoinMode.LEFT).select(
        clicks.product_id, clicks.due, similar=pw.coalesce(rows.similar, "")
    )
    pw.io.kafka.write(lists, settings, task.out, format="json")
    done = lists.reduce(done=pw.reducers.count())
pw.io.subscribe(done, on_change=told)

if __name__ == "__main__":
    backend = pw.persistence.Backend.filesystem(task.folder)
    pw.run(
        monitoring_level=pw.MonitoringLevel.NONE,
        persistence_config=pw.persistence.Config(backend, snapshot_interval_ms=5000),
    )
