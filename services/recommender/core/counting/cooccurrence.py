"""Counts of one item partition, folded from deltas: each origin offset is applied once.

c(i, j) and n(i) by event class, and visits by hour of event time (for trending), all integers.
Only rows that this partition owns are here; the n(j) of other items come from a table.
With a half-life, counts are kept apart by period of event time, the newest few; older ones count
as the last of these. With `pruning_delta` counts are no longer all exact: pairs that will hardly
be neighbours go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np
from scipy import sparse

from ..numeric.arrays import grown
from ..numeric.types import CLASS_COUNT, CLICK
from .count_changes import Added, ChangesSince, decode_changes, ordered
from .count_map import CountMap
from .pruning import prune
from .snapshot import read_state

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ...config import CountsConfig
    from ..numeric.items import ItemIndex
    from .deltas import Deltas

FORMAT_VERSION = 1
RULE = "co-occurrence/1"  # of counting; another is another state


class ItemPartition:
    """Counts of the items of one item partition.

    `dirty` marks rows whose published neighbours may be out of date, `counts_dirty` items whose
    n(i) or hours changed since they were published; both are cleared by who publishes.
    """

    def __init__(self, config: CountsConfig, items: ItemIndex) -> None:
        self._config, self._items = config, items
        self.applied_offset: dict[
            tuple[str, int], int
        ] = {}  # origin -> highest origin offset folded
        # By period, newest first, and class: place period * CLASS_COUNT + class.
        self.pairs = [CountMap() for _ in range(config.periods * CLASS_COUNT)]
        self.period = 0  # newest seen, if counts are kept by period
        # n(i) by period, newest first, and class; empty if there is one period.
        self.n_by_period: NDArray[np.int32] = np.zeros(
            (config.periods if config.periods > 1 else 0, CLASS_COUNT, 1024), np.int32
        )
        self.n: NDArray[np.int32] = np.zeros((CLASS_COUNT, 1024), np.int32)  # by class, item
        self.hours = CountMap()  # (item, hour) -> visits
        self.hour_max = 0  # newest hour seen
        self.dirty: NDArray[np.bool_] = np.zeros(1024, bool)
        self.counts_dirty: NDArray[np.bool_] = np.zeros(1024, bool)
        self.digests: NDArray[np.uint64] = np.zeros(1024, np.uint64)  # of the row as published
        self.folded = 0  # entries, if pruning hangs on them
        self.pruned = 0  # pairs, since start; not part of the state
        self.version = 0  # moves with every change of a count
        self._since = ChangesSince()

    def reserve(self) -> None:
        """Make the arrays as long as the items need."""
        capacity = self._items.capacity
        if capacity > self.n.shape[1]:
            self.n = np.ascontiguousarray(grown(self.n.T, capacity).T)
            self.n_by_period = np.ascontiguousarray(grown(self.n_by_period.T, capacity).T)
            self.dirty = grown(self.dirty, capacity)
            self.counts_dirty = grown(self.counts_dirty, capacity)
            self.digests = grown(self.digests, capacity)
            self._since.reserve(capacity)

    def fold(self, deltas: Deltas) -> int:
        """Add the entries above what was applied of their origin; returns how many are repeats.

        Every row must belong to this partition: the caller has checked.
        """
        origin = (deltas.origin_topic, deltas.origin_partition)
        entries = len(deltas.pair_rows) + len(deltas.visit_rows)
        fresh = deltas.after(self.applied_offset.get(origin, -1))
        taken = len(fresh.pair_rows) + len(fresh.visit_rows)
        if not taken:
            return entries
        self.applied_offset[origin] = fresh.last_offset
        self.reserve()
        places = fresh.pair_classes
        if self._config.periods > 1:
            places = places + CLASS_COUNT * self._ages(fresh)
        for place, pairs in enumerate(self.pairs):
            pair = places == place
            if pair.any():
                pairs.add(fresh.pair_rows[pair], fresh.pair_columns[pair])
        np.add.at(self.n, (fresh.visit_classes, fresh.visit_rows), 1)
        click = fresh.visit_classes == CLICK
        if fresh.visit_repeated is not None:
            click &= ~fresh.visit_repeated
        hours = fresh.visit_hours[click]
        if len(hours):
            self.hour_max = max(self.hour_max, int(hours.max()))
            self.hours.add(fresh.visit_rows[click], hours)
        self.dirty[fresh.pair_rows] = True
        self.dirty[fresh.visit_rows] = True
        self.counts_dirty[fresh.visit_rows] = True
        self.version += 1
        if sum(pairs.pending_count for pairs in self.pairs) > self._config.pending_entries_max:
            self.merge()
        self._prune_when_due(taken)
        return entries - taken

    def _ages(self, fresh: Deltas) -> NDArray[np.int64]:
        """(pairs,) the period of each, 0 for the newest; visits are counted by theirs.

        Periods hang on the newest event time folded, so what is left at the end is the same in
        whatever order deltas came.
        """
        assert fresh.pair_hours is not None, "the caller has checked"
        hours, last = self._config.decay_period_hours, self._config.periods - 1
        of_pairs, of_visits = fresh.pair_hours // hours, fresh.visit_hours // hours
        newest = max((int(part.max()) for part in (of_pairs, of_visits) if len(part)), default=0)
        for _ in range(min(newest - self.period, last + 1)):
            for oldest, before in zip(
                self.pairs[-CLASS_COUNT:], self.pairs[-2 * CLASS_COUNT : -CLASS_COUNT], strict=True
            ):
                before.absorb(oldest)
            self.pairs = [CountMap() for _ in range(CLASS_COUNT)] + self.pairs[:-CLASS_COUNT]
            self.n_by_period[-2] += self.n_by_period[-1]
            self.n_by_period = np.roll(self.n_by_period, 1, axis=0)
            self.n_by_period[0] = 0
        self.period = max(self.period, newest)
        ages = np.minimum(self.period - of_visits, last)
        np.add.at(self.n_by_period, (ages, fresh.visit_classes, fresh.visit_rows), 1)
        return np.minimum(self.period - of_pairs, last)

    def _prune_when_due(self, taken: int) -> None:
        """Prune after the record with which the entries pass a multiple of the interval: where
        that is, the log alone says."""
        interval = self._config.pruning_interval_entries
        if self._config.pruning_delta:
            due = (self.folded + taken) // interval > self.folded // interval
            self.folded += taken
            if due:
                self.merge()
                self.pruned += prune(self.pairs, self.n, self._config)

    def merge(self) -> None:
        """Sum what was appended; drop the hours that are out of the window.

        The window hangs on the newest event time folded, so what is left at the end is the same
        in whatever order deltas came and however often this was called.
        """
        for pairs in self.pairs:
            pairs.merge()
        self.hours.merge()
        old = self.hours.columns() <= self.hour_max - self._config.hours_kept
        if old.any():
            self.hours.keep(~old, implied=True)  # they hang on the newest hour alone

    def owned(self) -> NDArray[np.int64]:
        """Every item that was visited in any class, ascending."""
        return np.flatnonzero(self.n.any(axis=0))

    # -- checkpoints

    def snapshot(self, unconfirmed: NDArray[np.int64]) -> bytes:
        """The whole state.

        unconfirmed: rows whose latest publication may not have arrived; they, and dirty ones,
        are published again after `restore`.
        """
        self.merge()
        self.reserve()
        used = np.zeros(self._items.capacity, bool)
        owned = self.owned()
        used[owned] = True
        for pairs in self.pairs:
            used[pairs.rows()] = True
            used[pairs.columns()] = True
        used_items = np.flatnonzero(used)
        place = np.zeros(len(used), np.int32)
        place[used_items] = np.arange(len(used_items), dtype=np.int32)
        names = self._items.product_ids
        digests = self._kept_digests(unconfirmed)
        self._mark(used_items, digests)
        state = State(
            format_version=FORMAT_VERSION,
            rule=rule_of(self._config),
            items=[names[item] for item in used_items.tolist()],
            fence=[
                (topic, number, at) for (topic, number), at in sorted(self.applied_offset.items())
            ],
            pairs=[
                (place[p.rows()].tobytes(), place[p.columns()].tobytes(), p.counts.tobytes())
                for p in self.pairs
            ],
            owned=place[owned].tobytes(),
            n=self.n[:, owned].tobytes(),
            digests=digests[owned].tobytes(),
            hours=(
                place[self.hours.rows()].tobytes(),
                self.hours.columns().astype(np.int32).tobytes(),
                self.hours.counts.tobytes(),
            ),
            hour_max=self.hour_max,
            folded=self.folded,
            epoch=self.period,
            n_by_epoch=self.n_by_period[:, :, owned].tobytes(),
        )
        return msgspec.msgpack.encode(state)

    def restore(self, packed: bytes) -> None:
        """Replace the state. Raises StateError for a newer format or another rule."""
        state = read_state(packed, State, FORMAT_VERSION, rule_of(self._config))
        ids = self._items.intern_all(state.items)
        self.__init__(self._config, self._items)  # type: ignore[misc]  # starts from nothing
        self.reserve()
        self.applied_offset = {(topic, number): at for topic, number, at in state.fence}
        for pairs, (rows, columns, counts) in zip(self.pairs, state.pairs, strict=True):
            pairs.replace(ids[_int32(rows)], ids[_int32(columns)], _int32(counts))
        owned = ids[_int32(state.owned)]
        self.n[:, owned] = _int32(state.n).reshape(CLASS_COUNT, -1)
        self.digests[owned] = np.frombuffer(state.digests, np.uint64)
        self.dirty[owned] = self.digests[owned] == 0
        self.counts_dirty[owned] = True
        visited, hours, visits = (_int32(part) for part in state.hours)
        self.hours.replace(ids[visited], hours.astype(np.int64), visits)
        self.hour_max = state.hour_max
        self.folded, self.period = state.folded, state.epoch
        by_period = _int32(state.n_by_epoch).reshape(len(self.n_by_period), CLASS_COUNT, len(owned))
        self.n_by_period[:, :, owned] = by_period
        self.version = 1
        self._mark(ids, self.digests)

    def _kept_digests(self, unconfirmed: NDArray[np.int64]) -> NDArray[np.uint64]:
        digests = self.digests.copy()
        digests[self.dirty] = 0
        digests[unconfirmed] = 0
        return digests

    def _mark(self, items: NDArray[np.int64], digests: NDArray[np.uint64]) -> None:
        for counts in (*self.pairs, self.hours):
            counts.mark()
        self._since.mark(items, self.n, digests)

    def changes(self, unconfirmed: NDArray[np.int64]) -> bytes | None:
        """What changed since the last `snapshot`, `restore` or `changes`, of which every count is
        one to be added; None where only `snapshot` can tell. unconfirmed: as of `snapshot`."""
        config = self._config
        if config.periods > 1 or config.pruning_delta:
            return None  # counts are moved, or dropped
        self.reserve()
        added = [counts.changes() for counts in (*self.pairs, self.hours)]
        digests = self._kept_digests(unconfirmed)
        *pairs, hours = [Added(*each) for each in added if each is not None]
        if len(pairs) < len(self.pairs):
            return None
        return self._since.take(
            pairs,
            hours,
            n=self.n,
            digests=digests,
            names=self._items.product_ids,
            fence=self.applied_offset,
            hour_max=self.hour_max,
        )

    def apply(self, packed: bytes) -> None:
        """Add what `changes` gave, after `restore`. Raises StateError."""
        changed = decode_changes(packed)
        places = self._since.append(self._items.intern_all(changed.items))
        self.reserve()
        self.applied_offset |= {(topic, number): at for topic, number, at in changed.fence}
        for counts, each in zip((*self.pairs, self.hours), changed.added, strict=True):
            rows, columns, values = (_int32(part) for part in each)
            if len(rows):
                other = columns.astype(np.int64) if counts is self.hours else places[columns]
                counts.add_counts(*ordered(places[rows] << 32 | other, values))
        changed_n, published = (places[_int32(p)] for p in (changed.rows, changed.digest_rows))
        self.n[:, changed_n] = _int32(changed.n).reshape(CLASS_COUNT, -1)
        self.digests[published] = np.frombuffer(changed.digests, np.uint64)
        for touched in (changed_n, published):
            self.dirty[touched] = self.digests[touched] == 0
        self.counts_dirty[changed_n] = True
        self.hour_max = max(self.hour_max, changed.hour_max)
        self.version += 1
        self._since.mark_rest(self.n, self.digests)


def rule_of(config: CountsConfig) -> str:
    """The options that decide what is counted: another rule is another state."""
    rule = RULE
    if config.periods > 1:
        rule += f" epochs={config.periods}/{config.decay_period_hours}h"
    if config.pruning_delta:
        rule += (
            f" pruning={config.pruning_bound}/{config.pruning_delta}"
            f"/{config.pruning_interval_entries}/{config.neighbours_max}"
            f"/{config.shrinkage}/{config.class_weights}"
        )
    return rule


class State(msgspec.Struct, frozen=True, omit_defaults=True):
    """A snapshot of `ItemPartition`: int32 arrays of places in `items`, counts, hours."""

    format_version: int
    rule: str
    items: list[str]
    fence: list[tuple[str, int, int]]
    pairs: list[tuple[bytes, bytes, bytes]]  # by period and class: rows, columns, counts
    owned: bytes
    n: bytes  # (class, owned)
    digests: bytes  # uint64
    hours: tuple[bytes, bytes, bytes]  # item, hour, count
    hour_max: int
    folded: int = 0
    epoch: int = 0
    n_by_epoch: bytes = b""  # (epoch, class, owned)


def decode_snapshot(
    packed: bytes, rule: str = RULE
) -> tuple[list[str], list[sparse.csr_matrix], NDArray[np.int32]]:
    """A snapshot of `ItemPartition`, to be checked against a batch computation.

    Returns (product ids, by class a (items, items) matrix of c(i, j) without its diagonal,
    (class, items) n(i)). Only rows and n of the items that the partition owns are filled.
    """
    state = read_state(packed, State, FORMAT_VERSION, rule)
    size = len(state.items)
    matrices = [
        sparse.csr_matrix((_int32(counts), (_int32(rows), _int32(columns))), (size, size))
        for rows, columns, counts in state.pairs
    ]
    by_class = [sum(matrices[k::CLASS_COUNT][1:], matrices[k]) for k in range(CLASS_COUNT)]
    n = np.zeros((CLASS_COUNT, size), np.int32)
    n[:, _int32(state.owned)] = _int32(state.n).reshape(CLASS_COUNT, -1)
    return state.items, by_class, n


def _int32(packed: bytes) -> NDArray[np.int32]:
    return np.frombuffer(packed, np.int32)
