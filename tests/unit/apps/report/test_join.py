"""Lists and the clicks that answer them, against a naive twin; the figures, likewise."""

from __future__ import annotations

import math
import random

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopkeeper.apps.report import figures
from shopkeeper.apps.report.join import RECENT_ITEMS_MAX, SEEN_MS_MIN, Join, Lists
from shopkeeper.services.recommender.core.numeric.items import ItemIndex
from shopkeeper.shared.contracts.envelope import Event
from shopkeeper.shared.contracts.events.base import Model
from shopkeeper.shared.contracts.events.recommendation import Reason, RecommendationsUpdated
from shopkeeper.shared.contracts.events.recommendation import RecommendedItem as Item
from shopkeeper.shared.contracts.events.shop import (
    AssumptionsDeleted,
    OrderCompleted,
    OrderLine,
    ProductAdded,
    ProductCatalogued,
    ProductClicked,
    ProductsSearched,
    UserErased,
)
from shopkeeper.shared.contracts.outputs import encode

START_MS = 1_790_000_000_000
MINUTE_MS = 60_000
FORGET = AssumptionsDeleted | UserErased


def event(user, offset, items, kind="click", recomm_id=None):
    """An event at `offset` minutes; its id is its offset."""
    if kind == "order":
        lines = [OrderLine(product_id=i) for i in items]
        data = OrderCompleted(user_id=user, order_id=f"o{offset}", products=lines)
    elif kind == "erased":
        data = UserErased(user_id=user)
    elif kind == "deleted":
        data = AssumptionsDeleted(user_id=user)
    elif kind == "search":
        data = ProductsSearched(user_id=user, query=items[0])
    else:
        made = ProductClicked if kind == "click" else ProductAdded
        data = made(user_id=user, product_id=items[0], recomm_id=recomm_id)
    time_ms = START_MS + offset * MINUTE_MS
    return Event(kind, data, user.encode(), offset, time_ms, str(offset), "", str(offset))


def value(user, cause, items, fallback="none", model="item-cf", code="viewed_together"):
    return encode(
        RecommendationsUpdated(
            recomm_id=f"list-{cause}", items=[Item(i, 1.0, Reason(code)) for i in items],
            fallback=fallback, cause=str(cause), model=Model(model, "1"), user_id=user,
        )
    )  # fmt: skip


def see(lists, user, cause, items, published_ms=None, **rest):
    made_ms = START_MS + cause * MINUTE_MS
    lists.see(
        0, cause, user.encode(), value(user, cause, items, **rest), made_ms,
        made_ms + 50 if published_ms is None else published_ms,
    )  # fmt: skip


def joined(log, made, first_retained=0):
    """`log`: events by offset. `made`: cause -> items. Events before first_retained are gone."""
    numbers = ItemIndex()
    lists = Lists(numbers, 10_000)
    for cause, items in made.items():
        see(lists, log[cause].data.user, cause, items)
    join = Join(numbers, lists.kept())
    searches = [each for each in log[first_retained:] if each.type == "search"]
    for each in searches[::-1] + searches[:1]:  # any order, some again
        join.see_search(each)
    for each in log[first_retained:]:
        if each.type != "search":
            join.see(0, each, each.time_ms + 20)
    join.close()
    return numbers, lists.kept(), join


# -- the join


def products(each):
    data = each.data
    if isinstance(data, OrderCompleted):
        return [line.product_id for line in data.products]
    return [] if isinstance(data, FORGET | ProductsSearched) else [data.product_id]


def naive_answers(log, made, first_retained):
    """cause -> (item of the answer or None, history), by looking through the whole log."""
    found = {}
    for cause in made:
        user = log[cause].data.user
        later = [e for e in log[max(cause + 1, first_retained) :] if e.data.user == user]
        answer = None
        for each in later:
            if isinstance(each.data, FORGET):
                break
            if type(each.data) is ProductClicked:
                answer = each.data.product_id
                break
            if each.offset in made:
                break  # a newer list stands in its place
        if answer is not None and cause < first_retained:
            newer = [c for c in made if c > cause and log[c].data.user == user]
            if any(c < first_retained for c in newer):
                answer = None
        history = []
        if cause >= first_retained:
            for each in log[first_retained : cause + 1]:
                if each.data.user == user:
                    history = [] if isinstance(each.data, FORGET) else history + products(each)
        found[cause] = answer, history[-RECENT_ITEMS_MAX:]
    return found


