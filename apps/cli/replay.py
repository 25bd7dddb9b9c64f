"""`shopkeeper replay FILE --format F`: publishes a data set as events."""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import orjson
from aiokafka.errors import KafkaError
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from shopkeeper import services
from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.events.shop import ProductCatalogued
from shopkeeper.shared.datasets.products import catalogue_events
from shopkeeper.shared.datasets.readers import Books, FormatError, Options, ShopEvent, read, refuse
from shopkeeper.shared.datasets.users import profile_events
from shopkeeper.shared.runtime.kafka.admin import wait_for_broker
from shopkeeper.shared.runtime.kafka.publisher import Publisher
from shopkeeper.shared.runtime.settings import KafkaSettings, SettingsError
from shopkeeper.shared.runtime.settings import read as read_setting
from shopkeeper.shared.runtime.telemetry import logs

from .data_files import BadRows, Said, data_options, load_catalogue, options_of, resolved, whole

FLUSH_EVERY_S = 0.05  # at a given speed, what is due is sent at least this often
CHECK_EVERY = 2000
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
LISTED = (topics.CLICKS, topics.SEARCHES)  # what users' lists follow from


@dataclass(frozen=True, slots=True)
class Plan:
    """What to publish, and how fast. name: what the user called the file, if path is its copy."""

    path: Path
    form: str
    type_prefix: str
    speed: float = 0.0  # event time goes so many times faster than the clock; 0: at full speed
    limit: int | None = None
    skip_bad: bool = False
    products: Sequence[ProductCatalogued] = ()  # published before the file
    profiles: Sequence[ShopEvent] = ()  # of users, likewise
    options: Options = field(default_factory=Options)
    name: Path | None = None
    list_age_s_max: float | None = None  # as the recommender's LIST_AGE_MAX; None: say nothing


class _Age:
    """Says once that lists are not published for events as old as these."""

    def __init__(self, age_s_max: float | None, now_ms: int) -> None:
        self._age_s_max = age_s_max
        self._oldest_ms = 0.0 if age_s_max is None else now_ms - age_s_max * 1000

    def see(self, event: ShopEvent) -> None:
        if event.time_ms < self._oldest_ms and event.topic in LISTED:
            self._oldest_ms = 0.0
            click.echo(
                f"events older than LIST_AGE_MAX ({self._age_s_max:g} s) are learned and no lists "
                "are published for them: start the recommender with LIST_AGE_MAX=1e10 to get them",
                err=True,
            )


class _Strangers:
    """Events about products that the catalogue, where one is given, does not have."""

    def __init__(self, products: Sequence[ProductCatalogued]) -> None:
        self._known = {product.product_id for product in products}
        self._events = 0
        self._first = ""

    def see(self, event: ShopEvent) -> None:
        if not self._known or event.topic == topics.CATALOGUE:
            return
        named = [event.data, *(event.data.get("products") or ())]
        for product_id in filter(None, (each.get("product_id") for each in named)):
            if product_id not in self._known:
                self._events += 1
                self._first = self._first or str(product_id)
                return

    def note(self) -> str | None:
        """What to say of them."""
        if not self._events:
            return None
        return (
            f"of the events, {self._events} name products that the catalogue does not have, first "
            f"{self._first!r}: such have neither title nor attributes in lists"
        )


