"""Which of the languages that the models know a text is in: en, zh, or other.

A decision of three, not of 176. A text of one script is in that script's language; Latin letters
are English unless the function words or the diacritics of another language outweigh English ones.
Search queries are too short for more ("café table" must stay English).

Where scripts mix, the sentence around the borrowed words decides, and a sentence shows by its
function words. Shoppers who write Chinese drop Latin names, sizes and adjectives into it ("iPhone
15 手机壳 red", "好用 very good"), seldom an "is" or "my". So Latin letters win only with such words
among them, and only if their words are as many as the other script's characters ("I bought this
旗袍 for my sister"). What belongs to a name shows by its capitals ("My Little Pony 玩具").
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

from .normalisation import clean, is_plain

Language = Literal["en", "zh", "other"]

_SAMPLE_CHARACTERS = 512  # enough to tell; a long review need not be read whole
# With 〇, and with the letters that Taiwan writes for sounds.
_HAN = re.compile(
    "[\u3007\u3105-\u312f\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
# Without ・ and ー, which Chinese texts use as well.
_KANA_HANGUL = re.compile("[\u3041-\u309f\u30a1-\u30fa\u3131-\u318e\uac00-\ud7af\u1100-\u11ff]")
_OTHER_LETTER = re.compile("[\u0370-\u10ff\u1200-\u1dff\u1f00-\u1fff\ua000-\uabff]")
_LATIN = re.compile("[A-Za-z\u00c0-\u024f\u1e00-\u1eff]")
_DIACRITIC = re.compile("[\u00c0-\u024f\u1e00-\u1eff]")
_WORD = re.compile("[a-z\u00df-\u024f\u1e00-\u1eff']+")
_LATIN_WORD = re.compile(
    "[A-Za-z\u00c0-\u024f\u1e00-\u1eff][A-Za-z0-9\u00c0-\u024f\u1e00-\u1eff']*"
)

# How many Han characters a character of another script is worth: a Chinese word is one to two
# characters, a Japanese or Korean one three, a Russian one six.
_KANA_HANGUL_WEIGHT = 0.5
_OTHER_LETTER_WEIGHT = 1 / 3
# Kana beside Han are Japanese from this share on: "美の小铺" is a Chinese shop's name.
_KANA_PER_HAN_MIN = 0.25
_CAPITALS_MIN = 4  # words; a name in capitals is shorter ("DO NOT DISTURB")

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

# Names have articles and prepositions: one alone makes no sentence, two do.
_NAME_WORDS = """
a an the and of in for to with on at as by from
el la los las en con le les des et du de der das und von zu il di per van os
"""
_SENTENCE_WORDS = """
am been being could should did didnt doesnt dont cant wont isnt wasnt im ive he she we him her his
our their them there these those who me please its i'm i've i'd i'll it's that's what's where's
there's he's she's you're you've we're we've they're they've don't doesn't didn't can't couldn't
won't wouldn't isn't aren't wasn't weren't haven't hasn't hadn't shouldn't
"""
_IN_NAMES = frozenset(_NAME_WORDS.split())
_IN_SENTENCES = (_ENGLISH | _FOREIGN | frozenset(_SENTENCE_WORDS.split())) - _IN_NAMES


def detect(text: str) -> Language:
    """The language of a text; "other" where it has no letters at all."""
    sample = text[:_SAMPLE_CHARACTERS]
    return detect_cleaned(sample if is_plain(sample) else clean(sample))


def detect_cleaned(text: str) -> Language:
    """The language of a text that `clean` has seen."""
    return _of_sample(text[:_SAMPLE_CHARACTERS])


# A text is asked of several times on its way through a batch.
@lru_cache(maxsize=4096)
def _of_sample(sample: str) -> Language:
    if sample.isascii():
        return _latin_language(sample) if _LATIN.search(sample) else "other"
    han = len(_HAN.findall(sample))
    kana_hangul = len(_KANA_HANGUL.findall(sample))
    letters = len(_OTHER_LETTER.findall(sample))
    around = han + _KANA_HANGUL_WEIGHT * kana_hangul + _OTHER_LETTER_WEIGHT * letters
    # Less than one Han character's worth beside Latin letters is a unit, a formula, a "ツ".
    if _LATIN.search(sample) and (around < 1 or _is_latin_sentence(sample, around)):
        return _latin_language(sample)
    if kana_hangul > _KANA_PER_HAN_MIN * han or _OTHER_LETTER_WEIGHT * letters > han:
        return "other"
    return "zh" if han else "other"


def _is_latin_sentence(sample: str, around: float) -> bool:
    """Whether the Latin words hold a text of several scripts together.

    around: how much is written in the others, in Han characters.
    """
    words = _LATIN_WORD.findall(sample)
    if len(words) < around:
        return False
    if len(words) >= _CAPITALS_MIN and all(word.isupper() for word in words):
        words = [word.lower() for word in words]
    weak = 0
    for before, word, after in zip(["", *words], words, [*words[1:], ""], strict=False):
        named = before[:1].isupper()
        if word[0].isupper() and (named or after[:1].isupper()):
            continue  # "My Little ...", "I Love You"
        lowered = word.lower()
        if lowered in _IN_SENTENCES and not (word.isupper() and len(word) > 1):  # IT, US, AM
            return True
        weak += lowered in _IN_NAMES and not named
    return weak > 1


def _latin_language(sample: str) -> Language:
    words = _WORD.findall(sample.lower())
    # Most texts have no foreign word: that is asked in one step.
    accented = [] if sample.isascii() else [word for word in words if _DIACRITIC.search(word)]
    if not accented and _FOREIGN.isdisjoint(words):
        return "en"
    english = sum(map(_ENGLISH.__contains__, words))
    foreign = sum(map(_FOREIGN.__contains__, words)) + 0.5 * len(accented)
    return "other" if foreign >= 1 and foreign > english and foreign > 0.1 * len(words) else "en"
