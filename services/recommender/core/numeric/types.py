"""What numbers stand for in several rooms: event classes, hours, items that fit a search."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

Integer = int | np.signedinteger  # in compiled loops
Searched = tuple[Sequence[int], Sequence[float]]  # items that fit a search, and how well, 0 to 1
CLICK, ADD, ORDER = 0, 1, 2  # event classes; each has count matrices of its own
CLASS_COUNT = 3
PAIRS, SESSIONS, CHERNOFF = "pairs", "sessions", "chernoff"  # bounds: see core/counting/pruning.py
HOUR_MS = 3_600_000
