"""The thread that fetches and heartbeats: Faust's, with its consumer, commits and end our own.

Only what runs on that thread, or is handed to it, belongs here; what is done with the records that
it fetched is in `transport`.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import aiokafka
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError
from aiokafka.structs import OffsetAndMetadata, TopicPartition
from faust.transport.drivers import aiokafka as driver
from mode import Service

from ..shutdown import Deadline
from . import fetching, membership
from .assignor import NumberAssignor
from .fetching import ISOLATION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..settings import WorkerSettings

log = logging.getLogger(__name__)
faust_log = logging.getLogger("faust.transport")  # mode would log Faust's chatter in our name

HEARTBEAT_MS = 500  # a member hears of a rebalance with the next; meanwhile all others wait
LEAVE_S_MAX = 10.0  # where nobody sets a deadline for leaving

fetching.install()


class BatchConsumerThread(driver.AIOKafkaConsumerThread):
    """The thread that fetches and heartbeats."""

    logger = faust_log

    seek_count = 0  # seeks so far; read and written on this thread only, except to compare
    _consumer: Any = None
    popped_at_seek = 0  # `seek_count` when the last records were taken from the fetcher
    positions: Mapping[Any, int] = {}  # next offsets to fetch, when they were
    jumps: Sequence[fetching.Jump] = ()  # noticed since the records before, before these
    leaving: Deadline | None = None
    forgotten_as: str | None = None  # the member id of the generation that was lost
    replaced = False  # by a double: it must not join again

    async def on_start(self) -> None:
        await super().on_start()
        consumer = self._ensure_consumer()
        consumer._fetcher.hold = self.app.owner.hold
        coordinator = consumer._coordinator
        reset = coordinator.reset_generation

        def remember_and_reset() -> None:
            former, was_member = coordinator.member_id, coordinator.generation >= 0
            reset()
            if was_member:
                self.forgotten_as = former
                # Whose generation alone is old joins as who it is, as with Kafka's own client: as
                # somebody else it would leave a dead member behind, for whom the group waits. If
                # the group does not know it, joining says so, and comes here a second time.
                coordinator.member_id = former

        coordinator.reset_generation = remember_and_reset
        membership.join_again_where_nothing_was_assigned(coordinator)

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
        self._assignor = NumberAssignor()
        return aiokafka.AIOKafkaConsumer(
            **settings.kafka.client_options(),
            client_id=self.app.conf.broker_client_id,
            group_id=self.app.conf.id,
            group_instance_id=settings.worker_id or None,
            partition_assignment_strategy=[self._assignor],
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level=ISOLATION,
            max_poll_records=settings.batch_records_max * 4,
            max_poll_interval_ms=int(settings.max_poll_interval_s * 1000),
            rebalance_timeout_ms=60_000,
            session_timeout_ms=int(settings.session_timeout_s * 1000),
            heartbeat_interval_ms=min(HEARTBEAT_MS, int(settings.session_timeout_s * 1000 / 3)),
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
