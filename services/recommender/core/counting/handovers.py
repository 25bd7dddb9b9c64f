"""What partitions of users tell each other within their topic: sessions that a login links, and
erasures.

A named user and the anonymous id that logs in may lie on different partitions, and state of one is
a pure function of its log. So they write to each other's log: the named user's asks, the anonymous
id's answers. What a killed worker sends twice is dropped (see shared/runtime/kafka/routing.py).
"""

from __future__ import annotations

import msgspec

HANDOVER = "shopkeeper.handover.v1"  # type of such an event
FORMAT_VERSION = 1

ASK = "ask"  # a named user's partition asks for the session of an anonymous id
ANSWER = "answer"  # that id's partition hands it over
ERASE = "erase"  # a user was erased, and this one is linked to it
FORGET = "forget"  # likewise, where only what behaviour said is to be forgotten
KINDS = (ASK, ANSWER, ERASE, FORGET)


class Handover(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One message (msgpack). Items are product ids: numbers are private to a process."""

    kind: str
    user_id: str  # whom it is addressed to: an id of either sort; its partition follows from that
    other: str  # the other of the two
    session_id: str | None = None
    time_ms: int = 0  # of the event with both ids
    session: int = -1  # `Session.start` of the named user's, to tell it from a later one
    first_ms: int = 0  # of the session that is handed over; with no items there is none
    last_ms: int = 0
    clicked: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    ordered: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    recent: tuple[str, ...] = ()
    bought: tuple[str, ...] = ()
    format_version: int = FORMAT_VERSION

    @property
    def anonymous_id(self) -> None:
        """None: whom it is addressed to goes first, as in every event."""
        return None


def encode(handover: Handover) -> bytes:
    """The record's value."""
    return msgspec.msgpack.encode(handover)


def decode_timed(value: bytes) -> tuple[Handover, int]:
    """The message, and the time of the event behind it. Raises ValueError as `decode`."""
    said = decode(value)
    return said, said.time_ms


def decode(value: bytes) -> Handover:
    """Raises ValueError for what is no such message, or one of a newer version."""
    try:
        handover = msgspec.msgpack.decode(value, type=Handover)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ValueError(str(error)) from None
    if handover.format_version > FORMAT_VERSION or handover.kind not in KINDS:
        raise ValueError(f"a handover of kind {handover.kind}, format {handover.format_version}")
    return handover
