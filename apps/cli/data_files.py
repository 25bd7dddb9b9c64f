"""What the commands that read data files share: their options, and what they say on the way."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from shopkeeper.shared.contracts.events.shop import ProductCatalogued
from shopkeeper.shared.datasets.products import load
from shopkeeper.shared.datasets.readers import (
    AUTO,
    READERS,
    Books,
    FormatError,
    Options,
    recognise,
    refuse,
)

BAD_SHOWN = 10


class BadRows:
    """Says the first few bad rows; the books count them."""

    def __init__(self) -> None:
        self._count = 0

    def __call__(self, error: FormatError) -> None:
        self._count += 1
        if self._count <= BAD_SHOWN:
            click.echo(f"skipped: {error}", err=True)
        elif self._count == BAD_SHOWN + 1:
            click.echo("skipped: further bad rows are only counted", err=True)


class Said:
    """What was found out about the files, each said once on standard error and kept."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def __call__(self, line: str) -> None:
        if line not in self.lines:
            self.lines.append(line)
            click.echo(line, err=True)


def _columns(_: object, __: object, text: str | None) -> dict[str, str]:
    pairs = [pair.partition("=") for pair in (text or "").split(",") if pair.strip()]
    if any(not field.strip() or not column.strip() for field, _, column in pairs):
        raise click.BadParameter("expected FIELD=COLUMN, several with commas between")
    return {field.strip(): column.strip() for field, _, column in pairs}


_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.option(
        "--format",
        "form",
        type=click.Choice([AUTO, *sorted(READERS)]),
        default=AUTO,
        show_default=True,
        help="What kind of file it is; auto recognises it and says what it takes it for.",
    ),
    click.option("--encoding", metavar="NAME", help="Of the text; else it is found out."),
    click.option(
        "--columns",
        callback=_columns,
        metavar="FIELD=COLUMN,…",
        help="Which column is user_id, item_id, timestamp, event, …, where names are others.",
    ),
    click.option(
        "--rating-scale",
        nargs=2,
        type=float,
        metavar="MIN MAX",
        help="The scale of ratings; else it is found out. Events have ratings of 0 to 5.",
    ),
    click.option("--rating-max", type=float, help="As --rating-scale 0 MAX."),
)


def data_options(function: Any) -> Any:
    """The options that say what a data file is like."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def options_of(said: Mapping[str, Any], say: Callable[[str], None]) -> Options:
    """The values of `data_options`. Raises click.UsageError."""
    scale, high = said["rating_scale"], said["rating_max"]
    if high is not None:
        if scale is not None:
            raise click.UsageError("give --rating-scale or --rating-max, not both")
        scale = (0.0, high)
    if scale is not None and not (scale[0] < scale[1] and scale[1] > 0):
        raise click.UsageError("--rating-scale: MIN is below MAX, and MAX above 0")
    return Options(said["encoding"], said["columns"], scale, say)


def resolved(file: Path, form: str, options: Options) -> str:
    """The format that is meant by what the user named. Raises FormatError."""
    return recognise(file, options) if form == AUTO else form


def load_catalogue(
    path: Path | None, skip_bad: bool, options: Options
) -> tuple[list[ProductCatalogued], Books | None]:
    """A catalogue's products and books; nothing where none is given. Raises FormatError."""
    if path is None:
        return [], None
    books = Books()
    # The file of events and the catalogue need not be in one encoding.
    own = Options(say=options.say)
    on_bad = BadRows() if skip_bad else refuse
    products = load(path, on_bad=on_bad, books=books, options=own, now_ms=int(time.time() * 1000))
    return products, books
