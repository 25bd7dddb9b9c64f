"""`shopkeeper replay FILE --format F`: publishes a data set as events."""

from __future__ import annotations

import asyncio
import itertools
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import orjson
from aiokafka.errors import KafkaError
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from shopkeeper.shared.contracts.events.shop import ProductCatalogued
from shopkeeper.shared.datasets.products import catalogue_events, load
from shopkeeper.shared.datasets.readers import READERS, FormatError, read, refuse
from shopkeeper.shared.runtime.kafka.admin import wait_for_broker
from shopkeeper.shared.runtime.kafka.publisher import Publisher
from shopkeeper.shared.runtime.settings import KafkaSettings, SettingsError
from shopkeeper.shared.runtime.settings import read as read_setting
from shopkeeper.shared.runtime.telemetry import logs

FLUSH_EVERY_S = 0.05  # at a given speed, what is due is sent at least this often
CHECK_EVERY = 2000
BAD_SHOWN = 10
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@dataclass(frozen=True, slots=True)
class Plan:
    """What to publish, and how fast."""

    path: Path
    form: str
    type_prefix: str
    speed: float = 0.0  # event time goes so many times faster than the clock; 0: at full speed
    limit: int | None = None
    skip_bad: bool = False
    products: Sequence[ProductCatalogued] = ()  # published before the file


class _Bad:
    """Counts bad rows; says the first few."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, error: FormatError) -> None:
        self.count += 1
        if self.count <= BAD_SHOWN:
            click.echo(f"skipped: {error}", err=True)
        elif self.count == BAD_SHOWN + 1:
            click.echo("skipped: further bad rows are only counted", err=True)


async def replay(kafka: KafkaSettings, plan: Plan) -> dict[str, float | int]:
    """Publish the catalogue and the file; returns counts and seconds, for the summary.

    Raises FormatError and KafkaError; what was published until then stays.
    """
    await wait_for_broker(kafka, lambda line: click.echo(line, err=True))
    bad = _Bad()
    events = read(plan.path, plan.form, bad if plan.skip_bad else refuse)
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.completed:,.0f} events"), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("replay", total=None)
        async with Publisher(kafka, f"replay/{plan.form}", plan.type_prefix) as publisher:
            for product in catalogue_events(plan.products, int(time.time() * 1000)):
                await publisher.publish(product)
            await publisher.flush()
            started = time.monotonic()
            first_ms: int | None = None
            count = 0
            for event in itertools.islice(events, plan.limit):
                if plan.speed:
                    first_ms = event.time_ms if first_ms is None else first_ms
                    due = started + (event.time_ms - first_ms) / 1000.0 / plan.speed
                    while (wait_s := due - time.monotonic()) > 0:
                        await publisher.ship()
                        progress.update(task, completed=count)
                        await asyncio.sleep(min(wait_s, FLUSH_EVERY_S))
                await publisher.publish(event)
                count += 1
                if count % CHECK_EVERY == 0:
                    progress.update(task, completed=count)
                    await asyncio.sleep(0)
            await publisher.flush()
            progress.update(task, completed=count)
            seconds = time.monotonic() - started
    summary: dict[str, float | int] = {
        "events": count,
        "seconds": round(seconds, 3),
        "events_per_second": round(count / max(seconds, 1e-9)),
    }
    if plan.products:
        summary["products"] = len(plan.products)
    if plan.skip_bad:
        summary["skipped_bad"] = bad.count
    return summary


@click.command("replay")
@click.argument("file", type=FILE)
@click.option("--format", "form", type=click.Choice(sorted(READERS)), required=True)
@click.option(
    "--speed",
    type=click.FloatRange(min=0),
    default=0.0,
    help="Event time goes this many times faster than the clock; 0 (default): as fast as possible.",
)
@click.option("--limit", type=click.IntRange(min=0), help="Publish at most this many events.")
@click.option("--skip-bad", is_flag=True, help="Leave bad rows out and count them.")
@click.option("--catalogue", type=FILE, help="Products to publish first: JSON lines or CSV.")
def command(
    file: Path, form: str, speed: float, limit: int | None, skip_bad: bool, catalogue: Path | None
) -> None:
    """Publish the data set FILE as shop events; prints a JSON summary."""
    try:
        kafka = KafkaSettings.from_env(os.environ)
        prefix = read_setting(os.environ, "TYPE_PREFIX")
    except SettingsError as error:
        raise click.UsageError(str(error)) from None
    logs.configure("replay", "WARNING", "text")
    try:
        products = [] if catalogue is None else load(catalogue)
        plan = Plan(
            file, form, prefix, speed=speed, limit=limit, skip_bad=skip_bad, products=products
        )
        summary = asyncio.run(replay(kafka, plan))
    except FormatError as error:
        raise click.ClickException(str(error)) from None
    except KafkaError as error:
        raise click.ClickException(f"publishing failed: {error}") from None
    click.echo(orjson.dumps(summary).decode())
