"""A worker: one service on Faust, from the first connection to the last commit.

    batch -> state thread: decode, fold, encode -> deliveries confirmed -> processed
                                        every few seconds: checkpoint -> durable -> committed

Three threads: Faust's consumer thread fetches and heartbeats, this loop moves batches, and the one
*state thread* does all the work and owns all state, so nothing slow runs on a loop and nothing
needs a lock.

This file wires the collaborators and orders the life of a worker: what starts and stops when, and
what happens by the clock. Each collaborator does one thing and knows only those that it uses:

    owned_partition   what is assigned, which batches are open          (knows nobody)
    ending            whether the worker ends, and why
    state_thread      what runs on the state thread, in which order
    telemetry         metrics, lag, what a log has lost
    batch_spans       traces that records belong to, followed
    checkpointer      when state is written, beside the work
    batches           the way of a batch, buffered outputs, settling
    layout_watch      by how many partitions state is split
    recovery          state of assigned partitions
    assignment        what the consumer asks: assigned, revoked, limited
    components        what runs besides the sources
    prerequisites     the topics and rights without which it does not start
    draining          how an orderly end finishes what is open
"""

from __future__ import annotations

import asyncio
import logging
import time
from functools import partial
from typing import TYPE_CHECKING

from aiokafka.admin import AIOKafkaAdminClient

from shopkeeper.shared.contracts import topics

from ..kafka import acls, unpacking
from ..kafka.faust_app import BatchApp, make_app
from ..kafka.membership import GroupWait
from ..kafka.offsets import Partition
from ..kafka.sink import Sink
from ..shutdown import LEAVE_S, Deadline, end_all
from ..state.checkpoints import CheckpointStore
from ..state.erasures import Erasures
from ..tasks import end_tasks
from ..telemetry.broker_watch import BrokerWatch
from ..telemetry.health import Health, HealthServer
from ..telemetry.metrics import Metrics
from . import draining
from .assignment import Assignment
from .batch_spans import BatchSpans
from .batches import BatchPipeline
from .checkpointer import Checkpointer
from .components import Components
from .ending import Ending
from .layout_watch import LayoutWatch
from .owned_partition import OwnedPartitions
from .prerequisites import TopicsMissing as TopicsMissing
from .prerequisites import checked_topics
from .recovery import Recovery
from .state_thread import StateThread
from .tables import make_tables
from .telemetry import WorkerTelemetry

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ..api.service import Service
    from ..kafka.transport import BatchConsumer
    from ..settings import WorkerSettings

log = logging.getLogger(__name__)

TIMER_S = 0.25
TABLES_TIMER_S = 0.25
BACKGROUND_S = 0.05  # between two looks whether there is anything to do in the background
OBSERVE_S = 1.0
CLOSE_S = 0.2  # for closing connections where leaving took all the time there was


