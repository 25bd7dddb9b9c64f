"""The experts' compiled loops, called one after the other by one compiled function.

numba cannot loop over functions of different types. So the function that calls them is written out,
one line per expert, from the list of experts, and compiled into its caller, whose machine code is
what is kept on disk. (Functions that each call the next compile in the square of their number.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numba

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .base import Expert, Place


def proposing(experts: Sequence[Expert], places: Sequence[Place]) -> Any:
    """Compiled `(request, workspace, views, count) -> count`: all `propose`, early ones first.

    views: by expert, as plain tuples.
    """
    order = sorted(range(len(experts)), key=lambda nth: not experts[nth].early)
    lines = [
        f"count = loop_{nth}(request, workspace, view_{nth}(*views[{nth}]), place_{nth}, count)"
        for nth in order
        if experts[nth].propose is not None
    ]
    loops = [expert.propose for expert in experts]
    return _compiled(
        "request, workspace, views, count", [*lines, "return count"], _names(experts, places, loops)
    )


def describing(experts: Sequence[Expert], places: Sequence[Place]) -> Any:
    """Compiled `(request, chosen, views) -> None`: all `describe`; views as of `proposing`."""
    lines = [
        f"loop_{nth}(request, chosen, view_{nth}(*views[{nth}]), place_{nth})"
        for nth, expert in enumerate(experts)
        if expert.describe is not None
    ]
    loops = [expert.describe for expert in experts]
    return _compiled("request, chosen, views", [*lines, "return"], _names(experts, places, loops))


def _names(experts: Sequence[Expert], places: Sequence[Place], loops: list[Any]) -> dict[str, Any]:
    """What the lines name: by expert, its loop, the type of its view, and its place."""
    names: dict[str, Any] = {"__name__": __name__}
    for nth, expert in enumerate(experts):
        names |= {
            f"loop_{nth}": loops[nth],
            f"view_{nth}": expert.view,
            f"place_{nth}": places[nth],
        }
    return names


def _compiled(arguments: str, lines: Sequence[str], names: dict[str, Any]) -> Any:
    """A compiled function of these lines. No cache: the caller's code contains it."""
    exec("\n    ".join((f"def run({arguments}):", *lines)), names)
    return numba.njit(nogil=True, error_model="numpy")(names["run"])
