"""Stages A and B: what workers count, however the log is cut and crashed, equals a batch."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from shopkeeper.services.recommender.config import RecommenderConfig
from shopkeeper.services.recommender.core.counting.cooccurrence import (
    RULE,
    ItemPartition,
    decode_snapshot,
)
from shopkeeper.services.recommender.core.counting.deltas import (
    CorruptDelta,
    decode,
    deltas_of,
    encode,
)
from shopkeeper.services.recommender.core.counting.learned import Erased, ListRequest
from shopkeeper.services.recommender.core.counting.sessions import Sessions
from shopkeeper.services.recommender.core.counting.snapshot import StateError
from shopkeeper.services.recommender.core.numeric.items import ItemIndex, distinct
from shopkeeper.services.recommender.core.numeric.types import HOUR_MS
from shopkeeper.shared.contracts.envelope import Event
from shopkeeper.shared.contracts.events.shop import (
    OrderCompleted,
    OrderLine,
    ProductAdded,
    ProductClicked,
    UserErased,
)

START_MS = 1_700_000_000_000
KINDS = ("product.clicked.v1", "product.added.v1", "order.completed.v1", "user.erased.v1")
SMALL = RecommenderConfig(session_items_max=4)
PARTITIONS = 3
NONE = np.zeros(0, np.int64)


def event(offset: int, kind: int, user: int, session: int | None, picks: list[int], at: int) -> Any:
    """One event; `at` in minutes. Session ids are shared by users on purpose."""
    who: dict[str, Any] = {"user_id" if user % 2 else "anonymous_id": f"u{user}"}
    if session is not None:
        who["session_id"] = f"s{session}"
    products = [f"p{i}" for i in picks]
    data: Any
    if kind == 0:
        data = ProductClicked(product_id=products[0], **who)
    elif kind == 1:
        data = ProductAdded(product_id=products[0], **who)
    elif kind == 2:
        lines = [OrderLine(product_id=p) for p in products]
        data = OrderCompleted(order_id=f"o{offset}", products=lines, **who)
    else:
        data = UserErased(**who)
    time_ms = START_MS + at * 60_000
    return Event(KINDS[kind], data, b"k", offset, time_ms, f"e{offset}", "", f"e{offset}")


@st.composite
def logs(draw: st.DrawFn, length_max: int = 40, kinds: int = 4) -> list[Event]:
    """One partition's log; offsets have gaps, times go back now and then."""
    rows = draw(
        st.lists(
            st.tuples(
                st.integers(0, kinds - 1), st.integers(0, 3), st.none() | st.integers(0, 1),
                st.lists(st.integers(0, 6), min_size=1, max_size=7),
                st.integers(-10, 45) | st.sampled_from([-300, -100, -35, 100, 1500]),
                st.integers(1, 3),
            ),
            max_size=length_max,
        )
    )  # fmt: skip
    log, offset, at = [], 0, 100
    for kind, user, session, picks, minutes, gap in rows:
        log.append(event(offset, kind, user, session, picks, at))
        offset, at = offset + gap, at + minutes
    return log


def batches(log: list[Event], cuts: list[int]) -> list[list[Event]]:
    """The log, cut before these indexes."""
    edges = sorted({0, len(log), *(c % (len(log) + 1) for c in cuts)})
    return [log[a:b] for a, b in itertools.pairwise(edges)]


class NaiveChain:
    """Sessions by the clock of one user, by the definition: [first, last, number] each."""

    def __init__(self) -> None:
        self.running: list[int] | None = None
        self.parked: list[list[int]] = []

    def number(self, at: int, offset: int) -> int:
        """Of the session that an event belongs to."""
        gap, running = 30 * 60_000, self.running
        near = [s for s in self.parked if s[0] - gap < at < s[1] + gap]
        if running is not None and running[0] - gap < at < running[1] + gap:
            found = running
        elif running is None or at > running[1]:
            if running is not None and at - running[1] < 24 * HOUR_MS:
                self.park(running)
            found = self.running = [at, at, offset]
        elif near:
            found = max(near, key=lambda s: (s[1], s[2]))
        else:
            found = [at, at, offset]
            self.park(found)
        found[:2] = [min(found[0], at), max(found[1], at)]
        return found[2]

    def park(self, session: list[int]) -> None:
        if len(self.parked) == 3:
            self.parked.remove(min(self.parked, key=lambda s: (s[1], s[2])))
        self.parked.append(session)


