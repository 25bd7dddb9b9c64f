"""A question that was typed into the search box, on its way from the intent service, which
recognised it, to the answers service.

Internal, on `topics.SEARCHED_QUESTIONS`; it repeats a customer's text, masked, and is kept for a
day only.
"""

from __future__ import annotations

import msgspec


class SearchedQuestion(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The text, and what the answer says of its cause."""

    text: str
    id: str  # of the output that answers it: the same when a killed worker sends it again
    event_id: str  # of the search
    correlation_id: str
    time_ms: int  # of the search
    user_id: str | None = None
    anonymous_id: str | None = None
    session_id: str | None = None
    traceparent: bytes | None = None


_decoder = msgspec.json.Decoder(SearchedQuestion)


def decode(value: bytes) -> SearchedQuestion:
    """Raises msgspec.DecodeError, msgspec.ValidationError."""
    return _decoder.decode(value)
