"""Bases and segments in one log: read in order, all or nothing, in bounded memory."""

from __future__ import annotations

import random
from collections import deque

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopkeeper.shared.runtime.api.processor import Changes, Stateless
from shopkeeper.shared.runtime.kafka.records import Record
from shopkeeper.shared.runtime.state import segments
from shopkeeper.shared.runtime.state.checkpoint import Checkpoint
from shopkeeper.shared.runtime.state.checkpoint_chain import SLACK_BYTES, Written, encode
from shopkeeper.shared.runtime.state.checkpoints import MANIFESTS_KEPT, Reader
from shopkeeper.shared.runtime.state.decoders import RawDecoder
from shopkeeper.shared.runtime.state.partition import PartitionState

SOURCE, TOPIC = "shop.clicks.v1", "personalisation.recommender-checkpoints.v1"


def written(chain: Written, next_offset: int, *, base: bool, size: int = 1):
    content = b"%d " % next_offset * size
    name = "state" if base else "+state"
    outputs = chain.encode(Checkpoint(SOURCE, 0, next_offset, {name: content}), TOPIC, base=base)
    chain.confirmed()
    return [(o.key, o.value) for o in outputs]


def read(log):
    reader = Reader()
    for offset, (key, value) in enumerate(log):
        reader.take(offset, key, value)
    return reader.best(SOURCE, 0)


def told(best):
    """The offsets whose parts a checkpoint is made of, in order."""
    checkpoint, _ = best
    parts = [checkpoint.sections["state"], *(each["+state"] for each in checkpoint.segments)]
    return [int(part.split()[0]) for part in parts]


def test_segments_come_in_order_after_their_base():
    chain = Written()
    log = [
        *written(chain, 1, base=True),
        *written(chain, 2, base=False),
        *written(chain, 3, base=False),
        *written(chain, 4, base=True),
        *written(chain, 5, base=False),
    ]
    assert told(read(log[:6])) == [1, 2, 3]
    best = read(log)
    assert told(best) == [4, 5]
    assert best[1] == 6, "what lies before the base can go"
    assert best[0].next_offset == 5


@settings(max_examples=200)
@given(seed=st.integers(0, 1 << 32), lost=st.sets(st.integers(0, 40), max_size=3))
def test_the_highest_offset_that_all_is_there_for_wins(seed, lost):
    """Two writers, an owner and a former one, write chains of their own into one log; some records
    are lost. A naive twin follows every manifest's parents to the base."""
    chance = random.Random(seed)
    chains = [Written(), Written()]
    parts: list[list[int]] = [[], []]
    log, usable, broken = [], {}, [False, False]
    kept: deque[int] = deque(maxlen=MANIFESTS_KEPT)  # the usable ones that may be added to
    for step in range(chance.randrange(1, 14)):
        who = chance.randrange(2)
        base = not parts[who] or chance.random() < 0.25
        next_offset = 10 * step + who
        # A chain whose last part lies more than a few manifests back is given up for lost.
        forgotten = not base and parts[who][-1] not in kept
        records = written(chains[who], next_offset, base=base)
        parts[who] = [next_offset] if base else [*parts[who], next_offset]
        whole = True
        for record in records:
            if len(log) in lost:
                record, whole = (b"", b""), False
            log.append(record)
        broken[who] = (False if base else broken[who]) or forgotten or not whole
        if not broken[who]:
            usable[next_offset] = list(parts[who])
            kept.append(next_offset)
    best = read(log)
    if not usable:
        assert best is None
        return
    assert best is not None
    found = best[0].next_offset
    assert told(best) == usable[found], "whatever is taken is whole"
    assert found == max(usable)


def test_a_manifest_without_its_parent_is_no_checkpoint():
    chain = Written()
    base, segment = written(chain, 1, base=True), written(chain, 2, base=False)
    later = written(chain, 3, base=False)
    assert read([*segment, *later]) is None
    assert told(read([*base, *later])) == [1], "not without the segment between"
    assert told(read([*base, *segment, *later])) == [1, 2, 3]


def test_a_chain_of_a_thousand_has_short_manifests_and_is_read_whole():
    chain = Written()
    log = written(chain, 0, base=True)
    for number in range(1, 1000):
        log += written(chain, number, base=False)
    assert max(len(value) for _, value in log) < 1000
    assert told(read(log)) == list(range(1000))


def test_a_base_is_due_first_and_once_segments_are_larger_than_it():
    chain = Written()
    assert chain.base_due
    written(chain, 1, base=True, size=100_000)
    assert not chain.base_due
    number = 1
    while not chain.base_due:
        number += 1
        written(chain, number, base=False, size=10_000)
    held = 2 * 100_000 + SLACK_BYTES
    assert held * 0.5 < number * 20_000 < held * 1.5
    written(chain, number + 1, base=True)
    assert not chain.base_due


