"""Checkpoints: the best usable manifest wins, torn ones are ignored, newer formats refused."""

from __future__ import annotations

from collections import Counter

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.shared.runtime.kafka.records import Record, mark
from shopkeeper.shared.runtime.state.checkpoint import Checkpoint
from shopkeeper.shared.runtime.state.checkpoint_chain import CHUNK_BYTES, encode
from shopkeeper.shared.runtime.state.checkpoints import CheckpointError, Reader

TOPIC = "personalisation.recommender-checkpoints.v1"


def records(next_offset: int, state: bytes, source: str = "shop.clicks.v1"):
    outputs = encode(Checkpoint(source, 0, next_offset, {"state": state}), TOPIC)
    return [(o.key, o.value) for o in outputs]


def read(log) -> Reader:
    reader = Reader()
    for offset, (key, value) in enumerate(log):
        reader.take(offset, key, value)
    return reader


def test_what_was_written_is_read_back_in_as_many_chunks_as_it_needs():
    state = bytes(range(256)) * (2 * CHUNK_BYTES // 256 + 1)
    log = records(17, state)
    assert len(log) == 4  # three chunks and the manifest
    checkpoint, first = read(log).best("shop.clicks.v1", 0)
    assert (checkpoint.next_offset, checkpoint.sections, first) == (17, {"state": state}, 0)


@given(
    offsets=st.lists(st.integers(0, 100), min_size=1, max_size=6),
    torn=st.sets(st.integers(0, 5)),
)
def test_the_highest_offset_whose_chunks_are_all_there_wins(offsets, torn):
    """A former owner may write late (lower offset), a crash may tear one (no chunk)."""
    log, whole = [], []
    for index, next_offset in enumerate(offsets):
        written = records(next_offset, b"state of %d" % next_offset)
        if index in torn:
            written = written[1:]
        else:
            whole.append(next_offset)
        log += written
    best = read(log).best("shop.clicks.v1", 0)
    if not whole:
        assert best is None
    else:
        assert best[0].next_offset == max(whole)
        assert best[0].sections == {"state": b"state of %d" % max(whole)}


def test_a_chunk_that_was_altered_makes_its_checkpoint_unusable():
    log = records(5, b"good") + [
        (k, b"evil" if b"chunk" in k else v) for k, v in records(9, b"better")
    ]
    assert read(log).best("shop.clicks.v1", 0)[0].next_offset == 5


def test_two_sources_in_one_topic_do_not_disturb_each_other():
    clicks, pairs = records(5, b"c" * 10), records(8, b"p" * 10, "personalisation.item-pairs.v1")
    reader = read([clicks[0], pairs[0], clicks[1], pairs[1]])
    assert reader.best("shop.clicks.v1", 0)[0].next_offset == 5
    assert reader.best("personalisation.item-pairs.v1", 0)[0].next_offset == 8
    assert reader.best("personalisation.item-pairs.v1", 0)[1] == 1


@given(order=st.permutations("aabbcccc"))
def test_several_writers_may_interleave_their_checkpoints(order):
    """The new owner's, c, has three chunks; what former owners wrote comes whenever it comes."""
    written = {
        "a": records(2, b"state of 2"),
        "b": records(5, b"state of 5"),
        "c": records(6, bytes(range(256)) * (2 * CHUNK_BYTES // 256 + 1)),
    }
    assert Counter(order) == {writer: len(parts) for writer, parts in written.items()}
    parts = {writer: iter(of) for writer, of in written.items()}
    best = read([next(parts[writer]) for writer in order]).best("shop.clicks.v1", 0)
    assert best is not None
    assert best[0].next_offset == 6


def test_a_late_former_owner_between_chunks_and_manifest_does_no_harm():
    mine, late = records(9, b"newer"), records(5, b"older")
    for log in ([mine[0], *late, mine[1]], [late[0], *mine, late[1]]):
        assert read(log).best("shop.clicks.v1", 0)[0].sections == {"state": b"newer"}


def test_a_manifest_of_a_newer_format_is_refused_and_names_the_way_out():
    key, value = records(5, b"x")[-1]
    newer = orjson.dumps(orjson.loads(value) | {"format": 99})
    with pytest.raises(CheckpointError, match="shopkeeper checkpoints reset"):
        read([(key, newer)])


@given(st.binary(max_size=40), st.one_of(st.none(), st.binary(max_size=40)))
def test_junk_in_the_topic_is_passed_over(key, value):
    log = [*records(5, b"good"), (key, value), (b"shop.clicks.v1/manifest", value)]
    assert read(log).best("shop.clicks.v1", 0)[0].sections == {"state": b"good"}


def test_the_last_record_is_kept_and_manifests_of_earlier_versions_have_none():
    last = mark(Record("t", 0, 4, 1_000, 0, b"key", b"value", ()))
    written = encode(Checkpoint("shop.clicks.v1", 0, 5, {}, last_record=last), TOPIC)
    log = [(o.key, o.value) for o in written]
    best, _ = read(log).best("shop.clicks.v1", 0)
    assert best.last_record == last
    assert (best.size_bytes, best.written_ms > 0) == (1, True)
    key, value = log[-1]
    older = orjson.loads(value)
    del older["last_record"]
    assert read([log[0], (key, orjson.dumps(older))]).best("shop.clicks.v1", 0)[0] is not None
    for junk in ("x", 5, {}, [], [1], ["a", "b"]):
        spoilt = orjson.dumps(older | {"last_record": junk})
        assert read([log[0], (key, spoilt)]).best("shop.clicks.v1", 0) is None


@given(st.tuples(st.none() | st.binary(max_size=3), st.none() | st.binary(max_size=3),
                 st.integers(0, 3)),
       st.tuples(st.none() | st.binary(max_size=3), st.none() | st.binary(max_size=3),
                 st.integers(0, 3)))  # fmt: skip
def test_two_records_have_the_same_mark_only_if_they_are_the_same(one, other):
    marks = [
        mark(Record("t", 0, 4, time_ms, 0, key, value, ())) for key, value, time_ms in (one, other)
    ]
    assert (marks[0] == marks[1]) == (one == other)
