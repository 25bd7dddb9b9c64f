"""The feed: what of fetched records is delivered, as which batches, and where reading goes on.

The part of the batch consumer that decides and does no I/O. It knows neither Faust nor aiokafka,
so that `shared/testing/simulation` runs it on a simulated broker.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .offsets import Partition, RecordBatch, cut
from .record_slices import at_or_after, below

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence

    from .owner import Owner


class BatchFeed:
    """Delivers what one consumer fetches, each partition in the order of its offsets.

    Partitions are pairs of the broker's topic and a number: Faust's `TP` or aiokafka's.
    """

    def __init__(self, owner: Owner, flowing: Callable[[], bool]) -> None:
        """flowing: whether the consumer hands records on now."""
        self._owner, self._flowing = owner, flowing
        self.expected: dict[Any, int] = {}  # next offset to deliver

    def deliverable(self, generation: int) -> bool:
        """Whether what was fetched in this generation may still be delivered."""
        owner = self._owner
        return owner.generation == generation and owner.accepting() and self._flowing()

    async def batches(
        self, fetched: Mapping[Any, Sequence[Any]], generation: int, undelivered: dict[Any, None]
    ) -> AsyncIterator[tuple[Any, RecordBatch]]:
        """The batches of these records, each opened with the owner as it is handed on.

        undelivered: the partitions of `fetched`; those that are delivered whole are taken out, and
        the others are to be sought back (`places`).
        """
        owner, settings = self._owner, self._owner.settings
        for tp, found in fetched.items():
            expected = self.expected.get(tp)
            if expected is None or not self.deliverable(generation):
                continue
            partition = Partition(tp[0], tp[1])
            if found[0].offset < expected:
                found = at_or_after(found, expected)
            limit = owner.limit(partition)
            if limit is not None:
                found = below(found, limit)
            complete = True
            records_max = owner.records_max(partition)
            for start, end, size in cut(found, records_max, settings.batch_bytes_max):
                while self.deliverable(generation) and not await owner.has_capacity():
                    pass
                if not self.deliverable(generation):
                    complete = False
                    break
                slice_ = found[start:end]
                batch = RecordBatch(
                    partition=partition,
                    generation=generation,
                    first=slice_[0].offset,
                    last=slice_[-1].offset,
                    size_bytes=size,
                    records=slice_,
                )
                owner.opened(batch)
                self.expected[tp] = batch.last + 1
                yield tp, batch
            if complete:
                undelivered.pop(tp)

    def places(self, partitions: Iterable[Any]) -> dict[Any, int]:
        """Where these partitions are to be read again."""
        return {tp: self.expected[tp] for tp in partitions if tp in self.expected}

    def note_jumps(self, jumps: Iterable[tuple[Any, int]]) -> None:
        """What retention took before it was read, or a log that is another one now."""
        for tp, start in jumps:
            if (expected := self.expected.get(tp)) is not None:
                self._owner.jumped(Partition(tp[0], tp[1]), expected, start)

    def note_positions(
        self, positions: Mapping[Any, int], generation: int, undelivered: Iterable[Any]
    ) -> None:
        """Move on over what is nobody's to read: markers, aborted transactions, what compaction
        removed. Without this a log that ends with a marker would show a lag of 1 for ever. What a
        limit withholds is somebody's to read: not by us."""
        for tp, position in positions.items():
            expected = self.expected.get(tp)
            if expected is None or tp in undelivered or position <= expected:
                continue
            partition = Partition(tp[0], tp[1])
            limit = self._owner.limit(partition)
            if limit is not None:
                position = min(position, limit)
            if position > expected and self.deliverable(generation):
                self.expected[tp] = position
                self._owner.passed(partition, position)
