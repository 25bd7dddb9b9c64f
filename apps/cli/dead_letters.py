"""Dead letters as a person counts them: which topics, which filters, which are one and the same.

A record that was sent back and is refused again makes a second dead letter. Both say where the
record was refused first (`dead_letter.REFUSED_AT`), so the newest stands for all of them.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.dead_letter import CORRUPT_BATCH, PREFIX, REFUSED_AT
from shopkeeper.shared.contracts.parsing import ERRORS
from shopkeeper.shared.runtime.kafka.reader import Reader

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from shopkeeper.shared.runtime.settings import KafkaSettings

TOPICS = tuple(t.name for t in topics.ALL if t.name.endswith(".dlq"))
SUFFIXES = (
    "topic",
    "partition",
    "offset",
    "stage",
    "class.name",
    "exception.class.name",
    "exception.message",
    "value.replaced",
    "batch.first.offset",
    "batch.last.offset",
)
LABELS = frozenset({*(label for found in ERRORS.values() for label in found), CORRUPT_BATCH})


class NoSuchThing(ValueError):
    """A topic, service, partition, offset or error that is not there; says what there is."""


class Place(NamedTuple):
    """Where a record stands, or stood."""

    topic: str  # unprefixed
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic} {self.partition}@{self.offset}"


def errors_of(record: Any) -> dict[str, str]:
    """The __connect.errors headers that the worker added, without their prefix.

    The last of a name counts: the record itself may have come with such headers.
    """
    return {
        name.removeprefix(PREFIX): (value or b"").decode("utf-8", "replace")
        for name, value in record.headers
        if name.startswith(PREFIX)
    }


def original_headers(record: Any) -> list[tuple[str, bytes]]:
    """The headers without those that dead-lettering added."""
    added = {PREFIX + suffix for suffix in SUFFIXES}
    return [(name, value) for name, value in record.headers if name not in added]


def error_of(record: Any) -> str:
    """The label of what was wrong."""
    return errors_of(record).get("exception.class.name", "?")


def refused_first(record: Any) -> str:
    """ "partition/offset" at which the record was refused the first time."""
    for name, value in record.headers:
        if name == REFUSED_AT:
            return (value or b"").decode("utf-8", "replace")
    errors = errors_of(record)
    return f"{errors.get('partition', '?')}/{errors.get('offset', '?')}"


def was_replayed(record: Any) -> bool:
    """Whether it had been sent back before it was refused."""
    return any(name == REFUSED_AT for name, _ in record.headers)


def sources() -> dict[str, dict[str, str]]:
    """Source topic -> service -> its dead-letter topic."""
    found: dict[str, dict[str, str]] = {}
    for topic in topics.BY_NAME:
        for service in topics.SERVICES:
            if (name := topics.dead_letters(topic, service)) in TOPICS:
                found.setdefault(topic, {})[service] = name
    return found


def source_of(dead_letter_topic: str) -> str:
    """The topic that its letters came from."""
    return next(source for source, of in sources().items() if dead_letter_topic in of.values())


def topics_of(name: str, service: str | None) -> tuple[str, ...]:
    """The dead-letter topics that a person means: one by its name, or those of a source topic, of
    one service or of every one that reads it. Raises NoSuchThing."""
    if name in TOPICS:
        if service is not None and service not in name.removeprefix(source_of(name)).split("."):
            raise NoSuchThing(f"{name} is not of the service {service}")
        return (name,)
    by_service = sources().get(name)
    if by_service is None:
        raise NoSuchThing(
            f"{name} has no dead letters; there are those of {', '.join(sources())}, "
            f"by service: {', '.join(TOPICS)}"
        )
    if service is None:
        return tuple(by_service.values())
    if service not in by_service:
        raise NoSuchThing(f"{service} does not read {name}: {', '.join(by_service)} does")
    return (by_service[service],)


@dataclass
class Wanted:
    """What a person asks for: dead-letter topics, and filters (partition and offset are those of
    the dead letter, as `dlq show` prints them)."""

    topics: Sequence[str]
    partition: int | None = None
    offset: int | None = None
    error: str | None = None
    limit: int | None = None
    # What was found by `letters`, as it goes on:
    superseded: int = 0  # letters that a newer one stands for
    there: Counter[str] = field(default_factory=Counter)  # distinct letters, by error

    def at(self, record: Any) -> bool:
        """Whether it stands where it is asked for."""
        return self.partition in (None, record.partition) and self.offset in (None, record.offset)

    def check_place(self, ranges: Mapping[Place, int]) -> None:
        """ranges: (topic, partition, first offset) -> the next offset. Raises NoSuchThing."""
        if self.partition is None and self.offset is None:
            return
        numbers = sorted({place.partition for place in ranges})
        if self.partition is not None and self.partition not in numbers:
            raise NoSuchThing(
                f"there is no partition {self.partition}: {' and '.join(self.topics)} "
                f"{'have' if len(self.topics) > 1 else 'has'} partitions 0 to {numbers[-1]}"
            )
        asked = {p: end for p, end in ranges.items() if self.partition in (None, p.partition)}
        if self.offset is not None and not any(
            p.offset <= self.offset < end for p, end in asked.items()
        ):
            held = ", ".join(
                f"{p.topic}/{p.partition}: "
                + (f"{p.offset} to {end - 1}" if end > p.offset else "none")
                for p, end in asked.items()
            )
            raise NoSuchThing(f"there is no offset {self.offset}; there are {held}")

    def check_error(self) -> None:
        """After reading: whether the label exists at all. Raises NoSuchThing."""
        if self.error is not None and self.error not in LABELS and not self.there[self.error]:
            found = ", ".join(f"{label} {n}" for label, n in self.there.most_common()) or "none"
            raise NoSuchThing(
                f"there is no error {self.error!r}; found here: {found}; "
                f"possible: {', '.join(sorted(LABELS))}"
            )


async def letters(kafka: KafkaSettings, wanted: Wanted) -> AsyncIterator[tuple[str, Any]]:
    """(dead-letter topic, record) of the letters asked for, each once: the newest of those that
    were sent back and refused again. Raises NoSuchThing, KafkaError.

    Reads twice. Memory: one entry for each letter that was refused again.
    """
    async with Reader(kafka, wanted.topics, from_start=True) as reader:
        begins, ends = await reader.begin_offsets(), await reader.end_offsets()
        wanted.check_place(
            {
                Place(reader.name(place), place.partition, begin): ends[place]
                for place, begin in begins.items()
            }
        )
        newest: dict[tuple[str, str], tuple[int, int, int]] = {}
        async for record in reader.until_now():
            if was_replayed(record):
                key = (reader.name(record), refused_first(record))
                newest[key] = max(newest.get(key, (0, -1, -1)), _age(record))
    count = 0
    async with Reader(kafka, wanted.topics, from_start=True) as reader:
        async for record in reader.until_now():
            name = reader.name(record)
            latest = newest.get((name, refused_first(record))) if newest else None
            if latest is not None and _age(record) < latest:
                wanted.superseded += wanted.at(record)
                continue
            label = error_of(record)
            wanted.there[label] += 1
            if not wanted.at(record) or wanted.error not in (None, label):
                continue
            if wanted.limit is not None and count >= wanted.limit:
                break
            count += 1
            yield name, record
    wanted.check_error()


def _age(record: Any) -> tuple[int, int, int]:
    """Orders letters of one origin, which may lie on several partitions."""
    return record.timestamp, record.partition, record.offset
