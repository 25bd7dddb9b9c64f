"""What the blend is told of a candidate: what each expert says of it, and its place by each.

Experts write the raw numbers of `RAW`, a row per candidate; `describe` scales them so that a small
network can use them, by blocks of columns, for a whole batch of lists at once: live batches are
small, and then every numpy call counts, so all but the logarithms is one compiled loop (a loop's
logarithm is slower than numpy's, and rounds otherwise). All columns follow from the list of
experts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..experts import ALL
from ..experts.base import Place, Scale
from ..numeric.jit import jit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..experts.base import Expert

TINY = 1e-3
TOP = 20  # places


def _of_scale(scale: Scale) -> tuple[str, ...]:
    return tuple(f.name for expert in ALL for f in expert.features if f.scale == scale)


CHOOSING = tuple(expert for expert in ALL if expert.limit)
PLACED = tuple(expert for expert in CHOOSING if expert.placed)
_PLACED_BY = tuple(expert.features[0].name for expert in PLACED)
PLACES = tuple(f"place_{name}" for name in _PLACED_BY)  # in the list by each expert
SHARES = tuple(f"share_{name}" for name in _PLACED_BY)  # of the list's largest
ROOTS = _of_scale(Scale.ROOT)
LOGS = _of_scale(Scale.LOG) + PLACES
PLAIN = SHARES + _of_scale(Scale.PLAIN)
RAW = ROOTS + LOGS + PLAIN  # raw numbers by how they are scaled
LOGARITHMS = tuple(f.name for expert in ALL for f in expert.features if f.log_too)
DERIVED = (
    *(f"{name}_log" for name in LOGARITHMS),
    *(f"{name}_inverse" for name in PLACES),  # 1 / sqrt(1 + place)
    *(f"{name}_top" for name in PLACES),  # within the first `TOP`
    *(name for expert in ALL for name in expert.derived),
)
FEATURES = RAW + DERIVED
BASE = FEATURES.index("base")
PRIOR = {  # by feature: its weight before anybody has clicked
    f.name: f.prior for expert in ALL for f in expert.features if f.prior is not None
}
assert len({*FEATURES}) == len(FEATURES), "two experts have a feature of the same name"
assert len({expert.name for expert in ALL}) == len(ALL), "two experts have the same name"


def _names_of(expert: Expert) -> set[str]:
    names = {f.name for f in expert.features}
    names |= {f"{f.name}_log" for f in expert.features if f.log_too}
    if expert in PLACED:
        first = expert.features[0].name
        names |= {f"share_{first}"} | {f"place_{first}{end}" for end in ("", "_inverse", "_top")}
    return names | {*expert.derived}


EXPERTS = tuple(expert.name for expert in ALL)
EXPERT_OF = tuple(  # whose word each feature is
    next(expert.name for expert in ALL if feature in _names_of(expert)) for feature in FEATURES
)
PLACE_OF = tuple(  # what each expert's compiled loops know of it
    Place(number, tuple(RAW.index(f.name) for f in expert.features))
    for number, expert in enumerate(ALL, 1)
)

_LOGS = slice(len(ROOTS), len(ROOTS) + len(LOGS))
_LOGS_TOO = slice(len(RAW), len(RAW) + len(LOGARITHMS))
_INVERSES = _LOGS_TOO.stop  # the first of them; then those within the top
_DERIVED = _INVERSES + 2 * len(PLACES)  # the first that an expert derives
_LOGARITHMS = np.array([RAW.index(name) for name in LOGARITHMS], np.intp)
_COLUMN_OF = {name: number for number, name in enumerate(RAW)}


class _Columns:
    """Columns of a batch, by name, as experts that derive features read them."""

    def __init__(self, raw: NDArray[np.float32], features: NDArray[np.float32]) -> None:
        self._raw, self._features = raw, features

    def raw(self, name: str) -> NDArray[np.float32]:
        return self._raw[:, _COLUMN_OF[name]]

    def scaled(self, name: str) -> NDArray[np.float32]:
        return self._features[:, _COLUMN_OF[name]]


def describe(raw: NDArray[np.float32]) -> NDArray[np.float32]:
    """(candidates, features), in the order of `FEATURES`, of (candidates, RAW)."""
    features = np.empty((len(raw), len(FEATURES)), np.float32)
    logged = np.empty((len(raw), len(LOGS)), np.float32)
    logged_too = np.empty((len(raw), len(LOGARITHMS)), np.float32)
    _scale(raw, features, logged, logged_too)
    np.log(logged, out=features[:, _LOGS])
    np.log(logged_too, out=features[:, _LOGS_TOO])
    columns, at = _Columns(raw, features), _DERIVED
    for expert in ALL:
        if expert.derive is not None:
            expert.derive(columns, features[:, at : at + len(expert.derived)])
            at += len(expert.derived)
    return features


@jit
def _scale(raw: Any, features: Any, logged: Any, logged_too: Any) -> None:
    """Fill the columns of `features` that are no logarithms, and what the others are those of."""
    plain = len(ROOTS) + len(LOGS)
    first_place = len(LOGS) - len(PLACES)  # the places are the last of them
    for row in range(len(raw)):
        for column in range(len(ROOTS)):
            features[row, column] = np.sqrt(raw[row, column])
        for nth in range(len(LOGS)):
            logged[row, nth] = raw[row, len(ROOTS) + nth] + np.float32(1)
        for column in range(plain, len(RAW)):
            features[row, column] = raw[row, column]
        for nth in range(len(LOGARITHMS)):
            logged_too[row, nth] = raw[row, _LOGARITHMS[nth]] + np.float32(TINY)
        for nth in range(len(PLACES)):
            place = logged[row, first_place + nth]  # counted from 1
            features[row, _INVERSES + nth] = np.float32(1) / np.sqrt(place)
            features[row, _INVERSES + len(PLACES) + nth] = place <= TOP
