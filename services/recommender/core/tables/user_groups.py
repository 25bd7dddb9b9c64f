"""What all workers know of groups of users: the model, and what each group clicks lately.

Read from one internal topic, keys `model` and `clicks/<partition>`: each partition of clicks
publishes what its users did, the owner of item partition 0 the model made from samples of them. The
decay of clicks goes by event time and is applied when they are read, as that of trending.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from shopkeeper.shared.contracts import topics

from ..user_groups.behaviour import WIDTH, Behaviour
from ..user_groups.clustering import GroupModel
from ..user_groups.profiles import CELL_BIT, CellClicks, lifts_of_cells

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from shopkeeper.shared.contracts.envelope import KeyValue

    from ...config import RecommenderConfig
    from ..numeric.items import ItemIndex
    from ..numeric.types import Searched
    from .catalogue import CatalogueTable
    from .sentiment import SentimentTable

FORMAT_VERSION = 2  # 1: of vectors without searches and sentiment
MODEL_KEY = b"model"
_LOW = (1 << 32) - 1
POPULAR_MAX = 4_096  # combinations of cells that are remembered until clicks change


class ModelRecord(msgspec.Struct, frozen=True):
    """The value under `model` (msgpack; internal)."""

    format_version: int
    model: GroupModel | None  # None before there are groups
    state: bytes  # `UserGroups.snapshot`, for the worker that learns on


class GroupClicksRecord(msgspec.Struct, frozen=True):
    """The value under `clicks/<partition>` (msgpack; internal): no user is named."""

    format_version: int
    sample: bytes  # float16 (users, WIDTH): vectors of those seen last
    hour: int  # the scores are of its end
    names: list[str]
    groups: bytes  # int64, each entry's group id
    items: bytes  # int32 places in `names`
    scores: bytes  # float32, clicks halved every few hours
    # Of each cell of profiles: its field, and how many of the partition's users have it.
    cells: dict[int, tuple[str, int]] = {}


class UserGroupsTable:
    """Groups of users: the model that tells a user's, and what is trending in each."""

    topic = topics.USER_GROUPS

    def __init__(
        self,
        *,
        items: ItemIndex,
        catalogue: CatalogueTable,
        sentiment: SentimentTable,
        config: RecommenderConfig,
    ) -> None:
        self._items, self._config = items, config
        self.behaviour = Behaviour(items, catalogue, sentiment, config.recent_items_max)
        self.ids: NDArray[np.int64] = np.zeros(0, np.int64)
        self.places: dict[int, int] = {}  # of groups among all, from 1, by id
        self._weights: NDArray[np.float32] = np.zeros((WIDTH, 0), np.float32)
        self._offsets: NDArray[np.float32] = np.zeros(0, np.float32)
        self.state = b""
        self.samples: dict[bytes, NDArray[np.float16]] = {}  # by key, as of the last record
        self._clicks: dict[bytes, tuple[int, NDArray[np.int64], NDArray[np.float64]]] = {}
        self._trending: dict[int, list[int]] | None = None  # by group id, best first
        self._cells: dict[bytes, dict[int, tuple[str, int]]] = {}  # by key, as in the record
        self._cell_clicks: CellClicks | None = None
        self._popular: dict[tuple[int, ...], list[int]] = {}  # by cells of a user, best first
        self.junk = 0

    def __len__(self) -> int:
        """Groups known."""
        return len(self.ids)

    def apply(self, records: Sequence[KeyValue]) -> None:
        for key, value in records:
            try:
                if value is None:
                    self.samples.pop(key or b"", None)
                    self._clicks.pop(key or b"", None)
                    self._cells.pop(key or b"", None)
                    self._forget_trending()
                elif key == MODEL_KEY:
                    self._take_model(value)
                else:
                    self._take_clicks(key or b"", value)
            except (msgspec.MsgspecError, ValueError):
                self.junk += 1

    def reserve(self) -> None:
        """Nothing: no array is indexed by item."""

    def _take_model(self, value: bytes) -> None:
        record = msgspec.msgpack.decode(value, type=ModelRecord)
        if record.format_version != FORMAT_VERSION:
            raise ValueError("not a record of user groups")
        if record.model is not None:
            weights, offsets, ids = record.model.tables()
            if len(weights) != WIDTH:
                raise ValueError("groups by other numbers")
            self._weights, self._offsets, self.ids = weights, offsets, ids
            self.places = {group: place for place, group in enumerate(ids.tolist(), 1)}
            self._forget_trending()
        self.state = record.state

    def _take_clicks(self, key: bytes, value: bytes) -> None:
        record = msgspec.msgpack.decode(value, type=GroupClicksRecord)
        sample = np.frombuffer(record.sample, np.float16).reshape(-1, WIDTH)
        groups = np.frombuffer(record.groups, np.int64)
        places = np.frombuffer(record.items, np.int32)
        scores = np.frombuffer(record.scores, np.float32).astype(np.float64)
        if record.format_version != FORMAT_VERSION or not np.isfinite(sample).all():
            raise ValueError("not a record of group clicks")
        if not len(groups) == len(places) == len(scores) or not np.isfinite(scores).all():
            raise ValueError("columns that do not fit together")
        if len(places) and not 0 <= places.min() <= places.max() < len(record.names):
            raise ValueError("an item that is not named")
        if len(groups) and not 0 <= groups.min() <= groups.max() < 1 << 31:
            raise ValueError("not the id of a group")
        keys = groups << 32 | self._items.intern_all(record.names)[places]
        self.samples[key] = sample
        self._clicks[key] = record.hour, keys, scores
        self._cells[key] = record.cells
        self._forget_trending()

    def _forget_trending(self) -> None:
        self._trending, self._cell_clicks = None, None
        self._popular.clear()

    def assign(
        self,
        recents: Sequence[Sequence[int]],
        boughts: Sequence[Sequence[int]],
        searched: Sequence[Searched] = (),
    ) -> NDArray[np.int64]:
        """(users,) group ids, -1 where none is known; arguments as of `Behaviour.vectors`."""
        if not len(self.ids) or not len(recents):
            return np.full(len(recents), -1, np.int64)
        scores = self.behaviour.vectors(recents, boughts, searched) @ self._weights
        scores += self._offsets
        found: NDArray[np.int64] = self.ids[scores.argmax(axis=1)]
        return found

    def trending(self, group: int) -> list[int]:
        """Items that a group clicks lately, best first; none if it is not known.

        A group's shares of clicks, and `group_prior` times those of everyone: few clicks say little
        of a group (a Dirichlet prior, Zhai and Lafferty, SIGIR 2001, of fixed weight).
        """
        if self._trending is None:
            self._trending = self._compute()
        return self._trending.get(group, [])

    def clicks_of(self, key: bytes) -> tuple[int, NDArray[np.int64], NDArray[np.float64]] | None:
        """(hour, group id << 32 | item, scores) as a partition last published them."""
        return self._clicks.get(key)

    def popular(self, cells: tuple[int, ...]) -> list[int]:
        """What users whose profiles have these cells click lately, best first; none where nothing
        is known of any of the cells (see profiles.py)."""
        found = self._popular.get(cells)
        if found is None:
            told = self.cell_clicks
            order = self._items.order(told.items)
            found = told.best(cells, order, self._config.trending_items_max)
            if len(self._popular) < POPULAR_MAX:
                self._popular[cells] = found
        return found

    @property
    def cell_clicks(self) -> CellClicks:
        """What all partitions said of cells, as lifts."""
        if self._cell_clicks is None:
            keys, scores = self._all_clicks()
            mine = keys >> 32 & CELL_BIT > 0
            users: dict[int, int] = {}
            field_of: dict[int, str] = {}
            for cells in self._cells.values():
                for cell, (field, count) in cells.items():
                    users[cell] = users.get(cell, 0) + count
                    field_of[cell] = field
            self._cell_clicks = lifts_of_cells(keys[mine], scores[mine], users, field_of)
        return self._cell_clicks

    def _all_clicks(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """(keys, scores) of all partitions, as of the newest hour."""
        if not self._clicks:
            return np.zeros(0, np.int64), np.zeros(0)
        newest = max(hour for hour, _, _ in self._clicks.values())
        half_life = self._config.trending_half_life_hours
        keys = np.concatenate([k for _, k, _ in self._clicks.values()])
        scores = np.concatenate(
            [s * 0.5 ** ((newest - hour) / half_life) for hour, _, s in self._clicks.values()]
        )
        keys, place = np.unique(keys, return_inverse=True)
        return keys, np.bincount(place, scores, len(keys)).astype(np.float64)

    def _compute(self) -> dict[int, list[int]]:
        if not self._clicks or not len(self.ids):
            return {}
        keys, scores = self._all_clicks()
        behaviour = keys >> 32 & CELL_BIT == 0  # cells count the same clicks once more each
        keys, scores = keys[behaviour], scores[behaviour]
        items, column = np.unique(keys & _LOW, return_inverse=True)
        everyone = np.bincount(column, scores, len(items))
        prior = self._config.group_prior * everyone / max(float(everyone.sum()), 1e-9)
        order = self._items.order(items)
        count = self._config.trending_items_max
        found: dict[int, list[int]] = {}
        for group in self.ids.tolist():
            mine = keys >> 32 == group
            total = float(scores[mine].sum())
            if total <= 0:
                continue
            shares = prior.copy()
            np.add.at(shares, column[mine], scores[mine] / total)
            found[group] = items[np.lexsort((order, -shares))[:count]].tolist()
        return found