@st.composite
def shops(draw):
    log, made = [], {}
    for offset in range(draw(st.integers(1, 40))):
        user = draw(st.sampled_from("uvw"))
        kind = draw(
            st.sampled_from(["click"] * 6 + ["add", "order", "erased", "deleted", "search"])
        )
        items = draw(st.lists(st.sampled_from("abcde"), min_size=1, max_size=3))
        log.append(event(user, offset, items, kind))
        if kind not in ("erased", "deleted") and draw(st.booleans()):
            made[offset] = draw(st.lists(st.sampled_from("abcdef"), max_size=4, unique=True))
    return log, made, draw(st.integers(0, len(log)))


@settings(max_examples=300, deadline=None)
@given(shops())
def test_answers_are_those_of_a_naive_twin(shop):
    log, made, first_retained = shop
    numbers, lists, _ = joined(log, made, first_retained)
    expected = naive_answers(log, made, first_retained)
    for shown in lists:
        answer = None if shown.answer is None else numbers.product_ids[shown.answer]
        history = [numbers.product_ids[item] for item in shown.history]
        assert (answer, history) == expected[int(shown.cause)]


def test_a_list_that_came_after_the_click_is_late():
    numbers = ItemIndex()
    lists = Lists(numbers, 10)
    see(lists, "u", 0, ["a"], published_ms=START_MS + 2 * MINUTE_MS)
    join = Join(numbers, lists.kept())
    for offset in (0, 1):
        join.see(0, event("u", offset, ["a"]), START_MS + offset * MINUTE_MS)
    (shown,) = lists.kept()
    assert shown.answer is not None
    assert shown.late
    assert not shown.could_be_seen


@pytest.mark.parametrize("stood_ms", [-5, 0, SEEN_MS_MIN - 1, SEEN_MS_MIN, 60_000])
@pytest.mark.parametrize("by", ["click", "list"])
def test_a_list_could_be_seen_if_it_stood_before_the_next_list_or_click(by, stood_ms):
    numbers = ItemIndex()
    lists = Lists(numbers, 10)
    see(lists, "u", 0, ["a"], published_ms=START_MS)
    see(lists, "v", 1, ["a"], published_ms=START_MS + 1)  # another user's replaces nothing
    if by == "list" and stood_ms >= 0:  # of an add to the cart, which answers nothing
        see(lists, "u", 2, ["b"], published_ms=START_MS + stood_ms)
    join = Join(numbers, lists.kept())
    join.see(0, event("u", 0, ["a"]), START_MS)
    if by == "click":
        join.see(0, event("u", 2, ["a"]), START_MS + stood_ms)
    elif stood_ms >= 0:
        join.see(0, event("u", 2, ["a"], "add"), START_MS)
    shown, other, *newest = lists.kept()
    if by == "list" and stood_ms < 0:
        assert shown.stood_ms is None
    else:
        assert shown.stood_ms == stood_ms
        assert shown.could_be_seen == (stood_ms >= SEEN_MS_MIN)
    for still in (other, *newest):
        assert still.could_be_seen, "it still stands"


def test_the_first_figure_is_of_lists_that_could_have_been_seen():
    """A backlog's lists, all published after the clicks that answer them, and two live ones."""
    numbers = ItemIndex()
    lists = Lists(numbers, 100)
    log = [event("u", offset, ["ab"[offset % 2]]) for offset in range(12)]
    for offset in range(12):
        live_ms = START_MS + offset * MINUTE_MS + 50
        backlog_ms = START_MS + 9 * MINUTE_MS + 30_000 + offset
        # Those of the backlog hold what was clicked next, those that live ones hold is wrong.
        items = ["ab"[(offset + 1) % 2]] if offset < 9 else ["z"]
        see(lists, "u", offset, items, published_ms=backlog_ms if offset < 9 else live_ms)
    join = Join(numbers, lists.kept())
    for each in log:
        join.see(0, each, each.time_ms)
    join.close()
    found = figures.compute(lists.kept(), join, numbers, figures.Shop({}))
    assert (found.lists, found.answered) == (12, 11)
    assert found.answered_seeable == found.accuracy["predictions"] == 2
    assert found.accuracy["HR@10"] == 0.0
    assert found.accuracy_unseen["HR@10"] == 1.0
    assert found.accuracy_all["HR@10"] == pytest.approx(9 / 11, abs=1e-4)


