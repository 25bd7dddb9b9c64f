"""`shopkeeper knowledge load|remove`: what the answers service answers from."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec
import orjson

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.datasets.base import FormatError
from shopkeeper.shared.datasets.knowledge import knowledge_events, read_knowledge
from shopkeeper.shared.runtime.kafka.publisher import Publisher
from shopkeeper.shared.runtime.settings import SettingsError
from shopkeeper.shared.runtime.settings import read as read_setting

from . import connection

if TYPE_CHECKING:
    from shopkeeper.shared.runtime.settings import KafkaSettings

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def _type_prefix() -> str:
    try:
        return read_setting(os.environ, "TYPE_PREFIX")
    except SettingsError as error:
        raise click.UsageError(str(error)) from None


@click.group("knowledge")
def command() -> None:
    """What the answers service answers from: frequent questions, rules, pages.

    \b
    Examples:
      shopkeeper knowledge load faq.md returns.html products.csv
      shopkeeper knowledge remove faq#do-you-ship-abroad
    """


@command.command("load")
@click.argument("files", nargs=-1, required=True, type=FILE, metavar="FILE...")
@click.option("--url", help="Where customers can read it; for entries that name no address.")
@click.option("--product", "product_id", help="The product that it is about, likewise.")
def load(files: tuple[Path, ...], url: str | None, product_id: str | None) -> None:
    """Publish the entries of FILEs; prints a JSON summary.

    Markdown and HTML: one entry per heading. CSV and JSON lines: one per row, with `question` and
    `answer` (or `title` and `text`) and, where you have them, `id`, `kind`, `language`,
    `product_id`, `url`. Loading a file again replaces its entries.

    Example: shopkeeper knowledge load faq.md
    """
    prefix = _type_prefix()
    try:
        entries = [entry for file in files for entry in read_knowledge(file)]
        entries = [
            msgspec.structs.replace(
                entry, url=entry.url or url, product_id=entry.product_id or product_id
            )
            for entry in entries
        ]
        events = knowledge_events(entries, int(time.time() * 1000))
    except (FormatError, OSError) as error:
        raise click.ClickException(str(error)) from None

    async def work(kafka: KafkaSettings) -> None:
        async with Publisher(kafka, "knowledge", prefix) as publisher:
            for event in events:
                await publisher.publish(event)

    connection.run("knowledge", work)
    _print({"entries": len(events), "files": len(files), "topic": topics.KNOWLEDGE})


@command.command("remove")
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
def remove(ids: tuple[str, ...]) -> None:
    """Remove entries by their ids; prints a JSON summary. One that is not there is no error.

    Example: shopkeeper knowledge remove faq#do-you-ship-abroad
    """

    async def work(kafka: KafkaSettings) -> None:
        async with Publisher(kafka, "knowledge") as publisher:
            for name in ids:
                await publisher.send(topics.KNOWLEDGE, name.encode(), None)

    connection.run("knowledge", work)
    _print({"removed": len(ids), "topic": topics.KNOWLEDGE})


def _print(summary: dict[str, Any]) -> None:
    click.echo(orjson.dumps(summary).decode())
