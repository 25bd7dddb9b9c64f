"""Numbers that name a person: telephones, cards, identity numbers, bank accounts, messengers.

A number is taken for its shape and check digits, or for what the words before it call it; one that
the words call an order, a parcel or a product is left, whatever its shape. So are service lines
(400 and 800 numbers, 95xxx), which are nobody's, and prices, dates, sizes and article numbers.
"""

from __future__ import annotations

import re

from . import checksums
from .context import Said, said_before
from .folding import Draft, Kind
from .prefilter import FIVE_DIGITS, MANY_DIGITS, names_messenger

DIGITS_OF_ID_MIN = 5

# Every repetition is bounded. ASCII: a Han character is no part of the word before a number.
_GROUPED = re.compile(r"(?<![\w.])(?<!\d[-/])\d(?:[ -]?\d){11,18}(?![\d]|-\d)", re.A)
_RESIDENT = re.compile(
    r"(?<![\da-z])[1-8]\d{5}[ -]?(?:19|20)\d{2}[ -]?\d{2}[ -]?\d{2}[ -]?\d{3}[\dx](?![\da-z])",
    re.I | re.A,
)
_SSN = re.compile(r"(?<![\w-])\d{3}-\d{2}-\d{4}(?![\w]|-\d)", re.A)
_NINO = re.compile(r"(?<!\w)[A-CEGHJ-PR-TW-Z]{2} ?\d{2} ?\d{2} ?\d{2} ?[A-D](?!\w)", re.I | re.A)
_HONG_KONG = re.compile(r"(?<!\w)[A-Z]{1,2}\d{6} ?\([\dA]\)", re.A)
_TAIWAN = re.compile(r"(?<![\w-])[A-Z][1289]\d{8}(?![\w-])", re.A)
_CALLED_ID = re.compile(
    r"(?:passport|social security|ssn|national insurance|ni number|nino|driver'?s? licen[cs]e|"
    r"driving licen[cs]e|"
    r"national id|identity card|id card|tax id|itin|(?<![a-z])(?<!order )(?<!product )"
    r"(?<!item )id (?:number|no)|护照|護照|身份证|身份證|身分證|证件|證件|驾照|驾驶证|通行证|社保)"
    r"(?:卡|号码|號碼|号|號|[ .:#=,]|number|no|num|card|is|was|是|为|：){0,6}"
    r"([a-z]{0,3}[ -]?\d(?:[ -]?\d){4,17}[a-z]?|[a-z]{3,5}\d{6}[a-z0-9]{2,7})(?![a-z0-9])",
    re.I | re.A,
)
_IBAN = re.compile(
    r"(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?!\w)", re.I | re.A
)
_SORT_CODE = re.compile(r"(?<![\w-])\d{2}-\d{2}-\d{2}(?![\w-])", re.A)

_MARK = r"[ .·-]?"
_MOBILE_ZH = re.compile(
    rf"(?:(?<![\w+])|(?<=tel)|(?<=call)|(?<=hone))(?:(?:\+|00)?\(?\+?86\)?[ -]?)?1{_MARK}"
    rf"[3-9](?:{_MARK}\d){{9}}(?!\d|[.-]\d|[%元])",
    re.A,
)
_LANDLINE_ZH = re.compile(
    r"(?<![\w-])(?:\(0(?:10|2\d|[3-9]\d{2})\) ?|0(?:10|2\d|[3-9]\d{2})[- ])[2-9]\d{2,3}"
    r"[- ]?\d{4}(?:[-转]\d{1,5})?(?![a-z\d-])",
    re.I | re.A,
)
_ABROAD = re.compile(
    r"(?<![\w+/])(?:\+ ?|00(?=[1-9]\d{0,2}[ (-]))\(?[1-9](?:[ ./-]{0,2}[()]?[ -]?\d){6,14}"
    r"(?:,? ?(?:ext|x)\.? ?\d{1,5})?(?!\d)",
    re.I | re.A,
)
_NORTH_AMERICA = re.compile(
    r"(?<![\w.+$£€¥-])(?:1[-. ]?)?(?:\([2-9]\d{2}\) ?[-.]?|[2-9]\d{2}[-. /]{1,2})[2-9]\d{2}"
    r"[-. ]\d{4}"
    r"(?:,? ?(?:ext|x)\.? ?\d{1,5})?(?![\w-]|[.]\d)",
    re.I | re.A,
)
_LEADING_ZERO = re.compile(
    r"(?<![\w.+$£€¥:/-])(?:\(0\d{1,4}\)[ -]?|0\d{1,4}[ /-])\d{2,8}(?:[ -]\d{2,4}){0,4}"
    r"(?![\w-]|[.:]\d)"
)
_PAIRS = re.compile(r"(?<![\w.+-])0[1-9](?:[ .-]\d{2}){4}(?![\w-]|[.]\d)", re.A)
_UK_MOBILE = re.compile(r"(?<![\w.+-])07\d{3}[ ]?\d{3}[ ]?\d{3}(?![\w-])", re.A)
_BARE = re.compile(
    r"(?<![\w.$£€¥+-])\(?\d(?:[ .()-]{0,2}\d){6,12}(?![\w%]|[.-]\d)|(?<![\w.$£€¥+-])"
    r"\d(?:[ .-]?\d){6,12}(?![\w%]|[.-]\d)",
    re.I | re.A,
)
_AMERICAN_GROUPS = re.compile(
    r"1[-. ]?8(?:00|88|77|66|55|44|33)[-. ]\d{3}[-. ]?\d{4}|1[-. ]\d{3}[-. ]\d{3}[-. ]\d{4}", re.A
)
_SERVICE = re.compile(r"1?(?:[48]00\d{7}|8(?:88|77|66|55|44|33)\d{7})|0800\d{6,7}|95\d{3,4}", re.A)
_DATE = re.compile(
    r"(?:19|20)\d{2} ?- ?(?:19|20)\d{2}|(?:19|20)\d{2}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}"
    r"[-./]\d{1,2}[-./](?:19|20)?\d{2}(?!\d)",
    re.A,
)