def test_after_one_that_was_not_confirmed_the_next_is_a_base():
    """It may not be there: nothing may rest on it, and what it said of changes is gone."""
    chain = Written()
    written(chain, 1, base=True)
    chain.encode(Checkpoint(SOURCE, 0, 2, {"+state": b"2 "}), TOPIC, base=False)
    assert chain.base_due
    log = written(chain, 3, base=True)
    assert not chain.base_due
    assert told(read(log)) == [3]


class Counter(Stateless):
    """Counts events by key, and tells which counts are others than before."""

    def __init__(self):
        self.counts: dict[str, int] = {}
        self._changed: set[str] = set()

    def process(self, events, now_ms):
        for event in events:
            name = event.key.decode()
            self.counts[name] = self.counts.get(name, 0) + 1
            self._changed.add(name)
        return [], []

    @staticmethod
    def _packed(counts):
        return b",".join(b"%s=%d" % (k.encode(), v) for k, v in sorted(counts.items()))

    @staticmethod
    def _unpacked(packed):
        pairs = (each.split(b"=") for each in packed.split(b",") if each)
        return {key.decode(): int(value) for key, value in pairs}

    def snapshot(self):
        self._changed.clear()
        return {"counts": self._packed(self.counts)}

    def restore(self, sections):
        self.counts = self._unpacked(sections["counts"])

    def changes(self):
        changed = {name: self.counts[name] for name in self._changed}
        self._changed.clear()
        return Changes({"counts": self._packed(changed)}, {})

    def apply(self, added):
        self.counts |= self._unpacked(added["counts"])


def state(processor):
    return PartitionState(
        SOURCE, 0, service="recommender", processor=processor,
        decoder=RawDecoder(SOURCE, "x"), recent_ids_max=5,
    )  # fmt: skip


@given(
    keys=st.lists(st.sampled_from("abcd"), min_size=1, max_size=30),
    at=st.sets(st.integers(0, 30)),
    bases=st.sets(st.integers(0, 30), max_size=3),
)
def test_a_state_comes_back_from_a_base_and_segments(keys, at, bases):
    processor, chain, log = Counter(), Written(), []
    original = state(processor)
    for offset, key in enumerate(keys):
        record = Record("t", 0, offset, 1000, 0, key.encode(), b"v", ())
        original.process([record], lambda: 0)
        if offset in at or offset == len(keys) - 1:
            base = chain.base_due or offset in bases
            checkpoint = original.snapshot() if base else original.changes()
            outputs = chain.encode(checkpoint, TOPIC, base=base)
            chain.confirmed()
            log += [(output.key, output.value) for output in outputs]
    found, _ = read(log)
    again = Counter()
    restored = state(again)
    restored.restore(found)
    assert restored.next_offset == original.next_offset == len(keys)
    assert restored.last_record == original.last_record
    assert again.counts == processor.counts
    whole = segments.whole(found.sections, found.segments, lambda base, added: merged(base, added))
    assert Counter._unpacked(whole["counts"]) == processor.counts


def merged(base, added):
    counter = Counter()
    counter.restore(base)
    for each in added:
        counter.apply(each)
    return {**base, **counter.snapshot()}


def test_who_cannot_say_what_changed_is_written_whole_where_it_changed():
    original = state(Stateful())
    first = original.snapshot()
    assert original.changes() is not None, "nothing happened"
    original.process([Record("t", 0, 0, 1000, 0, b"a", b"v", ())], lambda: 0)
    assert original.changes() is None
    assert original.snapshot().sections != first.sections


class Stateful(Stateless):
    """Counts, and says nothing of changes."""

    def __init__(self):
        self.count = 0

    def process(self, events, now_ms):
        self.count += len(events)
        return [], []

    def snapshot(self):
        return {"count": b"%d" % self.count}


def test_nothing_can_be_added_where_nobody_says_how():
    with pytest.raises(AssertionError, match="state"):
        segments.whole({"state": b""}, [{"+state": b"x"}], None)
    assert segments.whole({"a": b"1", "b": b"2"}, [{"a": b"3"}], None) == {"a": b"3", "b": b"2"}


def test_a_base_of_the_first_format_is_read():
    """Its manifests named no parent, and how many bytes they had."""
    log = [(o.key, o.value) for o in encode(Checkpoint(SOURCE, 0, 7, {"state": b"7 "}), TOPIC)]
    key, value = log[-1]
    manifest = orjson.loads(value)
    del manifest["parent"]
    log[-1] = key, orjson.dumps(manifest | {"format": 1, "size_bytes": 9})
    assert told(read(log)) == [7]
