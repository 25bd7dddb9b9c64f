"""The comparison: a stock Faust agent that counts clicks per product in a table, nothing else.

Run by bench_clicks.py as a process of its own; prints `COUNT seconds` lines to standard error as
it goes. This is how Faust's own documentation counts (userguide: Tables), with the memory store.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time

import faust

app = faust.App(
    f"stock-{os.environ.get('TOPIC_PREFIX', '')}",
    broker=f"kafka://{os.environ['KAFKA_BOOTSTRAP_SERVERS']}",
    store="memory://",
    datadir=tempfile.mkdtemp(),
    topic_partitions=4,
    web_enabled=False,
    autodiscover=False,
    stream_wait_empty=False,
    worker_redirect_stdouts=False,  # else our progress lines become log lines of level WARNING
)
clicks = app.topic(os.environ["BENCH_TOPIC"], value_serializer="json", key_serializer="raw")
counts = app.Table("counts", default=int, partitions=4)
seen = 0
started = 0.0


@app.agent(clicks)
async def count(stream: faust.StreamT) -> None:
    """One table update per event."""
    global seen, started
    async for click in stream:
        counts[click["product_id"]] += 1
        if not seen:
            started = time.monotonic()
        seen += 1
        if seen % 1000 == 0:
            print(seen, time.monotonic() - started, file=sys.stderr, flush=True)


if __name__ == "__main__":
    faust.Worker(app, loglevel="error").execute_from_commandline()