async def replay(kafka: KafkaSettings, plan: Plan) -> dict[str, Any]:
    """Publish the catalogue and the file; returns counts and seconds, for the summary.

    In it rows = events + merged + skipped_bad + left_out, of what was read.
    Raises FormatError and KafkaError; what was published until then stays.
    """
    await wait_for_broker(kafka, lambda line: click.echo(line, err=True))
    books, now_ms = Books(), int(time.time() * 1000)
    age, strangers = _Age(plan.list_age_s_max, now_ms), _Strangers(plan.products)
    events = read(
        plan.path,
        plan.form,
        BadRows(plan.path, plan.name) if plan.skip_bad else refuse,
        options=plan.options,
        books=books,
        now_ms=now_ms,
    )
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.completed:,.0f} events"), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("replay", total=None)
        async with Publisher(kafka, f"replay/{plan.form}", plan.type_prefix) as publisher:
            for known in (*catalogue_events(plan.products, now_ms), *plan.profiles):
                await publisher.publish(known)
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
                age.see(event)
                strangers.see(event)
                await publisher.publish(event)
                count += 1
                if count % CHECK_EVERY == 0:
                    progress.update(task, completed=count)
                    await asyncio.sleep(0)
            await publisher.flush()
            progress.update(task, completed=count)
            seconds = time.monotonic() - started
    whole = plan.limit is None or count < plan.limit
    if whole and not books.balanced():
        raise AssertionError(f"{plan.path}: the books do not balance: {books}")
    summary: dict[str, Any] = {
        "events": count,
        "seconds": round(seconds, 3),
        "events_per_second": round(count / max(seconds, 1e-9)),
        "format": plan.form,
        **accounts(books),
    }
    if plan.products:
        summary["products"] = len(plan.products)
    if plan.profiles:
        summary["profiles"] = len(plan.profiles)
    if note := strangers.note():
        plan.options.say(note)
    return summary


def accounts(books: Books) -> dict[str, Any]:
    """What became of the rows, for a summary: totals, and by reason where there is any."""
    totals: dict[str, Any] = {
        "rows": books.accounted(),
        "merged": books.merged,
        "skipped_bad": books.skipped_bad.total(),
        "left_out": books.left_out.total(),
    }
    for name, counts in (
        ("skipped_bad_by_reason", books.skipped_bad),
        ("left_out_by_reason", books.left_out),
        ("dropped_cells", books.dropped_cells),
    ):
        if counts:
            totals[name] = dict(counts)
    return totals


@click.command("replay")
@click.argument("file", type=click.Path(exists=True, allow_dash=True, path_type=Path))
@data_options
@click.option(
    "--speed",
    type=click.FloatRange(min=0),
    default=0.0,
    help="Event time goes this many times faster than the clock; 0 (default): as fast as possible.",
)
@click.option("--limit", type=click.IntRange(min=0), help="Publish at most this many events.")
@click.option("--skip-bad", is_flag=True, help="Leave bad rows out and count them.")
@click.option("--catalogue", type=FILE, help="Products to publish first, in any usual format.")
@click.option(
    "--profiles",
    type=FILE,
    metavar="USERS",
    help="What is known of users, to publish first: age, gender, region, language, occupation.",
)
def command(
    file: Path,
    speed: float,
    limit: int | None,
    skip_bad: bool,
    catalogue: Path | None,
    profiles: Path | None,
    **said: Any,
) -> None:
    """Publish the data set FILE as shop events; prints a JSON summary.

    FILE is - for standard input. Every row is checked as the workers will check its event. A bad
    row ends it, with its line; with --skip-bad bad rows are left out and counted. docs/files.md
    shows every format.
    """
    try:
        kafka = KafkaSettings.from_env(os.environ)
        prefix = read_setting(os.environ, "TYPE_PREFIX")
        age = next(s for s in services.spec("recommender").settings if s.name == "LIST_AGE_MAX")
        age_s_max = float(age.read(os.environ))
    except SettingsError as error:
        raise click.UsageError(str(error)) from None
    logs.configure("replay", "WARNING", "text")
    notes = Said()
    try:
        products, of_catalogue = load_catalogue(catalogue, skip_bad, options_of(said, notes))
        with whole(file, notes) as (path, say):
            options = options_of(said, say, prefix)
            if of_catalogue is not None:
                options = dataclasses.replace(options, skus=of_catalogue.skus)
            plan = Plan(
                path,
                resolved(path, said["form"], options),
                prefix,
                speed=speed,
                limit=limit,
                skip_bad=skip_bad,
                products=products,
                profiles=[*profile_events(profiles, int(time.time() * 1000))] if profiles else (),
                options=options,
                name=file,
                list_age_s_max=age_s_max,
            )
            summary = asyncio.run(replay(kafka, plan))
    except FormatError as error:
        raise click.ClickException(str(error)) from None
    except KafkaError as error:
        raise click.ClickException(f"publishing failed: {error}") from None
    if of_catalogue is not None:
        summary["catalogue"] = accounts(of_catalogue)
    if notes.lines:
        summary["notes"] = notes.lines
    click.echo(orjson.dumps(summary).decode())
