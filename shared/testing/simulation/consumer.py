"""In the place of Faust and of aiokafka's consumer: fetches, heartbeats, rebalances, commits.

What is decided about fetched records is the runtime's own `BatchFeed`. The rest keeps the order in
which Faust 0.15 and aiokafka 0.14 call the worker: every rebalance revokes all, one recovery runs
at a time and may outlast the assignment that it was for, and the flow is opened after it whatever
happened meanwhile (`faust.tables.recovery`).
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

from aiokafka import TopicPartition

from shopkeeper.shared.runtime.kafka.feed import BatchFeed
from shopkeeper.shared.runtime.kafka.membership import follows
from shopkeeper.shared.runtime.kafka.offsets import Partition

from .group import REJOIN, UNKNOWN
from .loop import PROCESS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine

    from shopkeeper.shared.runtime.kafka.offsets import RecordBatch
    from shopkeeper.shared.runtime.kafka.owner import Owner
    from shopkeeper.shared.runtime.settings import WorkerSettings
    from shopkeeper.shared.runtime.shutdown import Deadline

    from .group import Joined

HEARTBEAT_S, COMMIT_S, FETCH_S, PAUSE_S = 0.4, 0.5, 1.0, 0.05
QUEUE_BATCHES = 4  # as `stream_buffer_maxsize` of the Faust app
HANDING_ON_S = 0.05  # from the consumer's thread to the loop, at most
HANDING_ON_SHARE = 0.3  # of fetches that take time there
LEAVE_S_MAX = 0.5
AGENT_S_MAX = 1.5  # from the channel to the agent
AGENT_SHARE = 0.1  # of batches that take time there


class GroupConsumer:
    """One member of the group, as `Worker` sees it (see `transport.BatchConsumer`)."""

    def __init__(self, owner: Owner, app: App) -> None:
        process = self._process = PROCESS.get()
        self._world, self._app, self.owner = process.world, app, owner
        self._network, self._group = process.world.network, process.world.group
        self.paused = False
        self.feed = BatchFeed(owner, lambda: self._flow and not self.paused)
        self._flow = False
        self._flow_opened = asyncio.Event()
        self._member_id, self._generation = "", 0
        self._released: tuple[str, int] | None = None
        self._assigned: list[TopicPartition] = []
        self._positions: dict[TopicPartition, int] = {}
        self._seeks = 0
        self._committed: dict[TopicPartition, int] = {}
        self._to_recover = asyncio.Event()
        self._rejoining = True
        self._leaves = False  # also where it is a static member

    # -- what the worker asks

    def end_offset(self, partition: Partition) -> int | None:
        place = next((p for p in self._assigned if p == partition), None)
        return None if place is None else int(self._world.broker.logs[place].end)

    def committed_offset(self, partition: Partition) -> int | None:
        return self._committed.get(TopicPartition(*partition))

    def nodes(self) -> set[int]:
        return {0}

    def joining(self) -> bool:
        return not self._member_id

    def rejoining(self) -> bool:
        return self._rejoining

    def member_id(self) -> str:
        return self._member_id

    def group_failure(self) -> BaseException | None:
        return None

    def leave_for_good(self) -> None:
        self._leaves = True

    def leave_by(self, deadline: Deadline) -> None:
        """`App.stop` takes LEAVE_S_MAX at most."""

    async def commit(self) -> bool:
        """Commit what is durable. False where the group has moved on."""
        offsets = {
            place: offset
            for place in list(self.feed.expected)
            if (offset := self.owner.durable_offset(Partition(*place))) is not None
            and self._committed.get(place) != offset
        }
        if not offsets or self._rejoining:
            return False
        member_id, generation = self._member_id, self._generation
        await self._network.trip(self._process)
        done = bool(self._group.commit(member_id, generation, offsets))
        if done:
            self._committed.update(offsets)
        return done

    # -- its life

    def tasks(self) -> list[Callable[[], Coroutine[Any, Any, None]]]:
        return [self._take_part, self._recover, self._deliver, self._commit_forever]

    async def leave(self) -> None:
        """Leave the group, if the broker hears of it in time."""
        member_id, self._member_id = self._member_id, ""
        if member_id and not (self._group.static and not self._leaves):
            await self._network.trip(self._process)
            self._group.leave(member_id)

    async def _take_part(self) -> None:
        while True:
            joined = await self._join()
            self._assign(joined)
            while True:
                await asyncio.sleep(HEARTBEAT_S)
                answer = await self._heartbeat()
                if answer in (REJOIN, UNKNOWN):
                    break
            if answer == UNKNOWN:
                self._member_id = ""
            await self._revoke()

    async def _join(self) -> Joined:
        while True:
            self._rejoining = True
            await self._network.trip(self._process)
            joined: Joined | None = await self._group.join(self._process.name, self._member_id)
            await self._network.trip(self._process)
            if joined is not None:
                return joined
            self._member_id = ""

    async def _heartbeat(self) -> str:
        await self._network.trip(self._process)
        answer: str = self._group.heartbeat(self._member_id, self._generation)
        if answer != "ok":
            self._rejoining = True
        return answer

    async def _revoke(self) -> None:
        self._flow = False
        self._flow_opened.clear()
        self._released = self._member_id, self._generation
        revoking = asyncio.ensure_future(self.owner.revoke())
        while not revoking.done():
            await asyncio.wait({revoking}, timeout=HEARTBEAT_S)
            if not revoking.done() and self._member_id:
                await self._heartbeat()
        await revoking
        self.feed.expected.clear()
        self._assigned = []

    def _assign(self, joined: Joined) -> None:
        self._member_id, self._generation, self._assigned = joined
        self._committed.clear()
        # Where aiokafka would begin to fetch, before it is told where to.
        self._positions = {p: self._group.committed.get(p, 0) for p in self._assigned}
        self._rejoining = False
        self._to_recover.set()

    async def _recover(self) -> None:
        """One after the other, as Faust's recovery service."""
        while True:
            await self._to_recover.wait()
            self._to_recover.clear()
            if self._rejoining:
                continue
            assigned = [Partition(*place) for place in self._assigned]
            unbroken = follows((self._member_id, self._generation), self._released)
            offsets = await self.owner.recover(assigned, unbroken=unbroken)
            if offsets:
                await asyncio.sleep(0)  # the seek is done on the consumer's thread
                self._seek(offsets)
                self.feed.expected = dict(offsets)
            self._flow = True
            self._flow_opened.set()

    def _seek(self, offsets: dict[Any, int]) -> None:
        self._positions.update({p: offsets[p] for p in self._assigned if p in offsets})
        self._seeks += 1

    # -- fetching

    async def _deliver(self) -> None:
        """As Faust's fetcher: hand on what `getmany` yields, a batch at a time."""
        while True:
            if self.paused or not await self.owner.has_capacity():
                await asyncio.sleep(PAUSE_S)
                continue
            await self._flow_opened.wait()
            async for batch in self._getmany():
                await self._app.put(batch)

    async def _getmany(self) -> AsyncIterator[RecordBatch]:
        """As `BatchConsumer.getmany`."""
        broker, world = self._world.broker, self._world
        seeks, asked = self._seeks, dict(self._positions)
        if not broker.beyond(asked):
            await broker.wait_beyond(asked, FETCH_S)
        await self._network.trip(self._process)
        if seeks != self._seeks:
            return  # aiokafka drops an answer for a position that is not its own any more
        fetched = {}
        for place in asked:
            records, following = broker.read(place, asked[place], world.slice_records())
            if place in self._positions:
                self._positions[place] = following
            if records:
                fetched[place] = records
        positions = dict(self._positions)
        if world.random() < HANDING_ON_SHARE:
            await asyncio.sleep(world.random() * HANDING_ON_S)
        if seeks != self._seeks:
            return  # taken before a seek that superseded it
        generation = self.owner.generation
        undelivered = dict.fromkeys(fetched)
        async for _, batch in self.feed.batches(fetched, generation, undelivered):
            yield batch
        if undelivered and (places := self.feed.places(undelivered)):
            await asyncio.sleep(0)
            self._seek(places)
        self.feed.note_positions(positions, generation, undelivered)

    async def _commit_forever(self) -> None:
        while True:
            await asyncio.sleep(COMMIT_S)
            await self.commit()


