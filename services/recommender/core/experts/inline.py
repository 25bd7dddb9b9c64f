"""The decorator of compiled functions that are only ever inlined, and allocate nothing.

They borrow the arrays that they are given. Without this numba counts references at every access to
a field of a NamedTuple, by atomic instructions: a list then takes half as long again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

import numba

if TYPE_CHECKING:
    from collections.abc import Callable

F = TypeVar("F", bound="Callable[..., Any]")
# `_nrt`, numba's reference counting, is no documented option. Were it gone, leaving it out changes
# speed alone.
OPTIONS: dict[str, Any] = {
    "nogil": True,
    "error_model": "numpy",
    "forceinline": True,
    "_nrt": False,
}


def inline(function: F) -> F:
    """Compile into the caller, whose machine code is what is kept on disk.

    The function must not make arrays, nor return any: nobody would free them.
    """
    made: Any = numba.njit(**OPTIONS)(function)
    return cast("F", made)
