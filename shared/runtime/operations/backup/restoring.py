"""Writes a backup to brokers whose topics of ours are empty or do not exist.

Logs that offsets point into (checkpoints' sources, and what subscribers follow) get their records
at the offsets that they had; of the others, compacted tables and checkpoints, order is enough.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import NewTopic
from aiokafka.errors import for_code

from shopkeeper.shared.contracts import topics

from ...kafka import admin
from ...kafka.membership import group_of
from ...kafka.reader import Reader
from . import files
from .files import BackupError
from .offsets import OffsetWriter, now_ms

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ...settings import KafkaSettings
    from .files import Manifest, PartitionFile

SEEN_S_MAX = 30.0  # until every broker knows what was created


def keeps_offsets(name: str) -> bool:
    """Whether somebody remembers offsets of this topic."""
    topic = topics.BY_NAME[name]
    sources = {*topic.consumers} & {*topics.SERVICES} - {*topic.tables_of}
    checkpoint = name in {topics.checkpoints(service) for service in topics.SERVICES}
    return bool(sources) or (topic.cleanup == "delete" and not checkpoint)


async def restore(
    kafka: KafkaSettings, folder: Path, replication: int, say: Callable[[str], object]
) -> Manifest:
    """Check every file of the backup, then write all of them; `say` hears of each topic.

    Raises BackupError, before anything is written, where a file is not what the manifest names,
    where topics hold records already, or where workers run. Raises KafkaError.
    """
    manifest = files.read_manifest(folder)
    if unknown := sorted(manifest.topics.keys() - topics.BY_NAME.keys()):
        raise BackupError(
            f"the backup has topics that this version does not know: {', '.join(unknown)}; "
            f"restore it with version {manifest.version}, or a newer one"
        )
    await asyncio.to_thread(files.check, folder, manifest)
    await _refuse_members(kafka)
    await _create(kafka, manifest, replication)
    await _refuse_records(kafka, manifest)
    async with OffsetWriter(kafka) as writer:
        for name, partitions in manifest.topics.items():
            for number, said in enumerate(partitions):
                place = TopicPartition(kafka.topic(name), number)
                restoring = _Partition(writer, place, said, keeps_offsets(name))
                deletable = topics.BY_NAME[name].cleanup == "delete"
                await restoring.write(files.file_of(folder, name, number), deletable)
            say(f"{name}: {sum(part.records for part in partitions)} records")
    for service, committed in manifest.committed.items():
        await _commit(kafka, service, committed)
    return manifest


class _Partition:
    """One partition on its way back."""

    def __init__(
        self, writer: OffsetWriter, place: TopicPartition, said: PartitionFile, exact: bool
    ) -> None:
        self._writer, self._place, self._said, self._exact = writer, place, said, exact
        self._next = 0  # where the log ends, if offsets are kept

    async def write(self, path: Path, deletable: bool) -> None:
        """deletable: whether brokers delete from the beginning of this log for a client."""
        timestamp_ms = None
        waiting: list[files.Row] = []  # the last one may have to end a transaction
        for block in files.read_blocks(path):
            for row in (row for row in block if row.offset >= self._said.begin):
                timestamp_ms = row.timestamp
                if self._exact and row.offset != (expected := self._next + len(waiting)):
                    if row.offset < expected:
                        raise BackupError(
                            f"{path}: offset {row.offset} stands behind {expected - 1}"
                        )
                    await self._write_up_to(row.offset, waiting, row.timestamp, deletable)
                    waiting = []
                waiting.append(row)
            await self._write(waiting[:-1])
            waiting = waiting[-1:]
        if self._exact:
            last_ms = timestamp_ms or now_ms()
            await self._write_up_to(self._said.end, waiting, last_ms, deletable)
        else:
            await self._write(waiting)

    async def _write(self, rows: list[files.Row]) -> None:
        if rows:
            await self._writer.write(self._place, rows, rows[0].offset if self._exact else None)
            self._next += len(rows)

    async def _write_up_to(
        self, offset: int, rows: list[files.Row], timestamp_ms: int, deletable: bool
    ) -> None:
        """Write rows and what has to stand behind them, so that the log ends at `offset`."""
        if rows and offset == self._next + len(rows) + 1:
            await self._write(rows[:-1])
            await self._writer.write_with_marker(self._place, rows[-1])
            self._next = offset
            return
        await self._write(rows)
        if offset > self._next:
            if deletable and self._next == 0:
                await self._writer.fill_beginning(self._place, offset, timestamp_ms)
            else:
                await self._writer.fill(self._place, offset - self._next, timestamp_ms)
            self._next = offset


async def _refuse_members(kafka: KafkaSettings) -> None:
    async with admin.connected(kafka) as client:
        for service in topics.SERVICES:
            _, members = await group_of(client, kafka.topic(f"shopkeeper-{service}"))
            if members:
                raise BackupError(
                    f"{service} has workers in its group ({members[0]}): stop them, or wait for "
                    "their SESSION_TIMEOUT; they would read what is not all there yet"
                )


async def _create(kafka: KafkaSettings, manifest: Manifest, replication: int) -> None:
    """Create what is missing, with the partitions that it had."""
    states = await admin.list_topics(kafka)
    wanted = {name: len(partitions) for name, partitions in manifest.topics.items()}
    for state in states:
        count = wanted.get(state.topic.name)
        if count is not None and state.partition_count not in (None, count):
            raise BackupError(
                f"{state.name} has {state.partition_count} partitions, in the backup {count}: "
                "restore to brokers without our topics, or with another TOPIC_PREFIX"
            )
    missing = [s for s in states if s.partition_count is None and s.topic.name in wanted]
    if not missing:
        return
    async with admin.connected(kafka) as client:
        answer = await client.create_topics(
            [
                NewTopic(
                    state.name,
                    wanted[state.topic.name],
                    replication,
                    topic_configs=admin.topic_config(state.topic, replication),
                )
                for state in missing
            ],
            timeout_ms=30_000,
        )
    for name, code, *_ in answer.topic_errors:
        if code:
            raise BackupError(f"the broker did not create {name} ({for_code(code).__name__})")
    deadline = time.monotonic() + SEEN_S_MAX
    while time.monotonic() < deadline:
        there = {s.topic.name for s in await admin.list_topics(kafka) if s.partition_count}
        if wanted.keys() <= there:
            return
        await asyncio.sleep(0.1)
    raise BackupError(f"the broker did not show its topics in {SEEN_S_MAX:g} s")


async def _refuse_records(kafka: KafkaSettings, manifest: Manifest) -> None:
    """The layout may be there: `topics init` writes it, and the backup's comes on top of it."""
    names = [name for name in manifest.topics if name != topics.LAYOUT]
    async with Reader(kafka, names, from_start=True) as reader:
        ends = await reader.end_offsets()
    used = sorted({place.topic for place, end in ends.items() if end})
    if used:
        more = f" and {len(used) - 1} more topics" if len(used) > 1 else ""
        raise BackupError(
            f"{used[0]}{more} held records already: restore to brokers without our topics "
            "(`shopkeeper topics reset` deletes them), or with another TOPIC_PREFIX"
        )


async def _commit(kafka: KafkaSettings, service: str, committed: dict[str, dict[int, int]]) -> None:
    offsets = {
        TopicPartition(kafka.topic(name), number): offset
        for name, partitions in committed.items()
        for number, offset in partitions.items()
        if keeps_offsets(name)
    }
    if not offsets:
        return
    consumer = AIOKafkaConsumer(
        **kafka.client_options(),
        group_id=kafka.topic(f"shopkeeper-{service}"),
        enable_auto_commit=False,
    )
    await consumer.start()
    try:
        consumer.assign(list(offsets))
        await consumer.commit(offsets)
    finally:
        await consumer.stop()
