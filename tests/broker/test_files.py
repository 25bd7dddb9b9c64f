"""Every format that docs/files.md shows: a file through `replay`, the broker and the workers."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections import Counter

import orjson

from shopkeeper.apps.cli.replay import Plan, replay
from shopkeeper.shared.contracts import topics
from shopkeeper.shared.testing.records import read_topic, until_consumed
from shopkeeper.shared.testing.workers import worker_process
from tests.contract.test_files_page import EXAMPLES

TYPE_PREFIX = "com.example.shop."


def test_every_format_reaches_the_workers_and_none_is_refused(kafka, tmp_path):
    wanted: Counter[str] = Counter()
    lists_of, rated = set(), set()
    for number, (form, files, what, expected) in enumerate(EXAMPLES):
        if what != "events":
            continue
        folder = tmp_path / str(number)
        folder.mkdir()
        for name, text in files.items():
            (folder / name).write_text(text, "utf-8")
        summary = asyncio.run(replay(kafka, Plan(folder / next(iter(files)), form, TYPE_PREFIX)))
        assert summary["events"] == len(expected)
        assert summary["rows"] == (
            summary["events"] + summary["merged"] + summary["skipped_bad"] + summary["left_out"]
        )
        for event in expected:
            wanted[event["type"]] += 1
            data = event["data"]
            if event["type"] == "product.reviewed.v1":
                rated.add(data["product_id"])
            elif event["type"] == "product.clicked.v1":
                lists_of.add(data.get("user_id") or data["anonymous_id"])
    for service, sources in (
        ("recommender", [topics.CLICKS, topics.SEARCHES]),
        ("sentiment", [topics.REVIEWS]),
        ("intent", [topics.SEARCHES]),
    ):
        with worker_process(service, kafka, LIST_AGE_MAX=1e10) as worker:
            asyncio.run(until_consumed(kafka, service, sources, 240, worker.alive))
            assert worker.terminate() == 0, worker.output()
        for source in sources:
            letters = asyncio.run(read_topic(kafka, topics.dead_letters(source, service)))
            assert letters == [], [letter.headers for letter in letters]
    reviews = asyncio.run(read_topic(kafka, topics.PRODUCT_SENTIMENT))
    assert {record.key.decode() for record in reviews} == rated
    lists = asyncio.run(read_topic(kafka, topics.RECOMMENDATIONS))
    assert lists_of <= {record.key.decode() for record in lists}
    assert len(asyncio.run(read_topic(kafka, topics.INTENTS))) == wanted["products.searched.v1"]


def test_the_command_recognises_says_and_counts(kafka, tmp_path):
    path = tmp_path / "ratings.csv"
    text = "user_id,item_id,rating,timestamp\nu1,b1,8,1700000000\nu2,b1,x,1700000001\n"
    path.write_text(text + "u3,b1,3,1700000002\n", "utf-8")
    products = tmp_path / "products.csv"
    products.write_text("product_id,title,price\nb1,Tea,free\n,Cup,1\n", "utf-8")
    clicks = tmp_path / "clicks.csv"
    clicks.write_text("session_id,item_id,timestamp\ns1,b1,1700000000\n", "utf-8")

    def run(*arguments):
        return subprocess.run(
            [sys.executable, "-m", "shopkeeper", "replay", *map(str, arguments)],
            capture_output=True, text=True, timeout=120, check=False,
            env={**os.environ, "KAFKA_BOOTSTRAP_SERVERS": ",".join(kafka.bootstrap_servers),
                 "TOPIC_PREFIX": kafka.topic_prefix},
        )  # fmt: skip

    done = run(path)
    assert done.returncode == 1
    assert f"{path}:3: rating 'x' is not a number" in done.stderr
    assert "Traceback" not in done.stderr
    done = run(path, "--skip-bad", "--catalogue", products)
    assert done.returncode == 0, done.stderr
    summary = orjson.loads(done.stdout)
    assert (summary["format"], summary["events"], summary["skipped_bad"]) == ("ratings", 2, 1)
    assert (summary["rows"], summary["products"]) == (3, 1)
    assert summary["catalogue"]["dropped_cells"] == {"price": 1}
    assert summary["catalogue"]["skipped_bad"] == 1
    assert any("ratings 3 to 8 taken as of 1 to 10" in note for note in summary["notes"])
    done = run(clicks)
    assert "LIST_AGE_MAX" in done.stderr, "old clicks: no lists, and why"
