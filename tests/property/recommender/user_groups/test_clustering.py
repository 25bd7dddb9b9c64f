"""Groups of users: the same from the same, ids that stay, dumps that go on; behaviour vectors."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment
from sklearn.decomposition import IncrementalPCA

from shopkeeper.services.recommender.config import RecommenderConfig
from shopkeeper.services.recommender.core.knowledge import Knowledge
from shopkeeper.services.recommender.core.numeric.items import ItemIndex
from shopkeeper.services.recommender.core.numeric.price_bands import price_band
from shopkeeper.services.recommender.core.tables.user_groups import (
    FORMAT_VERSION,
    MODEL_KEY,
    GroupClicksRecord,
    ModelRecord,
)
from shopkeeper.services.recommender.core.user_groups import behaviour
from shopkeeper.services.recommender.core.user_groups.behaviour import Behaviour
from shopkeeper.services.recommender.core.user_groups.clicks import GroupClicks
from shopkeeper.services.recommender.core.user_groups.clustering import (
    GroupModel,
    UserGroups,
)
from shopkeeper.shared.contracts.events.base import Model
from shopkeeper.shared.contracts.events.sentiment import ProductSentimentUpdated
from shopkeeper.shared.contracts.events.shop import ProductCatalogued
from shopkeeper.shared.contracts.outputs import encode

WIDTH, GROUPS, COMPONENTS = 12, 4, 3


def people(seed: int, count: int, centres: int = GROUPS) -> tuple[np.ndarray, np.ndarray]:
    """(vectors, kinds): users of a few kinds, far apart; kinds are the same for every seed."""
    places = np.random.default_rng(99).normal(0, 4, (centres, WIDTH))
    chance = np.random.default_rng(seed)
    kinds = chance.integers(0, centres, count)
    return places[kinds] + chance.normal(0, 0.5, (count, WIDTH)), kinds


def learned(*samples: np.ndarray, components: int = COMPONENTS) -> UserGroups:
    groups = UserGroups(WIDTH, GROUPS, components)
    for sample in samples:
        groups.learn(sample)
    return groups


def told(groups: UserGroups, vectors: np.ndarray) -> np.ndarray:
    """Ids of the users' groups, by the published model."""
    model = groups.model()
    assert model is not None
    packed = msgspec.msgpack.encode(model)
    weights, offsets, ids = msgspec.msgpack.decode(packed, type=GroupModel).tables()
    return ids[(vectors @ weights + offsets).argmax(axis=1)]


@settings(max_examples=15)
@given(st.integers(0, 10**6), st.lists(st.integers(1, 90), min_size=2, max_size=6))
def test_the_same_in_the_same_order_gives_the_same_groups(seed: int, sizes: list[int]) -> None:
    samples = [people(seed + n, size)[0] for n, size in enumerate([70, *sizes])]
    assert learned(*samples).snapshot() == learned(*samples).snapshot()


@settings(max_examples=15)
@given(st.integers(0, 10**6), st.integers(0, 5), st.integers(0, 3))
def test_a_dump_goes_on_as_if_nothing_had_been(seed: int, cut: int, components: int) -> None:
    samples = [people(seed + n, 30)[0] for n in range(6)]  # groups from the third on
    whole = learned(*samples, components=components)
    first = learned(*samples[:cut], components=components)
    second = UserGroups(WIDTH, GROUPS, components)
    assert second.restore(first.snapshot())
    for sample in samples[cut:]:
        second.learn(sample)
    assert second.snapshot() == whole.snapshot()
    assert not UserGroups(WIDTH, GROUPS + 1, components).restore(first.snapshot())


@settings(max_examples=10)
@given(st.integers(0, 10**6))
def test_ids_keep_their_meaning_while_users_stay_alike(seed: int) -> None:
    groups = learned(people(seed, 200)[0])
    vectors, kinds = people(seed + 1, 300)
    before, ids = told(groups, vectors), groups.ids.tolist()
    table = np.zeros((GROUPS, GROUPS))
    np.add.at(table, (kinds, [ids.index(i) for i in before.tolist()]), 1)
    rows, columns = linear_sum_assignment(-table)
    assert table[rows, columns].sum() > 0.98 * len(kinds), "each kind is a group"
    for n in range(20):
        groups.learn(people(seed + 2 + n, 60)[0])
    assert groups.ids.tolist() == ids
    assert (told(groups, vectors) == before).mean() > 0.98


