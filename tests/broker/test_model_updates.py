"""Models and rules are replaced under running workers; a second model judges beside the first."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable
from typing import NamedTuple

import pytest

from shopkeeper.services.intent.model import load_model as load_intent
from shopkeeper.services.sentiment.model import load_model as load_sentiment
from shopkeeper.shared.contracts import topics
from shopkeeper.shared.datasets.readers import ShopEvent
from shopkeeper.shared.testing.records import until_consumed
from shopkeeper.shared.testing.workers import worker_process
from tests.broker.test_end_to_end import no_letters, outputs, publish
from tests.model_folders import copied, leaning, manifest, put, revised

START_MS = 1_790_000_000_000
SECONDS_MAX = 60  # on a busy machine; a few on an idle one
NEW = "77.1.0"
SEARCHES = ["where is my parcel", "wireless headphones", "我的包裹在哪里", "退货政策是什么"]
BODIES = [
    "Works great, I love it",
    "质量太差了，第二天就坏了",
    "Broke after one day, terrible",
    "物流很快，包装也好",
]


def search(number):
    user = f"u{number % 7}"
    data = {"query": SEARCHES[number % len(SEARCHES)], "user_id": user}
    return ShopEvent(
        topics.SEARCHES, "products.searched.v1", user, data, START_MS + number, f"s{number}"
    )


def review(number):
    product = f"p{number % 7}"
    body = BODIES[number % len(BODIES)]
    data = {"product_id": product, "review_id": f"r{number}", "review_body": body, "rating": 4.0}
    return ShopEvent(
        topics.REVIEWS, "product.reviewed.v1", product, data, START_MS + number, f"r{number}"
    )


def alone(version):
    """The version of the n-grams, which the copied folder has without a Transformer behind them."""
    return version.partition("+")[0]


class Case(NamedTuple):
    """A service, its topics, what makes an event; a label that the shipped model gives none of the
    texts, and where it stands in an output."""

    service: str
    event: Callable[[int], ShopEvent]
    topic: str
    out: str
    shipped: Callable[[], str]  # the version
    label: str
    field: str


SERVICES = [
    Case(
        "intent",
        search,
        topics.SEARCHES,
        topics.INTENTS,
        lambda: alone(load_intent()[0].version),
        "invoice",
        "intent",
    ),
    Case(
        "sentiment",
        review,
        topics.REVIEWS,
        topics.SENTIMENTS,
        lambda: alone(load_sentiment().version),
        "neutral",
        "label",
    ),
]
services = pytest.mark.parametrize("case", SERVICES, ids=lambda case: case.service)


class Until:
    """Waits for what shall become true of a worker."""

    def __init__(self, worker):
        self.worker = worker

    def __call__(self, true, what):
        deadline = time.monotonic() + SECONDS_MAX
        while not (found := true()):
            self.worker.alive()
            assert time.monotonic() < deadline, what
            time.sleep(0.05)
        return found

    def sample(self, metric, at_least=1.0, /, **labels):
        wanted = (f"shopkeeper_{metric}", tuple(sorted(labels.items())))
        self(lambda: (self.worker.metrics().get(wanted) or 0.0) >= at_least, (metric, labels))

    def said(self, text):
        self(lambda: text in self.worker.output(), text)


def answer_to(kafka, until, event):
    """The intent of a search that is sent now."""
    publish(kafka, [event])
    return until(
        lambda: [
            value
            for headers, value in outputs(kafka, topics.INTENTS)
            if headers["ce_causationid"] == event.id
        ],
        "an answer",
    )[0]


@services
def test_a_model_is_replaced_while_messages_flow(kafka, tmp_path, case):
    """None is lost or answered twice; in each partition the version changes once, and with it the
    answers: none has the version of one model and the label of the other."""
    service, event, topic, out, shipped, label, field = case
    folder = copied(tmp_path / "models")
    numbers = itertools.count()
    with worker_process(service, kafka, MODEL_DIR=folder, RELOAD_INTERVAL=0.2) as worker:
        until = Until(worker)

        def more():
            publish(kafka, [event(next(numbers)) for _ in range(20)])

        def so_far(version):
            return sum(v["model"]["version"].startswith(version) for _, v in outputs(kafka, out))

        def flow(reached):
            more()
            return reached()

        until(lambda: flow(lambda: so_far(shipped()) > 20), "answers of the first model")
        leaning(folder, service, label, NEW)
        until(lambda: flow(lambda: so_far(NEW) > 20), "answers of the second model")
        asyncio.run(until_consumed(kafka, service, [topic], 120, worker.alive))
        until.sample("model_reloads_total", model=service, kind="served", outcome="loaded")
        # The service may have other models behind its own, whose versions follow.
        of_model = [
            labels
            for (name, labels) in worker.metrics()
            if name == "shopkeeper_model_info" and ("name", service) in labels
        ]
        assert len(of_model) == 1
        assert dict(of_model[0])["version"].startswith(NEW)
        assert f"model {shipped()} is replaced by {NEW}" in worker.output()
        assert worker.terminate() == 0, worker.output()
    found = outputs(kafka, out)
    causes = [headers["ce_causationid"] for headers, _ in found]
    assert sorted(causes) == sorted(event(n).id for n in range(next(numbers)))
    by_partition = {}
    for headers, value in found:
        partition = headers["ce_id"].split("/")[1]
        newer = value["model"]["version"].startswith(NEW)
        assert (value[field] == label) is newer, value
        by_partition.setdefault(partition, []).append(newer)
    for newer in by_partition.values():
        assert newer == sorted(newer), "old answers after new ones"
    no_letters(kafka, topic, service)


def test_a_broken_model_leaves_the_old_one_until_it_is_mended(kafka, tmp_path):
    folder = copied(tmp_path / "models")
    whole = (folder / "intent.onnx").read_bytes()
    labels = manifest(folder)["models"]["intent"]["labels"]
    shipped = alone(load_intent()[0].version)
    numbers = itertools.count()
    refused = {"model": "intent", "kind": "served", "outcome": "refused"}

    def version_now(until):
        return answer_to(kafka, until, search(next(numbers)))["model"]["version"]

    with worker_process("intent", kafka, MODEL_DIR=folder, RELOAD_INTERVAL=0.2) as worker:
        until = Until(worker)
        assert version_now(until) == shipped
        # A file that is copied half, under a manifest that is there.
        (folder / "intent.onnx").write_bytes(whole[: len(whole) // 2])
        revised(folder, "intent", version="77.0.1")
        until.sample("model_reloads_total", 1, **refused)
        until.said(f"{folder / 'intent.onnx'}: SHA-256 is")
        assert version_now(until) == shipped
        # Other labels; the file is whole again.
        (folder / "intent.onnx").write_bytes(whole)
        revised(folder, "intent", version="77.0.2", labels=["renamed", *labels[1:]])
        until.sample("model_reloads_total", 2, **refused)
        until.said("labels change only with a restart of the worker")
        # No JSON at all.
        put(folder, {})
        (folder / "manifest.json").write_text("{", "utf-8")
        until.sample("model_reloads_total", 3, **refused)
        assert version_now(until) == shipped
        failing = (
            "shopkeeper_last_reload_successful",
            (("kind", "served"), ("model", "intent")),
        )
        assert worker.metrics()[failing] == 0.0
        # Mended: the worker finds it by itself.
        put(folder, manifest(copied(tmp_path / "again")))
        revised(folder, "intent", version=NEW)
        until.sample("last_reload_successful", model="intent", kind="served")
        until.said(f"is replaced by {NEW}")
        assert version_now(until).startswith(NEW)
        assert worker.terminate() == 0, worker.output()
    no_letters(kafka, topics.SEARCHES, "intent")


@services
def test_a_shadow_judges_beside_and_changes_no_answer(kafka, tmp_path, case):
    service, event, topic, out, shipped, label, _ = case
    folder = copied(tmp_path / "shadow")
    revised(folder, service, version="88.0.0")
    count = 200
    with worker_process(service, kafka, SHADOW_MODEL_DIR=folder, RELOAD_INTERVAL=0.2) as worker:
        until = Until(worker)
        until.sample("shadow_model_info", name=service, version="88.0.0")
        publish(kafka, [event(n) for n in range(count)])
        asyncio.run(until_consumed(kafka, service, [topic], 120, worker.alive))
        until(lambda: worker.total("shadow_texts_total") >= count, "all texts compared")
        metrics = worker.metrics()
        for language in ("en", "zh"):
            labels = (("language", language), ("model", service))
            assert metrics["shopkeeper_shadow_agreement_ratio", labels] == 1.0
            assert metrics["shopkeeper_shadow_probability_difference_ratio", labels] == 0.0
        assert worker.total("shadow_disagreements_total") == 0
        assert worker.total("shadow_dropped_texts_total") == 0
        # A newer shadow, which gives every text one label.
        leaning(folder, service, label, "88.0.1")
        until.sample("model_reloads_total", model=service, kind="shadow", outcome="loaded")
        until.said("the shadow is version 88.0.1")
        publish(kafka, [event(count + n) for n in range(count)])
        until(
            lambda: worker.total("shadow_disagreements_total") >= count, "all texts disagreed about"
        )
        metrics = worker.metrics()
        for language in ("en", "zh"):
            labels = (("language", language), ("model", service))
            assert metrics["shopkeeper_shadow_agreement_ratio", labels] == 0.0
            assert metrics["shopkeeper_shadow_probability_difference_ratio", labels] > 0.3
        info = [labels for (name, labels) in metrics if name == "shopkeeper_shadow_model_info"]
        assert [dict(labels)["version"] for labels in info] == ["88.0.1+0.1.0"]
        assert worker.terminate() == 0, worker.output()
        # What is said of disagreements says nothing of a text.
        assert f"-> {label}" in worker.output()
        for text in (*SEARCHES, *BODIES):
            assert text not in worker.output()
    found = outputs(kafka, out)
    assert len(found) == 2 * count
    assert {alone(value["model"]["version"]) for _, value in found} == {shipped()}


def test_rules_are_replaced_and_bad_ones_leave_those_before(kafka, tmp_path):
    rules = tmp_path / "rules.toml"
    rules.write_text('[intent.routes]\nproduct_search = "answer"\n', "utf-8")
    numbers = itertools.count()

    def answer(until):
        data = {"query": "wireless headphones", "user_id": "u"}
        kind, event_id = "products.searched.v1", f"n{next(numbers)}"
        event = ShopEvent(topics.SEARCHES, kind, "u", data, START_MS, event_id)
        return answer_to(kafka, until, event)

    with worker_process("intent", kafka, TEXT_RULES=rules, RELOAD_INTERVAL=0.2) as worker:
        until = Until(worker)
        first = answer(until)
        assert (first["intent"], first["route"]) == ("product_search", "answer")
        assert "+rules." in first["model"]["version"]
        rules.write_text('[intent]\nabstain_below = 1.0\n[intent.routes]\nnonsense = "answer"\n')
        until.said(f"{rules}, line 4: 'nonsense' is no intent")
        assert answer(until)["model"] == first["model"]
        rules.write_text("[intent]\nabstain_below = 1.0\n")
        until.sample("model_reloads_total", model="intent", kind="rules", outcome="loaded")
        third = answer(until)
        assert (third["intent"], third["abstained"]) == ("out_of_scope", "confidence")
        assert third["model"] != first["model"]
        assert worker.terminate() == 0, worker.output()


def test_a_worker_does_not_start_with_rules_that_cannot_be_used(kafka, tmp_path):
    rules = tmp_path / "rules.toml"
    rules.write_text("[intent]\nabstain_below = 1.5\n", "utf-8")
    with worker_process("intent", kafka, ready=False, TEXT_RULES=rules) as worker:
        assert worker.popen.wait(60) == 2
        assert f"TEXT_RULES: {rules}, line 2: " in worker.output()
