"""Reads a shop's topics from the start of what is retained."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from shopkeeper.services.recommender.core.numeric.items import ItemIndex
from shopkeeper.services.recommender.core.user_groups.profiles import FIELDS, kept_values
from shopkeeper.shared.contracts import outputs, topics
from shopkeeper.shared.contracts.decoder import EventDecoder
from shopkeeper.shared.contracts.envelope import Event, Several
from shopkeeper.shared.contracts.events.answers import ANSWER_GIVEN, AnswerGiven
from shopkeeper.shared.contracts.events.recommendation import (
    PARAMETERS_UPDATED,
    TRENDING_UPDATED,
    ParametersUpdated,
    TrendingUpdated,
)
from shopkeeper.shared.contracts.events.sentiment import (
    PRODUCT_SENTIMENT_UPDATED,
    SENTIMENT_SCORED,
    ProductSentimentUpdated,
    SentimentScored,
)
from shopkeeper.shared.contracts.events.shop import ProductCatalogued
from shopkeeper.shared.runtime.kafka.admin import partitions_of
from shopkeeper.shared.runtime.kafka.reader import Reader
from shopkeeper.shared.runtime.kafka.routing import hop_of

from .join import Join, Lists, Shown
from .questions import Questions
from .reviews import Reviews

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from shopkeeper.shared.runtime.settings import KafkaSettings

EVERY_FIELD = frozenset(FIELDS)
READER = "recommender"  # what counts as an event is what its decoder lets through
NEEDED = (topics.CLICKS, topics.RECOMMENDATIONS)
WELCOME = (
    topics.SEARCHES,
    topics.CATALOGUE,
    topics.TRENDING,
    topics.PRODUCT_SENTIMENT,
    topics.SENTIMENTS,
    topics.PROFILES,
    topics.ANSWERS,
    topics.QUESTIONS,
    topics.PARAMETERS,
)
ASKED = (topics.SEARCHES, topics.QUESTIONS)  # read once all answers are known


@dataclass
class Extent:
    """What was read of a topic: records, by partition the first and last offset, and times."""

    records: int = 0
    offsets: dict[int, tuple[int, int]] = field(default_factory=dict)
    first_ms: int = 0
    last_ms: int = 0

    def add(self, record: Any) -> None:
        """Count one record."""
        first, _ = self.offsets.get(record.partition, (record.offset, 0))
        self.offsets[record.partition] = first, record.offset
        self.first_ms = min(self.first_ms or record.timestamp, record.timestamp)
        self.last_ms = max(self.last_ms, record.timestamp)
        self.records += 1


class Profiles:
    """What is known of users, as the newest record of each says, by its event's time: copies of a
    record lie in several partitions until compaction, and so do tombstones."""

    def __init__(self, type_prefix: str) -> None:
        self._decoder = _decoder(topics.PROFILES, type_prefix)
        # By user: time of the newest event and whether it forgets, and what it says.
        self._newest: dict[str, tuple[tuple[int, bool], dict[str, str]]] = {}

    def see(self, record: Any) -> None:
        """One record of the topic."""
        (verdict,) = self._decoder.decode([record])
        for event in verdict.verdicts if isinstance(verdict, Several) else (verdict,):
            if not isinstance(event, Event):
                continue
            user, values = (event.key or b"").decode("utf-8", "replace"), {}
            if event.data is not None:
                user, values = event.data.user, dict(kept_values(event.data, EVERY_FIELD))
            rank = event.time_ms, not values  # of one time, forgetting stands
            if user not in self._newest or rank >= self._newest[user][0]:
                self._newest[user] = rank, values

    def known(self) -> dict[str, dict[str, str]]:
        """User -> field -> value, of those of whom anything is known."""
        return {user: values for user, (_, values) in self._newest.items() if values}


@dataclass
class Retained:
    """What was found. lists: joined, oldest first."""

    numbers: ItemIndex
    lists: list[Shown]
    join: Join
    catalogue: dict[str, ProductCatalogued]
    trending: list[str]
    opinions: dict[str, float]
    extents: dict[str, Extent]  # by topic
    lists_seen: int
    unreadable: int
    profiles: dict[str, dict[str, str]] = field(default_factory=dict)  # user -> field -> value
    reviews: Reviews = field(default_factory=Reviews)
    questions: Questions = field(default_factory=Questions)
    parameters: dict[str, ParametersUpdated] = field(default_factory=dict)  # by key


async def read(kafka: KafkaSettings, type_prefix: str, lists_max: int) -> Retained:
    """Everything up to now. Raises KafkaError, UnknownTopicOrPartitionError among them."""
    there = await partitions_of(kafka, [kafka.topic(name) for name in WELCOME])
    names = [name for name in WELCOME if kafka.topic(name) in there]
    extents = {name: Extent() for name in (*NEEDED, *names)}
    views = [name for name in names if name not in ASKED]
    numbers = ItemIndex()
    catalogue: dict[str, ProductCatalogued] = {}
    trending: list[str] = []
    reviews, questions = Reviews(), Questions()
    parameters: dict[str, ParametersUpdated] = {}
    lists = Lists(numbers, lists_max)
    profiles = Profiles(type_prefix)
    decoder = _decoder(topics.CATALOGUE, type_prefix)
    # Lists first: then the event that any of them was made for is among the clicks read later.
    async with Reader(kafka, [topics.RECOMMENDATIONS, *views], from_start=True) as reader:
        async for record in reader.until_now():
            name = reader.name(record)
            extents[name].add(record)
            if name == topics.RECOMMENDATIONS:
                lists.see(
                    record.partition,
                    record.offset,
                    record.key,
                    record.value,
                    event_time(record.headers),
                    record.timestamp,
                )
            elif name == topics.CATALOGUE:
                _catalogue(decoder, record, catalogue)
            elif name == topics.PROFILES:
                profiles.see(record)
            elif record.value is None:
                if name == topics.PRODUCT_SENTIMENT:
                    emptied = (record.key or b"").decode("utf-8", "replace")
                    reviews.see_product(emptied, None, record.timestamp)
            else:
                found = _decoded(name, record.value)
                if isinstance(found, TrendingUpdated) and found.scope == "all":
                    trending = [item.product_id for item in found.items]
                elif isinstance(found, ParametersUpdated):
                    parameters[f"clicks/{found.partition}"] = found
                elif isinstance(found, ProductSentimentUpdated):
                    reviews.see_product(found.product_id, found, record.timestamp)
                elif isinstance(found, SentimentScored | AnswerGiven):
                    time_ms = event_time(record.headers)
                    time_ms = record.timestamp if time_ms is None else time_ms
                    if isinstance(found, SentimentScored):
                        reviews.see_review(found, time_ms)
                    else:
                        questions.see_answer(_id(record), found, time_ms)
    kept = lists.kept()
    join = Join(numbers, kept)
    if topics.SEARCHES in names:
        async for _, event in _events(kafka, topics.SEARCHES, type_prefix, extents):
            join.see_search(event)
            questions.see_event(event)
    if topics.QUESTIONS in names:
        async for _, event in _events(kafka, topics.QUESTIONS, type_prefix, extents):
            questions.see_event(event)
    async for record, event in _events(kafka, topics.CLICKS, type_prefix, extents):
        join.see(record.partition, event, record.timestamp)
    join.close()
    return Retained(
        numbers=numbers,
        lists=kept,
        join=join,
        catalogue=catalogue,
        trending=trending,
        opinions={said.product_id: said.mean for said in reviews.products},
        extents=extents,
        lists_seen=lists.seen,
        unreadable=lists.unreadable,
        profiles=profiles.known(),
        reviews=reviews,
        questions=questions,
        parameters=parameters,
    )


async def _events(
    kafka: KafkaSettings, name: str, type_prefix: str, extents: dict[str, Extent]
) -> AsyncIterator[tuple[Any, Event]]:
    """A topic's records that hold an event, with it; all are counted. What a worker published again
    is passed over: the original is there."""
    decoder = _decoder(name, type_prefix)
    async with Reader(kafka, [name], from_start=True) as reader:
        async for record in reader.until_now():
            extents[name].add(record)
            if hop_of(record) is not None:
                continue
            (verdict,) = decoder.decode([record])
            for each in verdict.verdicts if isinstance(verdict, Several) else (verdict,):
                if isinstance(each, Event):
                    yield record, each


def _decoder(name: str, type_prefix: str) -> EventDecoder:
    return EventDecoder(name, topics.BY_NAME[name].types, READER, type_prefix)


def event_time(headers: Any) -> int | None:
    """ce_time of a list, the time of the event that it was made for, in Unix milliseconds."""
    for name, value in headers or ():
        if name == "ce_time":
            try:
                return round(datetime.fromisoformat((value or b"").decode()).timestamp() * 1000)
            except (ValueError, OverflowError):
                return None
    return None


def _id(record: Any) -> str:
    """ce_id, or where the record lies."""
    for name, value in record.headers or ():
        if name == "ce_id" and value:
            return bytes(value).decode("utf-8", "replace")
    return f"{record.topic}/{record.partition}/{record.offset}"


def _catalogue(decoder: EventDecoder, record: Any, catalogue: dict[str, ProductCatalogued]) -> None:
    (verdict,) = decoder.decode([record])
    if isinstance(verdict, Event):
        if verdict.data is None:
            catalogue.pop((verdict.key or b"").decode("utf-8", "replace"), None)
        else:
            catalogue[verdict.data.product_id] = verdict.data


_SUFFIXES = {
    topics.TRENDING: TRENDING_UPDATED,
    topics.PARAMETERS: PARAMETERS_UPDATED,
    topics.PRODUCT_SENTIMENT: PRODUCT_SENTIMENT_UPDATED,
    topics.SENTIMENTS: SENTIMENT_SCORED,
    topics.ANSWERS: ANSWER_GIVEN,
}


def _decoded(name: str, value: bytes) -> Any:
    try:
        return outputs.decode(_SUFFIXES[name], value)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
