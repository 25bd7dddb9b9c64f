"""Delimited lines and JSON lines as records: one at a time, bounded, whatever is wrong with one.

A bad record is its own: a quote that is opened and not closed swallows no lines behind it.
"""

from __future__ import annotations

import csv
import json
import re
from collections import deque
from collections.abc import Iterator
from typing import IO, Any, NamedTuple

import orjson

from .base import BadRow
from .cells import clean, header_key
from .text_files import BROKEN

LINE_CHARACTERS_MAX = 1 << 20
SPAN_LINES_MAX = 5_000  # of one record of a catalogue: a description in HTML has line breaks
SPAN_CHARACTERS_MAX = 1 << 18  # an event has no room for more
ARRAY_CHARACTERS_MAX = 256 << 20
PIECE_CHARACTERS = 1 << 20
HEAD_CHARACTERS = 256  # that tell an array from lines
DELIMITERS = ("::", "\t", ";", ",", "|", "\x01")  # the last is Hive's
_ARRAY_OF_RECORDS = re.compile(r'\[(?!\s*")')
_OPEN_QUOTE = "unexpected end of data"  # what csv says of it in strict mode


_BROKEN_LINE = BadRow("", "invalid_utf8", "not UTF-8")


def _is_broken(line: str) -> bool:
    """Whether a line of a text opened with `BROKEN` holds bytes that are no characters."""
    if line.isascii():
        return False
    try:
        line.encode()
    except UnicodeEncodeError:
        return True
    return False


class Record(NamedTuple):
    """One record: cells as they stand (a list), or fields (a dict); or what is wrong with it."""

    line: int
    cells: list[str] | dict[str, Any] | BadRow


class Lines:
    """The lines of a text, numbered from 1; a line can be put back. One too long becomes None."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self.may_be_broken = getattr(file, "errors", None) == BROKEN
        self._number = 0
        self._returned: deque[tuple[int, str | None]] = deque()

    def __iter__(self) -> Iterator[tuple[int, str | None]]:
        while (found := self.next()) is not None:
            yield found

    def next(self) -> tuple[int, str | None] | None:
        """The next line without its end; None at the end of the text."""
        if self._returned:
            return self._returned.popleft()
        line = self._file.readline(LINE_CHARACTERS_MAX)
        if not line:
            return None
        self._number += 1
        if line[-1] == "\n":
            return self._number, line[:-1]
        if len(line) < LINE_CHARACTERS_MAX:
            return self._number, line
        while (rest := self._file.readline(LINE_CHARACTERS_MAX)) and rest[-1] != "\n":
            pass
        return self._number, None

    def put_back(self, lines: list[tuple[int, str | None]]) -> None:
        """Give these lines out again, in their order, before the others."""
        self._returned.extendleft(reversed(lines))


def delimiter_of(line: str) -> str:
    """What separates the cells of a header or a first row: what there is most of, unquoted."""
    bare = "".join(clean(line).split('"')[::2])
    counts = {each: bare.count(each) for each in DELIMITERS}
    best = max(DELIMITERS, key=lambda each: counts[each] * len(each))
    return best if counts[best] else ","


def split(line: str, delimiter: str) -> list[str]:
    """The cells of one line. Raises BadRow, `open_quote` where a quote is not closed on it."""
    if '"' not in line or len(delimiter) > 1:
        return line.split(delimiter)
    try:
        return next(csv.reader((line,), delimiter=delimiter, strict=True, skipinitialspace=True))
    except csv.Error as error:
        if _OPEN_QUOTE in str(error):
            raise BadRow("", "open_quote", "a quote is opened and not closed on its line") from None
    try:  # a quote that means itself: "5" pot" stands as it is
        return next(csv.reader((line,), delimiter=delimiter, skipinitialspace=True))
    except csv.Error as error:
        raise BadRow("", "too_large", str(error)) from None


def delimited(
    lines: Lines, delimiter: str, columns: int | None, spans: bool = False
) -> Iterator[Record]:
    """The records of the lines that follow; blank ones are none.

    columns: how many cells a record has; None where any number will do. spans: whether a quoted
    cell may hold line breaks, as long as the record then has exactly its columns.
    """
    for number, line in lines:
        if line is None:
            yield Record(number, BadRow("", "too_large", "a line of over a million characters"))
            continue
        if not line or line.isspace():
            continue
        if lines.may_be_broken and _is_broken(line):
            yield Record(number, _BROKEN_LINE)
            continue
        try:
            cells = split(line, delimiter)
        except BadRow as bad:
            if "\\" in line and (other := _with_backslashes(line, delimiter, columns)) is not None:
                yield Record(number, other)
                continue
            found = bad.reason == "open_quote" and spans and columns is not None
            longer = _spanning(lines, (number, line), delimiter, columns or 0) if found else None
            yield Record(number, longer if longer is not None else bad)
            continue
        if columns is None or len(cells) == columns:
            yield Record(number, cells)
        elif not clean(line):
            continue  # zero bytes, and what DOS ends a file with
        elif "\\" in line and (other := _with_backslashes(line, delimiter, columns)) is not None:
            yield Record(number, other)
        elif len(cells) < columns:
            yield Record(number, BadRow("", "too_few_columns", "too few columns"))
        elif any(map(clean, cells[columns:])):
            yield Record(number, BadRow("", "too_many_columns", "too many columns"))
        else:
            yield Record(number, cells[:columns])


def _with_backslashes(line: str, delimiter: str, columns: int | None) -> list[str] | None:
    """The cells of a line in which backslashes stand before quotes and delimiters, as Spark and
    MySQL write them; None where it then has not exactly its columns."""
    if columns is None or len(delimiter) > 1:
        return None
    try:
        cells = next(
            csv.reader(
                (line,), delimiter=delimiter, doublequote=False, escapechar="\\", strict=True
            )
        )
    except csv.Error:
        return None
    return cells if len(cells) == columns else None


def _spanning(
    lines: Lines, first: tuple[int, str], delimiter: str, columns: int
) -> list[str] | None:
    """The cells of a record over several lines; None, and the lines put back, where it is none."""
    taken: list[tuple[int, str | None]] = []
    text, size = [first[1]], len(first[1])
    while len(taken) < SPAN_LINES_MAX and size < SPAN_CHARACTERS_MAX:
        following = lines.next()
        if following is None:
            break
        taken.append(following)
        if following[1] is None:
            break
        text.append(following[1])
        size += len(following[1])
        if following[1].count('"') % 2 == 0:
            continue  # it closes nothing that it does not open
        try:
            ended = [part + "\n" for part in text]
            parsed = csv.reader(ended, delimiter=delimiter, strict=True, skipinitialspace=True)
            cells = next(parsed)
        except csv.Error as error:
            if _OPEN_QUOTE in str(error):
                continue
            break
        if len(cells) == columns and next(parsed, None) is None:
            return cells
        break
    lines.put_back(taken)
    return None


def json_records(file: IO[str]) -> Iterator[Record]:
    """JSON objects, one a line, over several lines, or all in one array; keys as `header_key` has
    them. NaN and Infinity, which JSON has not and Python writes, are nothing.

    Of two keys that are one then, the first counts.
    """
    for number, text in json_texts(file):
        if isinstance(text, BadRow):
            yield Record(number, text)
            continue
        try:
            yield Record(number, _keyed(_loads(text)))
        except ValueError:
            yield Record(number, BadRow("", "invalid_json", "not JSON"))


def _loads(text: bytes) -> Any:
    """Raises ValueError."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        if b"NaN" not in text and b"Infinity" not in text:
            raise
    try:
        return orjson.loads(orjson.dumps(json.loads(text, parse_constant=lambda _: None)))
    except (RecursionError, TypeError) as error:  # lone halves of characters, large numbers
        raise ValueError(error) from None


