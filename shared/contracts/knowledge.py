"""What a record of shop.knowledge.v1 says, for readers that have no headers: global tables."""

from __future__ import annotations

from .events.shop import KnowledgePublished
from .values import Refused, said_in


def entry_of(value: bytes) -> KnowledgePublished | None:
    """The entry in a record's value; None where an envelope without data says that it is removed.
    Raises ValueError, msgspec.ValidationError or Refused (see `said_in`)."""
    return said_in(value, KnowledgePublished)


__all__ = ["Refused", "entry_of"]
