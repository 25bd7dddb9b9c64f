"""Labelled rows of a user's files, each checked: JSON lines or CSV with a header, also gzipped.

A row has `text` and `label`, and may have `split` (train, select or test), `source` (which set it
is of), `group` (rows that no split may part), `language` (en or zh) and `weight`.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import math
import zlib
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from shopkeeper.shared.text.language import detect
from shopkeeper.shared.text.normalisation import TEXT_CHARACTERS_MAX, normalise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

FILE_BYTES_MAX = 512 << 20  # of one file, unpacked
CHUNK_BYTES = 1 << 20
ROWS_MAX = 1_000_000
TOLD_MAX = 20  # bad rows that are told of
LABEL_CHARACTERS_MAX = 64
HELD_OUT_OF = 5  # one group in so many, where rows name no split
TRAIN, SELECT, TEST = "train", "select", "test"
SPLITS = {TRAIN: TRAIN, SELECT: SELECT, "dev": TEST, TEST: TEST, "judge": TEST}
LABEL_NAMES = ("label", "intent", "sentiment")


class BadRows(ValueError):
    """Rows that cannot be learned from. `told`: "file:line: reason" of the first of them."""

    def __init__(self, told: Sequence[str], count: int) -> None:
        self.told, self.count = list(told), count
        more = [f"and {count - len(told)} more"] if count > len(told) else []
        super().__init__("\n".join([*told, *more]))


class Row(NamedTuple):
    """One labelled text. split: "" where the file names none."""

    text: str
    label: str
    split: str
    source: str
    group: str
    language: str
    weight: float


def read(
    paths: Sequence[Path], check: Callable[[str], str | None], skip_bad: bool = False
) -> tuple[list[Row], int]:
    """(rows, how many were left out as bad). check: of a label, what is wrong with it.

    Raises BadRows for any bad row unless `skip_bad`, for a file that cannot be read whole, and
    where no row is left; OSError.
    """
    rows: list[Row] = []
    told: list[str] = []
    bad = 0
    for path in paths:
        for line, found in numbered(path):
            made = found if isinstance(found, str) else _row(found, path, check)
            if isinstance(made, Row):
                rows.append(made)
                if len(rows) > ROWS_MAX:
                    raise BadRows([f"{path}:{line}: more than {ROWS_MAX} rows"], 1)
                continue
            bad += 1
            if len(told) < TOLD_MAX:
                told.append(f"{path}:{line}: {made}")
    if told and not skip_bad:
        raise BadRows(told, bad)
    if not rows:
        raise BadRows([f"{paths[0]}: holds no rows" if not told else told[0]], max(1, bad))
    return rows, bad


def numbered(path: Path) -> Iterator[tuple[int, dict[str, Any] | str]]:
    """(line, its row by columns, or what is wrong with it). Raises BadRows, OSError."""
    try:
        with path.open("rb") as raw:
            packed = path.name.endswith(".gz")
            with gzip.open(raw) if packed else raw as file:
                content = _whole(file)
        text = content.decode("utf-8-sig")
    except (EOFError, gzip.BadGzipFile, UnicodeDecodeError, zlib.error) as error:
        raise BadRows([f"{path}: cannot be read whole ({error})"], 1) from None
    if len(content) > FILE_BYTES_MAX:
        raise BadRows([f"{path}: more than {FILE_BYTES_MAX >> 20} MB"], 1)
    lines = io.StringIO(text, newline="")
    name = path.name.removesuffix(".gz")
    yield from (_json if name.endswith((".jsonl", ".json")) else _csv)(path, lines)


def _whole(file: io.BufferedIOBase) -> bytes:
    """All of a file, and somewhat more than may be of one that is too large."""
    # Asked for so much at once, a file of a few bytes would take that much memory.
    content = bytearray()
    while len(content) <= FILE_BYTES_MAX and (more := file.read(CHUNK_BYTES)):
        content += more
    return bytes(content)


def _json(path: Path, lines: IO[str]) -> Iterator[tuple[int, dict[str, Any] | str]]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            found = json.loads(line)
        except (json.JSONDecodeError, RecursionError) as error:
            yield number, f"no JSON ({getattr(error, 'msg', 'nested too deeply')})"
            continue
        yield number, found if isinstance(found, dict) else "no JSON object"


def _csv(path: Path, lines: IO[str]) -> Iterator[tuple[int, dict[str, Any] | str]]:
    reader = csv.reader(lines, strict=True)
    try:
        head = next(reader, [])
        if "text" not in head or not set(LABEL_NAMES) & set(head):
            raise BadRows([f"{path}:1: the header names no `text` and `label`"], 1)
        last = reader.line_num
        for fields in reader:
            first, last = last + 1, reader.line_num  # a quoted field may have lines in it
            if len(fields) != len(head):
                if fields:
                    yield first, f"{len(fields)} fields, the header has {len(head)}"
                continue
            yield first, dict(zip(head, fields, strict=True))
    except csv.Error as error:
        raise BadRows([f"{path}:{reader.line_num}: {error}"], 1) from None


def _row(found: dict[str, Any], path: Path, check: Callable[[str], str | None]) -> Row | str:
    """The row, or what is wrong with it."""
    text = found.get("text")
    label = next((found[name] for name in LABEL_NAMES if found.get(name)), None)
    if not isinstance(text, str) or not text.strip():
        return "no `text`"
    if "\ud800" <= max(text) <= "\udfff" or any("\ud800" <= c <= "\udfff" for c in text):
        return "`text` holds half a character (a lone surrogate)"
    if not isinstance(label, str):
        return "no `label`"
    if len(label) > LABEL_CHARACTERS_MAX:
        return f"`label` has more than {LABEL_CHARACTERS_MAX} characters"
    if wrong := check(label):
        return wrong
    split = found.get("split") or ""
    if split and (not isinstance(split, str) or split not in SPLITS):
        return f"`split` is {split!r}, not one of {', '.join(SPLITS)}"
    weight = _weight(found.get("weight"))
    if weight is None:
        return f"`weight` is {found['weight']!r}, not a number above 0 and at most 1"
    language = found.get("language") or found.get("lang") or ""
    if language not in ("en", "zh"):
        language = "zh" if detect(text[:TEXT_CHARACTERS_MAX]) == "zh" else "en"
    name = str(found.get("source") or path.name.removesuffix(".gz").partition(".")[0])
    group = found.get("group") or ""
    return Row(
        text=text,
        label=label,
        split=SPLITS.get(split, ""),
        source=name,
        group=str(group),
        language=language,
        weight=weight,
    )


def _weight(given: Any) -> float | None:
    if given in (None, ""):
        return 1.0
    try:
        weight = float(given)
    except (TypeError, ValueError):
        return None
    return weight if math.isfinite(weight) and 0 < weight <= 1 else None


class Parts(NamedTuple):
    """What a model is fitted to, and what it is judged by and never fitted to.

    repeated: rows whose text (and label) stands there already; leaked: rows of train whose text
    stands in test too, left out of train.
    """

    train: list[Row]
    test: list[Row]
    repeated: int
    leaked: int


def parted(rows: Sequence[Row]) -> Parts:
    """Train and test: by the rows' splits where they name any, else one group (or text) in five
    by a hash of it, so that rows added later move no other. `select` counts as train."""
    named = any(row.split == TEST for row in rows)
    seen: set[tuple[str, str, str]] = set()
    train: list[tuple[str, Row]] = []
    test: dict[str, Row] = {}
    repeated = 0
    for row in rows:
        text = normalise(row.text)
        is_test = row.split == TEST if named else held_out(row.group or text)
        key = (text, row.label, TEST if is_test else TRAIN)
        if key in seen:
            repeated += 1
            continue
        seen.add(key)
        if is_test:
            test[f"{text}\0{row.label}"] = row
        else:
            train.append((text, row))
    tested = {key.partition("\0")[0] for key in test}
    kept = [row for text, row in train if text not in tested]
    return Parts(kept, list(test.values()), repeated, len(train) - len(kept))


def held_out(key: str) -> bool:
    return int(hashlib.sha256(key.encode()).hexdigest(), 16) % HELD_OUT_OF == 0
