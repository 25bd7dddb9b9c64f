"""The partition layout: by how many partitions keyed state is split, on a topic of its own.

A worker must not take the broker's count for it: somebody may have added partitions to a topic
while the state is still split by the old count. `shopkeeper topics init` writes the first layout,
`shopkeeper topics grow` every later one, and workers go by the newest (docs/partitions.md).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from shopkeeper.shared.contracts import topics

from ..refusal import OperatorNeeded
from .fetching import ISOLATION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from ..settings import KafkaSettings

FORMAT_VERSION = 1
KEY = b"layout"
LOOK_AGAIN_S = 1.0  # while a worker waits


class Growth(msgspec.Struct, frozen=True):
    """A growth under way.

    stop: workers leave. drain: they read every partition up to `until`, by the old count, so that
    no output of before depends on which count comes after. move: they stay away, state is split.
    """

    to: int
    phase: Literal["stop", "drain", "move"]
    until: dict[str, list[int]] = {}  # topic -> by partition, the offset to stop before


class Layout(msgspec.Struct, frozen=True):
    """counts: topic (unprefixed) -> partitions, of those whose partition numbers matter."""

    version: int
    counts: dict[str, int]
    growth: Growth | None = None
    format: int = FORMAT_VERSION

    def limit(self, topic: str, partition: int) -> int | None:
        """The offset to read up to while a growth drains; None: no limit."""
        if self.growth is None or topic not in self.growth.until:
            return None
        until = self.growth.until[topic]
        return until[partition] if partition < len(until) else 0


@dataclass(frozen=True, slots=True)
class Survey:
    """What the broker has: the newest layout (None: there never was one), and partitions by topic
    (unprefixed, of those that exist)."""

    layout: Layout | None
    counts: Mapping[str, int]

    def obstacle(self, sources: Sequence[str], checkpoints: str) -> str | None:
        """Why a worker that reads these topics must wait, in one line; None if it need not."""
        layout = self.layout
        if layout is None:
            return "the partition layout is not written: run `shopkeeper topics init`"
        growth = layout.growth
        if growth is not None and growth.phase != "drain":
            return (
                f"partitions are being added: waiting for `shopkeeper topics grow {growth.to}` "
                "to end (start it again should it have been interrupted)"
            )
        needed = [*sources, topics.SESSION_ITEMS] if topics.CLICKS in sources else list(sources)
        changed = [
            f"{name} has {self.counts.get(name, 0)} partitions, its state is split by {count}"
            for name, count in layout.counts.items()
            if name in needed and self.counts.get(name) != count and growth is None
        ]
        if changed:
            most = max(self.counts.get(name, 0) for name in layout.counts)
            return f"{'; '.join(changed)}: run `shopkeeper topics grow {most}`"
        most = max(self.counts.get(name, 0) for name in sources)
        if growth is None and self.counts.get(checkpoints, 0) < most:
            return (
                f"{checkpoints} has {self.counts.get(checkpoints, 0)} partitions and its sources "
                f"up to {most}: run `shopkeeper topics grow {most}`"
            )
        return None


async def survey(kafka: KafkaSettings, also: Iterable[str] = ()) -> Survey:
    """Ask the broker. Raises KafkaError.

    also: topics (unprefixed) to be counted besides this project's.
    """
    consumer = AIOKafkaConsumer(
        **kafka.client_options(),
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level=ISOLATION,
    )
    try:  # also a start that fails leaves something to close
        await consumer.start()
        cluster = await consumer._client.fetch_all_metadata()
        counts = {}
        for name in {*topics.BY_NAME, *also}:
            if found := cluster.partitions_for_topic(kafka.topic(name)):
                counts[name] = len(found)
        name = kafka.topic(topics.LAYOUT)
        partitions = [TopicPartition(name, n) for n in range(counts.get(topics.LAYOUT, 0))]
        newest: Layout | None = None
        if partitions:
            ends = await consumer.end_offsets(partitions)
            # The key decides the partition; were there more by now, the newest could be in another.
            partitions = [p for p in partitions if ends[p] > 0]
        if partitions:
            consumer.assign(partitions)
            await consumer.seek_to_beginning(*partitions)
            for partition in partitions:
                while await consumer.position(partition) < ends[partition]:
                    fetched = await consumer.getmany(timeout_ms=200)
                    for records in fetched.values():
                        for record in records:
                            newest = _newer(newest, record.value)
    finally:
        await consumer.stop()
    return Survey(newest, counts)


def _newer(known: Layout | None, value: bytes | None) -> Layout | None:
    try:
        found = msgspec.json.decode(value or b"", type=Layout)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return known
    if found.format > FORMAT_VERSION:
        raise OperatorNeeded(
            f"{topics.LAYOUT} has format {found.format}, this version reads up to "
            f"{FORMAT_VERSION}: run the newer version"
        )
    return found if known is None or found.version >= known.version else known


async def write(kafka: KafkaSettings, layout: Layout) -> None:
    """Make this the newest layout. Raises KafkaError."""
    producer = AIOKafkaProducer(**kafka.client_options(), enable_idempotence=True, acks="all")
    await producer.start()
    try:
        value = msgspec.json.encode(layout)
        await producer.send_and_wait(kafka.topic(topics.LAYOUT), value, key=KEY)
    finally:
        await producer.stop()


async def write_first(kafka: KafkaSettings) -> None:
    """Write down the counts that there are, unless a layout is there; of topics that are newer
    than the layout, their counts are added. Raises KafkaError."""
    found = await survey(kafka)
    if found.layout is None:
        counts = {name: found.counts[name] for name in topics.NUMBERED}
        await write(kafka, Layout(1, counts))
        return
    known = found.layout.counts
    added = {name: found.counts[name] for name in topics.NUMBERED if name not in known}
    if added and found.layout.growth is None:
        await write(kafka, Layout(found.layout.version + 1, {**known, **added}))


async def usable(
    kafka: KafkaSettings,
    sources: Sequence[str],
    checkpoints: str,
    wait: Callable[[str], object],
) -> Layout:
    """The layout, once a worker that reads these topics may go by it; `wait` is told what is
    waited for, at every look. Raises KafkaError."""
    while True:
        found = await survey(kafka, (*sources, checkpoints))
        obstacle = found.obstacle(sources, checkpoints)
        if obstacle is None:
            assert found.layout is not None
            return found.layout
        wait(obstacle)
        await asyncio.sleep(LOOK_AGAIN_S)
