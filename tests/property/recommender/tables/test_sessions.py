"""The session index against plain lists: what it holds, its bounds, repeats, junk, its records."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.services.recommender.core.counting.learned import Learned
from shopkeeper.services.recommender.core.numeric.items import ItemIndex
from shopkeeper.services.recommender.core.tables.sessions import (
    NO_LINK,
    SessionIndex,
    SessionItems,
    decode,
    encode,
)
from shopkeeper.services.recommender.core.vectors.item2vec import ItemVectors

if TYPE_CHECKING:
    from numpy.typing import NDArray

SESSIONS, WIDTH = 5, 3

# (origin, session, item) one by one, each an event of its own in its origin's log.
events = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 8), st.integers(0, 5)), min_size=1, max_size=60
)


def seen(log: list[tuple[int, int, int]]) -> list[SessionItems]:
    """One record per event; a session's number in the log stands for its first offset."""
    return [
        SessionItems(origin, np.array([session]), np.array([item]), np.array([offset]))
        for offset, (origin, session, item) in enumerate(log)
    ]


def made() -> tuple[SessionIndex, ItemIndex]:
    items = ItemIndex()
    items.intern_all(f"p{i}" for i in range(6))
    return SessionIndex(items, SESSIONS, WIDTH), items


def twin(log: list[tuple[int, int, int]]) -> dict[tuple[int, int], list[int]]:
    """The newest sessions by first event (one that fell out and comes back is new), with their
    first distinct items."""
    held: dict[tuple[int, int], list[int]] = {}
    for origin, session, item in log:
        key = origin, session
        if key not in held:
            if len(held) == SESSIONS:
                del held[next(iter(held))]
            held[key] = []
        if item not in held[key] and len(held[key]) < WIDTH:
            held[key].append(item)
    return held


def walk(index: SessionIndex, item: int) -> list[int]:
    """Numbers of the sessions along an item's links, as the ranker walks."""
    found, where, slots = [], int(index.heads[item]), len(index.lengths)
    while where >= 0:
        session, position = divmod(where, index.width)
        if session <= index.newest - slots:
            break
        slot = session % slots
        assert index.entries[slot, position, 0] == item
        assert position < index.lengths[slot]
        found.append(session)
        back = int(index.entries[slot, position, 1])
        if back == NO_LINK:
            break
        where -= back
    return found


@given(events)
def test_it_holds_the_newest_sessions_and_finds_them_by_item(
    log: list[tuple[int, int, int]],
) -> None:
    index, _ = made()
    for record in seen(log):
        index.add(record)
    expected = twin(log)
    assert len(index) == len(expected)
    slots = len(index.lengths)
    for (origin, session), items in expected.items():
        number = index.number_of(origin, session)
        slot = number % slots
        assert index.entries[slot, : index.lengths[slot], 0].tolist() == items
    numbers = {index.number_of(*key): items for key, items in expected.items()}
    for item in range(6):
        found = walk(index, item)
        assert len(found) == len(set(found))
        assert set(found) <= {number for number, items in numbers.items() if item in items}
        if found:
            assert index.returns[item, 0] > 0
    gone = {(o, s) for o, s, _ in log} - set(expected)
    assert all(index.number_of(*key) == -1 for key in gone)


@given(events)
def test_every_session_is_found_while_the_ring_is_not_full(log: list[tuple[int, int, int]]) -> None:
    items = ItemIndex()
    items.intern_all(f"p{i}" for i in range(6))
    index = SessionIndex(items, 100, WIDTH)
    for record in seen(log):
        index.add(record)
    for item in range(6):
        having = {
            number for number in range(len(index))
            if item in index.entries[number, : index.lengths[number], 0].tolist()
        }  # fmt: skip
        assert set(walk(index, item)) == having


@given(events, st.integers(0, 59), st.integers(1, 60), st.integers(1, 7))
def test_what_comes_again_changes_nothing_however_it_is_cut(
    log: list[tuple[int, int, int]], back: int, again: int, cut: int
) -> None:
    log = [(0, session, item) for _, session, item in log]
    once, _ = made()
    for record in seen(log):
        once.add(record)
    index, _ = made()
    column = np.array(log)

    def add(start: int, end: int) -> None:
        part = slice(start, min(end, len(log)))
        if len(column[part]):
            index.add(SessionItems(0, column[part, 1], column[part, 2], np.arange(len(log))[part]))

    at = 0
    while at < len(log):
        add(at, at + cut)
        at += cut
        if at <= back < at + cut:
            add(max(0, at - again), at)  # a crash: published once more
    assert index.newest == once.newest
    assert (index.returns == once.returns).all()
    assert (index.entries == once.entries).all()
    assert index.heat == pytest.approx(once.heat)


@given(events, st.integers(1, 7))
def test_vectors_learn_each_item_with_those_before_it(
    log: list[tuple[int, int, int]], cut: int
) -> None:
    log = [(0, session, item) for _, session, item in log]
    told: list[tuple[int, list[int]]] = []

    class Told(ItemVectors):
        def learn(self, items: NDArray[np.int64], contexts: NDArray[np.int32]) -> None:
            told.extend(zip(items.tolist(), contexts.tolist(), strict=True))

    items = ItemIndex()
    items.intern_all(f"p{i}" for i in range(6))
    index = SessionIndex(items, 100, WIDTH, Told(8, 2, 1, 0.1))
    column = np.array(log)
    for start in range(0, len(log), cut):
        part = slice(start, min(start + cut, len(log)))
        index.add(SessionItems(0, column[part, 1], column[part, 2], np.arange(len(log))[part]))
    held: dict[int, list[int]] = {}
    expected = []
    for _, session, item in log:
        before = held.setdefault(session, [])
        new = item not in before and len(before) < WIDTH
        newest_first = before[::-1][:2] if new else []
        expected.append((item, newest_first + [-1] * (2 - len(newest_first))))
        if new:
            before.append(item)
    assert told == expected


@given(events, st.integers(60, 400))
def test_records_carry_it_whole(log: list[tuple[int, int, int]], bytes_max: int) -> None:
    _, items = made()
    learned = Learned()
    for offset, (_, session, item) in enumerate(log):
        for each in range(1 + item % 2):  # an event may bring several
            learned.seen += (offset, session, (item + each) % 6)
    seen = list(learned.seen)
    records = encode(learned, 3, items, bytes_max)
    parts = [decode(record, items) for record in records]
    assert all(part.origin == 3 for part in parts)
    rows = [
        row for part in parts for row in zip(part.offsets, part.sessions, part.items, strict=True)
    ]
    assert [int(number) for row in rows for number in row] == seen
    ends = [int(part.offsets[-1]) for part in parts]
    begins = [int(part.offsets[0]) for part in parts]
    assert all(end < begin for end, begin in zip(ends, begins[1:], strict=False)), "cut an event"
    for record, part in zip(records, parts, strict=True):
        assert len(record) <= bytes_max or len(set(part.offsets.tolist())) == 1
    assert encode(Learned(), 3, items, bytes_max) == []


@given(st.data())
def test_junk_is_counted_and_passed_over(data: st.DataObject) -> None:
    index, items = made()
    learned = Learned(seen=[1, 1, 0, 2, 1, 1])
    [good] = encode(learned, 0, items, 1_000)
    index.apply([(b"k", good)])
    bad = bytearray(good)
    at = data.draw(st.integers(0, len(bad) - 1))
    bad[at] = data.draw(st.integers(0, 255))
    index.apply([(b"k", bytes(bad)), (b"k", b""), (b"k", None), (None, good[:-1])])
    assert index.junk >= 3
    assert int(index.lengths.sum()) >= 2
