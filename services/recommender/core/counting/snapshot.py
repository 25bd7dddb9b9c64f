"""Reading snapshots: the version and the counting rule are checked before anything else."""

from __future__ import annotations

from typing import TypeVar

import msgspec

S = TypeVar("S", bound=msgspec.Struct)


class StateError(ValueError):
    """A checkpoint that this version cannot take over; the message names the way out."""


class _Head(msgspec.Struct, frozen=True):
    format_version: int
    rule: str


def read_state(packed: bytes, state: type[S], format_version: int, rule: str) -> S:
    """Decode a snapshot (msgpack, with `format_version` and `rule` in it).

    Raises StateError if it is newer than `format_version`, or was counted by another rule: its
    numbers would then mean something else than ours.
    """
    try:
        head = msgspec.msgpack.decode(packed, type=_Head)
        if head.format_version > format_version:
            raise StateError(
                f"the checkpoint has format {head.format_version}, this version reads up to "
                f"{format_version}: run a newer shopkeeper, or start over with "
                "`shopkeeper topics reset`"
            )
        if head.rule != rule:
            raise StateError(
                f"the checkpoint was counted by the rule '{head.rule}', not '{rule}': restore "
                "the settings, or start over with `shopkeeper topics reset`"
            )
        return msgspec.msgpack.decode(packed, type=state)
    except msgspec.MsgspecError as error:
        raise StateError(f"the checkpoint cannot be read: {error}") from None
