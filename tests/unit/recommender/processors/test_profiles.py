"""Profiles of one partition: what is kept, who is forgotten, and lists for users who are new."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import msgspec
import numpy as np
import prometheus_client
import pytest

from shopkeeper.services.recommender.app import Recommender
from shopkeeper.services.recommender.config import RecommenderConfig
from shopkeeper.services.recommender.core.counting.profile_store import GRACE_MS
from shopkeeper.services.recommender.processors.profiles import owner_key
from shopkeeper.services.recommender.processors.resharding import split_profiles
from shopkeeper.shared.contracts import outputs, topics
from shopkeeper.shared.contracts.decoder import EventDecoder
from shopkeeper.shared.contracts.envelope import Event, Output, Rejected
from shopkeeper.shared.contracts.events.recommendation import RECOMMENDATIONS_UPDATED
from shopkeeper.shared.contracts.events.shop import ProductClicked, UserErased, UserProfiled
from shopkeeper.shared.runtime.kafka.sink import partition_of
from shopkeeper.shared.runtime.telemetry.metrics import Registry

NOW_MS = 1_700_000_000_000
PROFILED = "user.profiled.v1"


class Shop:
    """One worker with all partitions; profiles reach it as its own records are decoded, too."""

    def __init__(self, partitions=1, **config):
        self.worker = Recommender(replace(RecommenderConfig(), **config))
        self.worker.prepare(lambda topic: partitions)
        self.clicks = [self.worker.make_interactions(n) for n in range(partitions)]
        self.profiles = [self.worker.make_profiles(n) for n in range(partitions)]
        self.logs = [[] for _ in range(partitions)]  # (key, value) of the topic of profiles
        self._decoder = EventDecoder(topics.PROFILES, {PROFILED}, "recommender", "com.example.")
        self._offset = 0
        self.lists = {}  # by user

    def _event(self, kind, data, time_ms, key=None):
        self._offset += 1
        at = self._offset
        key = key or data.user.encode()
        return Event(kind, data, key, at, time_ms, f"e{at}", "shop", f"e{at}")

    def _at(self, user):
        return partition_of(user.encode(), len(self.clicks))

    def _take(self, sent):
        for output in sent:
            if output.topic == topics.PROFILES:
                self.publish(output)
            elif output.topic == topics.RECOMMENDATIONS:
                value = output.value
                found = value and outputs.decode(RECOMMENDATIONS_UPDATED, value)
                self.lists[output.key.decode()] = found
            elif output.topic in (tables := self.worker.tables()):
                tables[output.topic]([(output.key, output.value)])

    def publish(self, output: Output):
        """A record of the topic of profiles, in its place, and what the worker makes of it."""
        partition = self._at(output.key.decode()) if output.partition is None else output.partition
        log = self.logs[partition]
        log.append((output.key, output.value))
        record = SimpleNamespace(
            offset=len(log),
            partition=partition,
            timestamp=NOW_MS + 3_600_000,
            key=output.key,
            value=output.value,
            headers=output.headers,
        )
        [event] = self._decoder.decode([record])
        assert isinstance(event, Event), event
        owner = owner_key(event)
        assert owner is None or self._at(owner) == partition, "the router's work, not the test's"
        self._take(self.profiles[partition].process([event], NOW_MS)[0])

    def profile(self, user, time_ms=NOW_MS, **fields):
        data = UserProfiled(user_id=user, **fields)
        self.logs[self._at(user)].append((user.encode(), msgspec.json.encode(data)))
        event = self._event(PROFILED, data, time_ms)
        self._take(self.profiles[self._at(user)].process([event], NOW_MS)[0])

    def identify(self, user, time_ms=NOW_MS, **fields):
        event = self._event(PROFILED, UserProfiled(user_id=user, **fields), time_ms)
        self._take(self.clicks[self._at(user)].process([event], NOW_MS)[0])

    def remove(self, user, time_ms=NOW_MS):
        self.logs[self._at(user)].append((user.encode(), None))
        event = self._event(PROFILED, None, time_ms, user.encode())
        self._take(self.profiles[self._at(user)].process([event], NOW_MS)[0])

    def click(self, user, product, time_ms=NOW_MS):
        data = ProductClicked(user_id=user, product_id=product)
        event = self._event("product.clicked.v1", data, time_ms)
        self._take(self.clicks[self._at(user)].process([event], NOW_MS)[0])

    def erase(self, user, time_ms=NOW_MS):
        event = self._event("user.erased.v1", UserErased(user_id=user), time_ms)
        self._take(self.clicks[self._at(user)].process([event], NOW_MS)[0])

    def report(self):
        for each in self.clicks:
            self._take(each.on_timer(NOW_MS))

    def known(self, user):
        found = self.profiles[self._at(user)].store.get(user)
        return None if found is None else dict(found.values)

    def last(self, user):
        """By partition, the last value of a user's key, where there is one."""
        return [dict(log)[user.encode()] for log in self.logs if user.encode() in dict(log)]


