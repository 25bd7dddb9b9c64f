"""What a shop may rule for itself of intents: the table [intent] of the file TEXT_RULES."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec

from shopkeeper.shared.contracts.events.intent import ROUTES
from shopkeeper.shared.text.rules import Wrong, read_rules

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]


class IntentRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is not there is the model's, or built in."""

    abstain_below: Share | None = None
    abstain_margin: Share | None = None
    routes: dict[str, str] = {}  # by intent


NO_RULES = IntentRules()


def intent_rules(path: Path, labels: Sequence[str]) -> IntentRules:
    """Those of a file, for a model of these labels. Raises RulesError."""

    def check(rules: IntentRules) -> None:
        for intent, route in rules.routes.items():
            if intent not in labels:
                listed = ", ".join(labels)
                raise Wrong(f"{intent!r} is no intent; intents are {listed}", "routes", intent)
            if route not in ROUTES:
                listed = ", ".join(ROUTES)
                raise Wrong(f"{route!r} is no route; routes are {listed}", "routes", intent)

    return read_rules(path, "intent", IntentRules, check)
