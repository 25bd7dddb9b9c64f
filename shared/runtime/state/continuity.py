"""Whether a log is still the one that a checkpoint was made from, and still holds what comes next.

A checkpoint names an offset. What a broker has at that offset may be gone (retention), or belong to
another log (a topic that was deleted and made anew). The first is a loss, counted and said; the
second an error that only an operator can mend (docs/decisions/0021).
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

from aiokafka import AIOKafkaConsumer, TopicPartition

from ..kafka import fetching
from ..kafka.records import Undecodable, mark
from .checkpoints import CheckpointError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..kafka.offsets import Partition
    from ..settings import KafkaSettings
    from .checkpoint import Checkpoint

log = logging.getLogger(__name__)

# A new leader may not know for a moment how far its log goes.
CONFIRM_S = 5.0
CONFIRM_EVERY_S = 0.5
COMPARE_S_MAX = 20.0  # for all partitions together
FETCH_BYTES = 65_536  # of each partition: the one record's batch comes whole, however large

fetching.install()


async def starts(
    kafka: KafkaSettings, checkpoints: Mapping[Partition, Checkpoint | None], service: str
) -> dict[Partition, int]:
    """Where to read on in each partition: at its checkpoint, or, later, where its log begins.

    Raises CheckpointError where the log is not the one that the checkpoint was made from.
    """
    consumer = AIOKafkaConsumer(
        **kafka.client_options(),
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=FETCH_BYTES,
    )
    await consumer.start()
    try:
        places = {TopicPartition(*partition): partition for partition in checkpoints}
        made = {place: checkpoints[partition] for place, partition in places.items()}
        saved = {place: found for place, found in made.items() if found is not None}
        begins = await consumer.beginning_offsets(list(places))
        # Uncommitted ends: a checkpoint of before this version may lie behind an open transaction.
        ends = await _ends(consumer, saved)
        for place, checkpoint in saved.items():
            if checkpoint.next_offset > ends[place]:
                raise CheckpointError(
                    f"the checkpoint of {_name(checkpoint)} stands at offset "
                    f"{checkpoint.next_offset}, but the log ends at {ends[place]}: "
                    f"{_anew(service)}"
                )
        await _compare(consumer, saved, begins, service)
    finally:
        await consumer.stop()
    return {
        partition: max(begins[place], found.next_offset if (found := made[place]) else 0)
        for place, partition in places.items()
    }


def _name(checkpoint: Checkpoint) -> str:
    return f"{checkpoint.source}/{checkpoint.partition}"


def _anew(service: str) -> str:
    return (
        "the topic was deleted and made anew; `shopkeeper checkpoints reset "
        f"{service}` lets the service start over from what the log holds"
    )


async def _ends(
    consumer: AIOKafkaConsumer, saved: Mapping[TopicPartition, Checkpoint]
) -> dict[TopicPartition, int]:
    """Where the logs end; asked again for a while where that is before a checkpoint."""
    if not saved:
        return {}
    deadline = time.monotonic() + CONFIRM_S
    while True:
        ends: dict[TopicPartition, int] = await consumer.end_offsets(list(saved))
        behind = any(saved[place].next_offset > end for place, end in ends.items())
        if not behind or time.monotonic() > deadline:
            return ends
        await asyncio.sleep(CONFIRM_EVERY_S)


async def _compare(
    consumer: AIOKafkaConsumer,
    saved: Mapping[TopicPartition, Checkpoint],
    begins: Mapping[TopicPartition, int],
    service: str,
) -> None:
    """Hold the last record of each checkpoint against what the log has at its offset.

    A record that is gone (retention, compaction, or a batch that cannot be decoded any more) proves
    nothing. Raises CheckpointError.
    """
    wanted = {
        place: last
        for place, checkpoint in saved.items()
        if (last := checkpoint.last_record) is not None and last.offset >= begins[place]
    }
    if not wanted:
        return
    consumer.assign(list(wanted))
    for place, last in wanted.items():
        consumer.seek(place, last.offset)
    deadline = time.monotonic() + COMPARE_S_MAX
    while wanted:
        if time.monotonic() > deadline:
            names = ", ".join(_name(saved[place]) for place in wanted)
            log.warning(
                "the last records of %s did not come within %.0f s: not compared with "
                "their checkpoints",
                names,
                COMPARE_S_MAX,
            )
            return
        for place, records in (await consumer.getmany(timeout_ms=200, max_records=100)).items():
            found, first = wanted.get(place), records[0]
            if found is None or first.offset != found.offset or type(first) is Undecodable:
                continue
            if mark(first) != found:
                raise CheckpointError(
                    f"the checkpoint of {_name(saved[place])} was made from another log: the "
                    f"record at offset {found.offset} is not the one that it has read: "
                    f"{_anew(service)}"
                )
        for place in list(wanted):
            if await consumer.position(place) > wanted[place].offset:
                del wanted[place]
                consumer.pause(place)
