"""A ranked list, as the ranker hands it to the publisher."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(slots=True)
class RankedList:
    """One list, best first: item, score, reason code, and the reason's one parameter."""

    items: list[int]
    scores: list[float]
    codes: list[str]
    parameters: list[str | None]  # a product id, a category, or nothing
    fallback: str  # the last of fallbacks.FALLBACKS that was needed, or "none", or "empty"
    blended: bool = False  # scores are the blend's
    propensity: float | None = None  # of the last item, where lists explore
    experts: list[str] = field(default_factory=list, compare=False)  # by item, see attribution.py
    group: int = -1  # id of the user's group, -1 where none is known
    # What was ranked, if a blend is to learn from it: (candidates,), (candidates, features).
    candidates: NDArray[np.int64] | None = field(default=None, compare=False, repr=False)
    features: NDArray[np.float32] | None = field(default=None, compare=False, repr=False)
