"""A question, its answer, and what may answer it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from shopkeeper.shared.contracts.events.answers import AnswerSource, Handover


class Question(NamedTuple):
    """What a customer asks, and who: nothing of one customer may answer another's question."""

    text: str
    product_id: str | None = None  # of the product that is looked at
    user_id: str | None = None  # signed in
    anonymous_id: str | None = None
    conversation_id: str | None = None


class Answer(NamedTuple):
    """What is published of it; see `AnswerGiven`."""

    text: str | None
    confidence: float
    route: str
    language: str
    sources: tuple[AnswerSource, ...] = ()
    abstained: str | None = None
    product_id: str | None = None  # of the one product that it is about
    final: bool = False  # without a text: nobody else here may answer instead
    yields: bool = False  # a text that gives way to an entry about the same product
    about: str = ""  # words of what nobody knows: whoever answers instead has to speak of it
    phrased_by: str | None = None  # the large model whose words the text is
    local_text: str | None = None  # then: the text that it was before
    handover: Handover | None = None
    next: tuple[str, ...] = ()  # questions that can be answered too
    products: tuple[str, ...] = ()  # that may be of interest


class Route(Protocol):
    """One way to answer: it knows its own questions, and leaves all others alone."""

    def answer(self, question: Question, language: str) -> Answer | None:
        """None: not a question of this kind. An answer without text: it is one, but cannot be
        answered; unless that is final, others may try. Raises nothing, whatever the text is."""
        ...
