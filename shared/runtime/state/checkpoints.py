"""Checkpoints: a partition's state and the offset it reflects, as one unit, in a topic.

A checkpoint is a run of *chunks* and then a *manifest* naming them by hash; where it holds only
what changed, the manifest also names the one before (`checkpoint_chain`). It needs no lock: the
state is a pure function of the log up to `next_offset`, so the newest usable manifest is the one
with the highest `next_offset`, and one that a former owner wrote late is still right, only older.
The offset committed to the group is a hint for lag; the manifest decides where reading resumes.
"""

from __future__ import annotations

import hashlib
import logging
from collections import deque
from typing import TYPE_CHECKING, Any

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.errors import KafkaError

from shopkeeper.shared.contracts import topics

from ..kafka.fetching import ISOLATION
from ..kafka.records import Mark, readable
from ..refusal import OperatorNeeded
from .checkpoint import Checkpoint
from .checkpoint_chain import FORMAT_VERSION, Part, manifest_id
from .checkpoint_log import SLACK_BYTES, CheckpointLog

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from shopkeeper.shared.contracts.envelope import Output

    from ..kafka.sink import Sink
    from ..settings import KafkaSettings

log = logging.getLogger(__name__)

READ_BYTES = 8_388_608  # of a partition at once
MANIFESTS_KEPT = 4  # of a source, while it is read: two writers' may interleave


class CheckpointError(OperatorNeeded):
    """A checkpoint that must not be used, and must not be ignored either."""


class Reader:
    """Takes a checkpoint partition's records in order; keeps each source's best checkpoint.

    counts: source -> by how many partitions its state must be split. A checkpoint split otherwise
    is passed over: one of before a growth, or of a growth that has not ended. (One that does not
    say is of a version that could not grow.)

    Memory: what the last few checkpoints, and the best one, hold and rest on, per source.
    """

    def __init__(self, service: str = "SERVICE", counts: Mapping[str, int] | None = None) -> None:
        self._service = service  # for what errors say
        self._counts = counts or {}
        self._chunks: dict[str, tuple[int, bytes]] = {}  # key -> (offset, chunk)
        self._parts: dict[str, dict[str, Part]] = {}  # source -> the last few, by manifest's id
        self._best: dict[str, tuple[int, Part, tuple[Any, int]]] = {}
        self._manifests_at: dict[str, deque[int]] = {}  # source -> offsets of its last manifests

    def take(self, offset: int, key: bytes | None, value: bytes | None) -> None:
        """One record. Raises CheckpointError on a newer format; skips what does not verify."""
        name = (key or b"").decode("utf-8", "replace")
        if value is None:
            return
        source, _, rest = name.partition("/")
        if rest.startswith("chunk/"):
            if hashlib.sha256(value).hexdigest() == rest.removeprefix("chunk/"):
                self._chunks[name] = (offset, value)
            return
        if rest != "manifest":
            return
        try:
            manifest = orjson.loads(value)
            version, next_offset = int(manifest["format"]), int(manifest["next_offset"])
            keys = [f"{source}/chunk/{digest}" for digest in manifest["chunks"]]
            last = manifest.get("last_record")  # not in those of earlier versions
            about = (
                None if last is None else Mark(int(last[0]), str(last[1])),
                int(manifest.get("written_ms", 0)),
            )
            split_by, wanted = manifest.get("split_by"), self._counts.get(source)
            parent = manifest.get("parent")
        except (orjson.JSONDecodeError, LookupError, TypeError, ValueError):
            log.warning("checkpoint manifest of %s at %d is unreadable: skipped", source, offset)
            return
        if version > FORMAT_VERSION:
            raise CheckpointError(
                f"the checkpoint of {source} has format {version}, this version reads up to "
                f"{FORMAT_VERSION}: run the newer version, or give the state up with "
                f"`shopkeeper checkpoints reset {self._service}`"
            )
        fits = split_by is None or wanted is None or split_by == wanted
        if fits and (part := self._part(source, offset, keys, parent)) is not None:
            self._remember(source, manifest_id(value), part)
            best = self._best.get(source)
            if best is None or next_offset >= best[0]:
                self._best[source] = (next_offset, part, about)
        # Older chunks can go: several writers (former owners, whose requests arrive late, and
        # a new one) may interleave theirs, but not across so many checkpoints of the others.
        before = self._manifests_at.setdefault(source, deque([-1], MANIFESTS_KEPT))
        oldest = before[0]
        before.append(offset)
        self._chunks = {
            k: found
            for k, found in self._chunks.items()
            if found[0] > oldest or not k.startswith(f"{source}/")
        }

    def _part(self, source: str, offset: int, keys: Sequence[str], parent: Any) -> Part | None:
        """What a manifest at `offset` stands for; None where a chunk, or its parent, is missing."""
        if any(key not in self._chunks for key in keys):
            return None
        found = [self._chunks[key] for key in keys]
        chunks = [chunk for _, chunk in found]
        size = sum(map(len, chunks))
        if parent is None:
            return Part(None, chunks, min((at for at, _ in found), default=offset), size)
        before = self._parts.get(source, {}).get(parent)
        return before and Part(before, chunks, before.first, before.size_bytes + size)

    def _remember(self, source: str, name: str, part: Part) -> None:
        parts = self._parts.setdefault(source, {})
        parts[name] = part
        while len(parts) > MANIFESTS_KEPT:
            del parts[next(iter(parts))]

    def sources(self) -> list[str]:
        """Those that have a usable checkpoint."""
        return sorted(self._best)

    def best(self, source: str, partition: int) -> tuple[Checkpoint, int] | None:
        """The usable checkpoint with the highest next_offset, and its first record's offset."""
        found = self._best.get(source)
        if found is None:
            return None
        next_offset, part, (last_record, written_ms) = found
        sections, segments = part.sections()
        checkpoint = Checkpoint(
            source,
            partition,
            next_offset,
            sections,
            count=self._counts.get(source),
            last_record=last_record,
            size_bytes=part.size_bytes,
            written_ms=written_ms,
            segments=segments,
        )
        return checkpoint, part.first


