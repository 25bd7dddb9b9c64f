"""What a customer may ask next, and products that go with the one in question."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopkeeper.shared.text.chinese import simplified
from shopkeeper.shared.text.normalisation import normalise

from ..attributes.answering import readings
from ..attributes.values import attribute_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ..product_table import ProductTable
    from ..question import Answer

NEXT_MAX = 2
PRODUCTS_MAX = 3
# By attribute, in the order in which they are suggested.
_QUESTIONS = (
    ("price", "How much is it?", "多少钱？"),
    ("availability", "Is it in stock?", "有货吗？"),
    ("colour", "What colours does it come in?", "有什么颜色？"),
    ("material", "What is it made of?", "是什么材质？"),
    ("weight", "How heavy is it?", "有多重？"),
    ("size", "What size is it?", "什么尺寸？"),
)


class Suggestions:
    """Adds to answers about a product what the catalogue and the recommender know of it."""

    def __init__(
        self,
        products: ProductTable,
        similar: Callable[[str], Iterable[str]],
        trending: Callable[[str], Iterable[str]],
    ) -> None:
        """similar: products like one, best first. trending: of a category, best first."""
        self._products, self._similar, self._trending = products, similar, trending

    def added(self, answer: Answer, question: str) -> Answer:
        """question: that was answered; it is not suggested again."""
        if answer.route not in ("catalogue", "opinions") or answer.product_id is None:
            return answer
        product = self._products.get(answer.product_id)
        if product is None:
            return answer
        asked = {each.attribute for each in readings(simplified(normalise(question)), product)}
        following = [
            chinese if answer.language == "zh" else english
            for name, english, chinese in _QUESTIONS
            if name not in asked and attribute_of(product, name) is not None
        ]
        return answer._replace(
            next=tuple(following[:NEXT_MAX]),
            products=tuple(self._going_with(answer.product_id, product.category)),
        )

    def _going_with(self, product_id: str, category: str | None) -> Iterator[str]:
        """That can be bought now."""
        seen = {product_id}
        for source in (self._similar(product_id), self._trending(category or "")):
            for other in source:
                product = self._products.get(other)
                if product is None or product.available is False or other in seen:
                    continue
                seen.add(other)
                yield other
                if len(seen) > PRODUCTS_MAX:
                    return
