"""README's examples run as they stand: a producer, a worker, and the ten-line subscriber."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from pathlib import Path

import pytest

from shopkeeper.shared.runtime.kafka.admin import delete_topics, init_topics
from shopkeeper.shared.runtime.settings import KafkaSettings
from shopkeeper.shared.testing.workers import worker_process

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "examples"


@pytest.fixture
def plain_kafka(broker):
    """Topics under the names that the examples use: no prefix."""
    kafka = KafkaSettings.from_env({"KAFKA_BOOTSTRAP_SERVERS": broker})
    asyncio.run(init_topics(kafka, 2, 1))
    yield kafka
    asyncio.run(delete_topics(kafka))


def test_a_click_by_the_producer_reaches_the_subscriber_as_a_list(plain_kafka):
    address = plain_kafka.bootstrap_servers[0]
    with worker_process("recommender", plain_kafka) as worker:
        subscriber = subprocess.Popen(
            [sys.executable, str(EXAMPLES / "subscriber.py"), address],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            subprocess.run([sys.executable, str(EXAMPLES / "producer.py"), address], check=True)
            assert subscriber.stdout is not None
            assert subscriber.stdout.readline() == "u-1 []\n", "nothing is known yet: an empty list"
            worker.alive()
        finally:
            subscriber.kill()
            subscriber.wait()


def test_readme_shows_what_the_files_do():
    """Every Python line that README shows is in one of the examples."""

    def normal(text):
        text = text.replace("sys.argv[1]", "@").replace('"localhost:9092"', "@")
        return [" ".join(line.split()) for line in text.splitlines()]

    readme = (ROOT / "README.md").read_text("utf-8")
    blocks = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    shown = [line for block in blocks for line in normal(block)]
    there = [
        line for name in ("producer.py", "subscriber.py")
        for line in normal((EXAMPLES / name).read_text("utf-8"))
    ]  # fmt: skip
    assert len(shown) > 12
    assert set(shown) <= set(there)
