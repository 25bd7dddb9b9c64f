"""Records that are clicks for certain: CloudEvents in binary mode, decoded many at a time.

A record is *plain* where this file knows what `contracts.decoder` would make of it; of any other
that decides. What is taken for certain is less than what it accepts, and never more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .json_fields import ANONYMOUS, OTHER, PRODUCT, SESSION, USER, click_fields
from .loops import equal, inner, is_ascii, jit, murmur2, varint
from .table import (
    COLUMNS,
    END,
    HEADERS,
    KEY_LENGTH,
    TIMESTAMP,
    VALUE,
    VALUE_LENGTH,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

NOT_PLAIN, PLAIN, OURS = range(3)
"""What a record is. OURS: it has a header that workers write, which means more than the record."""
TYPE, TIME, ID, SOURCE, CORRELATION, CONTENT_TYPE, HEADERS_USED = range(7)
AT_PRODUCT, AT_USER, AT_SESSION, AT_ID, AT_SOURCE, SPANS = range(6)
"""Of a plain record's spans."""
VALUE_BYTES_MAX, KEY_BYTES_MAX, ENVELOPE_MAX, TIME_MIN, GRACE, LIMITS = range(6)
"""Of the decoder's limits."""


def _text(text: bytes) -> NDArray[np.uint8]:
    return np.frombuffer(text, np.uint8)


_CE_TYPE, _CE_TIME, _CE_ID = _text(b"ce_type"), _text(b"ce_time"), _text(b"ce_id")
_CE_SOURCE, _CE_CORRELATION = _text(b"ce_source"), _text(b"ce_correlationid")
_CONTENT_TYPE, _JSON = _text(b"content-type"), _text(b"application/json")
_OURS = _text(b"shopkeeper.")
_TIME_FORM = _text(b"0000-00-00T00:00:00")
_SEMICOLON, _DIGIT, _NINE = ord(";"), ord("0"), ord("9")
_MONTH_DAYS = np.array([31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], np.int64)


@inner
def _header(buffer: NDArray[np.uint8], at: int, length: int) -> int:
    """Which of the headers that are used has this name; HEADERS_USED: none of them."""
    if length == 7:
        if equal(buffer, at, _CE_TYPE):
            return TYPE
        if equal(buffer, at, _CE_TIME):
            return TIME
    elif length == 5:
        if equal(buffer, at, _CE_ID):
            return ID
    elif length == 9:
        if equal(buffer, at, _CE_SOURCE):
            return SOURCE
    elif length == 16:
        if equal(buffer, at, _CE_CORRELATION):
            return CORRELATION
    elif length == 12 and equal(buffer, at, _CONTENT_TYPE):
        return CONTENT_TYPE
    return HEADERS_USED


@jit
def _headers(buffer: NDArray[np.uint8], at: int, end: int, spans: NDArray[np.int64]) -> int:
    """Fill `spans` (HEADERS_USED, 2) with start and length of each header that is used, -1 where it
    is absent. Returns what the record is, as far as its headers tell."""
    spans[:] = -1
    found = PLAIN
    count, at = varint(buffer, at, end)
    for _ in range(count):
        length, at = varint(buffer, at, end)
        if at < 0 or length < 0 or length > end - at:
            return OURS
        name, name_length = at, length
        length, at = varint(buffer, at + length, end)
        if at < 0 or length > end - at:
            return OURS
        if name_length >= len(_OURS) and equal(buffer, name, _OURS):
            return OURS
        used = _header(buffer, name, name_length)
        if used != HEADERS_USED:
            if spans[used, 0] >= 0 or length < 0 or not is_ascii(buffer, at, length):
                found = NOT_PLAIN
            spans[used, 0] = at
            spans[used, 1] = length
        at += max(0, length)
    return found


@jit
def _number(buffer: NDArray[np.uint8], at: int, digits: int) -> int:
    found = 0
    for n in range(digits):
        found = found * 10 + int(buffer[at + n]) - _DIGIT
    return found


@inner
def _time_ms(buffer: NDArray[np.uint8], at: int, length: int) -> int:
    """Unix milliseconds of YYYY-MM-DDTHH:MM:SS[.mmm]Z; -1 where it is anything else, or none."""
    if (length != 20 and length != 24) or buffer[at + length - 1] != ord("Z"):
        return -1
    for n in range(19):
        form, byte = _TIME_FORM[n], buffer[at + n]
        if form == _DIGIT:
            if not _DIGIT <= byte <= _NINE:
                return -1
        elif form != byte:
            return -1
    thousandths = 0
    if length == 24:
        if buffer[at + 19] != ord("."):
            return -1
        for n in range(20, 23):
            if not _DIGIT <= buffer[at + n] <= _NINE:
                return -1
        thousandths = _number(buffer, at + 20, 3)
    year, month, day = (
        _number(buffer, at, 4),
        _number(buffer, at + 5, 2),
        _number(buffer, at + 8, 2),
    )
    hour, minute = _number(buffer, at + 11, 2), _number(buffer, at + 14, 2)
    second = _number(buffer, at + 17, 2)
    if not (year >= 1 and 1 <= month <= 12 and 1 <= day <= _MONTH_DAYS[month - 1]):
        return -1
    if month == 2 and day == 29 and (year % 4 != 0 or (year % 100 == 0 and year % 400 != 0)):
        return -1
    if hour > 23 or minute > 59 or second > 59:
        return -1
    # Days since 1970, of a calendar whose years begin in March: then a leap day is a year's last.
    years = year - 1 if month <= 2 else year
    months = (month + 9) % 12
    days = 365 * years + years // 4 - years // 100 + years // 400
    days += (153 * months + 2) // 5 + day - 1 - 719_468
    return ((days * 24 + hour) * 60 + minute) * 60_000 + second * 1000 + thousandths


