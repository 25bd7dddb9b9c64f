"""Faust's aiokafka driver, fed whole batches instead of single messages.

Stock Faust spends two tasks, a queue hop, an acknowledgement lock and a round of sensors on each
message: 5,000 events/s where the work itself allows hundreds of thousands. Here `getmany` yields
one Faust message per bounded partition slice. Agents stay Faust agents; assignment, supervision
and streams stay Faust's. What is replaced is everything that decides which records count as done:

- `ack` does nothing: Faust also acknowledges when an agent raises, is cancelled or stopped.
  Offsets come from `Owner.durable_offset` alone.
- Where to resume comes from the checkpoint (`Owner.recover`), never from the group's offset.
- Whatever is fetched and not delivered is sought back, so that no record is ever passed over.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any, TypeVar

from aiokafka.errors import IllegalStateError
from aiokafka.structs import TopicPartition
from faust.exceptions import ConsumerNotStarted
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from faust.types.tuples import ConsumerMessage

from . import membership, rights
from .consumer_thread import BatchConsumerThread, faust_log
from .feed import BatchFeed
from .offsets import Partition

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine, Iterable, Mapping

    from ..shutdown import Deadline
    from .offsets import RecordBatch
    from .owner import Owner

T = TypeVar("T")

KEEP_ALIVE_S = 1.0
FETCH_S_MAX = 1.0  # after which it is looked whether the worker stops
COMMIT_S_MAX = 2.0


class BatchConsumer(driver.Consumer):
    """A Faust consumer whose messages are batches."""

    logger = faust_log

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.owner: Owner = self.app.owner
        self._feed = BatchFeed(self.owner, self._flowing)
        self._keep_alive: asyncio.Task[None] | None = None
        self.paused = False  # draining: nothing more is delivered
        self._ending = asyncio.Event()
        self._committed_last = False
        self._released: tuple[str, int] | None = (
            None  # as whom, in which of the group's generations
        )

    def _new_consumer_thread(self) -> BatchConsumerThread:
        return BatchConsumerThread(self, loop=self.loop, beacon=self.beacon)

    # -- fetching

    async def getmany(
        self,
        timeout: float,  # noqa: ASYNC109  # Faust's signature
    ) -> AsyncIterator[tuple[Any, ConsumerMessage]]:
        """Fetch what is there; yield it as one message per batch."""
        owner = self.owner
        if self.paused or not await owner.has_capacity():
            await asyncio.sleep(0.01)
            return
        try:
            records, _ = await self._wait_next_records(timeout)
        except rights.DENIED as error:
            # Not raised into Faust, which would print a page of it.
            self.paused = True
            self.owner.refused(error)
            return
        if self.should_stop:
            return
        if self._thread.popped_at_seek != self._thread.seek_count:
            return  # taken before a seek that superseded it
        generation = owner.generation
        jumps, self._thread.jumps = self._thread.jumps, ()
        self._feed.note_jumps(jumps)
        undelivered = dict.fromkeys(records)
        async for tp, batch in self._feed.batches(records, generation, undelivered):
            yield tp, self._message(tp, batch)
        if undelivered:
            await self._seek_back(undelivered)
        self._feed.note_positions(self._thread.positions, generation, undelivered)

    async def _drain_messages(self, fetcher: Any) -> None:
        """Hand on what is fetched until `fetcher` or this consumer stops.

        Faust's makes two tasks for each message, to give one up that a full queue holds when the
        flow stops. Ours wait for nothing: an agent takes a batch as soon as it is there
        (`BatchPipeline.take`), and one that ended has stopped the worker.
        """
        try:
            while not (self.should_stop or fetcher.should_stop):
                await asyncio.sleep(0)  # where nothing is to be waited for, others get their turn
                async for tp, message in self.getmany(timeout=FETCH_S_MAX):
                    await self.callback(message)
                    self._read_offset[tp] = message.offset
        except (*self.consumer_stopped_errors, asyncio.CancelledError):
            if not self.app.should_stop:
                raise

    def _flowing(self) -> bool:
        return self.flow_active and not self.paused and not self.should_stop

    def _message(self, tp: Any, batch: RecordBatch) -> ConsumerMessage:
        last = batch.records[-1]
        return ConsumerMessage(
            topic=tp.topic,
            partition=tp.partition,
            offset=batch.last,
            timestamp=(last.timestamp or 0) / 1000.0,
            timestamp_type=last.timestamp_type,
            headers=[],
            key=None,
            value=batch,
            checksum=None,
            serialized_key_size=0,
            serialized_value_size=0,
            tp=tp,
            generation_id=self.app.consumer_generation_id,
        )

    async def _seek_back(self, partitions: Iterable[Any]) -> None:
        """Make the fetcher read again what it gave us and we could not deliver."""
        targets = self._feed.places(partitions)
        if targets:
            # Revoked meanwhile: then the next owner starts at the checkpoint.
            with contextlib.suppress(IllegalStateError):
                await self._thread.seek_wait(targets)

    def on_buffer_full(self, tp: Any) -> None:
        """The full queue itself makes us wait; unfetching a partition would cost a second."""

    def on_buffer_drop(self, tp: Any) -> None:
        """See `on_buffer_full`."""

    async def _add_gap(self, tp: Any, offset_from: int, offset_to: int) -> None:
        """Compacted or aborted offsets need no book-keeping: batches know their first and last."""

    # -- what is done

    def ack(self, message: Any) -> bool:
        """Faust's acknowledgement, which also comes for failed agents, decides nothing here."""
        message.acked = True
        self._unacked_messages.discard(message)
        return False

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Iterable[Any]:
        return [
            tp for tp in self._feed.expected if topics is None or tp in topics or tp[0] in topics
        ]

    def _new_offset(self, tp: Any) -> int | None:
        return self.owner.durable_offset(Partition(tp[0], tp[1]))

    async def _commit_offsets(
        self, offsets: Mapping[Any, int], start_new_transaction: bool = True
    ) -> bool:
        if self._committed_last:
            return False  # Faust's timer goes on while the consumer's thread ends
        done = bool(await self._commit(offsets))
        if done:  # Faust takes a failed commit for a successful one
            self._committed_offset.update(offsets)
        return done

    async def verify_all_partitions_active(self) -> None:
        """Faust's livelock detector only logs; /livez and the lag alert do this work."""

    def committed_offset(self, partition: Partition) -> int | None:
        """The last offset that the broker has confirmed."""
        offset = self._committed_offset.get(TP(*partition))
        return None if offset is None else int(offset)

    def end_offset(self, partition: Partition) -> int | None:
        """How far the partition can be read, as of the last fetch: to its last stable offset, where
        the first open transaction begins."""
        try:
            consumer = self._thread._ensure_consumer()
            tp = TopicPartition(*partition)
            end, stable = consumer.highwater(tp), consumer.last_stable_offset(tp)
        except (AssertionError, KeyError, IllegalStateError, AttributeError, ConsumerNotStarted):
            return None  # not assigned (any more)
        if stable is not None and stable >= 0:  # -1: a broker that knows no transactions
            return int(stable)
        return None if end is None else int(end)

    # -- assignment

    def leave_by(self, deadline: Deadline) -> None:
        """From now on nothing waits longer than until `deadline`; `stop` is to follow."""
        self._thread.leaving = deadline
        self._ending.set()

    async def commit_and_end_transactions(self) -> None:
        """Faust's last commit, limited in time: where no broker answers, it would never end."""
        leaving = self._thread.leaving
        limit_s = COMMIT_S_MAX if leaving is None else min(COMMIT_S_MAX, leaving.left() / 3)
        committing = asyncio.ensure_future(self.commit(start_new_transaction=False))
        await asyncio.wait({committing}, timeout=limit_s)
        self._committed_last = True

    def joining(self) -> bool:
        """Whether the group has not yet answered this member's wish to join."""
        return membership.joining(self._thread._consumer)

    def group_failure(self) -> BaseException | None:
        """Why this worker takes no more part in its group, though nobody ended it."""
        return membership.failure(self._thread._consumer)

    def member_id(self) -> str:
        """The id under which the group knows this member; empty where it does not."""
        consumer = self._thread._consumer
        return "" if consumer is None else str(consumer._coordinator.member_id)

    def _membership(self) -> tuple[str, int]:
        consumer = self._thread._consumer
        if consumer is None or consumer._coordinator is None:
            return "", -1
        # Read from another thread: single values.
        return str(consumer._coordinator.member_id), int(consumer._coordinator.generation)

    def nodes(self) -> set[int]:
        """The brokers that this consumer needs now: its coordinator, its partitions' leaders."""
        consumer = self._thread._consumer
        if consumer is None or consumer._coordinator is None:
            return set()
        # Read from another thread: single values, replaced whole.
        found = {consumer._client.cluster.leader_for_partition(tp) for tp in consumer.assignment()}
        found.add(consumer._coordinator.coordinator_id)
        return {node for node in found if isinstance(node, int) and node >= 0}

    def rejoining(self) -> bool:
        """Whether a rebalance is known of that this member has not joined yet."""
        consumer = self._thread._consumer
        coordinator = None if consumer is None else consumer._coordinator
        # Read from another thread: a future's state, nothing more.
        return coordinator is not None and coordinator._rejoin_needed_fut.done()

    def leave_for_good(self) -> None:
        """A static member leaves its group when it closes, as others do: whoever changes partitions
        waits for an empty group."""
        consumer = self._thread._consumer
        if consumer is not None:
            consumer._coordinator._group_instance_id = None

    async def on_partitions_revoked(self, revoked: set[Any]) -> None:
        """Every rebalance takes everything (eager protocol): finish, checkpoint, then let go."""
        self.stop_flow()
        self._released = self._membership()
        former = self._thread.forgotten_as
        if former is not None and self._released[1] < 0:  # a member of a generation is no other's
            self._thread.forgotten_as = None
            self._thread.replaced = await self.owner.replaced(former)
            if self._thread.replaced:
                # Joining would expel the double. The worker is ending, and ends this wait.
                await asyncio.Event().wait()
        await self.owner.revoke()
        self._feed.expected.clear()
        await super().on_partitions_revoked(revoked)

    async def seek_to_committed(self) -> Mapping[Any, int]:
        """Faust calls this before it opens the flow: resume where the checkpoints say."""
        now, assigned = self._membership(), self.assignment()
        recovering = self.owner.recover(
            [Partition(tp.topic, tp.partition) for tp in assigned],
            unbroken=membership.follows(now, self._released),
        )
        resumed = await self._unless_ending(recovering) or {}
        offsets = {TP(*partition): offset for partition, offset in resumed.items()}
        if offsets:
            await self._thread.seek_wait(offsets)
            self._feed.expected = dict(offsets)
        return offsets

    async def _unless_ending(self, step: Coroutine[Any, Any, T]) -> T | None:
        """The step's result, or None as soon as the worker leaves: a broker may never answer."""
        task = asyncio.ensure_future(step)
        ending = asyncio.ensure_future(self._ending.wait())
        try:
            await asyncio.wait({task, ending}, return_when=asyncio.FIRST_COMPLETED)
            return task.result() if task.done() else None
        finally:
            task.cancel()
            ending.cancel()

    async def perform_seek(self) -> None:
        """As Faust's, but a committed offset is what the broker has, not what we resume at."""
        offsets = await self.seek_to_committed()
        self._read_offset.update({tp: offset or None for tp, offset in offsets.items()})
        self._committed_offset.clear()

    async def on_start(self) -> None:
        await super().on_start()
        self._keep_alive = asyncio.create_task(self._touch_forever(), name="keep-alive")

    async def on_stop(self) -> None:
        if self._keep_alive is not None:
            self._keep_alive.cancel()
        await super().on_stop()

    async def _touch_forever(self) -> None:
        # A batch may take longer than max.poll.interval: as long as the loop runs, we are alive
        # and must not lose our partitions. /livez notices a batch that never ends.
        while True:
            await asyncio.sleep(KEEP_ALIVE_S)
            await self._thread.touch()


async def _is_empty() -> None:
    """What waits for the buffer of a producer that is sent nothing."""


class IdleProducer(driver.Producer):
    """Faust's own producer: it sends nothing (see `sink`), but it connects, as all clients do."""

    logger = faust_log

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.buffer.wait_until_ebb = _is_empty  # asked at each message, and slow to say so

    def _settings_auth(self) -> Mapping[str, Any]:
        return dict(self.app.owner.settings.kafka.client_options())


class BatchTransport(driver.Transport):
    """Plugs `BatchConsumer` into Faust."""

    Consumer = BatchConsumer
    Producer = IdleProducer
