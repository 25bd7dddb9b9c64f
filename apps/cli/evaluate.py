"""`shopkeeper evaluate NAME`: quality figures of a service, or of a part of one that has a measure
of its own; one JSON object each."""

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
    """A subcommand per evaluation that a service's specification names; prints its figures."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*_references()]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        reference = _references().get(cmd_name)
        if reference is None and ":" in cmd_name:
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
            from shopkeeper.shared.text.manifest import ModelError

            if not isinstance(error, ModelError):
                raise
            raise click.ClickException(" ".join(str(error).split())) from None
        sys.stdout.write(orjson.dumps(figures).decode() + "\n")


def _references() -> dict[str, str]:
    """What evaluates, by name: services that name an evaluation, then their further ones."""
    specs = list(services.specs())
    found = {spec.name: spec.evaluate for spec in specs if spec.evaluate}
    return found | {name: of for spec in specs for name, of in spec.evaluations.items()}


def of_labelled_file(name: str, run: Callable[[Path], dict[str, Any]]) -> click.Command:
    """A command that takes a labelled FILE; its help is how the docstring of `run` begins."""

    def evaluated(file: Path, plots: Path | None) -> dict[str, Any]:
        figures = run(file)
        if plots is not None:
            _draw(f"{name} on {file.name}", figures, plots)
        return figures

    return click.Command(
        name,
        callback=evaluated,
        params=[
            click.Argument(["file"], type=FILE),
            click.Option(
                ["--plots"],
                type=click.Path(file_okay=False, path_type=Path),
                help="Folder to write reliability.svg and abstention.svg to.",
            ),
        ],
        help=(inspect.getdoc(run) or "").partition("\n\n")[0]
        + f"\n\nExample: shopkeeper evaluate {name} texts.jsonl",
    )


def _draw(title: str, figures: dict[str, Any], folder: Path) -> None:
    """Raises ValueError where the figures have no calibration, OSError."""
    from shopkeeper.apps.report import calibration_charts, plots

    if "calibration" not in figures:
        raise ValueError("--plots: the figures of this file have no calibration to draw")
    folder.mkdir(parents=True, exist_ok=True)
    for chart in calibration_charts.charts(title, figures["calibration"]):
        (folder / f"{chart.name}.svg").write_text(plots.standalone(chart), encoding="utf-8")


@click.group("evaluate", cls=Evaluations)
def command() -> None:
    """Quality on labelled data or recorded sessions: one JSON object.

    \b
    Examples:
      shopkeeper evaluate recommender train.csv.gz test.csv.gz
      shopkeeper evaluate sentiment reviews.jsonl
      shopkeeper evaluate retrieval dev.jsonl.gz --pool train.jsonl.gz
    """
