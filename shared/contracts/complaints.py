"""A complaint on its way from the intent service, which recognised it, to the sentiment service.

Internal, on `topics.COMPLAINTS`: the one record of Shopkeeper's own that repeats a customer's text,
which is why personal data in it are masked and it is kept for a day only.
"""

from __future__ import annotations

import msgspec


class Complaint(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The text, and what the answer says of its cause."""

    text: str  # personal data masked
    id: str  # of the output that answers it: the same when a killed worker sends it again
    event_type: str  # of the cause: products.searched.v1 or question.asked.v1
    event_id: str  # of the cause
    correlation_id: str
    time_ms: int  # of the cause
    user_id: str | None = None
    anonymous_id: str | None = None
    session_id: str | None = None
    product_id: str | None = None
    conversation_id: str | None = None
    traceparent: bytes | None = None


_decoder = msgspec.json.Decoder(Complaint)


def decode(value: bytes) -> Complaint:
    """Raises msgspec.DecodeError, msgspec.ValidationError."""
    return _decoder.decode(value)
