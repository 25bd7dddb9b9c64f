"""One checkpoint of one partition, as it is taken and as it is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..api.processor import Sections
    from ..kafka.records import Mark


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state of one partition of `source` (unprefixed) with every record below `next_offset`.

    The sections of a segment, as it is written, are what changed (`segments`); as it is read, they
    are those of the base, with what is to be added to them beside.
    """

    source: str
    partition: int
    next_offset: int
    sections: Sections
    count: int | None = None  # by how many partitions its keyed state is split; None: not by key
    last_record: Mark | None = None  # of what it reflects: shows whether a log is still the same
    size_bytes: int = 0  # as it was written; likewise:
    written_ms: int = 0
    segments: Sequence[Sections] = ()
