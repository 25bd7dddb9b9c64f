"""Which of the languages that the models know a text is in: en, zh, or other.

A decision of three, not of 176: Han characters without kana or hangul are Chinese; Latin letters
are English unless the function words or the diacritics of another language outweigh English ones.
Search queries are too short for more ("café table" must stay English).
"""

from __future__ import annotations

import re
from typing import Literal

from .normalisation import clean, is_plain

Language = Literal["en", "zh", "other"]

ZH_SHARE_MIN = 0.3  # of the visible characters; a Chinese review may name English products
_SAMPLE_CHARACTERS = 512  # enough to tell; a long review need not be read whole
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_KANA_HANGUL = re.compile(r"[\u3040-\u30ff\uac00-\ud7af\u1100-\u11ff]")
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f]")
_DIACRITIC = re.compile(r"[\u00c0-\u024f]")
_OTHER_LETTER = re.compile(r"[\u0370-\u1fff\u3130-\u318f\ua000-\uabff]")
_WORD = re.compile(r"[a-z\u00df-\u024f']+")
_VISIBLE = re.compile(r"\S")

# Function words that are frequent in one and no word of the other. "die", "a", "me", "no" are both.
_ENGLISH_WORDS = """
the and is was are were to of in for it this that with on my you your i have has had not but do
does did can what how where when why which would will an be at as from they
"""
_FOREIGN_WORDS = """
el la los las una es en que por para con muy pero como le les des est et une je vous nous pas pour
dans avec sur qui der das und ist nicht ein eine mit auf ich sie für zu von il che di non sono per
molto um uma não com os het een van ik niet och att det som är jag nie jest się quiero donde está
où quand wo wann dove quando mi mein meine mon ma
"""
_ENGLISH = frozenset(_ENGLISH_WORDS.split())
_FOREIGN = frozenset(_FOREIGN_WORDS.split())


def detect(text: str) -> Language:
    """The language of a text; "other" where it has no letters at all."""
    sample = text[:_SAMPLE_CHARACTERS]
    return detect_cleaned(sample if is_plain(sample) else clean(sample))


def detect_cleaned(text: str) -> Language:
    """The language of a text that `clean` has seen."""
    sample = text[:_SAMPLE_CHARACTERS]
    if sample.isascii():
        return _latin_language(sample) if _LATIN.search(sample) else "other"
    han = len(_HAN.findall(sample))
    if _KANA_HANGUL.search(sample) and len(_KANA_HANGUL.findall(sample)) * 4 > han:
        return "other"
    if han and han >= ZH_SHARE_MIN * len(_VISIBLE.findall(sample)):
        return "zh"
    latin = len(_LATIN.findall(sample))
    if not latin or len(_OTHER_LETTER.findall(sample)) > latin:
        return "zh" if han else "other"
    return _latin_language(sample)


def _latin_language(sample: str) -> Language:
    words = _WORD.findall(sample.lower())
    english = sum(word in _ENGLISH for word in words)
    foreign = float(sum(word in _FOREIGN for word in words))
    foreign += 0.5 * sum(_DIACRITIC.search(word) is not None for word in words)
    return "other" if foreign >= 1 and foreign > english and foreign > 0.1 * len(words) else "en"
