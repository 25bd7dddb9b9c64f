"""A user to be forgotten, on the way from the recommender, which reads the clicks and so the
erasures among them, to every other worker.

Internal, on `topics.ERASED_USERS`, kept for as long as the clicks are. It says which events are not
to be taken in again by whoever reads them late, and so has to outlive the user: as a number that is
compared, not as the id.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import xxhash

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .envelope import Event, KeyValue


class ErasedUser(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who, and when the shop said so."""

    time_ms: int  # of the erasure's event, Unix milliseconds
    number: int = 0  # `number_of` a user_id or an anonymous_id
    user: str | None = None  # instead of the number, in records of earlier versions


_decoder = msgspec.json.Decoder(ErasedUser)


def number_of(user: str) -> int:
    """A user in 64 bits, never 0."""
    return xxhash.xxh3_64_intdigest(user.encode("utf-8", "surrogatepass")) or 1


def encode(user: str, time_ms: int) -> tuple[bytes, bytes]:
    """Key and value of the record that says it."""
    number = number_of(user)
    return b"%016x" % number, msgspec.json.encode(ErasedUser(time_ms=time_ms, number=number))


def decode(value: bytes) -> ErasedUser:
    """With its number, whatever version wrote it. Raises msgspec.DecodeError, ValidationError."""
    said = _decoder.decode(value)
    if said.user is not None:
        return ErasedUser(time_ms=said.time_ms, number=number_of(said.user))
    if not said.number:
        raise msgspec.ValidationError("an erasure of nobody")
    return said


def users(records: Iterable[KeyValue]) -> list[tuple[int, int]]:
    """By number who, and when, of a table's records; what cannot be read is passed over."""
    found: list[tuple[int, int]] = []
    for _, value in records:
        try:
            said = decode(value or b"")
        except (msgspec.MsgspecError, ValueError):
            continue
        found.append((said.number, said.time_ms))
    return found


def customer(event: Event) -> tuple[str | None, ...]:
    """The ids that a shop's event names; none where it is about no user."""
    data = event.data
    return getattr(data, "user_id", None), getattr(data, "anonymous_id", None)


def named_in(
    decode_value: Callable[[bytes], Any],
) -> Callable[[Event], tuple[str | None, ...]]:
    """Of records of our own that name who said something: a function that returns the ids in one,
    none of a record that cannot be read. decode_value: raises msgspec.MsgspecError or
    UnicodeDecodeError."""

    def users_of(event: Event) -> tuple[str | None, ...]:
        try:
            said = decode_value(event.data or b"")
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return ()
        return said.user_id, said.anonymous_id

    return users_of
