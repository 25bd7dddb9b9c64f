"""Conversations with the answers that are right, and what judges an answer by them.

`tests/data/conversations_{en,zh}.jsonl` was written from the demo's catalogue and its frequent
questions, before and without a look at the code that answers.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import msgspec

from shopkeeper.shared.text.chinese import simplified

DATA = Path(__file__).resolve().parents[2] / "data"
LANGUAGES = ("en", "zh")
SMALL_TALK_MAX = 200  # characters: small talk is answered briefly
Facts = list[list[str]]


class Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An order of the shop before the conversation begins. `status`: placed, shipped, delivered."""

    order_id: str
    user_id: str
    status: str
    product_ids: list[str]
    eta: str | None = None  # a day
    tracking: str | None = None
    carrier: str | None = None


class Setup(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the shop knows beside its catalogue and its frequent questions."""

    orders: list[Order] = []


class Turn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line of a customer and what is right to say to it.

    `expect`: facts, each as alternatives of which a right answer has one. None: the shop must not
    answer; it has no text then, or `route` is person, or its text has nothing of `forbid` where
    that is given. Empty: any short text. With `pick`, `expect_of` has the facts of the product that
    the shop named first or second when it asked which of the two (`about`) is meant.
    `entry`, `about` with `attribute`, and `order_id` say where the facts are from.
    """

    text: str
    product_id: str | None  # the page that the customer looks at
    expect: Facts | None = None
    route: str | None = None  # must be the answer's, where given
    forbid: list[str] = []
    entry: str | None = None
    about: str | list[str] | None = None
    attribute: str | None = None
    order_id: str | None = None
    pick: str | None = None
    expect_of: dict[str, Facts] | None = None

    @property
    def products(self) -> list[str]:
        return [self.about] if isinstance(self.about, str) else self.about or []


class Conversation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Two or three turns of one customer; `user_id` where they are signed in."""

    id: str
    kind: str
    user_id: str | None
    turns: list[Turn]
    script: str | None = None  # traditional
    setup: Setup = Setup()


class Said(msgspec.Struct, frozen=True):
    """What the shop said to a turn."""

    text: str | None
    route: str | None = None


def conversations(language: str, name: str = "conversations") -> list[Conversation]:
    """All conversations of a language: en or zh."""
    lines = (DATA / f"{name}_{language}.jsonl").read_bytes().splitlines()
    return [msgspec.json.decode(line, type=Conversation) for line in lines]


@cache
def plain(text: str) -> str:
    """Spelt one way: NFKC, simplified, lower case."""
    return simplified(unicodedata.normalize("NFKC", text)).casefold()


@cache
def pattern(alternative: str) -> re.Pattern[str]:
    """An alternative as it may stand in an answer: numbers whole (60 is not in 160 or 60.5, but in
    60.00), as are words of at most three letters (no is not in not)."""
    text = plain(alternative)
    before = after = ""
    if text.isascii() and text.isalpha() and len(text) <= 3:
        before, after = "(?<![a-z0-9])", "(?![a-z0-9])"
    if text[0].isdigit():
        before = r"(?<!\d)(?<!\d[.,])"
    if text[-1].isdigit():
        after = r"(?!\d)(?![.,]\d*[1-9])(?![.,]\d{3})"
    return re.compile(before + re.escape(text) + after)


def place(text: str, alternatives: Sequence[str]) -> int | None:
    """Where the first of the alternatives begins in a text; None where it has none of them."""
    found = (pattern(alternative).search(plain(text)) for alternative in alternatives)
    return min((match.start() for match in found if match), default=None)


def named(said: Said, asked: Turn) -> list[str]:
    """The two products of a clarifying question, in the order in which the shop named them."""
    facts = asked.expect or []
    places = {
        product: place(said.text or "", alternatives)
        for product, alternatives in zip(asked.products, facts, strict=True)
    }
    return sorted(asked.products, key=lambda product: places[product] or 0)


def wrong(turn: Turn, said: Said, order: Sequence[str] = ()) -> str | None:
    """Why an answer to a turn is wrong; None where it is right. `order`: of `named`."""
    if turn.route is not None and said.route != turn.route:
        return f"route {said.route}, not {turn.route}"
    text = said.text
    if text is not None:
        for forbidden in turn.forbid:
            if place(text, [forbidden]) is not None:
                return f"says {forbidden!r}"
    facts = turn.expect
    if turn.pick is not None and turn.expect_of is not None:
        if not order:
            return "it did not ask which"
        facts = turn.expect_of[order[("first", "second").index(turn.pick)]]
    if facts is None:
        return None if text is None or said.route == "person" or turn.forbid else "answers"
    if text is None:
        return "no answer"
    if not facts and len(text) > SMALL_TALK_MAX:
        return "not short"
    for alternatives in facts:
        if place(text, alternatives) is None:
            return f"says none of {alternatives}"
    return None


def failures(
    rows: Sequence[Conversation], ask: Callable[[Conversation, Turn], Said]
) -> dict[str, str]:
    """Why conversations went wrong, by id: the first turn that did, and how. `ask` is called turn
    by turn, a conversation's in their order; a conversation is right where each turn is.
    """
    reasons: dict[str, str] = {}
    for row in rows:
        order: list[str] = []
        for number, turn in enumerate(row.turns, 1):
            said = ask(row, turn)
            reason = wrong(turn, said, order)
            if reason is not None:
                reasons[row.id] = f"turn {number}, {turn.text!r}: {reason}; said {said.text!r}"
                break
            if isinstance(turn.about, list) and turn.pick is None:
                order = named(said, turn)
    return reasons
