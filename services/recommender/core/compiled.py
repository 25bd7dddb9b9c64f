"""Compiled loops: numba's decorator with what this project wants of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

import numba

if TYPE_CHECKING:
    from collections.abc import Callable

F = TypeVar("F", bound="Callable[..., Any]")


def compiled(function: F) -> F:
    """Compile at the first call, and keep the machine code on disk for the next process.

    Beside the module, or in the user's cache, or where NUMBA_CACHE_DIR says; where nothing can be
    written, every process compiles for itself (some seconds at start).
    """
    made: Any
    try:
        made = numba.njit(cache=True, nogil=True, error_model="numpy", forceinline=True)(function)
    except RuntimeError:  # "no locator available": read-only everywhere
        made = numba.njit(nogil=True, error_model="numpy", forceinline=True)(function)
    return cast("F", made)
