"""Who wants no personalised lists gets none, from nothing that they did; segments and deletion."""

from __future__ import annotations

import json
from dataclasses import replace

import msgspec
import pytest

from shopkeeper.services.recommender.app import Recommender
from shopkeeper.services.recommender.config import RecommenderConfig
from shopkeeper.shared.contracts import outputs, topics
from shopkeeper.shared.contracts.envelope import Event
from shopkeeper.shared.contracts.events.recommendation import (
    RECOMMENDATIONS_UPDATED,
    SEGMENTS_UPDATED,
)
from shopkeeper.shared.contracts.events.shop import (
    AssumptionsDeleted,
    ProductClicked,
    UserErased,
)
from shopkeeper.shared.runtime.kafka.sink import partition_of

NOW_MS = 1_700_000_000_000
PRODUCTS = {f"p{n}": ("shoes" if n % 2 else "hats", "Acme" if n < 4 else "Bolt") for n in range(8)}


class Shop:
    """One worker of two partitions over a small catalogue; what it publishes reaches its tables."""

    def __init__(self, **config):
        self.worker = Recommender(replace(RecommenderConfig(), **config))
        self.worker.prepare(lambda topic: 2)
        self.partitions = [self.worker.make_interactions(n) for n in range(2)]
        self.pairs = [self.worker.make_item_pairs(n) for n in range(2)]
        self.offset, self.outputs = 0, []
        self.tables = self.worker.tables()
        for product_id, (category, brand) in PRODUCTS.items():
            value = {"product_id": product_id, "title": product_id, "category": category,
                     "brand": brand}  # fmt: skip
            self.tables[topics.CATALOGUE]([(product_id.encode(), json.dumps(value).encode())])

    def do(self, kind, data):
        self.offset += 1
        at = partition_of(data.user.encode(), 2)
        event = Event(kind, data, data.user.encode(), self.offset, NOW_MS + self.offset,
                      f"e{self.offset}", "shop", f"e{self.offset}")  # fmt: skip
        self.take(self.partitions[at].process([event], NOW_MS)[0])

    def click(self, user, *product_ids):
        for product_id in product_ids:
            self.do("product.clicked.v1", ProductClicked(product_id=product_id, user_id=user))

    def choose(self, user, ranking):
        value = json.dumps({"user_id": user, "ranking": ranking}).encode()
        self.tables[topics.PREFERENCES]([(user.encode(), value)])

    def tick(self):
        for processor in self.partitions:
            self.take(processor.on_timer(NOW_MS + self.offset))

    def take(self, outputs_made):
        self.outputs += outputs_made
        for output in outputs_made:
            if output.topic in self.tables:
                self.tables[output.topic]([(output.key, output.value)])

    def newest(self, topic, user, suffix):
        found = [o.value for o in self.outputs if o.topic == topic and o.key == user.encode()]
        return outputs.decode(suffix, found[-1]) if found and found[-1] else None

    def list_of(self, user):
        return self.newest(topics.RECOMMENDATIONS, user, RECOMMENDATIONS_UPDATED)

    def segments_of(self, user):
        return self.newest(topics.SEGMENTS, user, SEGMENTS_UPDATED)


def contents(found):
    return found.items, found.fallback, found.model, found.ranking


@pytest.mark.parametrize(("ranking", "reason"), [("popular", "newest"), ("newest", "newest")])
def test_two_users_of_different_histories_get_the_same_lists(ranking, reason):
    shop = Shop()
    shop.click("a", "p1", "p2", "p3")
    shop.click("b", "p4", "p5")
    assert contents(shop.list_of("a")) != contents(shop.list_of("b"))
    shop.choose("a", ranking)
    shop.choose("b", ranking)
    shop.tick()
    assert contents(shop.list_of("a")) == contents(shop.list_of("b")), "at once"
    shop.click("a", "p6")
    shop.click("b", "p0")
    found = shop.list_of("a")
    assert contents(found) == contents(shop.list_of("b"))
    assert (found.ranking, {item.reason.code for item in found.items}) == (ranking, {reason})
    assert {"p6", "p0"} <= {item.product_id for item in found.items}, "nothing of theirs is used"
    assert (found.experiment, found.variant) == (None, None)


def test_personalised_again_is_what_it_was():
    shop = Shop()
    shop.click("a", "p1", "p2", "p3")
    shop.choose("a", "popular")
    shop.tick()
    assert shop.list_of("a").ranking == "popular"
    shop.choose("a", "personalised")
    shop.tick()
    found = shop.list_of("a")
    assert found.ranking == "personalised"
    assert "p3" not in {item.product_id for item in found.items}, "the last click is known again"


def test_no_list_explores_for_who_wants_what_all_get():
    rules = RecommenderConfig().rules
    explore = msgspec.structs.replace(rules.explore, share=0.9)
    shop = Shop(rules=msgspec.structs.replace(rules, explore=explore))
    for user in ("a", "b", "c"):
        shop.choose(user, "newest")
        shop.click(user, "p1")
    lists = [contents(shop.list_of(user)) for user in ("a", "b", "c")]
    assert lists[0] == lists[1] == lists[2]
    assert all(item.propensity is None for item in lists[0][0])


def test_segments_say_what_was_looked_at_and_go_with_the_preference():
    shop = Shop()
    shop.click("a", "p1", "p3", "p2")
    shop.tick()
    found = shop.segments_of("a")
    assert [each.name for each in found.categories] == ["shoes", "hats"]
    assert sum(each.share for each in found.categories) == pytest.approx(1)
    assert [(each.name, each.share) for each in found.brands] == [("Acme", 1.0)]
    assert (found.signals, found.as_of_ms) == (3, NOW_MS + 3)
    shop.choose("a", "popular")
    shop.tick()
    assert shop.segments_of("a") is None
    shop.click("a", "p5")
    shop.tick()
    assert shop.segments_of("a") is None
    shop.choose("a", "personalised")
    shop.tick()
    assert shop.segments_of("a").signals == 4


def test_deleting_assumptions_forgets_behaviour_and_nothing_else():
    shop = Shop()
    shop.click("a", "p1", "p3")
    shop.choose("a", "newest")
    shop.choose("a", "personalised")
    shop.tick()
    shop.outputs.clear()
    shop.do("assumptions.deleted.v1", AssumptionsDeleted(user_id="a"))
    assert {(o.topic, o.key, o.value) for o in shop.outputs} == {
        (topics.RECOMMENDATIONS, b"a", None),
        (topics.SEGMENTS, b"a", None),
    }
    shop.click("a", "p1")
    shop.tick()
    assert shop.segments_of("a").signals == 1, "it begins anew"


def test_an_erasure_takes_the_preference_in_every_partition():
    shop = Shop()
    shop.choose("a", "newest")
    shop.do("user.erased.v1", UserErased(user_id="a"))
    gone = [o for o in shop.outputs if o.topic == topics.PREFERENCES]
    assert sorted((o.key, o.value, o.partition) for o in gone) == [
        (b"a", None, 0),
        (b"a", None, 1),
    ]
    assert shop.worker.knowledge.preferences.ranking("a") == "personalised"


def test_a_preference_is_believed_under_its_users_key_only():
    shop = Shop()
    shop.tables[topics.PREFERENCES](
        [(b"b", b'{"user_id": "a", "ranking": "popular"}'), (b"a", b"{"), (None, b"{}")]
    )
    preferences = shop.worker.knowledge.preferences
    assert (len(preferences), preferences.junk) == (0, 3)
