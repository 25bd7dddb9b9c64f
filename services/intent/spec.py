"""What the intent service is: searches and questions in, intents out."""

from __future__ import annotations

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.api.service import ServiceSpec

SERVICE = ServiceSpec(
    name="intent",
    consumes=frozenset({topics.SEARCHES, topics.QUESTIONS}),
    publishes=frozenset({topics.INTENTS}),
    app="shopkeeper.services.intent.app:build",
    classify="shopkeeper.services.intent.evaluate:classifier",
    evaluate="shopkeeper.services.intent.evaluate:run",
)
