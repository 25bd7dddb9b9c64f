"""`shopkeeper replay FILE --format F`: publishes a data set as events."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path

import click
import orjson
from aiokafka.errors import KafkaError
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from shopkeeper.shared.formats.readers import READERS, FormatError, read
from shopkeeper.shared.runtime.admin import wait_for_broker
from shopkeeper.shared.runtime.publisher import Publisher
from shopkeeper.shared.runtime.settings import KafkaSettings, SettingsError
from shopkeeper.shared.runtime.settings import read as read_setting

FLUSH_EVERY_S = 0.05  # at a given speed, what is due is sent at least this often
CHECK_EVERY = 2000


async def replay(
    kafka: KafkaSettings, path: Path, form: str, speed: float, limit: int | None, type_prefix: str
) -> dict[str, float | int]:
    """Publish the file; returns {"events", "seconds", "events_per_second"}."""
    await wait_for_broker(kafka, lambda line: click.echo(line, err=True))
    started = time.monotonic()
    first_ms: int | None = None
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.completed:,.0f} events"), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("replay", total=None)
        async with Publisher(kafka, f"replay/{form}", type_prefix) as publisher:
            for event in read(path, form):
                if limit is not None and publisher.sent >= limit:
                    break
                if speed:
                    first_ms = event.time_ms if first_ms is None else first_ms
                    due = started + (event.time_ms - first_ms) / 1000.0 / speed
                    while (wait_s := due - time.monotonic()) > 0:
                        await publisher.ship()
                        await asyncio.sleep(min(wait_s, FLUSH_EVERY_S))
                await publisher.publish(event)
                if publisher.sent % CHECK_EVERY == 0:
                    progress.update(task, completed=publisher.sent)
                    await asyncio.sleep(0)
            await publisher.flush()
            progress.update(task, completed=publisher.sent)
            seconds = time.monotonic() - started
            return {
                "events": publisher.sent,
                "seconds": round(seconds, 3),
                "events_per_second": round(publisher.sent / max(seconds, 1e-9)),
            }


@click.command("replay")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--format", "form", type=click.Choice(sorted(READERS)), required=True)
@click.option(
    "--speed", type=click.FloatRange(min=0), default=0.0,
    help="Event time goes this many times faster than the clock; 0 (default): as fast as possible.",
)  # fmt: skip
@click.option("--limit", type=click.IntRange(min=0), help="Publish at most this many events.")
def command(file: Path, form: str, speed: float, limit: int | None) -> None:
    """Publish the data set FILE as shop events; prints a JSON summary."""
    try:
        kafka = KafkaSettings.from_env(os.environ)
        prefix = read_setting(os.environ, "TYPE_PREFIX")
    except SettingsError as error:
        raise click.UsageError(str(error)) from None
    try:
        summary = asyncio.run(replay(kafka, file, form, speed, limit, prefix))
    except FormatError as error:
        raise click.ClickException(str(error)) from None
    except KafkaError as error:
        raise click.ClickException(f"publishing failed: {error!r}") from None
    click.echo(orjson.dumps(summary).decode())
