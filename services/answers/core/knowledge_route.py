"""Answers from the shop's knowledge: the entry that ranks first, if it is sure enough."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopkeeper.shared.contracts.events.answers import AnswerSource

from .confidence import THRESHOLDS, WEIGHTS, confidence, overlap
from .question import Answer
from .reading import SentenceReader
from .shop_matters import matters_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .fused import FusedRanker
    from .knowledge_base import KnowledgeBase
    from .question import Question
    from .ranking import LexicalRanker, Ranking
    from .reading import Reader

HITS = 8  # the first, by how much it leads, and others that may be about the same matter
SURE_ANYWAY = 0.9  # of an entry about another matter than the question


class KnowledgeRoute:
    """Ranks, weighs and reads whole batches of questions."""

    def __init__(
        self,
        knowledge: KnowledgeBase,
        ranker: LexicalRanker | FusedRanker,
        reader: Reader | None = None,
    ) -> None:
        """ranker: that of `knowledge`, for how telling words are."""
        self._knowledge = knowledge
        self._idf = ranker.index.idf
        self._reader = SentenceReader(self._idf) if reader is None else reader

    def answer_all(self, questions: Sequence[Question], languages: Sequence[str]) -> list[Answer]:
        """One answer per question; without a text where no entry is sure to answer it."""
        rankings = self._knowledge.ranker.rank_all(
            [question.text for question in questions],
            HITS,
            [question.product_id for question in questions],
        )
        answers: list[Answer] = []
        read = []  # (number of the question, its entry)
        for question, language, ranking in zip(questions, languages, rankings, strict=True):
            if not ranking.hits:
                answers.append(Answer(None, 0.0, "person", language, abstained="nothing_found"))
                continue
            ranking, matter = self._about_the_matter(question.text, ranking)
            entry = self._knowledge[ranking.hits[0].id]
            # An entry that waits for its vector is judged by words alone.
            kind = ranking.language if ranking.hits[0].cosine is not None else ""
            sure = confidence(overlap(question.text, entry, ranking, self._idf), WEIGHTS[kind])
            if matter is True:
                sure = max(sure, THRESHOLDS[kind])
            if sure < THRESHOLDS[kind] or (matter is False and sure < SURE_ANYWAY):
                answers.append(Answer(None, sure, "person", language, abstained="confidence"))
                continue
            read.append((len(answers), entry))
            answers.append(Answer(None, sure, "knowledge", language, product_id=entry.product_id))
        quotes = self._reader.read_all([(questions[at].text, entry) for at, entry in read])
        for (at, entry), quote in zip(read, quotes, strict=True):
            source = AnswerSource(
                id=entry.id,
                kind=entry.kind,
                quote=quote.text,
                title=entry.title or None,
                url=entry.url,
            )
            answers[at] = answers[at]._replace(text=quote.text, sources=(source,))
        return answers

    def _about_the_matter(self, question: str, ranking: Ranking) -> tuple[Ranking, bool | None]:
        """The ranking with an entry about the question's matter first, and True if its title is
        about nothing else and no other title is as much about it; False where the first is about
        another; None where matters tell nothing."""
        asked = matters_of(question)
        if not asked:
            return ranking, None
        entries = [self._knowledge[hit.id] for hit in ranking.hits]
        titles = [matters_of(entry.title) for entry in entries]
        said = [matters_of(entry.text) for entry in entries]
        known = frozenset().union(*titles, *said)
        shared = [len(asked & of) for of in titles]
        best = max(shared)
        if best and asked <= known:
            hit = ranking.hits[shared.index(best)]
            rest = [each for each in ranking.hits if each is not hit]
            alone = shared.count(best) == 1 and titles[shared.index(best)] == asked
            return ranking._replace(hits=[hit, *rest]), True if alone else None
        elsewhere = bool(titles[0]) and not asked & (titles[0] | said[0])
        return ranking, False if elsewhere else None
