"""What a question asks for: concepts, a unit, a bound, a yes or no; of any product."""

from __future__ import annotations

import re
from typing import NamedTuple

from .concepts import GAP_MAX, PHRASES, WORDS_MAX, Phrase, tokens_of
from .units import UNITS, WORDS
from .words_of_values import MATERIALS, SHOP, VALUES, colours

SHOP_CONCEPT = "the shop"
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_DIGITS = {c: n for n, c in enumerate("零一二三四五六七八九")} | {"两": 2}
_HAN_NUMBER = re.compile(
    "半(?=[公千毫厘英]?[克斤米升寸磅分]|个?小时|天|年)"
    "|([一二两三四五六七八九])米([一二三四五六七八九])(?![十百])"
    "|([一二两三四五六七八九]?)十([一二三四五六七八九]?)(?=[个公千毫厘英]?[克斤米升寸磅瓦天年月小分度])"
    "|([一二两三四五六七八九])([百千])(?=[个公千毫厘英]?[克斤米升寸磅瓦元欧])"
    "|([一二两三四五六七八九])(?=[公千毫厘英][克斤米升寸]|米|升|斤|瓦|寸|个?小时|个月|年(?!级)|天|周?岁)"
)
_WHETHER = re.compile(
    r"^(?:(?:hi|hello|hey|so|and|but|ok|hm+|please|pls|also|excuse me|sorry)[ ,!.]+)*"
    r"(?:is|are|does|do|did|can|could|will|would|has|have|may|should|am|was|isn't|doesn't|don't"
    r"|aren't|can't|won't)\b"
    r"|[,;.?!-] *(?:is|are|does|do|can|could|will|would|has|have|should)\b"
    r"|\b(?:know|wonder|wondering|ask|tell me) (?:if|whether)\b|^(?:if|whether)\b"
    r"|[吗么嘛](?:\W|$)|([\u4e00-\u9fff])[不没]\1|有没有|是不是|能不能|是否|可不可以|会不会|没有$|不$"
)
_CHOICE = re.compile(r"\bor\b(?! (?:not|no)\b)|还是|或者")
_OPEN = re.compile(
    r"\b(?:what|which|how|who|where|when|whats)\b|多少|几[^乎]|多[大长久重高宽厚深远快亮]|什么|哪|谁|怎么"
)
_UNITS_ASKED = re.compile(
    r"\b(?:in|how many|many|number of|what) ([a-z]+)\b"
    r"|(?:多少|几个?|多少个)([\u4e00-\u9fff]{1,3}|[a-z]+)"
)
_DIMENSIONS = (
    (
        re.compile(r"多久|多长时间|多少时间|how much time|几个?小时|几分钟|几天"),
        frozenset({"time"}),
    ),
    (re.compile(r"\bhow long\b|多长"), frozenset({"length", "time"})),
    (
        re.compile(r"\bhow (?:tall|wide|thick|deep)\b|多[高宽厚深]"),
        frozenset({"length", "pressure"}),
    ),
    (re.compile(r"\bhow heavy\b|\bweigh\w*|多重"), frozenset({"mass"})),
    (re.compile(r"\bhow (?:hot|cold)\b|几度|多少度"), frozenset({"temperature", "time", "angle"})),
    (re.compile(r"\bhow (?:loud|noisy)\b|分贝"), frozenset({"sound"})),
)
_LESS = (
    r"under|below|less than|lighter than|shorter than|smaller than|cheaper than|fewer than|at most"
    r"|no more than|not more than|maximum of|up to|within|quieter than|thinner than|narrower than"
    r"|max"
    r"|younger than|faster than"
)
_MORE = (
    r"over|above|more than|at least|longer than|heavier than|bigger than|larger than|taller than"
    r"|higher than|exceed|exceeds|minimum of|thicker than|wider than|louder than|deeper than|beyond"
    r"|brighter than|greater than|older than|no less than|not less than"
)
_AMOUNT = r"[€$]?\s*(\d+(?:\.\d+)?)\s*([a-z%°\"]+|[\u4e00-\u9fff]{1,3})?"
_BOUND = re.compile(rf"\b(?:({_LESS})|({_MORE}))\s*(?:about |around |of |a |the )?{_AMOUNT}")
_HAN_BOUND = re.compile(
    r"(?:(不超过|不大于|不高于|不多于|低于|小于|不到|少于|轻于|短于|最多|不足|矮于|便宜过|没到|没超过)"
    r"|(超过|大于|高于|多于|不止|至少|重于|长于|不低于|不小于|超|达到|够|有没有|过|到))"
    r"\s*(\d+(?:\.\d+)?)\s*([a-z%°]+|[\u4e00-\u9fff]{1,3})?"
)
_HAN_AFTER = re.compile(
    r"(\d+(?:\.\d+)?)\s*([a-z%°]+|[\u4e00-\u9fff]{1,3}?)?\s*(?:(以下|以内|之内|内)|(以上|及以上))"
)
_HAN_THAN = re.compile(
    r"比\s*(\d+(?:\.\d+)?)\s*([a-z%°]+|[\u4e00-\u9fff]{1,2}?)?\s*[还更要]?"
    r"(?:(便宜|轻|短|小|薄|低|窄|矮|少|安静)|(贵|重|长|大|厚|高|宽|多|久|吵))"
)
_AVAILABLE_IN = re.compile(r"\bavailable in\b(?! (?:stock|your|store))")
_WORDED = {
    "one": "1",
    "two": "2",
    "three": "3",
    "four": "4",
    "five": "5",
    "six": "6",
    "seven": "7",
    "eight": "8",
    "nine": "9",
    "ten": "10",
}
_WORDED |= {"a": "1", "an": "1", "half a": "0.5", "half an": "0.5", "twelve": "12", "twenty": "20"}
_WORDED_NUMBER = re.compile(
    rf"\b({'|'.join(sorted(_WORDED, key=len, reverse=True))})[ -]"
    r"(?=(?:kilos?|kilograms?|grams?|pounds?|met(?:re|er)s?|lit(?:re|er)s?|hours?|days?|weeks?|months?"
    r"|years?|minutes?|inch(?:es)?|euros?|watts?|foot|feet)\b)"
)
_EXACT = re.compile(rf"(?<![\d.]){_AMOUNT}")
_INCLUSIVE_MORE = re.compile(
    "at least|minimum|no less|not less|至少|不低于|不小于|达到|够|有没有|到"
)
_INCLUSIVE_LESS = re.compile(
    "at most|no more|not more|maximum|max|up to|within|不超过|不大于|不高于|不多于|最多|没超过"
)
_BREAKS = frozenset(",;?!。、")  # over which no phrase goes
_EQUAL = re.compile(r"^(?:is|are)\b|是")