def test_a_group_that_nobody_is_in_any_more_is_given_up_and_its_id_with_it() -> None:
    groups = learned(people(1, 400)[0])
    ids = set(groups.ids.tolist())
    away = np.ones(WIDTH)
    for n in range(600):  # of the four kinds three are left, and one has split
        vectors, kinds = people(n, 100)
        vectors[kinds == 1] += away * np.resize([1, -1], (kinds == 1).sum())[:, None]
        groups.learn(vectors[kinds > 0])
    now = set(groups.ids.tolist())
    assert len(now) == GROUPS
    assert len(now & ids) == 3
    assert max(now) > max(ids), "never an id that somebody had"
    vectors, kinds = people(1, 400)
    homes = [vectors[kinds == kind].mean(axis=0) for kind in range(GROUPS)]
    both = told(groups, np.stack([homes[1] + away, homes[1] - away]))
    assert len(set(both.tolist())) == 2, "the new group is where it was needed"


def test_a_group_that_has_become_another_gets_another_id() -> None:
    groups = learned(people(1, 400)[0])
    ids = groups.ids.tolist()
    vectors, kinds = people(1, 400)
    steps = 60
    for n in range(steps):  # one kind walks far away, a little at a time
        vectors, kinds = people(n, 400)
        vectors[kinds == 2] += 40 * n / steps
        groups.learn(np.repeat(vectors, 5, axis=0))
    assert len(set(ids) & set(groups.ids.tolist())) == 3


@settings(max_examples=20)
@given(st.integers(0, 10**6), st.integers(1, WIDTH))
def test_components_restore_what_lies_in_them(seed: int, components: int) -> None:
    chance = np.random.default_rng(seed)
    # Users that differ in `components` directions only: that many components lose nothing.
    basis, mean = chance.normal(size=(components, WIDTH)), chance.normal(size=WIDTH)
    samples = [chance.normal(size=(80, components)) @ basis + mean for _ in range(4)]
    groups = learned(*samples, components=components)
    x = np.concatenate(samples)
    assert np.allclose(groups.restored(groups.reduced(x)), x, atol=1e-6)
    # And they are those of a decomposition of everything at once.
    _, singular, axes = np.linalg.svd(x - x.mean(axis=0), full_matrices=False)
    shadow = groups.reduced(x)
    naive = (x - x.mean(axis=0)) @ axes[:components].T
    assert np.allclose(shadow.var(axis=0), naive.var(axis=0), rtol=0.05)
    assert (singular[components:] < 1e-6).all()


def test_a_group_is_that_of_the_nearest_centre() -> None:
    groups = learned(people(5, 300)[0])
    vectors, _ = people(6, 200)
    reduced = groups.reduced(vectors)
    away = ((reduced[:, None, :] - groups._centres) ** 2).sum(axis=2)
    assert told(groups, vectors).tolist() == groups.ids[away.argmin(axis=1)].tolist()
    assert UserGroups(WIDTH, GROUPS, 2).model() is None


def test_a_model_of_another_shape_is_refused() -> None:
    model = learned(people(5, 300)[0]).model()
    assert model is not None
    for bad in (
        msgspec.structs.replace(model, format_version=99),
        msgspec.structs.replace(model, ids=[1]),
        msgspec.structs.replace(model, offsets=np.full(GROUPS, np.nan, np.float32).tobytes()),
    ):
        with pytest.raises(ValueError, match=r"groups|model|reshape"):
            bad.tables()


# -- behaviour


def shop(products: list[tuple[str, str | None, float | None]]) -> tuple[ItemIndex, Behaviour]:
    items = ItemIndex()
    knowledge = Knowledge(items, RecommenderConfig())
    for name, category, price in products:
        data = ProductCatalogued(product_id=name, title=name, category=category, price=price)
        knowledge.catalogue.apply([(name.encode(), encode(data))])
    for name, mean in (("a", 0.5), ("c", -0.5)):
        said = ProductSentimentUpdated(
            product_id=name, count=1, mean=mean, trend=0.0, positive=1, neutral=0, negative=0,
            model=Model("rating", "1"),
        )  # fmt: skip
        knowledge.sentiment.apply([(name.encode(), encode(said))])
    return items, Behaviour(items, knowledge.catalogue, knowledge.sentiment, 10)


CATALOGUE: list[tuple[str, str | None, float | None]] = [
    ("a", "shoes", 10.0), ("b", "shoes|red", 11.0), ("c", "hats", 500.0), ("d", None, None),
]  # fmt: skip


@given(st.lists(st.lists(st.sampled_from("abcd"), max_size=10), min_size=1, max_size=5))
def test_vectors_are_those_of_each_user_alone_in_any_process(users: list[list[str]]) -> None:
    items, made = shop(CATALOGUE)
    other_items, other = shop(CATALOGUE[::-1])  # everything got other numbers
    together = made.vectors([[items.intern(n) for n in names] for names in users])
    for names, vector in zip(users, together, strict=True):
        alone = other.vectors([[other_items.intern(n) for n in names]])[0]
        assert np.allclose(vector, alone, atol=1e-6)
        assert vector.shape == (behaviour.WIDTH,)


