"""What serving rules, exploration and provenance do to published lists, and what is measured."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from shopkeeper.apps.cli import worker
from shopkeeper.apps.cli.main import command
from shopkeeper.services.recommender.app import Recommender, build
from shopkeeper.services.recommender.config import RecommenderConfig
from shopkeeper.services.recommender.core.ranking.features import EXPERTS
from shopkeeper.services.recommender.core.rules import parse
from shopkeeper.services.recommender.publishers.recommendations import (
    PROPENSITY_DIGITS,
    SCORE_DIGITS,
    SCORE_DIGITS_EXPLORING,
)
from shopkeeper.shared.contracts import outputs, reasons, topics
from shopkeeper.shared.contracts.envelope import Event, Output
from shopkeeper.shared.contracts.events.base import Model
from shopkeeper.shared.contracts.events.recommendation import (
    RECOMMENDATIONS_UPDATED,
    Reason,
    RecommendationsUpdated,
    RecommendedItem,
    SimilarItem,
    SimilarItemsUpdated,
)
from shopkeeper.shared.contracts.events.shop import ProductCatalogued, ProductClicked, UserErased
from shopkeeper.shared.runtime.kafka.global_tables import GlobalTables, Stamped
from shopkeeper.shared.runtime.kafka.records import Record
from shopkeeper.shared.runtime.settings import KafkaSettings, SettingsError, WorkerSettings
from shopkeeper.shared.runtime.telemetry.metrics import Metrics

NOW_MS = 1_700_000_000_000


class Shop:
    """One partition of a worker whose views know twenty products that go with p0."""

    def __init__(self, **rules: Any) -> None:
        self.worker = Recommender(
            replace(RecommenderConfig(), rules=parse(json.dumps(rules).encode()))
        )
        self.worker.prepare(lambda topic: 1)
        self.clicks = self.worker.make_interactions(0)
        knowledge = self.worker.knowledge
        neighbours = [SimilarItem(f"p{n}", 1 / n, 1) for n in range(1, 21)]
        row = SimilarItemsUpdated(product_id="p0", items=neighbours, count=1, model=Model("t", "1"))
        knowledge.similar_items.apply([(b"p0", outputs.encode(row))])
        for n in range(20):
            product = ProductCatalogued(product_id=f"p{n}", title="t", category=f"c{n % 2}")
            knowledge.catalogue.apply([(b"", outputs.encode(product))])
        self._offset = 0

    def event(self, kind: str, data: Any) -> list[Output]:
        at = self._offset
        self._offset += 1
        event = Event(kind, data, data.user.encode(), at, NOW_MS + at, f"e{at}", "", f"e{at}")
        found, _ = self.clicks.process([event], NOW_MS)
        return [output for output in found if output.topic == topics.RECOMMENDATIONS]

    def click(self, user: str, product: str) -> Output:
        data = ProductClicked(product_id=product, user_id=user)
        return self.event("product.clicked.v1", data)[0]


def read(output: Output) -> RecommendationsUpdated:
    found = outputs.decode(RECOMMENDATIONS_UPDATED, output.value or b"")
    assert isinstance(found, RecommendationsUpdated)
    return found


def test_rules_come_from_a_file_that_is_checked_at_start(tmp_path: Path) -> None:
    path = tmp_path / "rules.json"
    path.write_text('{"exclude": [{"category": "gift-cards"}], "same_category_max": 4}')
    build(WorkerSettings.from_env({"RULES": str(path)}))
    path.write_text('{"boost": [{"category": "sale", "factor": 1.2}, {"brand": "acme"}]}')
    with pytest.raises(SettingsError, match=r"RULES=.*rules\.json.*factor.*boost\[1\]"):
        build(WorkerSettings.from_env({"RULES": str(path)}))
    path.unlink()
    with pytest.raises(SettingsError, match="RULES"):
        build(WorkerSettings.from_env({"RULES": str(path)}))


def test_the_rules_that_the_docs_show_are_valid() -> None:
    readme = Path(__file__).parents[3] / "docs" / "recommender" / "rules.md"
    section = readme.read_text("utf-8").split("## Serving rules")[1]
    example = section.split("```json")[1].split("```")[0]
    rules = parse(example.encode())
    assert rules.exclude
    assert rules.boost
    assert rules.explore.share > 0


def test_a_worker_with_wrong_rules_ends_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "rules.json"
    path.write_text('{"diversity": 7}')
    settings = WorkerSettings.from_env({"RULES": str(path)})
    assert asyncio.run(worker.run("recommender", settings)) == 2
    [record] = caplog.records
    assert "$.diversity" in record.getMessage()
    assert record.exc_info is None


def test_a_list_says_what_it_was_made_from() -> None:
    shop = Shop()
    shop.worker.positions |= {topics.SIMILAR_ITEMS: 21, topics.CATALOGUE: 20}
    output = shop.click("u", "p0")
    headers = dict(output.headers)
    assert headers["ce_views"] == b"similar-items=21,catalogue=20"
    experts = headers["ce_experts"].decode().split(",")
    assert len(experts) == len(read(output).items)
    for label in experts:
        shares = dict(part.split(":") for part in label.split())
        assert set(shares) <= set(EXPERTS)
        assert 0 < sum(int(percent) for percent in shares.values()) <= 101  # rounded
    shop.worker.positions[topics.SIMILAR_ITEMS] = 22
    assert b"similar-items=22" in dict(shop.click("u", "p0").headers)["ce_views"]


def test_the_envelope_of_a_list_stays_small() -> None:
    positions = {
        t.name: 10**9
        for t in topics.ALL
        if t.name
        in (topics.CATALOGUE, topics.SIMILAR_ITEMS, topics.ITEM_COUNTS, topics.PRODUCT_SENTIMENT,
            topics.TRENDING, topics.SESSION_ITEMS)
    }  # fmt: skip
    label = " ".join(f"{name}:50" for name in sorted(EXPERTS, key=len)[-2:])
    headers = dict(outputs.provenance_headers(positions, [label] * 10))
    assert len(headers["ce_views"]) <= 150
    assert len(headers["ce_experts"]) <= 320
    assert outputs.provenance_headers({}, ["", ""]) == []


def test_views_count_the_offsets_of_all_partitions() -> None:
    from aiokafka import TopicPartition

    seen: list[Any] = []
    positions: dict[str, int] = {}

    async def unused(*_: Any) -> None: ...

    knowledge = GlobalTables(
        KafkaSettings(("localhost:1",), topic_prefix="x."),
        {"a.b.v1": seen.extend, "a.c.v1": seen.extend}, unused, "test", positions,
    )  # fmt: skip
    one, two = TopicPartition("x.a.b.v1", 0), TopicPartition("x.a.b.v1", 1)
    stamped: list[Any] = []

    def records(*pairs: tuple[bytes, bytes | None]) -> list[Record]:
        return [Record("x.a.b.v1", 0, n, 70 + n, 0, *pair, ()) for n, pair in enumerate(pairs)]

    knowledge._take(one, records((b"k", b"v")), 5)  # compaction leaves gaps between offsets
    knowledge._take(two, records((b"k", b"v")), 3)
    knowledge._take(one, records((b"k", b"v"), (b"l", None)), 9)
    assert positions == {"a.b.v1": 12}
    assert seen == [(b"k", b"v"), (b"k", b"v"), (b"k", b"v"), (b"l", None)]
    knowledge._apply["x.a.b.v1"] = Stamped(lambda *both: stamped.extend(zip(*both, strict=True)))
    knowledge._take(one, records((b"k", b"v"), (b"l", None)), 11)
    assert stamped == [((b"k", b"v"), (70, 0)), ((b"l", None), (71, 1))]


def test_lists_that_explore_carry_the_propensity_of_their_last_item() -> None:
    shop = Shop(explore={"share": 0.5, "candidates": 4, "newest": 0})
    lists = [read(shop.click(f"u{n}", "p0")) for n in range(60)]
    for found in lists:
        *others, last = found.items
        assert [item.propensity for item in others] == [None] * 9
        if last.reason.code == "explore":
            assert last.propensity == 0.125
            assert last.product_id in {"p11", "p12", "p13", "p14"}
        else:
            assert (last.product_id, last.propensity) == ("p10", 0.5)
    assert 0 < sum(found.items[-1].reason.code == "explore" for found in lists) < 60
    again = Shop(explore={"share": 0.5, "candidates": 4, "newest": 0})
    assert lists == [read(again.click(f"u{n}", "p0")) for n in range(60)]
    assert "propensity" not in (Shop().click("u", "p0").value or b"").decode()


def test_small_propensities_keep_their_digits() -> None:
    shop = Shop(explore={"share": 0.001, "candidates": 7, "newest": 0})
    found = (read(shop.click(f"u{n}", "p0")).items[-1] for n in range(5_000))
    drawn = next(item for item in found if item.reason.code == "explore")
    assert drawn.propensity == pytest.approx(0.001 / 7, rel=1e-5)


@pytest.mark.parametrize("exploring", [False, True])
def test_a_list_of_ten_uuids_is_at_most_2_kb_by_its_longest_reasons(exploring: bool) -> None:
    digits = SCORE_DIGITS_EXPLORING if exploring else SCORE_DIGITS
    longest = max((code for code in reasons.TEXTS if "{product}" in reasons.TEXTS[code]["en"]),
                  key=len)  # fmt: skip
    reason = Reason(longest, {"product_id": "p" * 36})
    score = round(0.123456789, digits)
    items = [RecommendedItem(f"{i:036d}", score, reason) for i in range(9)]
    propensity = round(0.876543219, PROPENSITY_DIGITS) if exploring else None
    items.append(RecommendedItem("9" * 36, score, reason, propensity))
    value = RecommendationsUpdated(
        recomm_id=outputs.output_id(topics.CLICKS, 3, 10**9, RECOMMENDATIONS_UPDATED),
        items=items, fallback="none", cause="c" * 36, model=Model("item-cf", "1.0.0"),
        user_id="u" * 36, session_id="s" * 36,
    )  # fmt: skip
    assert len(outputs.encode(value)) <= 2_048


def test_what_was_shown_is_measured_live() -> None:
    shop = Shop()
    for n in range(6):
        shop.click(f"u{n}", "p0")
        shop.click(f"u{n}", "p1" if n < 3 else "p20")  # p1 was first in the list, p20 not in it
    metrics = Metrics("test")
    observe = shop.worker.metrics(metrics.registry)
    observe()

    def value(name: str, **labels: str) -> float | None:
        return metrics.registry.get_sample_value(f"shopkeeper_{name}", labels)

    assert value("hit_ratio", history="1") == pytest.approx(0.5, abs=0.01)
    assert value("hit_ratio", history="4+") == 0
    assert value("catalogue_coverage_ratio") > 0
    assert value("popularity_lift_ratio") == 0, "nothing was counted yet"
    shop.event("user.erased.v1", UserErased(user_id="u0"))
    shop.click("u0", "p1")  # nobody's answer
    observe()
    assert value("hit_ratio", history="2-3") == 0


def test_evaluate_heeds_rules(tmp_path: Path) -> None:
    train = tmp_path / "train.csv"
    rows = [f"{s},{n},{item}" for s in range(40) for n, item in enumerate("abcd", 1)]
    train.write_text("session_id,position,item_id\n" + "\n".join(rows) + "\n")
    items, rules = tmp_path / "items.csv", tmp_path / "rules.json"
    items.write_text("item_id,category_id\na,1\nb,1\nc,1\nd,2\n")
    arguments = ["evaluate", "recommender", str(train), "--hold-out", "0.1", "--no-blend",
                 "--catalogue", str(items), "--rules", str(rules)]  # fmt: skip

    def run(document: str) -> dict[str, Any]:
        rules.write_text(document)
        done = CliRunner().invoke(command, arguments)
        assert done.exit_code == 0, done.output
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    plain, capped = run("{}"), run('{"same_category_max": 1}')
    assert plain["categories@20"] == capped["categories@20"] == 2.0
    assert capped["HR@20"] < plain["HR@20"] == 1.0
    without = run('{"exclude": [{"category": "2"}]}')
    assert without["categories@20"] == 1.0
    rules.write_text('{"exclude": 1}')
    refused = CliRunner().invoke(command, arguments)
    assert refused.exit_code == 1
    assert "rules.json" in refused.stderr
    assert "$.exclude" in refused.stderr
