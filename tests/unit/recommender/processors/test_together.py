"""The recommender's processors together, in process: deltas carried by hand instead of a broker."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pytest

from shopkeeper.services.recommender.app import Recommender
from shopkeeper.services.recommender.config import RecommenderConfig
from shopkeeper.services.recommender.core.counting.cooccurrence import decode_snapshot
from shopkeeper.services.recommender.core.ranking.pending import Requests
from shopkeeper.services.recommender.core.ranking.ranked_list import RankedList
from shopkeeper.services.recommender.core.ranking.ranker import Ranker
from shopkeeper.services.recommender.evaluation.local_cluster import LocalCluster
from shopkeeper.shared.contracts import erased_users, outputs, topics
from shopkeeper.shared.contracts.envelope import Event, Output
from shopkeeper.shared.contracts.events.recommendation import RECOMMENDATIONS_UPDATED, Reason
from shopkeeper.shared.contracts.events.shop import (
    OrderCompleted,
    OrderLine,
    ProductAdded,
    ProductCatalogued,
    ProductClicked,
    UserErased,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

PARTITIONS = 3
NOW_MS = 1_700_000_000_000
EAGER = RecommenderConfig(row_interval_ms=0, trending_interval_ms=0)


def clicked(offset: int, user: str, product: str, **other: Any) -> Event:
    data = ProductClicked(product_id=product, user_id=user, **other)
    return made("product.clicked.v1", data, offset, user)


def made(kind: str, data: Any, offset: int, user: str, time_ms: int | None = None) -> Event:
    at = NOW_MS + offset if time_ms is None else time_ms
    return Event(kind, data, user.encode(), offset, at, f"e{user}{offset}", "", f"e{offset}")


class Cluster(LocalCluster):
    """A local cluster that remembers what was sent, by topic."""

    def __init__(self, config: RecommenderConfig = EAGER) -> None:
        super().__init__(config, partitions=PARTITIONS, sent=self._remember)
        self.all_sent: dict[str, list[Output]] = defaultdict(list)
        self.clock_ms = NOW_MS

    def _remember(self, output: Output) -> None:
        self.all_sent[output.topic].append(output)

    def process(
        self, partition: int, events: Sequence[Event], now_ms: int = NOW_MS, *, publish: bool = True
    ) -> list[Output]:
        return super().process(partition, events, now_ms, publish=publish)

    def take_turn(self, now_ms: int = NOW_MS) -> int:
        """One turn of the item partitions' clock; how many records were published."""
        found = [output for pairs in self.item_pairs for output in pairs.on_timer(now_ms)]
        self.deliver(found)
        return len(found)

    def come_to_rest(self) -> None:
        """Until nothing is due any more."""
        for _ in range(200):
            self.clock_ms += 10_000
            if not self.take_turn(self.clock_ms) and all(p.settled for p in self.item_pairs):
                return
        raise AssertionError("it never comes to rest")

    def latest(self, topic: str) -> dict[str, Any]:
        """What a subscriber holds: by key, the last value decoded."""
        found: dict[str, Any] = {}
        suffix = topics.BY_NAME[topic].types[0]
        for output in self.all_sent[topic]:
            assert output.key is not None
            found[output.key.decode()] = (
                None if output.value is None else outputs.decode(suffix, output.value)
            )
        return found


def noise(seed: int, count: int) -> list[list[Event]]:
    """Clicks, adds and orders of 40 users in three partitions."""
    chance = random.Random(seed)
    logs: list[list[Event]] = [[] for _ in range(PARTITIONS)]
    for _ in range(count):
        number = chance.randrange(40)
        user = f"u{number}"
        log = logs[number % PARTITIONS]
        product = f"p{min(chance.randrange(30), chance.randrange(30))}"
        roll = chance.random()
        if roll < 0.8:
            log.append(clicked(len(log), user, product))
        elif roll < 0.9:
            data: Any = ProductAdded(product_id=product, user_id=user)
            log.append(made("product.added.v1", data, len(log), user))
        else:
            lines = [OrderLine(product_id=f"p{chance.randrange(30)}") for _ in range(3)]
            data = OrderCompleted(order_id="o", products=lines, user_id=user)
            log.append(made("order.completed.v1", data, len(log), user))
    return logs


