"""`shopkeeper evaluate SERVICE`: quality figures of each service, one JSON object each."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import orjson

from shopkeeper import services
from shopkeeper.shared.runtime.api import service

if TYPE_CHECKING:
    from collections.abc import Callable

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


class Evaluations(click.Group):
    """A subcommand per service whose specification names an evaluation; prints its figures."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [spec.name for spec in services.specs() if spec.evaluate]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        try:
            reference = services.spec(cmd_name).evaluate
        except LookupError:
            return None
        if reference is None:
            return None
        found = service.load(reference)
        return found if isinstance(found, click.Command) else of_labelled_file(cmd_name, found)

    def invoke(self, ctx: click.Context) -> None:
        """Print what it returns; what a user can mend becomes one clear line and exit status 1."""
        try:
            figures = super().invoke(ctx)
        except (ValueError, OSError) as error:  # whatever is wrong with a file is a ValueError
            raise click.ClickException(" ".join(str(error).split())) from None
        except RuntimeError as error:
            from shopkeeper.shared.text.onnx_model import ModelError

            if not isinstance(error, ModelError):
                raise
            raise click.ClickException(" ".join(str(error).split())) from None
        sys.stdout.write(orjson.dumps(figures).decode() + "\n")


def of_labelled_file(name: str, run: Callable[[Path], dict[str, Any]]) -> click.Command:
    """A command that takes a labelled FILE; its help is how the docstring of `run` begins."""
    return click.Command(
        name,
        callback=lambda file: run(file),
        params=[click.Argument(["file"], type=FILE)],
        help=(inspect.getdoc(run) or "").partition("\n\n")[0]
        + f"\n\nExample: shopkeeper evaluate {name} texts.jsonl",
    )


@click.group("evaluate", cls=Evaluations)
def command() -> None:
    """Quality on labelled data or recorded sessions: one JSON object.

    \b
    Examples:
      shopkeeper evaluate recommender train.csv.gz test.csv.gz
      shopkeeper evaluate sentiment reviews.jsonl
    """
