"""Optional fields that are wrong cost that field, not the event; what is required is never touched.

Asked only about data that did not pass, so that good data pay nothing. Numbers that are written as
text are read where nothing can be misunderstood ("11.99", "1,299.00", "1.299,00", "11,99"; not
"1,299"). Left as it is, and so refused: who did it, other than an empty id beside one that is not;
and of what a refund is, since without `products` it means the whole order.
"""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import Any, TypeVar

import msgspec

from .events.shop import OrderLine

S = TypeVar("S", bound=msgspec.Struct)

_KEPT = frozenset({"user_id", "anonymous_id", "products", "attributes"})
_IDENTITIES = ("user_id", "anonymous_id")
_PLAIN = re.compile(r"[+-]?(?:\d{1,18}(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d{1,2})?", re.ASCII)
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+\.\d{1,2}", re.ASCII)  # 1,299.00
# 1.299,00 and 11,99
_CONTINENTAL = re.compile(r"[+-]?(?:\d{1,3}(?:\.\d{3})+|\d{1,15}),\d{1,2}", re.ASCII)
_TRUTHS = {
    "true": True,
    "yes": True,
    "1": True,
    "in stock": True,
    "in_stock": True,
    "false": False,
    "no": False,
    "0": False,
    "out of stock": False,
    "out_of_stock": False,
}


def converted(data: Any, struct: type[S]) -> S:
    """The struct, of which optional fields that are wrong are left out. Raises
    msgspec.ValidationError."""
    try:
        return msgspec.convert(data, struct)
    except msgspec.ValidationError as error:
        found: S = repaired(data, struct, error)[0]
        return found


def repaired(
    data: Any, struct: type[msgspec.Struct], error: msgspec.ValidationError
) -> tuple[Any, list[str]]:
    """The struct, and the names of the fields that were dropped for it.

    error: why `data` did not pass. Raises msgspec.ValidationError where what is required is wrong.
    """
    if not isinstance(data, dict):
        raise error
    found, removed = _mended(data, struct)
    try:
        checked = msgspec.convert(found, struct, strict=True)
    except msgspec.ValidationError as again:
        # "one of two is missing" would hide that one is there, and wrong.
        hidden = any(f"`{name}`" in str(again) for name in removed)
        raise (error if hidden else again) from None
    return checked, [name for name in removed if data.get(name) != ""]


def _mended(data: dict[str, Any], struct: type[msgspec.Struct]) -> tuple[dict[str, Any], list[str]]:
    found = dict(data)
    removed: list[str] = []
    for name, kind in _optional(struct):
        value = found.get(name)
        if value is None or _fits(value, kind):
            continue
        if name in _KEPT and not (name in _IDENTITIES and value == ""):
            continue
        other = _read(value, kind)
        if other is None:
            del found[name]
            removed.append(name)
        else:
            found[name] = other
    lines = found.get("products")
    if isinstance(lines, list):
        found["products"] = []
        for line in lines:
            mended, names = _mended(line, OrderLine) if isinstance(line, dict) else (line, [])
            found["products"].append(mended)
            removed += names
    return found, removed


@lru_cache(maxsize=64)
def _optional(struct: type[msgspec.Struct]) -> tuple[tuple[str, Any], ...]:
    """(name, type) of the fields that may be left out."""
    return tuple((f.name, f.type) for f in msgspec.structs.fields(struct) if not f.required)


def _fits(value: Any, kind: Any) -> bool:
    try:
        msgspec.convert(value, kind, strict=True)
    except msgspec.ValidationError:
        return False
    return True


def _read(value: Any, kind: Any) -> Any:
    """The value as this type; None if it cannot be read without a guess."""
    candidates: list[Any] = []
    if isinstance(value, str):
        text = value.strip()
        candidates = [number(text), _TRUTHS.get(text.lower())]
    elif isinstance(value, int) and value in (0, 1):
        candidates = [bool(value)]
    return next((each for each in candidates if each is not None and _fits(each, kind)), None)


def number(text: str) -> float | None:
    """A number written as text, where its marks can mean one thing only."""
    if _GROUPED.fullmatch(text):
        text = text.replace(",", "")
    elif _CONTINENTAL.fullmatch(text):
        text = text.replace(".", "").replace(",", ".")
    elif not _PLAIN.fullmatch(text):
        return None
    value = float(text)
    return value if math.isfinite(value) else None
