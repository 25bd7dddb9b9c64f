"""What a record of shop.catalogue.v1 says, for readers that have no headers: global tables."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from .connectors import is_deleted
from .decoder import UNPREFIXED
from .events.shop import ProductCatalogued
from .parsing import Refused, inside_of, is_envelope, parse
from .repair import converted
from .vocabularies.base import CATALOGUED, Message
from .vocabularies.recognition import MARKS, Ours, translated

if TYPE_CHECKING:
    from collections.abc import Iterator


def products(value: bytes) -> Iterator[tuple[str | None, ProductCatalogued | None]]:
    """(id, product) of each product in a record's value; None for one that is removed, whose id is
    None where the record's key has it.

    As the decoder reads it: CloudEvents data, a structured CloudEvent, bare JSON, another
    vocabulary's, or any of them framed by Confluent; optional fields that are wrong are left out.
    Raises ValueError, msgspec.ValidationError or Refused.
    """
    document: Any = inside_of(parse(value))
    if "specversion" in document and is_envelope(document):
        if "data_base64" in document:
            document = parse(base64.b64decode(document["data_base64"], validate=True))
        else:
            document = document.get("data")
            if document is None:
                yield None, None
                return
    elif is_deleted(document) or (
        "product_id" not in document
        and (document.keys() == {"id"} or not MARKS.isdisjoint(document))
    ):
        said = translated(Message(document, {}, None, "", 0), UNPREFIXED, CATALOGUED)
        if not isinstance(said, Ours):
            for draft in said:
                if draft.kind == CATALOGUED and draft.data is None:
                    yield (draft.key or b"").decode(), None
                elif draft.kind == CATALOGUED:
                    product = converted(draft.data, ProductCatalogued)
                    yield product.product_id, product
            return
    product = converted(document, ProductCatalogued)
    yield product.product_id, product


__all__ = ["Refused", "products"]
