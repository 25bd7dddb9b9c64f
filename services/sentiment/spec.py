"""What the sentiment service is: reviews in, sentiments and product sentiments out."""

from __future__ import annotations

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.api.service import ServiceSpec

SERVICE = ServiceSpec(
    name="sentiment",
    consumes=frozenset({topics.REVIEWS}),
    publishes=frozenset({topics.SENTIMENTS, topics.PRODUCT_SENTIMENT}),
    app="shopkeeper.services.sentiment.app:build",
    resharding="shopkeeper.services.sentiment.resharding:RESHARD",
    classify="shopkeeper.services.sentiment.evaluate:classifier",
    evaluate="shopkeeper.services.sentiment.evaluate:run",
)
