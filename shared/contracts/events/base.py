"""What the event types of all services share."""

from __future__ import annotations

from typing import Annotated

import msgspec

# Bounds and choices that the schemas state; they are checked when read, not when written.
Probability = Annotated[float, msgspec.Meta(ge=0, le=1)]
Count = Annotated[int, msgspec.Meta(ge=0)]


def one_of(*choices: str) -> msgspec.Meta:
    return msgspec.Meta(pattern=f"^({'|'.join(choices)})$")


Language = Annotated[str, one_of("en", "zh", "other")]


class Data(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Fields that are at their default are left out of the JSON."""


class Model(msgspec.Struct, frozen=True):
    """Which model said so."""

    name: str
    version: str
