"""Searches: which lists they make due, how long they count, and what of the catalogue they find."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pytest

from shopkeeper.services.recommender.app import INDEXED_AT_ONCE, Recommender, build
from shopkeeper.services.recommender.config import RecommenderConfig
from shopkeeper.services.recommender.core.ranking.blend import BlendRanker
from shopkeeper.services.recommender.core.ranking.features import FEATURES, PRIOR
from shopkeeper.services.recommender.core.search.product_search import SLICE, ProductSearch
from shopkeeper.services.recommender.models.item_encoder import ItemEncoder
from shopkeeper.services.recommender.models.support_filter import SupportQueryFilter
from shopkeeper.shared.contracts import outputs, topics
from shopkeeper.shared.contracts.envelope import Event, Output
from shopkeeper.shared.contracts.events.recommendation import (
    RECOMMENDATIONS_UPDATED,
    RecommendationsUpdated,
)
from shopkeeper.shared.contracts.events.shop import (
    ProductCatalogued,
    ProductClicked,
    ProductsSearched,
    UserErased,
)
from shopkeeper.shared.runtime.settings import WorkerSettings
from shopkeeper.shared.text.manifest import MANIFEST, ModelError, model_folder

if TYPE_CHECKING:
    from pathlib import Path

NOW_MS = 1_700_000_000_000
MINUTE_MS = 60_000
TITLES = {
    "tent": ("Dome tent for three", "三人帐篷", "camping"),
    "bag": ("Down sleeping bag", "羽绒睡袋", "camping"),
    "grinder": ("Burr coffee grinder", "咖啡研磨机", "kitchen"),
    "kettle": ("Gooseneck coffee kettle", "手冲咖啡壶", "kitchen"),
    "leash": ("Reflective dog leash", "反光牵引绳", "pets"),
}
PRODUCTS = [
    ProductCatalogued(product_id=name, title=title, title_zh=zh, category=category)
    for name, (title, zh, category) in TITLES.items()
]


@pytest.fixture(scope="module")
def models() -> tuple[ItemEncoder, SupportQueryFilter]:
    return ItemEncoder(), SupportQueryFilter()


class Shop:
    """One partition of clicks and of searches of a worker that knows a small catalogue."""

    def __init__(self, models: tuple[ItemEncoder, SupportQueryFilter], **config: Any) -> None:
        self.worker = Recommender(replace(RecommenderConfig(), **config), models=models)
        self.worker.prepare(lambda topic: 1)
        self.catalogued(*PRODUCTS)
        self.clicks, self.searches = self.worker.make_interactions(0), self.worker.make_searches(0)
        self._offset = 0

    def catalogued(self, *products: ProductCatalogued) -> None:
        self.worker.on_catalogue([(p.product_id.encode(), outputs.encode(p)) for p in products])

    def _event(self, kind: str, data: Any, minutes: float) -> Event:
        self._offset += 1
        time_ms = NOW_MS + round(minutes * MINUTE_MS)
        at = self._offset
        return Event(kind, data, data.user.encode(), at, time_ms, f"e{at}", "", f"e{at}")

    def search(self, query: str, user: str = "u", minutes: float = 0) -> list[Output]:
        data = ProductsSearched(query=query, user_id=user)
        return self.searches.process([self._event("products.searched.v1", data, minutes)], NOW_MS)[
            0
        ]

    def click(self, product: str, user: str = "u", minutes: float = 0) -> Output:
        data = ProductClicked(product_id=product, user_id=user)
        return self.clicks.process([self._event("product.clicked.v1", data, minutes)], NOW_MS)[0][0]

    def erase(self, user: str) -> None:
        data = UserErased(user_id=user)
        self.clicks.process([self._event("user.erased.v1", data, 0)], NOW_MS)


def read(output: Output) -> RecommendationsUpdated:
    found = outputs.decode(RECOMMENDATIONS_UPDATED, output.value or b"")
    assert isinstance(found, RecommendationsUpdated)
    return found


def searched(output: Output) -> dict[str, float]:
    """Items that are there for the search, with their scores."""
    return {i.product_id: i.score for i in read(output).items if i.reason.code == "searched"}


@pytest.mark.parametrize("query", ["a coffee grinder", "咖啡研磨机"])
def test_a_search_is_answered_with_what_fits_it_best_first(models: Any, query: str) -> None:
    shop = Shop(models)
    (output,) = shop.search(query)
    made = read(output)
    assert made.items[0].product_id == "grinder"
    assert made.recomm_id == f"{topics.SEARCHES}/0/1/{RECOMMENDATIONS_UPDATED}/0"
    assert (made.cause, made.user_id, output.key) == ("e1", "u", b"u")
    scores = searched(output)
    assert scores["grinder"] == max(scores.values()) > scores.get("leash", 0)


def test_it_counts_in_the_lists_that_follow_less_each_time_and_not_for_others(models: Any) -> None:
    shop = Shop(models)
    first = searched(shop.search("coffee grinder")[0])
    second, third = searched(shop.click("leash")), searched(shop.click("leash"))
    for before, after in ((first, second), (second, third)):
        assert after["grinder"] == pytest.approx(
            RecommenderConfig().search_decay * before["grinder"], rel=0.01
        )
    assert searched(shop.click("leash", "somebody else")) == {}


def test_a_later_search_takes_its_place(models: Any) -> None:
    shop = Shop(models, search_fit_min=0.6)
    shop.search("coffee grinder")
    shop.search("dome tent")
    found = searched(shop.click("leash"))
    assert "tent" in found
    assert "grinder" not in found


def test_it_counts_for_half_an_hour(models: Any) -> None:
    shop = Shop(models, list_age_ms_max=10**15)
    shop.search("coffee grinder")
    assert searched(shop.click("leash", minutes=30))
    assert not searched(shop.click("leash", minutes=30.1))
    assert len(shop.clicks.lists.searches) == 0


def test_an_erased_user_has_searched_nothing(models: Any) -> None:
    shop = Shop(models)
    shop.search("coffee grinder")
    shop.erase("u")
    assert not searched(shop.click("leash"))


@pytest.mark.parametrize("query", ["where is my order", "我要退款", "cancel my order please"])
def test_a_support_question_is_not_answered_with_products(models: Any, query: str) -> None:
    shop = Shop(models)
    shop.search("coffee grinder")
    assert shop.search(query) == []
    assert searched(shop.click("leash")), "what was searched for before still counts"
    assert shop.worker.counters["search_errand"] == 1


def test_a_model_without_a_label_of_support_is_refused(tmp_path: Path) -> None:
    folder = model_folder()
    manifest = msgspec.json.decode((folder / MANIFEST).read_bytes())
    entry = manifest["models"]["intent"]
    entry["labels"][entry["labels"].index("track_order")] = "where_is_it"
    tmp_path.joinpath(MANIFEST).write_bytes(msgspec.json.encode(manifest))
    tmp_path.joinpath(entry["file"]).write_bytes((folder / entry["file"]).read_bytes())
    with pytest.raises(ModelError, match="no label track_order"):
        SupportQueryFilter(str(tmp_path))


def test_an_old_search_is_not_answered_and_does_not_count(models: Any) -> None:
    shop = Shop(models)
    assert shop.search("coffee grinder", minutes=-2) == []
    assert shop.clicks.sessions.counters["list_of_old_event"] == 1
    assert not searched(shop.click("leash"))


def test_without_models_or_clicks_searches_change_nothing(models: Any) -> None:
    worker = Recommender(RecommenderConfig())
    worker.prepare(lambda topic: 1)
    data = ProductsSearched(query="coffee grinder", user_id="u")
    event = Event("products.searched.v1", data, b"u", 0, NOW_MS, "e", "", "e")
    clicks = worker.make_interactions(0)
    assert worker.make_searches(0).process([event], NOW_MS) == ([], [])
    del clicks  # given away
    other = Recommender(RecommenderConfig(), models=models)
    assert other.make_searches(0).process([event], NOW_MS) == ([], [])


def test_a_list_after_a_search_keeps_what_must_not_be_offered_out(models: Any) -> None:
    shop = Shop(models)
    grinder = PRODUCTS[2]
    shop.catalogued(ProductCatalogued(product_id="grinder", title=grinder.title, available=False))
    assert "grinder" not in [i.product_id for i in read(shop.search("coffee grinder")[0]).items]


# -- the blend


def test_the_blend_ranks_by_a_search_before_it_has_seen_one() -> None:
    chance = np.random.default_rng(5)
    column = FEATURES.index("searched")
    blend = BlendRanker(FEATURES, 16, 0.003, PRIOR)
    for _ in range(50):
        x = chance.random((64, len(FEATURES)), np.float32)
        x[:, column] = 0.0
        blend.learn(x, np.array([0, 32]), np.array([3, 40]))
    x = chance.random((64, len(FEATURES)), np.float32)
    x[:, column] = 0.0
    x[7, column] = 0.5
    assert blend.scores(x).argmax() == 7


# -- the index and the catalogue


def product_search(models: tuple[ItemEncoder, SupportQueryFilter], **config: Any) -> ProductSearch:
    worker = Recommender(replace(RecommenderConfig(), **config), models=models)
    assert worker.product_search is not None
    return worker.product_search


def product(number: int, **fields: Any) -> ProductCatalogued:
    return ProductCatalogued(product_id=f"n{number}", title=f"camping lamp {number}", **fields)


def test_a_change_of_price_alone_is_not_indexed_again(models: Any) -> None:
    found = product_search(models)
    found.on_product_changed("n1", product(1))
    found.index_pending(1)
    found.on_product_changed("n1", product(1, price=9.5))
    assert found.waiting == 0
    found.on_product_changed("n1", product(1, price=9.5, category="light"))
    assert found.waiting == 1


@pytest.mark.parametrize("gone", [None, product(1, available=False)])
def test_what_is_gone_is_not_found_and_comes_back(models: Any, gone: Any) -> None:
    found = product_search(models)
    for state, there in ((product(1), True), (gone, False), (product(1), True)):
        found.on_product_changed("n1", state)
        found.index_pending(10)
        ((items, fits),) = [each for each in found.find(["camping lamp"], 0) if each]
        assert bool(len(items)) == there == bool(fits)
    # Gone before it was ever indexed.
    found.on_product_changed("n2", product(2))
    found.on_product_changed("n2", None)
    found.index_pending(10)
    assert len(found) == 1


def test_the_catalogue_is_indexed_whole_at_the_start_and_on_a_thread_of_its_own_later(
    models: Any,
) -> None:
    shop = Shop(models)
    index = shop.worker.product_search
    assert index is not None
    assert (len(index), index.waiting) == (len(PRODUCTS), 0)
    shop.catalogued(*(product(n) for n in range(INDEXED_AT_ONCE)))
    assert (len(index), index.waiting) == (len(PRODUCTS) + INDEXED_AT_ONCE, 0)
    shop.catalogued(*(product(n) for n in range(20 * SLICE)))
    waiting = 20 * SLICE - INDEXED_AT_ONCE
    assert index.waiting == waiting, "more than a few: no list waits for them"
    sizes = [len(index)]
    deadline = time.monotonic() + 60
    while index.waiting and time.monotonic() < deadline:
        if not shop.worker.index_in_background(True):
            time.sleep(0.001)
        sizes.append(len(index))
    assert sizes[-1] == sizes[0] + waiting
    some = RecommenderConfig().search_products_per_slice
    assert max(np.diff(sizes)) <= some
    # One that comes alone is found at once again.
    shop.catalogued(product(0, category="lamps of another kind"))
    assert index.waiting == 0
    assert not shop.worker.index_in_background(False)


def test_what_goes_wrong_on_the_indexing_thread_is_raised(
    models: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = Shop(models)

    def encode(products: Any) -> Any:
        raise MemoryError

    monkeypatch.setattr(shop.worker.product_search, "_encoder", SimpleNamespace(encode=encode))
    shop.catalogued(*(product(n) for n in range(2 * SLICE)))

    def until_it_fails() -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            shop.worker.index_in_background(False)

    with pytest.raises(MemoryError):
        until_it_fails()


def test_searches_take_no_more_than_their_share_of_a_second(models: Any) -> None:
    found = product_search(models, searches_at_once=2, search_ms_per_second=1e-6)
    found.on_product_changed("n1", product(1))
    found.index_pending(1)
    first, second, third = found.find(["camping lamp"] * 3, NOW_MS)
    assert first
    assert second
    assert third is None
    assert found.find(["camping lamp"], NOW_MS + 1000)[0] is not None


def test_searches_of_all_partitions_are_answered_together(
    models: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = Recommender(RecommenderConfig(), models=models)
    worker.prepare(lambda topic: 2)
    worker.on_catalogue([(b"", outputs.encode(each)) for each in PRODUCTS])
    index = worker.product_search
    assert index is not None
    asked: list[list[str]] = []
    find = index.find
    monkeypatch.setattr(
        index, "find", lambda queries, now_ms: asked.append(queries) or find(queries, now_ms)
    )
    clicks = [worker.make_interactions(n) for n in range(2)]
    searches = [worker.make_searches(n) for n in range(2)]
    batches = [["coffee grinder", "where is my order"], ["dome tent"]]
    folded = []
    for number, queries in enumerate(batches):
        events = [
            Event(
                "products.searched.v1",
                ProductsSearched(query=query, user_id=query),
                query.encode(),
                at,
                NOW_MS,
                f"{number}-{at}",
                "",
                f"{number}-{at}",
            )
            for at, query in enumerate(queries)
        ]
        folded.append(searches[number].fold(events, NOW_MS)[0])
    worker.rank_pending()
    found = [
        {output.key: read(output).items[0].product_id for output in of.publish(each)}
        for of, each in zip(searches, folded, strict=True)
    ]
    assert asked == [["coffee grinder", "where is my order", "dome tent"]]
    assert found == [{b"coffee grinder": "grinder"}, {b"dome tent": "tent"}]
    assert len(clicks[0].lists.searches) == len(clicks[1].lists.searches) == 1


def test_how_searches_ended_is_counted(models: Any) -> None:
    worker = Recommender(replace(RecommenderConfig(), search_fit_min=0.3), models=models)
    worker.on_catalogue([(b"", outputs.encode(each)) for each in PRODUCTS])
    assert worker.product_search is not None
    worker.product_search.find(["coffee grinder", "where is my order", "xqzw"], 0)
    assert worker.counters == Counter(search_found=1, search_errand=1, search_nothing=1)


def test_the_setting_turns_searches_off() -> None:
    names = [name for name, _ in build(WorkerSettings.from_env({})).models]
    assert names == ["item-cf", "encoder", "intent"]
    assert [name for name, _ in build(WorkerSettings.from_env({"SEARCH": "off"})).models] == [
        "item-cf"
    ]
