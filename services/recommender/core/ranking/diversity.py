"""Lists that are not all of one category, many at once in one compiled loop."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from ..numeric.jit import jit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


@jit
def diverse(
    bounds: Any,
    scores: Any,
    order: Any,
    category: Any,
    count: int,
    same_category_max: int,
    diversity: float,
) -> tuple[Any, Any]:
    """As `top.best`, but one item after the other is taken by maximal marginal relevance
    (Carbonell and Goldstein, "The use of MMR, diversity-based reranking for reordering documents
    and producing summaries", SIGIR 1998): (1 - diversity) * score / largest score of the list, less
    `diversity` if an item of its category was taken before. Of one category at most
    `same_category_max` (0: any number).

    category: (candidates,), -1 where it is not known: such items are like no other.
    """
    lists = len(bounds) - 1
    places = np.empty(lists * count, np.int64)
    ends = np.empty(lists, np.int64)
    total = 0
    for number in range(lists):
        start, end = bounds[number], bounds[number + 1]
        taken = np.zeros(end - start, np.bool_)
        alike = np.zeros(end - start, np.int64)  # taken, of its category
        top = 0.0
        for at in range(start, end):
            top = max(top, scores[at])
        for _ in range(count):
            chosen, most = -1, 0.0
            for at in range(start, end):
                score = scores[at]
                if taken[at - start] or score <= 0.0:
                    continue
                if same_category_max > 0 and alike[at - start] >= same_category_max:
                    continue
                worth = score
                if diversity > 0.0:
                    worth = (1.0 - diversity) * score / top
                    if alike[at - start] > 0:
                        worth -= diversity
                if (
                    chosen < 0
                    or worth > most
                    or (
                        worth == most
                        and (
                            score > scores[chosen]
                            or (score == scores[chosen] and order[at] < order[chosen])
                        )
                    )
                ):
                    chosen, most = at, worth
            if chosen < 0:
                break
            taken[chosen - start] = True
            places[total] = chosen
            total += 1
            if category[chosen] >= 0:
                for at in range(start, end):
                    if category[at] == category[chosen]:
                        alike[at - start] += 1
        ends[number] = total
    return places[:total], ends


class Room:
    """How many more items of a category one list may hold.

    category: by item, -1 where it is not known: there is always room for such.
    """

    def __init__(
        self, category: NDArray[np.int32], same_category_max: int, items: Sequence[int]
    ) -> None:
        self._category, self._most = category, same_category_max
        self._held = Counter(category[items].tolist()) if same_category_max else Counter[int]()

    def has(self, item: int) -> bool:
        """Whether it may be added."""
        if not self._most:
            return True
        category = int(self._category[item])
        return category < 0 or self._held[category] < self._most

    def take(self, item: int) -> bool:
        """Add it, if it may be."""
        free = self.has(item)
        if free and self._most:
            self._held[int(self._category[item])] += 1
        return free
