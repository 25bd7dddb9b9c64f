"""What must hold: at every append and commit, and at the end against the twin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from aiokafka import TopicPartition

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.state.checkpoints import Reader

from .service import ANSWERS, ITEMS, NAME, ROWS, USERS, state_of
from .twin import expect

if TYPE_CHECKING:
    from shopkeeper.shared.runtime.kafka.records import Record

    from .surroundings import Surroundings
    from .twin import Expected

CHECKPOINTS = topics.checkpoints(NAME)
DEAD_LETTERS = topics.dead_letters(USERS, NAME)
MANIFEST = b"/manifest"


class SoundReader(Reader):
    """The reader as it was when this module was loaded, whatever is broken on purpose later."""

    take = Reader.take
    best = Reader.best
    _part = Reader._part
    _remember = Reader._remember


class Monitor:
    """Watches the broker while a schedule runs."""

    def __init__(self, world: Surroundings) -> None:
        self._world = world
        self._contents: dict[str, bytes | None] = {}
        self._nth: dict[tuple[int, int], int] = {}  # (origin, items partition) -> entries so far
        counts = world.keyed_counts
        self._readers = {n: SoundReader(NAME, counts) for n in range(world.checkpoint_partitions)}
        self.durable: dict[tuple[str, int], int] = {}  # (source, partition) -> highest offset

    def appended(self, place: TopicPartition, record: Record) -> None:
        if place.topic == ANSWERS:
            self._answer(record)
        elif place.topic == ITEMS:
            self._deltas(place.partition, record)
        elif place.topic == CHECKPOINTS:
            self._checkpoint(place.partition, record)

    def _answer(self, record: Record) -> None:
        name = record.headers[0][1].decode()
        if self._contents.setdefault(name, record.value) != record.value:
            self._world.violate(f"answer {name} was published with two contents")

    def _deltas(self, partition: int, record: Record) -> None:
        origin, entries = orjson.loads(record.value or b"")
        for _, _, nth in entries:
            before = self._nth.get((origin, partition), 0)
            if nth > before + 1:
                self._world.violate(
                    f"items/{partition} was told entry {nth} of clicks/{origin} after {before}"
                )
            self._nth[origin, partition] = max(before, nth)

    def _checkpoint(self, number: int, record: Record) -> None:
        reader = self._readers[number]
        reader.take(record.offset, record.key, record.value)
        if (record.key or b"").endswith(MANIFEST):
            for source in reader.sources():
                best = reader.best(source, number)
                assert best is not None
                self.durable[source, number] = best[0].next_offset

    def usable(self, number: int) -> set[str]:
        """The sources of which a partition of checkpoints holds a usable one now."""
        return set(self.reader(number).sources())

    def reader(self, number: int) -> SoundReader:
        """It has read all that is retained of a partition of checkpoints."""
        reader = SoundReader(NAME, self._world.keyed_counts)
        for record in self._world.broker.logs[TopicPartition(CHECKPOINTS, number)].retained():
            reader.take(record.offset, record.key, record.value)
        return reader

    def committed(self, place: TopicPartition, offset: int) -> None:
        durable = self.durable.get((place.topic, place.partition), 0)
        if offset > durable:
            self._world.violate(
                f"{place.topic}/{place.partition} was committed up to {offset}, "
                f"and its checkpoints reach {durable}"
            )

    def differences(self) -> list[str]:
        """What differs from the twin, once everything has caught up."""
        world = self._world
        schedule, broker = world.schedule, world.broker
        logs = [
            broker.logs[TopicPartition(USERS, n)].retained()
            for n in range(schedule.user_partitions)
        ]
        expected = expect(world.published, logs, schedule.item_partitions)
        wrong = [f"never folded: {each}" for each in expected.missing]
        return wrong + self._outputs(expected) + self._states(expected)

    def _outputs(self, expected: Expected) -> list[str]:
        world = self._world
        answers = {
            record.headers[0][1].decode(): tuple(orjson.loads(record.value or b""))
            for record in world.records(ANSWERS)
        }
        dead = dict.fromkeys(map(_place, world.records(DEAD_LETTERS)), 1)
        rows = {(r.key or b"").decode(): int(r.value or b"0") for r in world.records(ROWS)}
        return [
            *differences("answers", answers, expected.answers),
            *differences("dead letters", dead, dict.fromkeys(expected.dead_letters, 1)),
            *differences("rows", rows, dict(expected.counts)),
        ]

    def _states(self, expected: Expected) -> list[str]:
        wrong: list[str] = []
        users: dict[tuple[int, str], Any] = {}
        counts: dict[str, int] = {}
        applied: dict[tuple[int, int], int] = {}
        for place, log in self._world.broker.logs.items():
            source, number = place
            if source not in (USERS, ITEMS) or not log.end:
                continue
            best = self.reader(number).best(source, number)
            at = None if best is None else best[0].next_offset
            if best is None or at != log.end:
                wrong.append(
                    f"the checkpoint of {source}/{number} is at {at}, its log at {log.end}"
                )
                continue
            state = state_of(source, best[0])
            if source == USERS:
                users |= {(number, user): known for user, known in state[0].items()}
            else:
                counts |= state[0]
                applied |= {(number, int(origin)): offset for origin, offset in state[1].items()}
        return [
            *wrong,
            *differences("users", users, expected.users),
            *differences("counts", counts, dict(expected.counts)),
            *differences("applied offsets", applied, expected.applied),
        ]


def _place(record: Record) -> tuple[int, int]:
    headers = dict(record.headers)
    return int(headers["__connect.errors.partition"]), int(headers["__connect.errors.offset"])


def differences(what: str, found: dict[Any, Any], wanted: dict[Any, Any]) -> list[str]:
    """One line per key that differs."""
    return [
        f"{what}: {key} is {found.get(key)}, and should be {wanted.get(key)}"
        for key in sorted({*found, *wanted}, key=str)
        if found.get(key) != wanted.get(key)
    ]