class CheckpointStore:
    """One service's checkpoint topic: newest checkpoints read, new ones written, old ones deleted.

    What is retained of a partition stays below about twice its live checkpoints and `SLACK_BYTES`
    (see `checkpoint_log`): `collect` deletes what is superseded, and names the sources whose newest
    checkpoint lies so far back that it keeps others' old ones alive; the worker writes those anew.
    """

    def __init__(self, kafka: KafkaSettings, topic: str, sink: Sink, client_id: str) -> None:
        self._kafka, self._topic, self._sink, self._client_id = kafka, topic, sink, client_id
        self._service = next((s for s in topics.SERVICES if topics.checkpoints(s) == topic), topic)
        self._logs: dict[int, CheckpointLog] = {}  # by partition, of those that were loaded
        self._former: dict[int, CheckpointLog] = {}  # as of `forget`

    async def load(
        self,
        wanted: Mapping[int, Sequence[str]],
        counts: Mapping[str, int] | None = None,
        *,
        keep: Collection[int] = (),
    ) -> dict[tuple[str, int], Checkpoint]:
        """Read the newest checkpoints of {partition: sources}. Raises CheckpointError.

        counts: see `Reader`. keep: partitions that were ours before `forget`, and that nobody has
        written to since. Missing checkpoints are left out: their state begins empty, at the
        beginning of the log. From now on these partitions, and no others, are collected.
        """
        kept = {number: self._former[number] for number in keep if number in self._former}
        self._former = {}
        if not wanted:
            self._logs = kept
            return {}
        name = self._kafka.topic(self._topic)
        consumer = AIOKafkaConsumer(
            **self._kafka.client_options(),
            client_id=self._client_id,
            group_id=None,
            enable_auto_commit=False,
            isolation_level=ISOLATION,
            max_partition_fetch_bytes=READ_BYTES,
        )
        logs = {number: CheckpointLog(sources) for number, sources in wanted.items()}
        readers = {number: Reader(self._service, counts) for number in wanted}
        await consumer.start()
        try:
            partitions = [TopicPartition(name, p) for p in wanted]
            consumer.assign(partitions)
            await consumer.seek_to_beginning(*partitions)
            goals = await consumer.end_offsets(partitions)
            pending = set(partitions)
            while True:
                for partition in list(pending):
                    if await consumer.position(partition) >= goals[partition]:
                        pending.discard(partition)
                        consumer.pause(partition)
                if not pending:
                    break
                fetched = await consumer.getmany(timeout_ms=200)
                for partition, records in fetched.items():
                    reader, log_ = readers[partition.partition], logs[partition.partition]
                    for record in readable(records):
                        log_.append(record.offset, len(record.value or b""))
                        reader.take(record.offset, record.key, record.value)
        finally:
            await consumer.stop()
        loaded: dict[tuple[str, int], Checkpoint] = {}
        for number, sources in wanted.items():
            for source in sources:
                best = readers[number].best(source, number)
                if best is not None:
                    checkpoint, first = best
                    loaded[source, number] = checkpoint
                    logs[number].supersede(source, first, checkpoint.size_bytes)
        self._logs = kept | logs
        return loaded

    async def save(
        self, source: str, partition: int, outputs: list[Output], *, base: bool = True
    ) -> None:
        """Write one encoded checkpoint and wait until it is confirmed. Raises DeliveryError.

        base: whether it holds the whole state, so that what was written before can go.
        """
        first = await self._sink.send_chunks(self._topic, partition, outputs)
        size = sum(len(o.value or b"") for o in outputs)
        found = self._logs.get(partition)
        if found is None:
            return  # given away meanwhile: the new owner collects
        found.append(first, size)
        if base:
            found.supersede(source, first, size)
        else:
            found.extend(source, size)

    def forget(self) -> None:
        """The partitions are no longer ours: their new owner collects."""
        self._former, self._logs = self._logs, {}

    def retained_bytes(self) -> dict[int, int]:
        """By partition, what the topic holds of checkpoints, superseded ones included."""
        return {number: found.retained_bytes for number, found in self._logs.items()}

    def pinning(self, partition: int) -> list[str]:
        """The sources that are to be written anew, so that what is behind them can go."""
        found = self._logs.get(partition)
        return [] if found is None else found.pinning()

    async def delete_superseded(
        self, admin: AIOKafkaAdminClient, slack_bytes: int = SLACK_BYTES
    ) -> bool:
        """Delete what lies before every source's newest checkpoint, where that is more than the
        slack.

        Returns False where the broker did not. That is only logged: too many records are a cost,
        not an error. A former owner that still runs deletes before its *own* newest checkpoints at
        most; should that take a newer owner's, the older one is as right, and the log brings it up
        to date.
        """
        name = self._kafka.topic(self._topic)
        due = {
            TopicPartition(name, number): RecordsToDelete(before_offset=before)
            for number, found in self._logs.items()
            if (before := found.deletable_before(slack_bytes)) is not None
        }
        if not due:
            return True
        logs = self._logs  # a rebalance may replace them while the broker works
        try:
            await admin.delete_records(due)
        except (KafkaError, OSError) as error:
            log.warning("superseded checkpoints were not deleted: %r", error)
            return False
        for partition, asked in due.items():
            logs[partition.partition].deleted_before(asked.before_offset)
        return True
