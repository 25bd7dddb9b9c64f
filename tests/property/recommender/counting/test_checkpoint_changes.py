"""A base and the segments after it give the state that a whole snapshot would have given."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopkeeper.services.recommender.core.counting.cooccurrence import ItemPartition
from shopkeeper.services.recommender.core.counting.count_map import CountMap
from shopkeeper.services.recommender.core.counting.deltas import decode
from shopkeeper.services.recommender.core.counting.sessions import Sessions
from shopkeeper.services.recommender.core.counting.snapshot import StateError
from shopkeeper.services.recommender.core.numeric.items import ItemIndex
from shopkeeper.shared.contracts.envelope import Event
from shopkeeper.shared.contracts.events.shop import (
    OrderRefunded,
    ProductClicked,
    ProductRemoved,
)
from tests.property.recommender.counting.test_counts import (
    SMALL,
    START_MS,
    batches,
    held,
    logs,
    run,
    visits_of,
)

TIGHT = replace(SMALL, eviction_interval_records=5, sessions_max=3, users_max=2)
OTHERS = ("product.removed.v1", "order.refunded.v1", "product.clicked.v1")


def moved(event: Event, **changes: Any) -> Event:
    """The event, with these fields changed."""
    fields = ("type", "data", "key", "offset", "time_ms", "id", "source", "correlation_id")
    return Event(**{name: getattr(event, name) for name in fields} | changes)


@st.composite
def all_events(draw: st.DrawFn) -> list[Event]:
    """As `logs`, with removals, refunds and logins among them."""
    log = draw(logs())
    mixed: list[Event] = []
    for event in log:
        offset = 2 * event.offset
        mixed.append(moved(event, offset=offset))
        kind = draw(st.integers(0, 8))
        if kind < len(OTHERS):
            user, item = draw(st.integers(0, 3)), f"p{draw(st.integers(0, 6))}"
            session = draw(st.sampled_from([None, "s0", "s1"]))
            who: dict[str, Any] = {"user_id": f"u{user}"}
            data: Any
            if kind == 0:
                data = ProductRemoved(product_id=item, session_id=session, **who)
            elif kind == 1:
                data = OrderRefunded(order_id=f"o{draw(st.integers(0, 20))}", **who)
            else:
                who["anonymous_id"] = f"u{draw(st.integers(0, 3))}"
                data = ProductClicked(product_id=item, session_id=session, **who)
            mixed.append(moved(event, offset=offset + 1, type=OTHERS[kind], data=data))
    return mixed


@settings(max_examples=200)
@given(
    log=all_events(),
    cuts=st.lists(st.integers(0, 100), max_size=12),
    bases=st.sets(st.integers(0, 12), max_size=3),
    tight=st.booleans(),
)
def test_sessions_and_their_changes(
    log: list[Event], cuts: list[int], bases: set[int], tight: bool
) -> None:
    config = TIGHT if tight else SMALL
    sessions, twin = Sessions(config, ItemIndex()), Sessions(config, ItemIndex())
    base, segments = sessions.snapshot(), []
    for number, batch in enumerate(batches(log, cuts)):
        sessions.learn(batch)
        twin.learn(batch)
        changed = None if number in bases else sessions.changes()
        if changed is None:
            base, segments = sessions.snapshot(), []
        else:
            segments.append(changed)
        restored = Sessions(config, ItemIndex())
        restored.restore(base)
        for segment in segments:
            restored.apply(segment)
        whole = twin.snapshot()
        assert restored.snapshot() == whole
        for name, user in sessions.users.items():
            assert restored.users[name].sessions.keys() == user.sessions.keys()


def test_a_change_costs_what_changed() -> None:
    """Ten thousand users are known, and one comes back."""
    sessions = Sessions(SMALL, ItemIndex())

    def click(offset: int, user: int, item: int) -> Event:
        data = ProductClicked(product_id=f"p{item}", user_id=f"u{user}", session_id="s")
        return Event(
            "product.clicked.v1", data, b"", offset, START_MS, str(offset), "", str(offset)
        )

    sessions.learn([click(n, n, n % 100) for n in range(10_000)])
    whole = sessions.snapshot()
    sessions.learn([click(10_000, 5, 7)])
    changed = sessions.changes()
    assert changed is not None
    assert len(changed) * 500 < len(whole)
    empty = sessions.changes()
    assert empty is not None
    assert len(empty) < len(changed)


def test_whoever_is_forgotten_for_good_makes_the_next_checkpoint_a_whole_one() -> None:
    sessions = Sessions(SMALL, ItemIndex())
    data = ProductClicked(product_id="p", user_id="u", session_id="s")
    sessions.learn([Event("product.clicked.v1", data, b"", 0, START_MS, "0", "", "0")])
    sessions.snapshot()
    assert sessions.forget("u")
    assert sessions.changes() is None
    sessions.snapshot()
    assert sessions.changes() is not None


def of_names(counts: ItemPartition, items: ItemIndex) -> dict[str, Any]:
    """What `counts` holds by product id, apart from pairs and visits."""
    rows = counts.owned().tolist()
    return {
        items.product_ids[row]: (
            counts.n[:, row].tolist(),
            int(counts.digests[row]) * (not counts.dirty[row]),
            bool(counts.dirty[row]),
        )
        for row in rows
    }


@settings(max_examples=150)
@given(log=logs(), cuts=st.lists(st.integers(0, 100)), data=st.data())
def test_counts_and_their_changes(log: list[Event], cuts: list[int], data: st.DataObject) -> None:
    items = ItemIndex()
    counts = ItemPartition(replace(SMALL, pending_entries_max=9), items)
    base, segments = counts.snapshot(np.zeros(0, np.int64)), []
    for _, record in run(log, cuts, SMALL, partitions=1):
        counts.fold(decode(record, items))
        if data.draw(st.booleans(), "publish"):  # as similar_items: all rows, in some version
            rows = counts.owned()
            counts.digests[rows] = data.draw(st.integers(1, 9), "version")
            counts.dirty[rows] = False
        if data.draw(st.booleans(), "merge"):
            counts.merge()
        if not data.draw(st.booleans(), "checkpoint"):
            continue
        owned = counts.owned()
        unconfirmed = owned[: data.draw(st.integers(0, len(owned)), "unconfirmed")]
        if data.draw(st.integers(0, 5), "base") == 0:
            base, segments = counts.snapshot(unconfirmed), []
        else:
            segments.append(counts.changes(unconfirmed))
        other = ItemIndex()  # another process, with other integers
        other.intern("p3")
        restored = ItemPartition(SMALL, other)
        restored.restore(base)
        for segment in segments:
            assert segment is not None
            restored.apply(segment)
        expected = of_names(counts, items)
        for row in unconfirmed.tolist():
            name = items.product_ids[row]
            expected[name] = (expected[name][0], 0, True)
        assert of_names(restored, other) == expected
        assert restored.applied_offset == counts.applied_offset
        counts.merge()
        assert visits_of(restored, other) == visits_of(counts, items)
    final = counts.changes(np.zeros(0, np.int64))
    assert final is not None
    restored = ItemPartition(SMALL, ItemIndex())
    restored.restore(base)
    for segment in [*segments, final]:
        restored.apply(segment)
    assert held(restored) == held(counts)


def test_counts_that_move_or_go_are_told_whole() -> None:
    for config in (
        replace(SMALL, decay_half_life_hours=24.0),
        replace(SMALL, pruning_delta=0.1),
    ):
        counts = ItemPartition(config, ItemIndex())
        counts.snapshot(np.zeros(0, np.int64))
        assert counts.changes(np.zeros(0, np.int64)) is None


@given(
    steps=st.lists(
        st.tuples(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3))), st.integers(0, 3))
    )
)
def test_what_a_count_map_says_of_its_changes_is_what_was_added(
    steps: list[tuple[list[tuple[int, int]], int]],
) -> None:
    live, rebuilt = CountMap(), CountMap()
    live.mark()
    for entries, then in steps:
        rows, columns = (np.array([e[k] for e in entries], np.int64) for k in (0, 1))
        live.add(rows, columns)
        if then == 1:
            live.merge()
        elif then == 2:
            changed = live.changes()
            assert changed is not None
            rebuilt.add_counts(*changed)
    changed = live.changes()
    assert changed is not None
    rebuilt.add_counts(*changed)
    live.merge()
    assert rebuilt.keys.tolist() == live.keys.tolist()
    assert rebuilt.counts.tolist() == live.counts.tolist()


@pytest.mark.parametrize("packed", [b"", b"\x80", b"\xc1"])
def test_a_segment_that_cannot_be_read_is_refused(packed: bytes) -> None:
    with pytest.raises(StateError):
        Sessions(SMALL, ItemIndex()).apply(packed)
    with pytest.raises(StateError):
        ItemPartition(SMALL, ItemIndex()).apply(packed)