def test_what_is_neither_allowed_nor_compared_is_not_kept():
    shop = Shop()
    shop.profile("u", age_band="25_34", gender="female", region=" North  Shore", language="pt-BR")
    assert shop.known("u") == {"region": "north shore", "language": "pt"}
    assert len(shop.worker.profiles_of(0).cells("u")) == 2
    other = Shop(profile_fields=("region",), fairness_fields=("gender",))
    other.profile("u", gender="female", region="N", language="pt")
    assert other.known("u") == {"gender": "female", "region": "n"}
    assert len(other.worker.profiles_of(0).cells("u")) == 1
    assert b"pt" not in other.profiles[0].snapshot()["profiles"]


def test_new_users_get_what_users_of_their_region_click():
    shop = Shop()
    for n in range(12):
        for region in ("north", "south"):
            shop.profile(f"{region}{n}", region=region)
            shop.click(f"{region}{n}", "both")
            for k in range(3):
                shop.click(f"{region}{n}", f"{region}-{k}")
    shop.report()
    shop.profile("n", region="North")
    shop.profile("s", region="south")
    shop.profile("x", region="nowhere")
    north, south = ([i.product_id for i in shop.lists[u].items] for u in "ns")
    assert {f"north-{k}" for k in range(3)} == {*north[:4]} - {"both"}
    assert {f"south-{k}" for k in range(3)} == {*south[:4]} - {"both"}
    assert {i.reason.code for i in shop.lists["n"].items[:4]} == {"trending_group"}
    assert all(not dict(i.reason.parameters) for i in shop.lists["n"].items), "names no group"
    assert shop.lists["n"].fallback == "cluster"
    assert shop.lists["n"].recomm_id.startswith(f"{topics.PROFILES}/0/")
    assert shop.lists["x"].user_id == "x", "a list at once, of whatever there is"


def test_of_a_cell_of_few_users_nothing_is_told():
    shop = Shop()
    for n in range(20):
        shop.profile(f"u{n}", region="north" if n else "hamlet")
        for k in range(10):
            shop.click(f"u{n}", f"p{k}" if n else f"secret{k}")
    shop.report()
    shop.profile("new", region="hamlet")
    shown = {i.product_id for i in shop.lists["new"].items}
    assert not any(name.startswith("secret") for name in shown)
    assert shop.worker.knowledge.user_groups.popular(shop.worker.profiles_of(0).cells("new")) == []


def test_no_list_for_a_user_with_events_or_an_old_record_or_without_fields():
    shop = Shop()
    shop.click("u", "p")
    before = shop.lists["u"]
    shop.profile("u", region="north")
    assert shop.lists["u"] is before
    shop.profile("old", region="north", time_ms=NOW_MS - 3_600_000)
    shop.profile("none")
    assert not {"old", "none"} & {*shop.lists}


