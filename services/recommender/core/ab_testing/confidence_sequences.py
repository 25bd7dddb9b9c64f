"""Intervals for the difference of two rates that hold at all times at once: look when you like.

An asymptotic confidence sequence (Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas: "Time-uniform
central limit theory and asymptotic confidence sequences", Annals of Statistics, 2024; with the
boundary of Robbins' normal mixture): after t independent users, with s the estimated standard
deviation of one user's influence on the estimate, the interval is the estimate plus and minus

    s * sqrt(2 (t rho^2 + 1) / (t^2 rho^2) * log(sqrt(t rho^2 + 1) / alpha)).

In a randomised experiment the difference of two sample means is such an average; s^2 / t is the
sum of the two means' variances. The probability that the truth is EVER outside is about alpha,
counted from the first look on: a look is refused before each side has `USERS_MIN` users, where the
normal approximation is not to be trusted. Of the variances by each side's own rate and by the rate
of both the larger is used, which is wider than the paper's where a side is small.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .variants import CLICKED, CONVERTED, EXPOSED

if TYPE_CHECKING:
    from numpy.typing import NDArray

ALPHA = 0.05
USERS_MIN = 100  # of each side, before the first look
USERS_PLANNED = 10_000  # of both sides: where the intervals are narrowest, by the choice of rho
OUTCOMES = {"click": CLICKED, "conversion": CONVERTED}  # name -> column of the counts


def rho_for(users: float, alpha: float) -> float:
    """The mixture's rho with which the boundary is close to its narrowest at so many users
    (the paper's appendix on the choice of rho; narrowest at any other number costs little)."""
    length = -2.0 * np.log(alpha)
    return float(np.sqrt((length + np.log(length + 1.0)) / users))


def boundary(users: NDArray[np.int64], rho: float, alpha: float) -> NDArray[np.float64]:
    """By how many standard errors the estimate may stray. users: (any shape,), positive."""
    scaled = users * rho**2
    found: NDArray[np.float64] = np.sqrt(
        2.0 * (scaled + 1.0) / scaled * np.log(np.sqrt(scaled + 1.0) / alpha)
    )
    return found


class Difference(NamedTuple):
    """A rate minus another, and its confidence sequence; arrays of one shape."""

    estimate: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def difference(
    users: NDArray[np.int64],
    successes: NDArray[np.int64],
    users_first: NDArray[np.int64],
    successes_first: NDArray[np.int64],
    alpha: float = ALPHA,
) -> Difference:
    """The rate of successes among users minus that of the first variant; all of one shape.

    Where either has no users the estimate is nan; before the first look the interval is -1 to 1.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        estimate = successes / users - successes_first / users_first
    together = np.maximum(users + users_first, 1)
    apart = _variance(users, successes, users) + _variance(
        users_first, successes_first, users_first
    )
    # A small side with few successes by bad luck also looks certain of it; with the rate of both
    # sides, which is right where they do not differ, it does not.
    both = successes + successes_first
    pooled = _variance(together, both, users) + _variance(together, both, users_first)
    error = np.sqrt(np.maximum(apart, pooled))
    radius = error * boundary(together, rho_for(USERS_PLANNED, alpha), alpha)
    early = np.minimum(users, users_first) < USERS_MIN
    # A difference of rates is within -1 and 1 whatever happens.
    low = np.where(early, -1.0, np.maximum(estimate - radius, -1.0))
    high = np.where(early, 1.0, np.minimum(estimate + radius, 1.0))
    return Difference(estimate, low, high)


def _variance(
    users: NDArray[np.int64], successes: NDArray[np.int64], averaged: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Of a mean of yes and no over `averaged` users, with the rate of successes among `users`; one
    of each added, or no success yet would claim certainty."""
    rate = (successes + 1.0) / (users + 2.0)
    found: NDArray[np.float64] = rate * (1.0 - rate) / np.maximum(averaged, 1)
    return found


def against_first(
    counts: NDArray[np.int64], outcome: str, alpha: float = ALPHA
) -> tuple[NDArray[np.float64], Difference]:
    """Rates of every variant, and the differences of all but the first to the first.

    counts: (variants, KINDS). outcome: of OUTCOMES. Returns (variants,) rates, nan without users,
    and (variants - 1,) differences; alpha is shared out among them (Bonferroni), so that all
    hold together.
    """
    users, successes = counts[:, EXPOSED], counts[:, OUTCOMES[outcome]]
    with np.errstate(divide="ignore", invalid="ignore"):
        rates: NDArray[np.float64] = successes / users
    others = len(counts) - 1
    first_users, first_successes = np.repeat(users[:1], others), np.repeat(successes[:1], others)
    found = difference(users[1:], successes[1:], first_users, first_successes, alpha / others)
    return rates, found