@jit
def _is_json(buffer: NDArray[np.uint8], at: int, length: int) -> bool:
    """Whether a content type is JSON's, with or without parameters."""
    if length < len(_JSON) or not equal(buffer, at, _JSON):
        return False
    return length == len(_JSON) or buffer[at + len(_JSON)] == _SEMICOLON


@inner
def _is_known(
    buffer: NDArray[np.uint8],
    at: int,
    length: int,
    names: NDArray[np.uint8],
    ends: NDArray[np.int64],
) -> bool:
    """Whether a text is one of `names`, which end where `ends` says."""
    begin = 0
    for end in ends:
        if length == end - begin and equal(buffer, at, names[begin:end]):
            return True
        begin = end
    return False


@inner
def _envelope_time(
    buffer: NDArray[np.uint8], headers: NDArray[np.int64], timestamp: int, limits: NDArray[np.int64]
) -> int:
    """The event's time, Unix milliseconds, where its headers are certain; -1 where they are not."""
    id_length, source_length = headers[ID, 1], headers[SOURCE, 1]
    if id_length <= 0 or source_length <= 0:
        return -1
    correlation_length = headers[CORRELATION, 1] if headers[CORRELATION, 1] > 0 else id_length
    if id_length + source_length + correlation_length > limits[ENVELOPE_MAX]:
        return -1
    if headers[CONTENT_TYPE, 1] >= 0 and not _is_json(
        buffer, headers[CONTENT_TYPE, 0], headers[CONTENT_TYPE, 1]
    ):
        return -1
    time = timestamp
    if headers[TIME, 1] >= 0:
        time = _time_ms(buffer, headers[TIME, 0], headers[TIME, 1])
    if time < limits[TIME_MIN] or time > timestamp + limits[GRACE]:
        return -1
    return time


@jit
def parse_clicks(
    buffer: NDArray[np.uint8],
    table: NDArray[np.int64],
    known: tuple[NDArray[np.uint8], NDArray[np.int64]],
    limits: NDArray[np.int64],
    found: tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.uint32], NDArray[np.int32]],
) -> None:
    """Decode the records of a table (`bulk.records`).

    known: the values of ce_type that mean a click, one behind the other, and where each ends.
    limits: (LIMITS,). found, filled: what each record is; and where that is PLAIN, its time in Unix
    milliseconds, the hash of its user's id (`murmur2`), and its spans (records, SPANS, 2).
    """
    kinds, times, hashes, spans = found
    headers = np.empty((HEADERS_USED, 2), np.int64)
    fields = np.empty((OTHER, 2), np.int32)
    names, ends = known
    for row in range(len(table)):
        kind = _headers(buffer, table[row, HEADERS], table[row, END], headers)
        kinds[row] = kind
        if kind != PLAIN:
            continue
        kinds[row] = NOT_PLAIN
        value, value_length = table[row, VALUE], table[row, VALUE_LENGTH]
        if value_length > limits[VALUE_BYTES_MAX] or table[row, KEY_LENGTH] > limits[KEY_BYTES_MAX]:
            continue
        if headers[TYPE, 1] <= 0 or not _is_known(
            buffer, headers[TYPE, 0], headers[TYPE, 1], names, ends
        ):
            continue
        time = _envelope_time(buffer, headers, table[row, TIMESTAMP], limits)
        if time < 0 or not click_fields(buffer, value, value + max(0, value_length), fields):
            continue
        user = USER if fields[USER, 1] > 0 else ANONYMOUS
        for n in range(2):
            spans[row, AT_PRODUCT, n] = fields[PRODUCT, n]
            spans[row, AT_USER, n] = fields[user, n]
            spans[row, AT_SESSION, n] = fields[SESSION, n]
            spans[row, AT_ID, n] = headers[ID, n]
            spans[row, AT_SOURCE, n] = headers[SOURCE, n]
        times[row] = time
        hashes[row] = murmur2(buffer, fields[user, 0], fields[user, 1])
        kinds[row] = PLAIN


@jit
def pack_identities(
    buffer: NDArray[np.uint8],
    spans: NDArray[np.int32],
    packed: NDArray[np.uint8],
    ends: NDArray[np.int64],
) -> None:
    """Write source, a zero byte and id of each event, one behind the other, and where each ends.

    spans: (events, 2, 2) of id and source. packed: as long as all of it.
    """
    at = 0
    for row in range(len(spans)):
        for part in range(1, -1, -1):
            begin = spans[row, part, 0]
            for n in range(spans[row, part, 1]):
                packed[at] = buffer[begin + n]
                at += 1
            if part == 1:
                packed[at] = 0
                at += 1
        ends[row] = at


def warm() -> None:
    """Load the machine code, or compile it."""
    buffer, ends = np.frombuffer(b"\0", np.uint8), np.empty(0, np.int64)
    found = (
        np.empty(0, np.uint8),
        np.empty(0, np.int64),
        np.empty(0, np.uint32),
        np.empty((0, SPANS, 2), np.int32),
    )
    limits = np.zeros(LIMITS, np.int64)
    parse_clicks(buffer, np.empty((0, COLUMNS), np.int64), (buffer, ends), limits, found)
    pack_identities(buffer, np.empty((0, 2, 2), np.int32), np.empty(0, np.uint8), ends)
