"""`shopkeeper train`: models of your own labels, held against those that run."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import orjson

from shopkeeper.shared.datasets.base import Options
from shopkeeper.shared.runtime.settings import SettingsError, model_dir_of

from .data_files import columns_of

if TYPE_CHECKING:
    from collections.abc import Callable

FILES = click.Path(exists=True, dir_okay=False, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)
NEEDED = ("onnx", "sklearn", "torch", "joblib", "threadpoolctl")
INSTALL = (
    'pip install "shopkeeper[{extra}]", or in a checkout '
    "pip install --require-hashes -r requirements-{lock}.lock"
)


@click.group("train")
def command() -> None:
    """Train a model on your own labels, and hold it against the one that runs.

    \b
    Examples:
      shopkeeper train intent labels.jsonl
      shopkeeper train sentiment reviews.csv --held-out judged.csv --replace /models
    """


def _options(task: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """What every training takes."""

    def added(function: Callable[..., None]) -> Callable[..., None]:
        for option in reversed(
            [
                click.argument("data", type=FILES, nargs=-1, required=True),
                click.option(
                    "--held-out",
                    type=FILES,
                    multiple=True,
                    help="Judged on these rows, and on no other; none of them is learned from.",
                ),
                click.option(
                    "--out",
                    type=FOLDER,
                    default=Path(f"trained-{task}"),
                    show_default=True,
                    help="State, card, comparison, and a folder of models with the new one in it. "
                    "The same command goes on from the state after a stop.",
                ),
                click.option(
                    "--replace",
                    type=click.Path(exists=True, file_okay=False, path_type=Path),
                    help="Put the model into this folder of models, unless it is worse.",
                ),
                click.option("--force", is_flag=True, help="Put it there also where it is worse."),
                click.option("--licence", default="", help="Of your rows, for the card."),
                click.option("--encoding", metavar="NAME", help="Of the files; else found out."),
                click.option(
                    "--columns",
                    callback=columns_of,
                    metavar="FIELD=COLUMN,…",
                    help="Which column is text, label, …, where names are others.",
                ),
                click.option(
                    "--skip-bad-rows", "skip_bad", is_flag=True, help="Leave them out, and go on."
                ),
            ]
        ):
            function = option(function)
        return function

    return added


START = click.option(
    "--start",
    type=click.Choice(["running", "nothing"]),
    help="What training begins with: the running model (the default, if it has all your labels; "
    "a few hundred rows are enough), or nothing.",
)


@command.command("intent")
@_options("intent")
@START
def intent(**given: Any) -> None:
    """Intents of texts: rows of DATA have `text` and `label`, any labels.

    \b
    Example: shopkeeper train intent labels.jsonl --replace /models
    """
    _text("intent", given)


@command.command("sentiment")
@_options("sentiment")
@START
def sentiment(**given: Any) -> None:
    """Sentiments of texts: rows of DATA have `text` and `label` (negative, neutral, positive).

    \b
    Example: shopkeeper train sentiment reviews.csv
    """
    _text("sentiment", given)


@command.command("reader")
@_options("reader")
@click.option("--language", type=click.Choice(["en", "zh"]), required=True)
@click.option("--epochs", type=click.IntRange(1, 20), default=2, show_default=True)
@click.option(
    "--steps",
    type=click.IntRange(min=0),
    default=0,
    help="Stop after so many steps of this run; the same command goes on. 0: to the end.",
)
def reader(**given: Any) -> None:
    """Answers in passages: rows of DATA have `question`, `context` and `answers` (words of it).

    \b
    Example: shopkeeper train reader questions.jsonl --language en
    """
    try:
        from shopkeeper.apps.train.reading import run
    except ModuleNotFoundError as error:
        raise missing(error, "train-reader", "training") from None
    plan = run.Plan(
        given["language"],
        given["data"],
        given["out"],
        _running(given["replace"]),
        command=shlex.join(["shopkeeper", *sys.argv[1:]]),
        held_out=given["held_out"],
        licence=given["licence"],
        skip_bad=given["skip_bad"],
        options=_options_of(given),
        steps_max=given["steps"],
        settings=run.Settings(epochs=given["epochs"]),
    )
    finish("readers", f"reader-{given['language']}", given, lambda: run.train(plan, say))


def _options_of(given: dict[str, Any]) -> Options:
    """What the user says of the files; what is found out of them is told."""
    return Options(encoding=given["encoding"], columns=given["columns"], say=say)


def _text(task: str, given: dict[str, Any]) -> None:
    try:
        from shopkeeper.apps.train import run
    except ModuleNotFoundError as error:
        raise missing(error, "train", "datascience") from None

    plan = run.Plan(
        task,
        given["data"],
        given["out"],
        _running(given["replace"]),
        command=shlex.join(["shopkeeper", *sys.argv[1:]]),
        held_out=given["held_out"],
        start=given["start"] or "",
        licence=given["licence"],
        skip_bad=given["skip_bad"],
        options=_options_of(given),
    )
    finish("models", task, given, lambda: run.train(plan, say))


def finish(kind: str, name: str, given: dict[str, Any], train: Callable[[], Any]) -> None:
    """Train, print the comparison, and put the model where it is wanted, unless it is worse."""
    from shopkeeper.apps.train import folder
    from shopkeeper.apps.train.files import BadFile, BadRows
    from shopkeeper.shared.text.manifest import ModelError

    try:
        made = train()
    except BadFile as error:
        raise click.ClickException(str(error)) from None
    except BadRows as error:
        rows = "1 bad row (mend it" if error.count == 1 else f"{error.count} bad rows (mend them"
        raise click.ClickException(f"{rows}, or --skip-bad-rows):\n{error}") from None
    except (ValueError, ModelError, OSError) as error:
        raise click.ClickException(" ".join(str(error).split())) from None
    sys.stdout.buffer.write(orjson.dumps(made.report, option=orjson.OPT_APPEND_NEWLINE))
    sys.stdout.flush()
    say(f"{made.verdict.why}; card: {made.card}")
    into = given["replace"]
    if into is None:
        say(f"to try it: MODEL_DIR={made.models}; to put it in place: --replace FOLDER")
        return
    if made.verdict.worse and not given["force"]:
        raise click.ClickException(f"{into} stays as it is: {made.verdict.why} (--force puts it)")
    folder.replace(into, made.models, kind, name)
    say(f"{into}: the model is in place")


def say(line: str) -> None:
    """What a person reads meanwhile."""
    click.echo(line, err=True)


def missing(error: ModuleNotFoundError, extra: str, lock: str) -> Exception:
    """What to tell of a library that only training needs; any other error as it is."""
    if (error.name or "").partition(".")[0] not in NEEDED:
        return error
    return click.ClickException(
        f"{error.name} is missing, which training alone needs: "
        + INSTALL.format(extra=extra, lock=lock)
    )


def _running(replaced: Path | None) -> str:
    """The folder of the running models: the one to replace in, or what the settings say."""
    try:
        return str(replaced) if replaced else model_dir_of(os.environ)
    except SettingsError as error:
        raise click.UsageError(str(error)) from None
