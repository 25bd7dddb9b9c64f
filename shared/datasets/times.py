"""Times as files write them: seconds to nanoseconds, ISO 8601, dates of spreadsheets, serials."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone, tzinfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SERIAL_EPOCH = datetime(1899, 12, 30)  # a spreadsheet's day 0
SERIALS = range(20_000, 80_000)  # 1954 to 2119: as Unix seconds all of it is the first of 1970
MS_MIN, MS_MAX = -62_135_596_800_000, 253_402_300_799_999  # years 1 to 9999
_MILLISECOND = timedelta(milliseconds=1)
_DATE = re.compile(
    r"(\d{1,4})\s?([-./年])\s?(\d{1,2})\s?([-./月])\s?(\d{1,4})日?"
    r"(?:[T ,]*(\d{1,2})[:时](\d{2})(?:[:分](\d{2})(?:[.,](\d{1,9}))?)?[分秒]?"
    r"\s?([AaPp]\.?[Mm]\.?)?)?"
    r"\s*(Z|z|UTC|GMT|utc|gmt)?\s*(?:([+-])(\d{2}):?(\d{2})?)?$"
)
_CLOCK = r"(?:[T ,:]+(\d{1,2}:\d{2}(?::\d{2})?(?:\.\d+)?.*))?$"
_NAMED = re.compile(
    r"(?:[A-Za-z]{3,9},?\s+)?(\d{1,2})\.?[- /]([A-Za-z]{3})([A-Za-z]*)\.?[-, /]+(\d{4}|\d{2})"
    + _CLOCK
)
_MONTH_FIRST = re.compile(
    r"(?:[A-Za-z]{3,9},?\s+)?([A-Za-z]{3})([a-z]*)\.?\s+(\d{1,2}),?\s+(\d{4})" + _CLOCK
)
# Tue Nov 14 22:13:20 UTC 2023: the year behind the clock, as ctime() and date(1) have it.
_YEAR_LAST = re.compile(
    r"(?:[A-Za-z]{3},?\s+)?([A-Za-z]{3}\s+\d{1,2})\s+(\d{1,2}:\d{2}:\d{2})\s+((?:UTC|GMT|Z)\s+)?(\d{4})$"
)
_BASIC = re.compile(r"(\d{4})(\d{2})(\d{2})[T ](\d{2})(\d{2})(\d{2})(\D.*)?$")  # 20231114T221320Z
_TWICE = re.compile(r"\s?([+-]\d{4})\s(?:UTC|GMT|\1)$")  # Go: +0000 UTC, +0800 +0800
_IN_CALL = re.compile(r"/Date\((-?\d+)(?:[+-]\d{4})?\)/$")  # of .NET: milliseconds
_COMMA = re.compile(r"\d+,\d+$")
_OFFSET = re.compile(r"(?:Z|[+-]\d{2}:?\d{2})$")
_ZONE_NAME = re.compile(r"\s*(?:\[[\w/+:-]+\]|\([\w /+:-]+\))$")  # beside the offset it has
_MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}


def time_ms(
    text: str, day_first: Callable[[], bool], serials: bool = False, zone: tzinfo = UTC
) -> int:
    """Unix milliseconds of a cell. Raises ValueError for anything that is no time.

    Numbers are seconds, milliseconds, microseconds or nanoseconds by their size, as the decoder
    takes them. zone: of a time that names none. day_first: asked where 3/4/2024 could be either.
    serials: whether days since 1900 and dates such as 20240305 may be meant, as in spreadsheets.
    """
    try:
        number: int | float = int(text) if text.isdecimal() else float(text)
    except ValueError:
        if _COMMA.match(text):
            number = float(text.replace(",", "."))
        elif called := _IN_CALL.match(text):
            number = int(called[1])
        else:
            return _ms_of(_date(text, day_first, zone))
    if "_" in text:
        raise ValueError(text)
    return number_ms(number, serials, zone)


def number_ms(number: int | float, serials: bool = False, zone: tzinfo = UTC) -> int:
    """Unix milliseconds of a number. Raises ValueError."""
    size = abs(number)
    if not math.isfinite(size) or size >= 1e20:
        raise ValueError(number)
    if serials and SERIALS.start <= size < SERIALS.stop:
        return _ms_of((SERIAL_EPOCH + timedelta(days=float(number))).replace(tzinfo=zone))
    if isinstance(number, int) and (written := _digits(str(number), serials)):
        return _ms_of(written.replace(tzinfo=zone))
    if size < 1e11:
        found = round(number * 1000)
    elif size < 1e14:
        found = round(number)
    else:
        found = int(number // (1_000 if size < 1e17 else 1_000_000))
    if not MS_MIN <= found <= MS_MAX:
        raise ValueError(number)
    return found


def day_order(text: str) -> str:
    """What a date says of its file: `day`, `month` (is first), `either`, or `none`."""
    match = _DATE.match(text)
    if match is None or len(match[1]) > 2 or match[2] == ".":
        return "none"
    first, second = int(match[1]), int(match[3])
    if first == second or (first > 12 and second > 12):
        return "none"
    return "day" if first > 12 else "month" if second > 12 else "either"


def _digits(text: str, dates: bool) -> datetime | None:
    """20240305120000, and where dates are expected 20240305; as seconds both are far off."""
    pattern = {14: "%Y%m%d%H%M%S", 8: "%Y%m%d"}.get(len(text))
    if pattern is None or (len(text) == 8 and not dates) or text[:2] not in ("19", "20"):
        return None
    try:
        return datetime.strptime(text, pattern)
    except ValueError:
        return None


def _date(text: str, day_first: Callable[[], bool], naive: tzinfo) -> datetime:
    if text[-1:] in ("]", ")"):
        text = _ZONE_NAME.sub("", text)
        if not _OFFSET.search(text):
            raise ValueError(text)  # the name alone is no offset
    if text[-1:].isdecimal() or text[-1:] == "C":
        text = _TWICE.sub(r"\1", text)
    if text[4:5] == "-" and text[:4].isdecimal():
        iso = text[:-4] + "+00:00" if text.endswith((" UTC", " GMT")) else text
        try:
            found = datetime.fromisoformat(iso.upper() if iso[-1:] == "z" else iso)
            return found if found.tzinfo is not None else found.replace(tzinfo=naive)
        except ValueError:
            pass  # 2024-3-5, or a zone with a space before it
    match = _DATE.match(text)
    if match is None:
        return _named(text, day_first, naive)
    first, separator, second, _, third, hour, minute, second_s, fraction, half, *zone = (
        match.groups()
    )
    if len(first) >= 3:
        year, month, day = int(first), int(second), int(third)
    else:
        year = int(third) + (2000 if len(third) <= 2 else 0)
        one, two = int(first), int(second)
        is_day = separator == "." or one > 12 or (two <= 12 and one != two and day_first())
        day, month = (one, two) if is_day else (two, one)
    hours = int(hour or 0)
    if half:
        if not 1 <= hours <= 12:
            raise ValueError(text)
        hours = hours % 12 + (12 if half[0] in "Pp" else 0)
    micro = int((fraction or "0")[:6].ljust(6, "0"))
    tz = _zone(naive, *zone)
    return datetime(
        year, month, day, hours, int(minute or 0), int(second_s or 0), microsecond=micro, tzinfo=tz
    )


def _zone(
    naive: tzinfo, name: str | None, sign: str | None, hours: str | None, minutes: str | None
) -> tzinfo:
    if sign is None:
        return naive if name is None else UTC
    if name in ("Z", "z"):
        raise ValueError(name)  # two zones
    offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
    return timezone(-offset if sign == "-" else offset)


def _named(text: str, day_first: Callable[[], bool], naive: tzinfo) -> datetime:
    """5 Mar 2024 12:00, 05-Mar-24, Tue, 05 Mar 2024 12:00:00 +0800, 05/Mar/2024:12:00:00 +0800,
    March 5, 2024 12:00 PM, Tue Mar 05 2024 12:00:00 GMT+0800, Tue Mar  5 12:00:00 2024,
    20240305T120000Z."""
    if match := _YEAR_LAST.match(text):
        day_of_month, clock, utc, year = match.groups()
        return _named(f"{day_of_month} {year} {clock}{' UTC' if utc else ''}", day_first, naive)
    if match := _BASIC.match(text):
        year, month_of_year, day, *time, rest = match.groups()
        return _date(f"{year}-{month_of_year}-{day}T{':'.join(time)}{rest or ''}", day_first, naive)
    if match := _NAMED.match(text):
        day, name, more, year, clock = match.groups()
    elif match := _MONTH_FIRST.match(text):
        name, more, day, year, clock = match.groups()
    else:
        raise ValueError(text)
    month = _MONTHS.get(name.lower())
    if month is None or more.lower().startswith("ras"):  # marraskuu is November
        raise ValueError(text)
    if len(year) == 2:
        year = f"20{year}"
    return _date(f"{year}-{month}-{day} {clock or ''}".strip(), day_first, naive)


def _ms_of(time: datetime) -> int:
    return (time - EPOCH) // _MILLISECOND
