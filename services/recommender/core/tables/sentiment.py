"""Mean sentiment of every product's reviews: `personalisation.product-sentiment.v1`, whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.events.sentiment import ProductSentimentUpdated

from ..numeric.arrays import grown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from shopkeeper.shared.contracts.envelope import KeyValue

    from ..numeric.items import ItemIndex


class SentimentTable:
    """What reviews say about each product: `mean[item]`, -1 to 1; 0 where there are none."""

    topic = topics.PRODUCT_SENTIMENT

    def __init__(self, items: ItemIndex) -> None:
        self._items = items
        self.mean: NDArray[np.float32] = np.zeros(1024, np.float32)
        self.junk = 0
        self._decoder = msgspec.json.Decoder(ProductSentimentUpdated)

    def apply(self, records: Sequence[KeyValue]) -> None:
        for key, value in records:
            try:
                if value is None:
                    name, mean = (key or b"").decode(), 0.0
                else:
                    product = self._decoder.decode(value)
                    name, mean = product.product_id, product.mean
                    if not -1.0 <= mean <= 1.0:
                        raise ValueError("not a mean")
            except (msgspec.MsgspecError, ValueError):
                self.junk += 1
                continue
            item = self._items.intern(name)
            self.reserve()
            self.mean[item] = mean

    def reserve(self) -> None:
        """Make `mean` cover every interned item."""
        if self._items.capacity > len(self.mean):
            self.mean = grown(self.mean, self._items.capacity)
