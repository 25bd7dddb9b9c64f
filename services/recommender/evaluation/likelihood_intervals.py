"""Empirical-likelihood intervals of a ratio of sums over independent users.

The ratio sum(y) / sum(m) solves sum(y - r m) = 0. Owen's empirical likelihood ("Empirical
likelihood ratio confidence intervals for a single functional", Biometrika 1988) weighs users so
that the equation holds for another r, and keeps every r for which that is likely enough. Such
intervals are as lopsided as the data, which sums weighted by the inverse of small probabilities
always are; the usual interval, estimate and a multiple of the standard error to both sides, misses
the true value too often there. Four corrections for few users, or few who click:

- one made-up user opposite to the mean of the others, so that every r has weights at all and the
  likelihood falls less steeply (Chen, Variyath and Abraham, "Adjusted empirical likelihood and its
  properties", Journal of Computational and Graphical Statistics 2008);
- the square of Student's quantile in place of that of chi-squared (as Owen, "Empirical
  likelihood", 2001, section 3.2, advises for small samples);
- degrees of freedom by how many users the data are worth: Kish's effective number ("Survey
  sampling", 1965) of those who contribute;
- Bartlett's factor for the empirical likelihood of a mean (DiCiccio, Hall and Romano, "Empirical
  likelihood is Bartlett-correctable", Annals of Statistics 1991), by the skewness and kurtosis of
  what users contribute: where few click, both are large.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

NEWTON_STEPS, HALVINGS = 30, 50
TOLERANCE = 1e-10


def student_quantile(level: float, freedom: float) -> float:
    """The two-sided quantile of Student's distribution: |t| lies below it with probability `level`.

    freedom: degrees of freedom, from 3. By the Cornish-Fisher expansion (Abramowitz and Stegun,
    "Handbook of mathematical functions", 1964, 26.7.5): within 2 in 1,000 at 3, and soon far less.
    """
    z, v = NormalDist().inv_cdf((1 + level) / 2), freedom
    return (
        z
        + (z**3 + z) / (4 * v)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * v**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * v**3)
        + (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / (92160 * v**4)
    )


def kish(sizes: NDArray[np.float64]) -> float:
    """How many equal contributions these are worth: square of the sum over sum of the squares."""
    total = float((sizes**2).sum())
    return float(sizes.sum()) ** 2 / total if total else 0.0


def likelihood_ratio(z: NDArray[np.float64]) -> float:
    """-2 log of the adjusted empirical likelihood of a mean of 0.

    z: (users,) what each adds to the estimating equation. 0 where the mean is 0 already.
    """
    users = len(z)
    scale = float(np.abs(z).max(initial=0.0))
    mean = float(z.mean()) if users else 0.0
    if not scale or abs(mean) < TOLERANCE * scale:
        return 0.0
    z = np.append(z, -max(1.0, np.log(users) / 2) * mean) / scale
    # Weights 1 / (1 + multiplier z) are positive between these two.
    low, high = -1.0 / float(z.max()), -1.0 / float(z.min())
    multiplier = 0.0
    for _ in range(NEWTON_STEPS):
        part = z / (1.0 + multiplier * z)
        slope = float(part.sum())
        if slope > 0:
            low = multiplier  # the sum falls as the multiplier grows: its root lies above
        else:
            high = multiplier
        step = slope / float((part**2).sum())
        if abs(step) < TOLERANCE * (1.0 + abs(multiplier)):
            break
        ahead = multiplier + step
        multiplier = ahead if low < ahead < high else (low + high) / 2
    return 2.0 * float(np.log1p(multiplier * z).sum())


def bartlett_factor(z: NDArray[np.float64]) -> float:
    """By how much the likelihood ratio of a mean of 0 exceeds chi-squared, in expectation.

    z: (users,) with a mean of 0: 1 + (a4 / 2 - a3^2 / 3) / users, a3 and a4 its skewness and
    kurtosis. Never below 1.
    """
    variance = float((z**2).mean()) if len(z) else 0.0
    if variance <= 0.0:
        return 1.0
    skewness = float((z**3).mean()) / (variance * math.sqrt(variance))
    kurtosis = float((z**4).mean()) / variance**2
    return 1.0 + (kurtosis / 2 - skewness**2 / 3) / len(z)


def ratio_interval(
    y: NDArray[np.float64],
    m: NDArray[np.float64],
    *,
    worth: float,
    level: float,
    bounds: tuple[float, float],
) -> tuple[float, float]:
    """The r within `bounds` for which sum(y - r m) = 0 is likely enough.

    y, m: (users,) each; sum(m) > 0. worth: how many users the data are worth. level: for instance
    0.95.
    """
    estimate = float(y.sum() / m.sum())
    ratio = min(max(estimate, bounds[0]), bounds[1])
    limit = student_quantile(level, max(3.0, worth - 1.0)) ** 2 * bartlett_factor(y - estimate * m)
    return _end(y, m, limit, ratio, bounds[0]), _end(y, m, limit, ratio, bounds[1])


def _end(
    y: NDArray[np.float64], m: NDArray[np.float64], limit: float, inside: float, outside: float
) -> float:
    """Where, between the ratio and a bound, the likelihood ratio passes its limit."""
    if likelihood_ratio(y - outside * m) <= limit:
        return outside
    for _ in range(HALVINGS):
        middle = (inside + outside) / 2
        if likelihood_ratio(y - middle * m) <= limit:
            inside = middle
        else:
            outside = middle
        if abs(outside - inside) < 1e-7:
            break
    return outside