@pytest.mark.parametrize("shrinkage", [0.0, 20.0])
@pytest.mark.parametrize("weights", [(1.0, 0.0, 0.0), (1.0, 0.5, 0.25)])
def test_once_at_rest_every_published_row_is_the_batch_row(
    weights: tuple[float, float, float], shrinkage: float
) -> None:
    cluster = Cluster(replace(EAGER, class_weights=weights, neighbours_max=5, shrinkage=shrinkage))
    for number, log in enumerate(noise(1, 600)):
        for start in range(0, len(log), 37):
            cluster.process(number, log[start : start + 37])
            cluster.take_turn(NOW_MS + start)  # rows go out while others' n(j) still move
    cluster.come_to_rest()
    c: list[dict[tuple[str, str], int]] = [{}, {}, {}]
    n: list[dict[str, int]] = [{}, {}, {}]
    for pairs in cluster.item_pairs:
        names, matrices, totals = decode_snapshot(pairs.snapshot()["counts"])
        for kind, matrix in enumerate(matrices):
            coo = matrix.tocoo()
            for i, j, count in zip(coo.row, coo.col, coo.data, strict=True):
                c[kind][names[i], names[j]] = int(count)
            n[kind].update({names[i]: int(v) for i, v in enumerate(totals[kind]) if v})
    rows = cluster.latest(topics.SIMILAR_ITEMS)
    assert set(rows) == {name for kind in n for name in kind}
    for name, row in rows.items():
        scores: Counter[str] = Counter()
        for kind in range(3):
            for (i, j), count in c[kind].items():
                if i == name:
                    root = np.sqrt((n[kind][i] + shrinkage) * (n[kind][j] + shrinkage))
                    scores[j] += weights[kind] * count / root
        expected = sorted((s for s in scores.values() if s > 0), reverse=True)[:5]
        assert [item.score for item in row.items] == pytest.approx(expected, abs=1e-4)
        for item in row.items:
            assert item.score == pytest.approx(scores[item.product_id], abs=1e-4)
            kind = ("viewed", "added", "bought").index(item.basis)
            assert item.count == c[kind][name, item.product_id]


def test_nothing_is_published_when_nothing_changed() -> None:
    cluster = Cluster()
    cluster.process(0, [clicked(i, "u", f"p{i}") for i in range(5)])
    cluster.come_to_rest()
    assert [cluster.take_turn(NOW_MS + 10**7 * i) for i in range(1, 5)] == [0, 0, 0, 0]


def test_a_row_is_published_at_most_once_in_its_interval() -> None:
    cluster = Cluster(replace(EAGER, row_interval_ms=1_000))
    for step in range(30):
        cluster.process(0, [clicked(2 * step, f"u{step}", "a"), clicked(2 * step + 1, f"u{step}",
                                                                       f"b{step}")])  # fmt: skip
        cluster.take_turn(NOW_MS + 100 * step)
    rows = [o for o in cluster.all_sent[topics.SIMILAR_ITEMS] if o.key == b"a"]
    assert 1 < len(rows) <= 3


def test_a_restored_worker_publishes_only_what_may_not_have_arrived() -> None:
    cluster = Cluster()
    for number, log in enumerate(noise(2, 200)):
        cluster.process(number, log)
    cluster.come_to_rest()
    other = Cluster()
    for old, new in zip(cluster.item_pairs, other.item_pairs, strict=True):
        new.restore(old.snapshot())
    for topic in (topics.ITEM_COUNTS, topics.SIMILAR_ITEMS):  # views are read before it is ready
        other.tables[topic]([(o.key, o.value) for o in cluster.all_sent[topic]])
    other.come_to_rest()
    assert other.all_sent[topics.SIMILAR_ITEMS] == []
    assert other.latest(topics.TRENDING) == cluster.latest(topics.TRENDING)


def test_lists_are_published_per_event_with_deterministic_ids() -> None:
    cluster = Cluster()
    cluster.process(0, [clicked(i, f"u{i % 4}", f"p{i % 3}") for i in range(20)])
    cluster.come_to_rest()
    found = cluster.process(1, [clicked(7, "v", "p0", session_id="s"), clicked(9, "v", "p1")])
    lists = [o for o in found if o.topic == topics.RECOMMENDATIONS]
    data = [outputs.decode(RECOMMENDATIONS_UPDATED, o.value or b"") for o in lists]
    assert [d.recomm_id for d in data] == [
        f"shop.clicks.v1/1/{offset}/recommendations.updated.v1/0" for offset in (7, 9)
    ]
    assert [d.cause for d in data] == ["ev7", "ev9"]
    assert [(o.partition, o.key) for o in lists] == [(None, b"v")] * 2, "placed by the user"
    assert data[0].session_id == "s"
    assert {i.product_id for i in data[0].items} == {"p1", "p2"}  # never the current one
    assert data[0].items[0].reason == Reason("viewed_together", {"product_id": "p0"})
    assert all(len(o.value or b"") <= 2_048 for o in lists)


