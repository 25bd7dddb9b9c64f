"""Products of a large import on their way into the search index of a running worker.

To cut texts into terms and to encode them is four fifths of the work, and half of that is in onnx,
where other threads may run. So a thread of its own prepares slice by slice, and the state thread
puts what is ready into the index: a list waits 2 ms for that, not 10.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from concurrent.futures import Future

    from ..core.search.product_search import Prepared, ProductSearch

SLICES_AHEAD = 8  # asked for before the state thread looks again, which it does every 50 ms


class BackgroundIndexing:
    """Prepares the products that wait on a thread beside the state thread, which does all else."""

    def __init__(self, product_search: ProductSearch, slice_products: int) -> None:
        """slice_products: that are prepared, and put into the index, together."""
        self._search, self._slice_products = product_search, slice_products
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="indexing")
        self._slices: deque[Future[Prepared]] = deque()

    def piece(self) -> bool:
        """Put the next slice into the index, if one is ready, and have others prepared; whether
        another is ready. Raises what preparing it raised."""
        slices = self._slices
        if slices and slices[0].done():
            self._search.finish(slices.popleft().result())
        while len(slices) < SLICES_AHEAD and (products := self._search.begin(self._slice_products)):
            slices.append(self._thread.submit(self._search.prepared, products))
        return bool(slices) and slices[0].done()
