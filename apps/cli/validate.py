"""`shopkeeper validate FILE`: what the workers' decoder would say of a file's events, before any
of them is published."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import orjson

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.decoder import EventDecoder
from shopkeeper.shared.contracts.envelope import Decoded, Event, Rejected, Several, Skipped
from shopkeeper.shared.datasets import messages
from shopkeeper.shared.datasets.admission import UnsentRecord
from shopkeeper.shared.datasets.base import BadRow
from shopkeeper.shared.datasets.lines import json_texts
from shopkeeper.shared.datasets.products import is_catalogue, load
from shopkeeper.shared.datasets.readers import (
    AUTO,
    Books,
    FormatError,
    Options,
    ShopEvent,
    open_text,
    read,
    recognise,
)
from shopkeeper.shared.datasets.tables import sample_of
from shopkeeper.shared.runtime.settings import SettingsError
from shopkeeper.shared.runtime.settings import read as read_setting

from .data_files import Said, data_options, options_of, whole
from .summaries import printable

PROBLEMS_SHOWN = 10
SHOP_TOPICS = tuple(t.name for t in topics.ALL if t.default_type)
ANOTHER_TOPICS = frozenset(("other_type", "unknown_type"))  # why a topic passes an event on
STRUCTURED = [("content-type", b"application/cloudevents+json")]
WAYS_OUT = {
    "unknown_type": "name one of our types (schemas/README.md) after TYPE_PREFIX, or alone; "
    "--format events takes view, addtocart, purchase and their like",
    "missing_field": "docs/files.md and schemas/ say which fields an event needs",
    "empty_field": "ids and texts that are required must not be empty",
    "null_field": "leave a field out instead of null where it is required",
    "wrong_type": "ids are text; numbers are numbers",
    "out_of_range": "ratings are 0 to 5; `replay` converts other scales",
    "too_long": "ids have at most 512 characters",
    "too_large": "an event has at most 256 KiB",
    "invalid_time": "RFC 3339 with an offset, or Unix seconds to nanoseconds",
    "time_too_old": "times before 2000 are refused: check the unit",
    "time_ahead": "times over 24 hours ahead are refused: check the unit and the zone",
    "invalid_json": "one JSON object a line, UTF-8",
    "empty_value": "an empty value removes a product, a review or a profile, and nothing else",
    "wrong_key": "key profiles by their user_id: what is erased goes by keys",
    "missing_key": "the record's key is the product id; a file has no keys",
    "too_many": "at most 1,000 events in one record",
    "invalid_utf8": "one JSON object a line, UTF-8",
    "not_utf8": "one JSON object a line, UTF-8",
    "not_an_object": "one JSON object a line; in a JSON array every entry is one",
    "not_finite": "JSON has no NaN and no Infinity: leave the field out",
    "lone_surrogate": "half of a character, cut by its producer",
    "nested_too_deep": "events are flat",
    "batch_mode": "one CloudEvent a line",
    "invalid_base64": "`data_base64` is base64; `data` holds JSON as it is",
    "open_quote": "a cell must not span lines in a file of events",
    "too_few_columns": "every row has as many cells as the header",
    "too_many_columns": "cells that hold the delimiter are quoted",
}


@dataclass(slots=True)
class Findings:
    """What would become of the events: counts by verdict, and the first few problems."""

    accepted: Counter[str] = field(default_factory=Counter)  # by type
    skipped: Counter[str] = field(default_factory=Counter)  # by reason
    refused: Counter[str] = field(default_factory=Counter)  # by label
    problems: list[dict[str, Any]] = field(default_factory=list)

    def refuse(self, line: int | None, label: str, message: str) -> None:
        """Count a refusal; keep it if it is one of the first."""
        self.refused[label] += 1
        if len(self.problems) < PROBLEMS_SHOWN:
            found: dict[str, Any] = {"line": line, "error": label, "message": message}
            if way := WAYS_OUT.get(label):
                found["way_out"] = way
            self.problems.append(found)

    def as_json(self) -> dict[str, Any]:
        return {
            "accepted": self.accepted.total(),
            "skipped": self.skipped.total(),
            "refused": self.refused.total(),
            "accepted_by_type": dict(self.accepted),
            "skipped_by_reason": dict(self.skipped),
            "refused_by_error": dict(self.refused),
            "problems": self.problems,
        }


class Door:
    """The decoders of the shop's topics, as the topics' owners have them."""

    def __init__(self, names: tuple[str, ...], type_prefix: str, now_ms: int) -> None:
        self._now_ms = now_ms
        self._decoders = {
            name: EventDecoder(
                name, topics.BY_NAME[name].types, topics.BY_NAME[name].owner, type_prefix
            )
            for name in names
        }

    def judge(self, line: int, value: bytes, findings: Findings) -> None:
        """Ask each topic in turn until one is not of the opinion that it is another's event."""
        passed_on: Decoded | None = None
        for decoder in self._decoders.values():
            record = UnsentRecord(self._now_ms, None, value, _headers(value), offset=line)
            verdicts = decoder.decode((record,))
            ours = [v for v in verdicts if _label(v) not in ANOTHER_TOPICS]
            for verdict in ours:
                _count(line, self._hinted(verdict, decoder, record), findings)
            if ours:
                return
            for verdict in verdicts:
                if isinstance(verdict, Rejected) or passed_on is None:
                    passed_on = verdict
        if passed_on is not None:  # of another topic than --topic names, or nobody's
            _count(line, passed_on, findings)

    def _hinted(self, verdict: Decoded, asked: EventDecoder, record: UnsentRecord) -> Decoded:
        """A refusal with the topic that would take the event: it names no type, so it is what its
        topic holds by default, and a file has no topic."""
        if isinstance(verdict, Rejected) and verdict.error == "missing_field":
            for name, other in self._decoders.items():
                if other is not asked and isinstance(other.decode((record,))[0], Event):
                    hint = f"{verdict.message}; of {name} it would be an event: --topic {name}"
                    return Rejected(verdict.offset, verdict.stage, verdict.error, hint)
        return verdict


