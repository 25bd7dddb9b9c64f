"""Knowledge: all that a worker knows besides its own partitions.

Tables of whole topics, which every worker reads, and two models that are learned from them: vectors
of items by behaviour, and which new items fit an item.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopkeeper.shared.contracts.events.shop import PreferenceSet, ProductCatalogued

from .cold_start.content import Content
from .tables.catalogue import CatalogueTable
from .tables.item_counts import ItemCountsTable
from .tables.preferences import PreferencesTable
from .tables.sentiment import SentimentTable
from .tables.sessions import SessionIndex
from .tables.similar_items import SimilarItemsTable
from .tables.trending import TrendingTable
from .tables.user_groups import UserGroupsTable
from .vectors.item2vec import ItemVectors

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..config import RecommenderConfig
    from .numeric.items import ItemIndex
    from .tables.base import Table


class Knowledge:
    """All tables of one worker, over one index of items."""

    def __init__(
        self,
        items: ItemIndex,
        config: RecommenderConfig,
        on_product_changed: Callable[[str, ProductCatalogued | None], None] | None = None,
        on_preferences_changed: Callable[[Sequence[PreferenceSet]], None] | None = None,
    ) -> None:
        """on_product_changed, on_preferences_changed: as `on_change` of their tables."""
        self.similar_items = SimilarItemsTable(items, config.neighbours_max)
        self.vectors = ItemVectors(
            dimensions=config.vector_dimensions,
            window=config.vector_window,
            negatives=config.vector_negatives,
            rate=config.vector_rate,
        )
        self.sessions = SessionIndex(
            items,
            sessions_max=config.index_sessions_max,
            session_items_max=config.index_session_items_max,
            vectors=self.vectors,
        )
        self.item_counts = ItemCountsTable(items, config.periods)
        self.catalogue = CatalogueTable(items, config.rules, on_product_changed, config.exclusions)
        self.sentiment = SentimentTable(items)
        self.trending = TrendingTable(items)
        self.preferences = PreferencesTable(config.preferences_max, on_preferences_changed)
        self.content = Content(
            config=config,
            items=items,
            attributes=self.catalogue.attributes,
            similar=self.similar_items,
            counts=self.item_counts,
            catalogue=self.catalogue,
            vectors=self.vectors,
        )
        self.user_groups = UserGroupsTable(
            items=items, catalogue=self.catalogue, sentiment=self.sentiment, config=config
        )
        # The one list of what is read whole: who dispatches records derives from it.
        self.tables: tuple[Table, ...] = (
            self.catalogue,
            self.similar_items,
            self.item_counts,
            self.sentiment,
            self.trending,
            self.sessions,
            self.user_groups,
            self.preferences,
        )

    def reserve(self) -> None:
        """Make all arrays by item, and the rows that content keeps, cover every interned item."""
        self.similar_items.reserve()
        self.item_counts.reserve()
        self.catalogue.reserve()
        self.sentiment.reserve()
        self.sessions.reserve()  # and the vectors that it teaches
        self.content.reserve()
