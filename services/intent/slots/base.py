"""What the grammar's rules find, and how they take turns on one text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from .names import TOKEN, tokens_of

if TYPE_CHECKING:
    from collections.abc import Iterable

TAKEN = "\x00"  # no rule's pattern has it, so that what one took is a border to the next
_WORD = re.compile(r"\w+")
_DIGIT = re.compile(r"\d")


class Found(NamedTuple):
    """A slot: characters [start, end) of the text, and what they stand for in its normal form."""

    name: str
    value: str
    start: int
    end: int
    minimum: float | None = None  # of a price
    maximum: float | None = None
    currency: str | None = None  # ISO 4217


class Reading:
    """A folded text whose parts the rules take one after another, the surest rules first.

    Most rules find nothing in most texts, so each asks `words` or `has_digit` first whether there
    is anything to find.
    """

    def __init__(self, folded: str) -> None:
        self.text = folded
        self.rest = folded  # with TAKEN for what was taken
        self.found: list[Found] = []
        self._words: frozenset[str] | None = None
        self._tokens: list[tuple[int, int, str]] | None = None

    @property
    def words(self) -> frozenset[str]:
        r"""The runs of `\w` of what is left: what a pattern between two `\b` can be."""
        if self._words is None:
            self._words = frozenset(_WORD.findall(self.rest))
        return self._words

    @property
    def tokens(self) -> list[tuple[int, int, str]]:
        """`tokens_of` what is left."""
        if self._tokens is None:
            self._tokens = tokens_of(self.rest)
        return self._tokens

    def token_texts(self) -> list[str]:
        """The tokens without their places, which costs a third."""
        return TOKEN.findall(self.rest)

    def has_digit(self) -> bool:
        r"""Whether what is left has a `\d`."""
        return _DIGIT.search(self.rest) is not None

    def take(self, found: Found) -> bool:
        """Keep a slot, trimmed of white space at its ends, unless another has a part of it."""
        start, end = found.start, found.end
        while start < end and self.text[start] == " ":
            start += 1
        while end > start and self.text[end - 1] == " ":
            end -= 1
        if start == end or TAKEN in self.rest[start:end]:
            return False
        self.found.append(found._replace(start=start, end=end))
        self.hide(start, end)
        return True

    def hide(self, start: int, end: int) -> None:
        """No rule sees these characters any more."""
        self.rest = self.rest[:start] + TAKEN * (end - start) + self.rest[end:]
        self._words = self._tokens = None

    def take_all(self, found: Iterable[Found]) -> None:
        for one in found:
            self.take(one)

    def has(self, name: str) -> bool:
        return any(one.name == name for one in self.found)