def naive_sessions(
    log: list[Event], cap: int = 4
) -> tuple[list[tuple[int, list[str]]], Counter[tuple[str, int]]]:
    """(class, distinct items) of every session and class; and clicked sessions by (item, hour).

    By the definition alone: no eviction, everything in plain dicts.
    """
    baskets: dict[tuple[Any, ...], list[str]] = {}
    life: Counter[str] = Counter()  # of a user: erasing starts a new one
    chains: dict[str, NaiveChain] = {}
    counted: dict[str, tuple[int, set[str]]] = {}  # user -> (hour, items that count in it)
    visits: Counter[tuple[str, int]] = Counter()
    for e in log:
        user, event_class = e.data.user, KINDS.index(e.type)
        if event_class == 3:
            life[user] += 1
            chains.pop(user, None)
            counted.pop(user, None)
            continue
        if e.data.session_id is None:
            key: Any = chains.setdefault(user, NaiveChain()).number(e.time_ms, e.offset)
        else:
            key = e.data.session_id
        items = [p.product_id for p in e.data.products] if event_class == 2 else [e.data.product_id]
        basket = baskets.setdefault((user, life[user], key, event_class), [])
        for item in dict.fromkeys(items):
            if item not in basket and len(basket) < cap:
                basket.append(item)
                hour = e.time_ms // HOUR_MS
                newest, of_hour = counted.get(user, (-1, set()))
                if event_class == 0 and (hour > newest or (hour == newest and item not in of_hour)):
                    counted[user] = hour, {item} if hour > newest else {*of_hour, item}
                    visits[item, hour] += 1
    return [(key[3], basket) for key, basket in baskets.items()], visits


def batch(baskets: list[tuple[int, list[str]]]) -> Counter[tuple[int, str, str]]:
    """(class, i, j) -> sessions with both, by scipy; i == j is n(i)."""
    counts: Counter[tuple[int, str, str]] = Counter()
    names = sorted({item for _, basket in baskets for item in basket})
    for event_class in range(3):
        rows = [basket for c, basket in baskets if c == event_class]
        if not rows or not names:
            continue
        incidence = sparse.lil_matrix((len(rows), len(names)), dtype=np.int64)
        for number, basket in enumerate(rows):
            incidence[number, [names.index(i) for i in basket]] = 1
        product = (incidence.T @ incidence.tocsr()).tocoo()
        for i, j, count in zip(product.row, product.col, product.data, strict=True):
            counts[event_class, names[i], names[j]] = int(count)
    return counts


def held(counts: ItemPartition, rule: str = RULE) -> Counter[tuple[int, str, str]]:
    """The same, as held by a worker; read through its dump."""
    names, matrices, n = decode_snapshot(counts.snapshot(NONE), rule)
    found: Counter[tuple[int, str, str]] = Counter()
    for event_class, matrix in enumerate(matrices):
        coo = matrix.tocoo()
        for i, j, count in zip(coo.row, coo.col, coo.data, strict=True):
            found[event_class, names[i], names[j]] = int(count)
        for i, count in enumerate(n[event_class]):
            if count:
                found[event_class, names[i], names[i]] = int(count)
    return found


def visits_of(counts: ItemPartition, items: ItemIndex) -> Counter[tuple[str, int]]:
    counts.merge()
    hours = counts.hours
    return Counter(
        {
            (items.product_ids[row], int(hour)): int(count)
            for row, hour, count in zip(hours.rows(), hours.columns(), hours.counts, strict=True)
        }
    )


