"""One question in, one answer out: from the catalogue, else the shop's knowledge, else a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from shopkeeper.shared.contracts.events.answers import AnswerSource
from shopkeeper.shared.text.language import detect

from .attributes.answering import answer_from
from .confidence import THRESHOLD, confidence, overlap
from .reading import SentenceReader

if TYPE_CHECKING:
    from .attributes.answering import AttributeAnswer
    from .knowledge_base import KnowledgeBase
    from .product_table import ProductTable
    from .ranking import LexicalRanker
    from .reading import Reader

HITS = 2  # the first, and by how much it leads


class Question(NamedTuple):
    """What a customer asks. product_id: of the product that is looked at."""

    text: str
    product_id: str | None = None


class Answer(NamedTuple):
    """What is published of it; see `AnswerGiven`."""

    text: str | None
    confidence: float
    route: str
    language: str
    sources: tuple[AnswerSource, ...] = ()
    abstained: str | None = None


class Answerer:
    """Answers from what the shop published, as it is now."""

    def __init__(
        self,
        knowledge: KnowledgeBase,
        ranker: LexicalRanker,
        products: ProductTable,
        reader: Reader | None = None,
        threshold: float = THRESHOLD,
    ) -> None:
        """ranker: that of `knowledge`, for how telling words are. threshold: the least confidence
        of an answer."""
        self._knowledge, self._products = knowledge, products
        self._idf = ranker.index.idf
        self._reader = SentenceReader(self._idf) if reader is None else reader
        self.threshold = threshold

    def answer(self, question: Question) -> Answer:
        """Raises nothing, whatever the text is."""
        language = detect(question.text)
        found = answer_from(self._products, question.text, question.product_id, language)
        if found is None:
            return self._from_knowledge(question, language)[0]
        if found.answer is not None:
            return _from_catalogue(found, found.answer, language)
        if not found.moving and found.product_id is not None:
            # What the catalogue does not say, an entry about this very product may.
            answer, about = self._from_knowledge(question, language)
            if answer.text is not None and about == found.product_id:
                return answer
        return _unanswered(found, language)

    def _from_knowledge(self, question: Question, language: str) -> tuple[Answer, str | None]:
        """The answer, and the product that it is about, if any."""
        ranking = self._knowledge.ranker.rank(question.text, HITS, question.product_id)
        if not ranking.hits:
            return Answer(None, 0.0, "person", language, abstained="nothing_found"), None
        entry = self._knowledge[ranking.hits[0].id]
        sure = confidence(overlap(question.text, entry, ranking, self._idf))
        if sure < self.threshold:
            return Answer(None, sure, "person", language, abstained="confidence"), None
        quote = self._reader.read(question.text, entry)
        source = AnswerSource(
            id=entry.id, kind=entry.kind, quote=quote, title=entry.title or None, url=entry.url
        )
        return Answer(quote, sure, "knowledge", language, (source,)), entry.product_id


def _from_catalogue(found: AttributeAnswer, text: str, language: str) -> Answer:
    source = AnswerSource(
        id=found.product_id or "", kind="product", quote=found.quote, title=found.title
    )
    return Answer(text, 1.0, "catalogue", language, (source,))


def _unanswered(found: AttributeAnswer, language: str) -> Answer:
    why = "several_products" if found.several else "unknown_attribute"
    return Answer(None, 0.0, "person", language, abstained=why)
