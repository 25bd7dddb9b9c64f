"""Accuracy and exposure by group: figures as a naive look has them, and who is pooled."""

from __future__ import annotations

import math
import random
from collections import defaultdict
from statistics import fmean

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopkeeper.services.recommender.evaluation.group_fairness import (
    GROUP_USERS_MIN,
    NONE,
    POOL,
    Shown,
    as_dict,
    by_group,
    disparity,
    rate,
)

VISITS = np.array([50, 40, 30, 20, 10, 9, 8, 7, 6, 0], np.int64)


def lists_of(chance: random.Random, sizes: dict[str, int]) -> list[Shown]:
    found = []
    user = 0
    for group, users in sizes.items():
        for _ in range(users):
            for _ in range(chance.randrange(1, 4)):
                items = chance.sample(range(len(VISITS) + 2), 3)
                hit = chance.choice((None, True, False))
                clicked, predicted = chance.random() < 0.2, chance.choice((None, True, False))
                found.append(Shown(user, group, items, hit, clicked, predicted))
            user += 1
    chance.shuffle(found)
    return found


def naive(lists: list[Shown], group: str) -> dict[str, float | None]:
    """Plain Python, user by user."""
    per_user = defaultdict(list)
    for each in lists:
        if each.group == group:
            per_user[each.user].append(each)
    by_rank = sorted(range(len(VISITS)), key=lambda i: (-VISITS[i], i))

    def over_users(of) -> float | None:
        values = []
        for some in per_user.values():
            told = [v for v in (of(each) for each in some) if v is not None]
            if told:
                values.append(fmean(told))
        return fmean(values) if values else None

    def share(wanted):
        def of(each):
            known = [i for i in each.items if i < len(VISITS)]
            return fmean(wanted(i) for i in known) if known else None

        return of

    return {
        "users": len(per_user),
        "hit": over_users(lambda each: each.hit),
        "clicked": over_users(lambda each: each.clicked),
        "predicted": over_users(lambda each: each.predicted),
        "popularity": over_users(share(lambda i: float(VISITS[i]))),
        "head": over_users(share(lambda i: by_rank.index(i) < 1)),
        "tail": over_users(share(lambda i: by_rank.index(i) >= 5)),
        "coverage": len(
            {i for some in per_user.values() for e in some for i in e.items if i < len(VISITS)}
        )
        / len(VISITS),
    }


@given(st.integers(0, 10_000))
@settings(max_examples=15, deadline=None)
def test_the_figures_are_those_of_a_naive_look(seed: int) -> None:
    sizes = {"a": 60, "b": 50, "": 45}
    lists = lists_of(random.Random(seed), sizes)
    found = by_group(lists, VISITS)
    assert [group.name for group in found.groups] == ["a", "b", NONE]
    for group in found.groups:
        plain = naive(lists, "" if group.name == NONE else group.name)
        for what in ("hit", "clicked", "predicted", "popularity", "head", "tail"):
            interval = getattr(group, what)
            assert interval.value == pytest.approx(plain[what]), what
            assert interval.low <= interval.value <= interval.high
        assert group.users == plain["users"]
        assert group.coverage == pytest.approx(plain["coverage"])
    hits = [group.hit.value for group in found.groups if group.hit]
    assert found.hit is not None
    assert found.hit.ratio == pytest.approx(min(hits) / max(hits))


@given(st.dictionaries(st.sampled_from("abcdefghijklmnopqrst"), st.integers(1, 60)))
@settings(max_examples=60, deadline=None)
def test_no_group_and_no_remainder_is_of_few_users(sizes: dict[str, int]) -> None:
    """Nor is what is left when the groups shown are taken from the whole."""
    lists = lists_of(random.Random(1), sizes)
    found = by_group(lists, VISITS)
    total = sum(sizes.values())
    if total < GROUP_USERS_MIN:
        assert found.groups == ()
        return
    assert all(group.users >= GROUP_USERS_MIN for group in found.groups)
    for group in found.groups:
        told = (group.hit, group.clicked, group.predicted, group.popularity, group.head, group.tail)
        assert all(each is None or each.users >= GROUP_USERS_MIN for each in told)
    assert sum(group.users for group in found.groups) == total
    names = [group.name for group in found.groups]
    assert names.count(POOL) == (1 if found.pooled else 0)
    assert found.pooled == len(sizes) - sum(name != POOL for name in names)


def test_a_rate_has_wilsons_interval() -> None:
    found = rate(np.array([1.0] * 8 + [0.0] * 12))
    assert found is not None
    # Newcombe's method 3 by hand: 8 of 20.
    assert found.low == pytest.approx(0.2188, abs=1e-4)
    assert found.high == pytest.approx(0.6134, abs=1e-4)
    nobody = rate(np.zeros(20))
    assert nobody is not None
    assert nobody.high == pytest.approx(3.8416 / 23.8416, abs=1e-3)  # not empty
    assert rate(np.array([math.nan])) is None
    # Users whose lists all do alike tell more than one trial each, but no more than their lists.
    alike = rate(np.full(20, 0.4), trials=2_000)
    assert alike is not None
    assert alike.high - alike.low == pytest.approx(2 * 1.96 * math.sqrt(0.24 / 2_000), rel=0.01)
    assert alike.users == 20


def test_intervals_of_rates_hold_the_truth_as_often_as_they_say() -> None:
    """40 users, 5 lists each, users unlike each other (beta of mean 0.3)."""
    chance = np.random.default_rng(2)
    inside = 0
    for _ in range(400):
        users = chance.binomial(5, chance.beta(1.5, 3.5, 40)) / 5
        found = rate(users, trials=200)
        assert found is not None
        inside += found.low <= 0.3 <= found.high
    assert inside / 400 > 0.92


def test_a_disparity_is_told_from_chance() -> None:
    chance = np.random.default_rng(3)
    group = np.repeat([0, 1], 200)
    apart = disparity((chance.random(400) < np.where(group, 0.3, 0.6)).astype(float), group)
    assert apart is not None
    assert apart.ratio < apart.by_chance < 1
    alike = [disparity((chance.random(400) < 0.5).astype(float), group) for _ in range(20)]
    beyond = sum(each is not None and each.ratio < each.by_chance for each in alike)
    assert beyond <= 4  # one in twenty is by chance
    assert disparity(np.ones(30), np.zeros(30, np.int64)) is None
    assert disparity(np.zeros(60), np.repeat([0, 1], 30)) is None
    # Of the second group only ten users tell.
    few = np.where(np.arange(60) < 40, 1.0, np.nan)
    assert disparity(few, np.repeat([0, 1], 30)) is None


def test_as_json() -> None:
    lists = lists_of(random.Random(1), {"a": 30, "b": 3, "c": 18})
    found = as_dict(by_group(lists, VISITS))
    assert list(found["groups"]) == ["a", f"fewer than {GROUP_USERS_MIN} users"]
    assert len(found["groups"]["a"]["hit"]) == 3
    assert 0 <= found["disparity"]["clicked"][0] <= 1
    assert "hit" not in found["disparity"]  # of the pool too few tell
