"""Segments of an inverted index: passages with the postings of their terms, joined as they grow.

O'Neil et al. 1996, "The log-structured merge-tree"; the bound on what is joined is Lucene's
(`TieredMergePolicy`): a change costs a bounded time, however many passages there are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from shopkeeper.shared.text.postings import Run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

# Of a segment that is joined from two: bounds the work of one change.
SIZE_MAX = 1_000_000
PLAIN_MAX = 50_000  # postings of a segment that needs no compiled loop; see `loops`


class Terms(NamedTuple):
    """One passage's terms. ids: (n,) int64, ascending, distinct; counts: (n,) float64, above 0."""

    ids: NDArray[np.int64]
    counts: NDArray[np.float64]


class Segment:
    """Passages in the order they were put, by slot, and their postings by term, then slot.

    Only `remove` changes it. lengths, groups, alive: (slots,); ids, slots, counts: (postings,).
    """

    def __init__(
        self,
        names: list[str],
        lengths: NDArray[np.float64],
        groups: NDArray[np.int64],
        postings: Run,
    ) -> None:
        """postings: by ascending slot, of any order of terms within one."""
        self.names, self.lengths, self.groups = names, lengths, groups
        self.alive = np.ones(len(names), np.bool_)
        self.living = len(names)
        order = np.argsort(postings.ids, kind="stable")
        self.ids, self.slots = postings.ids[order], postings.slots[order]
        self.counts = postings.counts[order]
        self._length_sum: float | None = None

    @property
    def size(self) -> int:
        """What joining it costs: postings, and passages that may have none."""
        return len(self.ids) + len(self.names)

    @property
    def length_sum(self) -> float:
        """Of the living."""
        if self._length_sum is None:
            self._length_sum = float(self.lengths[self.alive].sum())
        return self._length_sum

    def remove(self, slot: int) -> None:
        """Leave a living passage out from now on."""
        self.alive[slot] = False
        self.living -= 1
        self._length_sum = None

    def spans(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """(2, terms) where each term's postings begin and end."""
        firsts = np.searchsorted(self.ids, ids)
        return np.array([firsts, np.searchsorted(self.ids, ids, side="right")], np.int64)

    def frequencies(self, spans: NDArray[np.int64]) -> NDArray[np.float64]:
        """(terms,) in how many living passages each is. spans: as from `spans`."""
        if self.living == len(self.names):
            every: NDArray[np.float64] = (spans[1] - spans[0]).astype(np.float64)
            return every
        found = np.zeros(spans.shape[1])
        _count(spans, self.slots, self.alive, found)
        return found

    def scores(
        self, spans: NDArray[np.int64], weights: NDArray[np.float64], norms: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """(slots,) sum over terms, in their order, of weight * count / (count + norm of the slot);
        0 for the dead. spans: (2, terms); weights: (terms,); norms: (slots,)."""
        found = np.zeros(len(self.names))
        norms = np.where(self.alive, norms, np.inf)
        _add(spans, weights, self.slots, self.counts, norms, found)
        return found


def segment_of(names: Sequence[str], terms: Sequence[Terms], groups: Sequence[int]) -> Segment:
    """Of passages; all (n,), n at least 1."""
    sizes = [len(found.ids) for found in terms]
    return Segment(
        list(names),
        np.array([found.counts.sum() for found in terms], np.float64),
        np.array(groups, np.int64),
        Run(
            np.concatenate([found.ids for found in terms]),
            np.repeat(np.arange(len(names), dtype=np.int32), sizes),
            np.concatenate([found.counts for found in terms]).astype(np.float32),
        ),
    )


def joined(segments: Sequence[Segment]) -> Segment:
    """One segment of what is alive in them, in the same order."""
    names: list[str] = []
    ids, slots, counts = [], [], []
    for each in segments:
        moved = len(names) - 1 + np.cumsum(each.alive, dtype=np.int32)
        kept = each.alive[each.slots]
        ids.append(each.ids[kept])
        slots.append(moved[each.slots[kept]])
        counts.append(each.counts[kept])
        names += [each.names[slot] for slot in np.flatnonzero(each.alive).tolist()]
    return Segment(
        names,
        np.concatenate([each.lengths[each.alive] for each in segments]),
        np.concatenate([each.groups[each.alive] for each in segments]),
        Run(np.concatenate(ids), np.concatenate(slots), np.concatenate(counts)),
    )


def _count(
    spans: NDArray[np.int64],
    slots: NDArray[np.int32],
    alive: NDArray[np.bool_],
    found: NDArray[np.float64],
) -> None:
    if len(slots) > PLAIN_MAX:
        from .loops import count

        count(spans, slots, alive, found)
        return
    for term, (start, end) in enumerate(spans.T.tolist()):
        found[term] += alive[slots[start:end]].sum()


def _add(
    spans: NDArray[np.int64],
    weights: NDArray[np.float64],
    slots: NDArray[np.int32],
    counts: NDArray[np.float32],
    norms: NDArray[np.float64],
    found: NDArray[np.float64],
) -> None:
    if len(slots) > PLAIN_MAX:
        from .loops import add

        add(spans, weights, slots, counts, norms, found)
        return
    for weight, (start, end) in zip(weights.tolist(), spans.T.tolist(), strict=True):
        at, many = slots[start:end], counts[start:end].astype(np.float64)
        found[at] += weight * many / (many + norms[at])  # a term has one posting a slot
