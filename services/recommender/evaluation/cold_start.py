"""Quality on new items: which of those that no user has visited does a user choose next?

A tenth of the items, by the hash of their ids, is kept out of what is learned; then the clicks on
them are predicted, among them alone, from what the catalogue says and what was learned of others.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from shopkeeper.shared.datasets.readers import FormatError

from .local_cluster import learn, unhurried
from .metrics import CUTOFFS, resampled
from .splits import split_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from shopkeeper.shared.contracts.events.shop import ProductCatalogued

    from ..app import Recommender
    from ..config import RecommenderConfig
    from .splits import Task

COLD_OF = 10  # one item in so many
TASKS_AT_ONCE = 256


def is_cold(name: str) -> bool:
    """Whether an item is one of those kept out."""
    return int(hashlib.md5(name.encode(), usedforsecurity=False).hexdigest(), 16) % COLD_OF == 0


def measure_cold(
    train: Path,
    test: Path | None,
    products: Sequence[ProductCatalogued],
    config: RecommenderConfig | None = None,
    hold_out: float | None = None,
) -> dict[str, Any]:
    """Figures of clicks on new items: HR and MRR at each cutoff with 95 % bootstrap intervals.

    train, test, hold_out: as of `evaluate.measure`. Targets are clicks on kept-out items that the
    session has not seen; only kept-out items of the catalogue are ranked. Items that fit equally
    well count by their expected place in a random order. Raises FormatError, OSError.
    """
    started = time.perf_counter()
    split = split_of(train, test, hold_out)
    # No user has visited a new item here: what few have visited has neighbours of its own.
    config = replace(
        unhurried(config, "forbid"), blend=False, new_item_visits=1, new_items_max=len(products)
    )
    worker, count = learn(
        lambda: (e for e in split.learned() if not is_cold(e.data.product_id)),
        config,
        products=products,
    )
    # Also those of which the catalogue says nothing that others share: nothing fits them.
    cold = worker.items.intern_all(p.product_id for p in products if is_cold(p.product_id))
    place = {item: n for n, item in enumerate(cold.tolist())}
    tasks = [task for task in split.tasks(worker) if task[2] in place and task[2] not in task[1]]
    if not tasks:
        raise FormatError(f"{test or train}: no click on a new item of the catalogue")
    worth, plain = (
        np.concatenate(
            [
                _expected(_fits(worker, some, place, alike), [place[each[2]] for each in some])
                for some in batched(tasks, TASKS_AT_ONCE)
            ]
        )
        for alike in (False, True)
    )
    names = [f"{figure}@{cutoff}" for cutoff in CUTOFFS for figure in ("HR", "MRR")]
    _, group = np.unique(np.array([session for session, _, _ in tasks]), return_inverse=True)
    gain = worth[:, -2] - plain[:, -2]
    columns = [*worth.T, gain, np.ones(len(tasks))]
    sums = np.stack([np.bincount(group, column) for column in columns], axis=1, dtype=np.float64)
    low, high = np.percentile(resampled(sums), [2.5, 97.5], axis=0)
    return {
        "protocol": "cold items",
        "predictions": len(tasks),
        "cold_items": len(place),
        **{name: round(float(value), 4) for name, value in zip(names, worth.mean(0), strict=True)},
        **{
            f"{name}_95": [round(float(low[n]), 4), round(float(high[n]), 4)]
            for n, name in enumerate(names)
            if name.endswith(f"@{CUTOFFS[-1]}")
        },
        f"HR@{CUTOFFS[-1]}_alike": round(float(plain[:, -2].mean()), 4),
        f"HR@{CUTOFFS[-1]}_above_alike": [
            round(float(value), 4) for value in (gain.mean(), low[-1], high[-1])
        ],
        f"HR@{CUTOFFS[-1]}_random": round(min(1.0, CUTOFFS[-1] / len(place)), 4),
        "train_events": count,
        "seconds": round(time.perf_counter() - started, 2),
    }


def batched(tasks: Sequence[Task], size: int) -> Iterator[Sequence[Task]]:
    """Parts of so many tasks."""
    return (tasks[start : start + size] for start in range(0, len(tasks), size))


def _fits(
    worker: Recommender, tasks: Sequence[Task], place: dict[int, int], alike: bool
) -> NDArray[np.float64]:
    """(tasks, cold items) how well each fits what was looked at before; -1: seen already.

    alike: only how much its attributes are like those of the last item, the usual way.
    """
    config, content = worker.config, worker.knowledge.content
    recents = [items[-1 if alike else -config.recent_items_max :] for _, items, _ in tasks]
    seeds, owner = np.unique(np.concatenate(recents), return_inverse=True)
    fits = np.zeros((len(seeds), len(place)))
    known = np.array([item in place for item in content.new_items.tolist()], np.bool_)
    where = [place[item] for item in content.new_items[known].tolist()]
    if where:  # else the catalogue says nothing of them
        fits[:, where] = (content.likeness(seeds) if alike else content.fits_of(seeds))[:, known]
    weights = np.zeros((len(tasks), len(seeds)))
    start = 0
    for number, recent in enumerate(recents):
        for age, at in enumerate(owner[start : start + len(recent)][::-1].tolist()):
            weights[number, at] = max(weights[number, at], config.content_decay**age)
        start += len(recent)
    found: NDArray[np.float64] = weights @ fits
    for number, (_, items, _) in enumerate(tasks):
        found[number, [place[item] for item in items if item in place]] = -1.0
    return found


def _expected(fits: NDArray[np.float64], targets: Sequence[int]) -> NDArray[np.float64]:
    """(tasks, 2 * cutoffs) hit and reciprocal rank of each, those that fit alike in any order."""
    own = fits[np.arange(len(fits)), targets][:, None]
    above, equal = (fits > own).sum(axis=1), (fits == own).sum(axis=1)
    columns = []
    # Sum of 1 / rank up to each rank.
    harmonic = np.concatenate([[0.0], np.cumsum(1.0 / np.arange(1, CUTOFFS[-1] + 1))])
    for cutoff in CUTOFFS:
        within = np.clip(cutoff - above, 0, equal)
        first = np.minimum(above, cutoff)
        columns += [within / equal, (harmonic[first + within] - harmonic[first]) / equal]
    return np.stack(columns, axis=1)