def entries(records: list[tuple[int, bytes]]) -> Counter[tuple[Any, ...]]:
    """Delta entries with multiplicity, each with its target and origin offset."""
    found: Counter[tuple[Any, ...]] = Counter()
    items = ItemIndex()
    for target, value in records:
        d = decode(value, items)
        for row, column, kind, offset in zip(
            d.pair_rows, d.pair_columns, d.pair_classes, d.pair_offsets, strict=True
        ):
            found[
                target, int(offset), int(kind), items.product_ids[row], items.product_ids[column]
            ] += 1
        for row, kind, hour, offset in zip(
            d.visit_rows, d.visit_classes, d.visit_hours, d.visit_offsets, strict=True
        ):
            found[target, int(offset), int(kind), items.product_ids[row], int(hour)] += 1
    return found


def records_of(
    stage: Sessions, items: ItemIndex, batch: list[Event], origin: int = 0,
    partitions: int = PARTITIONS, bytes_max: int = 900_000,
) -> list[tuple[int, bytes]]:  # fmt: skip
    learned, _ = stage.learn(batch)
    return [
        (target, record)
        for target, deltas in deltas_of(learned, items, "clicks", origin, partitions)
        for record in encode(deltas, items, bytes_max)
    ]


def run(
    log: list[Event], cuts: list[int], config: RecommenderConfig, partitions: int = PARTITIONS,
    bytes_max: int = 900_000,
) -> list[tuple[int, bytes]]:  # fmt: skip
    items = ItemIndex()
    stage = Sessions(config, items)
    return [
        record
        for batch in batches(log, cuts)
        for record in records_of(stage, items, batch, 0, partitions, bytes_max)
    ]


@given(log=logs(), cuts=st.lists(st.integers(0, 100)), evict=st.booleans())
def test_deltas_do_not_depend_on_how_the_log_was_cut(
    log: list[Event], cuts: list[int], evict: bool
) -> None:
    config = SMALL
    if evict:  # and neither does eviction
        config = replace(SMALL, eviction_interval_records=5, sessions_max=3, users_max=2)
    assert entries(run(log, cuts, config)) == entries(run(log, [], config))


@given(log=logs(), cuts=st.lists(st.integers(0, 100)), partitions=st.integers(1, 5))
def test_incremental_counts_equal_the_batch_product(
    log: list[Event], cuts: list[int], partitions: int
) -> None:
    items = ItemIndex()
    stages = [ItemPartition(SMALL, items) for _ in range(partitions)]
    for target, value in run(log, cuts, SMALL, partitions):
        stages[target].fold(decode(value, items))
    baskets, visits = naive_sessions(log)
    assert sum((held(s) for s in stages), Counter()) == batch(baskets)
    newest = max((hour for _, hour in visits), default=0)
    for number, stage in enumerate(stages):
        kept = {k: v for k, v in visits_of(stage, items).items() if k[1] > newest - 48}
        owned = {k for k in visits if items.partitions(partitions)[items.number_of[k[0]]] == number}
        assert kept == {k: visits[k] for k in owned if k[1] > newest - 48}
    owners = items.partitions(partitions)
    for number, stage in enumerate(stages):
        assert {owners[items.number_of[i]] for _, i, _ in held(stage)} <= {number}


@settings(max_examples=150)
@given(
    origins=st.lists(logs(length_max=20), min_size=1, max_size=3),
    data=st.data(),
)
def test_crashes_and_replays_leave_the_counts_as_they_are(
    origins: list[list[Event]], data: st.DataObject
) -> None:
    """Stage A and Stage B crash at random points and go on from older checkpoints.

    Stage A's replay publishes deltas again; Stage B's replay folds records again; the records
    of the origins interleave at random. Nothing may be lost or doubled.
    """
    topic: list[list[tuple[int, bytes]]] = [[] for _ in range(3)]  # by target: (origin, value)
    streams: list[list[tuple[int, bytes]]] = []
    for origin, log in enumerate(origins):
        items = ItemIndex()
        stage, saved, saved_at = Sessions(SMALL, items), None, 0
        records: list[tuple[int, bytes]] = []
        at, crashes = 0, 2
        while at < len(log):
            end = at + data.draw(st.integers(1, 7), "batch")
            records += records_of(stage, items, log[at:end], origin)
            at = end
            if data.draw(st.booleans(), "checkpoint"):
                saved, saved_at = stage.snapshot(), at
            elif crashes and data.draw(st.booleans(), "crash"):
                crashes -= 1
                items = ItemIndex()  # another process, with other integers
                items.intern(f"p{crashes}")
                stage = Sessions(SMALL, items)
                if saved is not None:
                    stage.restore(saved)
                at = saved_at
        streams.append(records)
    while any(streams):
        alive = [i for i, s in enumerate(streams) if s]
        origin = data.draw(st.sampled_from(alive), "origin")
        target, value = streams[origin].pop(0)
        topic[target].append((origin, value))
    found: Counter[tuple[int, str, str]] = Counter()
    for records_of_target in topic:
        items = ItemIndex()
        counts = ItemPartition(SMALL, items)
        saved_counts, next_record, at, crashes = None, 0, 0, 2
        while at < len(records_of_target):
            counts.fold(decode(records_of_target[at][1], items))
            at += 1
            if data.draw(st.booleans(), "checkpoint b"):
                saved_counts, next_record = counts.snapshot(NONE), at
            elif crashes and data.draw(st.booleans(), "crash b"):
                crashes -= 1
                items = ItemIndex()
                counts = ItemPartition(SMALL, items)
                if saved_counts is not None:
                    counts.restore(saved_counts)
                at = next_record
        found += held(counts)
    baskets = [basket for log in origins for basket in naive_sessions(log)[0]]
    assert found == batch(baskets)


