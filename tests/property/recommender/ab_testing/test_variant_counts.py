"""Who is drawn where, and the ledger against its definition, however the log is cut."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from shopkeeper.services.recommender.config import RecommenderConfig
from shopkeeper.services.recommender.core.ab_testing.variants import (
    KINDS,
    Experiment,
    Variant,
    VariantCounts,
    parse,
    total_counts,
)
from shopkeeper.shared.contracts.envelope import Event
from shopkeeper.shared.contracts.events.shop import (
    OrderCompleted,
    OrderLine,
    ProductAdded,
    ProductClicked,
    UserErased,
)

START_MS = 1_700_000_000_000
PARTITION = 1
INTERVAL_MS = 10
VARIED = replace(RecommenderConfig(), list_interval_ms=INTERVAL_MS)
EXPERIMENT = Experiment("e", [Variant("a", 0.5, {}), Variant("b", 0.3, {}), Variant("c", 0.2, {})],
                        START_MS)  # fmt: skip
USERS = [f"u{n}" for n in range(20_000)]
names = st.text(st.sampled_from("abcdefgh-_.019"), min_size=1, max_size=32)
IMPROBABLE = 1e-7


# -- assignment


@given(names, st.lists(st.integers(1, 9), min_size=2, max_size=8))
@settings(max_examples=20)
def test_every_variant_gets_its_share_of_the_users(name, weights):
    shares = [weight / sum(weights) for weight in weights]
    experiment = Experiment(name, [Variant(f"v{n}", s, {}) for n, s in enumerate(shares)])
    drawn = np.bincount([experiment.variant_of(u) for u in USERS], minlength=len(shares))
    assert stats.chisquare(drawn, np.array(shares) * len(USERS)).pvalue > IMPROBABLE


@given(names, names)
@settings(max_examples=20)
def test_experiments_of_different_names_are_drawn_independently(one, other):
    both = [Experiment(name, EXPERIMENT.variants) for name in (one, other)]
    table = np.zeros((3, 3), np.int64)
    for user in USERS:
        table[both[0].variant_of(user), both[1].variant_of(user)] += 1
    if one == other:
        assert np.count_nonzero(table) == 3
    else:
        assert stats.chi2_contingency(table).pvalue > IMPROBABLE


@given(names, st.text(min_size=1, max_size=20), st.floats(0.01, 0.99))
def test_who_was_in_a_variant_stays_in_it_while_it_grows(name, user, share):
    def variant(first):
        return Experiment(name, [Variant("a", first, {}), Variant("b", 1 - first, {})]).variant_of(
            user
        )

    if variant(share) == 0:
        assert variant(min(0.999, share + 0.1)) == 0


def test_a_draw_never_changes_from_version_to_version():
    """Workers of two versions run side by side during an update."""
    experiment = Experiment("blend-vs-cf", [Variant("a", 0.5, {}), Variant("b", 0.5, {})])
    drawn = "".join(str(experiment.variant_of(user)) for user in ["u-1", "u-2", "用户", *USERS[:9]])
    assert drawn == "011001010101"


# -- counts

KINDS_OF_EVENT = ("click", "add", "order", "erased")


def event(offset: int, user: str, kind: str, time_ms: int, recomm_id: str | None) -> Event:
    who = {"user_id": user, "recomm_id": recomm_id}
    if kind == "click":
        suffix, data = "product.clicked.v1", ProductClicked(product_id="p", **who)
    elif kind == "add":
        suffix, data = "product.added.v1", ProductAdded(product_id="p", **who)
    elif kind == "order":
        lines = [OrderLine(product_id="p")]
        suffix, data = "order.completed.v1", OrderCompleted(order_id="o", products=lines, **who)
    else:
        suffix, data = "user.erased.v1", UserErased(user_id=user)
    return Event(suffix, data, user.encode(), offset, time_ms, f"e{offset}", "", "")


def list_id(offset: Any, partition: int = PARTITION, topic: str = "shop.clicks.v1") -> str:
    return f"{topic}/{partition}/{offset}/recommendations.updated.v1/0"


OF_A_SEARCH = list_id(10**6, topic="shop.searches.v1")  # may well be ahead of the clicks
junk_ids = st.sampled_from(
    ["", "x", list_id(""), list_id("-1"), list_id("1.0"), list_id(" 1"), list_id("٣"),
     list_id("9" * 5000), list_id(3, PARTITION + 1), list_id(3, 11),
     list_id(3, PARTITION + 1, "shop.searches.v1"), list_id("x", topic="shop.searches.v1"),
     "shop.clicks.v1/1/3/trending.updated.v1/0",
     "shop.clicks.v1/1/3", list_id("3/3")]
)  # fmt: skip


# An echo of this event itself, of one so many before it, or something that is no list of theirs.
echoes = st.one_of(st.none(), st.integers(0, 4), st.just(OF_A_SEARCH), junk_ids)


@st.composite
def logs(draw):
    rows = draw(
        st.lists(
            st.tuples(
                st.sampled_from(["u", "v", "w"]),
                st.sampled_from([*KINDS_OF_EVENT[:3] * 3, "erased"]),
                st.integers(1, 3),  # of offsets
                st.integers(-15, 30),  # of milliseconds: logs are not in order of time
                echoes,
            ),
            max_size=30,
        )
    )
    found: list[Event] = []
    offset, time_ms = 0, START_MS - 15
    for user, kind, step, later, echoed in rows:
        offset, time_ms = offset + step, time_ms + later
        if isinstance(echoed, int):
            offsets = [offset, *(e.offset for e in reversed(found))]
            echoed = list_id(offsets[min(echoed, len(found))])
        found.append(event(offset, user, kind, time_ms, echoed))
    return found


def by_definition(log: list[Event]) -> tuple[list[list[int]], int]:
    """Counts from the whole log at once: a user's life ends with its erasure."""
    lives: dict[tuple[str, int], list[Event]] = {}
    erased = dict.fromkeys("uvw", 0)
    for each in log:
        user = each.data.user_id
        if each.type == "user.erased.v1":
            erased[user] += 1
        elif each.time_ms >= START_MS:
            lives.setdefault((user, erased[user]), []).append(each)
    counts = [[0] * len(KINDS) for _ in EXPERIMENT.variants]
    unattributed = 0
    for (user, _), life in lives.items():
        valid = {list_id(o): o for o in range(life[0].offset, life[-1].offset)} | {OF_A_SEARCH: -1}
        attributed = [e for e in life if valid.get(e.data.recomm_id, e.offset) < e.offset]
        types = [e.type for e in attributed]
        unattributed += sum(e.data.recomm_id is not None for e in life) - len(attributed)
        lists, last = 0, None
        for each in life:
            if last is None or abs(each.time_ms - last) >= INTERVAL_MS:
                lists, last = lists + 1, each.time_ms
        clicks, adds, orders = (
            types.count(t) for t in ("product.clicked.v1", "product.added.v1", "order.completed.v1")
        )
        row = counts[EXPERIMENT.variant_of(user)]
        for column, count in enumerate(
            (1, clicks > 0, orders > 0, lists, clicks, adds, orders)
        ):  # in the order of KINDS
            row[column] += count
    return counts, unattributed


