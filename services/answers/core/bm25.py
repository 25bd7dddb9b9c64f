"""BM25 over passages that come, change and go one by one.

Robertson and Zaragoza 2009, "The probabilistic relevance framework". Postings lie in segments that
are joined when alike in size, up to a limit, so a passage costs the same to add whether there are a
hundred or a hundred thousand, and none has to wait for an index to be built anew. Statistics are
always those of the passages that are there: scores equal those of an index built afresh.

A question reads all postings of its terms in a compiled loop: 100,000 passages that all have a
question's fifteen terms take it a few milliseconds, less than it took to reason which to spare.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .segments import SIZE_MAX, Segment, joined, segment_of
from .segments import Terms as Terms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

SATURATION = 1.2  # k1
LENGTH_SHARE = 0.75  # b


class Found(NamedTuple):
    """What a search found. bound: what no passage can score, however often it has every term."""

    hits: list[tuple[str, float]]  # names and scores, best first
    bound: float
    also: dict[str, float]  # scores of those asked for by name


class _Spans(NamedTuple):
    """Where one segment has the postings of a question's terms. at: (2, terms)."""

    segment: Segment
    at: NDArray[np.int64]


class Bm25Index:
    """Passages by the words in them. Not safe to change while another thread searches."""

    def __init__(self, size_max: int = SIZE_MAX) -> None:
        """size_max: of a segment that is joined from others (`Segment.size`)."""
        self._size_max = size_max
        self._where: dict[str, tuple[Segment, int]] = {}  # name -> segment, slot
        self._segments: list[Segment] = []  # what was put last comes last

    def __len__(self) -> int:
        return len(self._where)

    def __contains__(self, name: str) -> bool:
        return name in self._where

    def put(self, names: Sequence[str], terms: Sequence[Terms], groups: Sequence[int]) -> None:
        """Add or replace. names: (n,), distinct; terms, groups: (n,).

        groups: a search may ask for one group; 0 is found by every search.
        """
        if len(names) != len(set(names)):
            raise ValueError("a name occurs twice")
        self.remove(names)
        if names:
            self._replace(len(self._segments), 0, segment_of(names, terms, groups))
            self._tidy()

    def remove(self, names: Sequence[str]) -> None:
        """Those that are not there are passed over."""
        touched = False
        for name in names:
            segment, slot = self._where.pop(name, (None, 0))
            if segment is not None:
                segment.remove(slot)
                touched = True
        if touched:
            # One at a time: a change's work is bounded, and the next one sees to the next.
            place = min(
                range(len(self._segments)),
                key=lambda n: self._segments[n].living / len(self._segments[n].names),
            )
            worst = self._segments[place]
            if not worst.living:
                del self._segments[place]
            elif 2 * worst.living < len(worst.names):
                self._replace(place, 1, joined([worst]))
                self._tidy()

    def search(
        self,
        ids: NDArray[np.int64],
        count: int,
        group: int | None = None,
        also: Sequence[str] = (),
    ) -> Found:
        """The best `count` passages that have any of the terms, with their scores, best first; of
        equal scores the one put last.

        ids: (n,), distinct. group: only passages of this group and of group 0; None: of any.
        also: names of passages whose scores are told too, be they among the best or not.
        """
        spans = self._spans(ids)
        idf = self._idf(len(ids), spans)
        weights = (SATURATION + 1) * idf
        bound = float(weights.sum())
        if not any((each.at[1] > each.at[0]).any() for each in spans) or count < 1:
            return Found([], bound, dict.fromkeys(also, 0.0))
        # Rarest first: a sum is the same however the postings are spread over segments.
        order = np.argsort(-idf, kind="stable")
        mean = sum(each.length_sum for each in self._segments) / len(self) or 1.0
        names: list[str] = []
        best: list[NDArray[np.float64]] = []
        scores_of: dict[int, NDArray[np.float64]] = {}
        for segment, at in spans:
            norms = SATURATION * (1 - LENGTH_SHARE + LENGTH_SHARE * segment.lengths / mean)
            scores = segment.scores(np.ascontiguousarray(at[:, order]), weights[order], norms)
            scores_of[id(segment)] = scores
            slots = _largest(scores, segment.groups, group, count)
            names += [segment.names[slot] for slot in slots.tolist()]
            best.append(scores[slots])
        scores = np.concatenate(best)
        first = np.lexsort((-np.arange(len(scores)), -scores))[:count]
        hits = [(names[n], float(scores[n])) for n in first.tolist()]
        found = {}
        for name in also:
            segment, slot = self._where[name]
            found[name] = float(scores_of[id(segment)][slot])
        return Found(hits, bound, found)

    def idf(self, ids: NDArray[np.int64]) -> NDArray[np.float64]:
        """(n,) how telling each term is, above 0; most of all one that no passage has."""
        return self._idf(len(ids), self._spans(ids))

    def _spans(self, ids: NDArray[np.int64]) -> list[_Spans]:
        return [_Spans(each, each.spans(ids)) for each in self._segments]

    def _idf(self, terms: int, spans: Sequence[_Spans]) -> NDArray[np.float64]:
        frequencies = np.zeros(terms)
        for segment, at in spans:
            frequencies += segment.frequencies(at)
        return np.log1p((len(self) - frequencies + 0.5) / (frequencies + 0.5))

    def _tidy(self) -> None:
        """Join neighbours while the older is less than twice as large and both are not too large:
        segments stay few, by the logarithm of all postings and by their number over the limit."""
        for place in range(len(self._segments) - 1, 0, -1):
            older, newer = self._segments[place - 1 : place + 1]
            if older.size < 2 * newer.size and older.size + newer.size <= self._size_max:
                self._replace(place - 1, 2, joined([older, newer]))

    def _replace(self, place: int, count: int, segment: Segment) -> None:
        """Put a segment in the place of `count` others."""
        self._segments[place : place + count] = [segment]
        self._where.update((name, (segment, slot)) for slot, name in enumerate(segment.names))


def _largest(
    scores: NDArray[np.float64], groups: NDArray[np.int64], group: int | None, count: int
) -> NDArray[np.intp]:
    """Slots of the largest above 0, ascending; all that equal the last of them as well."""
    wanted = scores > 0
    if group is not None:
        wanted &= (groups == 0) | (groups == group)
    slots = np.flatnonzero(wanted)
    if len(slots) > count:
        found = scores[slots]
        slots = slots[found >= np.partition(found, len(found) - count)[len(found) - count]]
    return slots
