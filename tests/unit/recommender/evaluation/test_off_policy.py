"""Off-policy estimates: equal to sums written out, honest on shops whose click model is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from bench_off_policy import estimates
from hypothesis import given, settings
from hypothesis import strategies as st

from shopkeeper.services.recommender.core.ranking.exploration import chance_of, draw_of
from shopkeeper.services.recommender.evaluation.likelihood_intervals import (
    bartlett_factor,
    kish,
    likelihood_ratio,
    ratio_interval,
    student_quantile,
)
from shopkeeper.services.recommender.evaluation.off_policy import (
    CLICKED_MIN,
    USERS_MIN,
    Choices,
    Unsupported,
    estimate,
    share_weights,
)
from shopkeeper.shared.testing.logged_lists import Shop

LOGS = 200


@pytest.mark.parametrize(
    ("users", "share", "other"), [(400, 0.1, 0.0), (400, 0.1, 1.0), (150, 0.3, 0.6)]
)
def test_intervals_hold_the_true_value_in_95_of_100_logs(users, share, other):
    """Of 200 logs, from fixed seeds: intervals that hold it in 93 of 100 would pass one time in
    six, in 90 of 100 one time in eighty."""
    shop = Shop.random(1, share=share)
    truth = shop.truth(other)
    held = dict.fromkeys(("ips", "snips", "dr"), 0)
    for seed in range(1_000, 1_000 + LOGS):
        found = estimates(shop.log(users, seed), share, other)
        for name in held:
            interval = getattr(found, name)
            held[name] += interval.low <= truth <= interval.high
            assert interval.low <= interval.value <= interval.high
    assert min(held.values()) >= 0.95 * LOGS, held


def test_bartlett_s_factor_is_that_of_the_moments_written_out():
    """Of clicks of a share p, centred: skewness (1 - 2p) / s and kurtosis (1 - 3pq) / pq."""
    users, clicking = 200, 10
    p, q = clicking / users, 1 - clicking / users
    z = np.where(np.arange(users) < clicking, 1.0, 0.0) - p
    expected = 1 + ((1 - 3 * p * q) / (p * q) / 2 - (1 - 2 * p) ** 2 / (p * q) / 3) / users
    assert bartlett_factor(z) == pytest.approx(expected)
    assert bartlett_factor(7 * z) == pytest.approx(expected), "whatever the unit"
    assert bartlett_factor(np.zeros(5)) == 1.0
    few = np.where(np.arange(users) < 2, 1.0, 0.0)
    assert bartlett_factor(few - few.mean()) > expected > 1.0


def test_the_truth_is_what_a_long_log_of_that_policy_gets():
    for other in (0.0, 0.5, 1.0):
        shop = Shop.random(3, share=other)
        clicked = shop.log(200_000, 1).clicked
        assert clicked.mean() == pytest.approx(shop.truth(other), abs=0.004)


def test_intervals_are_no_wider_than_they_must_be():
    """An interval that is always 0 to 1 holds every truth: these also leave other values out."""
    shop = Shop.random(1, share=0.1)
    other = shop.truth(1.0) + 0.15
    missed = 0
    for seed in range(20):
        snips = estimates(shop.log(400, seed), 0.1, 1.0).snips
        missed += not snips.low <= other <= snips.high
    assert missed >= 18


def test_estimates_are_the_sums_written_out():
    shop = Shop.random(5, share=0.2)
    log = shop.log(200, 7)
    found = estimates(log, 0.2, 0.5)
    gains = weights = squares = 0.0
    for explored, propensity, clicked in zip(
        log.explored.tolist(), log.propensity.tolist(), log.clicked.tolist(), strict=True
    ):
        w = 1.0 if propensity == 1.0 else 0.5 / 0.2 if explored else 0.5 / 0.8
        gains += w * clicked
        weights += w
        squares += w * w
    assert found.ips.value == pytest.approx(gains / len(log.user))
    assert found.snips.value == pytest.approx(gains / weights)
    assert found.effective_lists == pytest.approx(weights**2 / squares)
    assert found.dr.value == pytest.approx(found.snips.value, abs=0.02)


def test_the_policy_of_the_log_is_estimated_by_its_mean():
    log = Shop.random(5, share=0.2).log(200, 7)
    found = estimates(log, 0.2, 0.2)
    assert found.ips.value == pytest.approx(log.clicked.mean())
    assert found.snips.value == pytest.approx(log.clicked.mean())
    assert found.weight_max == pytest.approx(1.0)


def test_dr_of_clicks_that_contexts_explain_is_narrower():
    chance = np.random.default_rng(1)
    user, context = np.arange(2000), chance.integers(0, 2, 2000)
    explored = chance.random(2000) < 0.2
    clicked = (chance.random(2000) < np.where(context, 0.95, 0.05)).astype(float)
    weight = share_weights(explored, np.zeros(2000, bool), 0.2, 1.0)
    chosen = np.tile([0.0, 1.0], (2000, 1))
    found = estimate(
        user, clicked, weight, Choices(np.eye(2)[context], explored.astype(np.int64), chosen)
    )
    width = {n: (i := getattr(found, n)).high - i.low for n in ("ips", "snips", "dr")}
    assert width["dr"] < 0.75 * min(width["ips"], width["snips"]), width


def users_of(count, clicking, weight=1.0):
    user = np.arange(count)
    return user, (user < clicking).astype(float), np.full(count, weight)


def test_a_log_without_support_is_refused_with_the_reason():
    with pytest.raises(Unsupported, match=f"only {USERS_MIN - 1} of"):
        estimate(*users_of(USERS_MIN - 1, 20))
    with pytest.raises(Unsupported, match=f"only {CLICKED_MIN - 1} users clicked"):
        estimate(*users_of(100, CLICKED_MIN - 1))
    with pytest.raises(Unsupported, match=r"weights' mean is 0\.500"):
        estimate(*users_of(100, 50, weight=0.5))
    nobody = np.zeros(3, bool)
    with pytest.raises(Unsupported, match="no drawn item"):
        share_weights(nobody, nobody, 0.0, 0.1)
    with pytest.raises(Unsupported, match="no ranked last item"):
        share_weights(~nobody, nobody, 1.0, 0.5)
    estimate(*users_of(USERS_MIN, CLICKED_MIN))


def test_one_user_many_times_is_worth_one_user():
    """Intervals over lists would shrink; those over users must not."""
    user, clicked, weight = users_of(100, 40)
    once = estimate(user, clicked, weight).snips
    often = estimate(np.repeat(user, 50), np.repeat(clicked, 50), np.repeat(weight, 50)).snips
    assert often.low == pytest.approx(once.low, abs=1e-4)
    assert often.high == pytest.approx(once.high, abs=1e-4)


def test_weights_by_propensity_are_those_of_the_draw():
    """The share of lists that draw an item, and which, are what the propensity says."""
    draws = [draw_of(chance_of(f"list-{n}"), 0.3, 4) for n in range(20_000)]
    explored = np.array([d.drawn is not None for d in draws])
    propensity = np.array([d.propensity for d in draws])
    assert explored.mean() == pytest.approx(0.3, abs=0.015)
    for item in range(4):
        assert np.mean([d.drawn == item for d in draws]) == pytest.approx(0.075, abs=0.01)
    assert set(np.round(propensity, 12)) == {0.7, 0.075}
    weight = share_weights(explored, np.zeros(len(draws), bool), 0.3, 1.0)
    assert weight.mean() == pytest.approx(1.0, abs=0.05)


# From the printed tables of Student's distribution.
@pytest.mark.parametrize(
    ("freedom", "quantile"), [(3, 3.1824), (5, 2.5706), (10, 2.2281), (30, 2.0423), (1e9, 1.96)]
)
def test_student_quantiles_are_the_tables(freedom, quantile):
    assert student_quantile(0.95, freedom) == pytest.approx(quantile, rel=2e-3)


def naive_likelihood_ratio(z):
    """By a fine search for the multiplier instead of Newton's steps."""
    z = [*z, -max(1.0, math.log(len(z)) / 2) * sum(z) / len(z)]
    low, high = -1 / max(z), -1 / min(z)
    for _ in range(200):
        middle = (low + high) / 2
        if sum(v / (1 + middle * v) for v in z) > 0:
            low = middle
        else:
            high = middle
    return 2 * sum(math.log1p(low * v) for v in z)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.floats(-5, 5).filter(lambda v: abs(v) > 1e-3), min_size=2, max_size=30))
def test_the_likelihood_ratio_is_that_of_a_slow_search(values):
    z = np.array(values)
    if abs(z.mean()) < 1e-3:
        return
    assert likelihood_ratio(z) == pytest.approx(naive_likelihood_ratio(values), rel=1e-4, abs=1e-6)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.floats(0.1, 3)), min_size=5, max_size=40))
def test_an_interval_holds_its_estimate_and_stays_within_bounds(pairs):
    m = np.array([weight for _, weight in pairs])
    y = m * np.array([hit for hit, _ in pairs])
    low, high = ratio_interval(y, m, worth=kish(m), level=0.95, bounds=(0.0, 1.0))
    assert 0.0 <= low <= y.sum() / m.sum() + 1e-6
    assert y.sum() / m.sum() - 1e-6 <= high <= 1.0
