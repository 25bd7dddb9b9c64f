"""What must hold: at every append and commit, and at the end against the twin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from aiokafka import TopicPartition

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.state.checkpoints import Reader

from .service import ANSWERS, ITEMS, NAME, ROWS, SECTION, USERS
from .twin import expect

if TYPE_CHECKING:
    from shopkeeper.shared.runtime.kafka.records import Record

    from .world import World

CHECKPOINTS = topics.checkpoints(NAME)
DEAD_LETTERS = topics.dead_letters(USERS, NAME)
MANIFEST = b"/manifest"


class SoundReader(Reader):
    """The reader as it was when this module was loaded, whatever is broken on purpose later."""

    take = Reader.take
    best = Reader.best


class Monitor:
    """Watches the broker while a schedule runs."""

    def __init__(self, world: World) -> None:
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


def final(world: World) -> list[str]:
    """What differs from the twin, once everything has caught up."""
    schedule, broker = world.schedule, world.broker
    logs = [
        broker.logs[TopicPartition(USERS, n)].retained() for n in range(schedule.user_partitions)
    ]
    expected = expect(world.published, logs, schedule.item_partitions)
    wrong = [f"never folded: {each}" for each in expected.missing]
    answers = {
        record.headers[0][1].decode(): tuple(orjson.loads(record.value or b""))
        for record in world.records(ANSWERS)
    }
    wrong += differences("answers", answers, expected.answers)
    dead = {_place(record) for record in world.records(DEAD_LETTERS)}
    wrong += differences(
        "dead letters", dict.fromkeys(dead, 1), dict.fromkeys(expected.dead_letters, 1)
    )
    rows = {(r.key or b"").decode(): int(r.value or b"0") for r in world.records(ROWS)}
    wrong += differences("rows", rows, dict(expected.counts))
    users: dict[str, Any] = {}
    counts: dict[str, int] = {}
    applied: dict[tuple[int, int], int] = {}
    for number in range(world.checkpoint_partitions):
        reader = world.monitor.reader(number)
        for source, count in ((USERS, schedule.user_partitions), (ITEMS, schedule.item_partitions)):
            end = broker.logs[TopicPartition(source, number)].end if number < count else 0
            best = reader.best(source, number)
            if best is None or best[0].next_offset != end:
                if end:
                    at = None if best is None else best[0].next_offset
                    wrong.append(
                        f"the checkpoint of {source}/{number} is at {at}, its log at {end}"
                    )
                continue
            state = orjson.loads(best[0].sections[SECTION])
            if source == USERS:
                users.update({f"{number}/{user}": known for user, known in state[0].items()})
            else:
                counts.update(state[0])
                applied.update({(number, int(origin)): at for origin, at in state[1].items()})
    wrong += differences(
        "users", users, {f"{n}/{u}": k for n, us in expected.users.items() for u, k in us.items()}
    )
    wrong += differences("counts", counts, dict(expected.counts))
    wrong += differences(
        "applied offsets",
        applied,
        {(n, origin): at for n, found in expected.applied.items() for origin, at in found.items()},
    )
    return wrong


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
