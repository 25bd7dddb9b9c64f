"""Exact match and F1 of answers, as the evaluation scripts of two sets have them.

English: SQuAD 1.1 (Rajpurkar et al. 2016): without case, articles and marks, F1 over the bag of
words. Chinese: CMRC 2018 (Cui et al. 2019): without marks, F1 over the longest run of characters
(words of other scripts) that both have. One difference: other scripts' words are cut by a regular
expression here, there by NLTK.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from ..language import detect

if TYPE_CHECKING:
    from collections.abc import Sequence

_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_NO_MARKS = str.maketrans("", "", string.punctuation)
_CHINESE_MARKS = frozenset("-:_*^/\\~`+=，。：？！“”；’《》·、「」（）－～『』…")
_CHINESE_UNIT = re.compile(r"[\u4e00-\u9fff]|[^\W\u4e00-\u9fff]+|[^\w\s]")


class Score(NamedTuple):
    """Of one answer; each 0 to 1."""

    exact: float
    f1: float


def score(answer: str, right: Sequence[str], language: str = "") -> Score:
    """The best over all right answers, which are not none. language: `zh` for CMRC's way, else
    SQuAD's; "": as the right answers are."""
    language = language or detect(" ".join(right))
    of = _chinese if language == "zh" else _english
    scores = [of(answer, each) for each in right]
    return Score(max(each.exact for each in scores), max(each.f1 for each in scores))


def _english(answer: str, right: str) -> Score:
    said, wanted = _english_words(answer), _english_words(right)
    if not said or not wanted:
        return Score(float(said == wanted), float(said == wanted))
    same = sum((Counter(said) & Counter(wanted)).values())
    return Score(float(said == wanted), _f1(same, len(said), len(wanted)))


def _english_words(text: str) -> list[str]:
    return _ARTICLES.sub(" ", text.lower().translate(_NO_MARKS)).split()


def _chinese(answer: str, right: str) -> Score:
    said, wanted = _chinese_units(answer), _chinese_units(right)
    exact = float(_without_marks(answer) == _without_marks(right))
    return Score(exact, _f1(longest_common_run(said, wanted), len(said), len(wanted)))


def _without_marks(text: str) -> str:
    return "".join(c for c in text.lower().strip() if c not in _CHINESE_MARKS)


def _chinese_units(text: str) -> list[str]:
    return _CHINESE_UNIT.findall(_without_marks(text))


def longest_common_run(one: Sequence[str], other: Sequence[str]) -> int:
    """How many units the longest run has that is in both."""
    best, before = 0, [0] * (len(other) + 1)
    for unit in one:
        now = [0]
        for at, each in enumerate(other):
            now.append(before[at] + 1 if unit == each else 0)
        best, before = max(best, *now), now
    return best


def _f1(same: int, said: int, wanted: int) -> float:
    return 2 * same / (said + wanted) if same else 0.0


def auroc(positive: Sequence[float], negative: Sequence[float]) -> float:
    """How often a positive's value is above a negative's; ties count half. Neither is empty.

    The area under the curve of the receiver operating characteristic, by ranks (Mann-Whitney U).
    """
    order = sorted([(value, 1) for value in positive] + [(value, 0) for value in negative])
    wins = below = at = 0.0
    while at < len(order):
        begin = int(at)
        end = begin
        while end < len(order) and order[end][0] == order[begin][0]:
            end += 1
        ups = sum(kind for _, kind in order[begin:end])
        downs = end - begin - ups
        wins += ups * (below + downs / 2)
        below += downs
        at = end
    return wins / (len(positive) * len(negative))
