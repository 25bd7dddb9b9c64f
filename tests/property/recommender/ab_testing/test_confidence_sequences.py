"""Intervals that hold at all times: the boundary by its definition, and simulated A/B tests."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, optimize, stats

from shopkeeper.services.recommender.core.ab_testing.confidence_sequences import (
    ALPHA,
    USERS_MIN,
    against_first,
    boundary,
    difference,
    rho_for,
)
from shopkeeper.services.recommender.core.ab_testing.variants import (
    CLICKED,
    CONVERTED,
    EXPOSED,
    KINDS,
)
from shopkeeper.shared.testing.experiments import peeked_z_excludes, simulate

STREAMS, USERS = 500, 5_000
# Of 500 streams so many may exclude 0 by bad luck alone (one chance in 10,000) if alpha is right.
MARGIN = stats.binom.ppf(0.9999, STREAMS, ALPHA) / STREAMS


@given(
    users=st.integers(1, 10**7),
    rho=st.floats(1e-3, 10.0),
    alpha=st.sampled_from([0.001, 0.05, 0.2]),
)
def test_the_boundary_is_where_the_normal_mixture_reaches_one_by_alpha(users, rho, alpha):
    """Ville: a martingale that starts at 1 exceeds 1 / alpha with probability alpha at most."""
    total = float(boundary(np.array([users]), rho, alpha)[0]) * np.sqrt(users)  # of unit variance
    # exp(l S - l^2 t / 2) times the density of l, which is normal with deviation rho.
    peak = total / (users + rho**-2)
    width = 1.0 / np.sqrt(users + rho**-2)
    height = peak * total - peak**2 * users / 2 - peak**2 / (2 * rho**2)

    def mixed(offset):
        at = peak + width * offset
        return np.exp(at * total - at**2 * users / 2 - at**2 / (2 * rho**2) - height)

    area = integrate.quad(mixed, -12, 12)[0] * width / (rho * np.sqrt(2 * np.pi))
    assert np.log(area) + height == pytest.approx(np.log(1 / alpha), rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("users", [500, 10_000, 10**6])
def test_rho_makes_the_boundary_about_narrowest_where_it_was_asked_to(users):
    def at(log_rho):
        return float(boundary(np.array([users]), float(np.exp(log_rho)), ALPHA)[0])

    best = optimize.minimize_scalar(at, bounds=(-15, 5), method="bounded").fun
    assert at(np.log(rho_for(users, ALPHA))) <= best * 1.001


NO_DIFFERENCE = {
    "even": {"rate": 0.05},
    "rare": {"rate": 0.01},
    "frequent": {"rate": 0.3},
    "a tenth in the other variant": {"rate": 0.02, "share": 0.1},
    "few in the other variant, and rare": {"rate": 0.02, "share": 0.03},
    "most in the other variant": {"rate": 0.05, "share": 0.9},
    "success comes late": {"rate": 0.05, "delay_mean": 1_000.0},
}


@pytest.mark.parametrize("case", NO_DIFFERENCE.values(), ids=NO_DIFFERENCE.keys())
def test_without_a_difference_it_is_hardly_ever_excluded_however_often_one_looks(case):
    found = simulate(STREAMS, USERS, case["rate"], **case)
    _, low, high = difference(*found)
    ever = ((low > 0) | (high < 0)).any(axis=1)
    assert ever.mean() <= MARGIN
    # Why the usual interval will not do: it misleads whoever looks after every event.
    assert peeked_z_excludes(found, USERS_MIN).mean() > 2 * MARGIN


@pytest.mark.parametrize("delay_mean", [0.0, 1_000.0])
def test_a_real_lift_is_found_and_covered(delay_mean):
    found = simulate(STREAMS, USERS, 0.05, 0.08, delay_mean=delay_mean)
    estimate, low, high = difference(*found)
    assert (low > 0).any(axis=1).mean() > 0.8
    assert not (high < 0).any(axis=1).mean() > MARGIN
    assert abs(estimate[:, -1].mean() - 0.03) < 0.002
    if not delay_mean:
        outside = ((low > 0.03) | (high < 0.03)).any(axis=1)
        assert outside.mean() <= MARGIN


counts = st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)).map(sorted)


@given(st.lists(counts, min_size=2, max_size=8))
def test_any_counts_give_bounds_around_the_estimate_and_hold_together(sides):
    table = np.zeros((len(sides), len(KINDS)), np.int64)
    for row, (successes, users) in zip(table, sides, strict=True):
        row[EXPOSED], row[CLICKED], row[CONVERTED] = users, successes, successes
    rates, found = against_first(table, "click")
    for number, (successes, users) in enumerate(sides):
        assert (
            rates[number] == pytest.approx(successes / users) if users else np.isnan(rates[number])
        )
    for bounds in zip(*found, strict=True):
        estimate, low, high = (float(b) for b in bounds)
        assert -1.0 <= low <= high <= 1.0
        assert np.isnan(estimate) or low <= estimate <= high
    one = difference(table[1, EXPOSED], table[1, CLICKED], table[0, EXPOSED], table[0, CLICKED])
    assert found.low[0] <= one.low, "more comparisons, wider each"
    assert found.high[0] >= one.high
    early = np.minimum(table[1:, EXPOSED], table[0, EXPOSED]) < USERS_MIN
    assert (found.low[early] == -1).all()
    assert (found.high[early] == 1).all()