def test_old_events_are_learned_without_a_list() -> None:
    knobs = replace(EAGER, list_age_ms_max=60_000)
    fresh, late = Cluster(knobs), Cluster(knobs)
    log = [clicked(i, "u", f"p{i}") for i in range(6)]
    fresh.process(0, log)
    late.process(0, log, now_ms=NOW_MS + 60_003)
    assert len(fresh.all_sent[topics.RECOMMENDATIONS]) == 6
    assert len(late.all_sent[topics.RECOMMENDATIONS]) == 3
    assert late.interactions[0].sessions.counters["list_of_old_event"] == 3
    assert (
        fresh.interactions[0].snapshot()["sessions"] == late.interactions[0].snapshot()["sessions"]
    )
    assert [p.snapshot() for p in fresh.item_pairs] == [p.snapshot() for p in late.item_pairs]


def test_an_interval_thins_lists_out_by_event_time() -> None:
    cluster = Cluster(replace(EAGER, list_interval_ms=10))
    cluster.process(0, [clicked(i, "u", "p") for i in range(0, 35, 5)])
    assert len(cluster.all_sent[topics.RECOMMENDATIONS]) == 4


def test_erasing_a_user_removes_lists_and_memory() -> None:
    cluster = Cluster()
    cluster.process(0, [clicked(0, "u", "a"), clicked(1, "u", "b")])
    event = made("user.erased.v1", UserErased(user_id="u"), 2, "u")
    found = cluster.process(0, [event])
    assert [(o.topic, o.key, o.value, o.partition) for o in found] == [
        (topics.RECOMMENDATIONS, b"u", None, None),
        (topics.SEGMENTS, b"u", None, None),
        (topics.ERASED_USERS, *erased_users.encode("u", NOW_MS + 2), None),
        *((topics.PROFILES, b"u", None, number) for number in range(len(cluster.interactions))),
        *((topics.PREFERENCES, b"u", None, number) for number in range(len(cluster.interactions))),
    ]
    assert cluster.interactions[0].sessions.users == {}
    assert cluster.interactions[0].sessions.sessions == {}


def test_a_corrupt_delta_is_rejected_alone() -> None:
    cluster = Cluster()
    cluster.process(0, [clicked(0, "u", "a"), clicked(1, "u", "b")])
    good = cluster.all_sent[topics.ITEM_PAIRS]
    target = good[0].partition
    assert target is not None
    records = [b"junk", None, b"\x93\x01\x02\x03", good[0].value]
    other = Cluster()
    events = [Event("item-pairs", r, None, i, 0, "", "", "") for i, r in enumerate(records)]
    _, rejected = other.item_pairs[target].process(events, NOW_MS)
    assert [(r.offset, r.stage, r.error) for r in rejected] == [
        (i, "decode", "corrupt_delta") for i in range(3)
    ]
    assert other.item_pairs[target].counts.owned().size
    wrong = (target + 1) % PARTITIONS
    _, rejected = other.item_pairs[wrong].process(events[3:], NOW_MS)
    assert [r.error for r in rejected] == ["corrupt_delta"]


def test_trending_is_of_the_last_hours_and_by_category() -> None:
    cluster = Cluster()
    for name, category in (("a", "hats"), ("b", "hats"), ("c", "shoes")):
        product = ProductCatalogued(product_id=name, title=name, category=category)
        cluster.tables[topics.CATALOGUE]([(name.encode(), msgspec.json.encode(product))])
    hour = 3_600_000
    old = [made("product.clicked.v1", ProductClicked(product_id="a", user_id=f"u{i}"), i, f"u{i}",
                NOW_MS - 30 * hour) for i in range(8)]  # fmt: skip
    new = [clicked(10 + i, f"v{i}", "b") for i in range(3)] + [clicked(20, "w", "c")]
    cluster.process(0, old + new)
    cluster.come_to_rest()
    scopes = cluster.latest(topics.TRENDING)
    assert {k: [i.product_id for i in v.items] for k, v in scopes.items()} == {
        "all": ["b", "c", "a"], "category/hats": ["b", "a"], "category/shoes": ["c"],
    }  # fmt: skip
    assert scopes["all"].items[0].score == 3.0
    removed = ProductCatalogued(product_id="c", title="c", category="shoes", available=False)
    cluster.tables[topics.CATALOGUE]([(b"c", msgspec.json.encode(removed))])
    cluster.come_to_rest()
    assert cluster.latest(topics.TRENDING)["category/shoes"] is None


