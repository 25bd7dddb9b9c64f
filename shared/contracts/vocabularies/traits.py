"""Traits of a user as Segment and what speaks like it name them, as fields of a profile.

Only what can mean one thing is taken; a trait that says nothing readable is as if it were not
there.
Of an address only the country or region is: a profile is coarse on purpose.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any

from .base import first, inner

BANDS = (
    (18, "under_18"),
    (25, "18_24"),
    (35, "25_34"),
    (45, "35_44"),
    (55, "45_54"),
    (65, "55_64"),
    (151, "65_plus"),
)
GENDERS = {
    **dict.fromkeys(("female", "f", "woman", "女"), "female"),
    **dict.fromkeys(("male", "m", "man", "男"), "male"),
    **dict.fromkeys(("other", "o", "x", "non-binary", "nonbinary", "diverse"), "other"),
}
_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*")
WORDS_MAX = 64


def profile_of(traits: dict[str, Any], now_ms: int) -> dict[str, Any]:
    """The fields of a profile that these traits tell. now_ms: when, for ages from birthdays."""
    address = inner(traits, "address")
    found = {
        "age_band": _band(traits, now_ms),
        "gender": _gender(first(traits, "gender")),
        "region": _words(first(traits, "region", "country") or first(address, "region", "country")),
        "language": _language(first(traits, "language", "locale")),
        "occupation": _words(first(traits, "occupation", "title")),
    }
    return {name: value for name, value in found.items() if value is not None}


def band_of(age: float) -> str | None:
    """The age band of an age in years; None for one that nobody has."""
    return next((name for end, name in BANDS if age < end), None) if age >= 0 else None


def _band(traits: dict[str, Any], now_ms: int) -> str | None:
    given = first(traits, "age_band", "ageBand")
    if isinstance(given, str) and given in (name for _, name in BANDS):
        return given
    age = first(traits, "age")
    if isinstance(age, str) and age.strip().isascii() and age.strip().isdigit():
        age = int(age.strip()[:4])
    if isinstance(age, int | float) and not isinstance(age, bool):
        return band_of(age)
    born = first(traits, "birthday", "birthdate", "date_of_birth")
    day = _DAY.match(born.strip()) if isinstance(born, str) else None
    if day is None:
        return None
    try:
        then = date(int(day[1]), int(day[2]), int(day[3]))
    except ValueError:
        return None
    now = datetime.fromtimestamp(now_ms / 1000, UTC).date()
    return band_of(now.year - then.year - ((now.month, now.day) < (then.month, then.day)))


def _gender(value: Any) -> str | None:
    return GENDERS.get(value.strip().lower()) if isinstance(value, str) else None


def _words(value: Any) -> str | None:
    if not isinstance(value, str):
        return None
    words = " ".join(value.split())
    return words if 0 < len(words) <= WORDS_MAX else None


def _language(value: Any) -> str | None:
    tag = value.strip() if isinstance(value, str) else ""
    return tag if len(tag) <= WORDS_MAX and _LANGUAGE.fullmatch(tag) else None
