"""What the blend is told of a candidate: what each expert says of it, and its place by each.

Experts write the raw numbers of `RAW`, a row per candidate; `describe` scales them so that a small
network can use them, by blocks of columns, for a whole batch of lists at once: live batches are
small, and then every numpy call counts. All columns follow from the list of experts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..experts import ALL
from ..experts.base import Place, Scale

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

_ROOTS = slice(0, len(ROOTS))
_LOGS = slice(len(ROOTS), len(ROOTS) + len(LOGS))
_PLAIN = slice(len(ROOTS) + len(LOGS), len(RAW))
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
    np.sqrt(raw[:, _ROOTS], out=features[:, _ROOTS])
    more = raw[:, _LOGS] + np.float32(1)
    np.log(more, out=features[:, _LOGS])  # faster than log1p by far
    features[:, _PLAIN] = raw[:, _PLAIN]
    at = len(RAW)
    chosen = raw.take(_LOGARITHMS, axis=1)
    chosen += np.float32(TINY)
    np.log(chosen, out=features[:, at : at + len(LOGARITHMS)])
    at += len(LOGARITHMS)
    places = more[:, len(LOGS) - len(PLACES) :]  # counted from 1: the last of the logarithms
    np.divide(1, np.sqrt(places), out=features[:, at : at + len(PLACES)])
    at += len(PLACES)
    np.less_equal(places, TOP, out=features[:, at : at + len(PLACES)], casting="unsafe")
    at += len(PLACES)
    columns = _Columns(raw, features)
    for expert in ALL:
        if expert.derive is not None:
            expert.derive(columns, features[:, at : at + len(expert.derived)])
            at += len(expert.derived)
    return features
