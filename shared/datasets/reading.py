"""Reads a file in a known format: rows in, checked events with ids out, and the books kept.

Each row is decided by itself. Where `now_ms` is given, an event that the decoder would refuse is a
bad row: nothing is published that is certain to become a dead letter.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import Any

from .admission import Admission
from .base import BadRow, Books, FormatError, LeftOut, OnBad, Options, ShopEvent
from .formats import ORDER_LINES_MAX, TOPIC_OF, Context, Format, Made
from .identity import RowIds
from .lines import Record
from .scan import Scan, scan
from .tables import Layout, Row


class Reading:
    """One pass over a file. `events` may be called once."""

    def __init__(
        self,
        path: Path,
        form: Format,
        layout: Layout,
        *,
        options: Options,
        books: Books,
        on_bad: OnBad,
        now_ms: int | None,
    ) -> None:
        self._path, self._format, self._layout, self._options = path, form, layout, options
        self._books, self._on_bad = books, on_bad
        self._context = Context(
            str(path), options, books, self._scan, now_ms, columns=layout.columns
        )
        self._admission = None if now_ms is None else Admission(now_ms)
        self._ids: RowIds | None = None

    def _scan(self) -> Scan:
        with self._format.rows(self._path, self._layout, self._options) as rows:
            return scan(rows, "rating", "timestamp")

    def events(self) -> Iterator[ShopEvent]:
        """The events, in the file's order. Raises FormatError, as `on_bad` does too."""
        group = self._format.group
        waiting: list[Row] = []  # rows of one event
        key: Hashable | None = None
        with self._format.rows(self._path, self._layout, self._options) as rows:
            for row in rows:
                self._books.rows += 1
                if not isinstance(row, Row):
                    self._bad(row)
                else:
                    its_key = group(row) if group is not None else None
                    if waiting and its_key != key:
                        yield from self._together(waiting)
                        waiting = []
                    if its_key is None:
                        yield from self._alone(row)
                    elif len(waiting) == ORDER_LINES_MAX:
                        problem = f"an order of more than {ORDER_LINES_MAX:,} rows"
                        self._bad(Record(row.line, BadRow("", "too_large", problem)))
                    else:
                        waiting.append(row)
                        key = its_key
                self._context.number += 1
            if waiting:
                yield from self._together(waiting)

    def _alone(self, row: Row) -> Iterator[ShopEvent]:
        assert self._format.event is not None
        try:
            event = self._checked(self._format.event(row, self._context), row.raw)
        except BadRow as bad:
            self._bad(Record(row.line, bad))
        except LeftOut as why:
            self._books.left_out[str(why)] += 1
        else:
            self._books.events += 1
            yield event

    def _together(self, rows: list[Row]) -> Iterator[ShopEvent]:
        """The event of these rows; a bad one costs itself, not the others."""
        assert self._format.line is not None
        assert self._format.order is not None
        used: list[Row] = []
        lines: list[Any] = []
        for row in rows:
            try:
                lines.append(self._format.line(row, self._context))
                used.append(row)
            except BadRow as bad:
                self._bad(Record(row.line, bad))
            except LeftOut as why:
                self._books.left_out[str(why)] += 1
        if not used:
            return
        try:
            made = self._format.order(used[0], lines, self._context)
            event = self._checked(made, "\x1e".join(row.raw for row in used))
        except BadRow as bad:
            for row in used:
                self._bad(Record(row.line, bad))
            return
        self._books.events += 1
        self._books.merged += len(used) - 1
        yield event

    def _checked(self, made: Made, raw: str) -> ShopEvent:
        if self._ids is None:
            scale = self._context.scale if made.data.get("rating") is not None else ""
            self._ids = RowIds(f"{scale}")
        event = ShopEvent(
            TOPIC_OF[made.type], made.type, made.key, made.data, made.time_ms, self._ids.of(raw)
        )
        if self._admission is not None:
            self._admission.check(event)
        return event

    def _bad(self, record: Record) -> None:
        bad = record.cells
        assert isinstance(bad, BadRow)
        self._books.skipped_bad[bad.reason] += 1
        column = self._layout.columns.get(bad.field, bad.field)
        problem = f"{column} {bad.problem}" if column else bad.problem
        message = f"{self._path}:{record.line}: {problem}"
        self._on_bad(FormatError(message, line=record.line, reason=bad.reason, problem=problem))
