"""BM25 and vectors together: entries are found by either, and ranked by the sum of both.

The sum is of the cosine and of a share of what BM25 could give at most. Scores standardised over
the candidates (z-scores, ranks) lose what tells which of the two to believe: where a question's
words hardly occur, the best by BM25 still leads by a standard deviation or two
(docs/decisions/0057).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from shopkeeper.shared.text.language import detect

from .dense import DenseIndex, quantised
from .kept_vectors import KeptVectors
from .ranking import Hit, LexicalRanker, Ranking, group_of
from .vector_records import EntryVectors

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from shopkeeper.shared.contracts.envelope import KeyValue

    from .bm25 import Bm25Index
    from .entries import Entry


class Blend(NamedTuple):
    """How the two are added; chosen on train parts (training/retrieval/choose_fusion.py)."""

    lexical: float  # what all that BM25 could give counts against a cosine of 1
    # Of a text of more characters the encoder reads the beginning alone: its cosine says little,
    # and is drawn towards a usual one.
    long_from: int = 1 << 30
    long_share: float = 1.0
    long_usual: float = 0.0


BLENDS = {"en": Blend(0.2), "zh": Blend(0.6, long_from=190, long_share=0.1, long_usual=0.38)}
DEPTH = 100  # candidates of either kind


class Embeds(Protocol):
    """Texts to vectors of length 1; `shared.text.embedder` has one."""

    @property
    def dimensions(self) -> int:
        """Of a vector."""
        ...

    def vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(texts, dimensions)."""
        ...


class Embedded(NamedTuple):
    """An entry and its vectors; None where no encoder knows its language."""

    entry: Entry
    vectors: EntryVectors | None


