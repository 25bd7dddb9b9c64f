"""What the shop is about, in words: for pages that show another domain's names."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, Response, get

from shopkeeper.shared.domains.pack import Attribute, Both

from .context import Context
from .reads import answered
from .responses import response


class DomainShown(msgspec.Struct, frozen=True):
    """A domain's words. words: what pages say instead, by their English text. categories: in
    Chinese. reasons: sentences by code."""

    name: Both
    item: Both
    words: dict[str, Both]
    categories: dict[str, str]
    attributes: dict[str, Attribute]
    reasons: dict[str, dict[str, str]]


@get(
    "/v1/domain",
    summary="What this domain calls things",
    responses={200: response(DomainShown, "Of its pack, or a shop's")},
)
async def domain(request: Request[Any, Any, Any], context: Context) -> Response[bytes]:
    """Names of the domain, its categories, attributes and reasons, as its pack has them."""
    context.caller(request)
    said = context.domain
    shown = DomainShown(
        said.name,
        said.item,
        said.words,
        said.categories,
        said.attributes,
        {code: dict(texts) for code, texts in said.reason_texts.items()},
    )
    return answered(request, msgspec.json.encode(shown))