class Hit(NamedTuple):
    """Where a question speaks of a concept. at: numbers of the tokens. value: a value's word."""

    concept: str
    at: frozenset[int]
    weight: float
    reversed: bool = False
    vague: bool = False
    value: str | None = None


class Bound(NamedTuple):
    """A number to compare with. how: <, <=, >, >=, = or "" (at least, or equal)."""

    how: str
    amount: float
    unit: str | None


class Asked(NamedTuple):
    """A question, taken apart."""

    text: str
    tokens: tuple[str, ...]
    hits: tuple[Hit, ...]
    whether: bool
    choice: bool
    open: bool
    unit: str | None  # that the answer is wanted in
    dimensions: frozenset[str] | None  # that the answer can have
    bound: Bound | None

    @property
    def of_the_shop(self) -> bool:
        """Whether it speaks of the shop's own business."""
        return any(hit.concept == SHOP_CONCEPT for hit in self.hits)


def understood(text: str, masked: str | None = None) -> Asked:
    """text: normalised, simplified. masked: the same without the product's name."""
    text = _with_digits(text)
    seen = text if masked is None else _with_digits(masked)
    tokens = [_spelt(token) for token in tokens_of(seen)]
    bound = _bound(seen)
    whether = _WHETHER.search(text) is not None
    unit = None
    for found in _UNITS_ASKED.finditer(text):
        unit = unit or unit_said(found[1] or found[2] or "")
    dimensions = next((of for pattern, of in _DIMENSIONS if pattern.search(text)), None)
    if unit is not None and not re.search(r"\bin ", text):
        dimensions = frozenset({UNITS[unit].dimension})
        if dimensions == {"charge"} or unit == "ma":
            dimensions = frozenset({"charge", "current"})
    return Asked(
        text,
        tuple(tokens),
        tuple(_hits(tokens)),
        whether=whether,
        choice=_CHOICE.search(text) is not None,
        open=_OPEN.search(text) is not None,
        unit=unit,
        dimensions=dimensions,
        bound=bound,
    )


def unit_said(word: str) -> str | None:
    """The unit that a word of a customer's begins with, or is."""
    word = tokens_of(word)[0] if word.isascii() and tokens_of(word) else word
    for end in range(len(word), 0, -1):
        if word[:end] in WORDS:
            return WORDS[word[:end]]
        if word.isascii():
            return None
    return None


def _hits(tokens: list[str]) -> list[Hit]:
    found: list[Hit] = []
    for start in range(len(tokens)):
        for end in range(start + 1, min(len(tokens), start + WORDS_MAX) + 1):
            for phrase in PHRASES.get(" ".join(tokens[start:end]), ()):
                at = _followed(tokens, end, phrase.rest)
                if at is not None:
                    found.append(_hit(tokens, phrase, frozenset((*range(start, end), *at))))
    kept = [
        hit
        for hit in found
        if not any(hit.at < other.at and not other.vague for other in found)
        or (
            hit.value is not None
            and not any(hit.at < o.at and (o.value or o.concept != hit.concept) for o in found)
        )
    ]
    kept = [hit for hit in kept if not any(_is_cut(hit, other) for other in kept)]
    return list(dict.fromkeys(kept))


