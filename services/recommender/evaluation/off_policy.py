"""Off-policy estimates: what share of lists would be clicked, had another policy made them.

Lists explore (core/ranking/exploration.py): with a known probability the last item is drawn. What
is logged with each list is p, the probability with which its last item came to stand there; how
probable the same list is under another policy is q; the list's weight is w = q / p, and r is 1 if
it was clicked, else 0. For n lists

  IPS   = sum(w r) / n          (Horvitz and Thompson, JASA 1952; Bottou et al., "Counterfactual
                                reasoning and learning systems", JMLR 2013)
  SNIPS = sum(w r) / sum(w)     (Swaminathan and Joachims, "The self-normalized estimator for
                                counterfactual learning", NIPS 2015)
  DR    = sum(v + w (r - m)) / n    (Dudik, Langford and Li, "Doubly robust policy evaluation and
                                learning", ICML 2011)

where m is what a model predicts of the list and v the mean of m under the other policy. IPS is
unbiased as long as p > 0 wherever q > 0; SNIPS forgives weights that do not add up to n; DR
subtracts what a model foresees. Users come again, and their lists are alike: each sum is of users,
who are independent, and intervals are those of `likelihood_intervals.py` over users.

A policy that shows what the log could never have shown cannot be estimated: it is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .likelihood_intervals import kish, ratio_interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

# What is called a 95 % interval is made for 96 %: of 60 to 100 users, intervals made for 95 % hold
# the truth in 94 to 95 of 100 logs (benchmarks/bench_off_policy.py).
LEVEL = 0.96
USERS_MIN = 30  # with a list that the policy could have made
CLICKED_MIN = 10  # users among them who clicked on such a list
WEIGHT_Z_MAX = 4.0  # standard errors by which the mean weight may miss 1
FOLDS = 2  # of users, for DR: who is predicted is not learned from
RIDGE = 1.0


class Unsupported(ValueError):
    """The log does not support an estimate of this policy; the message says why."""


class Choices(NamedTuple):
    """What DR predicts from. contexts: (lists, numbers) what was known before the list was made.
    made: (lists,) which choice, from 0, the list is of. chosen: (lists, choices) how probable each
    is under the policy."""

    contexts: NDArray[np.float64]
    made: NDArray[np.int64]
    chosen: NDArray[np.float64]


class Interval(NamedTuple):
    """An estimate of the share of lists that are clicked, with its 95 % interval over users."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Estimates:
    """What a policy would have got. effective_lists: how many lists made by the policy itself the
    weighted ones are worth (Kish); weight_mean: 1 in expectation."""

    lists: int
    users: int
    supported_lists: int  # that the policy could have made
    supported_users: int
    effective_lists: float
    weight_mean: float
    weight_max: float
    ips: Interval
    snips: Interval
    dr: Interval | None


def share_weights(
    explored: NDArray[np.bool_], forced: NDArray[np.bool_], share: float, other: float
) -> NDArray[np.float64]:
    """(lists,) weights of the policy that explores a share `other` of its lists.

    explored: whether the last item was drawn. forced: whether there was nothing to draw; such a
    list is the same under both. share: that the log was made by. Raises Unsupported where it lacks
    what the other policy makes.
    """
    if other > 0.0 and share <= 0.0:
        raise Unsupported(
            "the log holds no drawn item: nothing tells what exploring would have got"
        )
    if other < 1.0 and share >= 1.0:
        raise Unsupported("the log holds no ranked last item: every one was drawn")
    drawn = other / share if share > 0.0 else 0.0
    ranked = (1.0 - other) / (1.0 - share) if share < 1.0 else 0.0
    return np.where(explored, drawn, np.where(forced, 1.0, ranked))