@given(log=logs(), cuts=st.lists(st.integers(0, 100)))
def test_a_restored_stage_a_goes_on_as_the_original(log: list[Event], cuts: list[int]) -> None:
    config = replace(SMALL, eviction_interval_records=5, sessions_max=3, users_max=2)
    middle = len(log) // 2
    items = ItemIndex()
    original = Sessions(config, items)
    original.learn(log[:middle])
    restored_items = ItemIndex()
    restored_items.intern("another process, other integers")
    restored = Sessions(config, restored_items)
    restored.restore(original.snapshot())
    assert restored.snapshot() == original.snapshot()
    (first, first_due), (second, second_due) = (
        original.learn(log[middle:]),
        restored.learn(log[middle:]),
    )
    assert first.new_columns()[0].tolist() == second.new_columns()[0].tolist()
    assert [items.product_ids[i] for i in first.prior] == [
        restored_items.product_ids[i] for i in second.prior
    ]
    assert [made_from(d, items) for d in first_due] == [
        made_from(d, restored_items) for d in second_due
    ]
    assert restored.snapshot() == original.snapshot()


def made_from(due: ListRequest | Erased, items: ItemIndex) -> tuple[Any, ...]:
    """What a list is made from, by name."""
    if isinstance(due, Erased):
        return due.event.id, due.users
    return (
        due.event.id,
        [items.product_ids[i] for i in due.recent],
        [items.product_ids[i] for i in due.bought],
    )


@given(log=logs(length_max=60), evict_every=st.integers(1, 9))
def test_eviction_keeps_the_most_recently_used(log: list[Event], evict_every: int) -> None:
    config = replace(SMALL, eviction_interval_records=evict_every, sessions_max=3, users_max=2)
    config = replace(config, session_gap_ms=10**12)  # none is parked
    stage = Sessions(config, ItemIndex())
    users: dict[str, int] = {}  # the twin: last offset by user, and by session
    sessions: dict[tuple[str, str | None], int] = {}
    epoch = 0
    for e in log:
        stage.learn([e])
        user = e.data.user
        if e.offset // evict_every != epoch:
            epoch = e.offset // evict_every
            for key in sorted(sessions, key=sessions.__getitem__)[: max(0, len(sessions) - 3)]:
                del sessions[key]
            for name in sorted(users, key=users.__getitem__)[: max(0, len(users) - 2)]:
                del users[name]
                sessions = {k: o for k, o in sessions.items() if k[0] != name}
        if e.type == "user.erased.v1":
            users.pop(user, None)
            sessions = {k: o for k, o in sessions.items() if k[0] != user}
        else:
            users[user] = sessions[user, e.data.session_id] = e.offset
        assert set(stage.sessions) == set(sessions)
        assert set(stage.users) == set(users)
        assert {(n, s) for n, u in stage.users.items() for s in u.sessions} == set(sessions)