@pytest.mark.parametrize("partitions", [1, 4])
def test_erasing_a_user_forgets_the_profile_everywhere_however_often(partitions):
    shop = Shop(partitions)
    shop.profile("u", region="north")
    shop.profile("v", region="north")
    for _ in range(2):
        shop.erase("u")
        assert shop.known("u") is None
        assert shop.last("u") == [None] * partitions
        assert not any(b"north" in value for log in shop.logs for key, value in log[-1:] if value)
    assert shop.known("v") == {"region": "north"}
    assert all(b'"u"' not in each.snapshot()["profiles"] for each in shop.profiles)
    # a copy of before that arrives late goes as well, and stays gone
    shop.profile("u", region="north", time_ms=NOW_MS - 5)
    assert (shop.known("u"), shop.last("u")) == (None, [None] * partitions)
    # the user comes back
    shop.profile("u", region="south", time_ms=NOW_MS + 1)
    assert shop.known("u") == {"region": "south"}


def test_an_erasure_of_long_before_is_no_erasure_of_the_profile_since():
    shop = Shop(4)
    shop.profile("u", region="south", time_ms=NOW_MS)
    shop.erase("u", time_ms=NOW_MS - GRACE_MS - 1)
    assert shop.known("u") == {"region": "south"}
    values = [value for value in shop.last("u") if value is not None]
    assert [msgspec.json.decode(v) for v in values] == [{"user_id": "u", "region": "south"}]


def test_an_older_profile_that_comes_late_is_not_the_last_word():
    shop = Shop()
    shop.profile("u", region="south", time_ms=NOW_MS)
    shop.profile("u", region="north", time_ms=NOW_MS - 1)
    assert shop.known("u") == {"region": "south"}
    [value] = shop.last("u")
    assert msgspec.json.decode(value)["region"] == "south"


def test_a_shops_tombstone_removes_copies_in_every_partition():
    shop = Shop(4)
    shop.profile("u", region="north")
    elsewhere = next(n for n in range(4) if n != shop._at("u"))
    shop.logs[elsewhere].append((b"u", b"misplaced"))
    shop.remove("u", NOW_MS + 1)
    assert shop.known("u") is None
    assert shop.last("u") == [None] * 4


def test_a_profile_among_clicks_goes_on_and_is_erased_in_order():
    shop = Shop(4)
    shop.identify("u", region="north")
    assert shop.known("u") == {"region": "north"}
    assert shop.lists["u"].user_id == "u"
    at = shop._at("u")
    events = [
        shop._event("user.erased.v1", UserErased(user_id="u"), NOW_MS + 1),
        shop._event(PROFILED, UserProfiled(user_id="u", region="south"), NOW_MS + 2),
    ]
    shop._take(shop.clicks[at].process(events, NOW_MS)[0])
    assert shop.known("u") == {"region": "south"}


def test_the_state_is_restored_and_bounded():
    shop = Shop(profiles_max=2)
    for user in "abc":
        shop.profile(user, region=user, language="en")
    store = shop.profiles[0].store
    assert (store.users, store.counters["profiles_evicted"]) == (["b", "c"], 1)
    shop.erase("b")
    again = Shop(profiles_max=2)
    again.profiles[0].restore(shop.profiles[0].snapshot())
    assert again.profiles[0].snapshot() == shop.profiles[0].snapshot()
    assert again.profiles[0].store.sizes() == store.sizes()
    narrower = Shop(profile_fields=(), fairness_fields=("language",))
    narrower.profiles[0].restore(shop.profiles[0].snapshot())
    assert narrower.known("c") == {"language": "en"}


def test_profiles_are_split_by_their_users_keys():
    shop = Shop(2, profile_fields=("region", "gender"))
    users = [f"u{n}" for n in range(40)]
    for user in users:
        shop.profile(user, region=user, gender="other")
    shop.erase("u0")
    sections = {n: each.snapshot() for n, each in enumerate(shop.profiles)}
    after = split_profiles(sections, 5)
    grown = Shop(5, profile_fields=("region", "gender"))
    for number, section in after.items():
        grown.profiles[number].restore(section)
    for user in users:
        assert grown.known(user) == shop.known(user)
    assert sum(len(each.store) for each in grown.profiles) == len(users) - 1
    grown.profile("u0", region="late", time_ms=NOW_MS)
    assert grown.known("u0") is None


