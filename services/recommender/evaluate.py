"""Next-item quality of the recommender: the very code of the worker, without the broker.

`measure` learns a file of sessions event by event through both stages and the views, then, without
learning any more, predicts each click of the test sessions from those before it in its session.
`prequential` predicts every click before it is learned (Dawid, "The prequential approach", JRSS A
1984), by the lists that a live worker would have published.
"""

from __future__ import annotations

import copy
import csv
import math
import time
from collections import defaultdict
from dataclasses import replace
from itertools import groupby, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from shopkeeper.services.recommender.app import Recommender
from shopkeeper.services.recommender.core.items import partition_of_name
from shopkeeper.services.recommender.core.ranker import Ranked
from shopkeeper.services.recommender.quality import CUTOFFS, Tally
from shopkeeper.services.recommender.settings import CLICK, HOUR_MS, Settings
from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.event import Event
from shopkeeper.shared.contracts.outputs import encode
from shopkeeper.shared.contracts.shop import ProductClicked
from shopkeeper.shared.formats.readers import FormatError, ShopEvent, open_text, read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence, Set

    from numpy.typing import NDArray

    from shopkeeper.services.recommender.core.sessions import Due
    from shopkeeper.services.recommender.item_encoder import ItemEncoder
    from shopkeeper.services.recommender.needs import Needs
    from shopkeeper.shared.contracts.event import Output
    from shopkeeper.shared.contracts.shop import ProductCatalogued

Repeats = Literal["allow", "forbid"]
Targets = Literal["all", "new"]

CUTOFF = CUTOFFS[-1]
SPAN_EVENTS = 4_000
LIVE_SPAN_EVENTS = 250  # prequential: views follow about as fast as they do live
PREDICTIONS_AT_ONCE = 8_192
CONTENT_SPANS = 50  # spans with lists after which what is known of new items is brought up to date
LISTS_MAX = 200_000  # of the last events: with lists, for the blend (a live worker makes all)
LONG_AGO_MS = 1 << 60  # by a clock that far ahead every event is too old for a list
WINDOWS = 20


