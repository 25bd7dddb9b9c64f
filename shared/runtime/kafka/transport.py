"""Faust's aiokafka driver, fed whole batches instead of single messages.

Stock Faust spends two tasks, a queue hop, an acknowledgement lock and a round of sensors on each
message: 5,000 events/s where the work itself allows hundreds of thousands. Here `getmany` yields
one Faust message per bounded partition slice. Agents stay Faust agents; assignment, supervision
and streams stay Faust's. What is replaced is everything that decides which records count as done:

- `ack` does nothing: Faust also acknowledges when a body raises, is cancelled or stopped.
  Offsets come from `Owner.durable_offset` alone.
- Where to resume comes from the checkpoint (`Owner.recover`), never from the group's offset.
- Whatever is fetched and not delivered is sought back, so that no record is ever passed over.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import aiokafka
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError
from aiokafka.structs import OffsetAndMetadata, TopicPartition
from faust.exceptions import ConsumerNotStarted
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from faust.types.tuples import ConsumerMessage
from mode import Service

from ..shutdown import Deadline
from . import fetching, membership
from .assignor import NumberAssignor
from .fetching import ISOLATION
from .offsets import Partition, RecordBatch, cut

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine, Iterable, Mapping, Sequence

    from ..settings import WorkerSettings

T = TypeVar("T")

log = logging.getLogger(__name__)
faust_log = logging.getLogger("faust.transport")  # mode would log Faust's chatter in our name

KEEP_ALIVE_S = 1.0
COMMIT_S_MAX = 2.0
LEAVE_S_MAX = 10.0  # where nobody sets a deadline for leaving

fetching.install()


class Owner(Protocol):
    """What the consumer asks the worker that it belongs to."""

    settings: WorkerSettings
    epoch: int

    def accepting(self) -> bool:
        """Whether batches may be delivered now."""
        ...

    async def room(self) -> bool:
        """Wait (briefly) until the byte budget has room; False if it has none yet."""
        ...

    def limit(self, partition: Partition) -> int | None:
        """The offset before which to stop delivering; None: there is none."""
        ...

    def opened(self, batch: RecordBatch) -> None:
        """A batch is about to be delivered."""
        ...

    def passed(self, partition: Partition, offset: int) -> None:
        """What lies below `offset` was delivered, or is nobody's to read."""
        ...

    def jumped(self, partition: Partition, expected: int, start: int) -> None:
        """The log has no `expected` (the next offset to read) any more; reading goes on at its
        `start`: later where retention overtook us, earlier where it is another log."""
        ...

    def durable_offset(self, partition: Partition) -> int | None:
        """What may be committed: the offset of the last confirmed checkpoint."""
        ...

    async def revoke(self) -> None:
        """All partitions are being taken away: finish what runs, checkpoint, drop the rest."""
        ...

    async def recover(self, partitions: Iterable[Partition]) -> dict[Partition, int]:
        """Load the state of what was assigned; returns where to read on."""
        ...

    async def replaced(self, former_member_id: str) -> bool:
        """The group has forgotten us: whether it is for good, and the worker ends."""
        ...


