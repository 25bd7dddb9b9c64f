"""Broadcast views: what every worker keeps of the compacted topics that it reads whole.

Each `apply` takes (key, value) pairs in log order; an empty value removes the key. Junk is
counted in `junk` and skipped: a view never fails for what somebody wrote into its topic.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopkeeper.shared.contracts.events.shop import ProductCatalogued

from .cold_start.content import Content
from .tables.catalogue import CatalogueView
from .tables.item_counts import ItemCountsView
from .tables.sentiment import ProductSentimentView
from .tables.sessions import SessionIndex
from .tables.similar_items import SimilarView
from .tables.trending import TrendingView
from .tables.user_groups import GroupsView
from .vectors.item2vec import ItemVectors

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..config import Settings
    from .numeric.items import Items


class Views:
    """All views of one worker, over one set of interned items."""

    def __init__(
        self,
        items: Items,
        settings: Settings,
        note: Callable[[str, ProductCatalogued | None], None] | None = None,
    ) -> None:
        """note: as of `CatalogueView`."""
        self.similar = SimilarView(items, settings.neighbours_max)
        self.vectors = ItemVectors(
            settings.vector_dimensions, settings.vector_window, settings.vector_negatives,
            settings.vector_rate,
        )  # fmt: skip
        self.sessions = SessionIndex(
            items, settings.index_sessions_max, settings.index_session_items_max, self.vectors
        )
        self.counts = ItemCountsView(items, settings.epochs)
        self.catalogue = CatalogueView(items, settings.rules, note)
        self.sentiment = ProductSentimentView(items)
        self.trending = TrendingView(items)
        self.content = Content(
            settings, items, self.catalogue.attributes, self.similar, self.counts, self.catalogue,
            self.vectors,
        )  # fmt: skip
        self.groups = GroupsView(items, self.catalogue, self.sentiment, settings)