def json_texts(file: IO[str]) -> Iterator[tuple[int, bytes | BadRow]]:
    """(line, JSON) of lines or of objects over several, or (place, JSON) of what an array holds;
    none of it is parsed."""
    begins = file.read(HEAD_CHARACTERS)
    file.seek(0)
    # An array that begins with text is no list of records, but a record: a call of gtag(), pushed.
    if _ARRAY_OF_RECORDS.match(clean(begins)):
        yield from _array(beginning_of(file))
        return
    lines = Lines(file)
    for number, line in lines:
        if line is None:
            yield number, BadRow("", "too_large", "a line of over a million characters")
        elif lines.may_be_broken and _is_broken(line):
            yield number, _BROKEN_LINE
        elif line[:1] == "{" and line.rstrip() == "{":
            yield number, _over_lines(lines)
        elif line and not line.isspace() and (text := clean(line)):
            yield number, text.removesuffix(",").encode("utf-8", "replace")


def beginning_of(file: IO[str]) -> str:
    """The text from here on, at most `ARRAY_CHARACTERS_MAX`: in pieces, since what is asked for at
    once is allocated, whatever is there."""
    pieces, left = [], ARRAY_CHARACTERS_MAX
    while left and (piece := file.read(min(left, PIECE_CHARACTERS))):
        pieces.append(piece)
        left -= len(piece)
    return "".join(pieces)


def _over_lines(lines: Lines) -> bytes | BadRow:
    """An object whose braces stand on lines of their own, as jq and pretty printers have them.

    What has no end costs its own lines: the next such object begins behind them.
    """
    text, size = ["{"], 1
    while (following := lines.next()) is not None:
        line = following[1]
        if line is None or line.rstrip() == "{":
            lines.put_back([following])
            break
        if lines.may_be_broken and _is_broken(line):
            line = "\ufffd"  # is no JSON
        size += len(line)
        if size <= LINE_CHARACTERS_MAX:
            text.append(line)
        if line[:1] == "}" and line.strip() in ("}", "},"):
            if size > LINE_CHARACTERS_MAX:
                return BadRow("", "too_large", "an object of over a million characters")
            return "\n".join(text).rstrip().removesuffix(",").encode("utf-8", "replace")
    return BadRow("", "invalid_json", "an object that is not closed")


def _keyed(document: Any) -> dict[str, Any] | BadRow:
    """A JSON object by `header_key` of its names."""
    if not isinstance(document, dict):
        return BadRow("", "not_an_object", "not a JSON object")
    found: dict[str, Any] = {}
    for name, value in document.items():
        found.setdefault(header_key(name), value)
    return found


def _array(text: str) -> Iterator[tuple[int, bytes | BadRow]]:
    try:
        documents = orjson.loads(clean(text))
        for number, document in enumerate(documents, 1):
            yield number, orjson.dumps(document)
    except orjson.JSONDecodeError:
        problem = "a JSON array that is not whole, or too long: write one object a line"
        yield 1, BadRow("", "invalid_json", problem)
    except orjson.JSONEncodeError:
        yield 1, BadRow("", "nested_too_deep", "nested too deep")
