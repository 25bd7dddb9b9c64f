"""A simulated shop whose click model is known: lists that explore, and the clicks on them.

Clicks follow a position-based model (Richardson, Dominowska and Ragno, "Predicting clicks", WWW
2007): a user looks at place k with probability 1 / k, and clicks what is looked at with a
probability of the item and the user. A list is clicked if any of its places is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

CONTEXTS, OTHERS_MAX = 12, 24
LISTS_MAX = 60  # of a user


class Log(NamedTuple):
    """Lists by the order of users. user, context, clicked, propensity, explored: (lists,) each."""

    user: NDArray[np.int64]
    context: NDArray[np.int64]
    explored: NDArray[np.bool_]
    propensity: NDArray[np.float64]
    clicked: NDArray[np.float64]


@dataclass(frozen=True)
class Shop:
    """Contexts in which lists are made: of each, items ranked, and others that may be drawn.

    ranked: (contexts, places) how attractive each is, the last place's item too. others:
    (contexts, OTHERS_MAX), of which the first `counts` (contexts,) may be drawn; 0: none.
    """

    ranked: NDArray[np.float64]
    others: NDArray[np.float64]
    counts: NDArray[np.int64]
    share: float
    activity: float  # mean lists of a user; geometric

    @classmethod
    def random(
        cls,
        seed: int,
        *,
        places: int = 5,
        share: float = 0.1,
        activity: float = 4.0,
        attraction: float = 0.2,
        forced: bool = True,
    ) -> Shop:
        """attraction: mean of the ranked items'. forced: some contexts have nothing to draw."""
        chance = np.random.default_rng(seed)
        ranked = np.sort(chance.beta(1.0, 1.0 / attraction, (CONTEXTS, places)), axis=1)[:, ::-1]
        others = chance.beta(0.6, 1.5 / attraction, (CONTEXTS, OTHERS_MAX))
        counts = chance.integers(1, OTHERS_MAX + 1, CONTEXTS)
        if forced:
            counts[:2] = 0
        return cls(ranked, others, counts, share, activity)

    def log(self, users: int, seed: int) -> Log:
        """Lists of so many users and what was clicked. Users differ in how much they click, and
        those who click more come more often, so that lists of one user are alike."""
        chance = np.random.default_rng(seed)
        keen = chance.beta(2.0, 2.0, users)
        rate = 2.0 * self.activity * keen
        visits = np.minimum(LISTS_MAX, chance.geometric(1.0 / (1.0 + rate)))
        user = np.repeat(np.arange(users), visits)
        lists = len(user)
        context = chance.integers(0, CONTEXTS, lists)
        count = self.counts[context]
        explored = (chance.random(lists) < self.share) & (count > 0)
        drawn = (chance.random(lists) * np.maximum(1, count)).astype(np.int64)
        shown = self.ranked[context].copy()
        shown[explored, -1] = self.others[context, drawn][explored]
        propensity = np.where(
            explored, self.share / np.maximum(1, count), np.where(count > 0, 1 - self.share, 1.0)
        )
        clicked = chance.random(lists) < self._click(shown, keen[user])
        return Log(user, context, explored, propensity, clicked.astype(np.float64))

    @staticmethod
    def _click(shown: NDArray[np.float64], keen: NDArray[np.float64]) -> NDArray[np.float64]:
        """(lists,) how probable a click is. shown: (lists, places) how attractive."""
        look = 1.0 / np.arange(1, shown.shape[1] + 1)
        missed: NDArray[np.float64] = np.prod(1.0 - shown * look * keen[:, None], axis=1)
        return 1.0 - missed

    def truth(self, other: float) -> float:
        """The share of lists that are clicked where a share `other` of them explores: exact but for
        the integral over users, which is a sum of 2,000 points."""
        keen = (np.arange(2000) + 0.5) / 2000
        density = keen * (1 - keen)
        # Mean lists of a user: of a geometric distribution from 1, cut at LISTS_MAX.
        stop = 1.0 / (1.0 + 2.0 * self.activity * keen)
        visits = (1.0 - (1.0 - stop) ** LISTS_MAX) / stop
        of_user = np.zeros(len(keen))
        for context in range(CONTEXTS):
            count = int(self.counts[context])
            ranked = self._click(np.tile(self.ranked[context], (len(keen), 1)), keen)
            drawn = np.zeros(len(keen))
            for each in self.others[context, :count]:
                shown = np.tile(self.ranked[context], (len(keen), 1))
                shown[:, -1] = each
                drawn += self._click(shown, keen) / count
            of_user += (ranked if not count else (1 - other) * ranked + other * drawn) / CONTEXTS
        return float((density * visits * of_user).sum() / (density * visits).sum())