def estimate(
    user: NDArray[np.int64],
    clicked: NDArray[np.float64],
    weight: NDArray[np.float64],
    choices: Choices | None = None,
    level: float = LEVEL,
) -> Estimates:
    """IPS, SNIPS and, of choices, DR; with intervals that hold the truth with probability `level`.

    user: (lists,) numbers, any. clicked: (lists,) 0 or 1. weight: (lists,) q / p. Raises
    Unsupported where the log is too thin for an interval that can be believed, or where its weights
    contradict its propensities.
    """
    of, numbers = np.unique(user, return_inverse=True)

    def by_user(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.bincount(numbers, values, len(of)).astype(np.float64)

    lists, weights = by_user(np.ones(len(weight))), by_user(weight)
    gains, supported = by_user(weight * clicked), by_user((weight > 0).astype(np.float64))
    _check(lists, weights, gains, supported)
    worth = kish(weights)
    dr = None
    if choices is not None:
        made = _doubly_robust(numbers, clicked, weight, choices)
        dr = _interval(by_user(made), lists, worth, level)
    return Estimates(
        lists=len(weight),
        users=len(of),
        supported_lists=int(supported.sum()),
        supported_users=int((supported > 0).sum()),
        effective_lists=kish(weight),
        weight_mean=float(weight.mean()),
        weight_max=float(weight.max()),
        ips=_interval(gains, lists, worth, level),
        snips=_interval(gains, weights, worth, level),
        dr=dr,
    )


def _check(
    lists: NDArray[np.float64],
    weights: NDArray[np.float64],
    gains: NDArray[np.float64],
    supported: NDArray[np.float64],
) -> None:
    """All by user. Raises Unsupported."""
    users, clicking = int((supported > 0).sum()), int((gains > 0).sum())
    if users < USERS_MIN:
        raise Unsupported(
            f"only {users} of {len(lists)} users have a list that the policy could have made; an "
            f"interval needs {USERS_MIN}"
        )
    if clicking < CLICKED_MIN:
        raise Unsupported(
            f"only {clicking} users clicked on a list that the policy could have made; an interval "
            f"needs {CLICKED_MIN}"
        )
    missed = weights - lists
    error = float(np.sqrt((missed**2).sum()))
    if abs(float(missed.sum())) > WEIGHT_Z_MAX * error:
        raise Unsupported(
            f"the weights' mean is {weights.sum() / lists.sum():.3f}, where 1 is expected, "
            f"{abs(missed.sum()) / error:.1f} standard errors off: the policy makes lists that the "
            "log could not have held, or the propensities are not those of the log"
        )


def _interval(
    y: NDArray[np.float64], m: NDArray[np.float64], worth: float, level: float
) -> Interval:
    """Of sum(y) / sum(m), by user. worth: how many users the weights are worth."""
    value = float(np.clip(y.sum() / m.sum(), 0.0, 1.0))
    return Interval(value, *ratio_interval(y, m, worth=worth, level=level, bounds=(0.0, 1.0)))


def _doubly_robust(
    user: NDArray[np.int64],
    clicked: NDArray[np.float64],
    weight: NDArray[np.float64],
    choices: Choices,
) -> NDArray[np.float64]:
    """(lists,) what each adds to DR's sum. Of each choice a ridge regression (Hoerl and Kennard,
    Technometrics 1970) predicts clicks, learned from the other fold's users alone, so that no list
    is predicted by its own click (Chernozhukov et al., "Double/debiased machine learning for
    treatment and structural parameters", Econometrics Journal 2018)."""
    contexts, made, chosen = choices
    predicted = np.zeros(chosen.shape)
    fold = user % FOLDS
    for number in range(FOLDS):
        apart, within = fold != number, fold == number
        for choice in range(chosen.shape[1]):
            learned = apart & (made == choice)
            predicted[within, choice] = _ridge(
                contexts[learned], clicked[learned], contexts[within]
            )
    foreseen = (chosen * predicted).sum(axis=1)
    own = predicted[np.arange(len(made)), made]
    value: NDArray[np.float64] = foreseen + weight * (clicked - own)
    return value


def _ridge(
    x: NDArray[np.float64], y: NDArray[np.float64], to: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(lists,) predictions for contexts `to`; the mean is not shrunk, and alone without lists."""
    if not len(y):
        return np.zeros(len(to))
    middle, mean = x.mean(axis=0), float(y.mean())
    centred = x - middle
    gram = centred.T @ centred + RIDGE * np.eye(x.shape[1])
    slope = np.linalg.solve(gram, centred.T @ (y - mean))
    return np.asarray(np.clip(mean + (to - middle) @ slope, 0.0, 1.0))
