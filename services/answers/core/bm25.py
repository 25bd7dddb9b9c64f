"""BM25 over passages that come, change and go one by one.

Robertson and Zaragoza 2009, "The probabilistic relevance framework". Postings lie in runs sorted by
term that are merged when alike in size (O'Neil et al. 1996, "The log-structured merge-tree"), so a
passage costs the same to add whether there are a hundred or a hundred thousand. Statistics are
always those of the passages that are there: scores equal those of an index built afresh.

A question reads the postings of its rare terms only, as far as they decide: a passage that has
none of them is passed over once all common terms together could not lift it among the best (the
upper bounds of Turtle and Flood 1995, "Query evaluation: strategies and optimizations"). The best
passages and their scores are the same as without.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from shopkeeper.shared.text.postings import Run, joined, merge

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

SATURATION = 1.2  # k1
LENGTH_SHARE = 0.75  # b
_SLOTS_MIN = 64
_COMMON = 0.02  # share of the passages from which on a term's postings are worth sparing


class Terms(NamedTuple):
    """One passage's terms. ids: (n,) int64, ascending, distinct; counts: (n,) float64, above 0."""

    ids: NDArray[np.int64]
    counts: NDArray[np.float64]


class Found(NamedTuple):
    """What a search found. bound: what no passage can score, however often it has every term."""

    hits: list[tuple[str, float]]  # names and scores, best first
    bound: float
    also: dict[str, float]  # scores of those asked for by name


class _Posting(NamedTuple):
    """What one term of a question has in one run. slots, counts: (n,), by ascending slot."""

    term: int  # number of the term in the question
    slots: NDArray[np.int32]
    counts: NDArray[np.float32]


class Bm25Index:
    """Passages by the words in them; each has a slot, which may change with `put` and `remove`.

    Not safe to change while another thread searches.
    """

    def __init__(self) -> None:
        self._slot_of: dict[str, int] = {}
        self._names: list[str | None] = []  # by slot, in the order they were put
        self._lengths = np.zeros(_SLOTS_MIN)
        self._groups = np.zeros(_SLOTS_MIN, np.int64)
        self._alive = np.zeros(_SLOTS_MIN, np.bool_)
        self._runs: list[Run] = []
        self._length_sum = 0.0

    def __len__(self) -> int:
        return len(self._slot_of)

    def __contains__(self, name: str) -> bool:
        return name in self._slot_of

    def put(self, names: Sequence[str], terms: Sequence[Terms], groups: Sequence[int]) -> None:
        """Add or replace. names: (n,), distinct; terms, groups: (n,).

        groups: a search may ask for one group; 0 is found by every search.
        """
        if len(names) != len(set(names)):
            raise ValueError("a name occurs twice")
        self.remove(names)
        first = len(self._names)
        self._grow(first + len(names))
        for slot, (name, found, group) in enumerate(zip(names, terms, groups, strict=True), first):
            self._slot_of[name] = slot
            self._names.append(name)
            self._lengths[slot], self._groups[slot] = found.counts.sum(), group
            self._alive[slot] = True
        self._length_sum = self._sum()
        if not names:
            return
        sizes = [len(found.ids) for found in terms]
        slots = np.repeat(np.arange(first, first + len(names), dtype=np.int32), sizes)
        ids = np.concatenate([found.ids for found in terms])
        counts = np.concatenate([found.counts for found in terms]).astype(np.float32)
        order = np.argsort(ids, kind="stable")
        self._runs.append(Run(ids[order], slots[order], counts[order]))
        merge(self._runs, self._alive)

    def remove(self, names: Sequence[str]) -> None:
        """Those that are not there are passed over."""
        for name in names:
            slot = self._slot_of.pop(name, None)
            if slot is not None:
                self._alive[slot], self._names[slot] = False, None
        if len(self._names) > _SLOTS_MIN and 2 * len(self) < len(self._names):
            self._compact()
        self._length_sum = self._sum()

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
        used = len(self._names)
        postings = self._postings(ids)
        idf = self._idf(len(ids), postings)
        bound = float((SATURATION + 1) * idf.sum())
        if not postings or count < 1:
            return Found([], bound, dict.fromkeys(also, 0.0))
        mean = self._length_sum / len(self)
        norms = SATURATION * (
            1 - LENGTH_SHARE + LENGTH_SHARE * self._lengths[:used] / (mean or 1.0)
        )
        wanted = None
        if group is not None:
            groups = self._groups[:used]
            wanted = (groups == 0) | (groups == group)
        named = np.array([self._slot_of[name] for name in also], np.intp)
        slots, scores, others = _best(postings, idf, norms, wanted, count, named)
        hits = [
            (self._names[slot] or "", score)
            for slot, score in zip(slots.tolist(), scores.tolist(), strict=True)
        ]
        return Found(hits, bound, dict(zip(also, others.tolist(), strict=True)))

    def idf(self, ids: NDArray[np.int64]) -> NDArray[np.float64]:
        """(n,) how telling each term is, above 0; most of all one that no passage has."""
        return self._idf(len(ids), self._postings(ids))

    def _sum(self) -> float:
        used = len(self._names)
        return float(self._lengths[:used][self._alive[:used]].sum())

    def _postings(self, ids: NDArray[np.int64]) -> list[_Posting]:
        """Of each term in each run, what is alive, where there is anything."""
        found = []
        all_alive = len(self._names) == len(self)
        for run in self._runs:
            firsts = np.searchsorted(run.ids, ids)
            ends = np.searchsorted(run.ids, ids, side="right")
            for term, (first, end) in enumerate(zip(firsts.tolist(), ends.tolist(), strict=True)):
                if first == end:
                    continue
                slots, counts = run.slots[first:end], run.counts[first:end]
                if not all_alive:
                    kept = self._alive[slots]
                    slots, counts = slots[kept], counts[kept]
                if len(slots):
                    found.append(_Posting(term, slots, counts))
        return found

    def _idf(self, terms: int, postings: Sequence[_Posting]) -> NDArray[np.float64]:
        frequencies = np.zeros(terms)
        for posting in postings:
            frequencies[posting.term] += len(posting.slots)
        return np.log1p((len(self) - frequencies + 0.5) / (frequencies + 0.5))

    def _grow(self, slots: int) -> None:
        if slots > len(self._alive):
            more = max(len(self._alive), slots - len(self._alive))
            self._lengths = np.concatenate([self._lengths, np.zeros(more)])
            self._groups = np.concatenate([self._groups, np.zeros(more, np.int64)])
            self._alive = np.concatenate([self._alive, np.zeros(more, np.bool_)])

    def _compact(self) -> None:
        """Give the living consecutive slots again, in the same order."""
        used = len(self._names)
        run = joined(self._runs, self._alive) if self._runs else None
        living = np.flatnonzero(self._alive[:used])
        moved = np.zeros(used, np.int32)
        moved[living] = np.arange(len(living), dtype=np.int32)
        self._names = [self._names[slot] for slot in living.tolist()]
        self._slot_of = {name: s for s, name in enumerate(self._names) if name is not None}
        self._lengths, self._groups = self._lengths[living], self._groups[living]
        self._alive = np.ones(len(living), np.bool_)
        self._runs = [] if run is None else [Run(run.ids, moved[run.slots], run.counts)]
        self._grow(_SLOTS_MIN)


