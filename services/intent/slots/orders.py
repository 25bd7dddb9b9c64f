"""Order numbers: "order #A-10234", "tracking no. 1Z999AA1", 订单号20231123445, or one alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from shopkeeper.shared.text.personal_data import find as find_personal

from .base import Found

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .base import Reading

# Letters, digits and dashes, four digits or more in all: checked below, which is linear.
_CODE = r"(?P<code>(?=[a-z\d-]*\d)[a-z\d]{1,24}(?:-[a-z\d]{1,24}){0,4})(?![a-z\d])"
_AFTER_A_NAME = re.compile(
    r"\b(?:orders?|tracking|parcel|package|shipment|consignment|waybill|invoice|purchase|po)"
    r"(?:\s(?:number|num|no|nr|id|code|ref|reference))?[.:]?\s?(?:is|was|=)?\s?[#:]?\s?" + _CODE
)
_AFTER_A_HASH = re.compile(r"#\s?" + _CODE)
_CHINESE = re.compile(
    r"(?:订单|运单|快递单|物流单|单子|单)(?:编号|号码|号|id)?\s?(?:是|为)?\s?[:：#]?\s?" + _CODE
)
_BEFORE_A_NAME = re.compile(_CODE + r"\s?(?:这个|这)?(?:订单|运单|这单)")
_ALONE = re.compile(r"\s*(?P<code>[a-z]{0,4}-?\d{8,15})\s*[?.!。？！]?\s*")
# A carrier's or a shop's code that no such word is before, in a text about an order.
_ABOUT_AN_ORDER = re.compile(
    r"\b(?:orders?|refunds?|returns?|track|tracking|parcel|package|deliver|delivery|shipped|shipment|"
    r"cancel|status|invoice|where)\b|[单查退]|物流|快递|包裹|发货|到哪|取消|发票"
)
_CARRIERS = re.compile(
    r"(?<![a-z\d@./:+-])(?P<code>[a-z]{1,4}\d{8,18}(?:[a-z]{2})?|[1-9]\d{1,7}(?:-\d{2,8}){1,3})"
    r"(?![a-z\d-])"
)
_NONE = re.compile(  # cards and days
    r"\d{4}(?:-\d{4}){3}|(?:19|20)\d\d-\d{1,2}-\d{1,2}|\d{1,2}-\d{1,2}-(?:19|20)?\d\d|20\d\d-\d\d(?:\d\d)?"
)
DIGITS_OF_CARRIERS_MIN = 6
_MOBILE = re.compile(r"1[3-9]\d{9}")
DIGITS_MIN = 4


def find(reading: Reading) -> Iterator[Found]:
    """Order numbers; a mobile number or what may be a card's or a person's is none unless the text
    calls it an order's. In upper case, as shops print them."""
    if not reading.has_digit():
        return
    for pattern in (_AFTER_A_NAME, _CHINESE, _BEFORE_A_NAME, _AFTER_A_HASH):
        for match in pattern.finditer(reading.rest):
            code = match["code"]
            if sum(character.isdigit() for character in code) >= DIGITS_MIN:
                yield Found("order_number", code.upper(), match.start("code"), match.end("code"))
    if _ABOUT_AN_ORDER.search(reading.rest):
        yield from _of_carriers(reading)
    alone = _ALONE.fullmatch(reading.rest)
    if alone and not _MOBILE.fullmatch(alone["code"]):
        yield Found("order_number", alone["code"].upper(), alone.start("code"), alone.end("code"))


def _of_carriers(reading: Reading) -> Iterator[Found]:
    """Codes that look like an order's or a parcel's, and like no telephone, card or day."""
    personal = None
    for match in _CARRIERS.finditer(reading.rest):
        code = match["code"]
        if sum(c.isdigit() for c in code) < DIGITS_OF_CARRIERS_MIN or _NONE.fullmatch(code):
            continue
        if personal is None:
            personal = find_personal(reading.text)
        if not any(span.start < match.end() and match.start() < span.end for span in personal):
            yield Found("order_number", code.upper(), match.start(), match.end())