class App:
    """In the place of the Faust app: channels of batches, and the agents that read them."""

    crashed = False
    crash_reason: BaseException | None = None

    def __init__(self, service: str, settings: WorkerSettings, owner: Owner) -> None:
        self.consumer = GroupConsumer(owner, self)
        self._settings = settings
        self._channels: dict[str, asyncio.Queue[RecordBatch]] = {}
        self._agents: list[tuple[str, Callable[[Any], Coroutine[Any, Any, None]]]] = []
        self._tasks: list[asyncio.Task[None]] = []

    def batch_topic(self, name: str) -> str:
        self._channels[name] = asyncio.Queue(QUEUE_BATCHES)
        return name

    def agent(self, channel: str, **options: Any) -> Callable[[Any], None]:
        def decorate(function: Callable[[Any], Coroutine[Any, Any, None]]) -> None:
            self._agents.append((channel, function))

        return decorate

    async def put(self, batch: RecordBatch) -> None:
        """Waits where the channel is full."""
        await self._channels[batch.partition.topic].put(batch)

    async def start(self) -> None:
        for channel, function in self._agents:
            stream = _stream(self._channels[channel])
            self._tasks.append(asyncio.create_task(function(stream)))
        for body in self.consumer.tasks():
            self._tasks.append(asyncio.create_task(self._supervised(body)))

    async def _supervised(self, body: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """What raises here crashes the app, as it does in Faust."""
        try:
            await body()
        except Exception as error:
            self.crash_reason, self.crashed = error, True

    async def stop(self) -> None:
        """Agents first, then the last commit, then the group."""
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LEAVE_S_MAX):
                await self.consumer.commit()
                await self.consumer.leave()


async def _stream(channel: asyncio.Queue[RecordBatch]) -> AsyncIterator[RecordBatch]:
    draw = PROCESS.get().world.random
    while True:
        batch = await channel.get()
        if draw() < AGENT_SHARE:
            await asyncio.sleep(draw() * draw() * AGENT_S_MAX)
        yield batch
