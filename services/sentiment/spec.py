"""What the sentiment service is: reviews and complaints in, sentiments of them, of products and
of categories out."""

from __future__ import annotations

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.api.service import ServiceSpec

SERVICE = ServiceSpec(
    name="sentiment",
    consumes=frozenset({topics.REVIEWS, topics.COMPLAINTS}),
    by_key=frozenset({topics.REVIEWS}),
    tables=frozenset(
        {topics.CORRECTIONS, topics.CATALOGUE, topics.CATEGORY_PARTS, topics.CATEGORY_SENTIMENT}
    ),
    publishes=frozenset(
        {
            topics.SENTIMENTS,
            topics.PRODUCT_SENTIMENT,
            topics.CATEGORY_PARTS,
            topics.CATEGORY_SENTIMENT,
            topics.COMPLAINT_SENTIMENTS,
            topics.REVIEW_DIGESTS,
        }
    ),
    app="shopkeeper.services.sentiment.app:build",
    resharding="shopkeeper.services.sentiment.resharding:RESHARD",
    classify="shopkeeper.services.sentiment.evaluate:classifier",
    evaluate="shopkeeper.services.sentiment.evaluate:run",
)
