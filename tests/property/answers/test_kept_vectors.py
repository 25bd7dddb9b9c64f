"""Vectors that are kept on a topic against vectors made afresh, and the topic against the entries
that workers hold."""

from __future__ import annotations

import asyncio
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.services.answers.core.entries import Entry
from shopkeeper.services.answers.core.fused import FusedRanker
from shopkeeper.services.answers.core.kept_vectors import AGAIN_MS, GRACE_MS, KeptVectors
from shopkeeper.services.answers.core.vector_records import encoders_mark, key_of, unpacked
from shopkeeper.services.answers.embedding import EmbeddingThread
from shopkeeper.shared.text.embedder import load_embedders
from tests.property.answers.test_dense import DIMENSIONS, ENTRIES, NAMES, TEXTS, Bag

SHARES = 2
MARK = encoders_mark([("en", "1"), ("zh", "2")])
DIMENSIONS_OF = {"en": DIMENSIONS, "zh": DIMENSIONS}


def entry(name, text, title=""):
    return Entry(id=name, title=title, text=text, kind="page", product_id=None)


class Topic:
    """A compacted topic in memory, as each worker reads it: in order, to where it has read."""

    def __init__(self):
        self.log = []

    @property
    def values(self):
        held = dict(self.log)
        return {key: value for key, value in held.items() if value is not None}


class Worker:
    """A ranker that keeps vectors, and writes what belongs to its shares."""

    def __init__(self, topic, shares=(), mark=MARK, embedders=None):
        self.topic, self.shares, self.read, self.now_ms = topic, shares, 0, 1
        self.embedders = embedders or {"en": Bag(), "zh": Bag()}
        self.kept = KeptVectors(
            mark, {name: each.dimensions for name, each in self.embedders.items()}
        )
        self.kept.split(SHARES)
        self.ranker = FusedRanker(self.embedders, kept=self.kept)

    def catch_up(self):
        records, self.read = self.topic.log[self.read :], len(self.topic.log)
        self.ranker.apply_kept(records)

    def write(self):
        self.now_ms += 1
        for share in self.shares:
            self.topic.log += self.kept.due(share, self.now_ms)

    def settle(self):
        """Long enough for everything that is due to be written."""
        for _ in range(4):
            self.catch_up()
            self.ranker.catch_up()  # also what a damaged record has lost
            self.write()
            self.now_ms += max(GRACE_MS, AGAIN_MS) + 1
        self.catch_up()

    def ranked(self, questions):
        return self.ranker.rank_all(questions, 20, [None] * len(questions))


@given(
    st.lists(ENTRIES, max_size=8, unique_by=lambda entry: entry.id),
    TEXTS,
    st.lists(st.booleans(), max_size=8),
)
def test_kept_and_fresh_vectors_answer_alike(entries, question, records_first):
    topic = Topic()
    fresh = Worker(topic, shares=(0, 1))
    fresh.ranker.put(entries)
    fresh.settle()
    again, log, rest = Worker(topic), list(topic.log), list(entries)
    for first in records_first:  # the two topics are read in any order
        if first:
            again.ranker.apply_kept([log.pop(0)] if log else [])
        else:
            again.ranker.put([rest.pop(0)] if rest else [])
    again.ranker.put(rest)
    again.ranker.apply_kept(log)
    spoken = [each for each in entries if again.ranker._stored(each.id) is not None]
    assert again.ranker.waiting == len(entries) - len(spoken)
    assert {e.id for e in spoken} == {e.id for e in entries if fresh.ranker._stored(e.id)}
    again.ranker.catch_up()
    assert again.ranked([question]) == fresh.ranked([question])


WORKERS = st.integers(0, 1)
STEPS = st.lists(
    st.tuples(
        WORKERS,
        st.one_of(
            st.lists(ENTRIES, max_size=3, unique_by=lambda entry: entry.id),
            st.lists(NAMES, max_size=3).map(tuple),
            st.sampled_from(["embed", "read", "write", "damage"]),
        ),
    ),
    max_size=20,
)


@given(STEPS)
def test_the_topic_comes_to_hold_what_the_entries_need_and_nothing_else(steps):
    """Two workers that read the same entries, each in its own time; records are damaged meanwhile
    as often as it likes."""
    topic = Topic()
    workers = [Worker(topic, shares=(0,)), Worker(topic, shares=(1,))]
    entries, applied = [], [0, 0]

    def catch_up(number):
        for change in entries[applied[number] :]:
            ranker = workers[number].ranker
            (ranker.remove if isinstance(change, tuple) else ranker.put)(change)
        applied[number] = len(entries)

    for number, step in steps:
        worker = workers[number]
        if step == "embed":
            worker.ranker.accept(worker.ranker.embed(worker.ranker.take_waiting(2)))
        elif step == "read":
            worker.catch_up()
        elif step == "write":
            worker.write()
        elif step == "damage":
            topic.log += [(key, b"\x00" + value) for key, value in list(topic.values.items())[:1]]
        else:
            entries.append(step)
            catch_up(number)
    for _ in range(4):
        for number, worker in enumerate(workers):
            catch_up(number)
            worker.settle()
    assert workers[0].ranker.waiting == workers[1].ranker.waiting == 0
    texts = {}
    for change in entries:
        for each in change:
            texts.pop(each if isinstance(change, tuple) else each.id, None)
            if not isinstance(change, tuple):
                texts[each.id] = each
    needed = {
        key_of(MARK, each.title, each.text)
        for each in texts.values()
        if workers[0].ranker._stored(each.id) is not None
    }
    assert topic.values.keys() == needed
    for key, value in topic.values.items():
        assert unpacked(key, value, DIMENSIONS_OF).language in DIMENSIONS_OF
    assert [len(worker.kept) for worker in workers] == [len(needed)] * 2
    assert not any(worker.kept._unclaimed for worker in workers)


