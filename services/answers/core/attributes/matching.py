"""Which attributes of one product a question asks for, by the keys that the product has."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, NamedTuple

from .asking import SHOP_CONCEPT, Hit
from .concepts import CONCEPTS, tokens_of
from .keys import dimension_of
from .sizes import sizes_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from .asking import Asked
    from .keys import Key, Part
    from .values import Fact

FACTS_MAX = 3  # in one answer
ENOUGH = 0.4
_PLAINLY = 6.0
_ALONE = 7.0  # of the one fact that can be meant
_WORD_MIN, _SHARE_MIN = 4, 0.5  # of keys that no concept explains
_AND = re.compile(r"\band\b|\bplus\b|[,;&/、](?=.)|\?(?=\s*\w)|和|跟|还有|以及|及|各|与|另外")
_MOST = re.compile(
    r"\b(?:max\w*|most|at most|longest|largest|biggest|up to|highest)\b|最[大长多高]|最多|上限"
)
_LEAST = re.compile(r"\b(?:min\w*|at least|shortest|smallest|lowest)\b|最[小短少低]|下限")
_HOLDS = re.compile(
    r"\b(?:fits?|holds?|room|space|take|get|put|pack|carry|store)\b|装|放|盛|塞|容得?下"
)
_FREE_OF_IT = re.compile(
    r"\b(?:free (?:of|from)|without) (?:it|that|them|any)\b|不含这|没有这个成分"
)
_HELD = frozenset({"fits", "lactose", "ingredients", "card_slots"})  # that "fit", "milk" also name
_MY_SIZE = re.compile(
    r"\b(?:i|my) (?:\w+ )?(?:take|wear|need|size|want)\b|\b(?:got|have)\b|我(?:穿|戴)"
)
_SPANS = ("length", "width", "height", "depth", "diameter", "thickness")
# What else tells a customer something where a product does not say the thing itself.
_RELATED = {
    "size": ("dimensions", *_SPANS),
    "dimensions": ("size", *_SPANS),
    "waterproof": ("protection_class", "depth_rating", "water_column"),
    "temperature": (
        *("brewing_temperature", "washing_temperature", "comfort_temperature"),
        *("heat_resistant", "oven_safe"),
    ),
    "noise": ("volume_max",),
    "ports": ("connector",),
    "connector": ("ports",),
    "ingredients": ("material",),
    "material": ("ingredients", "filling"),
    "perfume_matter": ("scent",),
    "length": ("strap_length",),
    "heat_resistant": ("oven_safe",),
    "tasting_notes": ("flavour",),
    "flavour": ("tasting_notes",),
    "camera": ("resolution",),
    "resolution": ("camera",),
    "filling": ("ingredients",),
    "protection_class": ("waterproof", "depth_rating"),
    "depth_rating": ("water_column",),
    "charging_time": ("battery_life",),
}
_TOLD_IN_WORDS = frozenset({"protection_class"})  # to which a bare yes or no is no answer


_NEEDS_ITS_NAME = frozenset({"price", "availability", "brand", "colour"})


class Match(NamedTuple):
    """A fact that is asked for. reversed: a yes to the question is a no to the fact."""

    fact: Fact
    score: float
    at: frozenset[int]
    reversed: bool = False
    solid: bool = True  # by more than words that may mean anything


def matches(asked: Asked, facts: Sequence[Fact], own: frozenset[str]) -> list[Match]:
    """The facts that a question asks for, at most `FACTS_MAX`. own: words of the product's name."""
    hits = [hit for hit in asked.hits if hit.concept != SHOP_CONCEPT]
    found = _by_size(asked, hits, facts) or [
        match for fact in facts if (match := _match(asked, hits, fact, own)) is not None
    ]
    if not found:
        found = (
            _by_relation(asked, hits, facts, own)
            or _by_unit(asked, hits, facts, own)
            or _by_value(asked, hits, facts, own)
            or _by_words(asked, hits, facts)
        )
    found.sort(key=lambda match: -match.score)
    if not found:
        return []
    if any(match.solid for match in found):
        found = [match for match in found if match.solid]
    if any(_first(match) in ("size", "colour") and match.solid for match in found):
        found = [match for match in found if _first(match) != "availability"]  # "left in size 38?"
    if _asks_rather(asked, hits, found):
        found = _by_relation(asked, hits, facts, own)
        if not found or _asks_rather(asked, hits, found):
            return []
    return _chosen(asked, found)


