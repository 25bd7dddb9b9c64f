"""How many requests a caller may make: token buckets, bounded, without a clock of their own."""

from __future__ import annotations

from collections import OrderedDict

BURST_S = 4.0  # of its rate, that a caller who was silent may take at once


class RateLimits:
    """A bucket for each caller, by any name; of more than `callers_max` that of who was silent
    longest goes, which was full again or nearly so."""

    def __init__(self, rate: float, callers_max: int = 100_000) -> None:
        """rate: requests a second, of each; 0: no limit."""
        self._rate, self._callers_max = rate, callers_max
        self._capacity = max(1.0, rate * BURST_S)
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()  # tokens, as of when

    def __len__(self) -> int:
        return len(self._left)

    def wait_s(self, caller: str, now_s: float) -> float:
        """0 where the caller may go on, which takes a token; else seconds until it may.

        now_s: of any clock that never goes back.
        """
        if self._rate <= 0:
            return 0.0
        tokens, then_s = self._left.pop(caller, (self._capacity, now_s))
        tokens = min(self._capacity, tokens + (now_s - then_s) * self._rate)
        wait_s = 0.0 if tokens >= 1.0 else (1.0 - tokens) / self._rate
        self._left[caller] = (tokens if wait_s else tokens - 1.0), now_s
        if len(self._left) > self._callers_max:
            self._left.popitem(last=False)
        return wait_s
