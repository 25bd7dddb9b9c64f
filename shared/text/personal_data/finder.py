"""Personal data in a text: where it is, and the text without it.

A text that can hold none, for want of a digit, of a sign for "at" and of the few words that stand
for them, is known by a dozen searches for one character and goes on untouched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .addresses import find_chinese_addresses, find_english_addresses
from .emails import find_emails
from .folding import Draft, Span
from .numbers import find_codes, find_messengers, find_phones
from .prefilter import may_hold

if TYPE_CHECKING:
    from collections.abc import Iterable

_ROUNDS_MAX = 4  # what is blanked may part what stood together


def find(text: str) -> list[Span]:
    """The places of personal data, in order, none over another.

    Linear in the text, whatever is in it; never raises. What a placeholder of `mask` says is none.
    """
    return _find(text) if may_hold(text) else []


def _find(text: str) -> list[Span]:
    draft = Draft.of(text)
    for _ in range(_ROUNDS_MAX):
        before = len(draft.spans)
        for rule in (
            find_emails,
            find_codes,
            find_messengers,
            find_phones,
            find_chinese_addresses,
            find_english_addresses,
        ):
            known = len(draft.spans)
            rule(draft)
            if len(draft.spans) > known:
                draft.blank()
        if len(draft.spans) == before:
            break
    return draft.in_the_text()


def mask(text: str) -> str:
    """The text with `[email]`, `[phone]` and so on in place of personal data.

    Masked once more it is the same; a text without any is returned as it is.
    """
    spans = find(text)
    if not spans:
        return text
    pieces, at = [], 0
    for kind, start, end in spans:
        pieces += [text[at:start], f"[{kind}]"]
        at = end
    return "".join([*pieces, text[at:]])


def mask_all(texts: Iterable[str]) -> list[str]:
    """`mask` of each text."""
    return [mask(text) for text in texts]
