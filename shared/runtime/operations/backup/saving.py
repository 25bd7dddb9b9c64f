"""Reads every topic of ours into files, beside workers that run.

First what groups have committed, then the checkpoints, then everything else, each up to where it
ends once it is read. So whatever a checkpoint reflects, or a worker had published when it was
taken, is in the logs of the backup; and what workers do again after it has the ids of before, and
is dropped by who reads it, as after a crash.
"""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import shopkeeper
from shopkeeper.shared.contracts import topics

from ...kafka import admin
from ...kafka.reader import Reader
from . import files
from .files import BackupError, Manifest, PartitionFile, PartitionWriter, Row

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from aiokafka import TopicPartition

    from ...settings import KafkaSettings

HELD_BYTES_MAX = 32_000_000  # of one topic's records, on their way into files
HELD_BYTES_LEAST = 64_000  # of one partition
PASSES_MAX = 20


async def backup(kafka: KafkaSettings, folder: Path, say: Callable[[str], object]) -> Manifest:
    """Write the backup into `folder`, which must be empty or not exist; `say` hears of each topic.

    Raises BackupError, KafkaError, OSError.
    """
    await asyncio.to_thread(_make, folder)
    there = {
        state.topic.name
        for state in await admin.list_topics(kafka)
        if state.partition_count is not None
    }
    if not there:
        raise BackupError("the broker has none of our topics (TOPIC_PREFIX?)")
    checkpoints = [topics.checkpoints(service) for service in topics.SERVICES]
    order = [*checkpoints, *(topic.name for topic in topics.ALL if topic.name not in checkpoints)]
    created = datetime.now(UTC).isoformat(timespec="seconds")
    committed = {service: await _committed(kafka, service) for service in topics.SERVICES}
    saved: dict[str, list[PartitionFile]] = {}
    for name in order:
        if name in there:
            saved[name] = await _save(kafka, name, folder, say)
            say(f"{name}: {sum(part.records for part in saved[name])} records")
    manifest = Manifest(shopkeeper.__version__, created, saved, committed)
    files.write_manifest(folder, manifest)
    return manifest


def _make(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise BackupError(f"{folder} is not empty: a backup is written into a folder of its own")


async def _committed(kafka: KafkaSettings, service: str) -> dict[str, dict[int, int]]:
    found: dict[str, dict[int, int]] = {}
    names = {kafka.topic(topic.name): topic.name for topic in topics.ALL}
    async with admin.connected(kafka) as client:
        offsets = await admin.committed_by(client, kafka.topic(f"shopkeeper-{service}"))
    for place, at in offsets.items():
        if place.topic in names and at.offset >= 0:
            found.setdefault(names[place.topic], {})[place.partition] = at.offset
    return found


async def _save(
    kafka: KafkaSettings, name: str, folder: Path, say: Callable[[str], object]
) -> list[PartitionFile]:
    """One topic.

    Workers and brokers delete from the beginning of a log meanwhile, and what they delete is made
    superfluous by something later; so the log is read on until nothing that was still to be read
    has been deleted, and begins, in the backup, where it began before that last pass.
    """
    async with Reader(kafka, [name], from_start=True) as reader:
        places = reader.places
        block_bytes = max(HELD_BYTES_LEAST, HELD_BYTES_MAX // len(places))
        with contextlib.ExitStack() as stack:
            writers = {
                place: stack.enter_context(
                    PartitionWriter(
                        files.file_of(folder, name, place.partition),
                        min(block_bytes, files.BLOCK_BYTES_MAX),
                    )
                )
                for place in places
            }
            begins, ends = await _read(reader, writers)
            _tell_left_out(reader, say)
            return [
                writers[place].finish(min(begins[place], ends[place]), ends[place])
                for place in sorted(places, key=lambda place: place.partition)
            ]


async def _read(
    reader: Reader, writers: dict[TopicPartition, PartitionWriter]
) -> tuple[dict[TopicPartition, int], dict[TopicPartition, int]]:
    by_number = {place.partition: writer for place, writer in writers.items()}
    begins = await reader.begin_offsets()
    starts = dict(begins)
    for _ in range(PASSES_MAX):
        ends = await reader.end_offsets()
        async for record in reader.between(starts, ends):
            headers = [(key, value) for key, value in record.headers or ()]
            row = Row(record.offset, record.timestamp, record.key, record.value, headers)
            by_number[record.partition].add(row)
        now = await reader.begin_offsets()
        if all(now[place] <= start for place, start in starts.items()):
            return begins, ends
        begins = now
        starts = {place: max(ends[place], now[place]) for place in starts}
    raise BackupError("records are deleted faster than they are read: stop the workers first")


def _tell_left_out(reader: Reader, say: Callable[[str], object]) -> None:
    for line in reader.left_out:
        say(f"{line}: not in the backup")
