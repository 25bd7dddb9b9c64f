"""Counts by cell of users' profiles as a worker has them, of pairs of user and item in a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..core.user_groups.profiles import CellClicks, cell_of, lifts_of_cells

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

ANEW_AFTER = 0.005  # lifts are made anew when so large a share of what they rest on has come


class CellCounts:
    """What everyone and the users of each cell chose, and the scores that follow for a user.

    A cell is one value of one of the fields; `core.user_groups.profiles` makes the scores.
    """

    def __init__(
        self, items: int, profiles: Sequence[Mapping[str, str]], fields: Sequence[str]
    ) -> None:
        """profiles: of each user, by number. fields: those that are used."""
        self.popularity = np.zeros(items)
        self._ids: dict[int, int] = {}  # cell -> row
        self._field_of: dict[int, str] = {}
        self._rows = np.full((len(fields), len(profiles)), -1, np.int64)  # of each user
        for place, field in enumerate(fields):
            for user, profile in enumerate(profiles):
                if field in profile:
                    cell = cell_of(field, profile[field])
                    self._field_of[cell] = field
                    self._rows[place, user] = self._ids.setdefault(cell, len(self._ids))
        self._clicks = np.zeros((len(self._ids), items))
        self._came = np.zeros(len(profiles), np.bool_)
        self._lifts: CellClicks | None = None
        self._at = 0.0  # clicks that they rest on

    def add(self, pairs: NDArray[np.int64]) -> None:
        """(n, 2) users and items."""
        np.add.at(self.popularity, pairs[:, 1], 1.0)
        self._came[pairs[:, 0]] = True
        for rows in self._rows:
            row = rows[pairs[:, 0]]
            known = row >= 0
            np.add.at(self._clicks, (row[known], pairs[known, 1]), 1.0)

    def scores(self, user: int) -> NDArray[np.float64]:
        """(items,) by the user's cells; everyone's clicks where nothing is known of any of them."""
        total = float(self.popularity.sum())
        if self._lifts is None or total > self._at * (1 + ANEW_AFTER):
            self._lifts, self._at = self._anew(), total
        ids = list(self._ids)
        found = self._lifts.scores([ids[row] for row in self._rows[:, user].tolist() if row >= 0])
        if found is None:
            return self.popularity
        scores = np.zeros(len(self.popularity))
        scores[self._lifts.items] = found
        return scores

    def _anew(self) -> CellClicks:
        row, item = np.nonzero(self._clicks)
        cells = np.array(list(self._ids), np.int64)
        users = np.zeros(len(cells), np.int64)
        for rows in self._rows:
            users += np.bincount(rows[self._came & (rows >= 0)], minlength=len(cells))
        return lifts_of_cells(
            cells[row] << 32 | item,
            self._clicks[row, item],
            dict(zip(self._ids, users.tolist(), strict=True)),
            self._field_of,
        )