def test_repeated_events_and_lists_count_once():
    numbers = ItemIndex()
    lists = Lists(numbers, 10)
    for _ in range(2):
        see(lists, "u", 0, ["a"])
    assert lists.seen == 1
    join = Join(numbers, lists.kept())
    again = msgspec.structs.replace(event("u", 0, ["a"]), source="shop")
    for _ in range(3):
        join.see(0, again, again.time_ms)
    assert join.clicks.total() == 1


def test_only_the_newest_lists_are_kept_and_none_of_an_erased_user():
    lists = Lists(ItemIndex(), 3)
    order = list(range(6))
    random.Random(1).shuffle(order)
    for cause in order:
        see(lists, "uv"[cause % 2], cause, ["a"])
    assert [int(s.cause) for s in lists.kept()] == [3, 4, 5]
    lists.see(0, 9, b"u", None, None, 0)
    assert [int(s.cause) for s in lists.kept()] == [3, 5]
    lists.see(0, 10, b"u", b"{not json", None, 0)
    assert lists.unreadable == 1
    assert lists.seen == 6


def test_clicks_that_name_a_list_are_counted_by_position():
    numbers = ItemIndex()
    lists = Lists(numbers, 10)
    see(lists, "u", 0, ["a", "b", "c"])
    join = Join(numbers, lists.kept())
    named = [("c", "list-0"), ("c", "list-0"), ("z", "list-0"), ("a", "list-?"), ("a", None)]
    for offset, (item, recomm_id) in enumerate(named):
        join.see(0, event("u", offset, [item], recomm_id=recomm_id), START_MS)
    assert join.positions == {2: 2, -1: 1}
    assert join.unknown_ids == 1
    assert lists.kept()[0].named == 3


# -- the figures


def some_shop(seed=3, users=30, clicks=20):
    chance = random.Random(seed)
    names = [f"p{n}" for n in range(15)]
    log, made = [], {}
    for offset in range(users * clicks):
        # Users differ in how much they click.
        user = f"u{min(chance.randrange(users), chance.randrange(users))}"
        log.append(event(user, offset, [names[min(chance.randrange(15), chance.randrange(15))]]))
        if chance.random() < 0.8:
            made[offset] = chance.sample(names[:12], chance.randrange(11))
    catalogue = {
        name: ProductCatalogued(
            product_id=name, title=name, category=("A", "B", None)[number % 3],
            price=float(number) if number else None, currency="EUR",
        )
        for number, name in enumerate([*names, "never"])
    }  # fmt: skip
    return log, made, catalogue


def test_figures_are_those_of_a_naive_twin():
    log, made, catalogue = some_shop()
    numbers, lists, join = joined(log, made)
    opinions = {"p1": 0.9, "p2": -0.9, "p3": 0.0}
    found = figures.compute(
        lists, join, numbers, figures.Shop(catalogue, ["p0", "p1", "unheard of"], opinions)
    )
    answers = naive_answers(log, made, 0)
    pairs = [(made[cause], answer) for cause, (answer, _) in answers.items() if answer]
    assert found.answered == found.answered_seeable == len(pairs)
    for cutoff in figures.CUTOFFS:
        ranks = [items[:cutoff].index(a) + 1 for items, a in pairs if a in items[:cutoff]]
        assert found.accuracy[f"HR@{cutoff}"] == pytest.approx(len(ranks) / len(pairs), abs=1e-4)
        mrr = sum(1 / rank for rank in ranks) / len(pairs)
        assert found.accuracy[f"MRR@{cutoff}"] == pytest.approx(mrr, abs=1e-4)
        ndcg = sum(1 / math.log2(rank + 1) for rank in ranks) / len(pairs)
        assert found.accuracy[f"NDCG@{cutoff}"] == pytest.approx(ndcg, abs=1e-4)
    slots = [item for items in made.values() for item in items]
    assert found.coverage == pytest.approx(len(set(slots)) / len(catalogue))
    clicks = [each.data.product_id for each in log]
    for share in found.categories:
        group = {n for n, p in catalogue.items() if (p.category or figures.NONE) == share.group}
        assert share.catalogue == pytest.approx(len(group) / len(catalogue))
        assert share.shown == pytest.approx(sum(i in group for i in slots) / len(slots))
        assert share.clicked == pytest.approx(sum(i in group for i in clicks) / len(clicks))
    assert found.categories[-1].group == figures.NONE
    by_opinion = {share.group: share.catalogue * len(catalogue) for share in found.opinions}
    assert by_opinion == pytest.approx({"negative": 1, "mixed": 1, "positive": 1, "-": 13})
    trending = sum(item in ("p0", "p1") for item in slots)
    assert found.trending_share == pytest.approx(trending / len(slots))
    for place in range(figures.CUTOFF):
        assert found.shown_at[place] == sum(len(items) > place for items in made.values())
        hits = sum(a in items and items.index(a) == place for items, a in pairs)
        assert found.hits_at[place] == hits
    for name, shown, clicked in found.top:
        assert (shown, clicked) == (slots.count(name), clicks.count(name))
    assert (found.ages_ms == 50).all()


