"""Labelled texts from a file, for evaluation: CSV with a header or JSON lines, gzipped or not."""

from __future__ import annotations

import csv
import gzip
import json
from typing import IO, TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class BadFile(ValueError):
    """The file does not hold labelled texts; the message says where."""


def read_rows(path: Path) -> list[dict[str, object]]:
    """The rows of a file by its columns' names, of which there is one at least.

    Raises BadFile, OSError.
    """
    name = path.name.removesuffix(".gz")
    opened = gzip.open if path.name.endswith(".gz") else open
    try:
        with cast(
            "IO[str]", opened(path, "rt", encoding="utf-8-sig", newline="")
        ) as file:  # gzip.open and open have no common type
            if name.endswith((".jsonl", ".json")):
                rows = [json.loads(line) for line in file if line.strip()]
            else:
                rows = list(csv.DictReader(file))
    except (
        json.JSONDecodeError,
        csv.Error,
        UnicodeDecodeError,
        gzip.BadGzipFile,
        EOFError,
    ) as error:
        raise BadFile(f"{path}: {error}") from None
    if not rows:
        raise BadFile(f"{path}: holds no rows")
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, dict):
            raise BadFile(f"{path}: row {number} is no JSON object with `text` and a label")
    return rows


def read_labelled(path: Path, label_names: Sequence[str]) -> tuple[list[str], list[str]]:
    """(texts, labels) of the columns `text` and the first of `label_names` that is there.

    Raises BadFile, OSError.
    """
    rows = read_rows(path)
    texts, labels = [], []
    for number, row in enumerate(rows, start=1):
        label = next((row[n] for n in label_names if row.get(n)), None)
        text = row.get("text")
        if not isinstance(text, str) or not isinstance(label, str):
            raise BadFile(f"{path}: row {number} has no `text` and `{'` or `'.join(label_names)}`")
        texts.append(text)
        labels.append(label)
    return texts, labels


def macro_f1(truth: Sequence[str], decided: Sequence[str]) -> float:
    """Mean F1 over the labels that occur in `truth`."""
    scores = []
    for label in sorted(set(truth)):
        hits = sum(t == d == label for t, d in zip(truth, decided, strict=True))
        total = sum(t == label for t in truth) + sum(d == label for d in decided)
        scores.append(2 * hits / total)
    return sum(scores) / len(scores)