class FusedRanker:
    """Ranks by words and vectors. Working vectors out takes long: entries whose vectors are not
    kept wait for theirs, those published last first, and are found by words meanwhile.

    Whoever drives it calls `take_waiting`, `embed` (on any thread) and `accept`; all other calls
    are for one thread.
    """

    def __init__(
        self,
        embedders: Mapping[str, Embeds],
        blends: Mapping[str, Blend] | None = None,
        kept: KeptVectors | None = None,
        asked: Mapping[str, Embeds] | None = None,
    ) -> None:
        """embedders: by language; entries and questions of others go by words alone. kept: vectors
        of before, by these embedders; None: there are none. asked: the same embedders, as questions
        are to be put to them, where that is not the same."""
        self.lexical = LexicalRanker()
        self._embedders = dict(embedders)
        self._asked = self._embedders if asked is None else dict(asked)
        self.blends = BLENDS if blends is None else blends
        self._length: dict[str, int] = {}  # characters of each text
        self._dense = {name: DenseIndex(each.dimensions) for name, each in embedders.items()}
        self.kept = KeptVectors() if kept is None else kept
        self._group_of: dict[str, int] = {}
        self._waiting: dict[str, Entry] = {}
        self._taken: dict[str, Entry] = {}
        self._new = 0  # entries that came to wait since `take_new`
        self.made = self.recalled = 0  # entries whose vectors were worked out, or had been kept

    @property
    def index(self) -> Bm25Index:
        """That of the words."""
        return self.lexical.index

    @property
    def waiting(self) -> int:
        """Entries whose vectors are not there yet."""
        return len(self._waiting) + len(self._taken)

    def put(self, entries: Sequence[Entry]) -> None:
        """Add or replace: found by words at once, and by vectors where these are kept."""
        as_before = {
            entry.id: self._stored(entry.id) for entry in entries if self.kept.holds(entry)
        }
        self._forget([entry.id for entry in entries])
        self.lexical.put(entries)
        self._length.update((entry.id, len(entry.text)) for entry in entries)
        self._group_of.update((entry.id, group_of(entry.product_id)) for entry in entries)
        for entry in entries:
            kept = self.kept.hold(entry)
            vectors = kept or as_before.get(entry.id) or self._of_another(entry.id)
            if kept is None and vectors is not None:
                self.kept.made(entry.id, vectors)  # its write may have been dropped meanwhile
            if vectors is None:
                self._waiting[entry.id] = entry
                self._new += 1
            else:
                self._index(entry.id, vectors)
                self.recalled += 1

    def remove(self, ids: Sequence[str]) -> None:
        """Those that are not there are passed over."""
        self._forget(ids)
        self.lexical.remove(ids)

    def apply_kept(self, records: Sequence[KeyValue]) -> None:
        """Records of the topic of vectors, in their order. What waits for one that comes has it."""
        arrived, lost = self.kept.apply(records)
        for ids, vectors in arrived:
            for entry_id in ids:
                waited = self._waiting.pop(entry_id, None) or self._taken.pop(entry_id, None)
                if waited is not None:
                    self._index(entry_id, vectors)
                    self.recalled += 1
        for entry_id in lost:
            if (stored := self._stored(entry_id)) is not None:
                self.kept.made(entry_id, stored)

    def take_waiting(self, count: int) -> list[Entry]:
        """At most `count` entries to embed, the last published first; `accept` takes them back."""
        taken = [self._waiting.popitem()[1] for _ in range(min(count, len(self._waiting)))]
        self._taken.update((entry.id, entry) for entry in taken)
        return taken

    def take_new(self, count: int) -> list[Entry]:
        """`take_waiting`, of what came to wait since this was called last only."""
        new, self._new = min(self._new, count), 0
        return self.take_waiting(new)

    def mix_waiting(self, place: Callable[[str], int]) -> None:
        """Put what waits in another order. place: of an entry's id; the largest comes first."""
        self._waiting = {name: self._waiting[name] for name in sorted(self._waiting, key=place)}
        self._new = 0

    def embed(self, entries: Sequence[Entry]) -> list[Embedded]:
        """Work their vectors out. Changes nothing here: for any thread."""
        found = []
        languages = [detect(f"{entry.title} {entry.text}") for entry in entries]
        for language, embedder in self._embedders.items():
            chosen = [e for e, spoken in zip(entries, languages, strict=True) if spoken == language]
            texts = [text for entry in chosen for text in _texts(entry)]
            codes, scales = quantised(embedder.vectors(texts))
            first = 0
            for entry in chosen:
                end = first + len(_texts(entry))
                made = EntryVectors(language, codes[first:end], scales[first:end])
                found.append(Embedded(entry, made))
                first = end
        others = [
            Embedded(entry, None)
            for entry, spoken in zip(entries, languages, strict=True)
            if spoken not in self._embedders
        ]
        return found + others

    def accept(self, embedded: Sequence[Embedded]) -> None:
        """Take vectors in. Those of entries that were replaced or removed meanwhile are dropped."""
        for entry, vectors in embedded:
            if self._taken.get(entry.id) is not entry:
                continue
            del self._taken[entry.id]
            self.made += 1
            if vectors is not None:
                self._index(entry.id, vectors)
                self.kept.made(entry.id, vectors)

    def catch_up(self, at_once: int = 256) -> None:
        """Embed all that wait, here and now."""
        while entries := self.take_waiting(at_once):
            self.accept(self.embed(entries))

    def rank_all(
        self, questions: Sequence[str], count: int, product_ids: Sequence[str | None]
    ) -> list[Ranking]:
        """Of each question the best entries by both, those that neither finds left out."""
        languages = [detect(question) for question in questions]
        vectors: dict[int, NDArray[np.float32]] = {}
        for language, dense in self._dense.items():
            places = [n for n, spoken in enumerate(languages) if spoken == language]
            if places and len(dense):
                made = self._asked[language].vectors([questions[n] for n in places])
                vectors.update(zip(places, made, strict=True))
        return [
            self._fused(question, count, product_id, languages[n], vectors[n])
            if n in vectors
            else self.lexical.rank_all([question], count, [product_id])[0]
            for n, (question, product_id) in enumerate(zip(questions, product_ids, strict=True))
        ]

    def _fused(
        self,
        question: str,
        count: int,
        product_id: str | None,
        language: str,
        vector: NDArray[np.float32],
    ) -> Ranking:
        dense, depth = self._dense[language], max(count, DEPTH)
        group = None if product_id is None else group_of(product_id)
        similarities = dense.similarities(vector)
        near = dense.nearest(similarities, depth, group)
        found = self.lexical.found(question, depth, product_id, near)
        lexical = found.also | dict(found.hits)
        blend = self.blends[language]
        cosines = {
            name: self._cosine(blend, name, dense.of(similarities, name)) for name in lexical
        }
        weight = blend.lexical / (found.bound or 1.0)
        # An entry whose vector is not there yet counts as near as the best by words that has one,
        # or else as the nearest: between the two only what words say decides.
        known = (cosines[name] for name in (*(name for name, _ in found.hits), *near))
        usual = next((each for each in known if each is not None), 0.0)
        hits = []
        for name, score in lexical.items():
            cosine = cosines[name]
            near_by = usual if cosine is None else cosine
            hits.append(Hit(name, weight * score + near_by, score, cosine))
        hits.sort(key=lambda hit: (-hit.score, hit.id))
        return Ranking(hits[:count], found.bound, language)

    def _cosine(self, blend: Blend, name: str, of: Sequence[float]) -> float | None:
        """An entry's. of: its text's and, if it has one, its title's; none while it waits."""
        if not of:
            return None
        text, *title = of
        if self._length[name] > blend.long_from:
            text = blend.long_usual + blend.long_share * (text - blend.long_usual)
        return max([text, *title])

    def _index(self, entry_id: str, vectors: EntryVectors) -> None:
        rows = len(vectors.scales)
        names, groups = [entry_id] * rows, [self._group_of[entry_id]] * rows
        self._dense[vectors.language].put_quantised(names, vectors.codes, vectors.scales, groups)

    def _of_another(self, entry_id: str) -> EntryVectors | None:
        """The vectors of an entry that says the same."""
        found = (self._stored(other) for other in self.kept.alike(entry_id) if other != entry_id)
        return next((vectors for vectors in found if vectors is not None), None)

    def _stored(self, entry_id: str) -> EntryVectors | None:
        for language, dense in self._dense.items():
            if entry_id in dense:
                return EntryVectors(language, *dense.stored(entry_id))
        return None

    def _forget(self, ids: Sequence[str]) -> None:
        for entry_id in ids:
            self._waiting.pop(entry_id, None)
            self._taken.pop(entry_id, None)
            self._length.pop(entry_id, None)
            self._group_of.pop(entry_id, None)
            self.kept.release(entry_id)
        for dense in self._dense.values():
            dense.remove(ids)


def _texts(entry: Entry) -> tuple[str, ...]:
    return (entry.text, entry.title) if entry.title else (entry.text,)
