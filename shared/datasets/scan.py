"""What only a whole file says: its rating scale, which way its dates go, how old it is.

A first pass over the rows, in bounded memory. Nothing here is decided by the first row.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from . import times
from .base import FormatError
from .cells import rating_of
from .tables import Row

SCALES = (1, 5, 7, 10, 20, 100)
COVERED = 0.99  # of the ratings have to be on the scale; a slip of the pen does not make another
DOOR_SCALE = 5.0  # reviews are rated 0 to 5
YEAR_2000_MS = 946_684_800_000
DAY_MS = 86_400_000


@dataclass(slots=True)
class Scan:
    """Counts over all rows: ratings by the scale that they fit, dates by their order, times."""

    by_scale: Counter[int] = field(default_factory=Counter)
    lowest: float = math.inf
    highest: float = -math.inf
    fractions: int = 0  # ratings between 0 and 1: they are on no scale from 1
    orders: Counter[str] = field(default_factory=Counter)
    earliest_ms: int | None = None
    latest_ms: int | None = None


def scan(rows: Iterable[object], rating: str, time: str) -> Scan:
    """One pass. rating, time: the names of the fields; rows without them are passed over."""
    found = Scan()
    for row in rows:
        if not isinstance(row, Row):
            continue
        if text := row.get(rating):
            _add_rating(found, text)
        if text := row.get(time):
            _add_time(found, text)
    return found


def _add_rating(found: Scan, text: str) -> None:
    try:
        rating, of = rating_of(text)
    except ValueError:
        return
    if rating < 0 or of is not None:
        return
    found.lowest, found.highest = min(found.lowest, rating), max(found.highest, rating)
    found.by_scale[next((scale for scale in SCALES if rating <= scale), 0)] += 1
    found.fractions += 0 <= rating < 1


def _add_time(found: Scan, text: str) -> None:
    if (order := times.day_order(text)) != "none":
        found.orders[order] += 1
    try:
        time_ms = times.time_ms(text, lambda: False)
    except ValueError:
        return
    found.earliest_ms = time_ms if found.earliest_ms is None else min(found.earliest_ms, time_ms)
    found.latest_ms = time_ms if found.latest_ms is None else max(found.latest_ms, time_ms)


def scale_of(found: Scan) -> float:
    """The highest rating of the file's scale. Raises FormatError where none of SCALES fits."""
    total = found.by_scale.total()
    covered = 0
    for scale in SCALES:
        covered += found.by_scale[scale]
        if covered >= COVERED * total:
            # Ones alone are the lowest of many a scale; a zero or a half is none of theirs.
            return scale if scale != 1 or found.fractions else DOOR_SCALE
    raise FormatError(
        f"ratings up to {found.highest:g} are on no scale that is usual "
        f"(1, 5, 7, 10, 20, 100): name it with --rating-scale MIN MAX"
    )


@dataclass(frozen=True, slots=True)
class Scale:
    """A rating scale; `door` is a rating on the shop events' scale of 0 to 5."""

    low: float
    high: float

    def holds(self, rating: float) -> bool:
        return self.low <= rating <= self.high

    def door(self, rating: float) -> float:
        """By the highest: 8 of 10 is 4 of 5. Below 0 a scale has no such share: by its range."""
        if self.low >= 0:
            return rating if self.high == DOOR_SCALE else rating * DOOR_SCALE / self.high
        return (rating - self.low) * DOOR_SCALE / (self.high - self.low)


@dataclass(frozen=True, slots=True)
class Shift:
    """How old times are moved to where the door takes them.

    Whole days forward, all rows alike, where the latest then still lies in the past. Else only
    rows of before 2000 move: into the first day of 2000, in their order.
    """

    days_ms: int = 0
    squeeze_from_ms: int | None = None

    def moved(self, time_ms: int) -> int:
        if self.squeeze_from_ms is not None and time_ms < YEAR_2000_MS:
            share = (time_ms - self.squeeze_from_ms) / (YEAR_2000_MS - self.squeeze_from_ms)
            return YEAR_2000_MS + int(share * (DAY_MS - 1))
        return time_ms + self.days_ms


def shift_of(found: Scan, now_ms: int | None) -> Shift:
    """now_ms: nothing may come to lie behind it; None: there is no such bound."""
    earliest, latest = found.earliest_ms, found.latest_ms
    if earliest is None or latest is None or earliest >= YEAR_2000_MS:
        return Shift()
    days_ms = -((earliest - YEAR_2000_MS) // DAY_MS) * DAY_MS
    if now_ms is not None and latest + days_ms > now_ms:
        return Shift(squeeze_from_ms=earliest)
    return Shift(days_ms)
