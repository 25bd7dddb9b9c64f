"""Compiled loops of ranking, called once each so that no list waits for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .attribution import labels, shares_of_blend
from .diversity import diverse
from .features import EXPERTS, RAW, describe
from .top import best

if TYPE_CHECKING:
    from .blend import BlendRanker


def warm(blend: BlendRanker | None, *, by_expert: bool) -> None:
    """Order a list of nothing. by_expert: say which expert it is from, too.

    What gathers candidates is not among them: see `CandidateGenerator.gather`.
    """
    nothing = np.zeros(0, np.int64)
    best(np.zeros(1, np.int64), np.zeros(0), nothing, 1)
    if blend is not None:
        none = describe(np.zeros((0, len(RAW)), np.float32))
        if by_expert:
            shares_of_blend(blend, none, np.zeros(1, np.int64), nothing, nothing)
    if by_expert:
        for kind in (np.float32, np.float64):
            labels(np.zeros((0, len(EXPERTS)), kind))
    diverse(
        bounds=np.zeros(1, np.int64),
        scores=np.zeros(0),
        order=nothing,
        category=np.zeros(0, np.int32),
        count=1,
        same_category_max=1,
        diversity=0.0,
    )
