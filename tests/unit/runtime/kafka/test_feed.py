"""The batch feed: what of fetched records is delivered, and where reading goes on."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

from shopkeeper.shared.runtime.kafka.feed import BatchFeed
from shopkeeper.shared.runtime.kafka.offsets import Partition
from shopkeeper.shared.runtime.kafka.records import Record

TP = ("letters", 0)


class Owner:
    """Accepts until told otherwise; remembers what it was told."""

    def __init__(self, limit: int | None = None):
        self.settings = SimpleNamespace(batch_records_max=2, batch_bytes_max=10_000)
        self.generation, self.opened_to, self.passed_to = 1, [], []
        self.jumps, self.takes, self._limit = [], True, limit

    def accepting(self):
        return self.takes

    async def has_capacity(self):
        return True

    def limit(self, partition):
        return self._limit

    def records_max(self, partition):
        return self.settings.batch_records_max

    def opened(self, batch):
        self.opened_to.append((batch.first, batch.last))

    def passed(self, partition, offset):
        self.passed_to.append((partition, offset))

    def jumped(self, partition, expected, start):
        self.jumps.append((partition, expected, start))


def records(*offsets: int) -> list[Record]:
    return [Record("letters", 0, n, 0, 0, None, value=b"", headers=()) for n in offsets]


def deliver(feed: BatchFeed, found: list[Record], generation: int = 1, after=lambda n: None):
    """Offsets by batch, and what was not delivered. after: called behind each batch."""

    async def scenario():
        undelivered = {TP: None}
        batches = []
        async for tp, batch in feed.batches({TP: found}, generation, undelivered):
            assert tp == TP
            batches.append([r.offset for r in batch.records])
            after(len(batches))
        return batches, list(undelivered)

    return asyncio.run(scenario())


def feed_at(owner: Owner, expected: int) -> BatchFeed:
    feed = BatchFeed(owner, lambda: True)
    feed.expected = {TP: expected}
    return feed


def test_batches_are_in_order_bounded_and_begin_at_what_is_expected():
    owner = Owner()
    feed = feed_at(owner, 2)
    assert deliver(feed, records(0, 1, 2, 3, 5)) == ([[2, 3], [5]], [])
    assert owner.opened_to == [(2, 3), (5, 5)]
    assert feed.expected == {TP: 6}


def test_a_partition_that_nobody_has_resumed_is_left_alone():
    assert deliver(BatchFeed(Owner(), lambda: True), records(0)) == ([], [TP])


def test_what_belongs_to_an_older_generation_is_not_delivered():
    owner = Owner()
    owner.generation = 2
    assert deliver(feed_at(owner, 0), records(0)) == ([], [TP])


def test_a_rebalance_in_between_leaves_the_rest_to_be_read_again():
    owner = Owner()
    feed = feed_at(owner, 0)

    def revoke(count):
        owner.generation += 1

    batches, undelivered = deliver(feed, records(0, 1, 2, 3), after=revoke)
    assert batches == [[0, 1]]
    assert feed.places(undelivered) == {TP: 2}


def test_a_limit_is_not_passed_by_records_nor_by_positions():
    owner = Owner(limit=2)
    feed = feed_at(owner, 0)
    assert deliver(feed, records(0, 1, 2)) == ([[0, 1]], [])
    feed.note_positions({TP: 9}, 1, ())
    assert owner.passed_to == []
    assert feed.expected == {TP: 2}


def test_markers_are_passed_over_unless_something_is_still_to_be_delivered():
    owner = Owner()
    feed = feed_at(owner, 3)
    feed.note_positions({TP: 5}, 1, {TP: None})
    assert feed.expected == {TP: 3}
    feed.note_positions({TP: 5, ("other", 0): 9}, 1, ())
    assert feed.expected == {TP: 5}
    assert owner.passed_to == [(Partition(*TP), 5)]


def test_a_jump_is_told_of_what_is_ours():
    owner = Owner()
    feed_at(owner, 3).note_jumps([(TP, 7), (("other", 0), 1)])
    assert owner.jumps == [(Partition(*TP), 3, 7)]
