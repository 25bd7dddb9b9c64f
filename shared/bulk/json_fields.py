"""The fields of a small, flat JSON object: strings without escapes, simple numbers, literals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .loops import equal, inner

if TYPE_CHECKING:
    from numpy.typing import NDArray

PRODUCT, USER, ANONYMOUS, SESSION, POSITION, LIST, OTHER = range(7)
"""Fields of a click; OTHER: any that a decoder ignores."""
ID_BYTES_MAX = 512
DIGITS_MAX = 15  # of each part of a number: any such is finite

_QUOTE, _BACKSLASH, _COMMA, _COLON = ord('"'), ord("\\"), ord(","), ord(":")
_OPEN, _CLOSE, _MINUS, _POINT, _ZERO, _NINE = ord("{"), ord("}"), ord("-"), ord("."), 0x30, 0x39


_LETTER_D, _LETTER_E, _LETTER_L = ord("d"), ord("e"), ord("l")
_LETTER_N, _LETTER_U = ord("n"), ord("u")


def _text(text: bytes) -> NDArray[np.uint8]:
    return np.frombuffer(text, np.uint8)


_PRODUCT_ID, _USER_ID = _text(b"product_id"), _text(b"user_id")
_ANONYMOUS_ID, _SESSION_ID = _text(b"anonymous_id"), _text(b"session_id")
_POSITION, _RECOMM_ID = _text(b"position"), _text(b"recomm_id")
_NULL, _TRUE, _FALSE = _text(b"null"), _text(b"true"), _text(b"false")


@inner
def _after_space(buffer: NDArray[np.uint8], at: int, end: int) -> int:
    while at < end and (
        buffer[at] == 0x20 or buffer[at] == 0x0A or buffer[at] == 0x0D or buffer[at] == 0x09
    ):
        at += 1
    return at


@inner
def _string_end(buffer: NDArray[np.uint8], at: int, end: int) -> int:
    """Where the quote stands that ends a string, whose first is before `at`; -1: it has escapes,
    control characters or others than ASCII, or no end."""
    while at < end:
        byte = buffer[at]
        if byte == _QUOTE:
            return at
        if byte < 0x20 or byte > 0x7E or byte == _BACKSLASH:
            return -1
        at += 1
    return -1


@inner
def _digits_end(buffer: NDArray[np.uint8], at: int, end: int) -> int:
    """Behind 1 to DIGITS_MAX digits; -1: there are none, or more."""
    begin = at
    while at < end and _ZERO <= buffer[at] <= _NINE:
        at += 1
    return at if 0 < at - begin <= DIGITS_MAX else -1


@inner
def _number_end(buffer: NDArray[np.uint8], at: int, end: int) -> int:
    """Behind a number without an exponent; -1 where it is none."""
    if buffer[at] == _MINUS:
        at += 1
    begin = at
    at = _digits_end(buffer, at, end)
    if at < 0 or (buffer[begin] == _ZERO and at - begin > 1):
        return -1
    if at < end and buffer[at] == _POINT:
        at = _digits_end(buffer, at + 1, end)
    return at


@inner
def _literal_end(buffer: NDArray[np.uint8], at: int, end: int, literal: NDArray[np.uint8]) -> int:
    """Behind the literal; -1 where something else stands."""
    if end - at < len(literal) or not equal(buffer, at, literal):
        return -1
    return at + len(literal)


@inner
def _field(buffer: NDArray[np.uint8], at: int, length: int) -> int:
    """Which field has this name."""
    if length == 10:
        if equal(buffer, at, _PRODUCT_ID):
            return PRODUCT
        if equal(buffer, at, _SESSION_ID):
            return SESSION
    elif length == 7:
        if equal(buffer, at, _USER_ID):
            return USER
    elif length == 12:
        if equal(buffer, at, _ANONYMOUS_ID):
            return ANONYMOUS
    elif length == 8:
        if equal(buffer, at, _POSITION):
            return POSITION
    elif length == 9 and equal(buffer, at, _RECOMM_ID):
        return LIST
    return OTHER


@inner
def _value_end(
    buffer: NDArray[np.uint8], at: int, end: int, field: int, spans: NDArray[np.int32]
) -> int:
    """Behind the value of a field, whose span is noted; -1 where it may not have this value."""
    first = buffer[at]
    if first == _QUOTE:
        begin = at + 1
        at = _string_end(buffer, begin, end)
        if at < 0 or field == POSITION:
            return -1
        if field != OTHER:
            if at == begin or at - begin > ID_BYTES_MAX:
                return -1
            spans[field, 0] = begin
            spans[field, 1] = at - begin
        return at + 1
    if first == _NULL[0]:
        return -1 if field == PRODUCT else _literal_end(buffer, at, end, _NULL)
    if field != OTHER and field != POSITION:
        return -1
    if first == _MINUS or _ZERO <= first <= _NINE:
        return _number_end(buffer, at, end)
    if field == POSITION:
        return -1
    if first == _TRUE[0]:
        return _literal_end(buffer, at, end, _TRUE)
    return _literal_end(buffer, at, end, _FALSE)


@inner
def _may_be_nothing(buffer: NDArray[np.uint8], at: int, length: int) -> bool:
    """Whether a text begins and ends, in any case, as a program's word for nothing or is blank:
    nil, null, none, nan, undefined, and such in brackets (`events.shop.NOBODY`)."""
    if length <= 0:
        return False
    first, last = buffer[at] | 0x20, buffer[at + length - 1] | 0x20
    if first == _LETTER_N:
        if length > 4:
            return False
        return bool(last in (_LETTER_L, _LETTER_E, _LETTER_N))
    if first == _LETTER_U:
        return length == 9 and last == _LETTER_D
    return bool(first == 0x20 or first == ord("(") or first == ord("<") or first == ord("{"))


@inner
def click_fields(buffer: NDArray[np.uint8], at: int, end: int, spans: NDArray[np.int32]) -> bool:
    """Fill `spans` (OTHER, 2) with start and length of each field's text, or -1 where it is absent,
    null or a number, from the JSON between two positions. Returns whether that is a click for
    certain: `product_id`, one of `user_id` and `anonymous_id`, and all else as it may be."""
    spans[:] = -1
    seen = 0
    at = _after_space(buffer, at, end)
    if at >= end or buffer[at] != _OPEN:
        return False
    while True:
        at = _after_space(buffer, at + 1, end)  # behind the brace or a comma
        if at >= end or buffer[at] != _QUOTE:
            return False
        begin = at + 1
        at = _string_end(buffer, begin, end)
        if at < 0:
            return False
        field = _field(buffer, begin, at - begin)
        if field != OTHER:
            if seen & (1 << field):
                return False
            seen |= 1 << field
        at = _after_space(buffer, at + 1, end)
        if at >= end or buffer[at] != _COLON:
            return False
        at = _after_space(buffer, at + 1, end)
        if at >= end:
            return False
        at = _value_end(buffer, at, end, field, spans)
        if at < 0:
            return False
        at = _after_space(buffer, at, end)
        if at >= end:
            return False
        if buffer[at] == _CLOSE:
            break
        if buffer[at] != _COMMA:
            return False
    if _after_space(buffer, at + 1, end) != end or _may_be_nothing(
        buffer, spans[PRODUCT, 0], spans[PRODUCT, 1]
    ):
        return False
    return bool(spans[PRODUCT, 1] > 0 and (spans[USER, 1] > 0) != (spans[ANONYMOUS, 1] > 0))