def _label(verdict: object) -> str:
    if isinstance(verdict, Rejected):
        return verdict.error
    return verdict.reason if isinstance(verdict, Skipped) else ""


def _headers(value: bytes) -> list[tuple[str, bytes]]:
    """What a producer of such a value sends with it: structured events say that they are."""
    if b'"specversion"' not in value:
        return []
    try:
        document = orjson.loads(value)
    except orjson.JSONDecodeError:
        return []
    named = isinstance(document, dict) and isinstance(document.get("specversion"), str)
    return STRUCTURED if named else []


def _count(line: int, verdict: Decoded, findings: Findings) -> None:
    if isinstance(verdict, Several):
        for each in verdict.verdicts:
            _count(line, each, findings)
    elif isinstance(verdict, Rejected):
        findings.refuse(line, verdict.error, verdict.message)
    elif isinstance(verdict, Skipped):
        findings.skipped[verdict.reason] += 1
    else:
        findings.accepted[verdict.type] += 1


def judge_events(path: Path, door: Door, options: Options) -> Findings:
    """The verdicts on a file of JSON events. Raises FormatError."""
    findings = Findings()
    with open_text(path, options.encoding, options.say) as text:
        for line, value in json_texts(text):
            if isinstance(value, BadRow):
                findings.refuse(line, value.reason, value.problem)
            else:
                door.judge(line, value, findings)
    return findings


def judge_rows(path: Path, form: str, options: Options, now_ms: int) -> tuple[Findings, Books]:
    """The verdicts on a data file, row by row as `replay` publishes it. Raises FormatError."""
    findings, books, bad = Findings(), Books(), _Problems()
    events: Iterator[ShopEvent] = read(path, form, bad, options=options, books=books, now_ms=now_ms)
    for event in events:
        findings.accepted[event.type] += 1
    findings.skipped.update(books.left_out)
    findings.refused.update(books.skipped_bad)
    findings.problems.extend(bad.found)
    return findings, books


class _Problems:
    def __init__(self) -> None:
        self.found: list[dict[str, Any]] = []

    def __call__(self, error: FormatError) -> None:
        if len(self.found) < PROBLEMS_SHOWN:
            found: dict[str, Any] = {
                "line": error.line,
                "error": error.reason,
                "message": error.problem,
            }
            if way := WAYS_OUT.get(error.reason):
                found["way_out"] = way
            self.found.append(found)


