"""The state of reviews, split by another number of partitions (see docs/partitions.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopkeeper.shared.contracts import topics

from .aggregates import split

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shopkeeper.shared.runtime.api.processor import Sections

SECTION = "aggregates"


def reviews(before: Mapping[int, Sections], count: int) -> dict[int, Sections]:
    """before: by partition. Products go where their key now is."""
    after = split({number: sections[SECTION] for number, sections in before.items()}, count)
    return {n: {**before.get(n, {}), SECTION: packed} for n, packed in after.items()}


RESHARD = {topics.REVIEWS: reviews}
