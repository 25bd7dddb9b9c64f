"""Answers where a customer's own orders are."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from shopkeeper.shared.contracts.events.answers import AnswerSource

from ..plain import plain
from ..question import Answer
from .asked import asked_of
from .phrasing import told

if TYPE_CHECKING:
    from ..product_table import ProductTable
    from ..question import Question
    from .order import Order
    from .table import OrderTable

ORDERS_TOLD_MAX = 5  # of open ones
TITLES_MAX = 5
TITLE_CHARACTERS_MAX = 200


class OrdersRoute:
    """Looks at the orders of the signed-in customer who asks, and at no others: another's order and
    one that does not exist are the same to it."""

    def __init__(self, orders: OrderTable, products: ProductTable) -> None:
        """products: for the titles of what was ordered."""
        self._orders, self._products = orders, products

    def answer(self, question: Question, language: str) -> Answer | None:
        """None where the question does not ask where an order is, or names none and the customer
        has none."""
        asked = asked_of(question.text)
        if asked is None:
            return None
        own = [] if question.user_id is None else self._orders.of(question.user_id)
        codes = set(asked.codes)
        chosen = [order for order in own if not codes.isdisjoint(order.names)]
        if chosen:
            return self._told(chosen, language)
        if asked.named:
            why = "not_signed_in" if question.user_id is None else "unknown_order"
            return Answer(None, 0.0, "person", language, abstained=why, final=True)
        if asked.general or not own:
            return None
        own = _newest_first(own)
        return self._told([order for order in own if order.open] or own[:1], language)

    def _told(self, orders: list[Order], language: str) -> Answer:
        shown = _newest_first(orders)[:ORDERS_TOLD_MAX]
        titles = [self._titles(order, language) for order in shown]
        text = told(shown, titles, len(orders) - len(shown), language)
        return Answer(text, 1.0, "orders", language, tuple(_source(order) for order in shown))

    def _titles(self, order: Order, language: str) -> list[str]:
        """Of the products that the catalogue knows."""
        titles: list[str] = []
        for product_id in order.product_ids:
            product = self._products.get(product_id)
            if product is not None and len(titles) < TITLES_MAX:
                title = (product.title_zh if language == "zh" else None) or product.title
                titles.append(plain(title, TITLE_CHARACTERS_MAX))
        return titles


def _newest_first(orders: list[Order]) -> list[Order]:
    """By the day when they were placed; of one day that changed last comes first."""
    return sorted(orders, key=lambda order: order.placed_on or date.min)[::-1]


def _source(order: Order) -> AnswerSource:
    said = [f"status: {order.status}"]
    if order.open and order.expected_on:
        said.append(f"expected_on: {order.expected_on.isoformat()}")
    return AnswerSource(
        id=order.id, kind="order", quote=", ".join(said), url=order.tracking_url or None
    )