def test_windows_and_groups_add_up_to_the_whole():
    log, made, catalogue = some_shop()
    numbers, lists, join = joined(log, made)
    found = figures.compute(lists, join, numbers, figures.Shop(catalogue))
    parts = found.windows, list(found.activity.values())
    for part in parts:
        counts = [each["predictions"] for each in part]
        assert sum(counts) == found.answered
        mean = np.average([each["HR@10"] for each in part], weights=counts)
        assert mean == pytest.approx(found.accuracy["HR@10"], abs=1e-3)
    assert len(found.windows_ms) == len(found.windows) > 1
    assert found.windows_ms == sorted(found.windows_ms)
    clicks = {user: sum(e.data.user == user for e in log) for user in {e.data.user for e in log}}
    for _, (low, name) in enumerate(figures.ACTIVITY):
        high = {"1-2": 2, "3-9": 9, "10-29": 29, "30+": math.inf}[name]
        inside = {u for u, n in clicks.items() if low <= n <= high}
        answered = {s.user for s in lists if s.answer is not None}
        assert found.activity.get(name, {"users": 0})["users"] == len(inside & answered)


def test_lift_of_a_user_is_the_popularity_shown_against_the_users_own():
    log = [event("u", 0, ["a"]), event("v", 1, ["b"]), event("v", 2, ["b"]), event("u", 3, ["b"])]
    numbers, lists, join = joined(log, {0: ["b"], 2: ["a", "b"]})
    found = figures.compute(lists, join, numbers, figures.Shop({}))
    # Clicks: a 1, b 3. u saw a and was shown b; v saw b twice and was shown both.
    assert sorted(found.lift) == pytest.approx(sorted([3 / 1 - 1, (1 + 3) / 2 / 3 - 1]))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 50), min_size=1, max_size=300))
def test_lorenz_curve(counts):
    curve = figures.lorenz(np.array(counts))
    assert len(curve) == figures.LORENZ_POINTS
    assert curve[-1] == pytest.approx(1)
    assert (np.diff(curve) >= -1e-12).all()
    ordered = sorted(counts)
    for point in (0, 10, 50, 99):
        place = point / 100 * len(counts)
        whole = int(place)
        part = sum(ordered[:whole]) + (place - whole) * (ordered[whole] if whole < place else 0)
        assert curve[point] == pytest.approx(part / sum(counts) if sum(counts) else 0, abs=1e-9)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.one_of(st.none(), st.floats(0.01, 1e6)), max_size=60))
def test_every_price_is_within_its_band(prices):
    catalogue = {
        str(n): ProductCatalogued(product_id=str(n), title="t", price=price, currency="EUR")
        for n, price in enumerate(prices)
    }
    currency, labels, band_of = figures.price_bands(catalogue)
    different = {price for price in prices if price is not None}
    assert bool(currency) == (len(different) > 1)
    for product in catalogue.values():
        if product.price is None or not currency:
            assert band_of(product) == figures.NONE
        else:
            low, high = (float(v.replace(",", "")) for v in band_of(product).split("–"))
            assert low * (1 - 1e-5) <= product.price <= high * (1 + 1e-5)
            assert band_of(product) in labels
    other = ProductCatalogued(product_id="x", title="t", price=1.0, currency="USD")
    assert band_of(other) == figures.NONE


def test_the_smallest_groups_are_added_up():
    shares = [figures.Share(f"g{n}", 0.1, n / 45, 0.1) for n in range(10)]
    found = figures.largest(shares, 4)
    assert [s.group for s in found] == ["g9", "g8", "g7", "g6", figures.OTHERS]
    assert sum(s.shown for s in found) == pytest.approx(1)
    assert found[-1].catalogue == pytest.approx(0.6)
