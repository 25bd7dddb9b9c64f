"""What the intent service is: searches and questions in; intents, complaints for the
sentiment service and questions for the answers service, out."""

from __future__ import annotations

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.api.service import ServiceSpec

SERVICE = ServiceSpec(
    name="intent",
    consumes=frozenset({topics.SEARCHES, topics.QUESTIONS}),
    tables=frozenset({topics.CATALOGUE, topics.CORRECTIONS}),
    publishes=frozenset({topics.INTENTS, topics.COMPLAINTS, topics.SEARCHED_QUESTIONS}),
    app="shopkeeper.services.intent.app:build",
    classify="shopkeeper.services.intent.evaluate:classifier",
    evaluate="shopkeeper.services.intent.evaluate:run",
)
