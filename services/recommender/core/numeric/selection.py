"""The n-th smallest of some values, without sorting them.

numba has numpy's `partition`, of which it compiles several functions into each caller: a fifth of
the time that a first start spent compiling.
"""

from __future__ import annotations

from typing import Any

from .jit import jit


@jit
def nth_smallest(values: Any, nth: int) -> Any:
    """What would be at place `nth` if `values` (finite, at least nth + 1) were sorted.

    Reorders them: C. A. R. Hoare, "Algorithm 65: Find", Communications of the ACM 4 (7), 1961.
    """
    low, high = 0, len(values) - 1
    while low < high:
        pivot = values[(low + high) // 2]
        left, right = low, high
        while left <= right:
            while values[left] < pivot:
                left += 1
            while pivot < values[right]:
                right -= 1
            if left <= right:
                values[left], values[right] = values[right], values[left]
                left += 1
                right -= 1
        if nth <= right:
            high = right
        elif nth >= left:
            low = left
        else:
            break
    return values[nth]
