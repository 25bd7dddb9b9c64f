"""What an answer says of a fact: yes or no, and the value, in the unit that is asked for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from shopkeeper.shared.text.chinese import simplified
from shopkeeper.shared.text.normalisation import normalise

from .asking import understood
from .concepts import CONCEPTS, tokens_of
from .lexicon import COLOUR_OF
from .phrasing import said_of, stated, whether, with_opening
from .sizes import fits, sizes_of
from .units import UNITS, converted, rounded

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .asking import Asked, Bound
    from .matching import Match
    from .values import Fact, Value

_SEPARATELY = re.compile(
    r"\bseparate(?:ly)?\b|\bneed to (?:buy|get|bring|purchase)\b|\bhave to (?:buy|get|bring)\b"
    r"|\bbuy (?:my own|extra|one|some|a|the)\b|\bmy own\b|\bextra\b"
    r"|另买|另外买|单独买|单买|自备|另购|另配|自己买|再买|要买|自己准备|另外配"
)
_NOTHING = frozenset({"none", "no", "0", "无", "没有"})
_RANGE = re.compile(r"(\d+(?:\.\d+)?)\s*(?:-|to|~|–)\s*(\d+(?:\.\d+)?)")


def sentence_of(asked: Asked, match: Match, title: str, language: str) -> str | None:
    """A sentence; None where the value cannot answer the question."""
    fact = match.fact
    name = fact.meaning.parts[0].concept or ""
    if name == "availability":
        return said_of(name, fact.value, title, language)
    if fact.value.truth is not None:
        return _truth(asked, match, title, language)
    value = _in_unit(asked, fact)
    opening = None if asked.choice else _opening(asked, match)
    if name == "price" and opening is None:
        return said_of(name, fact.value, title, language)
    if name == "colour" and len(fact.meaning.parts) == 1:
        return _colour(asked, value, opening, title, language)
    label = fact.meaning.chinese if language == "zh" else fact.meaning.english
    if fact.meaning.free and language != "zh":
        label = fact.meaning.english
    said = stated(name, label, value, title, language)
    return said if opening is None else with_opening(opening, said, asked.text, language)


def _truth(asked: Asked, match: Match, title: str, language: str) -> str:
    key, truth = match.fact.meaning, bool(match.fact.value.truth)
    turned = match.reversed or (_SEPARATELY.search(asked.text) is not None)
    concept = CONCEPTS.get(key.parts[0].concept or "")
    kind = concept.kind if concept and len(key.parts) == 1 else ""
    if key.free:
        kind = "is"
    elif key.english.endswith("included") or (concept and concept.name == "waterproof" and turned):
        kind = ""
    label = key.chinese if language == "zh" else key.english
    waterproof = (
        concept is not None and concept.name == "waterproof" and label in ("防水", "waterproof")
    )
    if language == "zh" and waterproof and not turned:
        return said_of("waterproof", match.fact.value, title, language)
    opening = None if asked.choice or (asked.open and not asked.whether) else truth is not turned
    said = stated(kind, label, match.fact.value, title, language)
    return said if opening is None else with_opening(opening, said, asked.text, language)


def _colour(asked: Asked, value: Value, opening: bool | None, title: str, language: str) -> str:
    wanted = [hit.value for hit in asked.hits if hit.concept == "colour" and hit.value]
    if not wanted or opening is None or wanted[0] is None:
        return said_of("colour", value, title, language)
    return whether(wanted[0], opening, value, title, language)


def _opening(asked: Asked, match: Match) -> bool | None:
    """Yes or no, where the question can be answered so."""
    fact = match.fact
    name = fact.meaning.parts[0].concept or ""
    values = fact.value.english
    parts = {part.concept for part in fact.meaning.parts}
    wanted = {hit.value for hit in asked.hits if hit.concept in parts and hit.value}
    if wanted and (not asked.open or asked.whether):
        if name == "colour":
            return any(comes_in(each, next(iter(wanted)) or "") for each in values)
        have = {hit.value for each in values for hit in understood(_plain(each)).hits if hit.value}
        return wanted <= have
    if name in ("size",) and (sizes := sizes_of(asked.text)):
        return any(fits(size, _plain(each)) for size in sizes for each in values)
    if (
        asked.bound is not None
        and fact.number is not None
        and not (asked.open and not asked.whether)
    ):
        return _holds(asked.bound, fact)
    if asked.bound is not None and asked.whether and len(values) == 1:
        ranged = _RANGE.search(values[0])
        if ranged and asked.bound.how in ("", "="):
            return float(ranged[1]) <= asked.bound.amount <= float(ranged[2])
    if not asked.whether or asked.open:
        return None
    kind = CONCEPTS[name].kind if name else ""
    if kind in ("is", "has", "can") or (fact.number == 0 or values[0].lower() in _NOTHING):
        there = fact.number != 0 and values[0].lower() not in _NOTHING
        return there is not match.reversed
    named = set(asked.tokens)
    inside = [each for each in values if (t := set(tokens_of(_plain(each)))) and t <= named]
    return True if inside else None


def _holds(bound: Bound, fact: Fact) -> bool | None:
    number, amount = fact.number or 0.0, bound.amount
    if bound.unit is not None and fact.unit is not None:
        said = converted(amount, bound.unit, fact.unit)
        if said is None:
            return None
        amount = said
    elif bound.unit is not None:
        return None
    near = abs(number - amount) <= 1e-9 * max(1.0, abs(number))
    if bound.how in ("", "=") and _is_least(fact):
        return number < amount or near  # a child of five, from three years on
    if bound.how in ("<", "<="):
        return (number < amount and not near) or (near and bound.how == "<=")
    if bound.how in (">", ">=", ""):
        return (number > amount and not near) or (near and bound.how != ">")
    return near


def _is_least(fact: Fact) -> bool:
    return fact.meaning.parts[0].concept == "age_min" or fact.meaning.qualifier == "min"


def _in_unit(asked: Asked, fact: Fact) -> Value:
    """The value as it is, or in the unit that is asked for with what the catalogue says."""
    wanted = asked.unit
    if wanted is None or fact.unit is None or fact.number is None or wanted == fact.unit:
        return fact.value
    amount = converted(fact.number, fact.unit, wanted)
    if amount is None or fact.meaning.per != ("", "") or UNITS[wanted].dimension == "temperature":
        return fact.value
    said, unit = rounded(amount), UNITS[wanted]
    return fact.value._replace(
        english=(f"{said} {unit.english} ({fact.value.english[0]})",),
        chinese=(f"{said}{unit.chinese}（{fact.value.chinese[0]}）",),
    )


def comes_in(said: str, colour: str) -> bool:
    """Whether a catalogue's word means a colour: "Navy Blue" and 深蓝 are blue."""
    text = _plain(said)
    words: Iterable[str] = [*re.findall(r"[a-z]+", text), *re.findall("[\u3400-\u9fff]+", text)]
    return any(
        COLOUR_OF.get(word, word) == colour
        or (not word.isascii() and any(w in word for w, of in COLOUR_OF.items() if of == colour))
        for word in words
    )


def _plain(text: str) -> str:
    return simplified(normalise(text))
