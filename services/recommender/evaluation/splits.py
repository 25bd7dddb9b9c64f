"""Public data sets as events to learn and clicks to predict: files of sessions, of whole histories,
of ratings."""

from __future__ import annotations

import csv
import math
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.envelope import Event
from shopkeeper.shared.contracts.events.shop import ProductClicked
from shopkeeper.shared.datasets.cells import clean
from shopkeeper.shared.datasets.readers import FormatError, ShopEvent, open_text, read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Set

    from ..app import Recommender

SEQUENCES, RATINGS = "sequences", "ratings"
SITTING_RATINGS = 20  # as many items as the index keeps of a session
Task = tuple[int, list[int], int]  # number of the session, its items before a click, the click's


class Split(NamedTuple):
    """What is learned, and what is then predicted."""

    learned: Callable[[], Iterable[Event]]
    tasks: Callable[[Recommender], Iterator[Task]]


def split_of(train: Path, test: str | Path | None, hold_out: float | None) -> Split:
    """What is learned and what is predicted, as `measure` says. Raises FormatError, OSError."""
    if holds_its_test(train):
        if test is not None:
            raise FormatError(
                f"{train}: sequences of users hold their own test part, each one's last item: "
                "give TRAIN alone"
            )
        return _leave_one_out(train, last_but_one=hold_out is not None)
    if (test is None) == (hold_out is None):
        raise FormatError("either a test file or a share to hold out is needed")
    held = _last_sessions(train, hold_out) if hold_out is not None else frozenset[str]()
    return _by_session(train, Path(test or train), held)


def _by_session(train: Path, test: Path, held: Set[str]) -> Split:
    def tasks(worker: Recommender) -> Iterator[Task]:
        sessions: dict[str, list[int]] = {}
        for event in lines(test):
            if not held or event.data.session_id in held:
                item = worker.items.intern(event.data.product_id)
                sessions.setdefault(event.data.session_id, []).append(item)
        for number, items in enumerate(sessions.values()):
            for place in range(1, len(items)):
                yield number, items[:place], items[place]

    return Split(lambda: (e for e in lines(train) if e.data.session_id not in held), tasks)


def _leave_one_out(path: Path, last_but_one: bool) -> Split:
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

    return Split(learned, tasks)


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
                type="product.clicked.v1",
                data=data,
                key=event.key.encode(),
                offset=offset,
                time_ms=event.time_ms,
                id="",
                source="",
                correlation_id="",
            )
            offset += 1


def _histories(path: Path) -> Iterator[ShopEvent]:
    return _sequences(path) if format_of(path) == SEQUENCES else _ratings(path)


def _ratings(path: Path) -> Iterator[ShopEvent]:
    """user_id,item_id,rating,timestamp (Unix seconds), by time, then user and item."""
    rows: list[tuple[float, tuple[int, int, str], tuple[int, int, str]]] = []
    with open_text(path) as file:
        for line, row in enumerate(csv.DictReader(file), 2):
            user, item = clean(row.get("user_id") or ""), clean(row.get("item_id") or "")
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
            user, item = clean(row.get("user_id") or ""), clean(row.get("item_id") or "")
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