@given(log=logs(length_max=60, kinds=3), bytes_max=st.integers(300, 2_000))
def test_records_are_split_between_events_only(log: list[Event], bytes_max: int) -> None:
    small = run(log, [], SMALL, PARTITIONS, bytes_max)
    assert entries(small) == entries(run(log, [], SMALL))
    last: dict[int, int] = {}
    for target, value in small:
        d = decode(value, ItemIndex())
        offsets = {*d.pair_offsets.tolist(), *d.visit_offsets.tolist()}
        assert min(offsets) > last.get(target, -1)
        last[target] = d.last_offset
        assert len(value) <= bytes_max or len(offsets) == 1


@given(junk=st.binary(max_size=200), at=st.integers(0, 10**6), byte=st.integers(0, 255))
def test_corrupt_records_are_refused_and_never_crash(junk: bytes, at: int, byte: int) -> None:
    items = ItemIndex()
    with pytest.raises(CorruptDelta):
        decode(junk, items)
    log = [event(i, 0, 1, 0, [i], 0) for i in range(4)]
    (_, good), *_ = run(log, [], SMALL)
    bad = bytearray(good)
    bad[at % len(bad)] = byte
    counts = ItemPartition(SMALL, items)
    try:
        counts.fold(decode(bytes(bad), items))
    except CorruptDelta:
        assert bytes(bad) != good


def test_state_of_a_newer_format_is_refused() -> None:
    newer = msgspec.msgpack.encode({"format_version": 9, "rule": ""})
    with pytest.raises(StateError, match="format 9"):
        Sessions(SMALL, ItemIndex()).restore(newer)
    with pytest.raises(StateError, match="format 9"):
        ItemPartition(SMALL, ItemIndex()).restore(newer)
    with pytest.raises(StateError, match="counted by the rule"):
        Sessions(SMALL, ItemIndex()).restore(
            Sessions(RecommenderConfig(session_gap_ms=1), ItemIndex()).snapshot()
        )


@given(st.lists(st.integers(0, 299), max_size=40), st.sampled_from([300, 100_000]))
def test_distinct_items_are_those_of_sorting(items: list[int], capacity: int) -> None:
    """Both ways of finding them: by marks where they are many for the capacity, by sorting."""
    given_items = np.array(items, np.int64)
    used, places = distinct(given_items, capacity)
    assert used.tolist() == sorted(set(items))
    assert used[places].tolist() == items


def test_state_of_the_first_format_is_taken_over() -> None:
    """It knew no session's start: each gets one below zero, which no event has."""
    sessions = Sessions(SMALL, ItemIndex())
    sessions.learn([event(0, 0, 1, None, [1], 0), event(1, 0, 2, None, [2], 0)])
    old = msgspec.msgpack.decode(sessions.snapshot())
    del old["session_start"]
    restored = Sessions(SMALL, ItemIndex())
    restored.restore(msgspec.msgpack.encode(old | {"format_version": 1}))
    assert [s.start for s in restored.sessions.values()] == [-1, -2]
    learned, _ = restored.learn([event(2, 0, 1, None, [3], 0)])
    assert learned.seen_columns()[1].tolist() == [-1]
    assert learned.new_columns()[4].tolist() == [1]
    again = Sessions(SMALL, ItemIndex())
    again.restore(restored.snapshot())
    assert again.snapshot() == restored.snapshot()


@given(data=st.data())
def test_old_hours_are_dropped_whatever_the_order(data: st.DataObject) -> None:
    log = [event(i, 0, 1, None, [i % 3], i * 60) for i in range(36)]
    records = [r for e in log for r in run([e], [], SMALL, 1)]
    # Other origins' records may overtake: a shuffle, each record from an origin of its own.
    items = ItemIndex()
    counts = ItemPartition(RecommenderConfig(hours_kept=25), items)
    for number in data.draw(st.permutations(range(36))):
        deltas = decode(records[number][1], items)
        deltas.origin_partition = number
        counts.fold(deltas)
        if data.draw(st.booleans()):
            counts.merge()
    newest = log[-1].time_ms // HOUR_MS
    assert {hour for _, hour in visits_of(counts, items)} == set(range(newest - 24, newest + 1))
