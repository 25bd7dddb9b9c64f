"""`shopkeeper tail TOPIC`: prints events readably, from the end or the start."""

from __future__ import annotations

import asyncio
import os
import signal
from datetime import UTC, datetime
from typing import Any

import click
import msgspec
import orjson
from aiokafka.errors import UnknownTopicOrPartitionError

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.events.shop import ProductCatalogued
from shopkeeper.shared.contracts.outputs import OUTPUT_TYPE_PREFIX
from shopkeeper.shared.runtime.kafka.reader import Reader
from shopkeeper.shared.runtime.settings import KafkaSettings, SettingsError
from shopkeeper.shared.runtime.settings import read as read_setting

from . import connection
from .output import reader_gone
from .summaries import content_of, masked_preview, place_of, preview, printable, summary, type_of
from .topic_names import TopicName, listed, nearest

POLL_S = 0.2  # also how long a reader that goes away is not noticed


async def catalogue_titles(kafka: KafkaSettings, language: str) -> dict[str, str]:
    """product id -> title, from the catalogue topic as it is now."""
    titles: dict[str, str] = {}
    async with Reader(kafka, [topics.CATALOGUE], from_start=True) as reader:
        async for record in reader.until_now():
            try:
                product = msgspec.json.decode(record.value or b"", type=ProductCatalogued)
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue
            chinese = product.title_zh if language == "zh" else None
            titles[product.product_id] = chinese or product.title
    return titles


def as_json(record: Any, name: str) -> bytes:
    """One JSON object: place, time, key, headers, and the value as JSON, else as text."""
    return orjson.dumps(place_of(record, name) | content_of(record, record.headers))


def as_line(record: Any, name: str, language: str, titles: dict[str, str], type_prefix: str) -> str:
    """time, partition@offset, type, key and a summary, in columns."""
    time = datetime.fromtimestamp(record.timestamp / 1000, UTC).strftime("%H:%M:%S.%f")[:-3]
    place = f"{record.partition}@{record.offset}"
    key = preview(record.key, 40)
    topic = topics.BY_NAME.get(name)
    if topic is not None and topic.internal and not name.endswith(".dlq"):
        text = f"({len(record.value or b'')} bytes, internal format)"
        return f"{time} {place:>9} {'-':24} {key:20} {text}"
    kind = type_of(record.headers, (type_prefix, OUTPUT_TYPE_PREFIX))
    if name.endswith(".dlq"):
        errors = dict(record.headers)
        error = (errors.get("__connect.errors.exception.class.name") or b"?").decode()
        text = f"{printable(error)}: {masked_preview(record.value)}"
    else:
        # A bare JSON record is of its topic's type, as the worker takes it.
        meant = kind or (topic.default_type if topic is not None else "")
        text = summary(meant, record.value, language, titles)
    return f"{time} {place:>9} {kind or '-':24} {key:20} {text}"


async def tail(
    kafka: KafkaSettings,
    name: str,
    type_prefix: str,
    *,
    from_start: bool,
    limit: int | None,
    raw: bool,
    language: str,
) -> None:
    """Print until `limit` records, a signal, or a reader that closes the pipe (BrokenPipeError)."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    async with Reader(kafka, [name], from_start=from_start) as reader:
        titles = {} if raw else await catalogue_titles(kafka, language)
        printed = 0
        while not stopping.is_set() and (limit is None or printed < limit):
            if reader_gone():
                raise BrokenPipeError
            for record in await reader.poll(POLL_S):
                if limit is not None and printed >= limit:
                    break
                if raw:
                    click.echo(as_json(record, name).decode())
                else:
                    click.echo(as_line(record, name, language, titles, type_prefix))
                printed += 1


@click.command("tail")
@click.argument("topic", type=TopicName(), required=False)
@click.option("--from-start", is_flag=True, help="From the oldest record; else only new ones.")
@click.option("--limit", type=click.IntRange(min=1), help="Stop after so many records.")
@click.option("--json", "raw", is_flag=True, help="One JSON object per record, unmasked.")
@click.option("--lang", type=click.Choice(["en", "zh"]), default="en", show_default=True)
def command(topic: str | None, from_start: bool, limit: int | None, raw: bool, lang: str) -> None:
    """Print the events of TOPIC as they come; Ctrl-C ends it. Without a TOPIC, list the topics.

    E-mail addresses, telephones and the like in what people wrote are masked; --json masks none.

    \b
    Examples:
      shopkeeper tail personalisation.recommendations.v1
      shopkeeper tail shop.clicks.v1 --from-start | head -2
    """
    if topic is None:
        raise click.UsageError(f"say which TOPIC:\n\n{listed()}")
    try:
        type_prefix = read_setting(os.environ, "TYPE_PREFIX")
    except SettingsError as error:
        raise click.UsageError(str(error)) from None

    async def work(kafka: KafkaSettings) -> None:
        try:
            await tail(
                kafka,
                topic,
                type_prefix,
                from_start=from_start,
                limit=limit,
                raw=raw,
                language=lang,
            )
        except UnknownTopicOrPartitionError as error:
            hint = "" if topic in topics.BY_NAME else nearest(topic, list(topics.BY_NAME))
            raise click.ClickException(f"cannot read {topic}: {error}{hint}") from None

    connection.run("tail", work)
