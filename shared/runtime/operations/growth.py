"""Growing partitions: workers drain by the old count, state is split by the new one, they go on.

    stop    workers leave their groups; the ends of all keyed topics are then written down
    drain   workers read up to these ends, by the old count, and not further
    move    workers leave; partitions are added; each service's checkpoints are split anew
    done    the layout names the new count: workers go on where the checkpoints stand

What was published of an event must not depend on which count came next: a worker that was killed
may have published deltas, or forwarded records, beyond its last checkpoint, and by the new count
others would do it again. Up to the ends all is done by the old count, and nothing beyond; so a
growth is exact wherever a worker, or the growth itself, is killed. Every step can be repeated: old
checkpoints stay beside the new, and the count that each names says which are meant.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import NewPartitions

from shopkeeper.shared.contracts import topics

from ..kafka import partition_layout as layouts
from ..kafka.admin import TopicError, connected
from ..kafka.membership import group_of
from ..kafka.partition_layout import Growth, Layout, Survey
from ..kafka.sink import Sink
from ..state.checkpoint import Checkpoint
from ..state.checkpoint_chain import encode
from ..state.checkpoints import CheckpointStore
from ..state.deduplicator import DIGEST_BYTES
from ..state.partition import FORWARDED_OFFSETS
from ..state.segments import RECENT_IDS, whole

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ..api.service import Merge, Reshard
    from ..settings import KafkaSettings

LOOK_AGAIN_S = 1.0
METADATA_S_MAX = 30.0
DELIVERY_S_MAX = 30.0
READ_S_MAX = 5.0
OF_RECORDS = (RECENT_IDS, FORWARDED_OFFSETS)  # sections that are not split by key
LOOKED_AT_MAX = 10_000  # offsets: beyond that it is certainly events that are missing


class Grower:
    """One run of `shopkeeper topics grow`. say: gets a line where something is waited for."""

    def __init__(
        self,
        kafka: KafkaSettings,
        say: Callable[[str], object],
        reshard: Callable[[str, str], Reshard | None],
        merge: Callable[[str, str], Merge | None],
        *,
        wait_s: float | None = None,
        workers_gone: bool = False,
    ) -> None:
        """reshard: (service, topic) -> how the state of that source is split, None where nothing is
        kept by key; merge: likewise how it is made whole of a base and its segments. wait_s: how
        long workers are waited for in each phase; None: without end. workers_gone: no worker runs
        at the beginning, even if the groups list members (an embedded broker keeps those that were
        killed)."""
        self._kafka, self._say, self._wait_s = kafka, say, wait_s
        self._workers_gone = workers_gone
        self._reshard, self._merge = reshard, merge
        self._said = ""

    async def grow(self, to: int) -> Layout:
        """Grow to so many partitions, or finish what was begun. Raises TopicError, KafkaError."""
        found = await layouts.survey(self._kafka)
        layout = self._checked(found, to)
        if layout.growth is None:
            if all(layout.counts[name] == to for name in topics.KEYED) and all(
                found.counts.get(name, 0) == to for name in topics.GROWING
            ):
                return layout
            layout = await self._write(layout, Growth(to, "stop"))
        assert layout.growth is not None
        if layout.growth.phase == "stop":
            if not self._workers_gone:
                await self._until_left()
            until = await self._ends(layout)
            layout = await self._write(layout, Growth(to, "drain", until))
        assert layout.growth is not None
        if layout.growth.phase == "drain":
            await self._until_drained(layout)
            layout = await self._write(layout, Growth(to, "move", layout.growth.until))
        if not self._workers_gone:
            await self._until_left()
        await self._add_partitions(to)
        for service in filter(_sources, topics.SERVICES):
            await self._split(service, layout, to)
        counts = {**layout.counts, **{n: to for n in layout.counts if n in topics.GROWING}}
        done = Layout(layout.version + 1, counts)
        await layouts.write(self._kafka, done)
        return done

    async def cancel(self) -> Layout:
        """Give a growth up that has changed nothing yet. Raises TopicError, KafkaError."""
        layout = (await layouts.survey(self._kafka)).layout
        if layout is None or layout.growth is None:
            raise TopicError("no growth is under way")
        if layout.growth.phase == "move":
            raise TopicError(
                f"partitions were added already: finish with `shopkeeper topics grow "
                f"{layout.growth.to}`"
            )
        back = Layout(layout.version + 1, layout.counts)
        await layouts.write(self._kafka, back)
        return back

    def _checked(self, found: Survey, to: int) -> Layout:
        layout = found.layout
        if layout is None:
            raise TopicError("the partition layout is not written: run `shopkeeper topics init`")
        if layout.growth is not None and layout.growth.to != to:
            raise TopicError(
                f"a growth to {layout.growth.to} is under way: finish it with `shopkeeper topics "
                f"grow {layout.growth.to}`, or give it up with `shopkeeper topics grow --cancel`"
            )
        for name in topics.GROWING:
            least = max(layout.counts.get(name, 0), found.counts.get(name, 0))
            if least > to:
                raise TopicError(
                    f"{name} has {least} partitions: partitions are never taken away, so grow to "
                    f"{least} at least"
                )
        return layout

    async def _write(self, layout: Layout, growth: Growth) -> Layout:
        changed = Layout(layout.version + 1, layout.counts, growth)
        await layouts.write(self._kafka, changed)
        return changed

    def _waiting(self, line: str) -> None:
        if line != self._said:
            self._said = line
            self._say(line)

    async def _until(self, look: Callable[[], Any], give_up: str) -> None:
        """Look again and again, until nothing is left to wait for."""
        started = time.monotonic()
        while (line := await look()) is not None:
            self._waiting(line)
            if self._wait_s is not None and time.monotonic() - started > self._wait_s:
                raise TopicError(f"{line} (waited {self._wait_s:g} s); {give_up}")
            await asyncio.sleep(LOOK_AGAIN_S)

    async def _until_left(self) -> None:
        async with connected(self._kafka) as admin:

            async def look() -> str | None:
                members: list[str] = []
                for service in filter(_sources, topics.SERVICES):
                    group = self._kafka.topic(f"shopkeeper-{service}")
                    members += map(str, (await group_of(admin, group))[1])
                if not members:
                    return None
                return f"waiting for workers to leave their groups: {', '.join(sorted(members))}"

            await self._until(look, "stop them and run the same command again")

    async def _ends(self, layout: Layout) -> dict[str, list[int]]:
        consumer = AIOKafkaConsumer(**self._kafka.client_options(), group_id=None)
        await consumer.start()
        try:
            names = {
                name: [
                    TopicPartition(self._kafka.topic(name), n) for n in range(layout.counts[name])
                ]
                for name in topics.KEYED
            }
            ends = await consumer.end_offsets([p for found in names.values() for p in found])
        finally:
            await consumer.stop()
        return {name: [ends[p] for p in partitions] for name, partitions in names.items()}

    async def _until_drained(self, layout: Layout) -> None:
        async def look() -> str | None:
            left = []
            for service in filter(_sources, topics.SERVICES):
                missing = await self._missing(service, layout)
                if missing:
                    left.append(f"{missing} of {service}")
            if not left:
                return None
            return (
                f"waiting for workers to read what was published before: {', '.join(left)} "
                "(start them, if nothing does)"
            )

        await self._until(look, "nothing was changed; run the same command again")

    async def _missing(self, service: str, layout: Layout) -> str:
        """What a service's checkpoints lack of the ends, as words; empty if nothing."""
        growth = layout.growth
        assert growth is not None
        sources = _sources(service)
        loaded = await self._load(service, layout.counts)
        if not loaded and not await self._was_used(service):
            return ""  # this service was never run
        missing = 0
        for name in sources:
            for number, end in enumerate(growth.until[name]):
                checkpoint = loaded.get((name, number))
                done = 0 if checkpoint is None else checkpoint.next_offset
                if done < end:
                    missing += await self._unread(name, number, done, end)
        return f"{missing} events" if missing else ""

    async def _unread(self, name: str, number: int, start: int, end: int) -> int:
        """How many offsets from `start` to below `end` may hold records: a log may have lost its
        beginning, and at its end there may be nothing but marks of transactions."""
        partition = TopicPartition(self._kafka.topic(name), number)
        consumer = AIOKafkaConsumer(
            **self._kafka.client_options(),
            group_id=None,
            enable_auto_commit=False,
            isolation_level="read_committed",
        )
        await consumer.start()
        try:
            consumer.assign([partition])
            first: int = (await consumer.beginning_offsets([partition]))[partition]
            start = max(start, first)
            if end - start > LOOKED_AT_MAX:
                return end - start
            consumer.seek(partition, start)
            deadline = time.monotonic() + READ_S_MAX
            while (position := await consumer.position(partition)) < end:
                fetched = await consumer.getmany(timeout_ms=200)
                found = [r.offset for records in fetched.values() for r in records]
                if found and found[0] < end:
                    return end - int(found[0])
                if time.monotonic() > deadline:  # an open transaction: nobody can read past it
                    return end - int(position)
        finally:
            await consumer.stop()
        return 0

    async def _was_used(self, service: str) -> bool:
        """Whether anybody ever joined its group: a worker that was killed before its first
        checkpoint may have published all the same."""
        async with connected(self._kafka) as admin:
            group = self._kafka.topic(f"shopkeeper-{service}")
            return (await group_of(admin, group))[0] != "Dead"

    async def _load(
        self, service: str, counts: Mapping[str, int]
    ) -> dict[tuple[str, int], Checkpoint]:
        sources = _sources(service)
        numbers = range(max(counts[name] for name in sources))
        topic = topics.checkpoints(service)
        sink = Sink(self._kafka, DELIVERY_S_MAX, "topics-grow")
        store = CheckpointStore(self._kafka, topic, sink, "topics-grow")
        there = (await layouts.survey(self._kafka)).counts.get(topic, 0)
        return await store.load({n: sources for n in numbers if n < there}, counts)

    async def _add_partitions(self, to: int) -> None:
        counts = (await layouts.survey(self._kafka)).counts
        wanted = [name for name in topics.GROWING if counts.get(name, 0) < to]
        async with connected(self._kafka) as admin:
            for name in wanted:
                await admin.create_partitions({self._kafka.topic(name): NewPartitions(to)})
        deadline = time.monotonic() + METADATA_S_MAX
        while any(counts.get(name, 0) < to for name in topics.GROWING):
            if time.monotonic() > deadline:
                raise TopicError(f"the broker did not finish within {METADATA_S_MAX:g} s")
            await asyncio.sleep(0.1)
            counts = (await layouts.survey(self._kafka)).counts

    async def _split(self, service: str, layout: Layout, to: int) -> None:
        """Write a checkpoint split by the new count for every partition of a service's sources."""
        loaded = await self._load(service, layout.counts)
        topic = topics.checkpoints(service)
        sink = Sink(self._kafka, DELIVERY_S_MAX, "topics-grow")
        await sink.start([topic])
        try:
            store = CheckpointStore(self._kafka, topic, sink, "topics-grow")
            for source in _sources(service):
                merge = self._merge(service, source)
                before = {
                    n: replace(c, sections=whole(c.sections, c.segments, merge), segments=())
                    for (name, n), c in loaded.items()
                    if name == source
                }
                for checkpoint in split(before, to, self._reshard(service, source)):
                    await store.save(source, checkpoint.partition, encode(checkpoint, topic))
        finally:
            await sink.stop()


