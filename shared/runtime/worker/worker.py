"""A worker: one service on Faust, from the first connection to the last commit.

    batch -> state thread: decode, fold, encode -> deliveries confirmed -> processed
                                        every few seconds: checkpoint -> durable -> committed

Three threads: Faust's consumer thread fetches and heartbeats, this loop moves batches, and the one
*state thread* does all the work and owns all state, so nothing slow runs on a loop and nothing
needs a lock.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.decoder import EventDecoder

from ..kafka import partition_layout
from ..kafka.faust_app import BatchApp, make_app
from ..kafka.global_tables import GlobalTables
from ..kafka.membership import GroupWait, IdentityTaken, describe, double
from ..kafka.offsets import OffsetTracker, Partition, RecordBatch
from ..kafka.sink import Packed, Sink
from ..kafka.transport import COMMIT_S_MAX
from ..shutdown import LEAVE_S, Deadline, end_all
from ..state import continuity
from ..state.checkpoints import CheckpointStore, encode
from ..state.partition import PartitionState, RawDecoder, Step
from ..tasks import end_tasks
from ..telemetry.broker_watch import BrokerWatch
from ..telemetry.health import Health, HealthServer
from ..telemetry.metrics import Metrics

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from shopkeeper.shared.contracts.envelope import Output

    from ..api.service import Service, Source
    from ..kafka.transport import BatchConsumer
    from ..settings import WorkerSettings

log = logging.getLogger(__name__)
T = TypeVar("T")

REVOKE_DEADLINE_S = 5.0
TIMER_S = 0.25
TABLES_TIMER_S = 0.25
OBSERVE_S = 1.0
COLLECT_AGAIN_S = 30.0  # after the broker did not delete what was superseded
LAYOUT_S = 5.0  # how often a running worker looks whether partitions are being added
FLUSH_S = 0.25
CHECKPOINT_SHARE = 0.25  # of DRAIN_DEADLINE is kept for the checkpoints, 2 s at most
# Who leaves right after a rebalance is forgotten by the embedded broker without a word to the
# others, who then never get its partitions (3 of 100 times; of 120 with a pause of 0.3 s none).
STABLE_S = 0.5
STABLE_S_MAX = 5.0
CLOSE_S = 0.2  # for closing connections where leaving took all the time there was


class TopicsMissing(RuntimeError):
    """The topics were not created; workers never create any."""


class _Held:
    """A partition that is assigned to us: its state, and how its checkpoints stand."""

    def __init__(self, state: PartitionState, number: Partition, holds_back: bool) -> None:
        self.state = state
        self.number = number
        self.holds_back = holds_back
        self.queue: deque[RecordBatch] = deque()  # fetched, in order
        self.body: asyncio.Task[None] | None = None  # works on the queue while there is something
        self.turn = asyncio.Lock()  # of the body or of a flush
        self.busy = False  # a fold is not confirmed yet: the state must not be checkpointed
        self.unflushed = False  # outputs may be held back: likewise
        self.passed = 0  # nothing is left to read below it
        self.durable: int | None = None  # next_offset of the last confirmed checkpoint
        self.saving: asyncio.Task[None] | None = None
        self.saved_at = time.monotonic()
        self.interval_s = 0.0


class Worker:
    """Runs one service until it is stopped or fails.

    Life: `await start()`, then `await wait()` until `stop_requested`, then `await stop()`.
    `failure` holds what went wrong, if anything did; a failed worker has committed nothing that
    was not confirmed, and is to be started again.
    """

    def __init__(self, service: Service, settings: WorkerSettings) -> None:
        self.service, self.settings = service, settings
        self.name = settings.worker_id or service.name
        self.metrics = Metrics(self.name)
        self._observe_service = service.metrics(self.metrics.registry)
        self.health = Health()
        self.epoch = 0
        self.failure: BaseException | None = None
        self.stop_requested = asyncio.Event()
        self.start_again = False  # it stops in order, and has work to do when it is started again
        self._layout = partition_layout.Layout(0, {})
        self._kafka = settings.kafka
        self._state_thread = ThreadPoolExecutor(1, thread_name_prefix="state")
        self._sink = Sink(settings.kafka, settings.delivery_timeout_s, f"{self.name}-sink")
        checkpoint_topic = topics.checkpoints(service.name)
        self._checkpoint_topic = checkpoint_topic
        self._store = CheckpointStore(
            settings.kafka, checkpoint_topic, self._sink, f"{self.name}-checkpoints"
        )
        self._tables = GlobalTables(
            settings.kafka,
            service.tables,
            self._on_state_thread,
            f"{self.name}-tables",
            service.positions,
            lambda topic: self.metrics.batches_left_out.labels(topic).inc(),
        )
        self._book = OffsetTracker()
        self._held: dict[Partition, _Held] = {}
        self._sources: dict[str, Source] = {
            settings.kafka.topic(source.topic): source for source in service.sources
        }
        self._accepting = False
        self._bodies: set[asyncio.Task[None]] = set()
        self._steps: list[tuple[PartitionState, list[Any], asyncio.Future[Any]]] = []
        self._stopping = False
        self._rebalancing = False
        self._assigned_at = 0.0
        self._room = asyncio.Event()
        self._room.set()
        self._drained = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._server: HealthServer | None = None
        self._app: BatchApp | None = None
        self._admin: AIOKafkaAdminClient | None = None
        for source in service.sources:
            self.metrics.records_lost.labels(source.topic)  # shown as 0
        self._watch = BrokerWatch(
            settings.kafka, f"{self.name}-watch", self.health, self.metrics, self._nodes
        )
        for model in service.models:
            self.metrics.model.labels(*model).set(1)

    # -- life

    def serve(self) -> None:
        """Answer the probes and /metrics from now on. Raises OperatorNeeded where it cannot."""
        settings = self.settings
        if settings.http_port >= 0:
            self._server = HealthServer(
                self.health, self.metrics.registry, settings.http_host, settings.http_port
            )
            self._server.start()
            log.info("health and metrics on %s:%d", settings.http_host, self._server.port)
        servers = ", ".join(self._kafka.bootstrap_servers)
        self.health.not_ready = {"broker": f"connecting to {servers}"}
        self._tasks.append(asyncio.create_task(self._beat(), name="beat"))

    async def _beat(self) -> None:
        """Tell the probes that the loop runs; it waits for nothing, as all else may."""
        while True:
            self.health.beat()
            await asyncio.sleep(OBSERVE_S)

    def waiting_for_broker(self, line: str) -> None:
        """Nobody has answered since the start, for this reason."""
        log.warning(line)
        self._watch.waits(line.partition(";")[0])

    async def start(self) -> None:
        """Connect and join the group. Raises TopicsMissing, KafkaError."""
        settings = self.settings
        if not self._tasks:
            self.serve()
        self._watch.answers()
        self._tasks.append(asyncio.create_task(self._watch.run(), name="broker watch"))
        await self._check_topics()
        self._layout = await partition_layout.usable(
            self._kafka, [s.topic for s in self.service.sources], self._checkpoint_topic, self._wait
        )
        self.health.not_ready = {"broker": "connecting"}
        await self._sink.start(t.name for t in topics.ALL)
        self.service.prepare(self._split_by)
        self._admin = AIOKafkaAdminClient(**self._kafka.client_options())
        await self._admin.start()
        self.health.not_ready = {"tables": "reading", "partitions": "not assigned"}
        await self._tables.start(self.fail)
        app = self._app = make_app(self.service.name, settings, self)
        for source in self.service.sources:
            self._agent(app, source)
        group = self._kafka.topic(f"shopkeeper-{self.service.name}")
        waiting = GroupWait(self._admin, group, settings.worker_id, self.health)
        self._tasks.append(asyncio.create_task(waiting.run(app.consumer), name="group wait"))
        await app.start()  # returns once the group has given this worker its partitions
        self._tasks += [
            asyncio.create_task(self._guarded(self._tick_forever), name="tick"),
            asyncio.create_task(self._guarded(self._flush_forever), name="flush"),
            asyncio.create_task(self._guarded(self._collect_forever), name="collect"),
            asyncio.create_task(self._guarded(self._crash_watch), name="crash watch"),
            asyncio.create_task(self._guarded(self._layout_watch), name="layout watch"),
        ]

    async def wait(self) -> None:
        """Until somebody asks to stop, or the worker fails."""
        await self.stop_requested.wait()

    async def stop(self) -> None:
        """Finish what is open (unless failed), checkpoint, commit, leave the group.

        Takes DRAIN_DEADLINE and `LEAVE_S` at most, whatever it waits for.
        """
        self._stopping = True
        drain = Deadline(self.settings.drain_deadline_s)
        leave = Deadline(self.settings.drain_deadline_s + LEAVE_S)
        app = self._app
        if app is not None and self.failure is None:
            await self._drain(drain)
            await self._until_stable(drain)
        self._accepting = False
        if app is not None and app.consumer is not None and self.start_again:
            app.consumer.leave_for_good()
        saving = [h.saving for h in self._held.values() if h.saving is not None]  # given up
        await end_tasks([*self._tasks, *self._bodies, *saving], leave.left(1.0))
        late = []
        if app is not None:
            if app.consumer is not None:
                app.consumer.leave_by(leave)
            late = await end_all({"Faust": app.stop()}, leave)
        self.epoch += 1
        # In parallel: each may wait for a broker.
        steps = {"tables": self._tables.stop(), "sink": self._sink.stop(), **self._closing()}
        late += await end_all(steps, Deadline(leave.left() + CLOSE_S))
        if late:
            log.warning("%s did not stop in time: left as it is", ", ".join(late))
        self._state_thread.shutdown(wait=False, cancel_futures=True)

    def _closing(self) -> dict[str, Awaitable[object]]:
        steps: dict[str, Awaitable[object]] = {}
        if self._admin is not None:
            steps["admin client"] = self._admin.close()
        if self._server is not None:
            steps["health"] = asyncio.to_thread(self._server.stop)
        return steps

    def fail(self, error: BaseException) -> None:
        """The first failure stops the worker; nothing more is delivered or committed."""
        if self.failure is None and not isinstance(error, asyncio.CancelledError):
            self.failure = error
            log.error(
                "%s: %s: %s",
                self.service.name,
                type(error).__name__,
                error,
                exc_info=error if isinstance(error, AssertionError) else None,
            )
        self._accepting = False
        self.health.not_ready = {"failed": type(error).__name__}
        self.stop_requested.set()

    async def _guarded(self, body: Callable[[], Awaitable[None]]) -> None:
        try:
            await body()
        except Exception as error:
            self.fail(error)

    async def _crash_watch(self) -> None:
        app = self._app
        assert app is not None
        while not app.crashed:  # noqa: ASYNC110  # a property of Faust's, there is no event
            await asyncio.sleep(0.5)
        self.fail(app.crash_reason or RuntimeError("Faust crashed"))

    def _wait(self, obstacle: str) -> None:
        """Before the group is joined: say why, once."""
        if self.health.not_ready.get("partitions") != obstacle:
            self.health.not_ready = {"partitions": obstacle}
            log.warning("%s waits: %s", self.service.name, obstacle)
        self.health.beat()

    def _split_by(self, topic: str) -> int:
        """By how many partitions a topic's state is split, whatever the broker has by now."""
        return self._layout.counts.get(topic) or self._sink.partition_count(topic)

    async def _layout_watch(self) -> None:
        """Stop, in order, when partitions are being added: what comes next is decided at a start,
        outside the group."""
        topics_read = [s.topic for s in self.service.sources]
        while True:
            await asyncio.sleep(LAYOUT_S)
            try:
                found = await partition_layout.survey(self._kafka)
            except (KafkaError, OSError):
                continue  # others say that the broker is away
            obstacle = found.obstacle(topics_read, self._checkpoint_topic)
            if obstacle is None and found.layout != self._layout:
                obstacle = "the partition layout is another"
            if obstacle is not None:
                self._stop_to_start_again(obstacle)

    def _stop_to_start_again(self, reason: str) -> None:
        if not self.stop_requested.is_set():
            log.warning("%s stops, to start again: %s", self.service.name, reason)
            self.start_again = True
            self.stop_requested.set()

    async def _check_topics(self) -> None:
        admin = AIOKafkaAdminClient(**self._kafka.client_options())
        await admin.start()
        try:
            there = set(await admin.list_topics())
        finally:
            await admin.close()
        missing = [t.name for t in topics.ALL if self._kafka.topic(t.name) not in there]
        if missing:
            more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
            raise TopicsMissing(
                f"topics are missing ({', '.join(missing[:3])}{more}): run `shopkeeper topics init`"
            )

    async def _drain(self, deadline: Deadline) -> None:
        """No new batches; what was fetched is finished, checkpointed and committed."""
        assert self._app is not None
        consumer: BatchConsumer = self._app.consumer
        consumer.held = True
        reserve_s = min(2.0, CHECKPOINT_SHARE * self.settings.drain_deadline_s)
        while self._book.open_count() and self._accepting and deadline.left() > reserve_s:
            self._drained.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.1):
                    await self._drained.wait()
        if self._book.open_count():
            log.warning(
                "%d batches were not finished in %.1f s: they will be read again",
                self._book.open_count(),
                self.settings.drain_deadline_s,
            )
        self._accepting = False
        await self._settle(deadline.left() / 2)
        try:
            async with asyncio.timeout(max(0.2, deadline.left(COMMIT_S_MAX))):
                await self._app.consumer.commit()
        except TimeoutError:
            log.warning("the last offsets were not committed: the checkpoints hold them")

    async def _until_stable(self, drain: Deadline) -> None:
        """Wait until the group has rested for a moment, so that it notices our leaving it."""
        assert self._app is not None
        consumer: BatchConsumer = self._app.consumer
        if consumer.joining():
            return  # it takes its name out instead
        deadline = Deadline(drain.left(STABLE_S_MAX))
        while not deadline.passed() and (  # noqa: ASYNC110  # of another thread
            consumer.rejoining()
            or self._rebalancing
            or time.monotonic() - self._assigned_at < STABLE_S
        ):
            await asyncio.sleep(0.05)

    # -- the consumer's owner (see transport.Owner)

    def accepting(self) -> bool:
        return self._accepting

    async def room(self) -> bool:
        if self._book.open_bytes < self.settings.buffer_bytes_max:
            return True
        self._room.clear()
        try:
            async with asyncio.timeout(0.5):
                await self._room.wait()
        except TimeoutError:
            return False
        return True

    def opened(self, batch: RecordBatch) -> None:
        self._book.open(batch)

    def passed(self, partition: Partition, offset: int) -> None:
        if (held := self._held.get(partition)) is not None:
            held.passed = offset
            self._move_on(held)

    def _move_on(self, held: _Held) -> None:
        """Take over an offset that was passed, once nothing of the partition is under way."""
        idle = held.body is None and not held.queue and not held.busy
        if idle and self._book.passed(held.number, held.passed):
            held.state.pass_over(held.passed)

    def jumped(self, partition: Partition, expected: int, start: int) -> None:
        if start < expected:
            self.fail(
                RuntimeError(
                    f"the log of {partition.topic}/{partition.partition} does not reach offset "
                    f"{expected} any more, which was to be read next, and begins at {start}: it "
                    "was cut, or the topic was made anew"
                )
            )
        self._note_lost(partition, expected, start)

    def _note_lost(self, partition: Partition, expected: int, start: int) -> None:
        """Say and count what the log no longer holds and was never read."""
        if start <= expected:
            return
        topic = self._sources[partition.topic].topic
        log.error(
            "%s/%d: the log begins at offset %d, and %d was to be read next: up to %d records are "
            "lost (retention, or deleted records)",
            topic,
            partition.partition,
            start,
            expected,
            start - expected,
        )
        self.metrics.records_lost.labels(topic).inc(start - expected)

    def limit(self, partition: Partition) -> int | None:
        return self._layout.limit(self._sources[partition.topic].topic, partition.partition)

    def durable_offset(self, partition: Partition) -> int | None:
        held = self._held.get(partition)
        return None if held is None else held.durable

    def durable_offset_of(self, number: int) -> int | None:
        """The durable offset of partition `number` of the first source (for tests and tools)."""
        topic = self._kafka.topic(self.service.sources[0].topic)
        return self.durable_offset(Partition(topic, number))

    async def revoke(self) -> None:
        self._accepting = False
        self._rebalancing = True
        self.health.not_ready["partitions"] = "rebalancing"
        if self._held:
            await self._settle(REVOKE_DEADLINE_S)  # no commit: the group is rebalancing
        self.epoch += 1
        for gauge in (
            self.metrics.lag,
            self.metrics.checkpoint_bytes,
            self.metrics.checkpoint_log_bytes,
        ):
            gauge.clear()  # the next owner reports them
        self._store.forget()
        self._held = {}
        self._book.clear()
        self._room.set()

    async def recover(self, partitions: Iterable[Partition]) -> dict[Partition, int]:
        started = time.monotonic()
        self.epoch += 1
        epoch = self.epoch
        assigned = sorted(partitions)
        self.metrics.rebalances.inc()
        if (added := self._added(assigned)) is not None:
            self._stop_to_start_again(added)
            return {}
        try:
            await self._tables.caught_up.wait()
            self.health.not_ready.pop("tables", None)
            if (await partition_layout.survey(self._kafka)).layout != self._layout:
                # Changed between our start and our joining: whoever changes it waits for an empty
                # group afterwards, so either we see the change or it sees us.
                self._stop_to_start_again("the partition layout is another")
                return {}
            held = await self._load(assigned)
        except (KafkaError, RuntimeError) as error:
            # Not raised into Faust, which would print a page of it: nothing is accepted any more.
            self.fail(error)
            return {}
        if self.epoch != epoch:
            return {}  # assigned anew meanwhile; that recovery counts
        self._book.clear()
        for partition in assigned:
            self._book.start(partition, held[partition].state.next_offset)
        self._held = held
        self._rebalancing = False
        self._assigned_at = time.monotonic()
        self._accepting = not (self.failure or self._stopping or self.stop_requested.is_set())
        self.health.not_ready.pop("partitions", None)
        self.health.progress()
        self.metrics.recovery.set(time.monotonic() - started)
        log.info("assigned %s", ", ".join(f"{t}/{n}" for t, n in assigned) or "nothing")
        return {p: held[p].state.next_offset for p in assigned}

    def _added(self, assigned: list[Partition]) -> str | None:
        """What to say of a partition that was added since we started; None if there is none."""
        if self._layout.growth is not None:
            return None  # those that are new have the limit 0
        for partition in assigned:
            topic = self._sources[partition.topic].topic
            count = self._layout.counts.get(topic)
            if topic in topics.KEYED and count is not None and partition.partition >= count:
                return f"{topic} has more partitions than the {count} that its state is split by"
        return None

    async def _load(self, assigned: list[Partition]) -> dict[Partition, _Held]:
        if not assigned:
            return {}
        names: dict[int, list[str]] = {}
        for partition in assigned:
            if self.limit(partition) == 0:
                continue  # it was just added: there is no checkpoint, perhaps not even a place
            names.setdefault(partition.partition, []).append(self._sources[partition.topic].topic)
        checkpoints = await self._store.load(names, self._layout.counts)
        found = {p: checkpoints.get((self._sources[p.topic].topic, p.partition)) for p in assigned}
        begins = await continuity.starts(self._kafka, found, self.service.name)
        held: dict[Partition, _Held] = {}
        for partition in assigned:
            source = self._sources[partition.topic]
            state = self._new_state(source, partition.partition)
            entry = held[partition] = _Held(state, partition, source.holds_back)
            checkpoint = found[partition]
            if checkpoint is not None:
                await self._on_state_thread(state.restore, checkpoint)
                entry.durable = checkpoint.next_offset
                size = checkpoint.size_bytes
                self.metrics.checkpoint_bytes.labels(source.topic, str(state.number)).set(size)
                self._note_lost(partition, checkpoint.next_offset, begins[partition])
            state.pass_over(begins[partition])
        return held

    def _new_state(self, source: Source, number: int) -> PartitionState:
        if source.internal_type:
            decoder: Any = RawDecoder(source.topic, source.internal_type)
        else:
            decoder = EventDecoder(
                source.topic, source.wanted, self.service.name, self.settings.type_prefix
            )
        return PartitionState(
            source.topic,
            number,
            self.service.name,
            source.make(number),
            decoder,
            self.settings.recent_ids_max,
            self._layout.counts.get(source.topic) if source.topic in topics.KEYED else None,
            source.key_of,
        )

    async def replaced(self, former_member_id: str) -> bool:
        """The group has forgotten this member: fail, where a double has taken its place.

        A restarted broker forgets all members, and one that was silent for too long is evicted:
        then joining again is right. With a double it would expel that one, which would come back.
        """
        worker_id = self.settings.worker_id
        if not worker_id or self._stopping:
            return False
        group = self._kafka.topic(f"shopkeeper-{self.service.name}")
        described = await describe(self._admin, group)
        other = described and double(described[1], worker_id, former_member_id)
        if other:
            self.fail(IdentityTaken(worker_id, group, other.host))
        return bool(other)

    # -- batches

    def _agent(self, app: BatchApp, source: Source) -> None:
        channel = app.batch_topic(source.topic)

        async def agent(stream: Any) -> None:
            bodies: set[asyncio.Task[None]] = set()
            try:
                async for batch in stream:
                    self._begin(batch, bodies)
            finally:
                # Faust ends agents when it stops, or when one is cancelled: then no batch may
                # finish any more, and one that was left in the middle stops the worker.
                for body in bodies:
                    body.cancel()
                if bodies and not self._stopping:
                    self.fail(RuntimeError(f"the agent of {source.topic} ended in mid-batch"))

        app.agent(channel, name=f"{self.service.name}.{source.topic}", concurrency=1)(agent)

    def _begin(self, batch: RecordBatch, bodies: set[asyncio.Task[None]]) -> None:
        """Queue the batch in its partition. What waits there is taken together by the next body,
        and no partition waits for another's deliveries; how much waits is bounded by `room`."""
        held = self._held.get(batch.partition)
        if held is None or not self._current(batch):
            return  # revoked while it waited: it will be read again by whoever owns it
        held.queue.append(batch)
        if held.body is None:
            body = held.body = asyncio.create_task(self._work(held), name=f"body {batch.partition}")
            for group in (bodies, self._bodies):
                group.add(body)
                body.add_done_callback(group.discard)

    def _current(self, batch: RecordBatch) -> bool:
        return self._accepting and batch.epoch == self.epoch

    async def _work(self, held: _Held) -> None:
        """Handle a partition's queue until it is empty."""
        try:
            while held.queue and self._current(held.queue[0]):
                async with held.turn:
                    if self._current(held.queue[0]):
                        await self._handle(self._take(held.queue), held)
        except Exception as error:
            self.fail(error)
        finally:
            held.body = None

    def _take(self, queue: deque[RecordBatch]) -> list[RecordBatch]:
        """The first batches of the queue that together keep a batch's limits; at least one."""
        taken = [queue.popleft()]
        records, size = len(taken[0].records), taken[0].size_bytes
        while queue:
            records += len(queue[0].records)
            size += queue[0].size_bytes
            if records > self.settings.batch_records_max or size > self.settings.batch_bytes_max:
                break
            taken.append(queue.popleft())
        return taken

    async def _handle(self, batches: list[RecordBatch], held: _Held) -> None:
        held.busy = True
        held.unflushed = held.holds_back
        started = time.monotonic()
        step, packed = await self._step_on_state_thread(
            held, [r for batch in batches for r in batch.records]
        )
        await self._finish(batches, held, step, packed)
        self.metrics.processing.observe(
            self._sources[held.number.topic].topic, time.monotonic() - started
        )

    def _step_on_state_thread(
        self, held: _Held, records: list[Any]
    ) -> asyncio.Future[tuple[Step, Packed]]:
        """Fold and pack on the state thread; steps asked for in one turn of the loop share a trip.

        The list of a trip is closed before it is submitted: a step must not overtake a checkpoint
        of its partition that was submitted before it.
        """
        loop = asyncio.get_running_loop()
        done: asyncio.Future[tuple[Step, Packed]] = loop.create_future()
        if not self._steps:
            loop.call_soon(self._submit_steps, loop)
        self._steps.append((held.state, records, done))
        return done

    def _submit_steps(self, loop: asyncio.AbstractEventLoop) -> None:
        steps, self._steps = self._steps, []

        def run() -> None:
            results: list[Callable[[], None]] = []
            begun: list[tuple[PartitionState, Step, asyncio.Future[Any]]] = []
            for state, records, done in steps:
                try:
                    begun.append((state, state.begin(records, _clock_ms), done))
                except Exception as error:
                    results.append(partial(_resolve, done, error))
            # Only now the outputs: a processor may make them for several partitions at once.
            for state, step, done in begun:
                try:
                    outputs = state.complete(step).outputs
                    results.append(partial(_resolve, done, (step, self._sink.pack(outputs))))
                except Exception as error:
                    results.append(partial(_resolve, done, error))
            loop.call_soon_threadsafe(lambda: [result() for result in results])

        self._state_thread.submit(run)

    async def _finish(
        self, batches: list[RecordBatch], held: _Held, step: Step, packed: Packed
    ) -> None:
        """Deliver the batches' outputs; only then do they count as processed."""
        epoch = batches[0].epoch
        if packed and epoch == self.epoch:
            self._count_produced(await self._sink.deliver(packed))
        if epoch != self.epoch:
            return  # the state that we changed was dropped at revocation
        held.busy = False
        for batch in batches:
            self._book.finish(batch)
        if not self._book.open_count():
            self._drained.set()
        if self._book.open_bytes < self.settings.buffer_bytes_max:
            self._room.set()
        self.health.progress()
        self.metrics.last_progress.set_to_current_time()
        self._count(held, step)
        if self._checkpoint_due(held):
            self._begin_checkpoint(held)

    async def _flush_forever(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_S)
            for held in list(self._held.values()):
                if held.unflushed and self._accepting:
                    await self._flush(held)

    async def _flush(self, held: _Held) -> None:
        """Publish what a partition's processor held back, and checkpoint it if that is due."""
        epoch = self.epoch
        async with held.turn:
            if self.epoch != epoch or held.busy:
                return  # revoked, or a body was cancelled in the middle
            held.busy = True
            packed = await self._on_state_thread(lambda: self._sink.pack(held.state.flush()))
            if packed and self.epoch == epoch:
                self._count_produced(await self._sink.deliver(packed))
            if self.epoch != epoch:
                return
            held.busy = held.unflushed = False
            if self._checkpoint_due(held):
                self._begin_checkpoint(held)

    def _count(self, held: _Held, step: Step) -> None:
        topic = self._sources[held.number.topic].topic
        books, metrics = step.books, self.metrics
        metrics.consumed.labels(topic).inc(books.consumed)
        metrics.processed.labels(topic).inc(books.processed)
        if books.repeats:
            metrics.duplicates.labels(topic).inc(books.repeats)
        for reason, count in books.skipped.items():
            metrics.skipped.labels(reason).inc(count)
        for (stage, error), count in books.failed.items():
            metrics.failed.labels(stage, error).inc(count)
        if books.failed:
            metrics.dlq.labels(topic).inc(books.failed.total())
        if len(step.event_times_ms):
            metrics.event_age.observe(topic, (_clock_ms() - step.event_times_ms) / 1000.0)

    def _count_produced(self, sent: dict[str, int]) -> None:
        prefix = len(self._kafka.topic_prefix)
        for topic, count in sent.items():
            self.metrics.produced.labels(topic[prefix:]).inc(count)

    # -- checkpoints

    def _checkpoint_due(self, held: _Held) -> bool:
        if held.busy or held.unflushed or held.saving is not None:
            return False
        wait_s = max(self.settings.checkpoint_interval_s, held.interval_s)
        if time.monotonic() - held.saved_at < wait_s:
            return False
        if held.state.next_offset != (held.durable or 0):
            return True
        # Nothing new in it, but it keeps others' old checkpoints from being deleted.
        return held.state.topic in self._store.pinning(held.number.partition)

    def _begin_checkpoint(self, held: _Held) -> None:
        """Take the state as it is now; write it beside the work on the next batch.

        Submitted to the state thread before this returns, so ahead of any later fold.
        """
        assert not held.busy
        assert not held.unflushed
        assert held.saving is None

        def dump() -> tuple[int, list[Output]]:
            checkpoint = held.state.snapshot()
            return checkpoint.next_offset, encode(checkpoint, self._checkpoint_topic)

        dumped = asyncio.get_running_loop().run_in_executor(self._state_thread, dump)
        held.saving = asyncio.create_task(
            self._guarded(lambda: self._save(held, dumped)), name="checkpoint"
        )

    async def _save(self, held: _Held, dumped: Awaitable[tuple[int, list[Output]]]) -> None:
        started = time.monotonic()
        topic, number = held.state.topic, held.state.number
        try:
            next_offset, outputs = await dumped
            await self._store.save(topic, number, outputs)
        finally:
            held.saving = None
        size = sum(len(o.value or b"") for o in outputs)
        held.durable = next_offset
        held.saved_at = time.monotonic()
        # Large states are written less often: at most a fifth of the time goes into writing.
        # Waiting for a broker that was away is none: a minute of it would cost five more.
        away = self._watch.lost or self._watch.back_at > started
        written_s = 0.0 if away else held.saved_at - started
        held.interval_s = max(size / 2_000_000, 5 * written_s)
        self.metrics.checkpoint_bytes.labels(topic, str(number)).set(size)

    async def _settle(self, deadline_s: float) -> None:
        """Wait for running bodies, checkpoint every quiet partition. Bounded in time."""
        try:
            async with asyncio.timeout(deadline_s):
                if self._bodies:
                    await asyncio.wait(self._bodies)
        except TimeoutError:
            log.warning("a body is still running after %.0f s: its batch is given up", deadline_s)
        try:
            async with asyncio.timeout(deadline_s):
                # Beside one another: a body that was given up must not keep others from theirs.
                flushing = [
                    asyncio.create_task(self._guarded(partial(self._flush, held)), name="flush")
                    for held in self._held.values()
                    if held.unflushed
                ]
                if flushing:
                    _, late = await asyncio.wait(flushing, timeout=deadline_s / 2)
                    await end_tasks(late)
                for held in self._held.values():
                    if held.saving is not None:
                        await held.saving
                for held in list(self._held.values()):
                    self._move_on(held)
                    quiet = not held.busy and not held.unflushed and held.saving is None
                    if quiet and held.state.next_offset != (held.durable or 0):
                        self._begin_checkpoint(held)
                saving = [h.saving for h in self._held.values() if h.saving is not None]
                await asyncio.gather(*saving)
        except TimeoutError:
            log.warning("not every partition was checkpointed in time: more will be replayed")

    # -- by the clock

    async def _tick_forever(self) -> None:
        tables_due = observe_due = 0.0
        while True:
            await asyncio.sleep(TIMER_S)
            self._measure_lag()
            for held in list(self._held.values()):
                self._move_on(held)
                if self._accepting and self._checkpoint_due(held):
                    self._begin_checkpoint(held)
            if time.monotonic() >= tables_due:
                tables_due = time.monotonic() + TABLES_TIMER_S
                await self._tables_on_timer()
            if time.monotonic() >= observe_due:
                observe_due = time.monotonic() + OBSERVE_S
                await self._on_state_thread(self._observe_service)

    async def _collect_forever(self) -> None:
        """Keep the checkpoint topic small. Apart from the clock's other work: a broker that is
        slow to answer must not look like a loop that stands still."""
        assert self._admin is not None
        due = 0.0
        while True:
            await asyncio.sleep(OBSERVE_S)
            for number, size in self._store.retained_bytes().items():
                self.metrics.checkpoint_log_bytes.labels(str(number)).set(size)
            if (
                self._accepting
                and time.monotonic() >= due
                and not await self._store.delete_superseded(self._admin)
            ):
                due = time.monotonic() + COLLECT_AGAIN_S

    async def _tables_on_timer(self) -> None:
        """Publish what processors have due, for as long as their partitions are ours."""
        epoch = self.epoch
        for held in list(self._held.values()):
            if not self._accepting or self.epoch != epoch:
                return
            outputs = await self._on_state_thread(held.state.on_timer, _clock_ms())
            if outputs and self.epoch == epoch and self._accepting:
                packed = await self._on_state_thread(self._sink.pack, outputs)
                self._count_produced(await self._sink.deliver(packed))

    def _nodes(self) -> set[int]:
        """The brokers that are needed now; none before there is a consumer."""
        return self._app.consumer.nodes() if self._app is not None else set()

    def _measure_lag(self) -> None:
        app = self._app
        if self._watch.lost:
            return  # nobody knows it
        if app is None or not self._accepting:
            return
        consumer: BatchConsumer = app.consumer
        total = 0
        for partition, held in self._held.items():
            end = consumer.end_offset(partition)
            if end is None:
                continue
            committed = consumer.committed_offset(partition) or held.durable or 0
            topic = self._sources[partition.topic].topic
            self.metrics.lag.labels(topic, str(partition.partition)).set(max(0, end - committed))
            total += max(0, end - (self._book.processed(partition) or 0))
        if total == 0:
            self.health.progress()
        self.health.lag = total

    async def _on_state_thread(self, function: Callable[..., T], *arguments: Any) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._state_thread, function, *arguments)


def _resolve(future: asyncio.Future[Any], result: object) -> None:
    if future.done():
        return  # cancelled meanwhile
    if isinstance(result, Exception):
        future.set_exception(result)
    else:
        future.set_result(result)


def _clock_ms() -> int:
    return int(time.time() * 1000)
