"""What reviews say together, in integers: those of one product, or of a category's products.

Mean and trend are computed when read, so that what is kept can be added up and taken apart again,
to the bit and in any order.
"""

from __future__ import annotations

import math
from copy import copy

import msgspec

from .aspects.opinions import language_of, opinions_of

NEGATIVE, NEUTRAL, POSITIVE = 0, 1, 2
UNIT = 1000  # sentiments are counted in thousandths of -1 (negative) to 1 (positive)
WEEK_MS = 7 * 86_400_000
WEEKS_KEPT = 8  # newest weeks with reviews that are told apart
WEEKS_RECENT = 4  # "newer" in the trend: these weeks, up to the newest review
PRIOR_COUNT = 5  # a product or category starts as if it had this many reviews ...
PRIOR_MEAN = 0.0  # ... of this sentiment
PART_MIN = 8  # reviews in either part of a trend, below which its significance is not stated
_NONE = [0, 0]


class Tally(msgspec.Struct, array_like=True):
    """What is counted of them. weeks: week number -> [reviews, sum of sentiments]."""

    negative: int = 0
    neutral: int = 0
    positive: int = 0
    total: int = 0  # sum of sentiments, in thousandths
    floor: int = 0  # weeks up to this one are no longer told apart
    generation: int = 0  # of a product: which of its partition's, in order of creation
    weeks: dict[int, list[int]] = {}
    opinions: dict[int, int] = {}  # of aspects (aspects/opinions.py) -> reviews
    english: int = 0  # reviews by language
    chinese: int = 0

    @property
    def count(self) -> int:
        return self.negative + self.neutral + self.positive

    @property
    def newest_week(self) -> int:
        return max(self.weeks, default=self.floor)

    def add(self, label: int, value: int, week: int) -> None:
        """Count one review in."""
        self._count(label, value, 1)
        if week > self.floor:
            bucket = self.weeks.setdefault(week, [0, 0])
            bucket[0] += 1
            bucket[1] += value
            if len(self.weeks) > WEEKS_KEPT:
                self.floor = min(self.weeks)
                del self.weeks[self.floor]

    def remove(self, label: int, value: int, week: int) -> None:
        """Take out one review that was counted in just so."""
        self._count(label, value, -1)
        if bucket := self.weeks.get(week):
            bucket[0] -= 1
            bucket[1] -= value
            if not bucket[0]:
                del self.weeks[week]

    def _count(self, label: int, value: int, sign: int) -> None:
        if label == NEGATIVE:
            self.negative += sign
        elif label == NEUTRAL:
            self.neutral += sign
        else:
            self.positive += sign
        self.total += sign * value

    def tell(self, told: int, sign: int) -> None:
        """Count in (1) or take out (-1) what a review said of aspects, and its language."""
        for opinion in opinions_of(told):
            self.opinions[opinion] = self.opinions.get(opinion, 0) + sign
            if not self.opinions[opinion]:
                del self.opinions[opinion]
        language = language_of(told)
        self.english += sign * (language == "en")
        self.chinese += sign * (language == "zh")

    def copy(self) -> Tally:
        """An equal one that shares nothing with it."""
        made = copy(self)
        made.weeks = {week: bucket.copy() for week, bucket in self.weeks.items()}
        made.opinions = self.opinions.copy()
        return made

    def include(self, other: Tally, sign: int = 1) -> None:
        """Count in (1) or take out (-1) all that another one counts; `floor` stays as it is."""
        self.negative += sign * other.negative
        self.neutral += sign * other.neutral
        self.positive += sign * other.positive
        self.total += sign * other.total
        for week, (count, total) in other.weeks.items():
            bucket = self.weeks.setdefault(week, [0, 0])
            bucket[0] += sign * count
            bucket[1] += sign * total
            if bucket == _NONE:  # in a difference of two, either may be 0 alone
                del self.weeks[week]
        for opinion, count in other.opinions.items():
            if left := self.opinions.get(opinion, 0) + sign * count:
                self.opinions[opinion] = left
            else:
                del self.opinions[opinion]
        self.english += sign * other.english
        self.chinese += sign * other.chinese

    def mean(self) -> float:
        """Bayesian mean of sentiment, -1 to 1: few reviews do not move it far from the prior."""
        total = self.total / UNIT + PRIOR_COUNT * PRIOR_MEAN
        return total / (self.count + PRIOR_COUNT)

    def trend(self) -> float:
        """Mean of the newest four weeks minus mean of all before, -2 to 2.

        Both parts are drawn to the product's own mean by the prior's count; 0 if either is empty.
        """
        return self._trend(self._parts())

    def trend_p_value(self) -> float | None:
        """Two-sided, of a normal test between the trend's parts; None if either is too small.

        It is a bound from above: sentiments lie in -1 to 1, so that no more than 1 - mean² can be
        their variance, which is what it is where all reviews are extreme.
        """
        return self._p_value(self._parts())

    def trend_with_p_value(self) -> tuple[float, float | None]:
        """`trend` and `trend_p_value`, whose parts are added up once."""
        parts = self._parts()
        return self._trend(parts), self._p_value(parts)

    def _trend(self, parts: tuple[int, int, int, int]) -> float:
        newer_count, newer_total, older_count, older_total = parts
        if newer_count <= 0 or older_count <= 0:
            return 0.0
        anchor = PRIOR_COUNT * self.mean()
        newer = (newer_total / UNIT + anchor) / (newer_count + PRIOR_COUNT)
        older = (older_total / UNIT + anchor) / (older_count + PRIOR_COUNT)
        return newer - older

    def _p_value(self, parts: tuple[int, int, int, int]) -> float | None:
        newer_count, newer_total, older_count, older_total = parts
        if newer_count < PART_MIN or older_count < PART_MIN:
            return None
        difference = (newer_total / newer_count - older_total / older_count) / UNIT
        variance = 1 - (self.total / UNIT / self.count) ** 2
        error = math.sqrt(variance * (1 / newer_count + 1 / older_count))
        return math.erfc(abs(difference) / error / math.sqrt(2)) if error else 1.0

    def _parts(self) -> tuple[int, int, int, int]:
        """(count, sum) of the newest four weeks, and of all before."""
        newest = self.newest_week
        recent = [bucket for week, bucket in self.weeks.items() if week > newest - WEEKS_RECENT]
        count, total = sum(bucket[0] for bucket in recent), sum(bucket[1] for bucket in recent)
        return count, total, self.count - count, self.total - total