def _sources(service: str) -> list[str]:
    return [name for name in topics.KEYED if service in topics.BY_NAME[name].consumers]


def split(
    before: Mapping[int, Checkpoint],
    count: int,
    reshard: Reshard | None,
) -> list[Checkpoint]:
    """The checkpoints of one source, by partition, as those of so many partitions.

    Where to read on stays as it is; new partitions are read from the beginning. Every partition
    gets the newest ids of all, and keeps its own offsets of what was forwarded to it: both are of
    records, not of keys.
    """
    if not before:
        return []
    source = next(iter(before.values())).source
    sections = {
        number: {k: v for k, v in checkpoint.sections.items() if k not in OF_RECORDS}
        for number, checkpoint in before.items()
    }
    if reshard is not None:
        after = reshard({n: s for n, s in sections.items() if s}, count)
    else:
        assert not any(sections.values()), f"{source} keeps state and cannot split it"
        after = {number: {} for number in range(count)}
    ids = {number: c.sections.get(RECENT_IDS, b"") for number, c in before.items()}
    made = []
    for number in range(count):
        own = before.get(number)
        kept = dict(after[number])
        kept[RECENT_IDS] = newest_ids(
            ids.get(number, b""), [p for n, p in ids.items() if n != number]
        )
        if own is not None and FORWARDED_OFFSETS in own.sections:
            kept[FORWARDED_OFFSETS] = own.sections[FORWARDED_OFFSETS]
        if own is None:
            made.append(Checkpoint(source, number, 0, kept, count))
        else:  # whatever else it says of its log stays true
            made.append(replace(own, sections=kept, count=count))
    return made


def newest_ids(own: bytes, others: Sequence[bytes]) -> bytes:
    """Recent ids of several partitions in one list, oldest first; a partition takes the newest that
    fit. They take turns from the newest on, the partition's own first."""
    columns = [
        [packed[i : i + DIGEST_BYTES] for i in range(0, len(packed), DIGEST_BYTES)][::-1]
        for packed in (own, *others)
    ]
    turns = (each for row in zip_longest(*columns) for each in row if each is not None)
    return b"".join(list(dict.fromkeys(turns))[::-1])
