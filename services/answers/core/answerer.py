"""Questions in, answers out: from the first route that can, else the shop's knowledge, else a
person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopkeeper.shared.text.language import detect

from .guarding import Guards
from .terms import content_terms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .knowledge_route import KnowledgeRoute
    from .question import Answer, Question, Route


NO_GUARDS = Guards()


class Answerer:
    """Answers from what the shop published, as it is now."""

    def __init__(
        self, routes: Sequence[Route], knowledge: KnowledgeRoute, guards: Guards = NO_GUARDS
    ) -> None:
        """routes: asked in this order. knowledge: answers what they leave. guards: go before all
        of them."""
        self.guards = guards
        self._routes, self._knowledge = tuple(routes), knowledge

    def answer(self, question: Question) -> Answer:
        """Raises nothing, whatever the text is."""
        return self.answer_all([question])[0]

    def answer_all(self, questions: Sequence[Question]) -> list[Answer]:
        """One answer per question. Raises nothing, whatever the texts are.

        What one route declined, another may answer, and the knowledge only with an entry about that
        very product; such an entry, the shop's own words, also comes before sentences of reviews
        that merely have the question's words.
        """
        languages = [detect(question.text) for question in questions]
        guarded = self.guards.answers([question.text for question in questions], languages)
        answers: list[Answer | None] = [
            self._by_route(question, language) if answer is None else answer
            for question, language, answer in zip(questions, languages, guarded, strict=True)
        ]
        left = [at for at, answer in enumerate(answers) if answer is None or _open(answer)]
        known = self._knowledge.answer_all(
            [questions[at] for at in left], [languages[at] for at in left]
        )
        for at, answer in zip(left, known, strict=True):
            declined = answers[at]
            if declined is None or (answer.text is not None and _serves(answer, declined)):
                answers[at] = answer
        return [answer for answer in answers if answer is not None]

    def _by_route(self, question: Question, language: str) -> Answer | None:
        """The first answer; else what was declined first, or is final; else None."""
        declined: Answer | None = None
        for route in self._routes:
            answer = route.answer(question, language)
            if answer is None:
                continue
            if answer.text is not None or answer.final:
                return answer
            declined = declined or answer
        return declined


def _open(answer: Answer) -> bool:
    """Whether an entry about what it is about may still answer."""
    if answer.yields:
        return answer.product_id is not None
    known = answer.product_id is not None or bool(answer.about)
    return answer.text is None and not answer.final and known


def _serves(answer: Answer, declined: Answer) -> bool:
    """Whether an entry is about the product that was asked about, or names what no product is."""
    if not declined.about:
        return answer.product_id == declined.product_id
    said = " ".join(f"{source.title or ''} {source.quote}" for source in answer.sources)
    wanted = {term for term in content_terms(declined.about) if not term.isdigit()}
    return not wanted.isdisjoint(content_terms(said))