@pytest.mark.parametrize("key", [None, b"v"])
def test_a_profile_under_another_key_is_refused(key):
    decoder = EventDecoder(topics.PROFILES, {PROFILED}, "recommender", "com.example.")
    record = SimpleNamespace(
        offset=0,
        partition=0,
        timestamp=NOW_MS,
        key=key,
        value=b'{"user_id": "u", "gender": "whatever", "region": "north"}',
        headers=[],
    )
    [found] = decoder.decode([record])
    assert isinstance(found, Rejected)
    assert (found.stage, found.error) == ("validate", "wrong_key")
    record.key = b"u"
    [found] = decoder.decode([record])
    assert (found.data.gender, found.data.region) == (None, "north")
    assert decoder.take_dropped() == {"gender": 2}, "of both"


def test_an_empty_value_among_clicks_forgets_nobody():
    decoder = EventDecoder(topics.CLICKS, {PROFILED}, "recommender", "com.example.")
    record = SimpleNamespace(
        offset=0,
        partition=0,
        timestamp=NOW_MS,
        key=b"u",
        value=None,
        headers=[("ce_type", PROFILED.encode())],
    )
    [found] = decoder.decode([record])
    assert (found.stage, found.error) == ("validate", "empty_value")


def test_lists_are_compared_by_groups_that_enough_users_make_up():
    shop = Shop(profile_fields=("region",), fairness_fields=("region", "gender"))
    for n in range(6):
        shop.profile(f"u{n}", region="north", gender="female")
    shop.profile("v", region="hamlet")
    for product in ("a", "b", "a"):
        for user in (*(f"u{n}" for n in range(6)), "v", "nobody"):
            shop.click(user, product)
    groups = shop.worker.exposure.by_group
    # the first few profiles came with lists before there were enough of their kind
    north, few, female = ("region", "north"), ("region", "other"), ("gender", "female")
    assert {*groups.lists} == {north, few, female, ("gender", "other")}
    assert groups.lists[north] + groups.lists[few] == 7 + 3 * 7
    assert groups.lists[female] >= 18
    assert groups.answers[female] == groups.answers[north]
    assert groups.answers[north] > 0
    groups.add([north], [0], True)
    assert (groups.hits[north], groups.hits[female]) == (1, 0)
    assert 0 < groups.coverage(len(shop.worker.items))[north] <= 1


def test_metrics_show_groups():
    shop = Shop()
    registry = Registry()
    observe = shop.worker.metrics(registry)
    for n in range(8):
        shop.profile(f"u{n}", region="north")
        shop.click(f"u{n}", "a")
    observe()
    observe()
    text = prometheus_client.generate_latest(registry).decode()
    assert 'recommendation_group_lists_total{field="region",value="north"' in text


def test_profiles_order_lists_of_users_with_events_only_where_the_shop_allows_it():
    def first(profile_ranking):
        shop = Shop(profile_ranking=profile_ranking, blend=False)
        for n in range(12):
            for region in ("north", "south"):
                shop.profile(f"{region}{n}", region=region)
                for product in ("seen", f"{region}-a", f"{region}-b"):
                    shop.click(f"{region}{n}", product)
        shop.report()
        items = shop.worker.items
        seen = items.number_of["seen"]
        table = shop.worker.knowledge.user_groups
        cells = shop.worker.profiles_of(0).cells("north0")
        all_items = table.cell_clicks.items
        factors = table.cell_clicks.factors(cells, all_items)
        assert factors[all_items == items.number_of["north-a"]] > 1
        assert factors[all_items == items.number_of["south-a"]] < 1
        assert table.cell_clicks.factors(cells, all_items.max() + 1 + all_items).tolist() == (
            [1.0] * len(all_items)
        )
        scores = np.ones(2)
        pair = np.array([items.number_of["south-a"], items.number_of["north-a"]])
        found = SimpleNamespace(items=pair, bounds=np.array([0, 2]))
        made = shop.worker.ranker._by_profile(scores, found, [cells])
        assert made[0] < 1 < made[1]
        return shop.worker.ranker.rank([[seen]], [[]], cells=[cells])[0].items

    assert first(True)
    assert first(False)