class BatchConsumerThread(driver.AIOKafkaConsumerThread):
    """The thread that fetches and heartbeats."""

    logger = faust_log

    seek_count = 0  # seeks so far; read and written on this thread only, except to compare
    _consumer: Any = None
    popped_at_seek = 0  # `seek_count` when the last records were taken from the fetcher
    positions: Mapping[Any, int] = {}  # next offsets to fetch, when they were
    jumps: Sequence[fetching.Jump] = ()  # noticed since the records before, before these
    leaving: Deadline | None = None
    forgotten_as: str | None = None  # the member id that the group no longer knew
    replaced = False  # by a double: it must not join again

    async def on_start(self) -> None:
        await super().on_start()
        coordinator = self._ensure_consumer()._coordinator
        reset = coordinator.reset_generation

        def remember_and_reset() -> None:
            self.forgotten_as = coordinator.member_id or self.forgotten_as
            reset()

        coordinator.reset_generation = remember_and_reset

    async def stop(self) -> None:
        """As mode's, which joins the thread on the caller's loop and so blocks all of it."""
        if not self._started.is_set():
            return
        await Service.stop(self)
        while self._thread is not None and self._thread.is_alive():  # noqa: ASYNC110  # a thread
            await asyncio.sleep(0.01)

    async def on_thread_stop(self) -> None:
        """Leave the group and end the consumer, by the deadline that the owner has set."""
        deadline = self.leaving or Deadline(LEAVE_S_MAX)
        consumer, self._consumer = self._consumer, None  # for Faust: there is nothing to stop
        if consumer is not None:
            await membership.end_consumer(consumer, deadline, forgotten=self.replaced)
        await asyncio.wait(
            {asyncio.ensure_future(super().on_thread_stop())}, timeout=deadline.left(1.0)
        )

    def _create_worker_consumer(self, transport: Any) -> aiokafka.AIOKafkaConsumer:
        settings: WorkerSettings = self.app.owner.settings
        # The same partition numbers of every topic go to the same member, which co-partitioned
        # topics need (round-robin gave one worker clicks {0,3} but orders {2}).
        self._assignor = NumberAssignor
        return aiokafka.AIOKafkaConsumer(
            **settings.kafka.client_options(),
            client_id=self.app.conf.broker_client_id,
            group_id=self.app.conf.id,
            group_instance_id=settings.worker_id or None,
            partition_assignment_strategy=[NumberAssignor],
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level=ISOLATION,
            max_poll_records=settings.batch_records_max * 4,
            max_poll_interval_ms=int(settings.max_poll_interval_s * 1000),
            rebalance_timeout_ms=60_000,
            session_timeout_ms=int(settings.session_timeout_s * 1000),
            heartbeat_interval_ms=min(3000, int(settings.session_timeout_s * 1000 / 3)),
            request_timeout_ms=max(40_000, int(settings.session_timeout_s * 1000) + 5000),
            fetch_max_wait_ms=500,
            metadata_max_age_ms=30_000,
        )

    async def _fetch_records(
        self,
        consumer: Any,
        active_partitions: Any,
        timeout: float | None = None,  # noqa: ASYNC109  # Faust's signature
        max_records: int | None = None,
    ) -> Any:
        records = await super()._fetch_records(consumer, active_partitions, timeout, max_records)
        self.popped_at_seek = self.seek_count
        self.positions = fetching.positions(consumer)
        self.jumps = fetching.take_jumps(consumer)
        return records

    async def _seek_wait(self, consumer: Any, partitions: Mapping[Any, int]) -> None:
        for partition, offset in partitions.items():
            consumer.seek(TopicPartition(*partition), offset)
        fetching.forget_jumps(consumer)
        self.seek_count += 1

    async def _commit(self, offsets: Mapping[Any, int]) -> bool:
        consumer = self._ensure_consumer()
        assigned = consumer.assignment()
        wanted = {
            TopicPartition(*tp): OffsetAndMetadata(offset, "")
            for tp, offset in offsets.items()
            if TopicPartition(*tp) in assigned
        }
        coordinator = consumer._coordinator
        if not wanted:
            return False
        try:
            # A commit that meets a rebalance makes aiokafka forget its member id; the id then
            # stays in the group as a dead member, which an embedded broker never evicts and
            # Apache Kafka only after the session timeout. So ask first. Nothing is lost by
            # waiting: the checkpoint holds the offset.
            if not await coordinator._do_heartbeat() or coordinator._rejoin_needed_fut.done():
                return False
            await consumer.commit(wanted)
        except (CommitFailedError, IllegalStateError) as error:
            log.info("commit refused, the group has moved on: %s", type(error).__name__)
            return False
        except KafkaError as error:
            # Not fatal: the checkpoint holds the offset, the commit only reports it.
            log.warning("commit failed, will be tried again: %r", error)
            return False
        return True

    async def touch(self) -> None:
        """Tell the group coordinator that the application is alive."""
        consumer = self._consumer
        if consumer is not None:
            await self.call_thread(self._touch, consumer)

    async def _touch(self, consumer: Any) -> None:
        with consumer._subscription.fetch_context():
            pass


