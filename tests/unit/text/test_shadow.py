"""A shadow beside a served model: what it is given, what it is spared, and what is told of it."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import time

import numpy as np
import pytest

from shopkeeper.services.sentiment.model import load_model
from shopkeeper.shared.runtime.reloading import Reloadable
from shopkeeper.shared.runtime.telemetry.metrics import Registry
from shopkeeper.shared.text.judge import Judge
from shopkeeper.shared.text.served_model import ModelFiles, ServedModel
from shopkeeper.shared.text.shadow import QUEUE_CHARACTERS_MAX, QUEUE_TEXTS_MAX, Shadow
from tests.model_folders import copied, leaning, revised

LOADER = "shopkeeper.services.sentiment.model:load_model"
ENGLISH = [
    "works great, I love it",
    "broke after one day, terrible",
    "it is awful",
    "really good quality",
]
CHINESE = ["质量很好，物流也快", "质量太差了，第二天就坏了"]
TEXTS = ENGLISH + CHINESE


@pytest.fixture(scope="module")
def model():
    return load_model()


@pytest.fixture
def folder(tmp_path):
    found = copied(tmp_path / "shadow")
    revised(found, "sentiment", version="88.0.0")
    return found


class Beside:
    """A served model and its shadow, with the metrics of both."""

    def __init__(self, model, folder, share=1.0):
        self.served = ServedModel(model)
        found = ModelFiles(
            "sentiment", lambda: Judge(LOADER, str(folder)), str(folder), labels=model.labels
        )
        self.files = Reloadable("sentiment", "shadow", folder, found.load, lambda: "It goes on")
        self.shadow = Shadow(self.served, self.files, lambda rows, _: rows.argmax(axis=1), share)
        self.served.on_answer = self.shadow.offer
        self.registry = Registry()
        self.observe = self.shadow.metrics(self.registry)

    def value(self, metric, /, **labels):
        self.observe()
        if "name" not in labels:
            labels["model"] = "sentiment"
        return self.registry.get_sample_value(f"shopkeeper_{metric}", labels)

    def running(self, body):
        async def run():
            await self.shadow.start()
            try:
                await asyncio.to_thread(body)
            finally:
                await self.shadow.stop()

        asyncio.run(run())

    def until(self, metric, value, /, **labels):
        while (found := self.value(metric, **labels) or 0.0) < value:
            time.sleep(0.02)
        assert found == value

    def loaded(self):
        self.files.load_now()
        while self.shadow._model is None:
            time.sleep(0.02)


def test_the_shadow_of_an_equal_model_agrees_on_every_text(model, folder):
    beside = Beside(model, folder)

    def body():
        beside.loaded()
        alone = model.probabilities(TEXTS)
        assert np.array_equal(beside.served.probabilities(TEXTS), alone)
        beside.until("shadow_texts_total", len(ENGLISH), language="en")
        beside.until("shadow_texts_total", len(CHINESE), language="zh")
        for language in ("en", "zh"):
            assert beside.value("shadow_agreement_ratio", language=language) == 1.0
            name = "shadow_probability_difference_ratio"
            assert beside.value(name, language=language) == 0.0
        assert beside.value("shadow_dropped_texts_total", reason="busy") == 0

    beside.running(body)


def test_disagreements_are_counted_by_label_and_logged_without_a_text(model, folder, caplog):
    caplog.set_level(logging.INFO)
    leaning(folder, "sentiment", "neutral", "88.0.0")
    beside = Beside(model, folder)
    private = "my number is 13800001234, works great, I love it"

    def body():
        beside.loaded()
        rows = beside.served.probabilities([*ENGLISH, private])
        beside.until("shadow_texts_total", len(ENGLISH) + 1, language="en")
        assert beside.value("shadow_agreement_ratio", language="en") == 0.0
        # The leaning shadow gives every other label nothing.
        apart = beside.value("shadow_probability_difference_ratio", language="en")
        assert apart == pytest.approx(rows.max(axis=1).mean(), abs=1e-5)
        given = np.bincount(rows.argmax(axis=1), minlength=3)
        for column, label in enumerate(model.labels):
            counted = beside.value("shadow_disagreements_total", language="en", label=label)
            assert (counted or 0) == given[column]

    beside.running(body)
    assert "0.00% alike; most often: " in caplog.text
    assert "positive -> neutral 3" in caplog.text
    assert "13800001234" not in caplog.text
    assert "number" not in caplog.text


def test_ratios_are_of_the_two_models_as_they_are_and_counts_of_all(model, folder):
    beside = Beside(model, folder)

    def body():
        beside.loaded()
        beside.served.probabilities(ENGLISH)
        beside.until("shadow_texts_total", len(ENGLISH), language="en")
        assert beside.value("shadow_agreement_ratio", language="en") == 1.0
        leaning(folder, "sentiment", "neutral", "88.0.1")
        beside.files.load_now()
        beside.until("shadow_model_info", 1.0, name="sentiment", version="88.0.1+0.1.0")
        beside.served.probabilities(ENGLISH)
        beside.until("shadow_texts_total", 2 * len(ENGLISH), language="en")
        assert beside.value("shadow_agreement_ratio", language="en") == 0.0

    beside.running(body)


def test_a_full_queue_drops_and_counts_and_holds_what_it_may(model, folder):
    """The thread is not started: nothing is ever taken out."""
    beside = Beside(model, folder)
    beside.files.load_now()
    beside.shadow._take_newer()
    texts = ["so good"] * 1000
    rows = model.probabilities(texts)
    for _ in range(QUEUE_TEXTS_MAX // 1000 + 5):
        beside.shadow.offer(texts, rows)
    assert beside.value("shadow_dropped_texts_total", reason="busy") == 5000
    assert beside.shadow._texts == QUEUE_TEXTS_MAX
    asyncio.run(beside.shadow.stop())


def test_of_a_batch_that_is_larger_than_the_queue_a_part_is_judged(model, folder):
    beside = Beside(model, folder)
    beside.files.load_now()
    beside.shadow._take_newer()
    texts = ["x" * (QUEUE_CHARACTERS_MAX // 10)] * 12
    rows = np.zeros((len(texts), len(model.labels)), np.float32)
    for dropped in (2, 14):
        beside.shadow.offer(texts, rows)
        assert beside.shadow._texts == 10
        assert beside.shadow._characters == QUEUE_CHARACTERS_MAX
        assert beside.value("shadow_dropped_texts_total", reason="busy") == dropped
    asyncio.run(beside.shadow.stop())


def test_a_share_of_the_texts_is_given_to_the_shadow(model, folder):
    beside = Beside(model, folder, share=0.25)

    def body():
        beside.loaded()
        for _ in range(40):
            beside.served.probabilities(ENGLISH[:2])
        beside.until("shadow_texts_total", 20, language="en")

    beside.running(body)


def test_without_a_shadow_that_could_be_loaded_answers_go_on(model, folder, caplog):
    (folder / "sentiment.onnx").write_bytes(b"half")
    beside = Beside(model, folder)
    beside.files.load_now()
    assert "sentiment.onnx: SHA-256 is" in caplog.text

    def body():
        assert len(beside.served.probabilities(TEXTS)) == len(TEXTS)
        assert beside.files.failing

    beside.running(body)


def test_a_shadow_whose_process_dies_is_left_out_until_its_files_change(model, folder, caplog):
    beside = Beside(model, folder)

    def body():
        beside.loaded()
        os.kill(beside.shadow._model.process_id, signal.SIGKILL)
        beside.served.probabilities(ENGLISH)
        beside.until("shadow_dropped_texts_total", len(ENGLISH), reason="failed")
        assert beside.files.failing
        assert len(beside.served.probabilities(ENGLISH)) == len(ENGLISH)
        revised(folder, "sentiment", version="88.0.1")
        beside.loaded()
        assert not beside.files.failing
        beside.served.probabilities(ENGLISH)
        beside.until("shadow_texts_total", len(ENGLISH), language="en")

    beside.running(body)
    assert "left out until its files change" in caplog.text
