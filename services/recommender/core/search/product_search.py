"""What a search finds: the catalogue's texts as an index, kept current product by product."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, Protocol

from .index import SCORE_MAX, SearchIndex
from .terms import ProductTerms, query_terms

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from shopkeeper.shared.contracts.events.shop import ProductCatalogued

    from ...config import SearchConfig
    from ..numeric.items import ItemIndex
    from ..numeric.types import Searched
    from .segments import Segment

SLICE = 96  # products encoded together


class Encoder(Protocol):
    """Products and queries as vectors of one space (models/item_encoder.py)."""

    @property
    def dimensions(self) -> int: ...
    def encode(self, products: Sequence[ProductCatalogued]) -> NDArray[np.float32]:
        """(products, dimensions), each of length 1 or 0."""
        ...

    def encode_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(texts, dimensions), each of length 1 or 0."""
        ...


class SupportFilter(Protocol):
    """Tells support questions from searches for products (models/support_filter.py)."""

    def is_support(self, texts: Sequence[str]) -> NDArray[np.bool_]:
        """(texts,) whether each surely asks for support."""
        ...


class Prepared(NamedTuple):
    """Products with what an index takes of them."""

    products: Sequence[ProductCatalogued]
    segments: Sequence[Segment]


class ProductSearch:
    """An index of the products that may be offered, over one set of interned items."""

    def __init__(
        self,
        *,
        config: SearchConfig,
        items: ItemIndex,
        encoder: Encoder,
        support_filter: SupportFilter,
        counters: Counter[str],
        clock: Callable[[], float],
    ) -> None:
        """counters: by outcome, `search_found` and so on. clock: in seconds, for the budget."""
        self._config, self._items = config, items
        self._encoder, self._support_filter = encoder, support_filter
        self._counters, self._clock = counters, clock
        self._index = SearchIndex(encoder.dimensions, config.search_products_max)
        self._product_terms = ProductTerms()
        self._texts: dict[str, int] = {}  # hash of an indexed product's texts
        # Changes to take in, that which waits longest first; None: the product is to leave.
        self._waiting: dict[str, ProductCatalogued | None] = {}
        self._begun: set[str] = set()  # being prepared
        self._second = 0
        self._spent_ms = 0.0  # on searches, in that second

    def __len__(self) -> int:
        """Products that can be found."""
        return len(self._index)

    @property
    def waiting(self) -> int:
        """Products whose change cannot be found yet."""
        return len(self._waiting) + len(self._begun - self._waiting.keys())

    @property
    def begun(self) -> bool:
        """Whether any are being prepared."""
        return bool(self._begun)

    def warm(self) -> None:
        """Have everything that a search needs loaded: the first one is not to wait for it."""
        index = SearchIndex(self._encoder.dimensions)
        terms, vectors = query_terms(["warm"]), self._encoder.encode_queries(["warm"])
        for name in ("a", "b", "c"):
            index.put([name], terms, vectors)
        index.remove(["a"])  # parts were merged by now, and one has a dead product
        index.search(terms, vectors, 1)
        self._support_filter.is_support(["warm"])

    def on_product_changed(self, name: str, product: ProductCatalogued | None) -> None:
        """A product as it now is; None or unavailable: not to be found.

        Cheap: `index_pending` does the work."""
        if product is None or product.available is False:
            if name in self._texts or name in self._waiting or name in self._begun:
                self._waiting[name] = None
            return
        if self._texts.get(name) == _texts_of(product) and name not in self._begun:
            self._waiting.pop(name, None)  # only its price, say
        else:
            self._waiting[name] = product

    def index_pending(self, limit: int) -> None:
        """Index at most so many of the products that wait, those that wait longest first. None may
        be begun and not finished."""
        assert not self._begun
        while limit > 0 and self._waiting:
            left = len(self._waiting)
            products = self.begin(min(limit, SLICE))
            limit -= left - len(self._waiting)
            if products:
                self.finish(self.prepared(products))

    def begin(self, limit: int) -> list[ProductCatalogued]:
        """At most so many of the products that wait, those that wait longest first, to be
        `prepared` and finished. What is gone among them leaves the index now."""
        begun = self._begun
        names = list(islice((name for name in self._waiting if name not in begun), limit))
        products = [self._waiting.pop(name) for name in names]
        gone = [name for name, product in zip(names, products, strict=True) if product is None]
        self._index.remove([name for name in gone if self._texts.pop(name, None) is not None])
        known = [product for product in products if product is not None]
        begun.update(product.product_id for product in known)
        return known

    def prepared(self, products: Sequence[ProductCatalogued]) -> Prepared:
        """Most of the work. Changes nothing here, so that another thread may do it, if it does it
        alone."""
        names = [product.product_id for product in products]
        terms, vectors = self._product_terms.of(products), self._encoder.encode(products)
        return Prepared(products, self._index.made(names, terms, vectors))

    def finish(self, prepared: Prepared) -> None:
        """Let searches find them as they were when begun. What has changed since still waits."""
        self._begun.difference_update(product.product_id for product in prepared.products)
        self._index.take(prepared.segments)
        self._texts.update((p.product_id, _texts_of(p)) for p in prepared.products)

    def find(self, queries: Sequence[str], now_ms: int) -> list[Searched | None]:
        """Of each query the products that fit best, as items, and how well, 0 to 1; None where it
        wants no product.

        Takes little more than `search_ms_per_second` out of each second of the clock; what is asked
        beyond is None as well, and counted.
        """
        config = self._config
        if now_ms // 1000 != self._second:
            self._second, self._spent_ms = now_ms // 1000, 0.0
        found: list[Searched | None] = []
        for start in range(0, len(queries), config.searches_at_once):
            part = queries[start : start + config.searches_at_once]
            if self._spent_ms >= config.search_ms_per_second:
                self._counters["search_skipped"] += len(part)
                found += [None] * len(part)
                continue
            started = self._clock()
            found += self._found(part)
            self._spent_ms += 1000 * (self._clock() - started)
        return found

    def _found(self, queries: Sequence[str]) -> list[Searched | None]:
        is_support = self._support_filter.is_support(queries).tolist()
        wanted = [query for query, support in zip(queries, is_support, strict=True) if not support]
        hits = iter(
            self._index.search(
                query_terms(wanted),
                self._encoder.encode_queries(wanted),
                self._config.search_items_max,
            )
        )
        found: list[Searched | None] = []
        for support in is_support:
            fitting = None if support else self._fitting(next(hits))
            outcome = "errand" if fitting is None else "found" if fitting[0] else "nothing"
            self._counters[f"search_{outcome}"] += 1
            found.append(fitting)
        return found

    def _fitting(self, hits: list[tuple[str, float]]) -> Searched:
        fit_min = self._config.search_fit_min
        fits = [(name, min(1.0, score / SCORE_MAX)) for name, score in hits]
        fits = [(name, fit) for name, fit in fits if fit >= fit_min]
        return (
            self._items.intern_all(name for name, _ in fits).tolist(),
            [fit for _, fit in fits],
        )


def _texts_of(product: ProductCatalogued) -> int:
    return hash((product.title, product.title_zh, product.category, product.brand))
