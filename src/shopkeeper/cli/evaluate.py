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
    "--hold-out", type=click.FloatRange(0, 1, min_open=True, max_open=True), metavar="SHARE",
    help="Instead of TEST: this share of TRAIN's sessions, those that begin last. To choose by.",
)  # fmt: skip
@click.option(
    "--repeats", type=click.Choice(["allow", "forbid"]), default="allow", show_default=True,
    help="allow: items of the session may be offered again, and every click is a target. "
    "forbid: they may not, and only items new in the session are targets.",
)  # fmt: skip
@click.option(
    "--blend/--no-blend", default=True, show_default=True,
    help="Whether the learned blend may rank, or neighbours' scores alone.",
)  # fmt: skip
def recommender(
    train: Path,
    test: Path | None,
    hold_out: float | None,
    repeats: Literal["allow", "forbid"],
    blend: bool,
) -> None:
    """Next item in a session: learn TRAIN, predict every click of TEST from those before it.

    Files: CSV, gzip-compressed or not, with the columns session_id,position,item_id or
    session_id,item_id,timestamp.
    """
    from shopkeeper.services.recommender.evaluate import run
    from shopkeeper.services.recommender.settings import Settings

    if (test is None) == (hold_out is None):
        raise click.UsageError("give either TEST or --hold-out")
    _report(lambda: run(train, test, repeats, Settings(blend=blend), hold_out))


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