def _first(match: Match) -> str | None:
    return match.fact.meaning.parts[0].concept


def _asks_rather(asked: Asked, hits: Sequence[Hit], found: Sequence[Match]) -> bool:
    """Whether a question asks more plainly for what no fact says: "is the bamboo varnished?"."""
    best = found[0]
    if _AND.search(asked.text) or best.score > _PLAINLY:
        return False
    matched: set[str | None] = {
        part.concept for match in found for part in match.fact.meaning.parts
    }
    first = CONCEPTS.get(best.fact.meaning.parts[0].concept or "")
    if first is not None and first.kind == "part":
        matched.add("material")  # "what is the sole made of?"
    return any(
        hit.concept not in matched
        and not hit.vague
        and hit.value is None
        and not hit.at & best.at
        and hit.weight > best.score
        and CONCEPTS[hit.concept].kind not in ("part", "shop")
        for hit in hits
    )


def unknown(asked: Asked) -> str | None:
    """What a question plainly asks for; None: nothing that a product could have."""
    for hit in sorted(asked.hits, key=lambda hit: -hit.weight):
        if hit.concept == SHOP_CONCEPT or hit.vague:
            continue
        if CONCEPTS[hit.concept].kind not in ("shop", "part"):
            return hit.concept
    return None


def _chosen(asked: Asked, found: list[Match]) -> list[Match]:
    best = found[0]
    chosen = [best]
    more = _AND.search(asked.text) is not None
    taken = set(best.at)
    for match in found[1:]:
        if len(chosen) == FACTS_MAX:
            break
        equal = match.at == best.at and match.score == best.score
        if equal or (more and match.solid and not taken & match.at and match.at):
            chosen.append(match)
            taken |= match.at
    return sorted(chosen, key=lambda match: min(match.at, default=0))


def _match(asked: Asked, hits: Sequence[Hit], fact: Fact, own: frozenset[str]) -> Match | None:
    key = fact.meaning
    more = _AND.search(asked.text) is not None  # what the number is of is then not plain
    if not more and not _can_answer(asked, fact):
        return None
    at: set[int] = set()
    score, turned, solid = 0.0, False, False
    for part in key.parts:
        hit = _hit_of(asked, hits, part, key)
        if hit is None:
            if len(key.parts) > 1 and _explained(part, own):
                score -= 0.2
                continue
            return None
        at |= hit.at
        score += hit.weight
        turned = turned or hit.reversed
        solid = solid or not hit.vague
    if more and not solid and not _can_answer(asked, fact):
        return None
    if not at or _has_stray_part(hits, at, own):
        return None
    score += 2.0 * (len(key.parts) - 1) + _fitting(asked, fact)
    if score < ENOUGH:
        return None
    if key.free:
        same = {hit.concept for hit in hits if hit.at <= at}
        turned = not any(_said_free(asked, hit.at) for hit in hits if hit.concept in same)
        score += 0.0 if turned else 1.0
    return Match(fact, score, frozenset(at), turned, solid)


def _hit_of(asked: Asked, hits: Sequence[Hit], part: Part, key: Key) -> Hit | None:
    mine = [hit for hit in hits if hit.concept == part.concept]
    if key.free and not mine:  # "perfume" for fragrance_free: words for the same substance
        same = set(part.words.split())
        mine = [
            hit for hit in hits if same <= {asked.tokens[i] for i in hit.at} or hit.value in same
        ]
    if mine:
        return max(mine, key=lambda hit: hit.weight)
    words = part.words.split()
    if part.concept is None and words:
        for start in range(len(asked.tokens) - len(words) + 1):
            if list(asked.tokens[start : start + len(words)]) == words:
                at = frozenset(range(start, start + len(words)))
                weight = sum(2.0 if word.isascii() else 1.0 for word in words)
                return Hit("", at, weight)
    return None


