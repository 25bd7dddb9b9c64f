"""Answers about a product's attributes, from the catalogue alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopkeeper.shared.contracts.events.answers import AnswerSource

from ..question import Answer
from .answering import answer_from

if TYPE_CHECKING:
    from ..product_table import ProductTable
    from ..question import Question
    from .answering import AttributeAnswer
    from .named import NamedAttributes


class CatalogueRoute:
    """Answers what the newest event of a product says, exactly."""

    def __init__(self, products: ProductTable, named: NamedAttributes | None = None) -> None:
        """named: attributes that have names of a domain."""
        self._products, self._named = products, named

    def answer(self, question: Question, language: str) -> Answer | None:
        """None where the question is about no attribute of a product."""
        found = self._found(question.text, question.product_id, language)
        if found is None:
            return None
        if found.unknown:
            return Answer(
                None,
                0.0,
                "person",
                language,
                abstained="unknown_product",
                products=found.near,
                about=found.unknown,
            )
        if found.answer is None:
            why = "several_products" if found.several else "unknown_attribute"
            return Answer(
                None,
                0.0,
                "person",
                language,
                abstained=why,
                product_id=found.product_id,
                products=found.near,
                final=found.moving,
            )
        source = AnswerSource(
            id=found.product_id or "", kind="product", quote=found.quote, title=found.title
        )
        return Answer(
            found.answer, 1.0, "catalogue", language, (source,), product_id=found.product_id
        )

    def _found(self, text: str, product_id: str | None, language: str) -> AttributeAnswer | None:
        """What is said by a domain's name, else by the grammar; of two that say nothing, the first
        knows what is asked for."""
        named = None
        if self._named is not None:
            named = self._named.answer(self._products, text, product_id, language)
        if named is not None and named.answer is not None:
            return named
        found = answer_from(self._products, text, product_id, language)
        if named is None or (found is not None and found.answer is not None):
            return found
        return named
