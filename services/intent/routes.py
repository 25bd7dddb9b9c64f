"""Who is to deal with what a text wants."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .slots import Asks

# recommend: products. answer: the shop's own words. person: somebody who works there. sentiment:
# nobody can do more than hear it. An abstention has no route, nor has small talk.
_ROUTES = {
    "product_search": "recommend",
    "product_question": "answer",
    "account": "answer",
    "after_sales": "answer",
    "cancel_order": "answer",
    "change_address": "answer",
    "change_order": "answer",
    "delivery_info": "answer",
    "invoice": "answer",
    "payment": "answer",
    "place_order": "answer",
    "price_promotion": "answer",
    "track_order": "answer",
    "contact_human": "person",
    "complaint_feedback": "sentiment",
}
NONE = "none"


def route_of(intent: str, rules: Mapping[str, str] | None = None) -> str:
    """One of `ROUTES`; "none" for an intent that is not known. rules: a shop's own routes."""
    own = None if rules is None else rules.get(intent)
    return _ROUTES.get(intent, NONE) if own is None else own


def asks_of(intent: str) -> Asks:
    """How the grammar of slots reads a text of this intent."""
    if intent == "product_search":
        return "search"
    return "question" if intent == "product_question" else "other"