def test_every_bucket_of_counts_gets_its_turn() -> None:
    cluster = Cluster(replace(EAGER, count_bytes_per_tick=1))
    cluster.process(0, [clicked(i, f"u{i}", f"p{i}") for i in range(200)])
    for step in range(64):
        cluster.process(1, [clicked(step, f"u{step}", "p0")])  # always dirty again
        cluster.take_turn(NOW_MS + step)
    keys = Counter(o.key for o in cluster.all_sent[topics.ITEM_COUNTS])
    every = {
        f"{int(owner)}/{int(bucket)}".encode()
        for owner, bucket in zip(
            cluster.worker.items.partitions(PARTITIONS),
            cluster.worker.items.buckets(np.arange(200), 64),
            strict=True,
        )
    }
    assert set(keys) == every


def test_the_blend_ranks_once_it_does_better() -> None:
    """Of the neighbours, the one that was clicked before is what these users want next."""
    cluster = Cluster(
        replace(EAGER, blend_examples_min=200, repeat_weight=0.1, blend_lists_per_second=10_000)
    )
    chance = random.Random(2)
    logs: list[list[Event]] = [[] for _ in range(PARTITIONS)]
    for number in range(900):
        user = f"u{number}"
        shelf = chance.randrange(4) * 10
        first, second, third = (f"p{shelf + n}" for n in chance.sample(range(10), 3))
        log = logs[number % PARTITIONS]
        for product in (first, second, third, first):
            log.append(clicked(len(log), user, product))
    for start in range(0, len(logs[0]), 60):
        for number, log in enumerate(logs):
            cluster.process(number, log[start : start + 60])
        cluster.clock_ms += 10_000
        cluster.take_turn(cluster.clock_ms)
    trainer = cluster.worker.trainer
    assert trainer is not None
    assert trainer.trusted()
    names = [
        outputs.decode(topics.BY_NAME[topics.RECOMMENDATIONS].types[0], o.value).model.name
        for o in cluster.all_sent[topics.RECOMMENDATIONS]
        if o.value is not None
    ]
    assert names[0] == "item-cf"
    assert names[-1] == "blend"
    restarted = Cluster(cluster.worker.config)
    restarted.interactions[0].restore(cluster.interactions[0].snapshot())
    assert restarted.worker.trainer is not None
    assert restarted.worker.trainer.snapshot() == trainer.snapshot()


def test_a_seen_item_that_nothing_leads_to_has_a_reason_when_the_blend_offers_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cluster = Cluster()
    assert cluster.worker.trainer is not None
    monkeypatch.setattr(cluster.worker.trainer, "trusted", lambda: True)
    cluster.process(0, [clicked(n, "u", f"p{n}", session_id=f"s{n}") for n in range(4)])
    last = cluster.latest(topics.RECOMMENDATIONS)["u"]
    assert last.model.name == "blend"
    assert {i.product_id: i.reason for i in last.items} == {
        f"p{n}": Reason("viewed_before") for n in range(3)
    }


