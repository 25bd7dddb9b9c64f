"""E-mail addresses, written out or disguised: ab@example.com, ab (at) example (dot) com.

Each rule starts at a sign for "at" and reads a bounded way to both sides, so that a text of nothing
but such signs costs no more than another.
"""

from __future__ import annotations

import re
import string

from .folding import Draft, Kind
from .prefilter import may_hold_mail

LOCAL_CHARACTERS_MAX = 64
WORDS_MAX = 4  # of a disguised name: john dot q dot smith

_BOXES = (
    "gmail|googlemail|yahoo|ymail|hotmail|outlook|live|msn|icloud|me|aol|proton|protonmail|gmx|"
    "yandex|zoho|fastmail|mail|qq|vip\\.qq|foxmail|163|126|139|189|yeah|sina|sohu|aliyun|tom"
)
_DOT = (
    r"(?:\s?[\[({<]\s?(?:dot|点|點|\.)\s?[\])}>]\s?|\s+dot\s+|\s?[点點]\s?|\s?\.\s?(?=[a-z]{2}"
    r")|\.)"
)
_LABEL = r"[a-z0-9\u00c0-\u024f](?:[a-z0-9\u00c0-\u024f-]{0,62})"
# Signs that stand for nothing else in a text, and those that a mail provider must follow.
_SIGN = re.compile(
    r"\s?(?:@|[\[({<]\s?(?:at|@|a|艾特)\s?[\])}>]|艾特|小老鼠|圈a)\s?|"
    r"(?P<weak>\s+at\s+|\s?#(?:at#)?|_at_)",
    re.IGNORECASE,
)
_DOMAIN = re.compile(rf"{_LABEL}(?:{_DOT}{_LABEL}){{1,4}}(?![a-z0-9@])", re.IGNORECASE)
_PLAIN_DOMAIN = re.compile(
    r"[a-z0-9\u00c0-\u024f-]{1,63}(?:\.[a-z0-9\u00c0-\u024f-]{1,63}){0,4}\.[a-z]{2,24}"
    r"(?![a-z0-9])",
    re.IGNORECASE,
)
_TLD = "(?:com|net|org|cn|uk|de|fr|eu|io|co|edu|info|me|us|ca|au|jp|hk|tw|sg|cc|biz)"
_DISGUISED = re.compile(
    rf"{_LABEL}(?:{_DOT}{_LABEL}){{0,3}}?{_DOT}{_TLD}(?:{_DOT}(?:cn|uk|au|jp|hk|tw|br))?(?![a-z])",
    re.IGNORECASE,
)
_BOX = re.compile(
    rf"(?:{_BOXES})(?:{_DOT}(?:com|net|org|cn|co|me)(?:{_DOT}(?:cn|uk|jp|hk|tw|au))?)"
    rf"?(?![a-z0-9])",
    re.IGNORECASE,
)
_BOX_WITH_TLD = re.compile(
    rf"(?:{_BOXES}|example){_DOT}(?:com|net|org|cn|co|me)(?:{_DOT}(?:cn|uk|jp|hk|tw|au))"
    rf"?(?![a-z0-9])",
    re.IGNORECASE,
)
_SAID = re.compile(r"e-?mail|邮箱|郵箱|邮件", re.IGNORECASE)
_WORD_BEFORE = re.compile(
    r"([a-z0-9._-]{1,24})(?:\s?[\[({]\s?dot\s?[\])}]\s?|\s+dot\s+|[点點])$", re.I
)
_LOCAL = frozenset(
    f"{string.ascii_letters}{string.digits}._%+-'{''.join(map(chr, range(0xC0, 0x250)))}"
)


def find_emails(draft: Draft) -> None:
    """Notes the e-mail addresses of a draft."""
    text = draft.text
    if not may_hold_mail(text.lower()):
        return
    after = 0
    for sign in _SIGN.finditer(text):
        if sign.start() < after:
            continue
        start = _local_start(text, sign.start(), after)
        if start == sign.start():
            continue
        end = _domain_end(text, sign)
        if end:
            after = end
            draft.take(Kind.EMAIL, start, end)


def _local_start(text: str, end: int, least: int) -> int:
    """Where the name before the sign begins; `end` where there is none."""
    start = end
    for _ in range(WORDS_MAX):
        least = max(least, end - LOCAL_CHARACTERS_MAX)
        while start > least and (
            text[start - 1] in _LOCAL or "\u00c0" <= text[start - 1] <= "\u024f"
        ):
            start -= 1
        more = _WORD_BEFORE.search(text, max(least, start - 32), start)
        if more is None:
            break
        start = more.start(1)
    while start < end and text[start] in ".-'_%+" and text[start] != "_":
        start += 1
    return start


def _domain_end(text: str, sign: re.Match[str]) -> int:
    """Where the host after the sign ends; 0 where none does."""
    end = sign.end()
    mark = sign[0].strip()
    if sign["weak"]:
        found = _BOX_WITH_TLD.match(text, end)
        if (
            found is None
            and "at" in mark.lower()
            and _SAID.search(text, max(0, sign.start() - 48), end)
        ):
            found = _DISGUISED.match(text, end)
        return found.end() if found else 0
    found = _PLAIN_DOMAIN.match(text, end) or _DISGUISED.match(text, end) or _BOX.match(text, end)
    return found.end() if found else 0
