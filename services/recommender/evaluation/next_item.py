"""Next-item quality of the recommender: the very code of the worker, without the broker.

`measure` learns a file of sessions event by event through all processors and tables, then,
without learning any more, predicts each click of the test sessions from those before it.
`prequential` predicts every click before it is learned (Dawid, "The prequential approach", JRSS A
1984), by the lists that a live worker would have published.
"""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import groupby, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from shopkeeper.shared.datasets.readers import FormatError

from ..config import RecommenderConfig
from ..core.numeric.types import CLICK, HOUR_MS
from .local_cluster import LIVE_BATCH_EVENTS, LocalCluster, Repeats, learn, unhurried
from .metrics import CUTOFFS, RankingMetrics
from .splits import Task, holds_its_test, lines, split_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from shopkeeper.shared.contracts.events.shop import ProductCatalogued

    from ..app import Recommender
    from ..core.counting.learned import ListRequest
    from ..core.ranking.ranked_list import RankedList

Targets = Literal["all", "new"]

CUTOFF = CUTOFFS[-1]
PREDICTIONS_AT_ONCE = 8_192
WINDOWS = 20


def measure(
    train: str | Path,
    test: str | Path | None,
    repeats: Repeats = "allow",
    config: RecommenderConfig | None = None,
    hold_out: float | None = None,
    targets: Targets = "all",
    partitions: int = 1,
    products: Sequence[ProductCatalogued] = (),
) -> tuple[dict[str, Any], RankingMetrics]:
    """Figures of the next-item protocol, and the ranks they are made of. Raises FormatError,
    OSError.

    train, test: session_id,position,item_id or session_id,item_id,timestamp; CSV, gzip or not. Or
    train alone with user_id,position,item_id: each user's last item is the target, the one before
    it belongs to neither part but is known when predicting (leave one out, as SASRec and S3-Rec
    split); all items of the user before are known and none is offered. Or train alone with
    user_id,item_id,rating,timestamp: each user's last rating by time is the target (ties by item
    id), all others are learned, every one as a click; a user's sittings of 20 ratings are sessions.
    hold_out: instead of `test`, this share of the sessions in `train`, those that begin last; to
    choose by, so that `test` can be kept for the end. Of user sequences and ratings: whatever the
    share, the last item but one of each is the target, and the last is left out.
    repeats: "allow" may offer every item of the session again, the current one too, and counts
    every click from the second on as a target. "forbid" offers no item of the session, and
    counts only targets that are new in it. The two are different tasks: do not compare them.
    targets: "new" counts only targets that are new in the session, whatever may be offered.
    partitions: of users and of items, as if the topics had so many.
    products: the catalogue, known from the beginning.
    Ties are broken as in the worker; a target that training never saw is a miss.
    """
    train = Path(train)
    started = time.perf_counter()
    split = split_of(train, test, hold_out)
    if holds_its_test(train):
        repeats = "forbid"
    config = unhurried(config, repeats)
    worker, train_count = learn(split.learned, config, partitions, products)
    learned = time.perf_counter()
    train_items = len(worker.items)
    tally, per_list_ms = predict(worker, split.tasks(worker), repeats, targets)
    if not len(tally):
        raise FormatError(f"{test or train}: no session has a click to predict")
    return {
        "repeats": repeats,
        "targets": targets,
        "partitions": partitions,
        **tally.figures(train_items),
        **tally.beyond_accuracy(visits(worker, train_items), categories(worker, train_items)),
        "train_events": train_count,
        "train_items": train_items,
        "blend": _blend(worker),
        "learn_seconds": round(learned - started, 2),
        "predict_seconds": round(time.perf_counter() - learned, 2),
        "clicks_per_second": round(train_count / max(1e-9, learned - started)),
        "ms_per_list": per_list_ms,
    }, tally


