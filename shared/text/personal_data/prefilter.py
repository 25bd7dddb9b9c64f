"""Whether a text can hold personal data at all, and of which sort: cheap, and never no where there
is some.

A search for one character is a hundred times as fast as one for several words at each place. So
every expression here begins with a set of characters, and words are looked for in a lowered copy.
"""

from __future__ import annotations

import re

NUMERALS = "〇零一二三四五六七八九幺壹贰叁肆伍陆柒捌玖两"
WIDE_DIGITS = "０-９①-⑨⓪❶-❾\u0660-\u0669\u06f0-\u06f9\u0966-\u096f\U0001d7ce-\U0001d7ff"
_UNITS = "号號弄巷栋棟幢座单單室组組期"
_MESSENGERS = (
    "信",
    "vx",
    "wx",
    "wechat",
    "we chat",
    "qq",
    "扣扣",
    "企鹅",
    "telegram",
    "skype",
    "whatsapp",
    "line id",
    "signal",
)
_LATIN = re.compile("[A-Za-zＡ-Ｚａ-ｚ]")
_STANDS_OUT = re.compile(
    f"[0-9@＠{WIDE_DIGITS}{NUMERALS}十百市盟州](?:(?<=[0-9@＠{WIDE_DIGITS}])|"
    f"(?<=[{NUMERALS}十百])(?: ?[{_UNITS}]|(?:[- ]?[{NUMERALS}]){{6}})|"
    f"(?<=[市盟州])[\u3400-\u9fff]{{1,7}}?[区區县縣市旗])"
)
MANY_DIGITS = re.compile(r"[0-9](?:[ ./()·-]{0,4}[0-9]){6}")
FIVE_DIGITS = re.compile(r"[0-9](?:[ -]?[0-9]){4}")
_CHINESE_UNIT = re.compile(
    f"[{_UNITS}市盟州](?:(?<=[0-9A-Za-z {NUMERALS}十百].)|(?<=[市盟州])"
    f"[\u3400-\u9fff]{{1,7}}?[区區县縣市旗])"
)


def may_hold(text: str) -> bool:
    """False only for a text in which no rule finds anything."""
    if text.isascii():
        # Eleven searches for a character: a loop over them, or one set, takes three times as long.
        if (
            "0" in text
            or "1" in text
            or "2" in text
            or "3" in text
            or "4" in text
            or "5" in text
            or "6" in text
            or "7" in text
            or "8" in text
            or "9" in text
            or "@" in text
        ):
            return True
    elif _STANDS_OUT.search(text):
        return True
    elif not _LATIN.search(text):
        return False
    lowered = text.lower()
    return may_hold_mail(lowered) or (_may_lead(lowered) and names_messenger(lowered))


def may_hold_mail(lowered: str) -> bool:
    """Whether a text in lower case has a sign for "at" and one for a dot, or an @."""
    return "@" in lowered or (
        (
            "dot" in lowered
            or ".co" in lowered
            or ".net" in lowered
            or ".org" in lowered
            or ".cn" in lowered
            or ".me" in lowered
            or "#" in lowered
            or "点" in lowered
            or "點" in lowered
            or "艾特" in lowered
            or "小老鼠" in lowered
            or "圈a" in lowered
            or "(a)" in lowered
        )
        and (
            "at" in lowered
            or "#" in lowered
            or "艾特" in lowered
            or "小老鼠" in lowered
            or "a" in lowered
        )
    )


def _may_lead(lowered: str) -> bool:
    """Whether a text has what leads to a messenger name without digits, or is in one."""
    return (
        ":" in lowered
        or "_" in lowered
        or "=" in lowered
        or "号" in lowered
        or "號" in lowered
        or "：" in lowered
        or "＝" in lowered
        or "＿" in lowered
    )


def names_messenger(lowered: str) -> bool:
    """Whether a text in lower case names a messenger."""
    return any(name in lowered for name in _MESSENGERS)


def may_hold_chinese_address(text: str) -> bool:
    """Whether a folded text has a number before a word for house or room, or a district."""
    return not text.isascii() and _CHINESE_UNIT.search(text) is not None
