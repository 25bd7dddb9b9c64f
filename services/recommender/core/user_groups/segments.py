"""Segments: which categories and brands a user's last events were about, and how much.

An event counts `DECAY` of the one after it; one whose product has no category counts for none, so
shares of categories sum to 1 (of the `SEGMENTS_MAX` largest, to at most that), and likewise brands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

DECAY = 0.95  # the 50th event back counts a twelfth of the newest
SEGMENTS_MAX = 20
SHARE_DIGITS = 4


def shares_of(
    recent: Sequence[int], column: NDArray[np.int32], names: Sequence[str]
) -> list[tuple[str, float]]:
    """(name, share) of each category or brand, the largest share first; of equal ones, by name.

    recent: items, newest last. column: (items,) places in `names`, -1 where an item has none.
    """
    places = column[np.asarray(recent, np.int64)]
    known = places >= 0
    if not known.any():
        return []
    weights = DECAY ** np.arange(len(places) - 1, -1, -1.0)
    found, which = np.unique(places[known], return_inverse=True)
    sums = np.bincount(which, weights[known])
    shares = np.round(sums / sums.sum(), SHARE_DIGITS).tolist()
    pairs = [(names[place], share) for place, share in zip(found.tolist(), shares, strict=True)]
    return sorted(pairs, key=lambda pair: (-pair[1], pair[0]))[:SEGMENTS_MAX]