def _can_answer(asked: Asked, fact: Fact) -> bool:
    """Whether the kind of the fact can be what is asked for."""
    dimension = dimension_of(fact.unit)
    if asked.dimensions is None or fact.meaning.parts[0].concept in _NEEDS_ITS_NAME:
        return True
    if fact.value.truth is not None:
        return asked.whether
    if dimension is None:
        return fact.number is None and any(c.isdigit() for each in fact.value.english for c in each)
    return dimension in asked.dimensions


def _fitting(asked: Asked, fact: Fact) -> float:
    """How well the kind of the fact fits beyond that."""
    dimension = dimension_of(fact.unit)
    score = 0.0
    wanted = {dimension_of(asked.unit), asked.bound and dimension_of(asked.bound.unit)} - {None}
    if dimension is not None and dimension in wanted:
        score += 1.5
    if fact.value.truth is not None:
        score += 0.5 if asked.whether else -1.5 if asked.open else 0.0
    elif asked.whether and not asked.open and asked.bound is None:
        kind = CONCEPTS[fact.meaning.parts[0].concept].kind if fact.meaning.parts[0].concept else ""
        score -= 0.0 if kind in ("is", "has", "can") or not fact.number else 0.3
    qualifier = fact.meaning.qualifier
    if qualifier:
        if (_MOST if qualifier == "max" else _LEAST).search(asked.text):
            score += 1.0
        elif (_LEAST if qualifier == "max" else _MOST).search(asked.text):
            score -= 1.0
    return score


def _explained(part: Part, own: frozenset[str]) -> bool:
    if set(part.words.split()) <= own:
        return True
    concept = CONCEPTS.get(part.concept or "")
    return concept is not None and bool(set(concept.chinese)) and set(concept.chinese) <= own


def _has_stray_part(hits: Iterable[Hit], at: set[int], own: frozenset[str]) -> bool:
    """Whether a part of the product is asked about that the fact is not about."""
    used = [hit for hit in hits if hit.at <= at]
    for hit in hits:
        concept = CONCEPTS.get(hit.concept)
        if concept is None or concept.kind != "part" or hit.at & at:
            continue
        if any(hit.concept == each.concept for each in used):
            continue
        words = set(concept.name.split("_")) | set(concept.english.split())
        if not words & own and not set(concept.chinese) & own:
            return True
    return False


def _by_relation(
    asked: Asked, hits: Sequence[Hit], facts: Sequence[Fact], own: frozenset[str]
) -> list[Match]:
    for hit in sorted(hits, key=lambda hit: -hit.weight):
        for related in _RELATED.get(hit.concept, ()):
            found = [
                Match(fact, hit.weight, hit.at, hit.reversed, not hit.vague)
                for fact in facts
                if [part.concept for part in fact.meaning.parts] == [related]
                and (not hit.vague or asked.dimensions is None)
                and not fact.meaning.free
                and (hit.concept not in _TOLD_IN_WORDS or fact.value.truth is None)
                and _can_answer(asked, fact)
                and not _has_stray_part(hits, set(hit.at), own)
            ]
            if found and related in _SPANS:
                return [
                    Match(fact, hit.weight, hit.at, False, not hit.vague)
                    for fact in facts
                    if len(fact.meaning.parts) == 1 and fact.meaning.parts[0].concept in _SPANS
                ]
            if found:
                return found
    return []


def _by_size(asked: Asked, hits: Sequence[Hit], facts: Sequence[Fact]) -> list[Match]:
    """ "Do you have them in 43?" names no attribute."""
    if any(not hit.vague and hit.concept not in ("size", "availability") for hit in hits):
        return []
    if not (asked.whether or _MY_SIZE.search(asked.text)) or not sizes_of(asked.text):
        return []
    return [
        Match(fact, _ALONE, frozenset())
        for fact in facts
        if fact.meaning.parts[0].concept == "size" and len(fact.meaning.parts) == 1
    ]