class BatchConsumer(driver.Consumer):
    """A Faust consumer whose messages are batches."""

    logger = faust_log

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.owner: Owner = self.app.owner
        self._expected: dict[Any, int] = {}  # next offset to deliver
        self._keep_alive: asyncio.Task[None] | None = None
        self.held = False  # draining: nothing more is delivered
        self._ending = asyncio.Event()
        self._committed_last = False

    def _new_consumer_thread(self) -> BatchConsumerThread:
        return BatchConsumerThread(self, loop=self.loop, beacon=self.beacon)

    # -- fetching

    async def getmany(
        self,
        timeout: float,  # noqa: ASYNC109  # Faust's signature
    ) -> AsyncIterator[tuple[Any, ConsumerMessage]]:
        """Fetch what is there; yield it as one message per batch."""
        owner, settings = self.owner, self.owner.settings
        if self.held or not await owner.room():
            await asyncio.sleep(0.01)
            return
        records, _ = await self._wait_next_records(timeout)
        if self.should_stop:
            return
        if self._thread.popped_at_seek != self._thread.seek_count:
            return  # taken before a seek that superseded it
        epoch = owner.epoch
        self._note_jumps()
        undelivered = dict.fromkeys(records)
        for tp, found in records.items():
            expected = self._expected.get(tp)
            if expected is None or not self._deliverable(epoch):
                continue
            if found[0].offset < expected:
                found = [r for r in found if r.offset >= expected]
            limit = owner.limit(Partition(tp.topic, tp.partition))
            if limit is not None:
                found = [r for r in found if r.offset < limit]
            complete = True
            for start, end, size in cut(
                found, settings.batch_records_max, settings.batch_bytes_max
            ):
                while self._deliverable(epoch) and not await owner.room():
                    pass
                if not self._deliverable(epoch):
                    complete = False
                    break
                slice_ = found[start:end]
                batch = RecordBatch(
                    Partition(tp.topic, tp.partition),
                    epoch,
                    slice_[0].offset,
                    slice_[-1].offset,
                    size,
                    slice_,
                )
                owner.opened(batch)
                self._expected[tp] = batch.last + 1
                yield tp, self._message(tp, batch)
            if complete:
                undelivered.pop(tp)
        if undelivered:
            await self._seek_back(undelivered)
        self._note_positions(epoch, undelivered)

    def _note_jumps(self) -> None:
        """What retention took before it was read, or a log that is another one now."""
        jumps, self._thread.jumps = self._thread.jumps, ()
        for tp, start in jumps:
            if (expected := self._expected.get(tp)) is not None:
                self.owner.jumped(Partition(tp.topic, tp.partition), expected, start)

    def _note_positions(self, epoch: int, undelivered: Iterable[Any]) -> None:
        """Move on over what is nobody's to read: markers, aborted transactions, what compaction
        removed. Without this a log that ends with a marker would show a lag of 1 for ever. What a
        limit withholds is somebody's to read: not by us."""
        for tp, position in self._thread.positions.items():
            expected = self._expected.get(tp)
            if expected is None or tp in undelivered or position <= expected:
                continue
            partition = Partition(tp.topic, tp.partition)
            limit = self.owner.limit(partition)
            if limit is not None:
                position = min(position, limit)
            if position > expected and self._deliverable(epoch):
                self._expected[tp] = position
                self.owner.passed(partition, position)

    def _deliverable(self, epoch: int) -> bool:
        return (
            self.owner.epoch == epoch
            and self.owner.accepting()
            and self.flow_active
            and not self.held
            and not self.should_stop
        )

    def _message(self, tp: Any, batch: RecordBatch) -> ConsumerMessage:
        last = batch.records[-1]
        return ConsumerMessage(
            tp.topic,
            tp.partition,
            batch.last,
            (last.timestamp or 0) / 1000.0,
            last.timestamp_type,
            [],
            None,
            batch,
            None,
            0,
            0,
            tp,
            generation_id=self.app.consumer_generation_id,
        )

    async def _seek_back(self, partitions: Iterable[Any]) -> None:
        """Make the fetcher read again what it gave us and we could not deliver."""
        targets = {tp: self._expected[tp] for tp in partitions if tp in self._expected}
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
        """Faust's acknowledgement, which also comes for failed bodies, decides nothing here."""
        message.acked = True
        self._unacked_messages.discard(message)
        return False

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Iterable[Any]:
        return [tp for tp in self._expected if topics is None or tp in topics or tp[0] in topics]

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

    def member_id(self) -> str:
        """The id under which the group knows this member; empty where it does not."""
        consumer = self._thread._consumer
        return "" if consumer is None else str(consumer._coordinator.member_id)

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
        former, self._thread.forgotten_as = self._thread.forgotten_as, None
        if former is not None:
            self._thread.replaced = await self.owner.replaced(former)
            if self._thread.replaced:
                # Joining would expel the double. The worker is ending, and ends this wait.
                await asyncio.Event().wait()
        await self.owner.revoke()
        self._expected.clear()
        await super().on_partitions_revoked(revoked)

    async def seek_to_committed(self) -> Mapping[Any, int]:
        """Faust calls this before it opens the flow: resume where the checkpoints say."""
        assigned = self.assignment()
        recovering = self.owner.recover([Partition(tp.topic, tp.partition) for tp in assigned])
        resumed = await self._unless_ending(recovering) or {}
        offsets = {TP(*partition): offset for partition, offset in resumed.items()}
        if offsets:
            await self._thread.seek_wait(offsets)
            self._expected = dict(offsets)
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
        # A body may take longer than max.poll.interval: as long as the loop runs, we are alive
        # and must not lose our partitions. /livez notices a body that never ends.
        while True:
            await asyncio.sleep(KEEP_ALIVE_S)
            await self._thread.touch()


class BatchTransport(driver.Transport):
    """Plugs `BatchConsumer` into Faust."""

    Consumer = BatchConsumer
