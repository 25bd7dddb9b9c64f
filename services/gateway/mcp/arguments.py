"""What the tools take and give, and the JSON Schemas of both."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=512)]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]
Count = Annotated[int, msgspec.Meta(ge=1, le=50)]
Language = Annotated[Literal["en", "zh"], msgspec.Meta(description="of titles and reasons")]
UserId = Annotated[
    Id, msgspec.Meta(description="whose; left out: the token's user, or nobody in particular")
]
Wait = Annotated[float, msgspec.Meta(ge=0.1, le=30, description="seconds at most")]
Conversation = Annotated[
    str,
    msgspec.Meta(pattern="^mcp-[0-9a-f]{32}$", description="of an answer before, to go on with"),
]


class Arguments(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Of a call."""


class Recommend(Arguments):
    """What a user may want next."""

    user_id: UserId | None = None
    product_id: Annotated[Id, msgspec.Meta(description="that is looked at")] | None = None
    category: Id | None = None
    exclude: Annotated[list[Id], msgspec.Meta(max_length=100)] = []
    count: Count = 10
    language: Language = "en"


class Similar(Arguments):
    """What is bought and looked at together with a product."""

    product_id: Id
    count: Count = 10
    language: Language = "en"


class Trending(Arguments):
    """What is clicked most lately."""

    category: Id | None = None
    count: Count = 10
    language: Language = "en"


class Search(Arguments):
    """Products that fit some words."""

    query: Text
    user_id: UserId | None = None
    category: Id | None = None
    count: Count = 10
    language: Language = "en"
    wait: Wait = 5.0


class Ask(Arguments):
    """A question to the shop."""

    question: Text
    user_id: UserId | None = None
    product_id: Annotated[Id, msgspec.Meta(description="that is asked about")] | None = None
    conversation_id: Conversation | None = None
    wait: Wait = 15.0


class ProductFound(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One product. source: list (the user's own), similar, related, trending, newest."""

    product_id: str
    title: str | None = None
    score: float  # compares within a source only
    source: str
    reason: str  # a sentence


class Products(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A list, best first. fallback: how far it had to go: none, similar, trending, newest,
    elsewhere (beyond the category), empty. recomm_id: to be echoed in clicks on the user's own
    items."""

    products: list[ProductFound]
    fallback: str
    recomm_id: str | None = None


class SourceFound(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Where an answer comes from. kind: faq, policy, page, product, order, reviews, review."""

    id: str
    kind: str
    quote: str
    title: str | None = None
    url: str | None = None


class Answer(msgspec.Struct, kw_only=True, omit_defaults=True):
    """An answer with its sources. answer: null where a person should answer; abstained: why."""

    answer: str | None
    confidence: float
    route: str
    conversation_id: str
    language: str
    sources: list[SourceFound]
    abstained: str | None = None
    product_ids: list[str] = []  # that go with it
    ask_also: list[str] = []
    to_a_person: bool = False


def schema_of(kind: type[msgspec.Struct]) -> dict[str, Any]:
    """The JSON Schema of a struct, an object at its root, as the protocol wants it."""
    schema = msgspec.json.schema(kind)
    others: dict[str, Any] = schema["$defs"]
    root: dict[str, Any] = others.pop(kind.__name__)
    return {**root, "$defs": others} if others else root
