"""Events are handed to the partition that their key belongs to, and what comes twice is dropped."""

from __future__ import annotations

import random
from collections import Counter
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopkeeper.shared.contracts.decoder import EventDecoder
from shopkeeper.shared.contracts.envelope import FORWARDED, Event, Skipped
from shopkeeper.shared.runtime.api.processor import Stateless
from shopkeeper.shared.runtime.kafka.routing import (
    COPY,
    REROUTED,
    ForwardedOffsets,
    Hop,
    Router,
    hop_of,
)
from shopkeeper.shared.runtime.kafka.sink import partition_of
from shopkeeper.shared.runtime.state.partition import PartitionState

TOPIC = "shop.clicks.v1"


def record(partition, offset, user, headers=(), value=None):
    return SimpleNamespace(
        topic=TOPIC, partition=partition, offset=offset, timestamp=1_700_000_000_000 + offset,
        key=user.encode(), headers=list(headers),
        value=value or b'{"user_id":"%s","product_id":"p"}' % user.encode(),
    )  # fmt: skip


class Log(Stateless):
    """Remembers the events that it was given."""

    def __init__(self):
        self.seen = []

    def process(self, events, now_ms):
        self.seen += [(event.data.user_id, event.id) for event in events]
        return [], []

    def snapshot(self):
        return {"seen": repr(self.seen).encode()}

    def restore(self, sections):
        self.seen = eval(sections["seen"])


def state(number, count, key_of=lambda e: e.data.user_id):
    decoder = EventDecoder(TOPIC, {"product.clicked.v1"}, "recommender", "com.example.shop.")
    return PartitionState(
        TOPIC,
        number,
        service="recommender",
        processor=Log(),
        decoder=decoder,
        recent_ids_max=1000,
        count=count,
        key_of=key_of,
    )


def published(output, offset):
    return SimpleNamespace(
        topic=TOPIC, partition=output.partition, offset=offset, timestamp=output.timestamp_ms,
        key=output.key, headers=output.headers, value=output.value,
    )  # fmt: skip


def test_an_event_of_another_partition_is_forwarded_with_its_time_and_id():
    users = [f"u{n}" for n in range(30)]
    elsewhere = [u for u in users if partition_of(u.encode(), 4) != 1]
    one = state(1, 4)
    result = one.process([record(1, 10 + n, u) for n, u in enumerate(users)], lambda: 0)
    assert result.counts.skipped == {REROUTED: len(elsewhere)}
    assert result.counts.processed == len(users) - len(elsewhere)
    assert [o.key.decode() for o in result.outputs] == elsewhere
    for output in result.outputs:
        assert output.partition == partition_of(output.key, 4)
        origin = 10 + users.index(output.key.decode())
        assert output.timestamp_ms == 1_700_000_000_000 + origin
        assert hop_of(published(output, 0)) == Hop(1, origin, 1, origin)
        there = state(output.partition, 4)
        assert there.process([published(output, 7)], lambda: 0).counts.processed == 1
        assert there._processor.seen == [(output.key.decode(), f"{TOPIC}/1/{origin}")]


def test_what_is_forwarded_again_keeps_its_origin():
    user = next(f"u{n}" for n in range(99) if partition_of(b"u%d" % n, 4) == 3
                and partition_of(b"u%d" % n, 6) == 5)  # fmt: skip
    (first,) = state(0, 4).process([record(0, 5, user)], lambda: 0).outputs
    (second,) = state(3, 6).process([published(first, 9)], lambda: 0).outputs
    assert (first.partition, second.partition) == (3, 5)
    assert hop_of(published(second, 0)) == Hop(0, 5, 3, 9)
    assert sum(name == FORWARDED for name, _ in second.headers) == 1


def test_where_nothing_is_kept_by_key_copies_are_passed_over():
    user = next(f"u{n}" for n in range(99) if partition_of(b"u%d" % n, 4) == 3)
    (copy,) = state(0, 4).process([record(0, 5, user)], lambda: 0).outputs
    stateless = state(3, 4, None)
    result = stateless.process([record(3, 6, "u1"), published(copy, 7)], lambda: 0)
    assert (result.counts.processed, result.counts.skipped, result.outputs) == (1, {COPY: 1}, [])


@pytest.mark.parametrize("value", [b"", b"1/2/3", b"1/2/3/x", b"1/2/3/4/5", b"-1/2/3/4", None])
def test_a_header_that_is_not_a_hop_means_nothing(value):
    assert hop_of(record(0, 1, "u", [(FORWARDED, value)])) is None


def test_a_router_remembers_few_keys_and_many_alike():
    names = [f"u{n}" for n in range(100)]
    events = [Event("t", SimpleNamespace(user_id=n), None, o, 0, n, "s", n)
              for o, n in enumerate(names)]  # fmt: skip
    records = [record(2, o, n) for o, n in enumerate(names)]
    whole, single = (Router(TOPIC, 2, 5, lambda e: e.data.user_id) for _ in range(2))
    for _ in range(2):
        kept, outputs, repeats = whole.route(records, events)
        one_by_one = [single.route([r], [e]) for r, e in zip(records, events, strict=True)]
        assert kept == [v for found, _, _ in one_by_one for v in found]
        assert outputs == [o for _, found, _ in one_by_one for o in found]
        assert repeats == 0
    assert all(isinstance(v, Skipped) == (partition_of(n.encode(), 5) != 2)
               for v, n in zip(kept, names, strict=True))  # fmt: skip


def test_forwarded_offsets_survive_a_checkpoint():
    forwarded = ForwardedOffsets()
    assert forwarded.passes(Hop(0, 1, 2, 7))
    other = ForwardedOffsets()
    other.restore(forwarded.snapshot())
    assert not other.passes(Hop(0, 0, 2, 7))
    assert other.passes(Hop(0, 0, 3, 0))
    assert other.passes(Hop(0, 0, 2, 8))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 4))
def test_every_event_is_folded_once_whoever_is_killed_and_when(seed, count):
    """Workers are killed between what they publish and their checkpoint, which is then replayed.

    The events have no ids, so that nothing but the forwarded offsets can tell what comes twice."""
    chance = random.Random(seed)
    logs = {number: [] for number in range(count)}
    for _ in range(40):
        number = chance.randrange(count)
        logs[number].append(record(number, len(logs[number]), f"u{chance.randrange(9)}"))
    states = {number: state(number, count) for number in logs}
    saved = {number: (states[number].snapshot(), None) for number in logs}
    while any(states[n].next_offset < len(logs[n]) for n in logs):
        number = chance.randrange(count)
        start = states[number].next_offset
        batch = logs[number][start : start + chance.randint(1, 5)]
        if batch:
            for output in states[number].process(batch, lambda: 0).outputs:
                target = logs[output.partition]
                target.append(published(output, len(target)))
        if chance.random() < 0.3:
            saved[number] = (states[number].snapshot(), None)
        if chance.random() < 0.2:  # killed: what it published stays
            states[number] = state(number, count)
            states[number].restore(saved[number][0])
    folded = Counter(event for s in states.values() for event in s._processor.seen)
    assert folded.total() == 40
    assert set(folded.values()) == {1}
    for number, one in states.items():
        assert all(partition_of(u.encode(), count) == number for u, _ in one._processor.seen)
