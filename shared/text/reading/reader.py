"""Span models: questions and passages to the words of the passage that answer, and how sure it is
that any do.

Two sentences of caution: a span is always found, so ask `answerable` before it is told to anybody;
and a passage is read in windows of the length that the model was last trained on, since longer ones
cost it 3 to 16 points of F1.
"""

from __future__ import annotations

import math
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..chinese import simplified
from ..language import detect
from ..manifest import ModelError, checked_file, checked_model, model_folder, read_manifest
from ..onnx_model import start_session
from ..transformer import cut_calls, padded
from ..wordpiece import words_of
from .spans import best_span, log_sum, probability
from .windows import MARKS, QUESTION_PIECES_MAX, Window, begins_of, kinds_of, telling, window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from ..manifest import Content, ReaderEntry

QUESTION_CHARACTERS_MAX = 1_024
PASSAGE_CHARACTERS_MAX = 16_384  # what follows is not read
LANGUAGES = ("en", "zh")


class Span(NamedTuple):
    """Words of a passage, passage[begin:end]: empty where there are none at all."""

    begin: int
    end: int
    sure: float  # 0 to 1: that these are the words, if the passage has the answer
    answerable: float  # 0 to 1: that the passage has the answer


NOTHING = Span(0, 0, 0.0, 0.0)


class _Found(NamedTuple):
    """The best of the windows so far. total: the logarithm of what all spans add up to."""

    score: float
    first: int
    last: int
    total: float
    log_odds: float

    def joined(self, other: _Found) -> _Found:
        better = other if other.score > self.score else self
        return better._replace(
            total=float(np.logaddexp(self.total, other.total)),
            log_odds=max(self.log_odds, other.log_odds),
        )


