"""`shopkeeper demo`: a broker, the workers, shoppers and the live view, all on this machine."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import click
from aiokafka.errors import KafkaError

from shopkeeper.apps.demo import catalogue
from shopkeeper.apps.demo.pack_files import PackFiles
from shopkeeper.apps.demo.run import Demo, Plan
from shopkeeper.services import NAMES
from shopkeeper.shared.contracts.events.shop import ProductCatalogued
from shopkeeper.shared.datasets.products import load
from shopkeeper.shared.datasets.readers import (
    FORMATS,
    Books,
    FormatError,
    Options,
    read,
    recognise,
)
from shopkeeper.shared.domains import pack
from shopkeeper.shared.runtime.processes import terminal
from shopkeeper.shared.runtime.processes.embedded import (
    BrokerUnavailable,
    embedded_broker,
    reserved_port,
)
from shopkeeper.shared.runtime.settings import SettingsError
from shopkeeper.shared.runtime.telemetry import logs

from . import connection, unread
from .data_files import Said, columns_of

SIMULATED_PER_S = 40.0
FILE_PER_S = 200.0
PORT = 9092
PAGE_PORT = 8080

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("demo")
@click.option("--data", type=FILE, help="Your behaviour data instead of simulated shoppers.")
@click.option(
    "--format",
    "form",
    type=click.Choice(sorted(FORMATS)),
    help="The format of --data; without it the file shows its own.",
)
@click.option(
    "--columns",
    callback=columns_of,
    metavar="FIELD=COLUMN,…",
    help="Which column of --data is user_id, item_id, timestamp, event, …, where names are others.",
)
@click.option(
    "--catalogue",
    "catalogue_file",
    type=FILE,
    help="Your products: JSON lines or CSV with product_id and title at least.",
)
@click.option(
    "--domain",
    metavar="NAME|FOLDER",
    help="Another domain than a shop: finance, health, social, or the folder of your own pack.",
)
@click.option("--duration", type=click.FloatRange(min=1), help="Stop after so many seconds.")
@click.option(
    "--rate",
    type=click.FloatRange(min=0.1, max=100_000),
    help=f"Events per second (default {SIMULATED_PER_S:g}, or {FILE_PER_S:g} from a file).",
)
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=PORT,
    show_default=True,
    help="The broker's port; another is chosen if it is taken.",
)
@click.option(
    "--page-port",
    type=click.IntRange(1, 65535),
    default=PAGE_PORT,
    show_default=True,
    help="The shop's port; another is chosen if it is taken.",
)
@click.option("--terminal", "full_view", is_flag=True, help="The live view, on the whole terminal.")
@click.option("--no-open", is_flag=True, help="Do not open the shop in a browser.")
@click.option(
    "--screenshot",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE.svg",
    help="Save a picture of the view at the end.",
)
def command(
    data: Path | None,
    form: str | None,
    columns: dict[str, str],
    catalogue_file: Path | None,
    domain: str | None,
    duration: float | None,
    rate: float | None,
    port: int,
    page_port: int,
    full_view: bool,
    no_open: bool,
    screenshot: Path | None,
) -> None:
    """Everything at once on this machine: a shop in the browser, and behind it a broker, the
    workers and simulated shoppers; Ctrl-C ends it all.

    \b
    Examples:
      shopkeeper demo
      shopkeeper demo --terminal
      shopkeeper demo --domain finance
      shopkeeper demo --data clicks.csv.gz --catalogue products.csv
    """
    if data is None and (columns or form is not None):
        option = "--columns" if columns else "--format"
        raise click.UsageError(f"{option} is of --data, which is missing")
    say, books = Said(), Books()
    domain = domain or os.environ.get("DOMAIN", "").strip() or None
    if domain is not None and (data is not None or catalogue_file is not None):
        raise click.UsageError("a domain has its own shoppers and catalogue: leave --data out")
    if screenshot is not None and not screenshot.absolute().parent.is_dir():
        raise click.UsageError(f"--screenshot: {screenshot.parent} is not a folder")
    unread.warn(connection.say)
    logs.configure("demo", "WARNING", "text")
    # Drawing runs in a thread: the default of 5 ms per turn would add to the measured latency.
    sys.setswitchinterval(0.001)
    terminal.exit_on_signals()
    terminal.watch()
    try:
        if data is not None:
            form = _form_of(data, form, Options(columns=columns, say=say))
        files = None if domain is None else PackFiles.read(domain)
        if files is not None:
            pack.adopt(files.said)
        products = _products(files, catalogue_file, data, books, say)
        per_s = rate or (SIMULATED_PER_S if data is None else FILE_PER_S)
        opens = not no_open and not full_view and sys.stdout.isatty() and _has_display()
        with reserved_port(page_port) as page:
            if page != page_port:
                click.echo(f"port {page_port} is taken: the shop is at port {page}", err=True)
            plan = Plan(
                products,
                per_s,
                data,
                form or "",
                columns=columns,
                skus=books.skus,
                duration_s=duration,
                picture=screenshot,
                page_port=page,
                opens_page=opens,
                full_view=full_view,
                pack=files,
            )
            click.echo(f"starting the broker and {len(NAMES)} workers …", err=True)
            with embedded_broker(port=port) as address:
                status = asyncio.run(_run(plan, address))
    except KeyboardInterrupt:
        status = 0
    except SettingsError as error:
        raise click.UsageError(str(error)) from None
    except (FormatError, BrokerUnavailable) as error:
        raise click.ClickException(str(error)) from None
    except KafkaError as error:
        raise click.ClickException(f"broker: {error!r}") from None
    sys.exit(status)


def _products(
    files: PackFiles | None,
    catalogue_file: Path | None,
    data: Path | None,
    books: Books,
    say: Callable[[str], None],
) -> Sequence[ProductCatalogued]:
    """What the shop sells: a domain's products, a file's, or our own; none beside --data alone."""
    if files is not None:
        return files.products
    if catalogue_file is not None:
        return load(catalogue_file, further=True, books=books, options=Options(say=say))
    return catalogue.built_in() if data is None else []


def _form_of(data: Path, form: str | None, options: Options) -> str:
    """The format of a file, of which a first event was made: what is wrong with its columns is said
    at once, not once everything runs. Raises FormatError."""
    found = form or recognise(data, options)
    next(iter(read(data, found, options=options)), None)
    return found


def _has_display() -> bool:
    """Whether a browser could open a window for who sits here."""
    if sys.platform in ("darwin", "win32"):
        return "SSH_CONNECTION" not in os.environ
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


async def _run(plan: Plan, address: str) -> int:
    return await Demo(plan, address, os.environ).run()
