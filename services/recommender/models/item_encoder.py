"""Products as vectors, from what the catalogue says of them: texts, and an autoencoder's codes.

Whole batches; off the event loop by the caller, one thread's calls at a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from shopkeeper.shared.text.encoder import TextEncoder
from shopkeeper.shared.text.onnx_model import open_session, read_checked

from ..core.numeric.unit import unit
from ..core.search.terms import query_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from shopkeeper.shared.contracts.events.shop import ProductCatalogued

FIELDS = 3  # title, category, brand
CATEGORY_WEIGHT = 0.7  # of a category's vector against a title's, where a product is one vector
PRICE_BANDS = np.array([1, 2, 4, 8, 16, 32, 64, 128, 256, 512])  # doubling: a log scale
BANDS = len(PRICE_BANDS) + 2  # the last one: no price
REMEMBERED_MAX = 4096  # vectors of categories, 3 MB


def price_bands(prices: Sequence[float | None]) -> NDArray[np.float32]:
    """(prices, BANDS): one of each row is 1."""
    known = np.array([-1.0 if price is None else price for price in prices], np.float64)
    bands = np.where(known < 0, BANDS - 1, np.searchsorted(PRICE_BANDS, known, side="right"))
    return np.eye(BANDS, dtype=np.float32)[bands]


class ItemEncoder:
    """Products and queries by meaning, in one space."""

    def __init__(self, model_dir: str = "") -> None:
        """Raises ModelError."""
        self.text = TextEncoder.load("encoder", model_dir)
        self._of_category: dict[str, NDArray[np.float32]] = {}

    @property
    def dimensions(self) -> int:
        """Width of `encode` and `encode_queries`."""
        return self.text.dimensions

    def encode(self, products: Sequence[ProductCatalogued]) -> NDArray[np.float32]:
        """(products, dimensions): title and category as one vector of length 1 (0 without text)."""
        titles = self.text.vectors(
            [product.title or product.title_zh or "" for product in products]
        )
        return unit(titles + np.float32(CATEGORY_WEIGHT) * self._categories(products))

    def _categories(self, products: Sequence[ProductCatalogued]) -> NDArray[np.float32]:
        """(products, dimensions): few categories, many products, so what was encoded is kept."""
        names = [product.category or "" for product in products]
        known = self._of_category
        new = [name for name in dict.fromkeys(names) if name not in known]
        if len(known) + len(new) > REMEMBERED_MAX:
            known.clear()
            new = list(dict.fromkeys(names))
        known.update(zip(new, self.text.vectors(new), strict=True))
        vectors = [known[name] for name in names]
        return np.array(vectors, np.float32).reshape(len(names), self.dimensions)

    def encode_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(texts, dimensions), in the space of `encode`."""
        return self.text.vectors([query_text(text) for text in texts])

    def fields(self, products: Sequence[ProductCatalogued]) -> NDArray[np.float32]:
        """(products, FIELDS, dimensions): title, category and brand, each of length 1 or 0.

        The Chinese title stands in where the title is in a language without a vector.
        """
        texts = [
            text
            for product in products
            for text in (
                product.title or product.title_zh or "",
                product.category or "",
                product.brand or "",
            )
        ]
        # Few categories and brands, many products: each text once.
        distinct = {text: place for place, text in enumerate(dict.fromkeys(texts))}
        vectors = self.text.vectors(list(distinct))
        rows = np.fromiter((distinct[text] for text in texts), np.int64, len(texts))
        return vectors[rows].reshape(len(products), FIELDS, self.dimensions)


class ItemCodes:
    """Products by an autoencoder's hidden layer, of all fields and the price."""

    def __init__(self, encoder: ItemEncoder, model_dir: str = "") -> None:
        """Raises ModelError."""
        self._encoder = encoder
        _, content = read_checked("items", model_dir)
        self._session = open_session("items", content, {"fields", "price_bands"}, "codes")

    def encode(self, products: Sequence[ProductCatalogued]) -> NDArray[np.float32]:
        """(products, 64), each 0 to 1."""
        width = FIELDS * self._encoder.dimensions
        codes: NDArray[np.float32] = self._session.run(
            ["codes"],
            {
                "fields": self._encoder.fields(products).reshape(len(products), width),
                "price_bands": price_bands([product.price for product in products]),
            },
        )[0]
        return codes
