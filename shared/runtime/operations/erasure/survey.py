"""Looks for what is left of users, in every record of every topic where there may be something."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec
from aiokafka import TopicPartition

from shopkeeper.shared.contracts import erased_users, review_digests, topics

from ...kafka.reader import Reader
from .traces import QUOTING, UNREADABLE, Wanted, is_trace, patterns

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ...settings import KafkaSettings


@dataclass
class Found:
    """What one partition holds of the users."""

    topic: str  # unprefixed
    place: TopicPartition
    start: int
    end: int
    traces: list[int] = field(default_factory=list)  # offsets, ascending
    # Of a compacted topic, those that are still the newest value of their keys: views that nobody
    # has removed or published anew yet.
    standing: list[int] = field(default_factory=list)


class _Newest(msgspec.Struct):
    """Of a compacted topic, the newest record of a key that has traces."""

    offset: int
    empty: bool  # or what is there is none of the user's
    stale: bool


async def survey(
    kafka: KafkaSettings, names: Sequence[str], wanted: Wanted, words: Sequence[str] = ()
) -> list[Found]:
    """Partitions of these topics (`traces.ours`) that have something. words: of the wanted reviews;
    a view of a product that still quotes them stands. Raises KafkaError."""
    found: dict[TopicPartition, Found] = {}
    newest: dict[TopicPartition, dict[bytes | None, _Newest]] = {}
    async with Reader(kafka, names, from_start=True) as reader:
        starts, ends = await reader.begin_offsets(), await reader.end_offsets()
        async for record in reader.between(starts, ends):
            topic = reader.name(record)
            place = TopicPartition(record.topic, record.partition)
            if not is_trace(topic, record, wanted):
                if record.key in newest.get(place, ()):
                    newest[place][record.key] = _Newest(record.offset, True, False)
                continue
            one = found.get(place)
            if one is None:
                one = found[place] = Found(topic, place, starts[place], ends[place])
            one.traces.append(record.offset)
            if topics.BY_NAME[topic].cleanup == "compact":
                stale = topic not in QUOTING or _quotes(record, words)
                latest = _Newest(record.offset, not record.value, stale)
                newest.setdefault(place, {})[record.key] = latest
    for place, one in found.items():
        of_keys = newest.get(place, {}).values()
        one.standing = sorted(each.offset for each in of_keys if each.stale and not each.empty)
        if one.topic in QUOTING:
            last = {each.offset for each in of_keys}
            kept = {*one.standing}
            one.traces = [at for at in one.traces if at not in last or at in kept]
    return [one for one in found.values() if one.traces]


def _quotes(record: Any, words: Sequence[str]) -> bool:
    """Whether a view quotes what a review says."""
    if not record.value or not words:
        return False
    try:
        said = msgspec.json.decode(record.value)
        aspects = said.get("aspects") or ()
        quotes = [q for each in aspects for q in (*each["praise"], *each["criticism"])]
    except (*UNREADABLE, AttributeError, KeyError, TypeError):
        return False
    return any(quote.lower() in text for quote in quotes for text in words)


@dataclass
class Reviews:
    """Reviews of one user, and their words in lower case."""

    known: set[tuple[str, str]] = field(default_factory=set)
    words: list[str] = field(default_factory=list)


async def reviews_of(kafka: KafkaSettings, wanted: Wanted) -> Reviews:
    """What the users wrote, as the digests and the shop's own topic still have it."""
    found = Reviews()
    names = [topics.REVIEW_DIGESTS, topics.REVIEWS]
    async with Reader(kafka, names, from_start=True) as reader:
        async for record in reader.until_now():
            if reader.name(record) == topics.REVIEWS:
                _from_event(record, wanted, found)
                continue
            try:
                digest = review_digests.unpacked(record.value or b"")
            except ValueError:
                continue
            if digest.time_ms <= wanted.until_ms.get(digest.author, -1):
                found.known.add((digest.product_id, digest.review_id))
                found.words += (sentence.text.lower() for sentence in digest.sentences)
    return found


class _Review(msgspec.Struct):
    product_id: Any = None
    review_id: Any = None
    review_body: Any = None
    user_id: Any = None
    anonymous_id: Any = None


_review_decoder = msgspec.json.Decoder(_Review)


def _from_event(record: Any, wanted: Wanted, found: Reviews) -> None:
    try:
        said = _review_decoder.decode(record.value or b"")
    except UNREADABLE:
        return
    author = said.user_id or said.anonymous_id
    if wanted.is_user(author, record) and isinstance(said.product_id, str):
        if isinstance(said.review_id, str):
            found.known.add((said.product_id, said.review_id))
        if isinstance(said.review_body, str):
            found.words.append(said.review_body.lower())


def _named(value: bytes) -> list[erased_users.ErasedUser]:
    try:
        return [msgspec.json.decode(value, type=erased_users.ErasedUser)]
    except UNREADABLE:
        return []


async def erasures(kafka: KafkaSettings) -> tuple[dict[int, int], list[erased_users.ErasedUser]]:
    """Who was erased when, by number; and the records that name somebody, of earlier versions."""
    times: dict[int, int] = {}
    named: list[erased_users.ErasedUser] = []
    async with Reader(kafka, [topics.ERASED_USERS], from_start=True) as reader:
        async for record in reader.until_now():
            for number, time_ms in erased_users.users([(record.key, record.value)]):
                times[number] = max(time_ms, times.get(number, 0))
            if b'"user"' in (record.value or b""):
                named += _named(record.value)
    return times, named


async def in_checkpoints(
    kafka: KafkaSettings, services: Iterable[str], names: Iterable[str]
) -> dict[tuple[str, int], int]:
    """(service, partition) -> records of its checkpoint topic that have one of the ids."""
    sought = patterns(names)
    by_topic = {topics.checkpoints(service): service for service in services}
    longest = max(map(len, sought), default=1)
    tails: dict[tuple[str, int, bytes], bytes] = {}  # a chunk may end within an id
    hits: dict[tuple[str, int], int] = {}
    async with Reader(kafka, list(by_topic), from_start=True) as reader:
        async for record in reader.until_now():
            source, _, rest = (record.key or b"").partition(b"/")
            if not rest.startswith(b"chunk/"):
                tails.pop((record.topic, record.partition, source), None)
                continue
            place = record.topic, record.partition, source
            text = tails.get(place, b"") + (record.value or b"")
            tails[place] = text[-(longest - 1) :] if longest > 1 else b""
            if any(pattern in text for pattern in sought):
                service = by_topic[reader.name(record)]
                hits[service, record.partition] = hits.get((service, record.partition), 0) + 1
    return hits


def by_topic(found: Iterable[Found]) -> Mapping[str, int]:
    """Traces of each topic."""
    counts: dict[str, int] = {}
    for one in found:
        counts[one.topic] = counts.get(one.topic, 0) + len(one.traces)
    return counts
