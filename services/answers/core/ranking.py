"""Which entries of the shop's knowledge are about a question, best first."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from .bm25 import Bm25Index
from .terms import counts_of, question_ids

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .bm25 import Found
    from .entries import Entry

# How much a word of a title counts against one of the text.
TITLE_WEIGHT = 4.0


class Hit(NamedTuple):
    """An entry and its scores, which only compare with others of the same question."""

    id: str
    score: float  # that it is ranked by
    lexical: float  # BM25
    cosine: float | None = None  # of the nearest of its vectors with the question's, if it has one


class Ranking(NamedTuple):
    """What a ranker says of a question. bound: the BM25 score of an entry that leaves nothing
    open."""

    hits: list[Hit]  # best first
    bound: float
    language: str = ""  # of the encoder that took part; "": ranked by words alone


class Ranker(Protocol):
    """Scores entries for questions; kept current entry by entry.

    Another way to score is another class of this shape: `FusedRanker` adds vectors.
    """

    def put(self, entries: Sequence[Entry]) -> None:
        """Add or replace. Ids are distinct."""
        ...

    def remove(self, ids: Sequence[str]) -> None:
        """Those that are not there are passed over."""
        ...

    def rank_all(
        self, questions: Sequence[str], count: int, product_ids: Sequence[str | None]
    ) -> list[Ranking]:
        """Of each question the best `count` entries, best first. product_ids: one per question;
        entries about another product are left out; None: any may be found."""
        ...


class LexicalRanker:
    """BM25 over titles and texts, a title's words counted more (BM25F's weighting of fields)."""

    def __init__(self, title_weight: float = TITLE_WEIGHT) -> None:
        self._title_weight = title_weight
        self.index = Bm25Index()

    def put(self, entries: Sequence[Entry]) -> None:
        """Add or replace."""
        self.index.put(
            [entry.id for entry in entries],
            [counts_of([(e.title, self._title_weight), (e.text, 1.0)]) for e in entries],
            [group_of(entry.product_id) for entry in entries],
        )

    def remove(self, ids: Sequence[str]) -> None:
        """Those that are not there are passed over."""
        self.index.remove(ids)

    def rank_all(
        self, questions: Sequence[str], count: int, product_ids: Sequence[str | None]
    ) -> list[Ranking]:
        """Of each question the best entries that have a word of it."""
        return [
            self._ranked(question, count, product_id)
            for question, product_id in zip(questions, product_ids, strict=True)
        ]

    def found(
        self, question: str, count: int, product_id: str | None, also: Sequence[str] = ()
    ) -> Found:
        """Of one question the best entries, and the scores of others by name."""
        group = None if product_id is None else group_of(product_id)
        return self.index.search(question_ids(question), count, group, also)

    def _ranked(self, question: str, count: int, product_id: str | None) -> Ranking:
        found = self.found(question, count, product_id)
        return Ranking([Hit(name, score, score) for name, score in found.hits], found.bound)


def group_of(product_id: str | None) -> int:
    """Of entries that are found together; never 0 for a product."""
    return 0 if product_id is None else hash(product_id) or 1
