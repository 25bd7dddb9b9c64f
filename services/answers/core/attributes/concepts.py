"""What customers ask for, in English and Chinese, and the keys by which catalogues name it.

A concept stands in `concepts_*` as `name = other keys | label | Chinese label | kind`, then its
phrases. "-phrase" asks for the opposite, "?phrase" may mean much else as well, and "~" stands for a
few words between; a line that begins with "=" goes on with other keys. Kinds: is, has, can (how a
yes or no is said), part (of a product), matter (that can be in it), shop (the shop's own business
if the product says nothing), measure.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from .concepts_features import FEATURES
from .concepts_materials import MATTERS
from .concepts_measures import MEASURES

GAP_MAX = 6  # words that "~" stands for
_TOKEN = re.compile(r"[a-z]+|\d+(?:\.\d+)?|[\u3400-\u9fff]|[°%€$\"]|[,;?!、。|]")
_IS = re.compile(r"\b(what|where|how|who|that|there)s\b")  # typed without its apostrophe
_AMERICAN = {"color": "colour", "fiber": "fibre", "meter": "metre", "liter": "litre"}
_AMERICAN |= {"aluminum": "aluminium", "gray": "grey", "centimeter": "centimetre"}
_AMERICAN |= {"millimeter": "millimetre", "milliliter": "millilitre", "flavor": "flavour"}
_AS_THEY_ARE = frozenset({"this", "is", "has", "does", "was", "its", "bus", "gas", "lens", "gps"})


class Concept(NamedTuple):
    """One thing that can be asked for."""

    name: str
    english: str
    chinese: str
    kind: str


class Phrase(NamedTuple):
    """A phrase of a concept. rest: what follows after a gap."""

    concept: str
    reversed: bool
    vague: bool
    rest: tuple[str, ...] = ()


def tokens_of(text: str) -> list[str]:
    """Words, numbers and single Chinese characters of a normalised text; plurals as singulars."""
    return [stem(token) for token in _TOKEN.findall(_IS.sub(r"\1 s", text.replace("'s", " s")))]


def stem(word: str) -> str:
    """A word without the ending of a plural or of the third person."""
    if not word.isascii() or len(word) < 4 or word in _AS_THEY_ARE:
        return word
    if word.endswith("ies") and len(word) > 4:
        word = word[:-3] + "y"
    elif word.endswith(("sses", "shes", "ches", "xes")):
        word = word[:-2]
    elif word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    return _AMERICAN.get(word, word)


def _read() -> tuple[dict[str, Concept], dict[str, str], dict[str, list[Phrase]]]:
    concepts: dict[str, Concept] = {}
    keys: dict[str, str] = {}
    also: dict[str, str] = {}  # a concept's other keys, unless they are another's name
    phrases: dict[str, list[Phrase]] = {}

    def put(name: str, phrase: str) -> None:
        sign = phrase[0] if phrase[0] in "-?" else ""
        chunks = [" ".join(tokens_of(chunk)) for chunk in phrase.removeprefix(sign).split("~")]
        said = Phrase(name, sign == "-", sign == "?", tuple(chunks[1:]))
        if chunks[0] and said not in phrases.setdefault(chunks[0], []):
            phrases[chunks[0]].append(said)

    name = ""
    for line in "\n".join((MEASURES, FEATURES, MATTERS)).splitlines():
        if not line.strip():
            continue
        if not line.startswith(" "):
            head, english, chinese, kind = (part.strip() for part in line.split("|"))
            name, _, others = head.partition("=")
            name = name.strip()
            concepts[name] = Concept(name, english, chinese, kind)
            keys[" ".join(tokens_of(name.replace("_", " ")))] = name
            for key in (name, *others.split()):
                spelt = " ".join(tokens_of(key.replace("_", " ")))
                also.setdefault(spelt, name)
                put(name, spelt)
            put(name, chinese)
            put(name, english.lower())
            also.setdefault(" ".join(tokens_of(chinese)), name)
            continue
        if line.startswith(" ="):
            for key in line[2:].split():
                also.setdefault(" ".join(tokens_of(key.replace("_", " "))), name)
                put(name, key.replace("_", " "))
            continue
        for phrase in line.split(","):
            if phrase.strip():
                put(name, phrase.strip())
    return concepts, also | keys, phrases


CONCEPTS, KEYS, PHRASES = _read()  # by name; key's words -> name; first words -> phrases
WORDS_MAX = max(len(phrase.split()) for phrase in PHRASES)
