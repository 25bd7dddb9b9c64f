"""A group of workers and their broker in one process, disturbed by chance: one seed, one history.

Partitions take turns in any order, batches have any size, producers deliver records twice, workers
die between any two steps and begin again from their checkpoints, partitions move from one worker to
another. What the counts are in the end must not depend on any of it. As in the runtime, a
checkpoint holds a partition's state and the offset that it reflects, is taken only after `flush`,
and only after the broker has what was flushed; and the records of one origin stay in order.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from shopkeeper.shared.contracts import topics

from ..app import Recommender
from .local_cluster import LONG_AGO_MS, delta_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from shopkeeper.shared.contracts.envelope import Event, KeyValue, Output

    from ..config import RecommenderConfig
    from ..processors.interactions import InteractionsProcessor
    from ..processors.item_pairs import ItemPairsProcessor

Place = tuple[str, int]  # topic and partition


@dataclass(frozen=True, slots=True)
class Disturbances:
    """Chance of each, per step."""

    duplicate: float = 0.0  # of a record that it is delivered twice
    crash: float = 0.0  # of a worker that it dies: what it did since its checkpoints is lost
    move: float = 0.0  # of a partition that another worker takes it over, in order
    workers: int = 1
    batch_max: int = 500  # events folded at once


CALM = Disturbances()


@dataclass(slots=True)
class _Worker:
    recommender: Recommender
    tables: Mapping[str, Callable[[Sequence[KeyValue]], object]]
    interactions: dict[int, InteractionsProcessor] = field(default_factory=dict)
    item_pairs: dict[int, ItemPairsProcessor] = field(default_factory=dict)


class Simulation:
    """Feeds logs of interactions, one per partition, until everything is counted."""

    def __init__(
        self,
        config: RecommenderConfig,
        logs: Sequence[Sequence[Event]],
        *,
        seed: int,
        disturbances: Disturbances = CALM,
    ) -> None:
        """logs: by partition, offsets counting from 0. There are as many item partitions."""
        self._config, self._logs, self._chance = config, logs, random.Random(seed)
        self._disturbances = disturbances
        self._count = len(logs)
        self._pairs: list[list[bytes]] = [[] for _ in logs]  # records of the item-pairs topic
        self._tables: list[tuple[str, KeyValue]] = []  # records of topics that are read whole
        self._offsets: dict[Place, int] = {}  # next to fold
        self._checkpoints: dict[Place, tuple[dict[str, bytes], int]] = {}
        self.counters = {"duplicates": 0, "crashes": 0, "moves": 0}
        self._workers = [self._new_worker() for _ in range(disturbances.workers)]
        for number in range(self._count):
            for topic in (topics.CLICKS, topics.ITEM_PAIRS):
                self._assign((topic, number), self._chance.choice(self._workers))

    def run(self) -> None:
        """Until every log is folded and every delta counted."""
        chance, disturbances = self._chance, self._disturbances
        while places := [place for place in sorted(self._offsets) if self._left(place)]:
            place = chance.choice(places)
            self._fold(place)
            if chance.random() < 0.5:
                self._flush(place, checkpoint=chance.random() < 0.4)
            if chance.random() < disturbances.crash:
                self._crash(chance.randrange(len(self._workers)))
            if chance.random() < disturbances.move:
                self._move(chance.choice(sorted(self._offsets)))
            if not any(self._left(each) for each in self._offsets):
                # Only what is buffered is left: it makes the last deltas.
                for each in sorted(self._offsets):
                    self._flush(each, checkpoint=False)

    @property
    def worker(self) -> Recommender:
        """One that has read every table."""
        return self._workers[0].recommender

    def interactions(self) -> list[InteractionsProcessor]:
        """By partition."""
        return [self._owner((topics.CLICKS, n)).interactions[n] for n in range(self._count)]

    def item_pairs(self) -> list[ItemPairsProcessor]:
        """By item partition."""
        return [self._owner((topics.ITEM_PAIRS, n)).item_pairs[n] for n in range(self._count)]

    # -- workers

    def _new_worker(self) -> _Worker:
        recommender = Recommender(self._config)
        recommender.prepare(lambda topic: self._count)
        worker = _Worker(recommender, recommender.tables())
        for topic, record in self._tables:
            worker.tables[topic]([record])
        return worker

    def _owner(self, place: Place) -> _Worker:
        topic, number = place
        for worker in self._workers:
            if number in (worker.interactions if topic == topics.CLICKS else worker.item_pairs):
                return worker
        raise AssertionError(place)

    def _assign(self, place: Place, worker: _Worker) -> None:
        """A partition's new owner begins at the checkpoint, if there is one."""
        topic, number = place
        sections, offset = self._checkpoints.get(place, (None, 0))
        processor: InteractionsProcessor | ItemPairsProcessor
        if topic == topics.CLICKS:
            made = worker.recommender.make_interactions(number)
            processor = worker.interactions[number] = made
        else:
            processor = worker.item_pairs[number] = worker.recommender.make_item_pairs(number)
        if sections is not None:
            processor.restore(sections)
        self._offsets[place] = offset

    def _crash(self, dead: int) -> None:
        """A worker dies with its memory; another process takes its partitions over."""
        self.counters["crashes"] += 1
        before, self._workers[dead] = self._workers[dead], self._new_worker()
        for topic, numbers in (
            (topics.CLICKS, before.interactions),
            (topics.ITEM_PAIRS, before.item_pairs),
        ):
            for number in numbers:
                self._assign((topic, number), self._chance.choice(self._workers))

    def _move(self, place: Place) -> None:
        """A rebalance: flush, checkpoint, hand over."""
        self.counters["moves"] += 1
        self._flush(place, checkpoint=True)
        worker, (topic, number) = self._owner(place), place
        if topic == topics.CLICKS:
            del worker.interactions[number]
        else:
            del worker.item_pairs[number]
        self._assign(place, self._chance.choice(self._workers))

    # -- records

    def _left(self, place: Place) -> int:
        topic, number = place
        log: Sequence[object] = (self._logs if topic == topics.CLICKS else self._pairs)[number]
        return len(log) - self._offsets[place]

    def _fold(self, place: Place) -> None:
        """One batch of a partition, of any size; what it publishes is delivered."""
        topic, number = place
        at = self._offsets[place]
        end = at + self._chance.randint(1, self._disturbances.batch_max)
        worker = self._owner(place)
        if topic == topics.CLICKS:
            events = self._logs[number][at:end]
            found, rejected = worker.interactions[number].process(events, LONG_AGO_MS)
        else:
            records = self._pairs[number][at:end]
            events = [delta_of(record, at + n) for n, record in enumerate(records)]
            found, rejected = worker.item_pairs[number].process(events, 0)
        assert not rejected, rejected
        self._deliver(found)
        self._offsets[place] = at + len(events)

    def _flush(self, place: Place, *, checkpoint: bool) -> None:
        topic, number = place
        worker = self._owner(place)
        processor = (
            worker.interactions[number] if topic == topics.CLICKS else worker.item_pairs[number]
        )
        self._deliver(processor.flush())
        if checkpoint:
            self._checkpoints[place] = (processor.snapshot(), self._offsets[place])

    def _deliver(self, outputs: Sequence[Output]) -> None:
        """Append to the topics; a producer that saw no acknowledgement appends once more."""
        for output in outputs:
            again = self._chance.random() < self._disturbances.duplicate
            self.counters["duplicates"] += again
            for _ in range(1 + again):
                if output.topic == topics.ITEM_PAIRS:
                    assert output.partition is not None
                    self._pairs[output.partition].append(output.value or b"")
                elif output.topic in self._workers[0].tables:
                    self._see(output.topic, (output.key, output.value))

    def _see(self, topic: str, record: KeyValue) -> None:
        self._tables.append((topic, record))
        for worker in self._workers:
            worker.tables[topic]([record])
