"""Behaviour data files as streams of shop events, in bounded memory.

`read` yields `ShopEvent`s in file order, in the format that is named or in the one that the file's
header or shape shows. Ids are made from what a row says (`identity`), so publishing a file twice
publishes the same ids, and the second time every event counts as a repeat. docs/files.md has every
format with an example.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from . import instacart, messages, order_exports
from .base import (
    DEFAULTS,
    Books,
    FormatError,
    OnBad,
    Options,
    ShopEvent,
    refuse,
)
from .cells import header_key
from .clicks import GORSE, REES46, RETAILROCKET, SESSIONS, TAOBAO, YOOCHOOSE
from .events_format import EVENTS
from .formats import Format
from .order_exports import ORDERS
from .orders import HM, ONLINE_RETAIL
from .products import is_catalogue
from .reading import Reading
from .reviews import AMAZON, MOVIELENS, RATINGS
from .tables import Layout, Sample, find_columns, missing, sample_of
from .text_files import open_text

__all__ = [
    "AUTO",
    "FORMATS",
    "READERS",
    "Books",
    "FormatError",
    "Options",
    "ShopEvent",
    "open_text",
    "read",
    "recognise",
    "refuse",
]

AUTO = "auto"
WRAPPERS = frozenset(("data", "events", "records", "results", "rows", "items", "hits", "value"))
WRAPPER_FIELDS_MAX = 4  # of an answer of an API, beside its records
SHAPE_SHARE = 0.6  # of a sample's rows have to be of a shape, for one bad row says nothing
# In the order in which a file is tried: the more particular first.
READERS: dict[str, Format] = {
    form.name: form
    for form in (
        SESSIONS,
        ONLINE_RETAIL,
        RETAILROCKET,
        REES46,
        GORSE,
        HM,
        instacart.INSTACART,
        MOVIELENS,
        AMAZON,
        TAOBAO,
        YOOCHOOSE,
        RATINGS,
        ORDERS,
        EVENTS,
    )
}

FORMATS = (*READERS, messages.NAME)  # what --format can be


def read(
    path: Path,
    name: str = AUTO,
    on_bad: OnBad = refuse,
    *,
    options: Options = DEFAULTS,
    books: Books | None = None,
    now_ms: int | None = None,
) -> Iterator[ShopEvent]:
    """The events of a file in the format `name` of READERS, or in the one that it shows.

    on_bad: gets each bad row as the error that it is; by default that is raised. books: what became
    of the rows is counted there. now_ms: when the events are published; rows that the decoder would
    then refuse are bad ones. None leaves that open. Raises FormatError.
    """
    books = Books() if books is None else books
    name = recognise(path, options) if name == AUTO else name
    if name == messages.NAME:
        if options.columns:
            raise FormatError(f"--columns: {name} are events with names of their own, not a table")
        yield from messages.Reader(options, books, on_bad, now_ms).events(path)
        return
    form, files = READERS[name], [path]
    if unknown := [field for field in options.columns if field not in form.fields]:
        raise FormatError(
            f"--columns: {name} has no field {', '.join(unknown)}; it has {', '.join(form.fields)}"
        )
    if form is instacart.INSTACART:
        orders = instacart.Orders(instacart.orders_file(path), options)
        form, files = instacart.format_with(orders), instacart.files_of(path)
    elif path.is_dir():
        raise FormatError(f"{path}: is a folder")
    for file in files:
        sample = sample_of(file, options)
        place = order_exports.layout if form is ORDERS else partial(_layout, form)
        layout = place(file, sample, options)
        _say_unread(file, form, layout, options)
        reading = Reading(
            file, form, layout, options=options, books=books, on_bad=on_bad, now_ms=now_ms
        )
        yield from reading.events()


def recognise(path: Path, options: Options = DEFAULTS) -> str:
    """The format that a file's header or shape shows; said. Raises FormatError where none does."""
    if path.is_dir():
        instacart.files_of(path)
        return instacart.INSTACART.name
    sample = sample_of(path, options)
    if not sample.names and not sample.rows and sample.kind == "delimited":
        raise FormatError(f"{path}: is empty")
    if options.columns:
        found = EVENTS.name
    elif order_exports.is_document(sample) and order_exports.recognises(path, sample, options):
        found = ORDERS.name
    else:
        found = next((f.name for f in READERS.values() if _is_of(path, f, sample)), "")
    doubtful = found in ("", EVENTS.name) and sample.kind == "json" and not options.columns
    if doubtful and messages.recognises(path, options, nested=bool(found)):
        options.say(f"{path}: read as {messages.NAME} ({messages.ABOUT})")
        return messages.NAME
    if not found:
        if overview := order_exports.overview(path, sample):
            raise FormatError(overview)
        if is_catalogue(path, options):
            raise FormatError(
                f"{path}: looks like a catalogue ({_beginning(sample)}), not like events: "
                "replay takes it as --catalogue, beside a file of events"
            )
        if twice := _twice(sample):
            raise FormatError(f"{path}: the column {twice} is there twice")
        raise FormatError(
            f"{path}: of no format that is known ({_beginning(sample)}). {_hint(path, sample)}"
            "Name one with --format, or its columns with --columns. A format needs:\n"
            + "\n".join(f"  {each.name}: {each.about}" for each in READERS.values())
            + f"\n  {messages.NAME}: {messages.ABOUT}"
        )
    options.say(f"{path}: read as {found} ({READERS[found].about})")
    return found


