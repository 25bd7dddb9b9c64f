"""Whether a large model's reply may be shown: it says nothing that its passages do not say.

A rule that a reply breaks costs the customer nothing: the worker's own answer stands. So each errs
on the side of refusing. They are about what can be told from the text: a sentence of the passages'
words, numbers and negations may still join them wrongly.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from shopkeeper.shared.text.chinese import simplified
from shopkeeper.shared.text.language import detect
from shopkeeper.shared.text.personal_data import find

from ..plain import plain
from ..terms import counts_of, question_ids, stem
from .quantities import unsupported

if TYPE_CHECKING:
    from collections.abc import Sequence

# Why a reply is dropped, in the order in which the rules are asked.
REASONS = (
    "empty",
    "length",
    "markup",
    "citation_missing",
    "citation_unknown",
    "language",
    "address",
    "number",
    "quote",
    "negation",
    "claim",
    "words",
)
REPLY_CHARACTERS_MAX = 600
# Share of the telling terms of a reply, and of each of its clauses (beyond one), that the passages
# may lack: words; of Chinese, characters and pairs, of which other word order alone makes new ones.
FOREIGN_TERMS_MAX = {"en": 0.2, "zh": 0.3}

_BRACKETS = str.maketrans("【】［］", "[][]")
_CITATION = re.compile(r"\[\s*(\d{1,4}(?:\s*[,、，;]\s*\d{1,4})*)\s*\]")
_CLAUSE_ENDS = re.compile("[.,!?;:。，！？；：]+")
_BEFORE_STOP = re.compile(r"\s+(?=[.,!?;:。，！？；：])")
_MARKUP = re.compile(
    r"</?[a-z!?][^<>]*>?|```|`|\*\*|__|\]\(|&[a-z#][a-z0-9]*;|\\[a-z]|^\s*(?:[#>*|]|[-•]\s)|~~",
    re.IGNORECASE | re.MULTILINE,
)
# Anything that a program may take for an address: a scheme, or names joined by dots or an @.
_ADDRESS = re.compile(
    r"[a-z][a-z0-9+.-]*:(?://|(?=[a-z@]))[^\s]*|www\.[^\s]+|[^\s@,;:()]+@[^\s@,;()]+"
    r"|(?<![\w.])[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.[a-z]{2,}(?:[/:?#][^\s]*)?",
    re.IGNORECASE | re.ASCII,
)
_QUOTED = re.compile(r'["“]([^"“”]*)["”]')
_TRAILING = ".,;:!?)]}'\"。，；：！？）】"
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?")
_NEGATING = """
no not never cannot cant nor none neither nothing nobody without unable isnt arent wasnt werent
dont doesnt didnt wont wouldnt couldnt shouldnt hasnt havent mustnt except unless only unfortunately
"""
_NEGATIONS = frozenset(_NEGATING.split())
_CHINESE_NEGATION = re.compile("[不没無无未勿别非]|除")
# Promises and judgements that must be the passages' own, by stem.
_CLAIMING = """
yes free gratis refund guarantee warranty discount gift voucher coupon bonus always every all any
anytime entire unlimited immediately instantly today tomorrow best cheapest safe certified official
lifetime permanent must required automatically worldwide
"""
_CLAIMS = frozenset(stem(word) for word in _CLAIMING.split())
_CHINESE_CLAIMS = (
    *("是的", "可以", "能够", "免费", "包邮", "保证", "保修", "赠", "退款", "折", "优惠", "全部"),
    *("所有", "任何", "永久", "终身", "立即", "马上", "今天", "明天", "最", "必须", "自动", "官方"),
)


class Checked(NamedTuple):
    """text: what may be shown, without the citations; None where `reason`, one of `REASONS`, says
    why not. cited: numbers of the passages, from 1."""

    text: str | None
    reason: str | None
    cited: tuple[int, ...] = ()


def check(reply: str, passages: Sequence[str], language: str, *, quotes: bool = False) -> Checked:
    """Whether a reply rests on what it cites, or on the only passage that there is.

    language: of the question. quotes: the passages quote customers, in quotation marks; what these
    wrote may be repeated in such marks, letter by letter, and is no ground for anything else.
    Raises nothing.
    """
    if len(reply) > 4 * REPLY_CHARACTERS_MAX:
        return _dropped("length")
    if _MARKUP.search(unicodedata.normalize("NFKC", reply).strip()):
        return _dropped("markup")
    marked = reply.translate(_BRACKETS)
    cited = {int(n) for group in _CITATION.findall(marked) for n in re.findall(r"\d+", group)}
    text = _BEFORE_STOP.sub("", plain(_CITATION.sub("", marked)))
    if not any(c.isalnum() for c in text):
        return _dropped("empty")
    if len(text) > REPLY_CHARACTERS_MAX:
        return _dropped("length")
    if not cited and len(passages) == 1:
        cited = {1}  # there is no other that it could rest on
    if not cited:
        return _dropped("citation_missing")
    if "[" in text or "]" in text or not all(1 <= n <= len(passages) for n in cited):
        return _dropped("citation_unknown")
    given = "\n".join(passages[n - 1] for n in sorted(cited))
    own, reason = text, None
    if quotes:
        said = _QUOTED.findall(text)
        reason = None if set(said) <= set(_QUOTED.findall(given)) else "quote"
        own, given = _QUOTED.sub(" ", text), _QUOTED.sub(" ", given)
    reason = reason or _broken(own, given, language)
    return _dropped(reason) if reason else Checked(text, None, tuple(sorted(cited)))


def _dropped(reason: str) -> Checked:
    return Checked(None, reason)


def _broken(text: str, given: str, language: str) -> str | None:
    """The first rule that a text breaks, by what it cites; None where it keeps all."""
    if detect(text) != language:
        return "language"
    if not addresses_of(text) <= addresses_of(given) or not _personal(text) <= _personal(given):
        return "address"
    if unsupported(text, given):
        return "number"
    said, shown = _folded(text), _folded(given)
    if _negates(said) != _negates(shown):
        return "negation"
    if not _claims(said) <= _claims(shown):
        return "claim"
    known, most = counts_of([(given, 1.0)]).ids, FOREIGN_TERMS_MAX.get(language, 0.0)
    for part in (text, *_CLAUSE_ENDS.split(text)):  # a made up clause hides behind no long true one
        terms = question_ids(part)
        foreign = int(np.isin(terms, known, invert=True).sum())
        if foreign > most * terms.size and (foreign > 1 or part is text):
            return "words"
    return None


def addresses_of(text: str) -> set[str]:
    """Web addresses, e-mail addresses and names of hosts, in lower case."""
    text = unicodedata.normalize("NFKC", text)
    return {found.rstrip(_TRAILING).lower() for found in _ADDRESS.findall(text)}


def _personal(text: str) -> set[str]:
    return {text[span.start : span.end].lower() for span in find(text)}


def _folded(text: str) -> str:
    return simplified(unicodedata.normalize("NFKC", text).lower().replace("’", "'"))


def _negates(text: str) -> bool:
    words = (word.replace("'", "") for word in _WORD.findall(text))
    return bool(_CHINESE_NEGATION.search(text)) or any(word in _NEGATIONS for word in words)


def _claims(text: str) -> set[str]:
    words = {stem(word) for word in _WORD.findall(text)} & _CLAIMS
    return words | {claim for claim in _CHINESE_CLAIMS if claim in text}
