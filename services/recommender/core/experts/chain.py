"""The experts' compiled loops, called one after the other by one compiled function.

numba cannot loop over functions of different types, so each call is a function that also calls the
next; all of them are inlined into the caller, whose machine code is what is kept on disk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

import numba

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .base import Expert, Place

F = TypeVar("F", bound="Callable[..., Any]")


# No cache: numba cannot keep closures across processes, and the caller's code contains them.
def _inline(function: F) -> F:
    made: Any = numba.njit(nogil=True, error_model="numpy", forceinline=True)(function)
    return cast("F", made)


def proposing(experts: Sequence[Expert], places: Sequence[Place]) -> Any:
    """Compiled `(request, workspace, views, count) -> count`: all `propose`, early ones first.

    views: by expert, as plain tuples.
    """
    order = sorted(range(len(experts)), key=lambda nth: not experts[nth].early)
    chained: Any = _end_of_proposing
    for nth in reversed(order):
        if experts[nth].propose is not None:
            chained = _propose_and(chained, experts[nth], places[nth], nth)
    return chained


def describing(experts: Sequence[Expert], places: Sequence[Place]) -> Any:
    """Compiled `(request, chosen, views) -> None`: all `describe`; views as of `proposing`."""
    chained: Any = _end_of_describing
    for nth in reversed(range(len(experts))):
        if experts[nth].describe is not None:
            chained = _describe_and(chained, experts[nth], places[nth], nth)
    return chained


@_inline
def _end_of_proposing(request: Any, workspace: Any, views: Any, count: int) -> int:
    return count


@_inline
def _end_of_describing(request: Any, chosen: Any, views: Any) -> None:
    return


def _propose_and(others: Any, expert: Expert, place: Place, nth: int) -> Any:
    propose, view = expert.propose, expert.view

    @_inline
    def run(request: Any, workspace: Any, views: Any, count: int) -> Any:
        proposed = propose(request, workspace, view(*views[nth]), place, count)
        return others(request, workspace, views, proposed)

    return run


def _describe_and(others: Any, expert: Expert, place: Place, nth: int) -> Any:
    describe, view = expert.describe, expert.view

    @_inline
    def run(request: Any, chosen: Any, views: Any) -> None:
        describe(request, chosen, view(*views[nth]), place)
        others(request, chosen, views)

    return run
