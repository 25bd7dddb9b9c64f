"""What a catalogue's keys mean: `dishwasherSafe`, `blade_length_cm` and 净重（克） in parts."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from ..plain import plain
from .concepts import CONCEPTS, KEYS, tokens_of
from .units import UNITS, WORDS, unit_of_ending

KEYS_MAX = 4096  # whose meaning is remembered
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_LITTLE = """
    max min maximum minimum is has with included include type count number level rating total of the
    in value allowed supported available and for size
"""
_SAYS_LITTLE = frozenset(_LITTLE.split())
_PER = {"cup": "杯", "day": "天", "min": "分钟", "minute": "分钟", "person": "人", "serving": "份"}


class Part(NamedTuple):
    """One thing that a key speaks of: a concept, or the key's own words where it is none."""

    concept: str | None
    words: str


class Key(NamedTuple):
    """What a key means."""

    parts: tuple[Part, ...]
    unit: str | None  # in `UNITS`
    per: tuple[str, str]  # what comes after the unit, in English and Chinese
    free: bool  # says that something is not in it: `grain_free`
    english: str
    chinese: str
    qualifier: str  # max, min or ""


@lru_cache(maxsize=KEYS_MAX)
def meaning_of(key: str) -> Key:
    """What a key means; the same key always means the same."""
    spelt = _CAMEL.sub(" ", key).lower()
    words = [word for word in re.split(r"[^\w%°]+|_", spelt) if word]
    words, unit, per = _without_unit(words)
    qualifier = next((word[:3] for word in words if word in ("max", "min", "maximum")), "")
    terms = [token for word in words for token in tokens_of(word)]
    free = len(terms) > 1 and terms[-1] == "free" and " ".join(terms) not in KEYS
    if free:
        terms = terms[:-1]
    parts = _parts(terms)
    if free and parts[0].concept == "scent":  # perfume as a substance
        parts = (parts[0]._replace(concept="perfume_matter"), *parts[1:])
    return Key(parts, unit, per, free, *_labels(words, parts, terms, free), qualifier)


def _without_unit(words: list[str]) -> tuple[list[str], str | None, tuple[str, str]]:
    per = ("", "")
    if "per" in words[1:-1]:
        at = words.index("per")
        if unit_of_ending(words[at - 1]) is None:
            return words, None, per
        tail = " ".join(words[at + 1 :])
        per = (f" per {tail}", f"每{_PER.get(tail, tail)}")
        words = words[:at]
    for back in (1, 2):
        if len(words) > back and (back == 1 or words[-1] in ("max", "min")):
            word = words[-back]
            unit = unit_of_ending(word) if word.isascii() else WORDS.get(word)
            if unit is not None:
                return [*words[:-back], *words[len(words) - back + 1 :]], unit, per
    return words, None, per


def _parts(terms: list[str]) -> tuple[Part, ...]:
    """Longest concepts first come; words that say little count only alone."""
    found: list[Part] = []
    at = 0
    while at < len(terms):
        for end in range(len(terms), at, -1):
            concept = KEYS.get(" ".join(terms[at:end]))
            little = end - at == 1 and terms[at] in _SAYS_LITTLE and len(terms) > 1
            if concept is not None and not (little and terms[at] != "size"):
                found.append(Part(concept, " ".join(terms[at:end])))
                at = end
                break
        else:
            end = at + 1
            if not terms[at].isascii():  # a run of Chinese is one word
                while end < len(terms) and not terms[end].isascii():
                    end += 1
            if terms[at] not in _SAYS_LITTLE:
                found.append(Part(None, " ".join(terms[at:end])))
            at = end
    return tuple(found or [Part(None, " ".join(terms))])


def _labels(
    words: list[str], parts: tuple[Part, ...], terms: list[str], free: bool
) -> tuple[str, str]:
    own = plain(" ".join(words), 64)
    first = CONCEPTS.get(parts[0].concept or "")
    whole = len(parts) == 1 and first is not None
    if free:
        chinese = "无" + (first.chinese if whole and first else own.removesuffix(" free"))
        return own, chinese
    if whole and first is not None:
        exact = first.name == "_".join(terms) or first.kind in ("is", "has", "can")
        plain_key = KEYS.get(" ".join(terms)) == first.name and not own.isascii()
        english = first.english if exact or plain_key or first.kind == "measure" else own
        bare = words[-1] == "included" and not first.chinese.startswith(("附", "带"))
        return english, ("附" if bare else "") + first.chinese
    named = [CONCEPTS[p.concept].chinese if p.concept else p.words for p in parts]
    named = [name if name.isascii() else name.replace(" ", "") for name in named]
    included = "附" if words and words[-1] == "included" else ""
    return own, included + "".join(n if not n.isascii() else f"{n} " for n in named).strip()


def dimension_of(unit: str | None) -> str | None:
    """What a unit measures."""
    return None if unit is None else UNITS[unit].dimension