def test_a_new_user_s_list_is_filled_with_what_users_alike_click() -> None:
    knobs = replace(
        EAGER, user_groups=2, group_interval_ms=0, group_components=4, content_weight=0.0
    )  # new products that are alike would fill the list
    cluster = Cluster(knobs)

    def report() -> None:
        cluster.deliver(
            [o for clicks in cluster.interactions for o in clicks.on_timer(cluster.clock_ms)]
        )
        cluster.take_turn(cluster.clock_ms)

    for kind in ("shoes", "hats"):
        for n in range(30):
            data = ProductCatalogued(product_id=f"{kind}{n}", title=kind, category=kind)
            cluster.deliver(
                [Output(topics.CATALOGUE, f"{kind}{n}".encode(), outputs.encode(data), [])]
            )
    offset = 0
    for step in range(6):
        for n in range(60):
            kind = ("shoes", "hats")[n % 2]
            user, offset = f"u{n}", offset + 1
            # Some items of each kind are clicked by nobody.
            cluster.process(n % PARTITIONS, [clicked(offset, user, f"{kind}{(n + step) % 12}")])
        report()
    assert len(cluster.worker.knowledge.user_groups) == 2
    [record] = cluster.process(0, [clicked(offset + 1, "new", "hats29")])[:1]
    found = outputs.decode(RECOMMENDATIONS_UPDATED, record.value)
    assert found.fallback == "cluster"
    assert len(found.items) == 10
    assert {item.reason.code for item in found.items} == {"trending_group"}
    own = [item.product_id.startswith("hats") for item in found.items]
    assert all(own[:6]), "those of its group first"
    # Another worker knows the same from the topic alone, and learns on from there.
    other = Cluster(knobs)
    for output in cluster.all_sent[topics.CATALOGUE] + cluster.all_sent[topics.USER_GROUPS]:
        other.tables[output.topic]([(output.key, output.value)])
    [again] = other.process(0, [clicked(1, "new", "hats29")])[:1]
    items = outputs.decode(RECOMMENDATIONS_UPDATED, again.value).items
    assert [item.product_id for item in items] == [item.product_id for item in found.items]
    before = other.worker.knowledge.user_groups.ids.tolist()
    other.take_turn(NOW_MS)  # takes over
    other.deliver([o for clicks in other.interactions for o in clicks.on_timer(NOW_MS)])
    other.take_turn(NOW_MS)
    assert other.worker.knowledge.user_groups.ids.tolist() == before
    assert any(output.key == b"model" for output in other.all_sent[topics.USER_GROUPS])
    # Without groups there is no such list, and nothing is published.
    none = Cluster(replace(knobs, user_groups=0))
    none.process(0, [clicked(1, "new", "hats29")])
    found = none.interactions[0].on_timer(NOW_MS)
    assert {output.topic for output in found} == {topics.SEGMENTS, topics.PARAMETERS}


def test_junk_on_the_topic_of_user_groups_is_passed_over() -> None:
    knowledge = Cluster().worker.knowledge
    for key, value in ((b"model", b"x"), (b"clicks/0", b"\xc1"), (b"model", msgspec.msgpack.encode(
        {"format_version": 9, "model": None, "state": b""}
    ))):  # fmt: skip
        knowledge.user_groups.apply([(key, value)])
    knowledge.user_groups.apply([(b"clicks/0", None)])
    assert knowledge.user_groups.junk == 3
    assert len(knowledge.user_groups) == 0


def test_every_topic_that_is_read_whole_has_one_table() -> None:
    worker = Recommender(EAGER)
    found = [table.topic for table in worker.knowledge.tables]
    assert len(set(found)) == len(found)
    assert set(worker.tables()) == set(found)
    assert set(found) <= set(topics.BY_NAME)


@pytest.mark.parametrize("topic", sorted(Recommender(EAGER).tables()))
def test_a_table_counts_what_it_cannot_decode_and_goes_on(topic: str) -> None:
    worker = Recommender(EAGER)
    (table,) = (each for each in worker.knowledge.tables if each.topic == topic)
    worker.tables()[topic]([(b"key", b"\xc1 junk"), (b"key", b"\xc1 junk")])
    assert table.junk == 2
    worker.items.intern_all(f"p{n}" for n in range(5_000))
    table.reserve()
    worker.tables()[topic]([(b"key", b"\xc1 junk")])
    assert table.junk == 3


def test_lists_of_all_partitions_are_ranked_once_between_fold_and_publish(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cluster = Cluster()
    cluster.process(0, [clicked(i, f"u{i % 4}", f"p{i % 3}") for i in range(20)])
    cluster.come_to_rest()
    batches: list[int] = []
    rank_batch = Ranker._batch

    def counted(ranker: Ranker, requests: Requests, count: int) -> list[RankedList]:
        batches.append(len(requests.recents))
        return rank_batch(ranker, requests, count)

    monkeypatch.setattr(Ranker, "_batch", counted)
    folded = [
        users.fold([clicked(100 + n, f"v{n}", "p0")], NOW_MS)
        for n, users in enumerate(cluster.interactions)
    ]
    assert batches == [], "folding ranks nothing"
    cluster.worker.rank_pending()
    assert batches == [PARTITIONS]
    for users, (due, rejected) in zip(cluster.interactions, folded, strict=True):
        (output,) = users.publish(due)
        assert rejected == []
        assert output.topic == topics.RECOMMENDATIONS
    assert batches == [PARTITIONS], "nor does publishing"
