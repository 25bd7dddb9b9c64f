"""Next-item quality of the recommender: the very code of the worker, without the broker.

Learns a file of sessions event by event through both stages and the views, then, without learning
any more, predicts each click of the test sessions from those before it in its session.
"""

from __future__ import annotations

import csv
import math
import time
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from shopkeeper.services.recommender.app import Recommender
from shopkeeper.services.recommender.settings import Settings
from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.event import Event
from shopkeeper.shared.contracts.shop import ProductClicked
from shopkeeper.shared.formats.readers import FormatError, open_text, read

if TYPE_CHECKING:
    from collections.abc import Iterator, Set

    from numpy.typing import NDArray

    from shopkeeper.shared.contracts.event import Output

Repeats = Literal["allow", "forbid"]

CUTOFF = 20
SPAN_EVENTS = 4_000
RESAMPLES = 1000
PREDICTIONS_AT_ONCE = 8_192
LISTS_SHARE, LISTS_MAX = 0.2, 200_000  # of the events, at the end: with lists, for the blend
LONG_AGO_MS = 1 << 60  # by a clock that far ahead every event is too old for a list


def run(
    train: str | Path,
    test: str | Path | None,
    repeats: Repeats = "allow",
    knobs: Settings | None = None,
    hold_out: float | None = None,
) -> dict[str, Any]:
    """Figures of the next-item protocol. Raises FormatError, OSError.

    train, test: session_id,position,item_id or session_id,item_id,timestamp; CSV, gzip or not.
    hold_out: instead of `test`, this share of the sessions in `train`, those that begin last; to
    choose by, so that `test` can be kept for the end.
    repeats: "allow" may offer every item of the session again, the current one too, and counts
    every click from the second on as a target. "forbid" offers no item of the session, and
    counts only targets that are new in it. The two are different tasks: do not compare them.
    Ties are broken as in the worker; a target that training never saw is a miss.
    """
    knobs = replace(
        knobs or Settings(),
        offer_current=repeats == "allow",
        offer_seen=repeats == "allow",
        repeat_weight=1.0 if repeats == "allow" else 0.0,
        # Nobody else needs the processor meanwhile: no budget, no waiting.
        row_interval_ms=0,
        trending_interval_ms=0,
        tick_budget_ms=1e9,
        sweep_budget_ms=1e9,
        count_bytes_per_tick=1 << 40,
        blend_lists_per_second=1 << 40,  # the clock stands still
    )
    started = time.perf_counter()
    train = Path(train)
    if (test is None) == (hold_out is None):
        raise FormatError("either a test file or a share to hold out is needed")
    held = _last_sessions(train, hold_out) if hold_out is not None else frozenset[str]()
    worker, train_count = learn(train, knobs, held)
    learned = time.perf_counter()
    train_items = len(worker.items)
    figures = _predict(worker, Path(test or train), repeats, train_items, held)
    return {
        "repeats": repeats,
        **figures,
        "train_events": train_count,
        "train_items": train_items,
        "blend": _blend(worker),
        "learn_seconds": round(learned - started, 2),
        "predict_seconds": round(time.perf_counter() - learned, 2),
    }


def _last_sessions(path: Path, share: float) -> frozenset[str]:
    """The ids of the last sessions to begin. Raises FormatError where none or all would be."""
    ids = list(dict.fromkeys(c.data["session_id"] for c in read(path, format_of(path))))
    first = round(len(ids) * (1 - share))
    if not 0 < first < len(ids):
        raise FormatError(f"{share} of {len(ids)} sessions cannot be held out")
    return frozenset(ids[first:])


def _blend(worker: Recommender) -> dict[str, Any] | None:
    """What the blend has learned, and whether it ranks."""
    learner = worker.learner
    if learner is None:
        return None
    return {
        "examples": learner.examples,
        "missed": learner.missed,
        "ranks": learner.trusted(),
        "reciprocal_rank_base": round(learner.base_rank, 4),
        "reciprocal_rank_blend": round(learner.blend_rank, 4),
    }


def learn(path: Path, knobs: Settings, held_out: Set[str] = frozenset()) -> tuple[Recommender, int]:
    """A worker that has read the file without some sessions, its views at rest; and how many
    events that were. The blend learns from the lists of the last events, as a live worker does."""
    worker = Recommender(knobs)
    worker.prepare(lambda topic: 1)
    clicks, pairs = worker.make_clicks(0), worker.make_pairs(0)
    views = {
        topics.SIMILAR_ITEMS: worker.views.similar.apply,
        topics.ITEM_COUNTS: worker.views.counts.apply,
        topics.TRENDING: worker.views.trending.apply,
    }
    index = worker.views.sessions.apply
    clock_ms = 0

    def publish() -> bool:
        nonlocal clock_ms
        outputs: list[Output] = pairs.tick(clock_ms)
        for output in outputs:
            views[output.topic]([(output.key, output.value)])
        clock_ms += 1
        return bool(outputs)

    total = sum(1 for _ in _events(path, held_out))
    lists_from = total - min(LISTS_MAX, int(total * LISTS_SHARE)) if worker.learner else total
    count = 0
    events = _events(path, held_out)
    while span := list(islice(events, SPAN_EVENTS)):
        live = count + len(span) > lists_from
        if live:
            publish()
        found, _ = clicks.process(span, 0 if live else LONG_AGO_MS)
        found += clicks.flush()
        index([(o.key, o.value) for o in found if o.topic == topics.SESSION_ITEMS])
        records = [o for o in found if o.topic == topics.ITEM_PAIRS]
        pairs.process(
            [Event("item-pairs", r.value, None, i, 0, "", "", "") for i, r in enumerate(records)], 0
        )
        count += len(span)
    while publish() or not pairs.settled:
        pass
    return worker, count


