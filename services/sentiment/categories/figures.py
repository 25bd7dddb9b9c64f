"""What reviews say of the shop's largest categories, for the metrics: every worker shows the same.

The categories are the catalogue's, so a metric may have them as labels only because they are few:
the outermost ones, `CATEGORIES_SHOWN` with the most reviews, and the rest together as `OTHER`.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from .catalogue import levels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopkeeper.shared.contracts.envelope import KeyValue
    from shopkeeper.shared.runtime.telemetry.metrics import Observer, Registry

CATEGORIES_SHOWN: Final = 20
CATEGORIES_HELD: Final = 5000  # beyond, a new category is not told apart from no category
OTHER: Final = "other"


class _Aspect(msgspec.Struct, frozen=True):
    aspect: str
    positive: int
    negative: int


class _Record(msgspec.Struct, frozen=True):
    """The figures of a `CategorySentimentUpdated`."""

    positive: int
    neutral: int
    negative: int
    aspects: tuple[_Aspect, ...] = ()


class Shown(NamedTuple):
    """What the metrics show: counts of reviews."""

    reviews: Counter[tuple[str, str]]  # (category, label)
    aspects: Counter[tuple[str, str, str]]  # (category, aspect, polarity)


_decoder = msgspec.json.Decoder(_Record)


class CategoryFigures:
    """The newest figures of every outermost category, read from the topic on the state thread."""

    def __init__(self) -> None:
        self._records: dict[str, _Record] = {}
        self._changed = True

    def apply(self, records: Sequence[KeyValue]) -> None:
        """Records of the topic; what is not one is passed over, as its owner writes it anew."""
        for key, value in records:
            try:
                category = (key or b"").decode()
                record = None if value is None else _decoder.decode(value)
            except (ValueError, msgspec.MsgspecError):
                continue
            if len(levels(category)) > 1:
                continue  # its reviews are among those of the category above
            if record is None:
                self._changed |= self._records.pop(category, None) is not None
            elif category in self._records or len(self._records) < CATEGORIES_HELD:
                self._records[category] = record
                self._changed = True

    def shown(self) -> Shown:
        """The largest categories by name, the others as one; ties go by name."""
        found = Shown(Counter(), Counter())
        ranked = sorted(
            self._records.items(),
            key=lambda item: (-item[1].positive - item[1].neutral - item[1].negative, item[0]),
        )
        for rank, (category, record) in enumerate(ranked):
            name = category if rank < CATEGORIES_SHOWN else OTHER
            for label in ("positive", "neutral", "negative"):
                found.reviews[name, label] += getattr(record, label)
            for said in record.aspects:
                found.aspects[name, said.aspect, "positive"] += said.positive
                found.aspects[name, said.aspect, "negative"] += said.negative
        return found

    def metrics(self, registry: Registry) -> Observer:
        """Declares the gauges; what is returned shows what has changed."""
        reviews = registry.gauge(
            "category_reviews", "Reviews of a category's products.", "category", "label"
        )
        aspects = registry.gauge(
            "category_aspect_reviews",
            "Reviews of a category's products that praise or criticise an aspect.",
            *("category", "aspect", "polarity"),
        )

        def observe() -> None:
            if not self._changed:
                return
            self._changed = False
            shown = self.shown()
            reviews.clear()  # a category may have left the largest
            aspects.clear()
            for labels, count in shown.reviews.items():
                reviews.labels(*labels).set(count)
            for said, count in shown.aspects.items():
                aspects.labels(*said).set(count)

        return observe
