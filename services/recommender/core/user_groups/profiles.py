"""User profiles as cells, and what the users of a cell click more than others do.

A *cell* is one `field=value` of a profile, `region=north`: a group of users, counted among the
groups of `clicks.py` under an id of its own. Of a cell's clicks the lift over everyone's is shrunk
towards 1 by as much as lifts of its field vary less than chance would have it: counts are Poisson,
lifts gamma with mean 1 and a variance of which the method of moments tells (Clayton and Kaldor,
"Empirical Bayes estimates of age-standardized relative risks", Biometrics 1987). A user of several
cells gets the product of their lifts, as if fields were independent, times everyone's share.

Everything here is pure, so that offline code ranks new users by the very functions that serve.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import xxhash

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

# What a profile may say, in the order of the struct. Cells of the first two are sensitive.
FIELDS = ("age_band", "gender", "region", "language", "occupation")
CELL_BIT = 1 << 30  # set in ids of cells, not in those of groups by behaviour
CELL_USERS_MIN = 5  # of a smaller cell nothing is told: its clicks could be one person's
_LOW = (1 << 32) - 1
PRIOR_MIN, PRIOR_MAX = 1.0, 10_000.0  # of the gamma's shape: lifts vary much, or not at all

Values = tuple[tuple[str, str], ...]  # (field, value), of the fields that are kept, in their order


def kept_values(profile: Any, fields: frozenset[str]) -> Values:
    """Of a `UserProfiled`, what these fields say, in one spelling each."""
    found = []
    for name in FIELDS:
        value = getattr(profile, name) if name in fields else None
        if value is not None and (value := _spelled(name, value)):
            found.append((name, value))
    return tuple(found)


def _spelled(name: str, value: str) -> str:
    if name == "language":  # the primary tag: readers of en-GB read en-US
        return value.replace("_", "-").split("-")[0].lower()
    return " ".join(value.split()).casefold()


def cell_of(name: str, value: str) -> int:
    """The id of a cell: the same in every process."""
    digest = xxhash.xxh3_64_intdigest(f"{name}={value}".encode("utf-8", "surrogatepass"))
    return CELL_BIT | digest & CELL_BIT - 1


def cells_of(values: Values, fields: frozenset[str]) -> tuple[int, ...]:
    """The cells of a user, of the fields that are allowed. values: as of `kept_values`."""
    return tuple([cell_of(name, value) for name, value in values if name in fields])


class CellClicks(NamedTuple):
    """Shrunk lifts of every cell; read only."""

    items: NDArray[np.int64]  # ascending: those that anybody clicked
    shares: NDArray[np.float64]  # (items,) of everyone's clicks
    lifts: Mapping[int, NDArray[np.float64]]  # by cell: (items,), 1 is as everyone

    def scores(self, cells: Sequence[int]) -> NDArray[np.float64] | None:
        """(items,) for a user of these cells; None where nothing is known of any."""
        known = [self.lifts[cell] for cell in cells if cell in self.lifts]
        if not known:
            return None
        scores = self.shares.copy()
        for lifts in known:
            scores *= lifts
        return scores

    def factors(self, cells: Sequence[int], items: NDArray[np.int64]) -> NDArray[np.float64] | None:
        """(items,) lifts of any items for a user of these cells, 1 where nothing is known of one;
        None where nothing is of any cell."""
        known = [self.lifts[cell] for cell in cells if cell in self.lifts]
        if not known or not len(items):
            return None
        places = np.minimum(np.searchsorted(self.items, items), len(self.items) - 1)
        lifts: NDArray[np.float64] = np.prod(known, axis=0)[places]
        return np.where(self.items[places] == items, lifts, 1.0)

    def best(self, cells: Sequence[int], order: NDArray[np.int64], count: int) -> list[int]:
        """Items for a user of these cells, best first; none where nothing is known of any.

        order: (items,), breaks ties alike in every process.
        """
        scores = self.scores(cells)
        if scores is None:
            return []
        best: list[int] = self.items[np.lexsort((order, -scores))[:count]].tolist()
        return best


def lifts_of_cells(
    keys: NDArray[np.int64],
    clicks: NDArray[np.float64],
    users: Mapping[int, int],
    field_of: Mapping[int, str] | None = None,
) -> CellClicks:
    """What the users of each cell click.

    keys: cell id << 32 | item, distinct. clicks: of each, decayed or whole. users: by cell, how
    many have it; cells of fewer than `CELL_USERS_MIN` are left out. field_of: by cell; cells of a
    field share how much they are shrunk (None: all cells do).

    Everyone's clicks are those of all cells together, the small ones too.
    """
    field_of = field_of or {}
    cells, item = keys >> 32, keys & _LOW
    items, column = np.unique(item, return_inverse=True)
    everyone = np.bincount(column, clicks, len(items))
    total = float(everyone.sum())
    if total <= 0:
        return CellClicks(items, np.zeros(len(items)), {})
    shares = everyone / total
    by_field: dict[str, dict[int, NDArray[np.float64]]] = {}
    for cell in np.unique(cells).tolist():
        if users.get(cell, 0) >= CELL_USERS_MIN:
            mine = cells == cell
            row = np.bincount(column[mine], clicks[mine], len(items)).astype(np.float64)
            by_field.setdefault(field_of.get(cell, ""), {})[cell] = row
    lifts: dict[int, NDArray[np.float64]] = {}
    for of in by_field.values():
        shape = gamma_shape(np.array(list(of.values())), shares)
        for cell, row in of.items():
            lifts[cell] = (row + shape) / (shares * row.sum() + shape)
    return CellClicks(items, shares, lifts)


def gamma_shape(clicks: NDArray[np.float64], shares: NDArray[np.float64]) -> float:
    """The shape of the gamma that lifts come from, by the method of moments.

    clicks: (cells, items). shares: (items,) of everyone's. With expected counts E and counts C of
    mean E and variance E + E^2 / shape, sum (C - E)^2 - sum E = sum E^2 / shape.
    """
    expected = clicks.sum(axis=1, keepdims=True) * shares
    surplus = float(((clicks - expected) ** 2).sum() - expected.sum())
    squares = float((expected**2).sum())
    if surplus <= squares / PRIOR_MAX:
        return PRIOR_MAX
    return max(PRIOR_MIN, squares / surplus)
