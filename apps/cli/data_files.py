"""What the commands that read data files share: their options, and what they say on the way."""

from __future__ import annotations

import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta, timezone, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from shopkeeper.shared.contracts.events.shop import ProductCatalogued
from shopkeeper.shared.datasets.products import load
from shopkeeper.shared.datasets.readers import (
    AUTO,
    FORMATS,
    Books,
    FormatError,
    Options,
    recognise,
    refuse,
)

BAD_SHOWN = 10
KEY_BYTES_LEAST = 16  # of a secret that nobody guesses
_OFFSET = re.compile(r"(?:UTC|GMT)?([+-])(\d{1,2})(?::?(\d{2}))?$")
STDIN = "-"


class BadRows:
    """Says the first few bad rows; the books count them. copy, name: as of `Renamed`."""

    def __init__(self, copy: Path | None = None, name: Path | None = None) -> None:
        self._count = 0
        self._copy, self._name = str(copy), str(copy if name is None else name)

    def __call__(self, error: FormatError) -> None:
        self._count += 1
        if self._count <= BAD_SHOWN:
            click.echo(f"skipped: {str(error).replace(self._copy, self._name)}", err=True)
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


class Renamed:
    """Notes about a copy, said of what it is a copy of."""

    def __init__(self, say: Callable[[str], None], copy: Path, name: Path) -> None:
        self._say, self._copy, self._name = say, str(copy), str(name)

    def __call__(self, line: str) -> None:
        self._say(line.replace(self._copy, self._name))


@contextmanager
def whole(file: Path, say: Callable[[str], None]) -> Iterator[tuple[Path, Callable[[str], None]]]:
    """A file that can be read more than once, and who hears of it: FILE itself, or a copy of
    standard input (`-`) or of a pipe. Raises FormatError, of FILE by its own name."""
    if str(file) != STDIN and (file.is_file() or file.is_dir()):
        yield file, say
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "input"
        try:
            with copy.open("wb") as kept:
                if str(file) == STDIN:
                    shutil.copyfileobj(click.get_binary_stream("stdin"), kept)
                else:
                    with file.open("rb") as pipe:
                        shutil.copyfileobj(pipe, kept)
        except OSError as error:
            raise FormatError(f"{file}: {error.strerror or error}") from None
        try:
            yield copy, Renamed(say, copy, file)
        except FormatError as error:
            raise FormatError(str(error).replace(str(copy), str(file))) from None


def columns_of(_: object, __: object, text: str | None) -> dict[str, str]:
    pairs = [pair.partition("=") for pair in (text or "").split(",") if pair.strip()]
    if any(not field.strip() or not column.strip() for field, _, column in pairs):
        raise click.BadParameter("expected FIELD=COLUMN, several with commas between")
    return {field.strip(): column.strip() for field, _, column in pairs}


def zone_of(_: object, __: object, text: str | None) -> tzinfo | None:
    if text is None:
        return None
    offset = _OFFSET.match(text)
    try:
        if offset is None:
            return ZoneInfo(text)
        sign, hours, minutes = offset.groups()
        if int(minutes or 0) >= 60:
            raise ValueError(text)
        size = timedelta(hours=int(hours), minutes=int(minutes or 0))
        return timezone(-size if sign == "-" else size)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        message = "expected a name such as Europe/Berlin, or an offset such as +01:00"
        raise click.BadParameter(message) from None


_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.option(
        "--format",
        "form",
        type=click.Choice([AUTO, *sorted(FORMATS)]),
        default=AUTO,
        show_default=True,
        help="What kind of file it is; auto recognises it and says what it takes it for.",
    ),
    click.option("--encoding", metavar="NAME", help="Of the text; else it is found out."),
    click.option(
        "--columns",
        callback=columns_of,
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
    click.option(
        "--time-zone",
        callback=zone_of,
        metavar="ZONE",
        help="Of times that name none, as Asia/Shanghai or +08:00; else they are UTC.",
    ),
    click.option(
        "--user-key-file",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="A secret that pseudonyms of e-mail addresses are made with, in files of orders.",
    ),
)


def data_options(function: Any) -> Any:
    """The options that say what a data file is like."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def options_of(
    said: Mapping[str, Any], say: Callable[[str], None], type_prefix: str = ""
) -> Options:
    """The values of `data_options`. Raises click.UsageError."""
    scale, high = said["rating_scale"], said["rating_max"]
    if high is not None:
        if scale is not None:
            raise click.UsageError("give --rating-scale or --rating-max, not both")
        scale = (0.0, high)
    if scale is not None and not (scale[0] < scale[1] and scale[1] > 0):
        raise click.UsageError("--rating-scale: MIN is below MAX, and MAX above 0")
    return Options(
        said["encoding"],
        said["columns"],
        scale,
        say,
        type_prefix,
        zone=said["time_zone"],
        user_key=_key_in(said["user_key_file"]),
    )


def _key_in(path: Path | None) -> bytes:
    """The secret in a file, without spaces and line ends around it. Raises click.UsageError."""
    if path is None:
        return b""
    try:
        key = path.read_bytes().strip()
    except OSError as error:
        raise click.UsageError(f"--user-key-file: {error.strerror or error}") from None
    if len(key) < KEY_BYTES_LEAST:
        raise click.UsageError(f"--user-key-file: needs {KEY_BYTES_LEAST} bytes or more")
    return key


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
    now_ms = int(time.time() * 1000)
    products = load(path, further=True, on_bad=on_bad, books=books, options=own, now_ms=now_ms)
    return products, books
