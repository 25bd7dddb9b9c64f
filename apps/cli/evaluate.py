"""`shopkeeper evaluate`: quality figures of each service, one JSON object each."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click
import orjson

if TYPE_CHECKING:
    from collections.abc import Callable

    from shopkeeper.shared.contracts.events.shop import ProductCatalogued

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def _report(figure: Callable[[], dict[str, Any]]) -> None:
    """Print what it returns; what a user can mend becomes one clear line and exit status 1."""
    try:
        figures = figure()
    except (ValueError, OSError) as error:  # whatever is wrong with a file is a ValueError
        raise click.ClickException(" ".join(str(error).split())) from None
    sys.stdout.write(orjson.dumps(figures).decode() + "\n")


@click.group("evaluate")
def command() -> None:
    """Quality on labelled data or recorded sessions: one JSON object."""


@command.command("recommender")
@click.argument("train", type=FILE)
@click.argument("test", type=FILE, required=False)
@click.option(
    "--hold-out",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    metavar="SHARE",
    help="Instead of TEST: this share of TRAIN's sessions, those that begin last. To choose by.",
)
@click.option(
    "--repeats",
    type=click.Choice(["allow", "forbid"]),
    default="allow",
    show_default=True,
    help="allow: items of the session may be offered again, and every click is a target. "
    "forbid: they may not, and only items new in the session are targets.",
)
@click.option(
    "--new-targets-only",
    is_flag=True,
    help="Count only targets that are new in the session, whatever may be offered.",
)
@click.option(
    "--prequential",
    is_flag=True,
    help="Predict, then learn, over the whole of TRAIN, by the lists that would be published.",
)
@click.option(
    "--nightly",
    is_flag=True,
    help="With --prequential: lists use only what was learned up to the day before.",
)
@click.option(
    "--partitions",
    type=click.IntRange(1, 1024),
    default=1,
    show_default=True,
    help="Of the topics, users' and items' alike.",
)
@click.option(
    "--catalogue",
    "catalogues",
    type=FILE,
    multiple=True,
    help="What is known of the products (JSON lines or CSV); titles may be missing.",
)
@click.option(
    "--attribute",
    "attributes",
    multiple=True,
    metavar="COLUMN",
    help="A further column of the catalogue that describes products.",
)
@click.option(
    "--cold-items",
    is_flag=True,
    help="Keep a tenth of the items (by hash) out of what is learned; predict the clicks on them, "
    "among them, from the catalogue.",
)
@click.option(
    "--blend/--no-blend",
    default=True,
    show_default=True,
    help="Whether the learned blend may rank, or neighbours' scores alone.",
)
@click.option(
    "--rules",
    type=FILE,
    help="Serving rules, as RULES names them. Only lists of --prequential explore.",
)
def recommender(
    train: Path,
    test: Path | None,
    hold_out: float | None,
    repeats: Literal["allow", "forbid"],
    new_targets_only: bool,
    prequential: bool,
    nightly: bool,
    partitions: int,
    catalogues: tuple[Path, ...],
    attributes: tuple[str, ...],
    cold_items: bool,
    blend: bool,
    rules: Path | None,
) -> None:
    """Next item in a session: learn TRAIN, predict every click of TEST from those before it.

    Files: CSV, gzip-compressed or not, with the columns session_id,position,item_id or
    session_id,item_id,timestamp; or user_id,position,item_id and no TEST: the last item of each
    user is predicted (with --hold-out the last but one); or the order lines of online-retail.
    """
    from shopkeeper.services.recommender.config import RecommenderConfig
    from shopkeeper.services.recommender.core.rules import Rules, RulesError, parse
    from shopkeeper.services.recommender.evaluation import cold_start, next_item
    from shopkeeper.services.recommender.evaluation.splits import holds_its_test
    from shopkeeper.shared.datasets.products import load

    def products() -> list[ProductCatalogued]:
        return [product for path in catalogues for product in load(path, False, attributes)]

    targets: Literal["all", "new"] = "new" if new_targets_only else "all"
    try:
        knobs = RecommenderConfig(
            blend=blend, rules=parse(rules.read_bytes()) if rules else Rules()
        )
    except RulesError as error:
        raise click.ClickException(f"{rules}: {error}") from None
    if prequential:
        if test is not None or hold_out is not None:
            raise click.UsageError("--prequential takes one file and no --hold-out")
        _report(
            lambda: next_item.prequential(
                train, repeats, knobs, targets, nightly, partitions, products()
            )[0]
        )
        return
    if nightly:
        raise click.UsageError("--nightly belongs to --prequential")
    both, neither = bool(test and hold_out), not (test or hold_out)
    if both or (neither and not holds_its_test(train)):
        raise click.UsageError("give either TEST or --hold-out")
    if cold_items:
        if not catalogues:
            raise click.UsageError("--cold-items needs a --catalogue")
        _report(lambda: cold_start.measure_cold(train, test, products(), knobs, hold_out))
        return
    _report(
        lambda: next_item.measure(
            train, test, repeats, knobs, hold_out, targets, partitions, products()
        )[0]
    )


def _labelled(service: str, path: Path) -> None:
    from shopkeeper.shared.text.onnx_model import ModelError

    run = import_module(f"shopkeeper.services.{service}.evaluate").run
    try:
        _report(lambda: run(path))
    except ModelError as error:
        raise click.ClickException(" ".join(str(error).split())) from None


@command.command("intent")
@click.argument("file", type=FILE)
def intent(file: Path) -> None:
    """Intents of texts: FILE has `text` and `intent` (or `label`)."""
    _labelled("intent", file)


@command.command("sentiment")
@click.argument("file", type=FILE)
def sentiment(file: Path) -> None:
    """Sentiment of texts: FILE has `text` and `label`."""
    _labelled("sentiment", file)
