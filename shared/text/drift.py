"""Drift of a text model's inputs and scores: lately served texts against those before them.

By language, of four distributions each: predicted label, its probability, length, share of unusual
characters; and of the languages themselves. Compared by the population stability index.

Texts are counted in blocks, which close by number and by time, so that neither a quiet shop nor a
busy one compares handfuls or split seconds. The newest closed blocks and the open one are *recent*;
a block that leaves them is added to the *reference*, which forgets exponentially. No text is in
both, none is kept, and memory is bounded whatever comes.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .unusual import unusual_shares

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

BLOCK_TEXTS = 100  # a block closes once it has so many texts
BLOCK_MS = 300_000  # and is so old
RECENT_BLOCKS = 5  # closed ones, beside the open one
RECENT_MS_MAX = 7 * 86_400_000  # older blocks are not recent, however few came since
REFERENCE_HALF_LIFE = 288  # blocks: a day of a busy shop, 28,800 texts of a quiet one
RECENT_TEXTS_MIN = 500  # with fewer, or a smaller reference, there is no index
REFERENCE_TEXTS_MIN = 1000

LANGUAGES = ("en", "zh", "other")
ALL = "all"  # the window of the languages' own shares
CONFIDENCE_FROM = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
LENGTHS_FROM = (5, 9, 17, 33, 65, 129, 257, 513, 1025)  # characters
UNUSUAL_ABOVE = (0.0, 0.02, 0.05, 0.1, 0.2, 0.5)  # shares


def psi(recent: NDArray[np.float64], reference: NDArray[np.float64]) -> float:
    """Population stability index of two histograms over the same bins, shape (bins,).

    sum over bins of (p - q) ln(p / q), p and q the shares of the bin in each: the symmetric
    divergence of Jeffreys (1946), as used on scorecards (Siddiqi, Credit Risk Scorecards, 2006:
    below 0.1 stable, above 0.25 shifted). Bins that are empty in both are left out, and half a
    text is added to the others, so that the index is finite. Without a shift it is about
    chi-squared with bins - 1 degrees of freedom, times 1/n + 1/m (Yurdakul, 2018).
    """
    there = (recent > 0) | (reference > 0)
    if not there.any():
        return 0.0
    p, q = recent[there] + 0.5, reference[there] + 0.5
    p, q = p / p.sum(), q / q.sum()
    return float(((p - q) * np.log(p / q)).sum())


class Shift(NamedTuple):
    """The index of one feature of one language's texts; None where too few texts are compared."""

    language: str
    feature: str
    psi: float | None


class Held(NamedTuple):
    """How many texts of a language are compared. reference: after forgetting."""

    language: str
    recent: float
    reference: float


