"""Answers from the shop's knowledge: the entry that ranks first, if it is sure enough."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopkeeper.shared.contracts.events.answers import AnswerSource

from .confidence import THRESHOLDS, WEIGHTS, confidence, overlap
from .question import Answer
from .reading import SentenceReader

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .fused import FusedRanker
    from .knowledge_base import KnowledgeBase
    from .question import Question
    from .ranking import LexicalRanker
    from .reading import Reader

HITS = 2  # the first, and by how much it leads


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
            entry = self._knowledge[ranking.hits[0].id]
            # An entry that waits for its vector is judged by words alone.
            kind = ranking.language if ranking.hits[0].cosine is not None else ""
            sure = confidence(overlap(question.text, entry, ranking, self._idf), WEIGHTS[kind])
            if sure < THRESHOLDS[kind]:
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
