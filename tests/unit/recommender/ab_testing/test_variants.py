"""Experiments: what may be asked for, lists by variant, checkpoints, metrics and report."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import msgspec
import orjson
import pytest

from shopkeeper.services.recommender.app import Recommender, build
from shopkeeper.services.recommender.config import RecommenderConfig
from shopkeeper.services.recommender.core.ab_testing.variants import VariantCounts, parse
from shopkeeper.services.recommender.core.counting.snapshot import StateError
from shopkeeper.services.recommender.evaluation.local_cluster import delta_of
from shopkeeper.services.recommender.processors.interactions import EXPERIMENT_SECTION
from shopkeeper.services.recommender.publishers.experiment_metrics import report
from shopkeeper.shared.contracts import outputs, topics
from shopkeeper.shared.contracts.envelope import Event, Output
from shopkeeper.shared.contracts.events.recommendation import (
    RECOMMENDATIONS_UPDATED,
    RecommendationsUpdated,
)
from shopkeeper.shared.contracts.events.shop import (
    OrderCompleted,
    OrderLine,
    ProductClicked,
    UserErased,
)
from shopkeeper.shared.runtime.settings import SettingsError, WorkerSettings
from shopkeeper.shared.runtime.telemetry.metrics import Metrics

PARTITIONS = 2
NOW_MS = 1_700_000_000_000
LISTS_OF_TWO = {"list_items_max": 2, "session_decay": 0.3, "offer_seen": False, "blend": False}
EXPERIMENT: dict[str, Any] = {
    "name": "short-lists",
    "variants": {
        "control": {"share": 0.5, "blend": False},
        "short": {"share": 0.5, **LISTS_OF_TWO},
    },
}  # fmt: skip
EAGER = RecommenderConfig(
    row_interval_ms=0, tick_budget_ms=1e9, refresh_budget_ms=1e9, shrinkage=0.0
)


def told(**changes: Any) -> str:
    return orjson.dumps(EXPERIMENT | changes).decode()


def variants(**fields: Any) -> str:
    return told(variants={"a": {"share": 0.5}, "b": {"share": 0.5, **fields}})


# -- what may be asked for


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is not JSON"),
        ("[]", "not a JSON object"),
        (told(nmae="x"), "unknown field 'nmae'"),
        (told(name=""), "name must be"),
        (told(name="x" * 33), "name must be"),
        (told(name="naïve"), "name must be"),
        (told(name=7), "name must be"),
        (told(variants={}), "2 to 8"),
        (told(variants=[]), "2 to 8"),
        (told(variants={"a": {"share": 1}}), "2 to 8"),
        (told(variants={f"v{n}": {"share": 1 / 9} for n in range(9)}), "2 to 8"),
        (told(variants={"a": {"share": 0.5}, "b": {"share": 0.4}}), "sum to 0.9, not 1"),
        (told(variants={"a": {"share": 0.5}, "a b": {"share": 0.5}}), "a variant must be"),
        (told(variants={"a": {"share": 0.5}, "b": 0.5}), "variant b: is not an object"),
        (told(variants={"a": {"share": 1.5}, "b": {"share": -0.5}}), "variant a: share=1.5"),
        (told(variants={"a": {}, "b": {"share": 1}}), "variant a: share=None"),
        (told(variants={"a": {"share": True}, "b": {"share": 0.5}}), "variant a: share=True"),
        (variants(blnd=False), "variant b: 'blnd' may not vary"),
        (variants(session_gap_ms=1), "variant b: 'session_gap_ms' may not vary"),
        (variants(recent_items_max=5), "variant b: 'recent_items_max' may not vary"),
        (variants(blend=1), "variant b: blend=1 is not of type bool"),
        (variants(list_items_max=True), "variant b: list_items_max=True is not of type int"),
        (variants(list_items_max=2.5), "variant b: list_items_max=2.5 is not of type int"),
        (variants(session_decay="0.5"), "variant b: session_decay='0.5' is not of type float"),
        (variants(session_decay=2), "variant b: session_decay=2.0 is not in"),
        (variants(list_items_max=0), "variant b: list_items_max=0 is below 1"),
        (told(start="2026-01-31T12:00:00"), "not a time with a zone"),
        (told(start="soon"), "not a time with a zone"),
        (told(start=1), "not a time with a zone"),
    ],
)
def test_a_wrong_experiment_is_refused_with_what_is_wrong(text: str, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        build(WorkerSettings.from_env({"EXPERIMENT": text}))
    assert str(caught.value).startswith("EXPERIMENT: ")
    assert said in str(caught.value)


def test_a_right_one_is_read() -> None:
    experiment = parse(told(start="2026-01-31T13:00:00+01:00"))
    assert (experiment.name, experiment.start_ms) == ("short-lists", 1_769_860_800_000)
    control, short = experiment.variants
    assert control.applied_to(EAGER) == replace(EAGER, blend=False)
    assert short.applied_to(EAGER) == replace(EAGER, **LISTS_OF_TWO)


# -- lists


def clicked(offset: int, user: str, product: str, recomm_id: str | None = None) -> Event:
    data = ProductClicked(product_id=product, user_id=user, recomm_id=recomm_id)
    return made("product.clicked.v1", data, offset, user)


def made(kind: str, data: Any, offset: int, user: str) -> Event:
    time_ms = NOW_MS + offset
    return Event(kind, data, user.encode(), offset, time_ms, f"e{user}{offset}", "", "c")


def log_of(partition: int, count: int = 300) -> list[Event]:
    chance = random.Random(partition)
    return [
        clicked(n, f"u{partition}-{chance.randrange(20)}", f"p{chance.randrange(15)}")
        for n in range(count)
    ]


def served(worker: Recommender, batches: int = 10) -> list[RecommendationsUpdated]:
    """Every list, of both partitions, whose batches are folded first and answered together."""
    worker.prepare(lambda topic: PARTITIONS)
    clicks = [worker.make_interactions(n) for n in range(PARTITIONS)]
    pairs = [worker.make_item_pairs(n) for n in range(PARTITIONS)]
    logs = [log_of(n) for n in range(PARTITIONS)]
    tables = worker.tables()
    found: list[RecommendationsUpdated] = []

    def take(output: Output) -> None:
        if output.topic == topics.ITEM_PAIRS and output.partition is not None:
            assert pairs[output.partition].process([delta_of(output.value)], NOW_MS)[1] == []
        elif output.topic in (topics.SIMILAR_ITEMS, topics.ITEM_COUNTS):
            tables[output.topic]([(output.key, output.value)])
        elif output.topic == topics.RECOMMENDATIONS and output.value is not None:
            found.append(outputs.decode(RECOMMENDATIONS_UPDATED, output.value))

    step = len(logs[0]) // batches
    for start in range(0, len(logs[0]), step):
        folded = [
            each.fold(log[start : start + step], NOW_MS)
            for each, log in zip(clicks, logs, strict=True)
        ]
        worker.rank_pending()
        for each, (due, rejected) in zip(clicks, folded, strict=True):
            assert rejected == []
            for output in each.publish(due):
                take(output)
        for each in clicks:
            for output in each.flush():
                take(output)
        for each_pairs in pairs:
            for output in each_pairs.on_timer(NOW_MS + 10_000 * start):
                take(output)
    return found


def test_every_list_is_the_one_that_its_variants_knobs_make() -> None:
    experiment = parse(told())
    base = replace(EAGER, blend=False)
    alone = {
        variant.name: {
            found.recomm_id: found for found in served(Recommender(variant.applied_to(base)))
        }
        for variant in experiment.variants
    }
    lists = served(Recommender(base, experiment))
    assert len(lists) == len(alone["control"])
    different = 0
    for found in lists:
        assert found.user_id is not None
        assert found.experiment == "short-lists"
        assert found.variant == experiment.variants[experiment.variant_of(found.user_id)].name
        twin = alone[found.variant][found.recomm_id]
        assert (
            msgspec.structs.replace(twin, experiment="short-lists", variant=found.variant) == found
        )
        different += (
            alone["control"][found.recomm_id].items != alone["short"][found.recomm_id].items
        )
    assert different > len(lists) / 2
    assert {found.variant for found in lists} == {"control", "short"}


def test_a_variant_without_the_blend_is_never_ranked_by_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = replace(
        EAGER, blend_examples_min=50, blend_batch_lists=8, blend_lists_per_second=10**6
    )
    experiment = parse(variants(blend=False))
    worker = Recommender(config, experiment)
    assert worker.trainer is not None
    monkeypatch.setattr(worker.trainer, "trusted", lambda: True)
    models = {(found.variant, found.model.name) for found in served(worker)}
    assert ("a", "blend") in models
    assert ("b", "blend") not in models
    assert worker.trainer.examples > 0
    off = parse(variants(blend=False).replace('"a":{', '"a":{"blend":false,'))
    assert Recommender(config, off).trainer is None


def test_without_an_experiment_lists_and_checkpoints_say_nothing_of_one() -> None:
    worker = Recommender(EAGER)
    for found in served(worker):
        assert found.experiment is None
        assert b"variant" not in outputs.encode(found)
    processor = worker.make_interactions(0)
    assert EXPERIMENT_SECTION not in processor.snapshot()


# -- counts


def listed(offset: int) -> str:
    return outputs.output_id(topics.CLICKS, 0, offset, RECOMMENDATIONS_UPDATED)


def ordered(offset: int, user: str, recomm_id: str) -> Event:
    lines = [OrderLine(product_id="p")]
    data = OrderCompleted(order_id="o", products=lines, user_id=user, recomm_id=recomm_id)
    return made("order.completed.v1", data, offset, user)


@pytest.mark.parametrize(
    ("recomm_id", "counts"),
    [
        (listed(4), True),  # of the event that exposed the user
        (listed(6), True),
        (listed(3), False),  # before the user was exposed
        (listed(7), False),  # of the click itself
        (listed(8), False),
        (listed(4).replace("4", "٤"), False),
        (listed(4).replace("/4/", "/+4/"), False),
        (listed(4).replace("/0/4/", "/1/4/"), False),  # another partition's
        (listed(4)[:-1] + "1", False),
        (listed(4).replace("recommendations", "trending"), False),
        (listed(int("9" * 50)), False),
        ("4", False),
    ],
)
def test_only_an_echo_of_a_list_that_the_user_can_have_had_counts(
    recomm_id: str, counts: bool
) -> None:
    variant_counts = VariantCounts(parse(told()), EAGER, 0)
    variant_counts.learn([clicked(4, "u", "p"), clicked(6, "u", "p")])
    again = VariantCounts(variant_counts.experiment, EAGER, 0)
    for number, each in enumerate((variant_counts, again)):
        if number:
            each.restore(variant_counts.snapshot())  # a second click of the same user
        each.learn([clicked(7, "u", "p", recomm_id)])
    clicks, users_clicked = (sum(row[column] for row in again.counts) for column in (4, 1))
    assert (clicks, users_clicked) == ((2, 1) if counts else (0, 0))
    assert again.unattributed == (0 if counts else 2)


def test_counts_are_of_the_log_and_not_of_the_clock() -> None:
    log = [clicked(0, "u", "p"), clicked(1, "u", "q", listed(0)), ordered(2, "u", listed(1))]
    dumps = []
    for now_ms in (NOW_MS, NOW_MS + 10**9):  # then no list is published
        processor = Recommender(EAGER, parse(told())).make_interactions(0)
        lists = [o for o in processor.process(log, now_ms)[0] if o.topic == topics.RECOMMENDATIONS]
        assert bool(lists) == (now_ms == NOW_MS)
        processor.flush()
        dumps.append(processor.snapshot()[EXPERIMENT_SECTION])
    assert dumps[0] == dumps[1]


def test_only_the_first_users_are_counted_and_an_erased_one_makes_room() -> None:
    variant_counts = VariantCounts(parse(told()), replace(EAGER, experiment_users_max=2), 0)
    variant_counts.learn([clicked(n, f"u{n % 3}", "p") for n in range(9)])
    assert sum(row[0] for row in variant_counts.counts) == 2
    assert variant_counts.not_enrolled == 3
    variant_counts.learn([made("user.erased.v1", UserErased(user_id="u0"), 9, "u0")])
    assert len(variant_counts) == 1
    variant_counts.learn([clicked(10, "u2", "p")])
    assert sum(row[0] for row in variant_counts.counts) == 3


def test_a_checkpoint_of_another_experiment_or_of_none_starts_anew() -> None:
    variant_counts = VariantCounts(parse(told()), EAGER, 0)
    variant_counts.learn([clicked(n, f"u{n}", "p") for n in range(5)])
    fresh = VariantCounts(parse(told()), EAGER, 0).snapshot()
    for change in (
        {"name": "other"},
        {"start": "2020-01-01T00:00:00Z"},
        {"variants": {"control": {"share": 0.6}, "short": {"share": 0.4}}},
        {"variants": {"control": {"share": 0.5}, "short": {"share": 0.5, "list_items_max": 3}}},
    ):
        other = VariantCounts(parse(told(**change)), EAGER, 0)
        other.learn([clicked(0, "u", "p")])
        other.restore(variant_counts.snapshot())
        assert len(other) == 0
        assert other.counts == [[0] * 7] * 2
    again = VariantCounts(parse(told()), EAGER, 0)
    again.restore(variant_counts.snapshot())
    assert again.snapshot() == variant_counts.snapshot()
    again.restore(None)
    assert again.snapshot() == fresh


def test_a_newer_format_or_junk_is_refused() -> None:
    variant_counts = VariantCounts(parse(told()), EAGER, 0)
    newer = msgspec.msgpack.decode(variant_counts.snapshot()) | {"format_version": 99}
    for packed in (msgspec.msgpack.encode(newer), b"junk"):
        with pytest.raises(StateError):
            variant_counts.restore(packed)


def test_a_processor_goes_on_from_its_checkpoint() -> None:
    experiment = parse(told())
    processor = Recommender(EAGER, experiment).make_interactions(0)
    processor.process(log_of(0), NOW_MS)
    processor.flush()
    sections = processor.snapshot()
    other = Recommender(EAGER, experiment).make_interactions(0)
    other.restore(sections)
    assert other.snapshot()[EXPERIMENT_SECTION] == sections[EXPERIMENT_SECTION]
    del sections[EXPERIMENT_SECTION]  # written before there was an experiment
    other.restore(sections)
    assert other.variant_counts is not None
    assert len(other.variant_counts) == 0


def test_metrics_and_report_tell_the_same() -> None:
    experiment = parse(told())
    worker = Recommender(EAGER, experiment)
    processor = worker.make_interactions(0)
    log: list[Event] = []
    for n in range(600):  # all of "short" and every fourth of "control" click in their list
        user = f"u{n}"
        log.append(clicked(2 * n, user, "p"))
        clicks = experiment.variant_of(user) == 1 or n % 4 == 0
        log.append(clicked(2 * n + 1, user, "q", listed(2 * n) if clicks else "of no list"))
    processor.process(log, NOW_MS)
    assert processor.variant_counts is not None
    found = report(experiment, [processor.variant_counts])
    metrics = Metrics("test")
    worker.metrics(metrics.registry)()

    def sample(name: str, **labels: str) -> float | None:
        return metrics.registry.get_sample_value(f"shopkeeper_experiment_{name}", labels)

    control, short = found["variants"]
    assert control["users_exposed"] + short["users_exposed"] == 600
    assert short["users_clicked"] == short["clicks"] == short["users_exposed"]
    assert found["unattributed"] == control["users_exposed"] - control["clicks"]
    assert sample("left_out", reason="unattributed") == found["unattributed"]
    for variant in (control, short):
        for name in ("users_exposed", "users_clicked", "users_converted"):
            assert sample(name, variant=variant["variant"]) == variant[name]
        for kind in ("lists", "clicks", "adds", "orders"):
            assert sample("events", variant=variant["variant"], event=kind) == variant[kind]
    difference = short["click_difference"]
    assert difference["estimate"] == pytest.approx(1 - control["click_rate"], abs=1e-6)
    assert 0 < difference["low"] < difference["estimate"] < difference["high"]
    for bound, value in difference.items():
        labels = {"variant": "short", "outcome": "click", "bound": bound}
        assert sample("difference_ratio", **labels) == pytest.approx(value, abs=1e-6)
    conversion = short["conversion_difference"]
    assert conversion["low"] < 0 == conversion["estimate"] < conversion["high"]
    assert "click_difference" not in control


def test_a_report_of_nothing_is_json() -> None:
    experiment = parse(told())
    found = report(experiment, [])
    assert found["variants"][1]["click_difference"] == {"estimate": None, "low": -1.0, "high": 1.0}
    assert b"NaN" not in orjson.dumps(found)
