"""`shopkeeper dlq list|show|replay`: what was refused, why, and back again once it is mended."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import click
import orjson
from aiokafka.errors import KafkaError

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.dead_letter import CORRUPT_BATCH, PREFIX
from shopkeeper.shared.runtime.kafka.admin import wait_for_broker
from shopkeeper.shared.runtime.kafka.publisher import Publisher
from shopkeeper.shared.runtime.kafka.reader import Reader
from shopkeeper.shared.runtime.settings import KafkaSettings, SettingsError

from .summaries import preview, printable

DEAD_LETTER_TOPICS = tuple(t.name for t in topics.ALL if t.name.endswith(".dlq"))
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


def _source_topic(name: str) -> str:
    for source in topics.BY_NAME:
        for service in topics.SERVICES:
            if topics.dead_letters(source, service) == name:
                return source
    raise click.UsageError(f"{name} is no dead-letter topic; there are {_listed()}")


def _listed() -> str:
    return ", ".join(DEAD_LETTER_TOPICS)


async def _selected(
    reader: Reader, partition: int | None, offset: int | None, limit: int | None
) -> AsyncIterator[Any]:
    count = 0
    async for record in reader.until_now():
        if partition is not None and record.partition != partition:
            continue
        if offset is not None and record.offset != offset:
            continue
        if limit is not None and count >= limit:
            return
        count += 1
        yield record


async def list_counts(kafka: KafkaSettings) -> dict[str, Counter[str]]:
    """Dead-letter topic -> error class -> records."""
    counts: dict[str, Counter[str]] = {name: Counter() for name in DEAD_LETTER_TOPICS}
    async with Reader(kafka, DEAD_LETTER_TOPICS, from_start=True) as reader:
        async for record in reader.until_now():
            error = errors_of(record).get("exception.class.name", "?")
            counts[reader.name(record)][printable(error)] += 1
    return counts


async def replay(
    kafka: KafkaSettings, name: str, partition: int | None, offset: int | None, limit: int | None
) -> tuple[int, int]:
    """Publish the selected records to their source topic again, each to its old partition.

    Returns (published, left out: the value was replaced by its hash, or is a whole batch).
    """
    source, left_out = _source_topic(name), 0
    async with Reader(kafka, [name], from_start=True) as reader, Publisher(kafka, "dlq") as out:
        async for record in _selected(reader, partition, offset, limit):
            errors = errors_of(record)
            if "value.replaced" in errors or errors.get("exception.class.name") == CORRUPT_BATCH:
                left_out += 1
                continue
            place = int(errors["partition"]) if errors.get("partition", "").isdigit() else None
            await out.send(source, record.key, record.value, original_headers(record), place)
        await out.flush()
        return out.sent, left_out


def _run(work: Any) -> Any:
    try:
        kafka = KafkaSettings.from_env(os.environ)
    except SettingsError as error:
        raise click.UsageError(str(error)) from None

    async def body() -> Any:
        await wait_for_broker(kafka, lambda line: click.echo(line, err=True))
        return await work(kafka)

    try:
        return asyncio.run(body())
    except KafkaError as error:
        raise click.ClickException(str(error) or repr(error)) from None


@click.group("dlq")
def command() -> None:
    """Dead letters: list, show, replay."""


@command.command("list")
@click.option("--json", "raw", is_flag=True, help="One JSON object.")
def list_command(raw: bool) -> None:
    """Count dead letters by topic and error."""
    counts: dict[str, Counter[str]] = _run(list_counts)
    if raw:
        click.echo(orjson.dumps({name: dict(found) for name, found in counts.items()}).decode())
        return
    for name, found in counts.items():
        details = ", ".join(f"{error} {count}" for error, count in found.most_common())
        click.echo(f"{name}\t{found.total()}\t{details}")


_SELECTORS = (
    click.argument("topic", type=click.Choice(DEAD_LETTER_TOPICS), metavar="TOPIC"),
    click.option("--partition", type=click.IntRange(min=0), help="Only this partition."),
    click.option("--offset", type=click.IntRange(min=0), help="Only this offset (of the DLQ)."),
    click.option("--limit", type=click.IntRange(min=1), help="At most so many."),
)


def _selectors(function: Any) -> Any:
    for option in reversed(_SELECTORS):
        function = option(function)
    return function


@command.command("show")
@_selectors
def show_command(topic: str, partition: int | None, offset: int | None, limit: int | None) -> None:
    """Print dead letters of TOPIC with what was wrong; payloads are escaped and cut."""

    async def work(kafka: KafkaSettings) -> int:
        shown = 0
        async with Reader(kafka, [topic], from_start=True) as reader:
            async for record in _selected(reader, partition, offset, limit):
                shown += 1
                click.echo(f"{topic} {record.partition}@{record.offset}")
                for name, value in errors_of(record).items():
                    click.echo(f"  {printable(name)}: {printable(value, 400)}")
                click.echo(f"  key: {preview(record.key)}")
                for header, content in original_headers(record):
                    click.echo(f"  header {printable(header)}: {preview(content)}")
                click.echo(f"  value: {preview(record.value, 400)}")
        return shown

    shown = _run(work)
    click.echo(f"{shown} dead letters", err=True)


@command.command("replay")
@_selectors
@click.option("--yes", is_flag=True, help="Do not ask.")
def replay_command(
    topic: str, partition: int | None, offset: int | None, limit: int | None, yes: bool
) -> None:
    """Publish dead letters of TOPIC to the topic that they came from, as they were.

    Their ids are the same as before; the dead letters stay where they are.
    """

    async def count(kafka: KafkaSettings) -> int:
        async with Reader(kafka, [topic], from_start=True) as reader:
            return len([r.offset async for r in _selected(reader, partition, offset, limit)])

    if not yes:
        found = _run(count)
        question = f"Publish {found} records to {_source_topic(topic)} again?"
        click.confirm(question, abort=True, err=True)

    async def work(kafka: KafkaSettings) -> tuple[int, int]:
        return await replay(kafka, topic, partition, offset, limit)

    published, left_out = _run(work)
    if left_out:
        click.echo(f"{left_out} left out: only a hash (too large), or a whole batch", err=True)
    click.echo(orjson.dumps({"published": published, "left_out": left_out}).decode())
