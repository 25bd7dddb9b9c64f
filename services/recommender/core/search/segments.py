"""Parts of a search index: products that were put one after the other, with all that is known.

Postings are kept by distinct term, vectors twice: as float32, and as int8 codes with a scale each,
which a scan reads at a quarter of the price (the bound on what that costs in accuracy is `error`).
Parts alike in size are merged (O'Neil et al. 1996, "The log-structured merge-tree") up to
`PLACES_MAX` products, so that neither adding a product nor taking one out ever moves them all.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import compress
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..numeric.int8 import WIDTH, kept_rows, laid_out
from ..numeric.jit import jit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

PLACES_MAX = 8_192  # of one segment: merged in a few ms, and a place fits into 16 bits
CODE_MAX = 127


@dataclass(frozen=True, slots=True)
class Terms:
    """Hashed terms of texts. rows: (n,) int32, ascending; ids: (n,) int32, any hash that both
    products and queries share, distinct within a row; counts: (n,) float32, above 0."""

    rows: NDArray[np.int32]
    ids: NDArray[np.int32]
    counts: NDArray[np.float32]


class Postings(NamedTuple):
    """An inverted index. terms: (terms,) int32, ascending; starts: (terms + 1,) int64, of each
    term's postings; places: (postings,) uint16, ascending within a term; counts: (postings,)."""

    terms: NDArray[np.int32]
    starts: NDArray[np.int64]
    places: NDArray[np.uint16]
    counts: NDArray[np.float32]


@dataclass(slots=True)
class Segment:
    """All arrays are by place. A product that is taken out keeps its place until a merge."""

    serials: NDArray[np.int64]  # (places,) ascending: which product of all that were ever put
    products: list[str]
    vectors: NDArray[np.float32]  # (places, dimensions), of length 1 or 0
    codes: NDArray[Any]  # of `coded`, as `int8.laid_out` has them
    scales: NDArray[np.float32]  # (places,): vector = scale * code, about
    lengths: NDArray[np.float32]  # (places,) of texts in terms; of the dead infinite
    alive: NDArray[np.bool_]
    postings: Postings
    error: float  # the longest difference of a vector from what its code says
    length: float  # sum of the lengths of the living
    living: int

    def __len__(self) -> int:
        """Places, of the dead too."""
        return len(self.alive)

    def kill(self, serial: int) -> None:
        """Take a living product out."""
        place = int(np.searchsorted(self.serials, serial))
        self.alive[place] = False
        self.length -= float(self.lengths[place])
        self.lengths[place] = np.inf  # so that whatever its terms weigh is nothing
        self.living -= 1


