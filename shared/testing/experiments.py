"""Simulated A/B tests: users come one by one, some succeed, and somebody looks all the time."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Streams(NamedTuple):
    """Running counts, each (streams, looks): one look after every arrival and every success."""

    users: NDArray[np.int64]
    successes: NDArray[np.int64]
    users_first: NDArray[np.int64]
    successes_first: NDArray[np.int64]


def simulate(
    streams: int,
    users: int,
    rate_first: float,
    rate: float,
    share: float = 0.5,
    delay_mean: float = 0.0,
    seed: int = 1,
) -> Streams:
    """Independent streams of `users` arrivals each.

    rate_first, rate: how likely a user of the first and of the other variant succeeds. share: of
    the other variant. delay_mean: arrivals that pass between a user's own and the success, mean of
    an exponential distribution; 0 is at once.
    """
    chance = np.random.default_rng(seed)
    other = chance.random((streams, users)) < share
    succeeds = chance.random((streams, users)) < np.where(other, rate, rate_first)
    arrival = np.broadcast_to(np.arange(users, dtype=np.float64), (streams, users))
    wait = chance.exponential(delay_mean, (streams, users)) if delay_mean else 0.5
    moments = np.concatenate([arrival, np.where(succeeds, arrival + wait, np.inf)], axis=1)
    order = np.argsort(moments, axis=1, kind="stable")
    arrives = order < users
    happens = np.isfinite(np.take_along_axis(moments, order, axis=1))
    side = np.take_along_axis(np.concatenate([other, other], axis=1), order, axis=1)

    def running(what: NDArray[np.bool_]) -> NDArray[np.int64]:
        return np.cumsum(what, axis=1, dtype=np.int64)

    return Streams(
        running(arrives & side),
        running(~arrives & happens & side),
        running(arrives & ~side),
        running(~arrives & happens & ~side),
    )


def peeked_z_excludes(found: Streams, users_min: int) -> NDArray[np.bool_]:
    """(streams,) whether the usual 95 % interval, made for one look, ever excludes no difference
    once each side has `users_min` users."""
    users, successes, users_first, successes_first = found
    rate = successes / np.maximum(users, 1)
    rate_first = successes_first / np.maximum(users_first, 1)
    error = np.sqrt(
        rate * (1 - rate) / np.maximum(users, 1)
        + rate_first * (1 - rate_first) / np.maximum(users_first, 1)
    )
    looked = np.minimum(users, users_first) >= users_min
    excluded = (np.abs(rate - rate_first) > 1.959964 * error) & looked
    ever: NDArray[np.bool_] = np.any(excluded, axis=1)
    return ever
