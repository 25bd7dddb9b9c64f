"""Content: which new items fit what a user looked at, by what the catalogue says of them.

A new item has no neighbours by behaviour, so others lend it theirs. Of a seed i (an item that the
user looked at) and a new item j,

fit(i, j) = (a(i) + w * sum over i's neighbours k of s(i, k) * a(k)) . a(j) + g * a(i) M a(j)
            + h * (u(i) . v(j) + v(i) . u(j)),

a(x) the tf-idf vector of x's attributes (attributes.py), s(i, k) the neighbour's score. The first
part finds what is like i, or like what people choose beside i. M is learned from behaviour: token t
of an item leads to token u of the next,

M(t, u) = (sum over items x and neighbours y of a(x, t) * sqrt(c(x, y)) * a(y, u))
          / (sum over u of the same + a little) / (1 + sum over items y with neighbours of a(y, u)),

the demand for u after t, divided by how many items share it: item-based collaborative filtering
between attributes in place of items. g makes both parts equally large on average. That is a linear
map from attributes to behaviour (Gantner et al., "Learning attribute-to-feature mappings for
cold-start recommendations", ICDM 2010) that needs no training but counts.

The third part is of the two vectors by behaviour (item2vec.py), an item's own, u, and the one as
context of others, v: each side asks what is seen beside the other, which need not be like it. j has
none, and lies where its attributes would put it (attribute_vectors.py), i halfway between that and
where it was seen to lie.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from ..numeric.arrays import grown
from ..numeric.sparse import add_product
from ..numeric.types import CLICK
from ..numeric.unit import unit
from ..vectors.attribute_vectors import AttributeVectors

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ...config import ContentConfig
    from ..numeric.items import ItemIndex
    from ..tables.catalogue import CatalogueTable
    from ..tables.item_counts import ItemCountsTable
    from ..tables.similar_items import SimilarItemsTable
    from ..vectors.item2vec import ItemVectors
    from .attributes import Attributes

AFFINITY_TOKENS_MAX = 2048  # of M: the most frequent; 16 MB
LEARN_ROWS = 256  # items that one slice of learning M takes in
LEARN_PAUSE_MS = 60_000  # between learning M from all items and learning it anew
READ_PAUSE_MS = 2_000  # between two readings of the catalogue, or
READ_ITEMS_PER_MS = 10  # longer where it is large: 10 s for 100,000 products
SOLVE_STEPS = 8  # of conjugate gradients, a slice each, at the end of learning M
SCALE_SEEDS = 128  # items that g and h are measured on
CENTRE_ITEMS = 4096  # at most, that the mean of the vectors by behaviour is taken of
TINY = 1e-9


class Content:
    """Rows of new items that fit an item: made when asked for, kept until the catalogue changes.

    `row_of[item]` is -1 or the row of `neighbours` (item numbers, -1 past the end) and `fits`, each
    (rows, content_neighbours_max), best first. New is an item with fewer than `new_item_visits`
    sessions; one that has more by now is still in rows: compare before use.
    """

    def __init__(
        self,
        *,
        config: ContentConfig,
        items: ItemIndex,
        attributes: Attributes,
        similar: SimilarItemsTable,
        counts: ItemCountsTable,
        catalogue: CatalogueTable,
        vectors: ItemVectors,
    ) -> None:
        self._config, self._items, self._attributes = config, items, attributes
        self._similar, self._counts, self._catalogue = similar, counts, catalogue
        width = config.content_neighbours_max
        self.row_of: NDArray[np.int32] = np.full(1024, -1, np.int32)
        self.neighbours: NDArray[np.int32] = np.full((256, width), -1, np.int32)
        self.fits: NDArray[np.float32] = np.zeros((256, width), np.float32)
        self._made: NDArray[np.int64] = np.zeros(256, np.int64)  # `_version` that a row is of
        self._used = 0
        self._version = 0
        self._matrix = attributes.matrix(0)  # (items, tokens) as of the last reading
        self.new_items: NDArray[np.int64] = np.zeros(0, np.int64)  # likewise
        self._new = self._matrix  # their rows
        self._new_led = self._matrix  # their rows, of M's tokens
        self._read_version, self._read_ms = 0, -(10**15)
        self._learned_ms = -(10**15)
        self._next = -1  # item that learning M goes on with; below 0 it rests
        self._tokens: NDArray[np.int64] = np.zeros(0, np.int64)  # of the sums
        self._learned = self._matrix  # (items, those tokens)
        self._sums: NDArray[np.float32] = np.zeros((0, 0), np.float32)
        self._affinity_tokens: NDArray[np.int64] = np.zeros(0, np.int64)  # of M
        self._affinity: NDArray[np.float32] = np.zeros((0, 0), np.float32)
        self._scale = 0.0  # g
        self._vectors = vectors
        dimensions = vectors.inputs.shape[1]
        self._placing = AttributeVectors(2 * dimensions)
        self._centre: NDArray[np.float32] = np.zeros((2, dimensions), np.float32)
        self._new_places = self._placing.vectors  # where new items would lie, v before u
        self._places_scale = 0.0  # h

    # -- by the clock

    def refresh(self, now_ms: int) -> None:
        """Read the catalogue anew if it changed; take one slice of what attributes lead to."""
        if not len(self._attributes):
            return
        pause = max(READ_PAUSE_MS, len(self._attributes) // READ_ITEMS_PER_MS)
        if self._read_version != self._attributes.version and now_ms - self._read_ms >= pause:
            self._read_ms = now_ms
            self._read()
        if self._next >= 0:
            self._learn_slice()
        elif now_ms - self._learned_ms >= LEARN_PAUSE_MS and len(self._similar):
            self._learned_ms = now_ms
            self._begin()

    def settle(self) -> None:
        """Bring everything up to date at once: no list waits, as in an evaluation."""
        if len(self._attributes):
            self._read()
            self._begin()
            while self._next >= 0:
                self._learn_slice()

    def _read(self) -> None:
        self._read_version = self._attributes.version
        self._matrix = self._attributes.matrix(len(self._items))
        self._choose()
        self._version += 1

    def _choose(self) -> None:
        """Which items are new: the latest of the catalogue that few have visited."""
        most = self._config.new_items_max
        self._counts.reserve()
        visits = self._counts.n[CLICK]
        known = np.diff(self._matrix.indptr) > 0
        latest = (
            item
            for item in self._catalogue.newest()
            if item < len(known) and known[item] and visits[item] < self._config.new_item_visits
        )
        self.new_items = np.fromiter(islice(latest, most), np.int64)
        self._new = self._matrix[self.new_items]
        self._place_new()

    def _place_new(self) -> None:
        self._new_led = self._new[:, self._affinity_tokens]
        places = self._by_attributes(self._new_led)
        self._new_places = places[:, ::-1].reshape(len(places), self._centre.size)

    def _begin(self) -> None:
        """Begin to learn M from all items, with the most frequent tokens there are now."""
        frequency = np.bincount(self._matrix.indices, minlength=self._matrix.shape[1])
        order = np.argsort(-frequency, kind="stable")[:AFFINITY_TOKENS_MAX]
        self._tokens = np.sort(order[frequency[order] > 0])
        self._learned = self._matrix[:, self._tokens]
        self._sums = np.zeros((len(self._tokens), len(self._tokens)), np.float32)
        self._placing.begin(self._tokens)
        # The middle of some, so that no list waits: most vectors have something in common.
        count = self._matrix.shape[0]
        some = self._vectors.sides(np.arange(0, count, 1 + count // CENTRE_ITEMS))
        known = np.maximum(some.any(axis=2).sum(axis=0), 1)
        self._centre = some.sum(axis=0) / known[:, np.newaxis].astype(np.float32)
        self._next = 0

    def _learn_slice(self) -> None:
        """Take some items into the sums, or solve them a little further; at the end, make M."""
        mine = self._learned
        count = mine.shape[0]
        slices = -(-count // LEARN_ROWS)
        at, self._next = self._next, self._next + 1
        if at < slices:
            seeds = np.arange(at * LEARN_ROWS, min((at + 1) * LEARN_ROWS, count))
            followers = self._neighbours(seeds, count, counts=True)
            add_product(self._sums, mine[seeds], followers @ mine)
            places = self._behaviour(seeds).reshape(len(seeds), self._centre.size)
            known = np.flatnonzero(places.any(axis=1))
            self._placing.add(mine[seeds[known]], places[known])
            return
        self._placing.solve()
        if at < slices + SOLVE_STEPS - 1:
            return
        self._placing.finish()
        self._next = -1
        self._similar.reserve()
        visited = np.flatnonzero(self._similar.row_of[:count] >= 0)
        supply = np.asarray(mine[visited].sum(axis=0)).ravel()
        demand = self._sums.sum(axis=1)
        prior = demand.mean() / 1000 + TINY if len(demand) else TINY
        affinity = self._sums / (demand + prior)[:, None] / (1 + supply)
        self._affinity, self._affinity_tokens = affinity.astype(np.float32), self._tokens
        self._sums = np.zeros((0, 0), np.float32)
        self._place_new()
        self._measure(visited)
        self._choose()
        self._version += 1

    def _measure(self, visited: NDArray[np.int64]) -> None:
        """g and h: that the best of each part are equally large, over some seeds, but for what
        `content_vectors_weight` says."""
        some = visited[:: max(1, len(visited) // SCALE_SEEDS)]
        self._scale = self._places_scale = 0.0
        if len(some) and len(self.new_items):
            best = [float(part.max(axis=1).mean()) for part in self._parts(some)]
            like, led, near = best
            if led > TINY:  # else nothing can be said yet of how large it is
                self._scale = like / led
            if near > TINY:
                self._places_scale = self._config.content_vectors_weight * like / near

    # -- rows

    def reserve(self) -> None:
        """Make `row_of` cover every interned item."""
        if self._items.capacity > len(self.row_of):
            self.row_of = grown(self.row_of, self._items.capacity, -1)

    def prepare(self, seeds: NDArray[np.int64]) -> None:
        """Have rows of these items ready: the first of those that are missing or out of date."""
        if not len(self.new_items):
            return
        self.reserve()
        places = self.row_of[seeds]
        due = np.unique(seeds[(places < 0) | (self._made[places] < self._version)])
        due = due[: self._config.content_rows_at_once]
        due = due[due < self._matrix.shape[0]]
        if not len(due):
            return
        fits = self.fits_of(due)
        width = min(self.fits.shape[1], fits.shape[1])
        best = np.argpartition(-fits, width - 1, axis=1)[:, :width]
        values = np.take_along_axis(fits, best, axis=1)
        order = np.argsort(-values, axis=1, kind="stable")
        best, values = np.take_along_axis(best, order, axis=1), np.take_along_axis(values, order, 1)
        rows = self._rows_for(due)
        self.neighbours[rows] = -1
        self.neighbours[rows, :width] = np.where(values > 0, self.new_items[best], -1)
        self.fits[rows] = 0.0
        self.fits[rows, :width] = values
        self._made[rows] = self._version

    def fits_of(self, seeds: NDArray[np.int64]) -> NDArray[np.float32]:
        """(seeds, new items) how well each of `new_items` fits each seed; 0 for itself."""
        like, led, near = self._parts(seeds)
        fits: NDArray[np.float32] = (
            like + np.float32(self._scale) * led + np.float32(self._places_scale) * near
        )
        fits[self.new_items[None, :] == seeds[:, None]] = 0.0
        return fits

    def likeness(self, seeds: NDArray[np.int64]) -> NDArray[np.float32]:
        """(seeds, new items) cosines of their attributes alone."""
        alike: NDArray[np.float32] = (self._matrix[seeds] @ self._new.T).toarray()
        return alike

    def _parts(self, seeds: NDArray[np.int64]) -> tuple[NDArray[np.float32], ...]:
        """(seeds, new items) three times: by likeness, by what attributes lead to, by vectors."""
        near = self._neighbours(seeds, self._matrix.shape[0]) @ self._matrix
        # Of what the catalogue says nothing, its neighbours tell what it is.
        length = np.sqrt(np.asarray(near.multiply(near).sum(axis=1)).ravel())
        unknown = (np.diff(self._matrix.indptr)[seeds] == 0) / np.maximum(length, TINY)
        mine = self._matrix[seeds] + sparse.diags_array(unknown) @ near
        like = ((mine + self._config.content_neighbours_weight * near) @ self._new.T).toarray()
        tokens = self._affinity_tokens
        if not len(tokens):
            return like, np.zeros_like(like), np.zeros_like(like)
        mine = mine[:, tokens]
        ahead = mine @ self._affinity
        places = unit(self._behaviour(seeds) + self._by_attributes(mine))
        near = places.reshape(len(seeds), self._centre.size) @ self._new_places.T
        return like, (self._new_led @ ahead.T).T, near

    def _behaviour(self, items: NDArray[np.int64]) -> NDArray[np.float32]:
        """(items, 2, dimensions) u and v as learned, as directions from the middle of all; 0 where
        nothing was."""
        sides = self._vectors.sides(items)
        return unit((sides - self._centre) * sides.any(axis=2, keepdims=True))

    def _by_attributes(self, weights: sparse.csr_matrix) -> NDArray[np.float32]:
        """(items, 2, dimensions) where attributes put them. weights: (items, tokens of M)."""
        return unit(
            (weights @ self._placing.vectors).reshape(weights.shape[0], *self._centre.shape)
        )

    def _rows_for(self, seeds: NDArray[np.int64]) -> NDArray[np.int32]:
        """Their rows, new ones where they have none."""
        without = seeds[self.row_of[seeds] < 0]
        needed = self._used + len(without)
        if needed > len(self.fits):
            size = max(needed, 2 * len(self.fits))
            self.neighbours = grown(self.neighbours, size, -1)
            self.fits, self._made = grown(self.fits, size), grown(self._made, size)
        self.row_of[without] = np.arange(self._used, needed)
        self._used = needed
        return self.row_of[seeds]

    def _neighbours(
        self, seeds: NDArray[np.int64], size: int, counts: bool = False
    ) -> sparse.csr_matrix:
        """(seeds, size) neighbours' scores; or the square roots of how many sessions share them,
        which the affinity is made of: few pairs must not drown many."""
        similar = self._similar
        similar.reserve()
        places = similar.row_of[seeds]
        columns = similar.neighbours[places]
        columns[places < 0] = -1
        columns[columns >= size] = -1  # came after the catalogue was read
        values = np.sqrt(similar.counts[places]) if counts else similar.scores[places]
        kept = columns >= 0
        rows = np.broadcast_to(np.arange(len(seeds))[:, None], columns.shape)
        return sparse.csr_matrix(
            (values[kept], (rows[kept], columns[kept])), (len(seeds), size), np.float32
        )
