"""Lists for any request and any state of the topics: never empty for nothing, never of what is
gone, and alike for all who want no personalised ones."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.services.gateway.core.catalogue import Catalogue
from shopkeeper.services.gateway.core.feed import LISTS, Published
from shopkeeper.services.gateway.core.languages import LANGUAGES, language_of
from shopkeeper.services.gateway.core.lists import Views, Wanted
from shopkeeper.services.gateway.core.shown import encode, list_for
from shopkeeper.services.gateway.core.views import LatestValues
from shopkeeper.shared.contracts.events.base import Model
from shopkeeper.shared.contracts.events.recommendation import (
    Reason,
    RecommendationsUpdated,
    RecommendedItem,
    SimilarItem,
    SimilarItemsUpdated,
    TrendingItem,
    TrendingUpdated,
)
from shopkeeper.shared.contracts.preferences import RANKINGS

MODEL = Model("item-cf", "1")
IDS = [f"p{n}" for n in range(8)]
CATEGORIES = ["hats", "shoes"]
ids = st.sampled_from(IDS)
some = st.lists(ids, max_size=6, unique=True)
categories = st.none() | st.sampled_from(CATEGORIES)
products = st.dictionaries(ids, st.tuples(categories, st.booleans()), max_size=8)


def values(held):
    table = LatestValues(100)
    table.apply([(key.encode(), msgspec.json.encode(value)) for key, value in held.items()])
    return table


@st.composite
def shops(draw):
    """Views of any state, and what is in the catalogue."""
    catalogue, held = Catalogue(100), draw(products)
    for product_id, (category, available) in held.items():
        value = {"product_id": product_id, "title": product_id.upper(), "available": available}
        value |= {"category": category} if category else {}
        catalogue.apply([(product_id.encode(), msgspec.json.encode(value))])
    gone = draw(some) if held else []
    catalogue.apply([(product_id.encode(), None) for product_id in gone])
    held = {name: of for name, of in held.items() if name not in gone}
    similar = {
        name: SimilarItemsUpdated(
            product_id=name,
            items=[SimilarItem(each, 1 / (n + 1), 3, "bought") for n, each in enumerate(row)],
            count=9,
            model=MODEL,
        )
        for name, row in draw(st.dictionaries(ids, some, max_size=4)).items()
    }
    scopes = ["all", *(f"category/{name}" for name in CATEGORIES)]
    trending = {
        scope: TrendingUpdated(
            scope=scope,
            items=[TrendingItem(each, 9.0 - n) for n, each in enumerate(row)],
            as_of_ms=1,
            model=MODEL,
        )
        for scope, row in draw(st.dictionaries(st.sampled_from(scopes), some)).items()
    }
    means = draw(st.dictionaries(ids, st.floats(-1, 1), max_size=4))
    sentiment = {name: {"product_id": name, "mean": mean} for name, mean in means.items()}
    return Views(values(similar), values(trending), values(sentiment), catalogue), held


@st.composite
def users(draw):
    """A user's newest record, if there is any: a list, or what is none."""
    kind = draw(st.sampled_from(["none", "list", "junk", "gone"]))
    if kind == "none":
        return None
    items = [
        RecommendedItem(each, 0.5, Reason("viewed_together", {"product_id": "p0"}))
        for each in draw(some)
    ]
    value = RecommendationsUpdated(
        recomm_id="r", items=items, fallback="none", cause="c", model=MODEL, user_id="u"
    )
    said = {"list": msgspec.json.encode(value), "junk": b"{", "gone": None}[kind]
    return Published(LISTS, 0, draw(st.integers(0, 9)), b"u", said, experts="neighbours:62 two:1")


@st.composite
def requests(draw, ranking=None):
    return Wanted(
        count=draw(st.integers(1, 10)),
        product=draw(st.none() | ids),
        category=draw(categories),
        exclude=frozenset(draw(some)),
        placement=draw(st.sampled_from([None, "home", "product", "cart", "category"])),
        ranking=draw(st.sampled_from(RANKINGS)) if ranking is None else ranking,
    )


@given(shops(), users(), requests(), st.sampled_from(LANGUAGES))
def test_a_list_holds_what_may_be_shown_each_once_and_is_empty_only_for_want_of_it(
    shop, record, wanted, language
):
    views, held = shop
    found = list_for(wanted, record, views, language, "t")
    shown = [item.product_id for item in found.items]
    assert len(shown) == len(set(shown)) <= wanted.count
    assert not {*wanted.exclude, wanted.product} & {*shown}
    if held:  # a shop with a catalogue
        offered = {name for name, (_, available) in held.items() if available}
        assert {*shown} <= offered
        there = offered - {*wanted.exclude, wanted.product}
        named = {category for category, _ in held.values()} - {None}
        unknown = bool(named) and wanted.category not in (None, *named)
        assert found.unknown_category == (wanted.category if unknown else None)
        assert {*found.nearest_categories} <= named
        if unknown and wanted.place == "category":
            there = set()
        assert len(shown) == min(wanted.count, len(there)), "filled up from what there is"
    assert (found.fallback == "empty") == (not shown)
    assert (found.recomm_id is None) == (found.made_from is None)
    assert all(item.reason.text for item in found.items)
    assert all(item.experts == {} for item in found.items if item.source != "list")


@given(shops(), users(), users(), st.data(), st.sampled_from(["popular", "newest"]))
def test_all_who_want_no_personalised_list_get_the_same_bytes(shop, one, other, data, ranking):
    wanted = data.draw(requests(ranking))
    lists = [encode(list_for(wanted, record, shop[0], "en", "t")) for record in (one, other, None)]
    assert lists[0] == lists[1] == lists[2]
    assert b"recomm_id" not in lists[0]


@given(shops(), users(), requests("personalised"))
def test_without_context_the_users_list_keeps_its_order(shop, record, wanted):
    views, _ = shop
    wanted = Wanted(wanted.count)
    found = list_for(wanted, record, views, "en", "t")
    own = [item.product_id for item in found.items if item.source == "list"]
    assert own == [item.product_id for item in found.items[: len(own)]], "it stands first"
    if record is not None and record.value and record.value != b"{":
        published = msgspec.json.decode(record.value, type=RecommendationsUpdated).items
        allowed = [i.product_id for i in published if views.catalogue.offers(i.product_id)]
        assert own == allowed[: wanted.count]


@given(st.none() | st.text(max_size=8), st.none() | st.text(max_size=40))
def test_any_header_gives_a_language(asked, accepted):
    assert language_of(asked, accepted) in LANGUAGES


def test_the_language_is_the_one_that_is_wanted_most():
    assert language_of(None, "fr;q=1, zh-TW;q=0.8, en;q=0.5") == "zh"
    assert language_of("en-GB", "zh") == "en"
    assert language_of("fr", "zh") == "zh"
    assert language_of(None, "zh;q=0, de") == "en"
