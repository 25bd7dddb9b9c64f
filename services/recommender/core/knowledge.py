"""Broadcast views: what every worker keeps of the compacted topics that it reads whole.

Each `apply` takes (key, value) pairs in log order; an empty value removes the key. Junk is
counted in `junk` and skipped: a view never fails for what somebody wrote into its topic.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopkeeper.shared.contracts.events.shop import ProductCatalogued

from .cold_start.content import Content
from .tables.catalogue import CatalogueTable
from .tables.item_counts import ItemCountsTable
from .tables.sentiment import SentimentTable
from .tables.sessions import SessionIndex
from .tables.similar_items import SimilarItemsTable
from .tables.trending import TrendingTable
from .tables.user_groups import UserGroupsTable
from .vectors.item2vec import ItemVectors

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..config import RecommenderConfig
    from .numeric.items import ItemIndex


class Knowledge:
    """All views of one worker, over one set of interned items."""

    def __init__(
        self,
        items: ItemIndex,
        settings: RecommenderConfig,
        note: Callable[[str, ProductCatalogued | None], None] | None = None,
    ) -> None:
        """note: as of `CatalogueTable`."""
        self.similar_items = SimilarItemsTable(items, settings.neighbours_max)
        self.vectors = ItemVectors(
            settings.vector_dimensions,
            settings.vector_window,
            settings.vector_negatives,
            settings.vector_rate,
        )
        self.sessions = SessionIndex(
            items, settings.index_sessions_max, settings.index_session_items_max, self.vectors
        )
        self.item_counts = ItemCountsTable(items, settings.epochs)
        self.catalogue = CatalogueTable(items, settings.rules, note)
        self.sentiment = SentimentTable(items)
        self.trending = TrendingTable(items)
        self.content = Content(
            settings,
            items,
            self.catalogue.attributes,
            self.similar_items,
            self.item_counts,
            self.catalogue,
            self.vectors,
        )
        self.user_groups = UserGroupsTable(items, self.catalogue, self.sentiment, settings)