def coded(
    vectors: NDArray[np.float32],
) -> tuple[NDArray[np.int8], NDArray[np.float32], NDArray[np.float32]]:
    """(codes, scales, errors): vector = scale * code, but for a difference of length `error`.

    codes: (rows, width), filled up with zeros to a multiple of int8.WIDTH.
    """
    rows, dimensions = vectors.shape
    scales = np.abs(vectors).max(axis=1, initial=0) / np.float32(CODE_MAX)
    whole = np.rint(vectors / np.where(scales > 0, scales, 1)[:, np.newaxis])
    left = vectors - whole * scales[:, np.newaxis]
    codes = np.zeros((rows, -(-dimensions // WIDTH) * WIDTH), np.int8)
    codes[:, :dimensions] = whole
    return codes, scales, np.sqrt(np.einsum("ij,ij->i", left, left))


def of_batch(products: list[str], terms: Terms, vectors: NDArray[np.float32]) -> Segment:
    """New products as a segment, their serials from 0. terms: rows 0 to n - 1, each a product."""
    count = len(products)
    assert 0 < count <= PLACES_MAX
    codes, scales, errors = coded(vectors)
    lengths = np.bincount(terms.rows, weights=terms.counts, minlength=count).astype(np.float32)
    order = np.argsort(terms.ids.astype(np.int64) << 16 | terms.rows)
    ids = terms.ids[order]
    begins = np.flatnonzero(np.diff(ids, prepend=ids[0] - 1)) if len(ids) else np.zeros(0, np.int64)
    return Segment(
        serials=np.arange(count),
        products=products,
        vectors=vectors,
        codes=laid_out(codes),
        scales=scales,
        lengths=lengths,
        alive=np.ones(count, np.bool_),
        postings=Postings(
            ids[begins],
            np.append(begins, len(ids)),
            terms.rows[order].astype(np.uint16),
            terms.counts[order],
        ),
        error=float(errors.max()),
        length=float(lengths.sum(dtype=np.float64)),
        living=count,
    )


def merged(parts: Sequence[Segment]) -> Segment:
    """One segment of what is alive in one or two, the older first."""
    assert sum(part.living for part in parts) <= PLACES_MAX
    kept = [part.alive for part in parts]
    products: list[str] = []
    for part in parts:
        products += compress(part.products, part.alive.tolist())

    def column(name: str) -> Any:
        return np.concatenate(
            [getattr(part, name)[alive] for part, alive in zip(parts, kept, strict=True)]
        )

    older, newer = parts[0], parts[-1]
    moved = [np.cumsum(alive) - 1 for alive in kept]
    first = (older.postings, older.alive, moved[0])
    if len(parts) == 1:
        postings = _merged(*first, NOTHING, NO_ONE, moved[0])
    else:
        postings = _merged(*first, newer.postings, newer.alive, moved[1] + older.living)
    return Segment(
        serials=column("serials"),
        products=products,
        vectors=column("vectors"),
        codes=kept_rows([part.codes for part in parts], kept),
        scales=column("scales"),
        lengths=column("lengths"),
        alive=np.ones(len(products), np.bool_),
        postings=postings,
        error=max(part.error for part in parts),
        length=sum(part.length for part in parts),
        living=len(products),
    )


NOTHING = Postings(
    np.zeros(0, np.int32), np.zeros(1, np.int64), np.zeros(0, np.uint16), np.zeros(0, np.float32)
)
NO_ONE = np.zeros(0, np.bool_)


def _merged(
    older: Postings,
    older_alive: NDArray[np.bool_],
    older_moved: NDArray[np.int64],
    newer: Postings,
    newer_alive: NDArray[np.bool_],
    newer_moved: NDArray[np.int64],
) -> Postings:
    """moved: the new place of each living one."""
    size = len(older.terms) + len(newer.terms)
    entries = len(older.places) + len(newer.places)
    out = Postings(
        np.empty(size, np.int32),
        np.zeros(size + 1, np.int64),
        np.empty(entries, np.uint16),
        np.empty(entries, np.float32),
    )
    terms = _merge(
        *older,
        *newer,
        *out,
        older_alive=older_alive,
        older_moved=older_moved,
        newer_alive=newer_alive,
        newer_moved=newer_moved,
    )
    used = int(out.starts[terms])
    return Postings(
        out.terms[:terms].copy(),
        out.starts[: terms + 1].copy(),
        out.places[:used].copy(),
        out.counts[:used].copy(),
    )


@jit
def _merge(
    older_terms: Any,
    older_starts: Any,
    older_places: Any,
    older_counts: Any,
    newer_terms: Any,
    newer_starts: Any,
    newer_places: Any,
    newer_counts: Any,
    terms: Any,
    starts: Any,
    places: Any,
    counts: Any,
    older_alive: Any,
    older_moved: Any,
    newer_alive: Any,
    newer_moved: Any,
) -> Any:
    """Merge by term into the third four; how many terms have a living product."""
    older, newer, at, used = 0, 0, 0, 0
    while older < len(older_terms) or newer < len(newer_terms):
        in_older = newer == len(newer_terms) or (
            older < len(older_terms) and older_terms[older] <= newer_terms[newer]
        )
        in_newer = older == len(older_terms) or (
            newer < len(newer_terms) and newer_terms[newer] <= older_terms[older]
        )
        term = older_terms[older] if in_older else newer_terms[newer]
        begin = at
        if in_older:
            for entry in range(older_starts[older], older_starts[older + 1]):
                place = older_places[entry]
                if older_alive[place]:
                    places[at] = older_moved[place]
                    counts[at] = older_counts[entry]
                    at += 1
            older += 1
        if in_newer:
            for entry in range(newer_starts[newer], newer_starts[newer + 1]):
                place = newer_places[entry]
                if newer_alive[place]:
                    places[at] = newer_moved[place]
                    counts[at] = newer_counts[entry]
                    at += 1
            newer += 1
        if at > begin:
            terms[used], starts[used + 1] = term, at
            used += 1
    return used