class Worker:
    """Runs one service until it is stopped or fails.

    Life: `await start()`, then `await wait()` until `stop_requested`, then `await stop()`.
    `failure` holds what went wrong, if anything did; a failed worker has committed nothing that
    was not confirmed, and is to be started again.

    A service without sources joins no group and keeps no state: Faust is not started at all, and
    the worker is ready once its tables are read and its components started.
    """

    def __init__(self, service: Service, settings: WorkerSettings) -> None:
        self.service, self.settings = service, settings
        self.name = settings.worker_id or service.name
        kafka = self._kafka = settings.kafka
        self.metrics = Metrics(self.name)
        self.health = Health()
        self._group = kafka.topic(acls.group(service.name))
        self._checkpoint_topic = topics.checkpoints(service.name)
        self._app: BatchApp | None = None
        self._admin: AIOKafkaAdminClient | None = None
        self._server: HealthServer | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._watch = BrokerWatch(
            kafka, f"{self.name}-watch", self.health, self.metrics, self._nodes
        )
        self._sink = Sink(kafka, settings.delivery_timeout_s, f"{self.name}-sink")
        self._store = CheckpointStore(
            kafka, self._checkpoint_topic, self._sink, f"{self.name}-checkpoints"
        )
        self._owned = OwnedPartitions(settings.buffer_bytes_max)
        self._ending = Ending(service.name, self._owned, self.health)
        spans = self._spans = BatchSpans.of(service, settings, self._group)
        self._thread = StateThread(service.rank, self._sink.pack, service.refresh, spans)
        self._refresh = service.refresh
        self._telemetry = WorkerTelemetry(service, kafka.topic_prefix, self.metrics, self.health)
        self._components = Components(service.components, self._ending, self.health)
        self._erasures = Erasures()
        self._tables = make_tables(
            service,
            kafka,
            thread=self._thread,
            client_id=f"{self.name}-tables",
            on_left_out=lambda topic: self.metrics.batches_left_out.labels(topic).inc(),
            erasures=self._erasures,
        )
        self._layout = LayoutWatch(
            kafka,
            [source.topic for source in service.sources],
            self._checkpoint_topic,
            service=service.name,
            health=self.health,
            ending=self._ending,
        )
        self._checkpointer = Checkpointer(
            store=self._store,
            topic=self._checkpoint_topic,
            interval_s=settings.checkpoint_interval_s,
            thread=self._thread,
            watch=self._watch,
            telemetry=self._telemetry,
            ending=self._ending,
            erasures=self._erasures,
        )
        for source in service.sources:
            if source.bulk:
                unpacking.read_in_bulk(kafka.topic(source.topic))
        self._pipeline = BatchPipeline(
            settings=settings,
            owned=self._owned,
            thread=self._thread,
            sink=self._sink,
            checkpointer=self._checkpointer,
            telemetry=self._telemetry,
            ending=self._ending,
            spans=self._spans,
        )
        self._assignment = self._make_assignment()

    def _make_assignment(self) -> Assignment:
        return Assignment(
            settings=self.settings,
            group=self._group,
            owned=self._owned,
            layout=self._layout,
            recovery=Recovery(
                service=self.service,
                settings=self.settings,
                store=self._store,
                layout=self._layout,
                thread=self._thread,
                telemetry=self._telemetry,
                erasures=self._erasures,
            ),
            pipeline=self._pipeline,
            checkpointer=self._checkpointer,
            telemetry=self._telemetry,
            ending=self._ending,
            admin=lambda: self._admin,
        )

    # -- what it tells

    @property
    def failure(self) -> BaseException | None:
        """What went wrong first, if anything did."""
        return self._ending.failure

    @property
    def stop_requested(self) -> asyncio.Event:
        """Set once the worker is to stop, for whatever reason."""
        return self._ending.requested

    @property
    def start_again(self) -> bool:
        """It stops in order, and has work to do when it is started again."""
        return self._ending.start_again

    @property
    def generation(self) -> int:
        """Counts the changes of the assignment."""
        return self._owned.generation

    def durable_offset_of(self, number: int) -> int | None:
        """The durable offset of partition `number` of the first source (for tests and tools); None
        where there is none, or no source."""
        for source in self.service.sources:
            topic = self._kafka.topic(source.topic)
            return self._assignment.durable_offset(Partition(topic, number))
        return None

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
        """Connect, read the tables, join the group, start the components; return once that is done,
        or the worker is to end. Raises TopicsMissing, RightsMissing, KafkaError."""
        if not self._tasks:
            self.serve()
        self._watch.answers()
        self._tasks.append(asyncio.create_task(self._watch.run(), name="broker watch"))
        names = await checked_topics(self.service, self._kafka)
        if self.service.sources:
            await self._layout.start()
        self.health.not_ready = {"broker": "connecting"}
        await self._sink.start(names)
        self.service.prepare(self._split_by)
        admin = self._admin = AIOKafkaAdminClient(**self._kafka.client_options())
        await admin.start()
        self.health.not_ready = {"tables": "reading"}
        if self.service.sources:
            self.health.not_ready["partitions"] = "not assigned"
        if len(self._components):
            self.health.not_ready["components"] = "not started"
        await self._tables.start(self._ending.fail)
        serving = self._begin(self._start_components, "components")
        if self.service.sources:
            # Not before: partitions that others give up for it would wait for the tables, too.
            await self._ending.unless_requested(self._begin(self._tables.read, "tables read"))
            if not self._ending.expected:
                await self._join(admin)
        self._begin(self._measure_lag_forever, "lag")
        self._begin(self._tick_forever, "tick")
        if self.service.background is not None:
            self._begin(partial(self._in_background, self.service.background), "background")
        await self._ending.unless_requested(serving)

    async def _join(self, admin: AIOKafkaAdminClient) -> None:
        """Join the group; return once it has given this worker its partitions."""
        app = self._app = make_app(self.service.name, self.settings, self._assignment)
        for source in self.service.sources:
            self._pipeline.connect(app, source, self.service.name)
        waiting = GroupWait(admin, self._group, self.settings.session_timeout_s, self.health)
        self._tasks.append(asyncio.create_task(waiting.run(app.consumer), name="group wait"))
        await app.start()
        self._begin(self._pipeline.flush_forever, "flush")
        self._begin(lambda: self._checkpointer.collect_forever(admin, self._owned), "collect")
        self._begin(lambda: self._crash_watch(app), "crash watch")
        self._begin(self._layout.run, "layout watch")

    def _begin(self, work: Callable[[], Awaitable[None]], name: str) -> asyncio.Task[None]:
        """Do something from now on, whose failure is the worker's."""
        task = asyncio.create_task(self._ending.guarded(work), name=name)
        self._tasks.append(task)
        return task

    async def _start_components(self) -> None:
        await self._tables.caught_up.wait()
        self.health.not_ready.pop("tables", None)
        await self._components.start()
        self.health.not_ready.pop("components", None)

    async def wait(self) -> None:
        """Return once the worker is to stop: because it was asked to, or has failed."""
        await self._ending.requested.wait()

    def fail(self, error: BaseException) -> None:
        """The first failure stops the worker; nothing more is delivered or committed."""
        self._ending.fail(error)

    def _split_by(self, topic: str) -> int:
        """By how many partitions a topic's state is split, whatever the broker has by now."""
        return self._layout.layout.counts.get(topic) or self._sink.partition_count(topic)

    # -- by the clock

    async def _measure_lag_forever(self) -> None:
        """Also while the state thread hangs, for a stall is told by it; not without a broker."""
        while True:
            await asyncio.sleep(TIMER_S)
            if self._app is not None and self._owned.accepting and not self._watch.lost:
                self._telemetry.measure_lag(self._app.consumer, self._owned)

    async def _tick_forever(self) -> None:
        tables_due = observe_due = 0.0
        while True:
            await asyncio.sleep(TIMER_S)
            for owned in self._owned:
                self._owned.move_on(owned)
                if self._owned.accepting:
                    self._checkpointer.begin_if_due(owned)
            if time.monotonic() >= tables_due:
                tables_due = time.monotonic() + TABLES_TIMER_S
                await self._pipeline.publish_due()
            if time.monotonic() >= observe_due:
                observe_due = time.monotonic() + OBSERVE_S
                await self._thread.run(self._refresh)
                self.health.remark = await self._thread.run(self.service.remark)
                await self._thread.run(self._telemetry.observe_service)

    async def _in_background(self, work: Callable[[bool], bool]) -> None:
        """What nobody waits for, whenever the state thread has done what was submitted before."""
        await self._tables.caught_up.wait()
        while True:
            more = await self._thread.run(self._thread.until_others_wait, work)
            await asyncio.sleep(0 if more else BACKGROUND_S)

    async def _crash_watch(self, app: BatchApp) -> None:
        failure = None
        while not app.crashed and failure is None:
            await asyncio.sleep(0.5)  # neither has an event
            failure = app.consumer.group_failure()
        self._ending.fail(failure or app.crash_reason or RuntimeError("Faust crashed"))

    def _nodes(self) -> set[int]:
        """The brokers that are needed now; none before there is a consumer."""
        return self._app.consumer.nodes() if self._app is not None else set()

    # -- the end

    async def stop(self) -> None:
        """Stop the components, finish what is open (unless failed), checkpoint, commit, leave the
        group. One that failed and is to be started again keeps its place, if it has a WORKER_ID.

        Takes DRAIN_DEADLINE and `LEAVE_S` at most, whatever it waits for.
        """
        self._ending.stopping = True
        drain = Deadline(self.settings.drain_deadline_s)
        leave = Deadline(self.settings.drain_deadline_s + LEAVE_S)
        late = await self._components.stop_first(self._tasks, drain)
        app = self._app
        consumer: BatchConsumer | None = None if app is None else app.consumer
        if app is not None and self.failure is None:
            await draining.finish_in_stable_group(app.consumer, self._owned, self._pipeline, drain)
        elif app is not None and self._ending.for_good:
            await draining.until_answered(app.consumer, drain)
        self._owned.accepting = False
        if consumer is not None and self._ending.for_good:
            consumer.leave_for_good()  # others take over now, not when the session runs out
        saving = [owned.saving for owned in self._owned if owned.saving is not None]  # given up
        await end_tasks([*self._tasks, *self._pipeline.tasks, *saving], leave.left(1.0))
        if app is not None:
            if consumer is not None:
                consumer.leave_by(leave)
            late += await end_all({"Faust": app.stop()}, leave)
        self._owned.begin_generation()
        # In parallel: each may wait for a broker.
        steps = {"tables": self._tables.stop(), "sink": self._sink.stop(), **self._closing()}
        late += await end_all(steps, Deadline(leave.left() + CLOSE_S))
        if late:
            log.warning("%s did not stop in time: left as it is", ", ".join(late))
        self._thread.stop()

    def _closing(self) -> dict[str, Awaitable[object]]:
        steps: dict[str, Awaitable[object]] = {}
        if self._spans is not None:
            steps["spans"] = self._spans.stop()
        if self._admin is not None:
            steps["admin client"] = self._admin.close()
        if self._server is not None:
            steps["health"] = asyncio.to_thread(self._server.stop)
        return steps