def judge_catalogue(path: Path, options: Options, now_ms: int) -> tuple[Findings, Books]:
    """The verdicts on a catalogue, product by product as `replay --catalogue` publishes it.
    Raises FormatError."""
    findings, books, bad = Findings(), Books(), _Problems()
    try:
        load(path, further=True, on_bad=bad, books=books, options=options, now_ms=now_ms)
    except FormatError:
        if not books.skipped_bad:  # no product is left; which, is for the user to see
            raise
    findings.accepted["product.catalogued.v1"] += books.events
    findings.skipped.update(books.left_out)
    findings.refused.update(books.skipped_bad)
    findings.problems.extend(bad.found)
    return findings, books


def kind_of(path: Path, form: str, topic: str | None, options: Options) -> str:
    """What a file is judged as: `events` as producers send them, `rows` of a data set, or a
    `catalogue`. Raises FormatError."""
    if topic is not None:
        return "events"
    if form != AUTO or options.columns or path.is_dir():
        return "rows"
    quiet = Options(options.encoding, type_prefix=options.type_prefix)
    is_json = sample_of(path, quiet).kind == "json"
    try:
        found = recognise(path, quiet)
    except FormatError:
        if is_json:
            return "events"
        return "catalogue" if is_catalogue(path, quiet) else "rows"
    return "events" if is_json and found in ("events", messages.NAME) else "rows"


def judged(
    path: Path, topic: str | None, form: str, options: Options, prefix: str, now_ms: int
) -> tuple[Findings, dict[str, Any]]:
    """The verdicts on a file, and their summary. Raises FormatError."""
    kind = kind_of(path, form, topic, options)
    if kind == "events":
        names = SHOP_TOPICS if topic is None else (topic,)
        findings = judge_events(path, Door(names, prefix, now_ms), options)
        return findings, findings.as_json()
    if kind == "catalogue":
        options.say(f"{path}: read as a catalogue (replay takes it as --catalogue)")
        findings, books = judge_catalogue(path, options, now_ms)
    else:
        findings, books = judge_rows(path, form, options, now_ms)
    summary = findings.as_json() | {"rows": books.rows, "merged": books.merged}
    if books.dropped_cells:
        summary["dropped_cells"] = dict(books.dropped_cells)
    return findings, summary


def _print(path: Path, findings: Findings) -> None:
    total = findings.accepted.total() + findings.skipped.total() + findings.refused.total()
    click.echo(
        f"{path}: {total} judged: {findings.accepted.total()} accepted, "
        f"{findings.skipped.total()} skipped, {findings.refused.total()} would be refused"
    )
    for title, counts in (
        ("accepted", findings.accepted),
        ("skipped", findings.skipped),
        ("refused", findings.refused),
    ):
        for name, count in counts.most_common():
            click.echo(f"  {title}\t{count}\t{name}")
    for each in findings.problems:
        way = f" ({each['way_out']})" if "way_out" in each else ""
        click.echo(f"line {each['line']}: {each['error']}: {printable(each['message'], 200)}{way}")
    if findings.refused.total() > len(findings.problems):
        click.echo(f"… and {findings.refused.total() - len(findings.problems)} more")


@click.command("validate")
@click.argument("file", type=click.Path(exists=True, allow_dash=True, path_type=Path))
@click.option(
    "--topic",
    type=click.Choice(SHOP_TOPICS),
    help="FILE holds JSON events of this topic; else each finds its topic by its type.",
)
@data_options
@click.option("--json", "raw", is_flag=True, help="One JSON object.")
def command(file: Path, topic: str | None, raw: bool, **said: Any) -> None:
    """What the workers would say of the events in FILE; nothing is published, no broker needed.

    FILE: JSON events, one a line (CloudEvents in structured mode, or bare), or any data file or
    catalogue that `shopkeeper replay` reads; - is standard input. Exit status 1 if any event would
    be refused, or none can be read.

    \b
    Examples:
      shopkeeper validate events.jsonl
      shopkeeper validate clicks.csv --columns user_id=visitor,item_id=sku
      zcat events.jsonl.gz | head -1000 | shopkeeper validate - --json
    """
    try:
        prefix = read_setting(os.environ, "TYPE_PREFIX")
    except SettingsError as error:
        raise click.UsageError(str(error)) from None
    now_ms = int(time.time() * 1000)
    try:
        with whole(file, Said()) as (path, say):
            findings, summary = judged(
                path, topic, said["form"], options_of(said, say), prefix, now_ms
            )
    except FormatError as error:
        raise click.ClickException(str(error)) from None
    if raw:
        click.echo(orjson.dumps(summary).decode())
    else:
        _print(file, findings)
    sys.exit(1 if findings.refused else 0)