def test_vectors_tell_categories_prices_and_items() -> None:
    items, made = shop(CATALOGUE)
    a, b, c, d = items.intern_all("abcd").tolist()
    x = made.vectors([[a], [b], [c], [d], [], [c, a], [a, c]], [[], [], [], [], [], [], [a, c]])

    def apart(i: int, j: int) -> float:
        return float(np.linalg.norm(x[i] - x[j]))

    assert apart(0, 1) < apart(0, 2), "shoes of one price are nearer than a dear hat"
    assert np.count_nonzero(x[3]) == 2, "of what no catalogue knows: the item, and how many"
    assert not x[4].any()
    assert apart(5, 0) < apart(6, 0), "the newer counts more"
    entries, purchases, fit, sentiment = x[:, -behaviour.HABITS :].T
    assert purchases[6] > 0 == purchases[5]
    assert entries[5] > entries[0] > 0
    assert not fit.any(), "nobody searched"
    assert sentiment[0] > 0 > sentiment[2], "a is well reviewed, c is not"
    assert sentiment[1] == 0, "nobody reviewed b"
    assert 0 > sentiment[6] > sentiment[2], "a was seen before c: both count, c more"


def test_what_a_search_found_counts_among_categories_as_far_as_it_fits() -> None:
    items, made = shop(CATALOGUE)
    a, _, c, _ = items.intern_all("abcd").tolist()
    recents = [[a], [a], [a], [c], []]
    searched = [((), ()), ([c], [0.2]), ([c], [1.0]), ((), ()), ([c], [1.0])]
    x = made.vectors(recents, (), searched)
    mixes = x[:, : behaviour.CATEGORY_BUCKETS]
    hat = mixes[3]
    assert mixes[0] @ hat < mixes[1] @ hat < mixes[2] @ hat < hat @ hat
    assert mixes[4] @ hat == pytest.approx(hat @ hat), "who only searched has that in mind"
    fits = x[:, -behaviour.HABITS + 2]
    assert fits[0] == fits[3] == 0 < fits[1] < fits[2] == fits[4]
    taken = slice(behaviour.CATEGORY_BUCKETS + behaviour.PRICE_BANDS, -behaviour.HABITS)
    assert np.array_equal(x[0, taken], x[2, taken]), "what was only found is not an item looked at"
    none = made.vectors([[a]], (), [([c], [0.0])])
    assert np.array_equal(none, x[:1]), "what does not fit at all"


def test_price_bands_double() -> None:
    assert [price_band(p) for p in (None, 0.0, -3.0, float("inf"))] == [0, 0, 0, 0]
    bands = [price_band(2.0**n) for n in range(-4, 20)]
    assert bands == sorted(bands)
    assert (bands[0], bands[-1]) == (1, behaviour.PRICE_BANDS - 1)
    assert price_band(5.0) == price_band(7.0) < price_band(9.0)


# -- clicks by group

clicks = st.lists(
    st.tuples(st.integers(-1, 3), st.integers(0, 6), st.integers(1000, 1030)), max_size=60
)


@given(clicks, st.integers(1, 9))
def test_clicks_of_groups_are_halved_by_the_hour_whatever_the_batches(
    seen: list[tuple[int, int, int]], size: int
) -> None:
    counts = GroupClicks(6.0, 100, 9)
    for start in range(0, len(seen), size):
        groups, items, hours = zip(*seen[start : start + size], strict=True)
        counts.add(groups, items, hours)
        if start % 2:
            counts.merge()
    keys, scores = counts.top()
    taken = [(g, i, h) for g, i, h in seen if g >= 0]
    newest = max((h for _, _, h in taken), default=0)
    naive: dict[tuple[int, int], float] = {}
    for group, item, hour in taken:
        key = group, item
        naive[key] = naive.get(key, 0.0) + 0.5 ** ((newest - hour) / 6.0)
    assert list(zip((keys >> 32).tolist(), (keys & 0xFFFFFFFF).tolist(), strict=True)) == sorted(
        naive
    )
    assert np.allclose(scores, [naive[key] for key in sorted(naive)])


def test_clicks_of_groups_are_bounded() -> None:
    counts = GroupClicks(6.0, 3, 9)
    for item in range(50):
        counts.add([1] * (item + 1), [item] * (item + 1), [7] * (item + 1))
        counts.merge()
    keys, scores = counts.top()
    assert (keys & 0xFFFFFFFF).tolist() == [47, 48, 49]
    assert scores.tolist() == [48.0, 49.0, 50.0]
    assert len(counts.keys) == 6