_HANDLE = (
    r"(?P<id>[1-9]\d{4,11}|[a-z](?=[\w-]{0,30}[\d_])[\w-]{4,30}|(?P<letters>[a-z][\w-]{4,30}))"
)
_MESSENGER = re.compile(
    r"(?:微信|薇信|威信|微 信|v信|vx|(?<![a-z])wx|we ?chat|(?<![a-z])qq|扣扣|企鹅|telegram|"
    r"skype|whatsapp|line id|(?<![a-z])signal)"
    r"(?P<said>(?:号码|号|號|[ :=,#@]|id|is|我|是|为|加|number|handle|user ?name|me|on){0,6})"
    rf"{_HANDLE}(?![\w@]|\.\w)",
    re.I | re.A,
)
_UNITS = re.compile(r" ?(?:元|块|公里|km|个|件|克|ml|万|次|人)", re.I | re.A)


def _plain(text: str) -> str:
    return "".join(c for c in text if c.isalnum()).upper()


def find_codes(draft: Draft) -> None:
    """Notes identity numbers, bank accounts and cards."""
    text = draft.text
    if not FIVE_DIGITS.search(text):
        return
    for match in _CALLED_ID.finditer(text):
        if sum(c.isdigit() for c in match[1]) >= DIGITS_OF_ID_MIN:
            draft.take(Kind.ID_NUMBER, *match.span(1))
    for match in _NINO.finditer(text):
        if (
            " " in match[0]
            and match[0].isupper()
            and said_before(text, match.start()) is not Said.THING
        ):
            draft.take(Kind.ID_NUMBER, *match.span())
    if not MANY_DIGITS.search(text):
        return
    for match in _RESIDENT.finditer(text):
        if checksums.resident_id(_plain(match[0])):
            draft.take(Kind.ID_NUMBER, *match.span())
    for match in _SSN.finditer(text):
        if said_before(text, match.start()) is not Said.THING:
            draft.take(Kind.ID_NUMBER, *match.span())
    for pattern, valid in ((_HONG_KONG, checksums.hong_kong_id), (_TAIWAN, checksums.taiwan_id)):
        for match in pattern.finditer(text):
            if valid(_plain(match[0])) and said_before(text, match.start()) is not Said.THING:
                draft.take(Kind.ID_NUMBER, *match.span())
    for match in _IBAN.finditer(text):
        if checksums.iban(_plain(match[0])):
            draft.take(Kind.ACCOUNT, *match.span())
    draft.blank()
    text = draft.text
    for match in _GROUPED.finditer(text):
        digits = _plain(match[0])
        said = said_before(text, match.start())
        if said is Said.CARD or (said is not Said.THING and checksums.payment_card(digits)):
            draft.take(Kind.CARD, *match.span())
        elif said is Said.ACCOUNT:
            draft.take(Kind.ACCOUNT, *match.span())
        elif said is Said.ID_NUMBER and len(digits) in (15, 18):
            draft.take(Kind.ID_NUMBER, *match.span())


_SHAPES = (_MOBILE_ZH, _ABROAD, _LANDLINE_ZH, _PAIRS, _NORTH_AMERICA, _UK_MOBILE, _LEADING_ZERO)


def find_phones(draft: Draft) -> None:
    """Notes telephone numbers, of people: no service lines."""
    if not MANY_DIGITS.search(draft.text):
        _find_sort_codes(draft)
        return
    for shape in _SHAPES:
        found = False
        for match in shape.finditer(draft.text):
            if _telephone(draft.text, match, shape):
                found = True
                draft.take(Kind.PHONE, *match.span())
        if found:
            draft.blank()
    text = draft.text
    for match in _BARE.finditer(text):
        said, digits = said_before(text, match.start()), _plain(match[0])
        if said is Said.PHONE and not (_SERVICE.match(digits) or _DATE.match(match[0])):
            draft.take(Kind.PHONE, *match.span())
        elif said is Said.ACCOUNT:
            draft.take(Kind.ACCOUNT, *match.span())
    _find_sort_codes(draft)


def _find_sort_codes(draft: Draft) -> None:
    if draft.text.count("-") < 2:
        return
    for match in _SORT_CODE.finditer(draft.text):
        if said_before(draft.text, match.start()) is Said.ACCOUNT:
            draft.take(Kind.ACCOUNT, *match.span())


def _telephone(text: str, match: re.Match[str], shape: re.Pattern[str]) -> bool:
    digits = "".join(c for c in match[0].lower().partition("x")[0] if c.isdigit())
    if shape is _MOBILE_ZH:
        if _AMERICAN_GROUPS.fullmatch(match[0]):
            return False  # 1-800-555-0199: the rule for North America judges it
    elif _SERVICE.fullmatch(digits):
        return False
    if said_before(text, match.start()) is Said.THING:
        return False
    if shape is _LEADING_ZERO:
        return 9 <= len(digits) <= 12 and not _DATE.match(match[0].strip("("))
    return True


def find_messengers(draft: Draft) -> None:
    """Notes names and numbers of messenger accounts that the words before call so."""
    if not names_messenger(draft.text.lower()):
        return
    for match in _MESSENGER.finditer(draft.text):
        said = match["said"]
        if match["letters"] and not (":" in said or "号" in said or "號" in said or "=" in said):
            continue
        if match["id"].isdigit() and _UNITS.match(draft.text, match.end()):
            continue
        draft.take(Kind.CONTACT, *match.span("id"))
