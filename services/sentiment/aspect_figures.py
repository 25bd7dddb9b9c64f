"""Precision and recall of aspects on reviews that someone labelled."""

from __future__ import annotations

import json
import os
from collections import Counter
from typing import TYPE_CHECKING, Any

from shopkeeper.shared.contracts.events.sentiment import ASPECTS
from shopkeeper.shared.runtime.settings import model_dir_of
from shopkeeper.shared.text.labelled import BadFile

from .model import load_model
from .reading import judge, published

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

POLARITIES = ("negative", "positive")
BATCH_TEXTS = 1024


def are_labelled(path: Path) -> bool:
    """Whether a file holds JSON lines with `aspects`. Raises OSError."""
    if path.suffix != ".jsonl":
        return False
    with path.open("rb") as file:
        first = next((line for line in file if line.strip()), b"")
    try:
        row = json.loads(first.decode("utf-8-sig"))
    except ValueError:
        return False
    return isinstance(row, dict) and "aspects" in row


def read_file(path: Path) -> tuple[list[str], list[set[tuple[str, str]]]]:
    """(texts, {(aspect, polarity)} of each). Raises BadFile, OSError."""
    texts, truth = [], []
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line.decode("utf-8-sig"))
            text = row["text"]
            pairs = {(each["aspect"], each["polarity"]) for each in row["aspects"]}
        except (ValueError, TypeError, KeyError):
            raise BadFile(
                f"{path}: line {number} is not "
                '{"text": ..., "aspects": [{"aspect": ..., "polarity": ...}]}'
            ) from None
        for aspect, polarity in pairs:
            if aspect not in ASPECTS:
                raise BadFile(
                    f"{path}: line {number}: {aspect!r} is not one of {', '.join(ASPECTS)}"
                )
            if polarity not in POLARITIES:
                raise BadFile(
                    f"{path}: line {number}: {polarity!r} is not one of {', '.join(POLARITIES)}"
                )
        if not isinstance(text, str):
            raise BadFile(f"{path}: line {number}: `text` is not a text")
        texts.append(text)
        truth.append(pairs)
    if not texts:
        raise BadFile(f"{path}: holds no rows")
    return texts, truth


def run(path: Path) -> dict[str, Any]:
    """Precision and recall of aspect with polarity. Raises BadFile, ModelError, OSError."""
    texts, truth = read_file(path)
    model = load_model(model_dir_of(os.environ))
    found, languages = [], []
    for first in range(0, len(texts), BATCH_TEXTS):
        for each in judge(model, texts[first : first + BATCH_TEXTS]):
            found.append({(said.aspect, said.polarity) for said in published(each.said)})
            languages.append(each.language)
    rows = list(zip(truth, found, languages, strict=True))
    figures: dict[str, Any] = {"texts": len(texts), **_figures(rows)}
    for language in ("en", "zh"):
        if of := [row for row in rows if row[2] == language]:
            figures[language] = {"texts": len(of), **_figures(of)}
    figures["aspects"] = {
        aspect: _figures((_only(t, aspect), _only(f, aspect), x) for t, f, x in rows)
        for aspect in ASPECTS
        if any(_only(t, aspect) or _only(f, aspect) for t, f, _ in rows)
    }
    return figures


def _only(pairs: set[tuple[str, str]], aspect: str) -> set[tuple[str, str]]:
    return {pair for pair in pairs if pair[0] == aspect}


def _figures(
    rows: Iterable[tuple[set[tuple[str, str]], set[tuple[str, str]], str]],
) -> dict[str, float | int | None]:
    counts = Counter[str]()
    for truth, found, _ in rows:
        counts["both"] += len(truth & found)
        counts["truth"] += len(truth)
        counts["found"] += len(found)
    return {
        "labelled": counts["truth"],
        "found": counts["found"],
        "precision": round(counts["both"] / counts["found"], 4) if counts["found"] else None,
        "recall": round(counts["both"] / counts["truth"], 4) if counts["truth"] else None,
    }
