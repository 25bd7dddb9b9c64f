"""One partition's work on one batch, without the broker: decode, drop repeats, process, balance.

Everything here runs on the state thread. `consumed = processed + dead letters + skipped + repeats`
holds for every batch by construction, and is asserted.
"""

from __future__ import annotations

import gc
import logging
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from shopkeeper.shared.contracts.dead_letter import dead_letter, undecodable
from shopkeeper.shared.contracts.envelope import (
    Event,
    Output,
    Rejected,
    Several,
    Skipped,
)
from shopkeeper.shared.contracts.event_columns import EventColumns

from ..api.processor import BatchedProcessor, IncrementalProcessor
from ..kafka.record_slices import RecordSlice, at_or_after, by_offset
from ..kafka.records import Mark, Undecodable, mark
from ..kafka.routing import Router
from . import segments
from .checkpoint import Checkpoint
from .deduplicator import RecentIds
from .segments import RECENT_IDS, WholeSections
from .several import SeveralEvents

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from ..api.processor import Processor, Sections
    from .bulk import SliceTaker
    from .decoders import Decoder

log = logging.getLogger(__name__)

FORWARDED_OFFSETS = "runtime.forwarded"
ERASED = "erased_user"  # why an event is skipped


@dataclass(slots=True)
class RecordCounts:
    """What became of the records of one batch."""

    consumed: int = 0
    processed: int = 0
    repeats: int = 0
    skipped: Counter[str] = field(default_factory=Counter)  # reason -> records
    failed: Counter[tuple[str, str]] = field(default_factory=Counter)  # (stage, error) -> records
    # Beside the books: of records with several events, what became of each event; and optional
    # fields that were wrong and left out.
    parts: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)

    def balance(self) -> bool:
        """Whether every record is accounted for exactly once."""
        return self.consumed == (
            self.processed + self.repeats + self.skipped.total() + self.failed.total()
        )


@dataclass(slots=True)
class BatchResult:
    """What came of one batch: what to publish, and what became of its records."""

    outputs: list[Output]
    counts: RecordCounts
    event_times_ms: NDArray[np.float64]  # (events,), their ce_time
    # `traceparent` -> offset of the first record that carries it; empty where nobody is told.
    traced: dict[bytes, int] = field(default_factory=dict)
    folded: Any = None  # what a batched processor needs to publish; its outputs come first