@given(logs(), st.lists(st.integers(0, 30)), st.lists(st.integers(0, 30)))
@settings(max_examples=300)
def test_the_ledger_is_its_definition_however_cut_and_restored(log, cuts, restarts):
    whole = VariantCounts(EXPERIMENT, VARIED, PARTITION)
    whole.learn(log)
    assert (whole.counts, whole.unattributed) == by_definition(log)
    parts = VariantCounts(EXPERIMENT, VARIED, PARTITION)
    bounds = sorted({0, len(log), *(min(c, len(log)) for c in (*cuts, *restarts))})
    for start, end in pairwise(bounds):
        if start in restarts:
            packed, parts = parts.snapshot(), VariantCounts(EXPERIMENT, VARIED, PARTITION)
            parts.restore(packed)
            assert parts.snapshot() == packed
        parts.learn(log[start:end])
    assert parts.snapshot() == whole.snapshot()


@given(logs())
def test_partitions_add_up(log):
    all_counts = [VariantCounts(EXPERIMENT, VARIED, PARTITION) for _ in range(2)]
    for each, user in zip(all_counts, ("u", "v"), strict=True):
        each.learn([e for e in log if e.data.user_id == user])
    both = VariantCounts(EXPERIMENT, VARIED, PARTITION)
    both.learn([e for e in log if e.data.user_id in ("u", "v")])
    assert (total_counts(EXPERIMENT, all_counts) == total_counts(EXPERIMENT, [both])).all()


@given(st.dictionaries(names, st.integers(1, 100), min_size=2, max_size=8))
def test_any_well_formed_experiment_is_read(weights):
    total = sum(weights.values())
    told = ",".join(f'"{n}":{{"share":{w / total!r}}}' for n, w in weights.items())
    experiment = parse(f'{{"name":"x","variants":{{{told}}}}}')
    assert [v.name for v in experiment.variants] == list(weights)
    assert sum(v.share for v in experiment.variants) == pytest.approx(1)
