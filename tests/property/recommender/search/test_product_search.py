"""Products that change while they are being prepared for the index, against the last word of the
catalogue."""

from __future__ import annotations

from collections import Counter, deque
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.services.recommender.config import RecommenderConfig
from shopkeeper.services.recommender.core.numeric.items import ItemIndex
from shopkeeper.services.recommender.core.search.product_search import ProductSearch
from shopkeeper.shared.contracts.events.shop import ProductCatalogued

if TYPE_CHECKING:
    from collections.abc import Sequence

NAMES = "abcde"
TITLES = ["alphabet", "bravery", "charlatan"]
STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.just("change"),
            st.sampled_from(NAMES),
            st.one_of(st.none(), st.sampled_from(TITLES)),
        ),
        st.tuples(st.just("begin"), st.integers(1, 3), st.none()),
        st.tuples(st.just("finish"), st.none(), st.none()),
    ),
    max_size=40,
)


class Words:
    """Texts by words alone: no vector says anything. Nothing is a support question."""

    dimensions = 4

    def encode(self, products: Sequence[ProductCatalogued]) -> np.ndarray:
        return np.zeros((len(products), self.dimensions), np.float32)

    def encode_queries(self, texts: Sequence[str]) -> np.ndarray:
        return np.zeros((len(texts), self.dimensions), np.float32)

    def is_support(self, texts: Sequence[str]) -> np.ndarray:
        return np.zeros(len(texts), np.bool_)


@given(STEPS)
def test_searches_find_what_the_catalogue_said_last(steps) -> None:
    items, said = ItemIndex(), {}
    search = ProductSearch(
        config=RecommenderConfig(search_fit_min=0.01),
        items=items,
        encoder=Words(),
        support_filter=Words(),
        counters=Counter(),
        clock=lambda: 0.0,
    )
    being_prepared: deque = deque()
    for step, what, title in steps:
        if step == "change":
            said[what] = title
            product = None if title is None else ProductCatalogued(product_id=what, title=title)
            search.on_product_changed(what, product)
        elif step == "begin":
            if products := search.begin(what):
                being_prepared.append(search.prepared(products))
        elif being_prepared:
            search.finish(being_prepared.popleft())
        assert search.begun == bool(being_prepared)
    while search.waiting:
        if products := search.begin(2):
            being_prepared.append(search.prepared(products))
        if being_prepared:
            search.finish(being_prepared.popleft())
    number_of = items.number_of
    for title in TITLES:
        ((found, _),) = [each for each in search.find([title], 0) if each is not None]
        names = {name for name in number_of if number_of[name] in found}
        assert names == {name for name, last in said.items() if last == title}
    assert len(search) == sum(last is not None for last in said.values())
