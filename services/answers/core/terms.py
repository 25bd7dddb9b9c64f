"""Texts as the terms of the index: English words by their stems, Chinese by character and bigram.

A term is a 64-bit number, Python's hash of a string. It is salted per process and never leaves it.
"""

from __future__ import annotations

import re
from functools import lru_cache
from operator import add
from typing import TYPE_CHECKING

import numpy as np

from shopkeeper.shared.text.chinese import simplified
from shopkeeper.shared.text.normalisation import normalise

from .bm25 import Terms

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

# A word of any script with spaces, or a run of Han characters.
_UNIT = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]+|[^\W_\u3400-\u4dbf\u4e00-\u9fff]+(?:'[a-z]+)?")
_HAN_FIRST, _HAN_LAST = "\u3400", "\u9fff"
# What questions are phrased with and that says nothing of what they are about.
_PHRASING = """
a an the and or of for to in on with from by at as is are be am was were been being do does did done
i me my mine we us our you your yours it its this that these those there here he she they them their
what which who whom whose when where why how can could may might must shall should will would have
has had having if then than so too very just not no any some please want wanted need like help know
tell wonder now hello hi hey thanks thank get got way possible assistance
"""
_CHINESE_PHRASING = "的了吗呢吧啊呀么是在有和与及这那你我您他她它们请问怎什哪为多少个能会可以要"
_VOWELS = frozenset("aeiouy")
_STEM_MIN = 3
_TELLING_MIN = 2  # "where is my order" has one
_NUMBER_DIGITS_MIN = 5
STEMS_KEPT = 1 << 15  # a few megabytes; a shop's passages hardly know more words


def terms_of(text: str) -> list[str]:
    """The terms of a text in its order, repeated where they are: stems of words; of Chinese, each
    character and each pair of neighbours.

    Reads the first 4,096 characters; traditional characters count as their simplified ones.
    """
    found: list[str] = []
    for unit in _UNIT.findall(simplified(normalise(text))):
        if _HAN_FIRST <= unit[0] <= _HAN_LAST:
            found += unit
            found += map(add, unit, unit[1:])
        else:
            found.append(stem(unit))
    return found


@lru_cache(STEMS_KEPT)
def stem(word: str) -> str:
    """A word without its English plural, -ed, -ing or possessive: "shipping" and "ships" are
    "ship". Lower case; other words stay."""
    if not word.isascii() or not word.isalpha():
        word = word.removesuffix("'s").replace("'", "")
        if not word.isascii() or not word.isalpha():
            return word
    if len(word) > _STEM_MIN and word[-1] == "s" and word[-2] not in "su":
        if word.endswith("ies") and len(word) > 4:
            word = word[:-3] + "y"
        elif word.endswith(("sses", "xes", "ches", "shes", "zes")):
            word = word[:-2]
        else:
            word = word[:-1]
    for ending in ("ing", "ed"):
        root = word.removesuffix(ending)
        if len(root) >= _STEM_MIN and root != word and not _VOWELS.isdisjoint(root):
            word = root
            if word[-1] == word[-2] and word[-1] not in "lsz":
                word = word[:-1]
            break
    if len(word) > _STEM_MIN and word[-1] == "e":
        word = word[:-1]
    return word


def counts_of(fields: Iterable[tuple[str, float]]) -> Terms:
    """The terms of one passage or question. fields: texts, and how much a word of each counts."""
    counts: dict[int, float] = {}
    for text, weight in fields:
        for term in terms_of(text):
            number = hash(term)
            counts[number] = counts.get(number, 0.0) + weight
    order = sorted(counts)
    return Terms(np.array(order, np.int64), np.array([counts[term] for term in order], np.float64))


_EMPTY_WORDS = frozenset(stem(word) for word in _PHRASING.split()) | frozenset(_CHINESE_PHRASING)


def question_ids(text: str) -> NDArray[np.int64]:
    """(n,) the distinct terms of a question, as numbers, ascending; see `question_terms`."""
    return np.array(sorted({hash(term) for term in question_terms(text)}), np.int64)


def question_terms(text: str) -> list[str]:
    """The terms of a question without words that only phrase it and without numbers of orders; with
    such words where it has hardly any others."""
    found = [term for term in terms_of(text) if not _is_number(term)]
    telling = [term for term in found if term not in _EMPTY_WORDS]
    return telling if len(telling) >= _TELLING_MIN else found


def content_terms(text: str) -> list[str]:
    """The distinct terms of a text that say what it is about; of Chinese the pairs of neighbours,
    and single characters only where there is no pair."""
    terms = [term for term in dict.fromkeys(terms_of(text)) if term not in _EMPTY_WORDS]
    paired = {character for term in terms if len(term) == 2 and _is_han(term) for character in term}
    return [term for term in terms if not (len(term) == 1 and term in paired)]


def _is_han(term: str) -> bool:
    return _HAN_FIRST <= term[0] <= _HAN_LAST


def _is_number(term: str) -> bool:
    """Of an order or a parcel, not a year or a size."""
    return len(term) >= _NUMBER_DIGITS_MIN and term.isdigit()
