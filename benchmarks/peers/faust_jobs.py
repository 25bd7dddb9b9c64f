"""Stock Faust: agents, tables in memory with their changelogs, typed records.

`count` writes a table without `group_by`, as the older comparison does (stock_faust.py): with
several workers each would count its own partitions' clicks.
"""

from __future__ import annotations

import sys

import faust
from common import Progress, Task, add, is_click, most, visit

task = Task.from_env()
progress = Progress()
app = faust.App(
    task.group,
    broker=f"kafka://{task.broker}",
    store="memory://",
    datadir=task.folder,
    topic_partitions=task.partitions,
    web_enabled=False,
    autodiscover=False,
    worker_redirect_stdouts=False,  # else progress lines become log lines
    consumer_auto_offset_reset="earliest",
)


class Click(faust.Record, serializer="json", validation=True):
    """What a click's value holds."""

    product_id: str
    user_id: str
    session_id: str
    due: int = 0


class Seen(faust.Record, serializer="json"):
    """To the partition of `item`: it was in a session with `others`."""

    item: str
    others: list[str]
    wanted: bool  # whether a list is due
    due: int = 0


clicks = app.topic(task.clicks, value_type=Click, key_serializer="raw")

if task.job == "parse":

    @app.agent(clicks)
    async def parse(stream: faust.StreamT) -> None:
        async for event in stream.events():
            headers = event.headers
            if is_click(headers.get("ce_type"), headers.get("ce_id")):
                progress.count += 1

elif task.job == "count":
    counts = app.Table("counts", default=int, partitions=task.partitions)

    @app.agent(clicks)
    async def count(stream: faust.StreamT) -> None:
        async for click in stream:
            counts[click.product_id] += 1
            progress.count += 1

else:
    seen = app.topic(
        f"{task.group}-seen", value_type=Seen, key_type=str, internal=True,
        partitions=task.partitions,
    )  # fmt: skip
    lists = app.topic(task.out, key_type=str, value_serializer="json")
    sessions = app.Table("sessions", default=list, partitions=task.partitions)
    rows = app.Table("rows", default=dict, partitions=task.partitions)

    @app.agent(clicks)
    async def sessionise(stream: faust.StreamT) -> None:
        async for click in stream:
            key = f"{click.user_id}/{click.session_id}"
            session = sessions[key]
            others = visit(session, click.product_id)
            sessions[key] = session
            own = Seen(item=click.product_id, others=others, wanted=True, due=click.due)
            await seen.send(key=own.item, value=own)
            for other in others:
                told = Seen(item=other, others=[click.product_id], wanted=False)
                await seen.send(key=other, value=told)

    @app.agent(seen)
    async def rank(stream: faust.StreamT) -> None:
        async for each in stream:
            row = rows[each.item]
            add(row, each.others)
            rows[each.item] = row
            if each.wanted:
                found = {"product_id": each.item, "similar": most(row), "due": each.due}
                await lists.send(key=each.item, value=found)
                progress.count += 1


if __name__ == "__main__":
    sys.argv[1:] = ["worker", "--without-web"]
    faust.Worker(app, loglevel="error").execute_from_commandline()
