"""The language that a page reads: of those that texts are in, by what the request says."""

from __future__ import annotations

LANGUAGES = ("en", "zh")
RANGES_MAX = 32  # of an Accept-Language; the rest is not looked at


def language_of(asked: str | None, accepted: str | None) -> str:
    """asked: a tag of BCP 47, which wins where there are texts in it; accepted: the header
    `Accept-Language` (RFC 9110). Else English."""
    if asked and (known := _known(asked)):
        return known
    ranges = []
    for part in (accepted or "").split(",")[:RANGES_MAX]:
        tag, _, parameter = part.partition(";")
        weight = _weight(parameter)
        if weight > 0 and (known := _known(tag)):
            ranges.append((weight, known))
    return max(ranges, key=lambda each: each[0])[1] if ranges else LANGUAGES[0]


def _known(tag: str) -> str | None:
    primary = tag.strip().replace("_", "-").split("-")[0].lower()
    return primary if primary in LANGUAGES else None


def _weight(parameter: str) -> float:
    """Of `q=0.8`; 1 where nothing is said, 0 where it makes no sense."""
    name, _, value = parameter.strip().partition("=")
    if not name:
        return 1.0
    try:
        weight = float(value) if name.strip().lower() == "q" else 1.0
    except ValueError:
        return 0.0
    return weight if 0.0 <= weight <= 1.0 else 0.0
