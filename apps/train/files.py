"""A user's file of rows: JSON lines, a JSON array, or a table, in any usual encoding, also packed.

Encodings and separators are found out as `shopkeeper replay` finds them out, by the same functions.
"""

from __future__ import annotations

import csv
import json
from typing import IO, TYPE_CHECKING, Any

from shopkeeper.shared.datasets.base import DEFAULTS, BadRow, FormatError, Options
from shopkeeper.shared.datasets.cells import clean, header_key
from shopkeeper.shared.datasets.compressed import open_bytes
from shopkeeper.shared.datasets.lines import delimiter_of, json_texts
from shopkeeper.shared.datasets.text_files import open_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

FILE_BYTES_MAX = 512 << 20  # of one file, unpacked
CHUNK_BYTES = 1 << 20
COLUMNS_TOLD_MAX = 8
NAMED_JSON = (".jsonl", ".ndjson", ".json")
PACKED = (".gz", ".xz", ".bz2", ".zip")

Found = tuple[int, "dict[str, Any] | str"]


class BadRows(ValueError):
    """Rows that cannot be learned from. `told`: "file:line: reason" of the first of them."""

    def __init__(self, told: Sequence[str], count: int) -> None:
        self.told, self.count = list(told), count
        more = [f"and {count - len(told)} more"] if count > len(told) else []
        super().__init__("\n".join([*told, *more]))


class BadFile(BadRows):
    """A file of which no row can be read: leaving bad rows out does not help."""

    def __init__(self, told: str) -> None:
        super().__init__([told], 1)


def numbered(
    path: Path, needed: Sequence[Sequence[str]], said: Options = DEFAULTS
) -> Iterator[Found]:
    """(line, its row by columns, or what is wrong with it).

    needed: the columns that a table has to have, each with the other names it may go by; they are
    told apart without regard to case. said: its encoding and columns, where the user names
    them; `say` hears of an encoding that is not UTF-8. Raises BadFile.
    """
    try:
        _refuse_large(path)
        with open_text(path, said.encoding, said.say) as text:
            if _is_json(path, text):
                yield from _json(text, said.columns)
            else:
                yield from _table(path, text, needed, said.columns)
    except FormatError as error:
        raise BadFile(str(error)) from None


def _refuse_large(path: Path) -> None:
    # A packed file of a few bytes may hold any number of them.
    held = 0
    with open_bytes(path) as file:
        while more := file.read(CHUNK_BYTES):
            held += len(more)
            if held > FILE_BYTES_MAX:
                raise BadFile(f"{path}: more than {FILE_BYTES_MAX >> 20} MB")


def _is_json(path: Path, text: IO[str]) -> bool:
    name = path.name
    for suffix in PACKED:
        name = name.removesuffix(suffix)
    begins = clean(text.read(CHUNK_BYTES))[:1]
    text.seek(0)
    return name.endswith(NAMED_JSON) or begins in ("{", "[")


def _json(text: IO[str], columns: Mapping[str, str]) -> Iterator[Found]:
    for number, part in json_texts(text):
        if isinstance(part, BadRow):
            yield number, str(part)
            continue
        try:
            found = json.loads(part)
        except (ValueError, RecursionError) as error:
            yield number, f"no JSON ({getattr(error, 'msg', 'nested too deeply')})"
            continue
        if not isinstance(found, dict):
            yield number, "no JSON object"
            continue
        yield number, found | {name: found[of] for name, of in columns.items() if of in found}


def _table(
    path: Path, text: IO[str], needed: Sequence[Sequence[str]], columns: Mapping[str, str]
) -> Iterator[Found]:
    first, before = text.readline(CHUNK_BYTES), 0
    while first and (not first.strip() or _names_separator(first)):  # Excel's `sep=;`
        first, before = text.readline(CHUNK_BYTES), before + 1
    reader = csv.reader(_lines(first, text), delimiter=_separator(first), strict=True)
    try:
        head = _head(path, next(reader, []), needed, columns)
        last = reader.line_num
        for cells in reader:
            line, last = last + 1, reader.line_num  # a quoted cell may have lines in it
            if not any(cells):
                continue  # a spreadsheet's empty row
            if any(map(_is_broken, cells)):
                yield before + line, "not UTF-8"
            elif len(cells) != len(head):
                yield before + line, f"{len(cells)} fields, the header has {len(head)}"
            else:
                yield before + line, dict(zip(head, cells, strict=True))
    except csv.Error as error:
        raise BadFile(f"{path}:{before + reader.line_num}: {error}") from None


def _lines(first: str, text: IO[str]) -> Iterator[str]:
    if first:
        yield first
    yield from text


def _names_separator(line: str) -> bool:
    named = clean(line).strip('"')
    return named.lower().startswith("sep=") and len(named) <= 5


def _separator(header: str) -> str:
    found = delimiter_of(header)
    return found if len(found) == 1 else ","


def _is_broken(cell: str) -> bool:
    """Whether it holds bytes that are no characters, as `open_text` leaves them."""
    return not cell.isascii() and any("\udc80" <= each <= "\udcff" for each in cell)


def _head(
    path: Path, names: list[str], needed: Sequence[Sequence[str]], columns: Mapping[str, str]
) -> list[str]:
    """The columns by the names that rows have them under. Raises BadFile."""
    renamed = {header_key(of): name for name, of in columns.items()}
    keys = [header_key(each) for each in names]
    head = [renamed.get(key, key) for key in keys]
    missing = [each for each in needed if not set(each) & set(head)]
    if not missing:
        return head
    shown = ", ".join(f"`{clean(each)[:40]}`" for each in names[:COLUMNS_TOLD_MAX])
    wanted = " and ".join(" or ".join(f"`{name}`" for name in each) for each in missing)
    raise BadFile(
        f"{path}:1: no column is called {wanted}; the first line has {shown or 'nothing'}: "
        f"name the column there, or by --columns {missing[0][0]}=COLUMN"
    )
