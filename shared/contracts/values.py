"""What a record's value says, for readers that have no headers: global tables."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, TypeVar

from .parsing import Refused, inside_of, is_envelope, parse
from .repair import converted

if TYPE_CHECKING:
    import msgspec

S = TypeVar("S", bound="msgspec.Struct")


def said_in(value: bytes, struct: type[S]) -> S | None:
    """The event's data; None where an envelope without data says that it is removed.

    As the decoder reads it: CloudEvents data, a structured CloudEvent, bare JSON, or any of them
    framed by Confluent; optional fields that are wrong are left out. Raises ValueError,
    msgspec.ValidationError or Refused.
    """
    document: Any = inside_of(parse(value))
    if "specversion" in document and is_envelope(document):
        if "data_base64" in document:
            document = parse(base64.b64decode(document["data_base64"], validate=True))
        else:
            document = document.get("data")
            if document is None:
                return None
    return converted(document, struct)


__all__ = ["Refused", "said_in"]
