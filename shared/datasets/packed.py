"""Cells that hold several products: to be refused, for one product of that name is in no shop."""

from __future__ import annotations

import re
from itertools import pairwise

import orjson

_BETWEEN = re.compile(r"\s*(?:[;|+/\n,、，；]|\s&\s|\sund\s|\sand\s|\s和\s)\s*")
# `2x Mug`, `2 × Mug`; no measure, which has a number on either side (`10x15`, `10 x 15`).
_COUNT_FIRST = re.compile(r"\d+(?:[x×*]\s+(?=\S)|\s*[x×*]\s*(?=[^\W\d_]))", re.IGNORECASE)
# `Mug x2`, `Mug ×2`, `杯子*2`, `Mug (2)`
_COUNT_LAST = re.compile(
    r".*[^\W\d_].*?(?:(?:\s[x]|[×*])\s*\d+|[(（]\s*[x×*]?\s*\d+\s*[)）])$", re.I
)
# Ids one after the other, without a space in any of them.
_IDS = re.compile(r"[^\s;|,]+(?:(?:\s*[;|\n]\s*|,\s+)[^\s;|,]+)+[;|,]?")


def holds_several(cell: str, of_ids: bool = False) -> bool:
    """Whether a cell surely names more than one product, or has a list where a name should be.

    `Cable USB-C / Lightning` is one product: its parts have no counts. of_ids: of an id or a SKU,
    where parts without a space are several ids (`CUP-B; POT`).
    """
    cell = cell.strip()
    if cell[:1] in "[{" and cell[-1:] in "]}" and _is_json(cell):
        return True
    if of_ids and _IDS.fullmatch(cell):
        return True
    parts = [part for part in _BETWEEN.split(cell) if part]
    return any(
        counted.match(one) and counted.match(other)
        for counted in (_COUNT_FIRST, _COUNT_LAST)
        for one, other in pairwise(parts)
    )


def _is_json(text: str) -> bool:
    try:
        return isinstance(orjson.loads(text), list | dict)
    except orjson.JSONDecodeError:
        return False
