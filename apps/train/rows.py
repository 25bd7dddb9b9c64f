"""Labelled rows of a user's files, each checked.

A row has `text` and `label`, and may have `split` (train, select or test), `source` (which set it
is of), `group` (rows that no split may part), `language` (en or zh) and `weight`.
"""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING, Any, NamedTuple

from shopkeeper.shared.datasets.base import DEFAULTS, Options
from shopkeeper.shared.text.language import detect
from shopkeeper.shared.text.normalisation import TEXT_CHARACTERS_MAX, normalise

from .files import BadFile, BadRows, numbered

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

ROWS_MAX = 1_000_000
TEXT_CHARACTERS_TOLD_MAX = 60
TOLD_MAX = 20  # bad rows that are told of
LABEL_CHARACTERS_MAX = 64
HELD_OUT_OF = 5  # one group in so many, where rows name no split
TRAIN, SELECT, TEST = "train", "select", "test"
SPLITS = {TRAIN: TRAIN, SELECT: SELECT, "dev": TEST, TEST: TEST, "judge": TEST}
LABEL_NAMES = ("label", "intent", "sentiment")
NEEDED = (("text",), LABEL_NAMES)


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
    paths: Sequence[Path],
    check: Callable[[str], str | None],
    skip_bad: bool = False,
    options: Options = DEFAULTS,
) -> tuple[list[Row], int]:
    """(rows, how many were left out as bad). check: of a label, what is wrong with it. options: of
    the files, as `files.numbered` has them.

    Raises BadRows for any bad row unless `skip_bad`, and BadFile for a file that cannot be read
    whole, and where no row is left.
    """
    rows: list[Row] = []
    told: list[str] = []
    bad = 0
    for path in paths:
        for line, found in numbered(path, NEEDED, options):
            made = found if isinstance(found, str) else _row(found, path, check)
            if isinstance(made, Row):
                rows.append(made)
                if len(rows) > ROWS_MAX:
                    raise BadFile(f"{path}:{line}: more than {ROWS_MAX} rows")
                continue
            bad += 1
            if len(told) < TOLD_MAX:
                told.append(f"{path}:{line}: {made}")
    if told and not skip_bad:
        raise BadRows(told, bad)
    if not rows:
        raise BadFile(told[0] if told else f"{paths[0]}: holds no rows")
    return rows, bad


def _row(found: dict[str, Any], path: Path, check: Callable[[str], str | None]) -> Row | str:
    """The row, or what is wrong with it."""
    text = found.get("text")
    label = next((found[name] for name in LABEL_NAMES if found.get(name) not in (None, "")), None)
    if isinstance(label, int) and not isinstance(label, bool):
        label = str(label)  # as a table has it
    if not isinstance(text, str) or not text.strip():
        return "no `text`"
    if "\ud800" <= max(text) <= "\udfff" or any("\ud800" <= c <= "\udfff" for c in text):
        return "`text` holds half a character (a lone surrogate)"
    if label is not None and not isinstance(label, str):
        return f"`label` is {label!r}, no text"
    label = " ".join((label or "").split())  # "refund " and "refund" are one
    if not label:
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
    name = str(found.get("source") or path.name.partition(".")[0])
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


def remarks(parts: Parts) -> list[str]:
    """What somebody may not know of their rows, and what became of it."""
    labels: dict[str, set[str]] = {}
    for row in (*parts.train, *parts.test):
        labels.setdefault(normalise(row.text), set()).add(row.label)
    several = [text for text, found in labels.items() if len(found) > 1]
    said = []
    if several:
        shown = several[0][:TEXT_CHARACTERS_TOLD_MAX]
        said.append(f"texts with more than one label: {len(several)}, the first is {shown!r}")
    if parts.repeated:
        said.append(f"rows that stand there twice, counted once: {parts.repeated}")
    if parts.leaked:
        said.append(f"rows of train that are held out as well, left out: {parts.leaked}")
    return said


def held_out(key: str) -> bool:
    return int(hashlib.sha256(key.encode()).hexdigest(), 16) % HELD_OUT_OF == 0
