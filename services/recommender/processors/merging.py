"""The recommender's states made whole of a base and its segments, for tools that read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from shopkeeper.shared.contracts import topics

from ..config import RecommenderConfig
from ..core.counting.cooccurrence import ItemPartition
from ..core.counting.sessions import Sessions
from ..core.numeric.items import ItemIndex
from .interactions import SECTION as SESSIONS
from .item_pairs import SECTION as COUNTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopkeeper.shared.runtime.api.processor import Sections


def whole_interactions(base: Sections, added: Sequence[Sections]) -> Sections:
    """Users and sessions with what became of them."""
    sessions = Sessions(RecommenderConfig(), ItemIndex())
    sessions.restore(base[SESSIONS])
    for each in added:
        sessions.apply(each[SESSIONS])
    return {**base, SESSIONS: sessions.snapshot()}


def whole_counts(base: Sections, added: Sequence[Sections]) -> Sections:
    """Counts with what was added to them. What decays or is pruned has no segments."""
    counts = ItemPartition(RecommenderConfig(), ItemIndex())
    counts.restore(base[COUNTS])
    for each in added:
        counts.apply(each[COUNTS])
    return {**base, COUNTS: counts.snapshot(np.zeros(0, np.int64))}


MERGE = {topics.CLICKS: whole_interactions, topics.ITEM_PAIRS: whole_counts}  # by topic