def prequential(
    path: str | Path,
    repeats: Repeats = "allow",
    config: RecommenderConfig | None = None,
    targets: Targets = "all",
    nightly: bool = False,
    partitions: int = 1,
    products: Sequence[ProductCatalogued] = (),
) -> tuple[dict[str, Any], RankingMetrics]:
    """Predict, then learn, over a whole stream, by the lists that would have been published.

    `windows` has figures of equal parts, in order. nightly: what is learned during a day (by event
    time, UTC) is only used from the next day on: the same model, retrained every night. Raises
    FormatError, OSError.
    """
    path = Path(path)
    config = replace(unhurried(config, repeats), list_items_max=CUTOFF)
    tally = RankingMetrics()
    # Session -> its last list, what that was made from, the session's items.
    waiting: dict[str, tuple[list[int], tuple[int, ...], set[int]]] = {}
    groups: dict[str, int] = {}

    def watch(due: ListRequest, ranked: RankedList) -> None:
        session, item = f"{due.user}/{due.event.data.session_id}", due.recent[-1]
        before = waiting.get(session)
        if before is not None:
            items, recent, seen = before
            if (repeats == "allow" and targets == "all") or item not in seen:
                tally.add(groups.setdefault(session, len(groups)), item, items, recent)
        seen = before[2] if before is not None else set()
        seen.add(item)
        waiting[session] = ranked.items, due.recent, seen

    started = time.perf_counter()
    cluster = LocalCluster(config, partitions=partitions, watch=watch, products=products)
    count = 0
    day = None
    for today, events in groupby(lines(path), lambda event: event.time_ms // (24 * HOUR_MS)):
        if nightly and day is not None and today != day:
            cluster.night()
        day = today
        while batch := list(islice(events, LIVE_BATCH_EVENTS)):
            cluster.learn(batch, live=True, publish=not nightly)
            count += len(batch)
    if not len(tally):
        raise FormatError(f"{path}: no session has a click to predict")
    return {
        "protocol": "nightly" if nightly else "prequential",
        "repeats": repeats,
        "targets": targets,
        "partitions": partitions,
        **tally.figures(len(cluster.worker.items)),
        **tally.beyond_accuracy(
            visits(cluster.worker, len(cluster.worker.items)),
            categories(cluster.worker, len(cluster.worker.items)),
        ),
        "events": count,
        "windows": tally.windows(WINDOWS),
        "blend": _blend(cluster.worker),
        "seconds": round(time.perf_counter() - started, 2),
    }, tally


def visits(worker: Recommender, item_count: int) -> NDArray[np.int64]:
    """(items,) sessions with a click on each."""
    worker.knowledge.item_counts.reserve()
    return worker.knowledge.item_counts.n[CLICK, :item_count].astype(np.int64)


def categories(worker: Recommender, item_count: int) -> NDArray[np.int32]:
    """(items,) number of each one's category, -1 where it is not known."""
    worker.knowledge.catalogue.reserve()
    return worker.knowledge.catalogue.category[:item_count]


def _blend(worker: Recommender) -> dict[str, Any] | None:
    """What the blend has learned, and whether it ranks."""
    trainer = worker.trainer
    if trainer is None:
        return None
    return {
        "examples": trainer.examples,
        "missed": trainer.missed,
        "ranks": trainer.trusted(),
        "reciprocal_rank_base": round(trainer.base_rank, 4),
        "reciprocal_rank_blend": round(trainer.blend_rank, 4),
    }


def predict(
    worker: Recommender, tasks: Iterator[Task], repeats: Repeats, targets: Targets
) -> tuple[RankingMetrics, float]:
    """Ranks of the targets, and milliseconds per list (in large batches)."""
    remembered_max = worker.config.remembered_items_max
    tally = RankingMetrics()
    spent, lists = 0.0, 0
    if repeats == "forbid" or targets == "new":
        tasks = (task for task in tasks if task[2] not in task[1])
    while batch := list(islice(tasks, PREDICTIONS_AT_ONCE)):
        # What the worker would remember of the user; but for the exclusion, of the whole session.
        recents = [prefix[-remembered_max:] for _, prefix, _ in batch]
        earlier = [
            prefix[:-remembered_max] if repeats == "forbid" else [] for _, prefix, _ in batch
        ]
        started = time.perf_counter()
        ranked = worker.ranker.rank(recents, earlier, count=CUTOFF)
        spent, lists = spent + time.perf_counter() - started, lists + len(batch)
        for each, recent, (session, _, target) in zip(ranked, recents, batch, strict=True):
            tally.add(session, target, each.items, recent)
    return tally, round(1000 * spent / max(1, lists), 4)
