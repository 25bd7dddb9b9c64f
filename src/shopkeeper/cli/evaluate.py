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
@click.argument("test", type=FILE)
@click.option(
    "--repeats", type=click.Choice(["allow", "forbid"]), default="allow", show_default=True,
    help="allow: items of the session may be offered again, and every click is a target. "
    "forbid: they may not, and only items new in the session are targets.",
)  # fmt: skip
def recommender(train: Path, test: Path, repeats: Literal["allow", "forbid"]) -> None:
    """Next item in a session: learn TRAIN, predict every click of TEST from those before it.

    Files: CSV, gzip-compressed or not, with the columns session_id,position,item_id or
    session_id,item_id,timestamp.
    """
    from shopkeeper.services.recommender.evaluate import run

    _report(lambda: run(train, test, repeats))


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
