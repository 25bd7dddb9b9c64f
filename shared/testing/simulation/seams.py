"""What the runtime finds in the place of clients, threads and clocks while a simulation runs.

Names are replaced in the modules that use them; nothing in the runtime knows of it. Each name must
be there: a runtime that has moved on makes the simulation fail, instead of being simulated with
real clients.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

from shopkeeper.shared.runtime.kafka import partition_layout, sink
from shopkeeper.shared.runtime.kafka.global_tables import GlobalTables
from shopkeeper.shared.runtime.kafka.partition_layout import Layout, Survey
from shopkeeper.shared.runtime.state import (
    checkpoint_chain,
    checkpoint_log,
    checkpoints,
    continuity,
)
from shopkeeper.shared.runtime.worker import (
    assignment,
    batches,
    checkpointer,
    layout_watch,
    prerequisites,
    state_thread,
    worker,
)

from .clients import Admin, Consumer, Producer
from .consumer import App
from .loop import EPOCH_S, PROCESS, StateExecutor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shopkeeper.shared.runtime.api.service import Service
    from shopkeeper.shared.runtime.settings import KafkaSettings

    from .loop import VirtualLoop


class Tally:
    """In the place of the metrics: sums by name, and nothing is exposed."""

    registry = None

    def __init__(self, worker: str = "") -> None:
        self.sums: Counter[str] = Counter()
        PROCESS.get().world.tallies.append(self)

    def __getattr__(self, name: str) -> _Metric:
        metric = _Metric(self.sums, name)
        setattr(self, name, metric)
        return metric

    def balance(self) -> bool:
        """Whether every record that was consumed is accounted for exactly once."""
        sums = self.sums
        return sums["consumed"] == (
            sums["processed"] + sums["failed"] + sums["skipped"] + sums["duplicates"]
        )


class _Metric:
    def __init__(self, sums: Counter[str], name: str) -> None:
        self._sums, self._name = sums, name

    def labels(self, *labels: str) -> _Metric:
        return self

    def inc(self, amount: int = 1) -> None:
        self._sums[self._name] += amount

    def set(self, value: float) -> None:
        """Not summed."""

    def observe(self, label: str, value: Any) -> None:
        """Not summed."""

    def set_to_current_time(self) -> None:
        """Not summed."""

    def clear(self) -> None:
        """Not summed."""


class _Watch:
    """In the place of the watch over brokers, which is never away here."""

    lost, back_at = False, 0.0

    def __init__(self, *arguments: Any) -> None:
        """Nothing is watched."""

    def answers(self) -> None:
        """Nobody asks."""

    async def run(self) -> None:
        """Nothing happens."""


class _Wait:
    """In the place of what says for whom a joining worker waits."""

    def __init__(self, *arguments: Any) -> None:
        """Nobody is told."""

    async def run(self, consumer: object) -> None:
        """Nothing happens."""


async def _survey(*arguments: Any) -> Survey:
    process = PROCESS.get()
    await process.world.network.trip(process)
    counts = process.world.broker.counts
    return Survey(Layout(1, process.world.keyed_counts), counts)


async def _usable(*arguments: Any) -> Layout:
    layout = (await _survey()).layout
    assert layout is not None
    return layout


async def _none_missing(*arguments: Any) -> list[str]:
    return []


def _no_tables(service: Service, kafka: KafkaSettings, **others: Any) -> GlobalTables:
    """Nobody is erased, and nothing else is read whole."""
    return GlobalTables(kafka, {}, others["thread"].run, others["client_id"], {})


NAMES: tuple[tuple[Any, str, Any], ...] = (
    (sink, "AIOKafkaProducer", Producer),
    (checkpoints, "AIOKafkaConsumer", Consumer),
    (continuity, "AIOKafkaConsumer", Consumer),
    (worker, "AIOKafkaAdminClient", Admin),
    (worker, "make_app", App),
    (prerequisites, "missing_topics", _none_missing),
    (worker, "make_tables", _no_tables),
    (worker, "BrokerWatch", _Watch),
    (worker, "GroupWait", _Wait),
    (worker, "Metrics", Tally),
    (partition_layout, "survey", _survey),
    (partition_layout, "usable", _usable),
    (state_thread, "ThreadPoolExecutor", StateExecutor),
    # Small, so that what takes megabytes and minutes otherwise happens within seconds.
    (checkpoint_chain, "CHUNK_BYTES", 120),
    (checkpoint_chain, "SLACK_BYTES", 400),
    (checkpoint_log, "SLACK_BYTES", 1500),
    (checkpointer, "LOOK_S", 0.9),
    (assignment, "REVOKE_DEADLINE_S", 0.3),
    (batches, "FLUSH_S", 0.25),
    (layout_watch, "LOOK_S", 1000.0),
    (worker, "TIMER_S", 0.45),
    (worker, "TABLES_TIMER_S", 0.45),
    (worker, "OBSERVE_S", 2.0),
)


@contextlib.contextmanager
def replaced(names: Iterator[tuple[Any, str, Any]] | Any) -> Iterator[None]:
    """These attributes have these values, for a while."""
    before = []
    try:
        for owner, name, value in names:
            before.append((owner, name, owner.__dict__[name]))
            setattr(owner, name, value)
        yield
    finally:
        for owner, name, value in reversed(before):
            setattr(owner, name, value)


@contextlib.contextmanager
def simulated(loop: VirtualLoop) -> Iterator[None]:
    """The runtime runs on simulated clients and this loop's clock."""
    clocks = (
        (time, "monotonic", loop.time),
        (time, "time", lambda: EPOCH_S + loop.now),
    )
    collecting = gc.isenabled()
    disabled = logging.root.manager.disable
    with replaced((*NAMES, *clocks)):
        gc.disable()  # what it closes would be closed at a moment of its own choice
        logging.disable(logging.CRITICAL)
        try:
            yield
        finally:
            logging.disable(disabled)
            if collecting:
                gc.enable()
