"""The data of the shop's events: Segment's ecommerce field names, checked by type.

Unknown fields are ignored. Ids are non-empty strings; a number is refused, never converted
(orjson reads a 23-digit id as a float and would lose digits silently).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from .answers import ANSWER_ROUTES
from .base import one_of

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=512)]
OptionalId = Id | None
Text = Annotated[str, msgspec.Meta(min_length=1)]
Number = float | None
ATTRIBUTES_DEPTH_MAX = 32
AgeBand = Literal["under_18", "18_24", "25_34", "35_44", "45_54", "55_64", "65_plus"]
Ranking = Literal["personalised", "popular", "newest"]
KnowledgeKind = Literal["faq", "policy", "page"]
Gender = Literal["female", "male", "other"]
# From the order to its end; "out_for_delivery": it comes today.
OrderStatus = Literal[
    "placed", "packed", "shipped", "out_for_delivery", "delivered", "cancelled", "returned"
]
# A date, or a time of RFC 3339; days are told as they are written, in the shop's time zone.
Moment = Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d{2}-\d{2}([T ].+)?$", max_length=40)]
Words = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
# A tag of BCP 47, or a locale as most software writes it: en, pt-BR, zh_Hans_CN.
LanguageTag = Annotated[
    str, msgspec.Meta(pattern=r"^[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*$", max_length=64)
]


# What programs write where they know no user. Taken for ids, all visitors would be one.
NOBODY = frozenset(
    spelling
    for word in ("null", "none", "nil", "nan", "undefined", "(not set)", "(none)", "(null)")
    for spelling in (word, word.capitalize(), word.upper())
) | {"NaN", "<null>", "[object Object]"}


def is_nobody(value: object) -> bool:
    """Whether an id is none: blank, or a program's word for nothing."""
    return isinstance(value, str) and (value in NOBODY or value.isspace())


class Customer(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Who did it: `user_id`, or `anonymous_id` before a login; one of the two is required.
    Beside an `anonymous_id`, a program's word for nothing, such as `null`, is no user id."""

    user_id: OptionalId = None
    anonymous_id: OptionalId = None
    session_id: OptionalId = None

    def __post_init__(self) -> None:
        if self.user_id is None:
            if self.anonymous_id is None:
                raise ValueError("missing required field `user_id` or `anonymous_id`")
        elif self.anonymous_id is not None and is_nobody(self.user_id):
            msgspec.structs.force_setattr(self, "user_id", None)

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


class AnswerRated(Customer, frozen=True, kw_only=True, gc=False):
    """Whether an answer helped, as its reader says. Like a question, it may come without a user."""

    answer_id: Id  # `ce_id` of the answer
    helpful: bool
    route: Annotated[str, one_of(*ANSWER_ROUTES)] | None = None  # as the answer has it
    conversation_id: OptionalId = None

    def __post_init__(self) -> None:
        """As of questions."""


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


class KnowledgePublished(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Something that the shop says to its customers: a frequent question and its answer, a rule, or
    a passage of a page. An empty record value removes it; the record's key is `knowledge_id`."""

    knowledge_id: Id
    text: Text  # the answer, or the passage, as customers may read it
    title: str | None = None  # the question that it answers, or the passage's heading
    kind: KnowledgeKind | None = None
    language: LanguageTag | None = None
    product_id: OptionalId = None  # the one product that it is about
    url: str | None = None  # where customers can read it


class OrderUpdated(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An order as it now is, whole: what is left out is not known (any more). An empty record value
    removes it; the record's key is `order_id`."""

    order_id: Id
    user_id: Id  # signed in; nobody else is told of the order
    status: OrderStatus
    order_number: OptionalId = None  # as the customer sees it, where that is not `order_id`
    product_ids: Annotated[list[Id], msgspec.Meta(max_length=1000)] | None = None
    carrier: str | None = None
    tracking_number: OptionalId = None
    tracking_url: str | None = None  # told only if it is a web address
    expected_on: Moment | None = None
    placed_at: Moment | None = None
    shipped_at: Moment | None = None
    delivered_at: Moment | None = None

    def __post_init__(self) -> None:
        if is_nobody(self.user_id):
            raise ValueError("missing required field `user_id`")


class UserErased(Customer, frozen=True, kw_only=True, gc=False):
    """Forget this user."""


class UserProfiled(Customer, frozen=True, kw_only=True, gc=False):
    """What the shop knows of a user, whole: what is left out is not known (any more). An empty
    record value forgets it."""

    age_band: AgeBand | None = None
    gender: Gender | None = None
    region: Words | None = None  # as coarse as the shop likes: a country, a district
    language: LanguageTag | None = None
    occupation: Words | None = None


class AssumptionsDeleted(Customer, frozen=True, kw_only=True, gc=False):
    """Forget what this user's behaviour said of the user: lists, segments and groups begin anew.
    What the shop knows (profile, orders) and what the user chose (the preference) stays."""


class PreferenceSet(Customer, frozen=True, kw_only=True, gc=False):
    """How the user wants lists to be ranked. An empty record value means personalised again; the
    record's key is the `user_id`, or else the `anonymous_id`."""

    ranking: Ranking


SHOP_TYPES: dict[str, type[msgspec.Struct]] = {
    "product.clicked.v1": ProductClicked,
    "product.added.v1": ProductAdded,
    "product.removed.v1": ProductRemoved,
    "order.completed.v1": OrderCompleted,
    "order.refunded.v1": OrderRefunded,
    "user.erased.v1": UserErased,
    "user.profiled.v1": UserProfiled,
    "assumptions.deleted.v1": AssumptionsDeleted,
    "preference.set.v1": PreferenceSet,
    "products.searched.v1": ProductsSearched,
    "question.asked.v1": QuestionAsked,
    "answer.rated.v1": AnswerRated,
    "product.reviewed.v1": ProductReviewed,
    "review.withdrawn.v1": ReviewWithdrawn,
    "product.catalogued.v1": ProductCatalogued,
    "knowledge.published.v1": KnowledgePublished,
    "order.updated.v1": OrderUpdated,
}