def _by_value(
    asked: Asked, hits: Sequence[Hit], facts: Sequence[Fact], own: frozenset[str]
) -> list[Match]:
    """The one fact that has a word of the question among its values: "is it ember?"."""
    if _solid(asked, hits, own):
        return []
    tokens = set(asked.tokens) - own
    found = [
        Match(fact, 1.0, frozenset())
        for fact in facts
        if fact.number is None and any(_is_said(each, tokens) for each in fact.value.english)
    ]
    return found if len(found) == 1 else []


def _is_said(value: str, tokens: set[str]) -> bool:
    words = tokens_of(value.lower())
    return any(len(word) >= _WORD_MIN for word in words) and tokens.issuperset(words)


def _solid(asked: Asked, hits: Sequence[Hit], own: frozenset[str]) -> bool:
    """Whether something is asked for by more than words of the product's own name."""
    return any(not hit.vague and not {asked.tokens[i] for i in hit.at} <= own for hit in hits)


def _by_unit(
    asked: Asked, hits: Sequence[Hit], facts: Sequence[Fact], own: frozenset[str]
) -> list[Match]:
    """The one fact that has the unit that is asked for or compared with."""
    unit = asked.unit or (asked.bound and asked.bound.unit)
    if unit == "gb" and asked.bound is not None and asked.bound.how in ("", "="):
        return []  # 5G
    if unit is None or _has_stray_part(hits, set(), own):
        return []
    dimension = dimension_of(unit)
    if dimension == "volume" and _HOLDS.search(asked.text):
        hits = [hit for hit in hits if hit.concept not in _HELD]  # "does 300 ml of milk fit in?"
    if _solid(asked, hits, own):
        return []
    found = [fact for fact in facts if dimension_of(fact.unit) == dimension]
    usual = [fact for fact in found if fact.meaning.parts[0].concept in ("weight", "capacity")]
    if len(found) > 1 and len(usual) == 1:
        found = usual
    if len(found) != 1:
        return []
    return [Match(found[0], _ALONE, frozenset())]


def _by_words(asked: Asked, hits: Sequence[Hit], facts: Sequence[Fact]) -> list[Match]:
    """The one fact most of whose key's words are in a question that nothing else explains."""
    if any(not hit.vague for hit in hits):
        return []
    tokens = set(asked.tokens)
    pairs = {a + b for a, b in itertools.pairwise(asked.tokens) if not (a + b).isascii()}
    found = []
    for fact in facts:
        words = {
            w for w in tokens_of(fact.meaning.english) if len(w) >= _WORD_MIN or not w.isascii()
        }
        chinese = fact.meaning.chinese
        of_chinese = {a + b for a, b in itertools.pairwise(chinese) if not (a + b).isascii()}
        for named, have in ((words, tokens), (of_chinese, pairs)):
            share = len(named & have) / len(named) if named else 0.0
            if share >= _SHARE_MIN and _can_answer(asked, fact):
                found.append(Match(fact, share, frozenset()))
    best = [match for match in found if match.score == max(each.score for each in found)]
    return best if len(best) == 1 else []


def _said_free(asked: Asked, at: Collection[int]) -> bool:
    """Whether the question itself says "without": "is it free of alcohol?", 无酒精吗."""
    first, last = min(at), max(at)
    before = " ".join(asked.tokens[max(0, first - 2) : first])
    after = asked.tokens[last + 1] if last + 1 < len(asked.tokens) else ""
    if after == "free" or re.search(r"(?:^| )(?:free(?: of| from)?|no|without|zero)$", before):
        return True
    if _FREE_OF_IT.search(asked.text):
        return True
    return re.search("(?:无|不 含|零|没 有|不 加|未 加|没 含)$", before) is not None and not (
        before.endswith("没 有") and asked.tokens[max(0, first - 3) : first - 2] == ("有",)
    )
