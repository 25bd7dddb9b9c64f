"""`shopkeeper report FILE.html`: quality, fairness and clarity of a running shop on one page."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click
import orjson
from aiokafka.errors import KafkaError

from shopkeeper.apps.report import evaluation
from shopkeeper.apps.report.charts import Language, Section, Words
from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.kafka.admin import wait_for_broker
from shopkeeper.shared.runtime.settings import KafkaSettings, SettingsError
from shopkeeper.shared.runtime.settings import read as read_setting

if TYPE_CHECKING:
    from shopkeeper.apps.report.source import Retained

LISTS_MAX = 200_000
BROKER_S_MAX = 30.0
IN = click.Path(exists=True, dir_okay=False, path_type=Path)
OUT = click.Path(dir_okay=False, writable=True, path_type=Path)
FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command("report")
@click.argument("file", type=OUT, metavar="FILE.html")
@click.option(
    "--evaluation",
    "evaluations",
    type=IN,
    multiple=True,
    metavar="FILE.json",
    help="What `shopkeeper evaluate recommender` printed; several are shown side by side. "
    "Without --broker, nothing else is.",
)
@click.option(
    "--broker/--no-broker",
    default=None,
    help="Whether to read KAFKA_BOOTSTRAP_SERVERS (default: unless --evaluation is given).",
)
@click.option(
    "--lists-max",
    type=click.IntRange(min=1),
    default=LISTS_MAX,
    show_default=True,
    help="The newest so many lists; about 1 kB of memory each.",
)
@click.option("--language", type=click.Choice(["en", "zh"]), default="en", show_default=True)
@click.option("--plots", type=FOLDER, help="Also save each plot there, as NAME.svg.")
def command(
    file: Path,
    evaluations: tuple[Path, ...],
    broker: bool | None,
    lists_max: int,
    language: Language,
    plots: Path | None,
) -> None:
    """Write a page about how good, fair and clear the lists of a shop are; FILE.json gets the same
    figures for a program.

    Reads clicks, lists, catalogue, trending and users' profiles from the start of what the broker
    retains, commits nothing and publishes nothing. No user is named, and no group of fewer than 20.

    \b
    Examples:
      shopkeeper report shop.html
      shopkeeper report shop.json
      shopkeeper report runs.html --evaluation first.json --evaluation second.json
    """
    if file.suffix == ".json":
        _write_figures(file, lists_max, bool(evaluations or plots))
        return
    try:
        from shopkeeper.apps.report import compose, page
        from shopkeeper.apps.report.plots import standalone
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("matplotlib", "jinja2", "markupsafe"):
            raise
        raise click.ClickException(
            f'{error.name} is missing: pip install "shopkeeper[report]"'
        ) from None
    if not file.absolute().parent.is_dir():
        raise click.UsageError(f"{file.parent} is not a folder")
    words = Words(language)
    about = [compose.made(time.time() * 1000, words)]
    tiles: list[tuple[str, str]] = []
    sections: list[Section] = []
    try:
        if broker or (broker is None and not evaluations):
            shown = compose.running_shop(_read(lists_max), words)
            about += shown.about
            tiles, sections = shown.tiles, shown.sections
        if evaluations:
            sections.append(evaluation.section(evaluation.load(evaluations), words))
        if not sections:
            raise click.ClickException("nothing to show: neither a broker nor --evaluation")
        _write(file, page.render(sections, about, tiles, words))
        if plots is not None:
            for chart in (c for section in sections for c in section.charts if not c.problem):
                _write(plots / f"{chart.name}.svg", standalone(chart))
    except (evaluation.NotAnEvaluation, OSError) as error:
        raise click.ClickException(str(error)) from None


def _write_figures(file: Path, lists_max: int, more: bool) -> None:
    from shopkeeper.apps.report import as_json

    if more:
        raise click.UsageError("FILE.json takes neither --evaluation nor --plots")
    if not file.absolute().parent.is_dir():
        raise click.UsageError(f"{file.parent} is not a folder")
    figures = as_json.document(_read(lists_max), int(time.time() * 1000))
    _write(file, orjson.dumps(figures).decode())


def _read(lists_max: int) -> Retained:
    from shopkeeper.apps.report import source

    try:
        kafka = KafkaSettings.from_env(os.environ)
        type_prefix = read_setting(os.environ, "TYPE_PREFIX")
    except SettingsError as error:
        raise click.UsageError(str(error)) from None

    async def body() -> Retained:
        await wait_for_broker(kafka, lambda line: click.echo(line, err=True), BROKER_S_MAX)
        return await source.read(kafka, type_prefix, lists_max)

    try:
        found = asyncio.run(body())
    except KafkaError as error:
        raise click.ClickException(str(error) or repr(error)) from None
    if not found.lists:
        raise click.ClickException(f"nothing to show: {topics.RECOMMENDATIONS} holds no list")
    return found


def _write(path: Path, text: str) -> None:
    """All of it or nothing: a reader never sees half a page."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_text(text, "utf-8")
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
