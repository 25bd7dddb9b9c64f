"""A running shop at a glance, from the broker alone: groups, lag, checkpoints, rates, dead letters.

Asks for metadata, offsets and groups; of records it reads the newest manifests of checkpoints, and
the first one that a service has not read yet.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson
from aiokafka import TopicPartition

from shopkeeper.shared.contracts import topics

from ..kafka import admin
from ..kafka.membership import group_of
from ..kafka.newest import newest
from ..kafka.reader import Reader

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from ..kafka.membership import Member
    from ..settings import KafkaSettings

MANIFEST_WINDOW = 16  # records of a checkpoint topic: a manifest follows its chunks
MANIFEST_BYTES_MAX = 32 << 20


@dataclass(frozen=True, slots=True)
class Traffic:
    """One topic: records retained and written lately (markers of transactions count as well)."""

    topic: str
    partitions: int
    retained: int
    recent: int  # written within the window
    rate_per_s: float


@dataclass(frozen=True, slots=True)
class SourceLag:
    """How far a service is behind on one topic: by partition, its end minus what is durable."""

    topic: str
    lag: list[int]
    waiting_s: float | None  # age of the oldest record that is not durable yet; None: no lag
    checkpoint_s: float | None  # age of the newest checkpoint of any partition; None: not found


@dataclass(frozen=True, slots=True)
class ServiceState:
    """A service's group, and how far it has come."""

    service: str
    state: str  # of the group, in Kafka's words
    members: list[Member]
    sources: list[SourceLag]

    @property
    def lag(self) -> int:
        """Records over all sources and partitions."""
        return sum(sum(source.lag) for source in self.sources)

    @property
    def checkpoint_s(self) -> float | None:
        """Age of the newest checkpoint."""
        return min(
            (s.checkpoint_s for s in self.sources if s.checkpoint_s is not None), default=None
        )

    @property
    def waiting_s(self) -> float | None:
        """Age of the oldest record of any source that is not durable yet."""
        return max((s.waiting_s for s in self.sources if s.waiting_s is not None), default=None)


@dataclass(frozen=True, slots=True)
class Overview:
    """All of it, at one time."""

    broker: str
    window_s: float
    missing: list[str]  # topics that are not on the broker
    services: list[ServiceState] = field(default_factory=list)
    traffic: list[Traffic] = field(default_factory=list)  # of shop's topics and outputs
    dead_letters: list[Traffic] = field(default_factory=list)


async def overview(
    kafka: KafkaSettings, consumes: Mapping[str, Collection[str]], window_s: float
) -> Overview:
    """consumes: service -> the topics (unprefixed) that its workers read. Raises KafkaError."""
    states = await admin.list_topics(kafka)
    there = {s.topic.name for s in states if s.partition_count is not None}
    found = Overview(
        ",".join(kafka.bootstrap_servers),
        window_s,
        [s.name for s in states if s.partition_count is None],
    )
    shown = [
        t.name
        for t in topics.ALL
        if t.name in there and (t.types or t.name.endswith(".dlq") or t.name == topics.ITEM_PAIRS)
    ]
    if not shown:
        return found
    async with Reader(kafka, shown, from_start=False) as reader:
        begins, ends = await reader.begin_offsets(), await reader.end_offsets()
        since = await reader.offsets_at(int((time.time() - window_s) * 1000))
    for name in shown:
        places = [p for p in ends if p.topic == kafka.topic(name)]
        # A log whose records carry older times than when they were written has none that is newer.
        recent = sum(ends[p] - at for p in places if (at := since.get(p)) is not None)
        retained = sum(ends[p] - begins[p] for p in places)
        one = Traffic(name, len(places), retained, recent, recent / window_s)
        if name.endswith(".dlq"):
            found.dead_letters.append(one)
        elif not topics.BY_NAME[name].internal:
            found.traffic.append(one)
    for service, names in consumes.items():
        sources = [name for name in topics.BY_NAME if name in names and name in there]
        found.services.append(await _service(kafka, service, sources, begins, ends))
    return found


async def _service(
    kafka: KafkaSettings,
    service: str,
    sources: Sequence[str],
    begins: Mapping[TopicPartition, int],
    ends: Mapping[TopicPartition, int],
) -> ServiceState:
    group = kafka.topic(f"shopkeeper-{service}")
    async with admin.connected(kafka) as client:
        state, members = await group_of(client, group)
        committed = await admin.committed_by(client, group)
    unread: dict[TopicPartition, int] = {}  # that have lag -> first offset that is not durable
    lags: dict[str, list[int]] = {}
    for name in sources:
        places = sorted(p for p in ends if p.topic == kafka.topic(name))
        for place in places:
            at = committed.get(place)
            durable = begins[place] if at is None or at.offset < 0 else at.offset
            durable = max(durable, begins[place])
            if durable < ends[place]:
                unread[place] = durable
            lags.setdefault(name, []).append(max(0, ends[place] - durable))
    ages = await _ages_s(kafka, sources, unread)
    written = await _checkpoints_s(kafka, service, sources)
    return ServiceState(
        service,
        state,
        members,
        [SourceLag(n, lags[n], ages.get(n), written.get(n)) for n in sources if n in lags],
    )


async def _ages_s(
    kafka: KafkaSettings, sources: Sequence[str], unread: Mapping[TopicPartition, int]
) -> dict[str, float]:
    """By topic, how old the first unread record is that still can be read."""
    names = [name for name in sources if any(p.topic == kafka.topic(name) for p in unread)]
    if not names:
        return {}
    oldest: dict[str, float] = {}
    now_ms = time.time() * 1000
    async with Reader(kafka, names, from_start=False) as reader:
        async for record in reader.between(unread, {p: at + 1 for p, at in unread.items()}):
            age_s = max(0.0, (now_ms - record.timestamp) / 1000)
            oldest[reader.name(record)] = max(age_s, oldest.get(reader.name(record), 0.0))
    # A compacted log may hold no record at that very offset: there is lag of an unknown age.
    return {name: oldest.get(name, 0.0) for name in names}


async def _checkpoints_s(
    kafka: KafkaSettings, service: str, sources: Sequence[str]
) -> dict[str, float]:
    """By topic, the age of its newest checkpoint of any partition."""
    keys = {f"{source}/manifest".encode(): source for source in sources}
    found = await newest(
        kafka,
        topics.checkpoints(service),
        keys,
        window=MANIFEST_WINDOW,
        bytes_max=MANIFEST_BYTES_MAX,
    )
    now_ms = time.time() * 1000
    return {
        keys[key]: max(0.0, (now_ms - written_ms) / 1000)
        for key, record in found.records.items()
        if (written_ms := _written_ms(record.value))
    }


def _written_ms(value: bytes | None) -> int:
    try:
        manifest: Any = orjson.loads(value or b"")
        return int(manifest["written_ms"])
    except (orjson.JSONDecodeError, LookupError, TypeError, ValueError):
        return 0
