"""`shopkeeper case-study FOLDER`: a shop through the real workers, and a report of plots."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click
from aiokafka.errors import KafkaError

from shopkeeper.apps.demo import catalogue
from shopkeeper.shared.datasets.products import load
from shopkeeper.shared.datasets.readers import FORMATS, FormatError, Options, recognise
from shopkeeper.shared.runtime.processes import terminal
from shopkeeper.shared.runtime.processes.embedded import BrokerUnavailable, embedded_broker
from shopkeeper.shared.runtime.settings import SettingsError
from shopkeeper.shared.runtime.settings import read as read_setting

if TYPE_CHECKING:
    from shopkeeper.apps.case_study.shop import Plan

EVENTS, PER_S = 8000, 100.0
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
NEEDED = ("pandas", "seaborn", "matplotlib", "jinja2", "markupsafe", "sklearn")


@click.command("case-study")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--data", type=FILE, help="Your behaviour data instead of simulated shoppers.")
@click.option(
    "--format",
    "form",
    type=click.Choice(sorted(FORMATS)),
    help="The format of --data; without it the file shows its own.",
)
@click.option("--catalogue", "products", type=FILE, help="Your products: JSON lines or CSV.")
@click.option(
    "--events",
    type=click.IntRange(min=100),
    default=EVENTS,
    show_default=True,
    help="The first so many.",
)
@click.option(
    "--rate",
    type=click.FloatRange(min=1, max=10_000),
    default=PER_S,
    show_default=True,
    help="Events per second.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Of the simulated shoppers.")
def command(
    folder: Path,
    data: Path | None,
    form: str | None,
    products: Path | None,
    events: int,
    rate: float,
    seed: int,
) -> None:
    """Run a shop through the real workers on an embedded broker, and write a report of plots:
    uplift over the traditional way, cold start, groups of users, the space of items, intents,
    sentiment, answers, fairness.

    \b
    Examples:
      shopkeeper case-study report
      shopkeeper case-study report --data clicks.csv.gz --catalogue products.csv
    """
    try:
        from shopkeeper.apps.case_study import shop, study  # noqa: F401, needed after the run
        from shopkeeper.apps.report import compose  # noqa: F401, likewise
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in NEEDED:
            raise
        raise click.ClickException(
            f'{error.name} is missing: pip install "shopkeeper[broker,notebook]"'
        ) from None
    if data is None and form is not None:
        raise click.UsageError("--format is of --data, which is missing")
    terminal.exit_on_signals()
    try:
        if data is not None and form is None:
            form = recognise(data, Options(say=_say))
        if products is not None:
            known = load(products, further=True, options=Options(say=_say))
        else:
            known = [] if data else catalogue.built_in()
        plan = shop.Plan(known, events, rate, data, form or "", seed)
        with embedded_broker() as address:
            index = made(plan, address, folder)
    except SettingsError as error:
        raise click.UsageError(str(error)) from None
    except (FormatError, BrokerUnavailable, shop.NotReady, OSError) as error:
        raise click.ClickException(str(error)) from None
    except KafkaError as error:
        raise click.ClickException(f"broker: {error!r}") from None
    click.echo(str(index))


def made(plan: Plan, address: str, folder: Path) -> Path:
    """The report's page in `folder`, after the run on the broker at `address`.

    Raises SettingsError, FormatError, NotReady, OSError, KafkaError."""
    from shopkeeper.apps.case_study import page, shop, study

    asyncio.run(shop.run(plan, address, os.environ, _say))
    _say("reading the topics, drawing")
    found = study.study(address, read_setting(os.environ, "TYPE_PREFIX"))
    index = page.write(found, folder, [_about(plan)])
    _report(address, folder)
    return index


def _about(plan: Plan) -> str:
    who = plan.data.name if plan.data else f"simulated shoppers, seed {plan.seed}"
    return (
        f"{plan.events_max:,} events ({who}) at {plan.events_per_s:g} per second through an "
        "embedded broker and the workers of intent, sentiment, recommender and answers."
    )


def _report(address: str, folder: Path) -> None:
    """The page of `shopkeeper report` on the same broker."""
    from . import report

    before = os.environ.get("KAFKA_BOOTSTRAP_SERVERS")
    os.environ["KAFKA_BOOTSTRAP_SERVERS"] = address
    try:
        report.command.main([str(folder / "report.html"), "--broker"], standalone_mode=False)
    except click.ClickException as error:
        _say(error.format_message())
    finally:
        os.environ.pop("KAFKA_BOOTSTRAP_SERVERS")
        if before is not None:
            os.environ["KAFKA_BOOTSTRAP_SERVERS"] = before


def _say(line: str) -> None:
    click.echo(line, err=True)
