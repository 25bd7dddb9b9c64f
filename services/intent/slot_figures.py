"""How well slots are found: precision, recall and F1 on texts whose slots somebody wrote down.

A slot is right where its name is and either what it says or its normal form, without regard to
case; ends of a price are counted one by one, as `price_min` and `price_max`.
"""

from __future__ import annotations

import gzip
import json
from collections import Counter, defaultdict
from typing import IO, TYPE_CHECKING, Any, cast

from shopkeeper.shared.text.labelled import BadFile

from .slots.numbers import written

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    Slots = Mapping[str, object]


def read_slots(path: Path) -> list[Slots] | None:
    """Of each row of JSON lines its `slots`; None where the file has none. Raises BadFile."""
    name = path.name.removesuffix(".gz")
    if not name.endswith((".jsonl", ".json")):
        return None
    opened = gzip.open if path.name.endswith(".gz") else open
    with cast("IO[str]", opened(path, "rt", encoding="utf-8-sig")) as file:
        rows = [json.loads(line) for line in file if line.strip()]
    if not any("slots" in row for row in rows):
        return None
    for number, row in enumerate(rows, start=1):
        if not isinstance(row.get("slots", {}), dict):
            raise BadFile(f"{path}: row {number}: `slots` is no object")
    return [row.get("slots", {}) for row in rows]


def slot_figures(found: Sequence[Any], wanted: Sequence[Slots]) -> dict[str, Any]:
    """{micro: figures, one per name of a slot: figures}, of right, found and wanted slots.

    found: of each text, slots as they are published.
    """
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for slots, row in zip(found, wanted, strict=True):
        truth = Counter((name, _written(value)) for name, value in row.items())
        got = Counter(one for slot in slots for one in _of(slot, truth))
        for name, value in truth | got:
            for of in ("micro", name):
                counts[of]["right"] += min(truth[name, value], got[name, value])
                counts[of]["found"] += got[name, value]
                counts[of]["wanted"] += truth[name, value]
    return {name: _figures(counts[name]) for name in sorted(counts)}


def _of(slot: Mapping[str, Any], truth: Counter[tuple[str, str]]) -> list[tuple[str, str]]:
    if slot["name"] == "price":
        ends = (("price_min", slot.get("minimum")), ("price_max", slot.get("maximum")))
        return [(name, written(end)) for name, end in ends if end is not None]
    normal = slot["name"], str(slot["value"]).lower()
    return [normal if normal in truth else (slot["name"], str(slot["text"]).lower())]


def _written(value: object) -> str:
    return written(value) if isinstance(value, int | float) else str(value).lower()


def _figures(counts: Counter[str]) -> dict[str, float | int]:
    right, found, wanted = counts["right"], counts["found"], counts["wanted"]
    return {
        "precision": round(right / found, 4) if found else 0.0,
        "recall": round(right / wanted, 4) if wanted else 0.0,
        "f1": round(2 * right / (found + wanted), 4),
        "wanted": wanted,
        "found": found,
    }