def measure(
    train: str | Path,
    test: str | Path | None,
    repeats: Repeats = "allow",
    knobs: Settings | None = None,
    hold_out: float | None = None,
    targets: Targets = "all",
    partitions: int = 1,
    products: Sequence[ProductCatalogued] = (),
) -> tuple[dict[str, Any], Tally]:
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
    parts = parts_of(train, test, hold_out)
    if holds_its_test(train):
        repeats = "forbid"
    knobs = unhurried(knobs, repeats)
    worker, train_count = learn(parts.learned, knobs, partitions, products)
    learned = time.perf_counter()
    train_items = len(worker.items)
    tally, per_list_ms = _predict(worker, parts.tasks(worker), repeats, targets)
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
    knobs: Settings | None = None,
    targets: Targets = "all",
    nightly: bool = False,
    partitions: int = 1,
    products: Sequence[ProductCatalogued] = (),
) -> tuple[dict[str, Any], Tally]:
    """Predict, then learn, over a whole stream, by the lists that would have been published.

    `windows` has figures of equal parts, in order. nightly: what is learned during a day (by event
    time, UTC) is only used from the next day on: the same model, retrained every night. Raises
    FormatError, OSError.
    """
    path = Path(path)
    knobs = replace(unhurried(knobs, repeats), list_items_max=CUTOFF)
    tally = Tally()
    # Session -> its last list, what that was made from, the session's items.
    waiting: dict[str, tuple[list[int], tuple[int, ...], set[int]]] = {}
    groups: dict[str, int] = {}

    def watch(due: Due, ranked: Ranked) -> None:
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
    pipeline = Pipeline(knobs, partitions, watch, products)
    count = 0
    day = None
    for today, events in groupby(lines(path), lambda event: event.time_ms // (24 * HOUR_MS)):
        if nightly and day is not None and today != day:
            pipeline.night()
        day = today
        while span := list(islice(events, LIVE_SPAN_EVENTS)):
            pipeline.learn(span, live=True, publish=not nightly)
            count += len(span)
    if not len(tally):
        raise FormatError(f"{path}: no session has a click to predict")
    return {
        "protocol": "nightly" if nightly else "prequential",
        "repeats": repeats,
        "targets": targets,
        "partitions": partitions,
        **tally.figures(len(pipeline.worker.items)),
        **tally.beyond_accuracy(
            visits(pipeline.worker, len(pipeline.worker.items)),
            categories(pipeline.worker, len(pipeline.worker.items)),
        ),
        "events": count,
        "windows": tally.windows(WINDOWS),
        "blend": _blend(pipeline.worker),
        "seconds": round(time.perf_counter() - started, 2),
    }, tally


def unhurried(knobs: Settings | None, repeats: Repeats) -> Settings:
    """Settings with what may be offered by the protocol, and no budget of time."""
    return replace(
        knobs or Settings(),
        offer_current=repeats == "allow",
        offer_seen=repeats == "allow",
        repeat_weight=1.0 if repeats == "allow" else 0.0,
        expert_shares=False,
        # Nobody else needs the processor meanwhile: no budget, no waiting.
        row_interval_ms=0,
        trending_interval_ms=0,
        tick_budget_ms=1e9,
        sweep_budget_ms=1e9,
        count_bytes_per_tick=1 << 40,
        blend_lists_per_second=1 << 40,  # the clock stands still
        search_ms_per_second=1e9,
    )


def visits(worker: Recommender, item_count: int) -> NDArray[np.int64]:
    """(items,) sessions with a click on each."""
    worker.views.counts.reserve()
    return worker.views.counts.n[CLICK, :item_count].astype(np.int64)


def categories(worker: Recommender, item_count: int) -> NDArray[np.int32]:
    """(items,) number of each one's category, -1 where it is not known."""
    worker.views.catalogue.reserve()
    return worker.views.catalogue.category[:item_count]


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


# -- the worker, with its topics carried by hand


class Pipeline:
    """One worker with all partitions; deltas and views are handed on as a broker would.

    watch: sees every list that is made, with what made it due.
    """

    def __init__(
        self,
        knobs: Settings,
        partitions: int = 1,
        watch: Callable[[Due, Ranked], None] | None = None,
        products: Sequence[ProductCatalogued] = (),
        models: tuple[ItemEncoder, Needs] | None = None,
    ) -> None:
        self.worker = worker = Recommender(knobs, models=models)
        worker.prepare(lambda topic: partitions)
        self._clicks = [worker.make_clicks(n) for n in range(partitions)]
        for clicks in self._clicks:
            clicks.lists.watch = watch
        self._searches = [worker.make_searches(n) for n in range(partitions)]
        self._pairs = [worker.make_pairs(n) for n in range(partitions)]
        self._views = {
            topics.SIMILAR_ITEMS: worker.views.similar.apply,
            topics.ITEM_COUNTS: worker.views.counts.apply,
            topics.TRENDING: worker.views.trending.apply,
            topics.SESSION_ITEMS: worker.views.sessions.apply,
        }
        self.catalogued(products)
        self._held: list[Output] = []  # for views that wait for the night
        self._clock_ms = 0
        self._live_spans = 0

    def catalogued(self, products: Sequence[ProductCatalogued]) -> None:
        """Products as they now are."""
        self.worker.see_catalogue([(p.product_id.encode(), encode(p)) for p in products])
        if self.worker.finder is not None:
            self.worker.finder.take_in(self.worker.finder.waiting)

    def search(self, events: Sequence[Event]) -> None:
        """Searches, in the order of their offsets; their lists are seen by `watch`."""
        for event in events:
            number = partition_of_name(event.data.user_id, len(self._searches))
            self._searches[number].process([event], 0)

    def learn(self, span: Sequence[Event], live: bool, publish: bool = True) -> None:
        """Events in the order of their offsets.

        live: with lists. publish: views see what changed.
        """
        parts = self._routed(span)
        if live and publish:
            self._publish()
            if self._live_spans % CONTENT_SPANS == 0:
                self.worker.views.content.settle()
            self._live_spans += 1
        for number, events in sorted(parts.items()):
            clicks = self._clicks[number]
            found, _ = clicks.process(events, 0 if live else LONG_AGO_MS)
            for output in found + clicks.flush():
                if output.topic == topics.ITEM_PAIRS:
                    assert output.partition is not None
                    delta = Event("item-pairs", output.value, None, 0, 0, "", "", "")
                    self._pairs[output.partition].process([delta], 0)
                elif output.topic == topics.SESSION_ITEMS:
                    if publish:
                        self._see(output)
                    else:
                        self._held.append(output)

    def _routed(self, span: Sequence[Event]) -> dict[int, Sequence[Event]]:
        """Events by the partition of their user, as a broker has them."""
        if len(self._clicks) == 1:
            return {0: span}
        parts: dict[int, list[Event]] = defaultdict(list)
        for event in span:
            parts[partition_of_name(event.data.user_id, len(self._clicks))].append(event)
        return dict(parts)

    def settle(self) -> None:
        """Publish until nothing is due any more."""
        while self._publish() or not all(pairs.settled for pairs in self._pairs):
            pass
        self.worker.views.content.settle()

    def night(self) -> None:
        """Bring everything that lists are made from to what was learned by now, until the next."""
        for output in self._held:
            self._see(output)
        self._held = []
        self.settle()
        learner = self.worker.learner
        if learner is not None:
            learner.serving = copy.deepcopy(learner.blend)

    def _publish(self) -> bool:
        outputs = [output for pairs in self._pairs for output in pairs.tick(self._clock_ms)]
        for output in outputs:
            self._see(output)
        self._clock_ms += 1
        return bool(outputs)

    def _see(self, output: Output) -> None:
        self._views[output.topic]([(output.key, output.value)])


def learn(
    events: Callable[[], Iterable[Event]],
    knobs: Settings,
    partitions: int = 1,
    products: Sequence[ProductCatalogued] = (),
) -> tuple[Recommender, int]:
    """A worker that has read some events, its views at rest; and how many they were. The blend
    learns from the lists of the last of them, as a live worker does."""
    pipeline = Pipeline(knobs, partitions, products=products)
    total = sum(1 for _ in events())
    lists_from = total - LISTS_MAX if knobs.blend else total
    count = 0
    stream = iter(events())
    # Partitions take turns by spans, and sessions are as new as their turn: in short ones, as live.
    size = SPAN_EVENTS if partitions == 1 else LIVE_SPAN_EVENTS
    while span := list(islice(stream, size)):
        pipeline.learn(span, live=count + len(span) > lists_from)
        count += len(span)
    pipeline.settle()
    return pipeline.worker, count


# -- files

SEQUENCES, RATINGS = "sequences", "ratings"
SITTING_RATINGS = 20  # as many items as the index keeps of a session
Task = tuple[int, list[int], int]  # number of the session, its items before a click, the click's


class Parts(NamedTuple):
    """What is learned, and what is then predicted."""

    learned: Callable[[], Iterable[Event]]
    tasks: Callable[[Recommender], Iterator[Task]]


def parts_of(train: Path, test: str | Path | None, hold_out: float | None) -> Parts:
    """What is learned and what is predicted, as `measure` says. Raises FormatError, OSError."""
    if holds_its_test(train):
        if test is not None:
            raise FormatError(f"{train}: user sequences hold their own test part: give no other")
        return _leave_one_out(train, last_but_one=hold_out is not None)
    if (test is None) == (hold_out is None):
        raise FormatError("either a test file or a share to hold out is needed")
    held = _last_sessions(train, hold_out) if hold_out is not None else frozenset[str]()
    return _by_session(train, Path(test or train), held)


def _by_session(train: Path, test: Path, held: Set[str]) -> Parts:
    def tasks(worker: Recommender) -> Iterator[Task]:
        sessions: dict[str, list[int]] = {}
        for event in lines(test):
            if not held or event.data.session_id in held:
                item = worker.items.intern(event.data.product_id)
                sessions.setdefault(event.data.session_id, []).append(item)
        for number, items in enumerate(sessions.values()):
            for place in range(1, len(items)):
                yield number, items[:place], items[place]

    return Parts(lambda: (e for e in lines(train) if e.data.session_id not in held), tasks)


def _leave_one_out(path: Path, last_but_one: bool) -> Parts:
    behind = 2 if last_but_one else 1  # of the end: where the target is
    left_out = 2 if format_of(path) == SEQUENCES else behind
    users: dict[str, list[str]] = {}
    for event in _histories(path):
        users.setdefault(event.data["user_id"], []).append(event.data["product_id"])

    def learned() -> Iterator[Event]:
        left = {user: len(items) - left_out for user, items in users.items()}
        for event in lines(path):
            left[event.data.user_id] -= 1
            if left[event.data.user_id] >= 0:
                yield event

    def tasks(worker: Recommender) -> Iterator[Task]:
        for number, names in enumerate(users.values()):
            if len(names) > behind:
                *items, target = worker.items.intern_all(names[: len(names) - behind + 1]).tolist()
                yield number, items, target

    return Parts(learned, tasks)


def _last_sessions(path: Path, share: float) -> frozenset[str]:
    """The ids of the last sessions to begin. Raises FormatError where none or all would be."""
    ids = list(dict.fromkeys(c.data["session_id"] for c in read(path, format_of(path))))
    first = round(len(ids) * (1 - share))
    if not 0 < first < len(ids):
        raise FormatError(f"{share} of {len(ids)} sessions cannot be held out")
    return frozenset(ids[first:])


def lines(path: Path) -> Iterator[Event]:
    """The events of a file, baskets line by line."""
    name = format_of(path)
    events = _histories(path) if name in (SEQUENCES, RATINGS) else read(path, name)
    offset = 0
    for event in events:
        for line in event.data.get("products", [event.data]):
            data = ProductClicked(
                product_id=line["product_id"],
                user_id=event.data["user_id"],
                session_id=event.data["session_id"],
            )
            yield Event(
                "product.clicked.v1", data, event.key.encode(), offset, event.time_ms, "", "", ""
            )
            offset += 1


def _histories(path: Path) -> Iterator[ShopEvent]:
    return _sequences(path) if format_of(path) == SEQUENCES else _ratings(path)


def _ratings(path: Path) -> Iterator[ShopEvent]:
    """user_id,item_id,rating,timestamp (Unix seconds), by time, then user and item."""
    rows: list[tuple[float, tuple[int, int, str], tuple[int, int, str]]] = []
    with open_text(path) as file:
        for line, row in enumerate(csv.DictReader(file), 2):
            user, item = row.get("user_id"), row.get("item_id")
            try:
                seconds = float(row.get("timestamp") or "nan")
            except ValueError:
                seconds = math.nan
            if not user or not item or not math.isfinite(seconds):
                raise FormatError(f"{path}:{line}: user_id, item_id or timestamp is no good")
            rows.append((seconds, _natural(user), _natural(item)))
    before: dict[str, int] = defaultdict(int)
    for number, (seconds, (*_, user), (*_, item)) in enumerate(sorted(rows)):
        session = f"{user}/{before[user] // SITTING_RATINGS}"
        before[user] += 1
        data = {"product_id": item, "user_id": user, "session_id": session}
        time_ms = round(seconds * 1000)
        yield ShopEvent(topics.CLICKS, "product.clicked.v1", user, data, time_ms, f"{number}")


def _natural(name: str) -> tuple[int, int, str]:
    """Sorts numbers by value, before everything else."""
    return (0, int(name), name) if name.isdecimal() else (1, 0, name)


def _sequences(path: Path) -> Iterator[ShopEvent]:
    """user_id,position,item_id: all of a user's items are one session."""
    with open_text(path) as file:
        for line, row in enumerate(csv.DictReader(file), 2):
            user, item = row.get("user_id"), row.get("item_id")
            if not user or not item:
                raise FormatError(f"{path}:{line}: user_id or item_id is empty")
            data = {"product_id": item, "user_id": user, "session_id": user}
            yield ShopEvent(topics.CLICKS, "product.clicked.v1", user, data, 0, f"{line}")


def holds_its_test(path: Path) -> bool:
    """Whether a file is of a format that needs no second file (or of none that is known)."""
    try:
        return format_of(path) in (SEQUENCES, RATINGS)
    except FormatError:
        return True


def format_of(path: Path) -> str:
    """The format of a file of sessions, by its header. Raises FormatError."""
    with open_text(path) as file:
        header = set(next(csv.reader(file), []))
    for name, columns in (
        ("sessions", {"session_id", "position", "item_id"}),
        ("yoochoose", {"session_id", "item_id", "timestamp"}),
        ("online-retail", {"invoice_no", "stock_code", "timestamp"}),
        (SEQUENCES, {"user_id", "position", "item_id"}),
        (RATINGS, {"user_id", "item_id", "rating", "timestamp"}),
    ):
        if columns <= header:
            return name
    raise FormatError(
        f"{path}:1: expected the columns session_id,position,item_id or "
        "session_id,item_id,timestamp or user_id,position,item_id or "
        "user_id,item_id,rating,timestamp or those of online-retail"
    )


def _predict(
    worker: Recommender, tasks: Iterator[Task], repeats: Repeats, targets: Targets
) -> tuple[Tally, float]:
    """Ranks of the targets, and milliseconds per list (in large batches)."""
    recent_max = worker.knobs.recent_items_max
    tally = Tally()
    spent, lists = 0.0, 0
    if repeats == "forbid" or targets == "new":
        tasks = (task for task in tasks if task[2] not in task[1])
    while batch := list(islice(tasks, PREDICTIONS_AT_ONCE)):
        # What the worker would remember of the user; but for the exclusion, of the whole session.
        recents = [prefix[-recent_max:] for _, prefix, _ in batch]
        earlier = [prefix[:-recent_max] if repeats == "forbid" else [] for _, prefix, _ in batch]
        started = time.perf_counter()
        ranked = worker.ranker.rank(recents, earlier, count=CUTOFF)
        spent, lists = spent + time.perf_counter() - started, lists + len(batch)
        for each, recent, (session, _, target) in zip(ranked, recents, batch, strict=True):
            tally.add(session, target, each.items, recent)
    return tally, round(1000 * spent / max(1, lists), 4)