def _events(path: Path, without: Set[str] = frozenset()) -> Iterator[Event]:
    for offset, click in enumerate(read(path, format_of(path))):
        if click.data["session_id"] in without:
            continue
        data = ProductClicked(**click.data)
        yield Event(click.type, data, click.key.encode(), offset, click.time_ms, "", "", "")


def format_of(path: Path) -> str:
    """The format of a file of sessions, by its header. Raises FormatError."""
    with open_text(path) as file:
        header = set(next(csv.reader(file), []))
    if {"session_id", "position", "item_id"} <= header:
        return "sessions"
    if {"session_id", "item_id", "timestamp"} <= header:
        return "yoochoose"
    raise FormatError(
        f"{path}:1: expected the columns session_id,position,item_id or "
        "session_id,item_id,timestamp"
    )


def _predict(
    worker: Recommender, path: Path, repeats: Repeats, train_items: int, only: Set[str]
) -> dict[str, Any]:
    recent_max = worker.knobs.recent_items_max
    hits = {5: 0, 10: 0, CUTOFF: 0}
    reciprocal = gain = 0.0
    count = 0
    shown: set[int] = set()
    per_session: dict[int, list[float]] = {}  # hits within the cutoff, reciprocal ranks, targets
    tasks = _tasks(worker, path, repeats, only)
    while batch := list(islice(tasks, PREDICTIONS_AT_ONCE)):
        # What the worker would remember of the user; but for the exclusion, of the whole session.
        recents = [prefix[-recent_max:] for _, prefix, _ in batch]
        earlier = [prefix[:-recent_max] if repeats == "forbid" else [] for _, prefix, _ in batch]
        for ranked, (session, _, target) in zip(
            worker.ranker.rank(recents, earlier, count=CUTOFF), batch, strict=True
        ):
            count += 1
            shown.update(ranked.items)
            sums = per_session.setdefault(session, [0.0, 0.0, 0.0])
            sums[2] += 1
            if target in ranked.items:
                rank = ranked.items.index(target) + 1
                reciprocal += 1 / rank
                gain += 1 / math.log2(rank + 1)
                sums[0] += 1
                sums[1] += 1 / rank
                for cutoff in hits:
                    hits[cutoff] += rank <= cutoff
    if not count:
        raise FormatError(f"{path}: no session has a click to predict")
    return {
        "predictions": count,
        **{f"HR@{cutoff}": round(number / count, 4) for cutoff, number in hits.items()},
        f"MRR@{CUTOFF}": round(reciprocal / count, 4),
        **_intervals(np.array(list(per_session.values()))),
        f"NDCG@{CUTOFF}": round(gain / count, 4),
        f"coverage@{CUTOFF}": round(
            sum(item < train_items for item in shown) / max(1, train_items), 4
        ),
    }


def _intervals(sums: NDArray[np.float64]) -> dict[str, list[float]]:
    """95 % bootstrap intervals (percentiles), whole sessions drawn: clicks of one are not
    independent. sums: (sessions, 3) hits, reciprocal ranks, targets."""
    chance = np.random.default_rng(1)
    drawn = np.array(
        [
            np.bincount(chance.integers(len(sums), size=len(sums)), minlength=len(sums)) @ sums
            for _ in range(RESAMPLES)
        ]
    )
    means = drawn[:, :2] / np.maximum(drawn[:, 2:], 1)
    low, high = np.percentile(means, [2.5, 97.5], axis=0)
    return {
        f"{name}@{CUTOFF}_95": [round(float(low[n]), 4), round(float(high[n]), 4)]
        for n, name in enumerate(("HR", "MRR"))
    }


def _tasks(
    worker: Recommender, path: Path, repeats: Repeats, only: Set[str]
) -> Iterator[tuple[int, list[int], int]]:
    """(number of the session, its items before a click, the item of that click)."""
    sessions: dict[str, list[int]] = {}
    for click in read(path, format_of(path)):
        if only and click.data["session_id"] not in only:
            continue
        item = worker.items.intern(click.data["product_id"])
        sessions.setdefault(click.data["session_id"], []).append(item)
    for number, items in enumerate(sessions.values()):
        for place in range(1, len(items)):
            if repeats == "allow" or items[place] not in items[:place]:
                yield number, items[:place], items[place]