def kept(entries):
    topic = Topic()
    worker = Worker(topic, shares=(0, 1))
    worker.ranker.put(entries)
    worker.settle()
    return topic, worker


SHOP = [entry("a", "refund of the parcel", "refund costs"), entry("b", "shipping costs")]


def test_vectors_of_other_encoders_are_ignored_and_go():
    topic, _ = kept(SHOP)
    before = topic.values
    other = Worker(topic, shares=(0, 1), mark=encoders_mark([("en", "1"), ("zh", "3")]))
    other.catch_up()
    other.ranker.put(SHOP)
    assert (other.ranker.waiting, other.ranker.recalled) == (2, 0)
    other.settle()
    assert len(topic.values) == 2
    assert topic.values.keys().isdisjoint(before)


@pytest.mark.parametrize(
    "damage", [lambda v: v[:-1], lambda v: v[:-9] + b"!" + v[-8:], lambda v: b"\x80"]
)
def test_a_damaged_record_is_made_anew(damage):
    topic, before = kept(SHOP)
    key = key_of(MARK, SHOP[0].title, SHOP[0].text)
    whole = topic.values[key]
    assert damage(whole) != whole
    topic.log.append((key, damage(whole)))
    again = Worker(topic, shares=(0, 1))
    again.catch_up()
    again.ranker.put(SHOP)
    assert again.kept.refused == 1
    assert (again.ranker.waiting, again.ranker.recalled) == (1, 1)
    again.settle()
    assert topic.values[key] == whole
    before.catch_up()  # which read the damage, too
    assert again.ranked(["refund"]) == before.ranked(["refund"])


def test_what_is_published_again_unchanged_keeps_its_vectors_and_what_says_the_same_has_them_too():
    _, worker = kept(SHOP)
    worker.ranker.put([*SHOP, entry("c", SHOP[1].text)])
    assert worker.ranker.waiting == 0
    assert worker.ranker.made == 2
    worker.ranker.remove(["b"])
    assert "c" in {hit.id for hit in worker.ranked(["shipping"])[0].hits}


def test_unclaimed_values_are_bounded():
    topic, _ = kept([entry(str(n), f"parcel {n}") for n in range(9)])
    reader = KeptVectors(MARK, DIMENSIONS_OF, unclaimed_max=4)
    reader.apply(topic.log)
    assert (len(reader), len(reader._unclaimed)) == (9, 4)


def test_a_write_that_never_shows_is_named_again():
    topic = Topic()
    worker = Worker(topic, shares=(0, 1))
    worker.ranker.put(SHOP)
    worker.ranker.catch_up()
    worker.write()
    assert len(topic.log) == 2
    worker.write()
    assert len(topic.log) == 2
    worker.now_ms += AGAIN_MS
    worker.write()
    assert len(topic.log) == 4


class Slow(Bag):
    """Says which texts it was asked for, in their order."""

    def __init__(self, loop):
        self.seen, self.loop, self.asked = [], loop, asyncio.Event()

    def vectors(self, texts):
        self.seen += texts
        self.loop.call_soon_threadsafe(self.asked.set)
        time.sleep(0.02 * bool(texts))
        return super().vectors(texts)


def test_what_is_published_while_the_worker_runs_comes_before_the_backlog():
    async def run():
        slow = Slow(asyncio.get_running_loop())
        ranker = FusedRanker({"en": slow})
        thread = EmbeddingThread(ranker)
        ranker.put([entry(f"old {n}", f"parcel number {n}") for n in range(1_000)])
        await thread.start()
        thread.refresh()
        await slow.asked.wait()
        ranker.put([entry("new", "refund costs")])
        thread.refresh()
        while not ranker.made or "refund costs" not in slow.seen:
            await asyncio.sleep(0.001)
            thread.refresh()
        remark, waiting = thread.remark(), ranker.waiting
        await thread.stop()
        return remark, waiting, slow.seen

    remark, waiting, seen = asyncio.run(run())
    assert remark.startswith(f"{waiting} entries wait")
    assert 900 < waiting < 1_001
    assert seen.index("refund costs") < 100


def test_with_the_real_encoders():
    embedders = load_embedders()
    topic = Topic()
    shop = [
        entry("money", "Refunds arrive on your card within a week."),
        entry("lost", "If a parcel goes missing we send another one."),
        entry("运费", "满99元免邮，不满收8元。", "运费怎么算？"),
    ]
    fresh = Worker(topic, shares=(0, 1), embedders=embedders)
    fresh.ranker.put(shop)
    fresh.settle()
    again = Worker(topic, embedders=embedders)
    again.catch_up()
    again.ranker.put(shop)
    assert (again.ranker.waiting, again.ranker.recalled) == (0, 3)
    asked = ["when do i get reimbursed", "my package never came", "快递费多少钱"]
    assert again.ranked(asked) == fresh.ranked(asked)
    assert [ranking.hits[0].id for ranking in again.ranked(asked)] == ["money", "lost", "运费"]
    assert all(np.frombuffer(key, np.uint8).shape == (16,) for key in topic.values)
