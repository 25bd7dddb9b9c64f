"""The data of the shop's events: Segment's ecommerce field names, checked by type.

Unknown fields are ignored. Ids are non-empty strings; a number is refused, never converted
(orjson reads a 23-digit id as a float and would lose digits silently).
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=512)]
OptionalId = Id | None
Text = Annotated[str, msgspec.Meta(min_length=1)]
Number = float | None
ATTRIBUTES_DEPTH_MAX = 32


class Customer(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Who did it: `user_id`, or `anonymous_id` before a login; one of the two is required."""

    user_id: OptionalId = None
    anonymous_id: OptionalId = None
    session_id: OptionalId = None

    def __post_init__(self) -> None:
        if self.user_id is None and self.anonymous_id is None:
            raise ValueError("missing required field `user_id` or `anonymous_id`")

    @property
    def user(self) -> str:
        """The id that the customer's state is kept under."""
        return self.user_id or self.anonymous_id or ""


class ProductClicked(Customer, frozen=True, kw_only=True, gc=False):
    """A product was clicked or viewed. `recomm_id`: the list that it was clicked in."""

    product_id: Id
    position: Number = None  # of the product in its list; 3.0 is written by many who mean 3
    recomm_id: OptionalId = None


class ProductAdded(ProductClicked, frozen=True, kw_only=True, gc=False):
    """A product was put in the cart."""

    quantity: Number = None
    price: Number = None


class OrderLine(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One product of an order."""

    product_id: Id
    quantity: Number = None
    price: Number = None


class OrderCompleted(Customer, frozen=True, kw_only=True, gc=False):
    """An order was placed."""

    order_id: Id
    products: Annotated[list[OrderLine], msgspec.Meta(min_length=1)]
    total: Number = None
    currency: str | None = None
    recomm_id: OptionalId = None


class ProductRemoved(Customer, frozen=True, kw_only=True, gc=False):
    """A product was taken out of the cart."""

    product_id: Id
    quantity: Number = None
    price: Number = None


class OrderRefunded(Customer, frozen=True, kw_only=True, gc=False):
    """An order was refunded or cancelled: `products` of it, or the whole of it."""

    order_id: Id
    products: list[OrderLine] | None = None
    total: Number = None
    currency: str | None = None


class ProductsSearched(Customer, frozen=True, kw_only=True, gc=False):
    """A search."""

    query: Text
    locale: str | None = None


class QuestionAsked(Customer, frozen=True, kw_only=True, gc=False):
    """A question, or any line of a chat. The one shop event that may come without a user."""

    question: Text
    product_id: OptionalId = None
    conversation_id: OptionalId = None
    locale: str | None = None

    def __post_init__(self) -> None:
        """Questions may be anonymous."""


class ProductReviewed(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A review: a text, a rating (0 to 5), or both."""

    product_id: Id
    review_id: Id
    review_body: str | None = None
    rating: Annotated[float, msgspec.Meta(ge=0, le=5)] | None = None
    user_id: OptionalId = None
    anonymous_id: OptionalId = None
    locale: str | None = None

    def __post_init__(self) -> None:
        if not self.review_body and self.rating is None:
            raise ValueError("missing required field `review_body` or `rating`")


class ReviewWithdrawn(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A review no longer counts: it was moderated, or its author deleted it."""

    product_id: Id
    review_id: Id


class ProductCatalogued(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A product as it now is in the catalogue. An empty record value removes it."""

    product_id: Id
    title: Text
    title_zh: str | None = None
    brand: str | None = None
    category: str | None = None
    price: Number = None
    currency: str | None = None
    available: bool | None = None
    attributes: dict[str, Any] | None = None  # {"replenishable": true}: bought again and again

    def __post_init__(self) -> None:
        # What a parser takes (orjson: 1,024 levels), writers refuse (orjson: 254), so that deep
        # data would pass here and crash whoever passes it on.
        level: list[Any] = [self.attributes] if self.attributes else []
        for _ in range(ATTRIBUTES_DEPTH_MAX):
            if not level:
                return
            level = [
                inner
                for outer in level
                for inner in (outer.values() if isinstance(outer, dict) else outer)
                if isinstance(inner, dict | list)
            ]
        if level:
            raise ValueError("`attributes` nested too deep")


class UserErased(Customer, frozen=True, kw_only=True, gc=False):
    """Forget this user."""


SHOP_TYPES: dict[str, type[msgspec.Struct]] = {
    "product.clicked.v1": ProductClicked,
    "product.added.v1": ProductAdded,
    "product.removed.v1": ProductRemoved,
    "order.completed.v1": OrderCompleted,
    "order.refunded.v1": OrderRefunded,
    "user.erased.v1": UserErased,
    "products.searched.v1": ProductsSearched,
    "question.asked.v1": QuestionAsked,
    "product.reviewed.v1": ProductReviewed,
    "review.withdrawn.v1": ReviewWithdrawn,
    "product.catalogued.v1": ProductCatalogued,
}
