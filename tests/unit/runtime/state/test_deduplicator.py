"""Repeats are dropped among the last ids, and what is remembered survives a checkpoint."""

from __future__ import annotations

from collections import deque

from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.shared.runtime.state.deduplicator import RecentIds

IDS = st.lists(st.tuples(st.sampled_from(["a", "b"]), st.text("xyz", max_size=2)), max_size=60)


@given(ids=IDS, capacity=st.integers(0, 6), crash_at=st.integers(0, 60))
def test_it_agrees_with_a_naive_twin_also_across_a_checkpoint(ids, capacity, crash_at):
    twin: deque[tuple[str, str]] = deque(maxlen=capacity)
    recent = RecentIds(capacity)
    for index, (source, event_id) in enumerate(ids):
        if index == crash_at:
            packed = recent.snapshot()
            recent = RecentIds(capacity)
            recent.restore(packed)
        expected = (source, event_id) in twin
        if not expected:
            twin.append((source, event_id))
        assert recent.seen(source, event_id) == expected
    assert len(recent) == len(twin)


def test_source_and_id_are_not_run_together():
    recent = RecentIds(10)
    assert not recent.seen("ab", "c")
    assert not recent.seen("a", "bc")


def test_a_smaller_capacity_keeps_the_newest():
    recent = RecentIds(4)
    for event_id in "abcd":
        recent.seen("s", event_id)
    smaller = RecentIds(2)
    smaller.restore(recent.snapshot())
    assert [smaller.seen("s", e) for e in "cd"] == [True, True]
    assert not smaller.seen("s", "a")


@given(
    ids=IDS,
    capacity=st.integers(0, 6),
    at=st.sets(st.integers(0, 60)),
    bases=st.sets(st.integers(0, 60)),
)
def test_a_base_and_the_ids_since_are_as_a_whole_snapshot(ids, capacity, at, bases):
    recent = RecentIds(capacity)
    base, segments = recent.snapshot(), []
    twin = RecentIds(capacity)
    for index, (source, event_id) in enumerate(ids):
        assert recent.seen(source, event_id) == twin.seen(source, event_id)
        if index in bases:
            base, segments = recent.snapshot(), []
        elif index in at:
            segments.append(recent.changes())
    segments.append(recent.changes())
    restored = RecentIds(capacity)
    restored.restore(base)
    for segment in segments:
        restored.apply(segment)
    assert restored.snapshot() == twin.snapshot()
    assert len(restored) == len(twin)