def _is_cut(hit: Hit, other: Hit) -> bool:
    """Whether a value's word is but a piece of a longer one: 钢的 in 不锈钢的."""
    return (
        hit.value is not None
        and other.value is not None
        and hit.concept == other.concept
        and len(hit.at) < len(other.at)
        and not hit.at.isdisjoint(other.at)
    )


def _hit(tokens: list[str], phrase: Phrase, at: frozenset[int]) -> Hit:
    weight = sum(2.0 if tokens[i].isascii() else 1.0 for i in at)
    concept, _, value = phrase.concept.partition("=")
    return Hit(
        concept, at, 0.5 if phrase.vague else weight, phrase.reversed, phrase.vague, value or None
    )


def _followed(tokens: list[str], at: int, rest: tuple[str, ...]) -> tuple[int, ...] | None:
    taken: list[int] = []
    for chunk in rest:
        words = chunk.split()
        for start in range(at, min(len(tokens), at + GAP_MAX) - len(words) + 1 + 1):
            if not _BREAKS.isdisjoint(tokens[at:start]):
                return None
            if tokens[start : start + len(words)] == words:
                taken += range(start, start + len(words))
                at = start + len(words)
                break
        else:
            return None
    return tuple(taken)


def _bound(text: str) -> Bound | None:
    for pattern in (_BOUND, _HAN_BOUND):
        found = pattern.search(text)
        if found:
            less, more, amount, unit = found.groups()
            how = "<" if less else ">"
            if (_INCLUSIVE_LESS if less else _INCLUSIVE_MORE).match(less or more):
                how += "="
            return Bound(how, float(amount), unit_said(unit or ""))
    found = _HAN_THAN.search(text)
    if found:
        return Bound("<" if found[3] else ">", float(found[1]), unit_said(found[2] or ""))
    found = _HAN_AFTER.search(text)
    if found:
        return Bound("<=" if found[3] else ">=", float(found[1]), unit_said(found[2] or ""))
    for found in _EXACT.finditer(text):
        if found[2] == "in" and text[found.end() :].lstrip()[:1].isalpha():
            continue  # "a 39 in shoes"
        unit = unit_said(found[2] or "")
        if unit is not None:
            return Bound("=" if _EQUAL.search(text) else "", float(found[1]), unit)
    return None


def _with_digits(text: str) -> str:
    """Chinese numbers before units as digits: 半公斤, 一米九, 两米, 十小时, 三百克."""
    if text.isascii():
        text = _WORDED_NUMBER.sub(lambda found: f"{_WORDED[found[1]]} ", text)
        return _AVAILABLE_IN.sub("come in", text)

    def digits(found: re.Match[str]) -> str:
        if found[0] == "半":
            return "0.5"
        if found[1]:
            return f"{_DIGITS[found[1]]}.{_DIGITS[found[2]]}米"
        if found[5]:
            return str(_DIGITS[found[5]] * (100 if found[6] == "百" else 1000))
        if found[7]:
            return str(_DIGITS[found[7]])
        return str((_DIGITS[found[3]] if found[3] else 1) * 10 + _DIGITS.get(found[4], 0))

    return _HAN_NUMBER.sub(digits, text)


def _spelt(word: str) -> str:
    """A word of the phrases for one that has two letters swapped, or one missing or doubled."""
    if len(word) < TYPO_MIN or not word.isascii() or word in VOCABULARY:
        return word
    for i in range(len(word) - 1):
        swapped = word[:i] + word[i + 1] + word[i] + word[i + 2 :]
        if swapped in VOCABULARY:
            return swapped
    if len(word) > TYPO_MIN:
        for i in range(1, len(word)):
            if word[:i] + word[i + 1 :] in VOCABULARY and word[i] == word[i - 1]:
                return word[:i] + word[i + 1 :]
    return word


def _put(concept: str, phrase: str) -> None:
    PHRASES.setdefault(" ".join(tokens_of(phrase)), []).append(Phrase(concept, False, False))


def _learn() -> int:
    """Adds the words of values and of the shop to the phrases; the longest one's words."""
    for line in MATERIALS.strip().splitlines():
        head, _, others = line.partition("|")
        name, _, kind = head.strip().partition(" (")
        for word in (name, *(other.strip() for other in others.split(","))):
            _put(f"material={name}", word)
            if kind:
                _put(f"material={kind.removesuffix(')')}", word)
    for line in VALUES.strip().splitlines():
        head, _, words = line.partition("|")
        for word in words.split(","):
            _put(head.strip(), word.strip())
    for word, normal in colours().items():
        _put(f"colour={normal}", word)
    for phrase in SHOP.replace("\n", ",").split(","):
        if phrase.strip():
            _put(SHOP_CONCEPT, phrase.strip())
    return max(len(phrase.split()) for phrase in PHRASES)


WORDS_MAX = max(WORDS_MAX, _learn())
TYPO_MIN = 5
VOCABULARY = frozenset(
    word
    for first, phrases in PHRASES.items()
    for chunk in (first, *(rest for phrase in phrases for rest in phrase.rest))
    for word in chunk.split()
)
