"""Checkpoints: a partition's whole state and the offset it reflects, as one unit, in a topic.

A checkpoint is a run of *chunks* and then a *manifest* naming them by hash. It needs no lock: the
state is a pure function of the log up to `next_offset`, so the newest usable manifest is the one
with the highest `next_offset`, and one that a former owner wrote late is still right, only older.
The offset committed to the group is a hint for lag; the manifest decides where reading resumes.
"""

from __future__ import annotations

import hashlib
import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.errors import KafkaError

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.envelope import Output

from ..kafka.fetching import ISOLATION
from ..kafka.records import Mark, readable
from ..refusal import OperatorNeeded
from .checkpoint_log import SLACK_BYTES, CheckpointLog

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..api.processor import Sections
    from ..kafka.sink import Sink
    from ..settings import KafkaSettings

log = logging.getLogger(__name__)

FORMAT_VERSION = 1
CHUNK_BYTES = 700_000


class CheckpointError(OperatorNeeded):
    """A checkpoint that must not be used, and must not be ignored either."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state of one partition of `source` (unprefixed) with every record below `next_offset`."""

    source: str
    partition: int
    next_offset: int
    sections: Sections
    count: int | None = None  # by how many partitions its keyed state is split; None: not by key
    last_record: Mark | None = None  # of what it reflects: shows whether a log is still the same
    size_bytes: int = 0  # as it was written; likewise:
    written_ms: int = 0


def encode(checkpoint: Checkpoint, topic: str) -> list[Output]:
    """The records of one checkpoint, chunks first, for `topic` (the service's)."""
    packed = msgspec.msgpack.encode(checkpoint.sections)
    digests, outputs = [], []
    for start in range(0, max(len(packed), 1), CHUNK_BYTES):
        chunk = packed[start : start + CHUNK_BYTES]
        digest = hashlib.sha256(chunk).hexdigest()
        digests.append(digest)
        key = f"{checkpoint.source}/chunk/{digest}".encode()
        outputs.append(Output(topic, key, chunk, [], checkpoint.partition))
    manifest = orjson.dumps(
        {
            "format": FORMAT_VERSION,
            "source": checkpoint.source,
            "partition": checkpoint.partition,
            "next_offset": checkpoint.next_offset,
            "split_by": checkpoint.count,
            "chunks": digests,
            "size_bytes": len(packed),
            "written_ms": int(time.time() * 1000),
            "last_record": None if (last := checkpoint.last_record) is None else list(last),
        }
    )
    key = f"{checkpoint.source}/manifest".encode()
    outputs.append(Output(topic, key, manifest, [], checkpoint.partition))
    return outputs


class Reader:
    """Takes a checkpoint partition's records in order; keeps each source's best checkpoint.

    counts: source -> by how many partitions its state must be split. A checkpoint split otherwise
    is passed over: one of before a growth, or of a growth that has not ended. (One that does not
    say is of a version that could not grow.)

    Memory: the chunks of the last two checkpoints, and of the best one, per source.
    """

    def __init__(self, service: str = "SERVICE", counts: Mapping[str, int] | None = None) -> None:
        self._service = service  # for what errors say
        self._counts = counts or {}
        self._chunks: dict[str, tuple[int, bytes]] = {}  # key -> (offset, chunk)
        self._best: dict[str, tuple[int, int, list[bytes], tuple[Any, int, int]]] = {}
        self._manifest_at: dict[str, int] = {}  # source -> offset of its last manifest

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
                int(manifest.get("size_bytes", 0)),
                int(manifest.get("written_ms", 0)),
            )
            split_by, wanted = manifest.get("split_by"), self._counts.get(source)
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
        if fits and all(k in self._chunks for k in keys):
            best = self._best.get(source)
            if best is None or next_offset >= best[0]:
                found = [self._chunks[k] for k in keys]
                first = min((o for o, _ in found), default=offset)
                self._best[source] = (next_offset, first, [c for _, c in found], about)
        # Chunks from before the previous manifest can be let go: two writers (a former owner and
        # a new one) may interleave theirs, but not across a whole checkpoint of the other.
        previous = self._manifest_at.get(source, -1)
        self._manifest_at[source] = offset
        self._chunks = {
            k: found
            for k, found in self._chunks.items()
            if found[0] > previous or not k.startswith(f"{source}/")
        }

    def sources(self) -> list[str]:
        """Those that have a usable checkpoint."""
        return sorted(self._best)

    def best(self, source: str, partition: int) -> tuple[Checkpoint, int] | None:
        """The usable checkpoint with the highest next_offset, and its first record's offset."""
        found = self._best.get(source)
        if found is None:
            return None
        next_offset, first, chunks, about = found
        sections = msgspec.msgpack.decode(b"".join(chunks), type=dict[str, bytes])
        count = self._counts.get(source)
        return Checkpoint(source, partition, next_offset, sections, count, *about), first


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

    async def load(
        self, wanted: Mapping[int, Sequence[str]], counts: Mapping[str, int] | None = None
    ) -> dict[tuple[str, int], Checkpoint]:
        """Read the newest checkpoints of {partition: sources}. Raises CheckpointError.

        counts: see `Reader`. Missing checkpoints are left out: their state begins empty, at the
        beginning of the log. From now on these partitions, and no others, are collected.
        """
        name = self._kafka.topic(self._topic)
        consumer = AIOKafkaConsumer(
            **self._kafka.client_options(),
            client_id=self._client_id,
            group_id=None,
            enable_auto_commit=False,
            isolation_level=ISOLATION,
            max_partition_fetch_bytes=8_388_608,
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
        self._logs = logs
        return loaded

    async def save(self, source: str, partition: int, outputs: list[Output]) -> None:
        """Write one encoded checkpoint and wait until it is confirmed. Raises DeliveryError."""
        first = await self._sink.send_chunks(self._topic, partition, outputs)
        size = sum(len(o.value or b"") for o in outputs)
        found = self._logs.get(partition)
        if found is not None:  # else given away meanwhile: the new owner collects
            found.append(first, size)
            found.supersede(source, first, size)

    def forget(self) -> None:
        """The partitions are no longer ours: their new owner collects."""
        self._logs = {}

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
