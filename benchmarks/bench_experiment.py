"""Simulated A/B tests that somebody looks at after every event: how often each interval misleads.

Each line: of so many streams, the share in which the interval EVER excludes no difference, by the
confidence sequence and by the usual 95 % interval, and for a real difference the users it took.

usage: python benchmarks/bench_experiment.py [STREAMS]
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from harness import report

from shopkeeper.services.recommender.core.ab_testing.confidence_sequences import (
    USERS_MIN,
    difference,
)
from shopkeeper.shared.testing.experiments import peeked_z_excludes, simulate

CASES: list[dict[str, Any]] = [
    {"rate_first": 0.05, "rate": 0.05},
    {"rate_first": 0.01, "rate": 0.01},
    {"rate_first": 0.3, "rate": 0.3},
    {"rate_first": 0.02, "rate": 0.02, "share": 0.1},
    {"rate_first": 0.02, "rate": 0.02, "share": 0.03, "users": 20_000},
    {"rate_first": 0.05, "rate": 0.05, "delay_mean": 1_000.0},
    {"rate_first": 0.05, "rate": 0.05, "users": 20_000},
    {"rate_first": 0.05, "rate": 0.06, "users": 20_000},
    {"rate_first": 0.05, "rate": 0.08},
]
STREAMS_AT_ONCE = 100  # bounds the memory
USERS = 5_000


def main() -> None:
    streams = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000
    for case in CASES:
        ever, peeked, took = [], [], []
        for seed in range(streams // STREAMS_AT_ONCE):
            found = simulate(STREAMS_AT_ONCE, **({"users": USERS} | case), seed=seed)
            _, low, high = difference(*found)
            excludes = (low > 0) | (high < 0)
            ever += excludes.any(axis=1).tolist()
            peeked += peeked_z_excludes(found, USERS_MIN).tolist()
            first = excludes.argmax(axis=1)
            users = (found.users + found.users_first)[np.arange(STREAMS_AT_ONCE), first]
            took += users[excludes.any(axis=1)].tolist()
        report(
            "experiment", **({"users": USERS} | case), streams=len(ever),
            ever_excludes_zero=round(float(np.mean(ever)), 4),
            usual_interval_ever_excludes_zero=round(float(np.mean(peeked)), 4),
            users_until_excluded_median=int(np.median(took)) if took else None,
        )  # fmt: skip


if __name__ == "__main__":
    main()