class SpanReader:
    """One loaded span model, of one language. Give it one thread's calls at a time.

    `on_call`, where set, is told of every ONNX call: (seconds, windows), on the caller's thread.
    """

    def __init__(
        self, name: str, entry: ReaderEntry, content: Content, vocabulary: bytes, threads: int = 1
    ) -> None:
        """content, vocabulary: of the two files, already checked. Raises ModelError."""
        self.name, self.version = name, entry.version
        self.on_call: Callable[[float, int], None] | None = None
        self._entry = entry
        self._words = words_of(name, vocabulary, entry.strip_accents)
        if entry.pieces_max <= QUESTION_PIECES_MAX + MARKS or entry.span_pieces_max < 1:
            raise ModelError(f"model {name}: windows of {entry.pieces_max} pieces hold no passage")
        outputs = ["span", "answerable"]
        self._session = start_session(name, content, {"ids", "kinds"}, outputs)
        self._pool = ThreadPoolExecutor(threads, f"onnx-{name}") if threads > 1 else None

    @classmethod
    def load(cls, name: str, model_dir: str = "", threads: int = 1) -> SpanReader:
        """The reader of this name, checked against the manifest. Raises ModelError."""
        folder = model_folder(model_dir)
        entry = read_manifest(folder).readers.get(name)
        if entry is None:
            raise ModelError(f"{folder}: the manifest names no reader {name!r}")
        content = checked_model(folder, entry.file, entry.sha256)
        vocabulary = checked_file(folder, entry.vocabulary, entry.vocabulary_sha256)
        return cls(name, entry, content, vocabulary, threads)

    def read_all(self, asked: Sequence[tuple[str, str]]) -> list[Span]:
        """Of each question and passage the likeliest span. Raises nothing, whatever they are.

        A span depends on its own question and passage alone, to the bit. Traditional characters
        are read as simplified ones; the span is of the passage as it was given.
        """
        passages = [
            self._words.placed(simplified(passage[:PASSAGE_CHARACTERS_MAX])) for _, passage in asked
        ]
        windows: list[Window] = []
        owners: list[int] = []
        for number, ((question, _), passage) in enumerate(zip(asked, passages, strict=True)):
            some = self.windows(question, passage.ids)
            windows += some
            owners += [number] * len(some)
        best: dict[int, _Found] = {}
        for at, (scores, log_odds) in enumerate(self._scores(windows)):
            span = best_span(scores, self._entry.span_pieces_max)
            total = log_sum(scores[:, 0]) + log_sum(scores[:, 1])
            first = windows[at].first
            found = _Found(span.score, first + span.first, first + span.last, total, log_odds)
            known = best.get(owners[at])
            best[owners[at]] = found if known is None else known.joined(found)
        slope, shift = self._entry.answerable
        return [
            Span(
                passage.begins[best[number].first],
                passage.ends[best[number].last],
                min(1.0, math.exp(best[number].score - best[number].total)),
                probability(slope * best[number].log_odds + shift),
            )
            if number in best
            else NOTHING
            for number, passage in enumerate(passages)
        ]

    def windows(self, question: str, passage: Sequence[int]) -> list[Window]:
        """What is read of a passage's pieces; none of an empty one."""
        if not passage:
            return []
        words = simplified(question[:QUESTION_CHARACTERS_MAX])
        asked = self._words.placed(words).ids[:QUESTION_PIECES_MAX]
        room = self._entry.pieces_max - len(asked) - MARKS
        kinds = kinds_of(asked, passage)
        marks = self._words.first, self._words.last
        return [
            window(asked, passage, kinds, first, room, marks)
            for first in telling(begins_of(len(passage), room), kinds, room)
        ]

    def _scores(self, windows: Sequence[Window]) -> Iterable[tuple[NDArray[np.float32], float]]:
        """Of each window (log-odds of its passage's pieces, (pieces, 2); of being answerable)."""
        found: list[tuple[NDArray[np.float32], float]] = [(np.zeros((0, 2), np.float32), 0.0)]
        found *= len(windows)
        calls = cut_calls(np.fromiter((len(w.ids) for w in windows), np.int64, len(windows)))
        for rows, (spans, answerable, seconds) in zip(
            calls,
            (self._pool.map if self._pool else map)(
                lambda rows: self._run([windows[row] for row in rows]), calls
            ),
            strict=True,
        ):
            for place, row in enumerate(rows.tolist()):
                each = windows[row]
                part = spans[place, each.begin : each.begin + each.size]
                found[row] = part, float(answerable[place, 0])
            if self.on_call is not None:
                self.on_call(seconds, len(rows))
        return found

    def _run(self, windows: list[Window]) -> tuple[NDArray[np.float32], NDArray[np.float32], float]:
        started = time.perf_counter()
        shape = len(windows), padded(max(len(each.ids) for each in windows))
        ids, kinds = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
        for row, each in enumerate(windows):
            ids[row, : len(each.ids)] = each.ids
            kinds[row, : len(each.kinds)] = each.kinds
        inputs = {"ids": ids, "kinds": kinds}
        spans, answerable = self._session.run(["span", "answerable"], inputs)
        return spans, answerable, time.perf_counter() - started


class SpanReaders:
    """A span model per language; a passage is read by that of its own."""

    def __init__(self, readers: dict[str, SpanReader]) -> None:
        """readers: by language; it may lack one."""
        self.readers = dict(readers)

    @classmethod
    def load(cls, model_dir: str = "", threads: int = 1) -> SpanReaders:
        """Those that the folder's manifest names, maybe none. Raises ModelError."""
        named = read_manifest(model_folder(model_dir)).readers
        return cls(
            {
                language: SpanReader.load(f"reader-{language}", model_dir, threads)
                for language in LANGUAGES
                if f"reader-{language}" in named
            }
        )

    def versions(self) -> list[tuple[str, str]]:
        """Names and versions of the models."""
        return [(reader.name, reader.version) for reader in self.readers.values()]

    def read_all(self, asked: Sequence[tuple[str, str]]) -> list[Span | None]:
        """As `SpanReader.read_all`; None where no model reads the passage's language."""
        spans: list[Span | None] = [None] * len(asked)
        rows: dict[str, list[int]] = {}
        for row, (_, passage) in enumerate(asked):
            rows.setdefault(detect(passage), []).append(row)
        for language, some in rows.items():
            reader = self.readers.get(language)
            if reader is not None:
                for row, span in zip(some, reader.read_all([asked[r] for r in some]), strict=True):
                    spans[row] = span
        return spans
