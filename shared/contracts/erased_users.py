"""A user to be forgotten, on the way from the recommender, which reads the clicks and so the
erasures among them, to services that do not.

Internal, on `topics.ERASED_USERS`, keyed by the user; kept for as long as the clicks are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .envelope import KeyValue


class ErasedUser(msgspec.Struct, frozen=True, kw_only=True):
    """Who, and when the shop said so."""

    user: str  # a user_id, or an anonymous_id
    time_ms: int  # of the erasure's event, Unix milliseconds


_decoder = msgspec.json.Decoder(ErasedUser)


def decode(value: bytes) -> ErasedUser:
    """Raises msgspec.DecodeError, msgspec.ValidationError."""
    return _decoder.decode(value)


def users(records: Iterable[KeyValue]) -> list[tuple[str, int]]:
    """Who, and when, of a table's records; what cannot be read is passed over."""
    found: list[tuple[str, int]] = []
    for _, value in records:
        try:
            said = decode(value or b"")
        except (msgspec.MsgspecError, ValueError):
            continue
        found.append((said.user, said.time_ms))
    return found
