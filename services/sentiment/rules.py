"""What a shop may rule for itself of sentiments: the table [sentiment] of the file TEXT_RULES."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec

from shopkeeper.shared.text.rules import Wrong, digest, read_rules

from .judgement import DISAGREE_MIN
from .stock_phrases import CHARACTERS_MAX, spelled

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
PHRASES_MAX = 1000


class SentimentRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is not there is built in."""

    stock_phrases: tuple[str, ...] = ()  # besides those that are built in
    disagree_min: Share = DISAGREE_MIN


NO_RULES = SentimentRules()


def sentiment_rules(path: Path, labels: Sequence[str]) -> SentimentRules:
    """Those of a file. Raises RulesError."""

    def check(rules: SentimentRules) -> None:
        if len(rules.stock_phrases) > PHRASES_MAX:
            count = len(rules.stock_phrases)
            raise Wrong(f"{count} phrases; at most {PHRASES_MAX}", "stock_phrases")
        for phrase in rules.stock_phrases:
            if len(phrase) > CHARACTERS_MAX:
                raise Wrong(
                    f"a stock phrase has at most {CHARACTERS_MAX} characters, {phrase[:20]!r}… "
                    f"has {len(phrase)}",
                    "stock_phrases",
                    value=phrase,
                )
            if not spelled(phrase):
                raise Wrong(
                    f"the stock phrase {phrase!r} has no word; texts without one count as such",
                    "stock_phrases",
                    value=phrase,
                )

    return read_rules(path, "sentiment", SentimentRules, check)


class Policy:
    """The rules that hold now. `replace` is for the time between batches."""

    def __init__(self, rules: SentimentRules = NO_RULES) -> None:
        self.replace(rules)

    def replace(self, rules: SentimentRules) -> None:
        """Judge by these from now on."""
        self.disagree_min = rules.disagree_min
        self.stock_phrases = frozenset(map(spelled, rules.stock_phrases))
        found = digest(rules)
        # Of the model's version in outputs: equal versions judge alike.
        self.version_suffix = f"+rules.{found}" if found else ""
