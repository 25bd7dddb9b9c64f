"""Price ranges: "under $50", "between 20 and 30 euros", 三百以内, 500块左右, 300-500元."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .base import Found
from .numbers import CHINESE, ENGLISH, NUMBER_WORDS, value_of, written

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .base import Reading

ABOUT = 0.2  # "about 500": a fifth less to a fifth more; nobody says it of a narrower range

_CURRENCIES = {
    "us$": "USD",
    "$": "USD",
    "usd": "USD",
    "dollar": "USD",
    "dollars": "USD",
    "bucks": "USD",
    "buck": "USD",
    "美元": "USD",
    "美金": "USD",
    "€": "EUR",
    "eur": "EUR",
    "euro": "EUR",
    "euros": "EUR",
    "欧元": "EUR",
    "£": "GBP",
    "gbp": "GBP",
    "pound": "GBP",
    "pounds": "GBP",
    "quid": "GBP",
    "英镑": "GBP",
    "¥": "CNY",
    "rmb": "CNY",
    "cny": "CNY",
    "yuan": "CNY",
    "元": "CNY",
    "块": "CNY",
    "块钱": "CNY",
    "元钱": "CNY",
    "人民币": "CNY",
}
_BEFORE = r"(?P<{0}>us\$|[$€£¥]|(?:usd|eur|gbp|rmb|cny)\s)"
_AFTER = (
    r"(?P<{0}>[$€£]|usd\b|eur\b|gbp\b|rmb\b|cny\b|yuan\b|dollars?\b|bucks?\b|euros?\b|"
    r"pounds?\b|quid\b)"
)
_ZH_AFTER = r"(?P<{0}>块钱|元钱|人民币|美元|美金|欧元|英镑|[元块]|rmb|cny|usd|eur|gbp)"


def _money(n: int) -> str:
    return rf"(?:{_BEFORE.format(f'b{n}')}\s?)?(?P<n{n}>{ENGLISH})(?:\s?{_AFTER.format(f'a{n}')})?"


def _zh_money(n: int) -> str:
    before = rf"(?P<b{n}>[¥$€£])"
    return rf"(?:{before}\s?)?(?P<n{n}>{CHINESE})(?:\s?{_ZH_AFTER.format(f'a{n}')})?"


# A number without a currency is a price only where nothing counts or measures after it.
_END = r"(?=\s*(?:$|[\x00.,;!?)]|(?:for|please|or|and|with|only|total|max|shipped)\b))"
_SEP = r"\s?(?:-|~|to|and|up\sto)\s?"
_MAX = (
    r"(?<![a-z\d])(?:under|below|less\sthan|cheaper\sthan|up\sto|at\smost|no\smore\sthan|"
    r"not\smore\sthan|max(?:imum)?(?:\sof)?|within|budget(?:\sof|\sis)?:?|<=?|"
    r"(?:bis(?:\szu)?|unter|maximal|höchstens)\s(?=[\d$€£]))\s?"
)
_MIN = (
    r"(?<![a-z\d])(?:over|above|more\sthan|at\sleast|from|starting\sat|min(?:imum)?(?:\sof)?|"
    r">=?|(?:ab|über|mindestens)\s(?=[\d$€£]))\s?"
)
_OR_LESS = r"\s(?:or\s(?:less|under|below)|max(?:imum)?|tops)\b"
_OR_MORE = r"(?:\s(?:or\s(?:more|above|over)|and\s(?:up|above))\b|\+)"
_ABOUT = r"(?<![a-z\d])(?:around|about|roughly|approximately|approx\.?|circa|ca\.?|near)\s?"

# Beside each pattern, what a price that it finds has in any case: cheaper to look for.
_CURRENCY = re.compile(
    "[$€£¥元块]|usd|eur|gbp|rmb|cny|yuan|dollar|buck|pound|quid|人民币|美金|英镑"
)
_BETWEEN = re.compile("[-~]|to|and")
_EN = [
    ("range", _BETWEEN, re.compile(rf"\b(?:between|from)\s{_money(1)}{_SEP}{_money(2)}")),
    ("range", _BETWEEN, re.compile(rf"(?<![\w.]){_money(1)}{_SEP}{_money(2)}")),
    (
        "max",
        re.compile("<|under|below|than|up|most|max|within|budget|unter|bis|höch"),
        re.compile(_MAX + _money(1)),
    ),
    ("max", re.compile("or |max|tops"), re.compile(rf"(?<![\w.]){_money(1)}{_OR_LESS}")),
    (
        "min",
        re.compile(">|over|above|than|least|from|at|min|ab|über"),
        re.compile(_MIN + _money(1)),
    ),
    ("min", re.compile(r"[+]|or |and"), re.compile(rf"(?<![\w.]){_money(1)}{_OR_MORE}")),
    ("about", _CURRENCY, re.compile(_ABOUT + _money(1))),
    ("exact", _CURRENCY, re.compile(rf"(?<![\w.]){_money(1)}")),
]
_ZH_UNDER = r"(?:以内|以下|之内|之下|封顶|内(?![衣裤存胆部])|不到)"
_ZH_AT_MOST = r"(?:不超过|不高于|低于|少于|不到|最多|至多|便宜过|预算)\s?"
_ZH_OVER = r"(?:以上|之上|起(?![来床])|往上)"
_ZH_AT_LEAST = r"(?:超过|高于|多于|不低于|不少于|最少|至少|大于)\s?"
_ZH_ABOUT = r"(?:左右|上下|多块|来块|前后)(?!铺)"
_ZH_START = r"(?<![a-z\d.-])"
_ZH = [
    (
        "range",
        re.compile("[-~到至和]"),
        re.compile(rf"{_ZH_START}{_zh_money(1)}\s?(?:-|~|到|至|和)\s?{_zh_money(2)}"),
    ),
    (
        "max",
        re.compile("[内下顶]|不到"),
        re.compile(rf"{_ZH_START}{_zh_money(1)}\s?{_ZH_UNDER}"),
    ),
    (
        "max",
        re.compile("[过高低少多到算]"),
        re.compile(rf"{_ZH_AT_MOST}{_zh_money(1)}(?:以内|以下)?"),
    ),
    ("min", re.compile("[上起]"), re.compile(rf"{_ZH_START}{_zh_money(1)}\s?{_ZH_OVER}")),
    ("min", re.compile("[过于少]"), re.compile(rf"{_ZH_AT_LEAST}{_zh_money(1)}(?:以上)?")),
    (
        "about",
        re.compile("左右|上下|多块|来块|前后"),
        re.compile(rf"{_ZH_START}{_zh_money(1)}\s?{_ZH_ABOUT}"),
    ),
    (
        "about",
        re.compile("[概约]|差不多"),
        re.compile(rf"(?:大概|大约|差不多|约)\s?{_zh_money(1)}"),
    ),
    ("exact", _CURRENCY, re.compile(rf"{_ZH_START}{_zh_money(1)}")),
]
_NUMERIC = re.compile(r"[\d零〇一二两俩三四五六七八九十百千万$€£¥]")
_LATIN = re.compile(r"[a-z$€£]")
_ENDS = re.compile(_END)


# From how much on something is free, or what a coupon is worth: no price of goods.
_PROMOTION_BEFORE = re.compile(r"[满每]$|(?:save|off|worth)\s$")
_PROMOTION_AFTER = re.compile(
    r"\s?(?:(?:的)?(?:优惠券|代金券|抵用券|券|红包)|减|包邮|免邮|off\b|voucher|coupon)"
)


def find(reading: Reading, chinese: bool) -> Iterator[Found]:
    """Price ranges of the text, the more specific patterns first."""
    if not _NUMERIC.search(reading.rest) and NUMBER_WORDS.isdisjoint(reading.words):
        return
    tables = (_ZH, _EN) if chinese else (_EN,)
    if chinese and not _LATIN.search(reading.rest):
        tables = (_ZH,)
    for table in tables:
        for kind, cue, pattern in table:
            if not cue.search(reading.rest):
                continue
            for match in pattern.finditer(reading.rest):
                found = _of(kind, match, reading, table is _ZH)
                if found is not None:
                    yield found


def _of(kind: str, match: re.Match[str], reading: Reading, chinese: bool) -> Found | None:
    parts = match.groupdict()
    first, second = value_of(parts["n1"]), value_of(parts["n2"]) if parts.get("n2") else None
    said = [parts.get(name) for name in ("b1", "a1", "b2", "a2")]
    code = next((_CURRENCIES[one.strip()] for one in said if one), None)
    if first is None or (parts.get("n2") and second is None):
        return None
    if code is None and not _bare(kind, match, reading, chinese):
        return None
    if _of_a_promotion(match, reading):
        return None
    minimum, maximum = first, first
    if kind == "range":
        if second is None or second < first:
            return None
        maximum = second
    elif kind == "about":
        minimum, maximum = round(first * (1 - ABOUT), 2), round(first * (1 + ABOUT), 2)
    low = None if kind == "max" else minimum
    high = None if kind == "min" else maximum
    start, end = match.span()
    return Found(
        name="price",
        value=_value(low, high, code),
        start=start,
        end=end,
        minimum=low,
        maximum=high,
        currency=code,
    )


def _of_a_promotion(match: re.Match[str], reading: Reading) -> bool:
    before = _PROMOTION_BEFORE.search(reading.text, max(0, match.start() - 6), match.start())
    return bool(before or _PROMOTION_AFTER.match(reading.text, match.end()))


def _bare(kind: str, match: re.Match[str], reading: Reading, chinese: bool) -> bool:
    """Whether a range without a currency is one of money."""
    first, second = match["n1"], match.groupdict().get("n2") or ""
    if kind == "exact" or (kind == "about" and not chinese):
        return False
    ends = _ENDS.match(reading.rest, match.end()) is not None
    if kind == "range":
        low = value_of(first) or 0
        wide = low >= 100 or ((" to " in match[0] or "between" in match[0]) and low >= 10)
        written_out = first[:1].isdigit() == second[:1].isdigit()
        return (
            ends
            and wide
            and written_out
            and "to" not in reading.rest[match.end() : match.end() + 4]
        )
    if chinese:
        return (value_of(first) or 0) >= 10 and (
            ends or reading.rest[match.end() : match.end() + 1] in ("的", " ", "，", "。")
        )
    return ends


def _value(minimum: float | None, maximum: float | None, currency: str | None) -> str:
    """ "MIN..MAX CURRENCY", an open end left empty."""
    low = "" if minimum is None else written(minimum)
    high = "" if maximum is None else written(maximum)
    return f"{low}..{high}" + (f" {currency}" if currency else "")
