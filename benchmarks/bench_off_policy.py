"""Off-policy estimates on simulated shops whose click model is known: how often intervals hold the
true click-through, and how wide they are.

Each line, JSON: one shop, one policy; of so many logs the share whose 95 % interval holds the
truth, and the mean width, by estimator; beside them the usual interval of SNIPS, estimate and 1.96
standard errors over lists, for comparison. `refused`: logs too thin for any.

usage: python benchmarks/bench_off_policy.py [LOGS [SHOP]]    # SHOP: a seed, of who is attractive
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from harness import report

from shopkeeper.services.recommender.evaluation.off_policy import (
    Choices,
    Estimates,
    Unsupported,
    estimate,
    share_weights,
)
from shopkeeper.shared.testing.logged_lists import CONTEXTS, Log, Shop

# Users, the share of lists that explore, and that of the policy that is estimated.
CASES: list[dict[str, Any]] = [
    {"users": 400, "share": 0.1, "policy": 0.0},
    {"users": 400, "share": 0.1, "policy": 1.0},
    {"users": 100, "share": 0.1, "policy": 0.0},
    {"users": 100, "share": 0.2, "policy": 1.0},
    {"users": 2_000, "share": 0.02, "policy": 1.0},
    {"users": 2_000, "share": 0.1, "policy": 0.5},
    {"users": 60, "share": 0.5, "policy": 1.0},
    {"users": 400, "share": 0.1, "policy": 1.0, "attraction": 0.05},
    # Some twenty to fifty users click on a list that counts.
    {"users": 200, "share": 0.1, "policy": 1.0, "attraction": 0.05},
    {"users": 150, "share": 0.5, "policy": 0.0, "attraction": 0.03},
    {"users": 800, "share": 0.05, "policy": 1.0, "attraction": 0.03},
]
SHOP_SEED = 1


def estimates(log: Log, share: float, other: float) -> Estimates:
    """Raises Unsupported."""
    forced = log.propensity >= 1.0
    explored = np.where(forced, 0.0, other)
    choices = Choices(
        np.eye(CONTEXTS)[log.context],
        log.explored.astype(np.int64),
        np.stack([1.0 - explored, explored], axis=1),
    )
    weight = share_weights(log.explored, forced, share, other)
    return estimate(log.user, log.clicked, weight, choices)


def usual_interval_holds(log: Log, share: float, other: float, truth: float) -> bool:
    """Of SNIPS, as though lists were independent and their weighted mean normal."""
    w = share_weights(log.explored, log.propensity >= 1.0, share, other)
    value = (w * log.clicked).sum() / w.sum()
    error = np.sqrt(((w * (log.clicked - value)) ** 2).sum()) / w.sum()
    return bool(abs(value - truth) <= 1.959964 * error)


def main() -> None:
    logs = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    of = int(sys.argv[2]) if len(sys.argv) > 2 else SHOP_SEED
    for case in CASES:
        share, other = case["share"], case["policy"]
        shop = Shop.random(of, share=share, attraction=case.get("attraction", 0.2))
        truth = shop.truth(other)
        held: dict[str, list[bool]] = {"ips": [], "snips": [], "dr": []}
        width: dict[str, list[float]] = {name: [] for name in held}
        usual, worth, refused = [], [], 0
        for seed in range(logs):
            log = shop.log(case["users"], seed)
            try:
                found = estimates(log, share, other)
            except Unsupported:
                refused += 1
                continue
            for name in held:
                interval = getattr(found, name)
                held[name].append(interval.low <= truth <= interval.high)
                width[name].append(interval.high - interval.low)
            usual.append(usual_interval_holds(log, share, other, truth))
            worth.append(found.effective_lists)
        made = bool(usual)
        report(
            "off_policy", **case, shop=of, logs=logs, refused=refused, truth=round(truth, 4),
            effective_lists_mean=round(float(np.mean(worth))) if made else None,
            holds={n: round(float(np.mean(v)), 3) for n, v in held.items()} if made else None,
            width={n: round(float(np.mean(v)), 4) for n, v in width.items()} if made else None,
            usual_interval_of_snips_holds=round(float(np.mean(usual)), 3) if made else None,
        )  # fmt: skip


if __name__ == "__main__":
    main()
