"""What a record of shop.knowledge.v1 says, for readers that have no headers: global tables."""

from __future__ import annotations

import base64
from typing import Any

from .events.shop import KnowledgePublished
from .parsing import Refused, is_envelope, parse
from .repair import converted


def entry_of(value: bytes) -> KnowledgePublished | None:
    """The entry in a record's value; None where an envelope without data says that it is removed.

    As the decoder reads it: CloudEvents data, a structured CloudEvent, bare JSON, or any of them
    framed by Confluent; optional fields that are wrong are left out. Raises ValueError,
    msgspec.ValidationError or Refused.
    """
    document: Any = parse(value)
    if "specversion" in document and is_envelope(document):
        if "data_base64" in document:
            document = parse(base64.b64decode(document["data_base64"], validate=True))
        else:
            document = document.get("data")
            if document is None:
                return None
    return converted(document, KnowledgePublished)


__all__ = ["Refused", "entry_of"]
