"""A running worker's metrics tell that its texts have become others."""

from __future__ import annotations

import time
from random import Random

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.datasets.readers import ShopEvent
from shopkeeper.shared.testing.workers import worker_process
from tests.broker.test_end_to_end import publish
from tests.unit.text.drift_texts import fashion, gibberish

SECONDS_MAX = 120
EVERY_MS = 5000
MODEL = ("model", "intent")


def searches(first, number, text_of, start_ms):
    """In one partition, so that they are read in order."""
    random = Random(first)
    return [
        ShopEvent(
            topics.SEARCHES,
            "products.searched.v1",
            "u",
            {"query": text_of(random), "user_id": "u"},
            start_ms + EVERY_MS * each,
            f"s{each}",
        )
        for each in range(first, first + number)
    ]


def english(worker, texts, feature="label"):
    """The index, once so many texts are in the windows, forgotten ones aside; or None."""
    deadline = time.monotonic() + SECONDS_MAX
    while True:
        worker.alive()
        samples = worker.metrics()
        held = sum(
            samples.get(
                ("shopkeeper_text_drift_texts", (("language", "en"), MODEL, ("window", window))), 0
            )
            for window in ("recent", "reference")
        )
        if held > texts * 0.95:
            key = "shopkeeper_text_drift_psi", (("feature", feature), ("language", "en"), MODEL)
            return samples.get(key)
        assert time.monotonic() < deadline, f"{held} texts: {worker.output()}"
        time.sleep(0.2)


def test_metrics_show_a_shift_and_nothing_before_there_are_texts_enough(kafka):
    start_ms = int(time.time() * 1000) - 86_400_000
    with worker_process("intent", kafka) as worker:
        publish(kafka, searches(0, 1000, fashion, start_ms))
        assert english(worker, 1000) is None
        publish(kafka, searches(1000, 1000, fashion, start_ms))
        assert 0 <= english(worker, 2000) < 0.1
        assert english(worker, 2000, "characters") < 0.1
        publish(kafka, searches(2000, 500, gibberish, start_ms))
        assert english(worker, 2500) > 0.25
        assert english(worker, 2500, "confidence") > 0.25
        assert worker.terminate() == 0, worker.output()