def _beginning(sample: Sample) -> str:
    if sample.kind == "json" and not sample.names:
        return "it is JSON, and neither one object a line nor an array of objects"
    names = ", ".join(sample.names[:12])
    return f"it begins with {names}" if names else "it is empty"


def _twice(sample: Sample) -> str:
    """A column that a table of events needs and the header has twice, so that neither is sure."""
    keys = [header_key(name) for name in sample.names]
    known = {header_key(name) for names in EVENTS.fields.values() for name in names}
    if sample.kind != "delimited":
        return ""
    return next(
        (n for n, k in zip(sample.names, keys, strict=True) if k in known and keys.count(k) > 1), ""
    )


def _hint(path: Path, sample: Sample) -> str:
    """What to do first with a file of which no more than its beginning is in the way."""
    if sample.kind == "json":
        lists = [name for name in sample.names if name in WRAPPERS]
        if len(sample.names) <= WRAPPER_FIELDS_MAX and lists:
            return f"The records seem to stand in its field {lists[0]}: write them one a line. "
        return ""
    for place, row in enumerate(sample.rows[1:], 1):
        if len(row) > 1 and any(
            _is_of(path, form, replace(sample, rows=sample.rows[place:], names=row))
            for form in READERS.values()
        ):
            return f"The header seems to begin with {row[0]}: leave out the lines before it. "
    return ""


def _absent(form: Format, columns: dict[str, str]) -> list[str]:
    """What the format needs and the header has not, as the documentation names it."""
    absent = []
    for needed in form.needed:
        choice = (needed,) if isinstance(needed, str) else needed
        if not any(each in columns for each in choice):
            absent.append(" or ".join(form.fields[each][0] for each in choice))
    return absent


def _is_of(path: Path, form: Format, sample: Sample) -> bool:
    if _shape(form, sample, certain=True) is not None:
        return True
    keys = {header_key(name) for name in sample.names}
    if keys & {header_key(name) for name in form.unless}:
        return False
    if form is ORDERS:
        known = not order_exports.is_document(sample)
        return known and order_exports.recognises(path, sample, DEFAULTS)
    try:
        columns, _ = find_columns(path, sample, form.fields, DEFAULTS)
    except FormatError:
        return False
    # Where nothing says what was done, only the user can.
    needs = [] if "event" not in form.fields or "event" in columns else ["event"]
    return not _absent(form, columns) and not needs


def _shape(form: Format, sample: Sample, certain: bool = False) -> tuple[str, ...] | None:
    """The shape that most rows of a file without a header have.

    certain: the first row has it too; else that may be a bad one, or a header of other names.
    """
    if sample.kind != "delimited":
        return None
    for shape, fits in form.shapes.items():
        first, *others = [len(row) == len(shape) and fits(row) for row in sample.rows] or [False]
        if (first or not certain) and first + sum(others) >= SHAPE_SHARE * (1 + len(others)):
            return shape
    return None


def _layout(form: Format, path: Path, sample: Sample, options: Options) -> Layout:
    """Where the format's fields are in the file. Raises FormatError where they are not."""
    columns, places = find_columns(path, sample, form.fields, options)
    absent = _absent(form, columns)
    if not absent:
        keys = {
            name: [header_key(options.columns[name])]
            if name in options.columns
            else [header_key(synonym) for synonym in synonyms]
            for name, synonyms in form.fields.items()
        }
        return Layout(sample, columns, places, len(sample.names), sample.before + 1, keys)
    shape = _shape(form, sample)
    if shape is not None:
        places = {name: place for place, name in enumerate(shape) if name}
        return Layout(sample, {n: n for n in places}, places, len(shape), sample.before)
    error = missing(path, sample, absent)
    others = [f.name for f in READERS.values() if f is not form and _is_of(path, f, sample)]
    hint = f"; it looks like --format {others[0]}" if others else f"; {form.name} is {form.about}"
    raise FormatError(f"{error}{hint}")


def _say_unread(path: Path, form: Format, layout: Layout, options: Options) -> None:
    unread = {header_key(name) for name in form.unless} - {
        header_key(name) for name in layout.columns.values()
    }
    for name in layout.sample.names:
        if header_key(name) in unread and layout.header > layout.sample.before:
            options.say(f"{path}: {form.name} does not read the column {name}")