@given(
    st.lists(
        st.tuples(st.sampled_from("xyz"), st.integers(-1, 12), st.integers(0, 3)), max_size=60
    ),
    st.integers(1, 9),
)
def test_a_click_counts_for_the_groups_that_its_user_was_in_before(
    seen: list[tuple[str, int, int]], size: int
) -> None:
    counts = GroupClicks(6.0, 100, 9)
    for start in range(0, len(seen), size):
        users, groups, items = zip(*seen[start : start + size], strict=True)
        counts.see(users, groups, items, [5] * len(users))
    naive: dict[tuple[int, int], int] = {}
    for at, (user, _, item) in enumerate(seen):
        before = [group for who, group, _ in seen[:at] if who == user and group >= 0]
        for group in list(dict.fromkeys(reversed(before)))[:8]:
            naive[group, item] = naive.get((group, item), 0) + 1
    keys, scores = counts.top()
    found = zip((keys >> 32).tolist(), (keys & 0xFFFFFFFF).tolist(), scores.tolist(), strict=True)
    assert {(group, item): score for group, item, score in found} == naive


def test_users_whose_groups_are_remembered_are_bounded_and_can_be_forgotten() -> None:
    counts = GroupClicks(6.0, 100, 2)
    counts.see(["x", "y", "z"], [1, 1, 1], [0, 0, 0], [5, 5, 5])
    counts.forget("z")
    counts.see(["x", "y", "z"], [2, 2, 2], [7, 8, 9], [5, 5, 5])
    keys, _ = counts.top()
    assert keys.tolist() == [1 << 32 | 8], "x was silent longest, z was forgotten"


# -- the view


def test_few_clicks_of_a_group_give_way_to_what_everyone_clicks() -> None:
    items = ItemIndex()
    knowledge = Knowledge(items, RecommenderConfig(group_prior=1.0))
    names = [f"p{n}" for n in range(4)]
    model = GroupModel(
        1, behaviour.WIDTH, [5, 9], np.zeros((behaviour.WIDTH, 2), np.float32).tobytes(),
        np.array([0, 1], np.float32).tobytes(),
    )  # fmt: skip
    view = knowledge.user_groups
    view.apply([(MODEL_KEY, msgspec.msgpack.encode(ModelRecord(FORMAT_VERSION, model, b"")))])

    def clicks(key: bytes, hour: int, seen: list[tuple[int, int, float]]) -> None:
        groups, places, scores = zip(*seen, strict=True)
        record = GroupClicksRecord(
            FORMAT_VERSION, b"", hour, names, np.array(groups, np.int64).tobytes(),
            np.array(places, np.int32).tobytes(), np.array(scores, np.float32).tobytes(),
        )  # fmt: skip
        view.apply([(key, msgspec.msgpack.encode(record))])

    clicks(b"clicks/0", 100, [(5, 0, 60.0), (5, 1, 40.0), (9, 2, 1.0)])
    named = {group: [items.product_ids[i] for i in view.trending(group)] for group in (5, 9, 7)}
    # Shares of group 5: .6, .4; of group 9: 1; of everyone: .59, .40, .01.
    assert named == {5: ["p0", "p1", "p2"], 9: ["p2", "p0", "p1"], 7: []}
    # Six hours later another partition has as many clicks of another item as these are worth now.
    clicks(b"clicks/1", 106, [(5, 3, 40.0)])
    assert [items.product_ids[i] for i in view.trending(5)] == ["p3", "p0", "p1", "p2"]
    view.apply([(b"clicks/1", None)])
    assert [items.product_ids[i] for i in view.trending(5)] == ["p0", "p1", "p2"]
    assert view.assign([[0], [1, 2]], [(), ()]).tolist() == [9, 9]
    assert Knowledge(items, RecommenderConfig()).user_groups.assign([[0]], [()]).tolist() == [-1]


def test_a_sample_that_is_not_decomposed_or_not_finite_stops_nothing(monkeypatch) -> None:
    vectors, _ = people(1, 200)
    groups = learned(vectors)
    before = groups.ids.tolist()

    def fails(self, x):
        raise np.linalg.LinAlgError("SVD did not converge")

    with monkeypatch.context() as patched:
        patched.setattr(IncrementalPCA, "partial_fit", fails)
        groups.learn(people(2, 50)[0])
        assert groups.ids.tolist() == before
    broken = people(3, 50)[0]
    broken[7, 2] = np.inf
    groups.learn(broken)
    assert groups.users == 200 + 50 + 49
    assert np.isfinite(groups.reduced(vectors)).all()
    assert set(told(groups, vectors).tolist()) <= set(groups.ids.tolist())