class PartitionState:
    """A processor, the ids it has seen, and the offset that both reflect."""

    def __init__(
        self,
        topic: str,
        number: int,
        *,
        service: str,
        processor: Processor,
        decoder: Decoder,
        recent_ids_max: int,
        count: int | None = None,
        key_of: Callable[[Event], str | None] | None = None,
        too_late: Callable[[Event], bool] | None = None,
    ) -> None:
        """count: by how many partitions keyed state is split (None: it is not, nothing is routed).
        key_of: see `Source`. too_late: whether an event is of a user who was erased since."""
        self.topic, self.number = topic, number  # unprefixed
        self._service = service
        self._processor = processor
        self._batched = processor if isinstance(processor, BatchedProcessor) else None
        self._whole = WholeSections()
        self._decoder = decoder
        self._recent = RecentIds(recent_ids_max)
        self._count = count
        self._router = None if count is None else Router(topic, number, count, key_of)
        self._too_late = too_late
        self._bulk: SliceTaker | None = None
        bulk: Any = decoder
        if getattr(bulk, "decode_bulk", None) is not None and too_late is None:
            from .bulk import SliceTaker  # numba: only for those who need it

            self._bulk = SliceTaker(bulk, self._recent, number, count, key_of)
        self.next_offset = 0
        self.last_record: Mark | None = None  # of what was folded

    def process(self, records: Sequence[Any], clock_ms: Callable[[], int]) -> BatchResult:
        """Fold one batch and make its outputs, without other partitions."""
        result = self._fold(records, self._processor.process, clock_ms)
        return self._with_outputs(result, result.folded or [])

    def fold(self, records: Sequence[Any], clock_ms: Callable[[], int]) -> BatchResult:
        """Fold one batch; `publish` must follow, with what this returns and after the ranking,
        before anything else is asked of this state."""
        fold = self._processor.process if self._batched is None else self._batched.fold
        return self._fold(records, fold, clock_ms)

    def publish(self, result: BatchResult) -> BatchResult:
        """The result of `fold` with its outputs."""
        folded = result.folded
        if folded is None:
            return result
        return self._with_outputs(
            result, folded if self._batched is None else self._batched.publish(folded)
        )

    @staticmethod
    def _with_outputs(result: BatchResult, outputs: list[Output]) -> BatchResult:
        result.outputs = [*outputs, *result.outputs]
        result.folded = None
        return result

    def _fold(
        self,
        records: Sequence[Any],
        fold: Callable[[Sequence[Event], int], tuple[Any, list[Rejected]]],
        clock_ms: Callable[[], int],
    ) -> BatchResult:
        """Decode, drop repeats, route, `fold`, count.

        Records below `next_offset` are already in the state and are dropped: this guard, not the
        committed offset, is what makes replays exact.
        """
        if records[0].offset < self.next_offset:
            records = at_or_after(records, self.next_offset)
        counts = RecordCounts(consumed=len(records))
        several = SeveralEvents()
        taken = None
        if isinstance(records, RecordSlice) and records:
            taken = None if self._bulk is None else self._bulk.take(records)
            if taken is None:
                records = list(records)
        if taken is None:
            decodable, events, rejected, forwarded = self._one_by_one(records, counts, several)
        else:
            decodable, events, forwarded = records, taken.events, []
            counts.repeats = taken.repeats
            counts.skipped.update(r.reason for r in taken.others if isinstance(r, Skipped))
            rejected = [r for r in taken.others if isinstance(r, Rejected)]
        counts.dropped = self._decoder.take_dropped()
        outputs: list[Output] = []
        folded: Any = None
        parts_passed = 0
        if self._too_late is not None:
            events, parts_passed = self._without_erased(events, self._too_late, counts)
        counts.processed = parts_passed
        if events:
            folded, refused = fold(events, clock_ms())
            counts.processed += len(events) - len(refused)
            rejected += several.take_refused(refused)
        letters: list[tuple[Rejected, tuple[int, ...]]] = [(r, ()) for r in rejected]
        if several:
            letters += self._count_several(several, counts)
        if letters:
            outputs = self._dead_letters(records, letters)
            counts.failed.update((r.stage, r.error) for r, _ in letters)
        outputs += forwarded
        if records:
            self.next_offset = records[-1].offset + 1
            if decodable:
                self.last_record = mark(decodable[-1])
        assert counts.balance(), counts
        return BatchResult(outputs, counts, _times(events), folded=folded)

    def _one_by_one(
        self, records: Sequence[Any], counts: RecordCounts, several: SeveralEvents
    ) -> tuple[Sequence[Any], Sequence[Event], list[Rejected], list[Output]]:
        """The records that can be decoded, the events to fold, what is bad, and what is another
        partition's."""
        events: list[Event] = []
        rejected: list[Rejected] = []
        forwarded: list[Output] = []
        seen = self._recent.seen
        decodable = records
        if Undecodable in map(type, records):
            decodable, rejected = self._without_undecodable(records)
        verdicts = self._decoder.decode(decodable)
        if self._router is not None:
            verdicts, forwarded, counts.repeats = self._router.route(decodable, verdicts)
        for verdict in verdicts:
            if isinstance(verdict, Event):
                # An id made up from topic, partition and offset cannot repeat.
                if verdict.source and seen(verdict.source, verdict.id):
                    counts.repeats += 1
                else:
                    events.append(verdict)
            elif isinstance(verdict, Skipped):
                counts.skipped[verdict.reason] += 1
            elif isinstance(verdict, Several):
                events += several.take(verdict, seen)
            else:
                rejected.append(verdict)
        return decodable, events, rejected, forwarded

    @staticmethod
    def _without_erased(
        events: Sequence[Event], too_late: Callable[[Event], bool], counts: RecordCounts
    ) -> tuple[Sequence[Event], int]:
        """Events but for those of erased users, which count as skipped; and how many of these were
        parts of a record, whose books are kept by record (`_count_several`)."""
        left = [event for event in events if not too_late(event)]
        if len(left) == len(events):
            return events, 0
        parts = sum(event.part is not None for event in events)
        parts -= sum(event.part is not None for event in left)
        if passed := len(events) - len(left) - parts:
            counts.skipped[ERASED] += passed
        return left, parts

    @staticmethod
    def _count_several(
        several: SeveralEvents, counts: RecordCounts
    ) -> list[tuple[Rejected, tuple[int, ...]]]:
        """Count records of several events as one each; their dead letters."""
        counts.parts = several.outcomes()
        counts.processed += several.processed() - counts.parts["processed"]
        counts.repeats += several.repeats()
        counts.skipped.update(several.skipped())
        return several.dead_letters()

    def _without_undecodable(self, records: Sequence[Any]) -> tuple[list[Any], list[Rejected]]:
        """Records that can be decoded, and one verdict for each batch that cannot: it counts as
        one record consumed and one failed, however many it held."""
        rejected = []
        for batch in records:
            if type(batch) is Undecodable:
                log.error("%s/%d: %s: dead-lettered", self.topic, self.number, batch.describe())
                rejected.append(undecodable(batch, batch.first_offset, batch.cause))
        return [r for r in records if type(r) is not Undecodable], rejected

    def _dead_letters(
        self, records: Sequence[Any], letters: Sequence[tuple[Rejected, tuple[int, ...]]]
    ) -> list[Output]:
        found = by_offset(records, {r.offset for r, _ in letters})
        return [
            dead_letter(found[r.offset], r, self.topic, self._service, parts)
            for r, parts in letters
        ]

    def flush(self) -> list[Output]:
        """What the processor has buffered; nothing is, afterwards."""
        return self._processor.flush()

    def on_timer(self, now_ms: int) -> list[Output]:
        """What the processor wants to publish by the clock."""
        return self._processor.on_timer(now_ms)

    def snapshot(self) -> Checkpoint:
        """The whole state with the offset that it reflects."""
        kept = self._processor.snapshot()
        self._whole.note(kept)
        sections = dict(kept)
        sections[RECENT_IDS] = self._recent.snapshot()
        return self._checkpoint(sections)

    def changes(self) -> Checkpoint | None:
        """What changed since the last `snapshot` or `changes`, as a checkpoint whose sections are a
        segment; None where only a whole one can tell."""
        changed = segments.changes_of(self._processor, self._whole)
        if changed is None:
            return None
        added = {**changed.added, RECENT_IDS: self._recent.changes()}
        return self._checkpoint(segments.pack(changed._replace(added=added)))

    def _checkpoint(self, sections: Sections) -> Checkpoint:
        if self._router is not None:
            sections[FORWARDED_OFFSETS] = self._router.forwarded_offsets.snapshot()
        return Checkpoint(
            self.topic, self.number, self.next_offset, sections, self._count, self.last_record
        )

    def restore(self, checkpoint: Checkpoint) -> None:
        """Take a checkpoint over; that it belongs to this log was looked at (`continuity`)."""
        # Hundreds of thousands of tuples are made, none of them in a cycle: looking for one again
        # and again takes as long as making them.
        collecting = gc.isenabled()
        gc.disable()
        try:
            self._restore(checkpoint)
        finally:
            if collecting:
                gc.enable()

    def _restore(self, checkpoint: Checkpoint) -> None:
        sections = segments.replaced(checkpoint.sections, checkpoint.segments)
        self._recent.restore(sections.pop(RECENT_IDS, b""))
        forwarded = sections.pop(FORWARDED_OFFSETS, None)
        if forwarded is not None and self._router is not None:
            self._router.forwarded_offsets.restore(forwarded)
        self._processor.restore(sections)
        for segment in checkpoint.segments:
            added = segments.unpack(segment).added
            self._recent.apply(added.pop(RECENT_IDS, b""))
            if added:
                assert isinstance(self._processor, IncrementalProcessor)
                self._processor.apply(added)
        self.next_offset = checkpoint.next_offset
        self.last_record = checkpoint.last_record

    def pass_over(self, offset: int) -> None:
        """Nothing is to be read below `offset`. Only while no batch is being folded."""
        assert offset >= self.next_offset, (offset, self.next_offset)
        self.next_offset = offset


def _times(events: Sequence[Event]) -> NDArray[np.float64]:
    if isinstance(events, EventColumns):
        return events.times_ms.astype(np.float64)
    return np.fromiter((e.time_ms for e in events), dtype=np.float64, count=len(events))