class Window:
    """Counts of recent blocks and of the reference, of several histograms side by side."""

    def __init__(self, sizes: dict[str, int]) -> None:
        """sizes: bins of each histogram, by name."""
        ends = np.cumsum(list(sizes.values())).tolist()
        self._slices = {
            name: slice(end - size, end)
            for (name, size), end in zip(sizes.items(), ends, strict=True)
        }
        self._bins = ends[-1]
        self._closed: deque[tuple[int, int, NDArray[np.float64]]] = deque()
        self._open = np.zeros(self._bins)
        self._open_texts = 0
        self._started_ms = 0
        self._reference = np.zeros(self._bins)
        self._reference_texts = 0.0

    @property
    def recent_texts(self) -> int:
        return self._open_texts + sum(texts for _, texts, _ in self._closed)

    @property
    def reference_texts(self) -> float:
        return self._reference_texts

    def add(self, bins: NDArray[np.int64], times_ms: NDArray[np.int64]) -> None:
        """Count texts in order. bins: (texts, histograms), numbered through all histograms;
        times_ms: (texts,), never falling. The result is the same however texts are cut into calls.
        """
        first = 0
        while first < len(bins):
            if not self._open_texts:
                self._started_ms = int(times_ms[first])
            enough = first + BLOCK_TEXTS - self._open_texts - 1
            old = int(np.searchsorted(times_ms, self._started_ms + BLOCK_MS))
            last = max(enough, old)  # the text that closes the block
            part = bins[first : last + 1]
            self._open += np.bincount(part.ravel(), minlength=self._bins)
            self._open_texts += len(part)
            if last < len(bins):
                self._close(int(times_ms[last]))
            first = last + 1

    def _close(self, now_ms: int) -> None:
        self._closed.append((now_ms, self._open_texts, self._open))
        self._open, self._open_texts = np.zeros(self._bins), 0
        if len(self._closed) > RECENT_BLOCKS:
            self._forget_oldest()

    def expire(self, now_ms: int) -> None:
        """Blocks that closed too long ago are recent no more."""
        while self._closed and self._closed[0][0] < now_ms - RECENT_MS_MAX:
            self._forget_oldest()

    def _forget_oldest(self) -> None:
        _, texts, counts = self._closed.popleft()
        kept = 0.5 ** (1 / REFERENCE_HALF_LIFE)
        self._reference = self._reference * kept + counts
        self._reference_texts = self._reference_texts * kept + texts

    def shifts(self) -> dict[str, float | None]:
        """The index of each histogram; None where there are too few texts."""
        if self.recent_texts < RECENT_TEXTS_MIN or self._reference_texts < REFERENCE_TEXTS_MIN:
            return dict.fromkeys(self._slices)
        recent = self._open + sum(counts for _, _, counts in self._closed)
        return {
            name: psi(recent[where], self._reference[where]) for name, where in self._slices.items()
        }


class Drift:
    """Windows of one model, by language."""

    def __init__(self, labels: int) -> None:
        """labels: how many the model has."""
        sizes = {
            "label": labels,
            "confidence": len(CONFIDENCE_FROM) + 1,
            "length": len(LENGTHS_FROM) + 1,
            "characters": len(UNUSUAL_ABOVE) + 1,
        }
        self._firsts = np.cumsum([0, *sizes.values()])[:-1]
        self._windows = {language: Window(sizes) for language in LANGUAGES}
        self._all = Window({"language": len(LANGUAGES)})
        self._now_ms = 0

    def observe(
        self,
        texts: Sequence[str],
        languages: Sequence[str],
        rows: NDArray[np.float32],
        times_ms: Sequence[int],
        now_ms: int,
    ) -> None:
        """Count a batch of served texts.

        languages: as `detect` says. rows: (texts, labels), probabilities. times_ms: of the events,
        so that a replay is compared by the days it is of; one ahead of `now_ms`, the clock, counts
        as now, and one behind an earlier one as that.
        """
        if not texts:
            return
        times = np.minimum(np.asarray(times_ms, np.int64), now_ms)
        times = np.maximum.accumulate(np.maximum(times, self._now_ms))
        self._now_ms = int(times[-1])
        of = np.array([LANGUAGES.index(language) for language in languages], np.int64)
        lengths = np.fromiter(map(len, texts), np.int64, len(texts))
        bins = np.stack(
            [
                rows.argmax(axis=1),
                np.searchsorted(CONFIDENCE_FROM, rows.max(axis=1), side="right"),
                np.searchsorted(LENGTHS_FROM, lengths, side="right"),
                np.searchsorted(UNUSUAL_ABOVE, unusual_shares(texts, of == 1), side="left"),
            ],
            axis=1,
        )
        bins += self._firsts
        self._all.add(of[:, None], times)
        for number, window in enumerate(self._windows.values()):
            mine = of == number
            if mine.any():
                window.add(bins[mine], times[mine])
        for _, window in self._each():
            window.expire(self._now_ms)

    def shifts(self) -> Iterator[Shift]:
        """All features of all languages, those without an index too."""
        for language, window in self._each():
            for feature, index in window.shifts().items():
                yield Shift(language, feature, index)

    def held(self) -> Iterator[Held]:
        """The texts that are compared, by language."""
        for language, window in self._each():
            yield Held(language, window.recent_texts, window.reference_texts)

    def _each(self) -> Iterator[tuple[str, Window]]:
        yield from self._windows.items()
        yield ALL, self._all
