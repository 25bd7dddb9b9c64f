"""A data file as a table: what kind of file it is, which column is which field, and its rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import IO, Any, Literal, NamedTuple

import orjson

from shopkeeper.shared.contracts.events.shop import NOBODY

from . import parquet
from .base import BadRow, FormatError, Options
from .cells import clean, header_key, is_shortened, plain_id
from .compressed import open_bytes
from .lines import Lines, Record, delimited, delimiter_of, json_records
from .text_files import open_text

SAMPLE_ROWS = 20
# What programs write where they have nothing, and spreadsheets where they have failed.
NOTHING = frozenset(word.lower() for word in NOBODY) | frozenset(
    (
        "\\n",
        "n/a",
        "nat",
        "<na>",
        "#n/a",
        "#ref!",
        "#name?",
        "#value!",
        "#div/0!",
        "#null!",
        "#num!",
    )
)
NOTHING_BEGINS = frozenset(word[0] for word in NOTHING) | frozenset("NUn")
SHORTENED = "was shortened by a spreadsheet ({}): make the column text there, and export it again"
# MongoDB's extended JSON, as mongoexport writes it: {"$date": ...}, {"$numberLong": "17"}.
EXTENDED = frozenset(
    ("$date", "$oid", "$numberLong", "$numberInt", "$numberDouble", "$numberDecimal")
)
EXACT_MAX = 2**53  # up to here a JSON number that has lost its type is still the number written


class Row(NamedTuple):
    """One row: its fields as clean text, "" where it has none, and what its id is made from."""

    line: int
    values: dict[str, str]
    raw: str

    def get(self, name: str) -> str:
        """A field; empty text where there is none."""
        return self.values.get(name, "")

    def need(self, name: str) -> str:
        """A field that has to be there. Raises BadRow."""
        found = self.values.get(name, "")
        if not found:
            raise BadRow(name, "empty_field", "is empty")
        return found

    def id(self, name: str) -> str:
        """An id, or "" where there is none; programs write `NaN` and `NULL` for that, too. Raises
        BadRow for a number that has lost digits."""
        found = self.values.get(name, "")
        if found[:1] in NOTHING_BEGINS and (found.lower() in NOTHING or not found.strip("#")):
            return ""
        if "+" in found and is_shortened(found):
            raise BadRow(name, "wrong_type", SHORTENED.format(found))
        return plain_id(found) if found[-2:] == ".0" else found

    def need_id(self, name: str) -> str:
        """An id that has to be there. Raises BadRow."""
        found = self.id(name)
        if not found:
            raise BadRow(name, "empty_field", "is empty")
        return found


@dataclass(frozen=True, slots=True)
class Sample:
    """What a file begins with. rows: its first lines cut into cells, the header among them."""

    kind: Literal["delimited", "json", "parquet"]
    rows: list[list[str]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)  # of its columns, if the first row is a header
    delimiter: str = ","
    before: int = 0  # lines before the header (Excel's `sep=;`)


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the fields of a format are in a file.

    columns: field -> the column's name as the file has it, for messages. places: field -> cell,
    of delimited files; width: how many cells there are; header: lines before the first row. keys:
    field -> `header_key`s of the names that it may have in a JSON object, which need not be alike.
    """

    sample: Sample
    columns: Mapping[str, str]
    places: Mapping[str, int]
    width: int
    header: int
    keys: Mapping[str, Sequence[str]] = field(default_factory=dict)


def sample_of(path: Path, options: Options) -> Sample:
    """How a file begins. Raises FormatError where it cannot be opened or is empty."""
    with open_bytes(path) as file:
        if file.read(4) == parquet.MAGIC:
            return Sample("parquet", names=parquet.names(path))
    with open_text(path, options.encoding, options.say) as text:
        begins = clean(text.read(SAMPLE_ROWS))
        text.seek(0)
        if begins[:1] in ("{", "["):
            found = [r.cells for r in islice(json_records(text), SAMPLE_ROWS)]
            objects = [cells for cells in found if isinstance(cells, dict)]
            return Sample("json", names=list(dict.fromkeys(k for o in objects for k in o)))
        return _delimited_sample(text)


def _delimited_sample(text: IO[str]) -> Sample:
    lines = Lines(text)
    delimiter, before = "", 0
    first = lines.next()
    while first is not None and not clean(first[1] or ""):
        first, before = lines.next(), before + 1
    if first is None or first[1] is None:
        return Sample("delimited")
    named = clean(first[1]).strip('"')
    if named.lower().startswith("sep=") and len(named) == 5:
        delimiter, before, first = named[4], before + 1, lines.next()
    if first is None or first[1] is None:
        return Sample("delimited")
    if clean(first[1]).startswith("#"):
        first, passed = _behind_comments(lines, first, delimiter)
        before += passed
    lines.put_back([first])
    delimiter = delimiter or delimiter_of(first[1] or "")
    found = [r.cells for r in islice(delimited(lines, delimiter, None), SAMPLE_ROWS)]
    rows = [[clean(cell) for cell in cells] for cells in found if isinstance(cells, list)]
    return Sample("delimited", rows, _names_of(rows), delimiter, before)