def _best(
    postings: Sequence[_Posting],
    idf: NDArray[np.float64],
    norms: NDArray[np.float64],
    wanted: NDArray[np.bool_] | None,
    count: int,
    named: NDArray[np.intp],
) -> tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.float64]]:
    """(slots, scores) of the best, best first, and the scores of the named slots.

    Terms add from the rarest on, whatever is passed over, so that a sum is the same.
    """
    rare_first = sorted(range(len(idf)), key=lambda term: -idf[term])
    by_term: dict[int, list[_Posting]] = {}
    for posting in postings:
        by_term.setdefault(posting.term, []).append(posting)
    # bounds[i]: what the terms from the i-th rarest on can add at most
    bounds = [*np.cumsum([(SATURATION + 1) * idf[t] for t in reversed(rare_first)])[::-1], 0.0]
    partial = np.zeros(len(norms))
    read = len(rare_first)
    for place, term in enumerate(rare_first):
        found = by_term.get(term, ())
        # Asked before what costs more than the asking.
        if sum(len(p.slots) for p in found) > len(norms) * _COMMON and _decided(
            partial, wanted, count, bounds[place]
        ):
            read = place
            break
        for posting in found:
            partial[posting.slots] += _weights(posting, idf[term], norms[posting.slots])
    if wanted is not None:
        partial[~wanted] = 0.0
    rest = bounds[read]
    candidates = np.flatnonzero(partial > 0)
    if len(candidates) > count:
        threshold = np.partition(partial[candidates], len(candidates) - count)[-count]
        # Sums are rounded, bounds too: a hair's breadth more are kept.
        candidates = candidates[partial[candidates] + rest >= threshold * (1 - 1e-9)]
    best = candidates
    candidates = np.union1d(candidates, named) if len(named) else candidates
    scores = partial[candidates]
    for term in rare_first[read:]:
        for posting in by_term.get(term, ()):
            at = np.searchsorted(posting.slots, candidates)
            at[at == len(posting.slots)] = 0
            there = posting.slots[at] == candidates
            chosen = _Posting(term, candidates[there], posting.counts[at[there]])
            scores[there] += _weights(chosen, idf[term], norms[candidates[there]])
    others = scores[np.searchsorted(candidates, named)]
    scores = scores[np.searchsorted(candidates, best)]
    order = np.lexsort((-best, -scores))[:count]
    return best[order], scores[order], others


def _decided(
    partial: NDArray[np.float64], wanted: NDArray[np.bool_] | None, count: int, rest: float
) -> bool:
    """Whether no passage without a term that was read can be among the best any more."""
    scores = partial[partial > 0] if wanted is None else partial[wanted & (partial > 0)]
    if len(scores) <= count:
        return False
    threshold: float = np.partition(scores, len(scores) - count)[-count]
    return threshold * (1 - 1e-9) > rest


def _weights(posting: _Posting, idf: float, norms: NDArray[np.float64]) -> NDArray[np.float64]:
    weights: NDArray[np.float64] = (
        idf * (SATURATION + 1) * posting.counts / (posting.counts + norms)
    )
    return weights