def _behind_comments(
    lines: Lines, first: tuple[int, str | None], delimiter: str
) -> tuple[tuple[int, str | None], int]:
    """The header behind lines that begin with #, and how many lines stand before it. The last of
    them is the header itself where it has as many cells as the line that follows."""
    passed = [first]
    while (following := lines.next()) is not None:
        if clean(following[1] or "")[:1] not in ("#", ""):
            break
        passed.append(following)
    if following is None or following[1] is None:
        lines.put_back(passed[1:])
        return first, 0
    lines.put_back([following])
    last = passed[-1][1] or ""
    chosen = delimiter or delimiter_of(following[1])
    cells = following[1].count(chosen)
    if clean(last) and cells and last.count(chosen) == cells:
        return passed[-1], len(passed) - 1
    lines.next()
    return following, len(passed)


def _names_of(rows: list[list[str]]) -> list[str]:
    """The names of the columns, as many as the rows have cells: without the empty ones that a
    delimiter at the end makes, and with one for the numbers of rows that R writes and not names."""
    if len(rows) < 2:
        return rows[0] if rows else []
    names, others = list(rows[0]), rows[1:]
    widest = max(map(len, others))
    while names and not names[-1] and len(names) > widest:
        names.pop()
    if all(len(row) == len(names) + 1 for row in others) and all(
        row[0] == str(number) for number, row in enumerate(others, 1)
    ):
        return ["", *names]
    return names


def find_columns(
    path: Path, sample: Sample, fields: Mapping[str, Sequence[str]], options: Options
) -> tuple[dict[str, str], dict[str, int]]:
    """field -> the name of its column, and its place; only of fields that the header has.

    fields: field -> names that it may have, the best one first. Raises FormatError where a column
    that is needed is there twice, or one that --columns names is not there.
    """
    keys = [header_key(name) for name in sample.names]
    columns: dict[str, str] = {}
    places: dict[str, int] = {}
    for name, synonyms in fields.items():
        asked = options.columns.get(name)
        wanted = [header_key(s) for s in ([asked] if asked is not None else synonyms)]
        found = next((key for key in wanted if key in keys), None)
        if found is None:
            if asked is not None:
                raise FormatError(f"{path}: --columns: no column {asked} ({_listed(sample)})")
            continue
        places[name] = keys.index(found)
        columns[name] = sample.names[places[name]]
        if keys.count(found) > 1:
            raise FormatError(f"{path}: the column {columns[name]} is there twice")
    return columns, places


def _listed(sample: Sample) -> str:
    return f"the header has {', '.join(sample.names[:30]) or 'nothing'}"


def missing(path: Path, sample: Sample, names: Sequence[str]) -> FormatError:
    """The error for columns that are not there."""
    return FormatError(f"{path}: no column {', '.join(names)} ({_listed(sample)})")


@contextmanager
def rows_of(
    path: Path, layout: Layout, options: Options, spans: bool = False
) -> Iterator[Iterator[Row | Record]]:
    """The rows of a file; a `Record` that holds a BadRow where one is bad. Raises FormatError.

    spans: as of `lines.delimited`.
    """
    sample = layout.sample
    if sample.kind == "parquet":
        yield (_keyed_row(record, layout) for record in parquet.records(path))
        return
    with open_text(path, options.encoding) as text:
        if sample.kind == "json":
            yield (_keyed_row(record, layout) for record in json_records(text))
            return
        lines = Lines(text)
        for _ in range(layout.header):
            lines.next()
        yield _delimited_rows(lines, layout, spans)


def _delimited_rows(lines: Lines, layout: Layout, spans: bool) -> Iterator[Row | Record]:
    places = list(layout.places.items())
    names = layout.sample.names if layout.header > layout.sample.before else []
    first = names[0] if names else None
    for record in delimited(lines, layout.sample.delimiter, layout.width, spans):
        cells = record.cells
        if isinstance(cells, list):
            if first is not None and clean(cells[0]) == first and list(map(clean, cells)) == names:
                continue  # the header again, of files that were put one behind the other
            values = {name: clean(cells[place]) for name, place in places}
            yield Row(record.line, values, "\x1f".join(cells))
        else:
            yield record


def _keyed_row(record: Record, layout: Layout) -> Row | Record:
    cells = record.cells
    if not isinstance(cells, dict):
        return record
    try:
        values = dict.fromkeys(layout.columns, "")
        for name, keys in layout.keys.items():
            for key in keys:
                if cells.get(key) is not None:
                    values[name] = text_of(name, cells[key])
                    break
        raw = orjson.dumps(cells, option=orjson.OPT_SORT_KEYS).decode()
    except BadRow as bad:
        return Record(record.line, bad)
    except TypeError:  # nested deeper than orjson writes
        return Record(record.line, BadRow("", "nested_too_deep", "nested too deep"))
    return Row(record.line, values, raw)


def text_of(name: str, value: Any) -> str:
    """A JSON value as a cell. Raises BadRow where it is no text and no number."""
    if isinstance(value, str):
        return clean(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        if name.endswith("_id"):
            raise BadRow(name, "wrong_type", "true or false, not an id")
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        if not value.is_integer():
            return "" if value != value else repr(value)  # NaN: what data frames have for nothing
        if abs(value) < EXACT_MAX:
            return str(int(value))
        raise BadRow(name, "wrong_type", "a number of too many digits; write it as text")
    if isinstance(value, dict) and len(value) == 1 and value.keys() <= EXTENDED:
        return text_of(name, next(iter(value.values())))
    raise BadRow(name, "wrong_type", "neither text nor number")
