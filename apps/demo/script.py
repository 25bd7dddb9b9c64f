"""What simulated shoppers want and write: the demo shop's script, and those of domain packs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Protocol

import msgspec

from shopkeeper.shared.domains.pack import Words, convert, read_toml

from . import texts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from random import Random

Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
Some = Annotated[tuple[Words, ...], msgspec.Meta(min_length=1)]
Theme = Annotated[tuple[Words, ...], msgspec.Meta(min_length=1)]


class Shares(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How often shoppers do what: of visits, of clicks (adds), of carts (orders), of what was
    ordered (reviews), of conversations (follow_ups)."""

    searches: Share = 0.45
    adds: Share = 0.2
    questions: Share = 0.25
    follow_ups: Share = 0.3
    orders: Share = 0.6
    reviews: Share = 0.6


class Script(Protocol):
    """What shoppers of one shop want and write."""

    @property
    def themes(self) -> Sequence[Sequence[str]]:
        """Categories that are bought together."""
        ...

    @property
    def shares(self) -> Shares: ...

    @property
    def parcels(self) -> bool:
        """Whether an order has a parcel, whose way is told and asked for."""
        ...

    def search(self, language: str, want: str, chance: Random) -> str: ...

    def question(self, language: str, want: str, chance: Random) -> str: ...

    def follow_ups(self, language: str, chance: Random) -> tuple[str, str]: ...

    def review(self, language: str, mood: str, product: str, chance: Random) -> str: ...

    def where_is(self, language: str, number: str, chance: Random) -> str: ...


class ShopScript:
    """The demo shop's."""

    parcels = True
    shares = Shares()

    def __init__(self, themes: Sequence[Sequence[str]]) -> None:
        self.themes = themes

    search = staticmethod(texts.search)
    question = staticmethod(texts.question)
    follow_ups = staticmethod(texts.follow_ups)
    review = staticmethod(texts.review)
    where_is = staticmethod(texts.where_is)


class Reviews(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Sentences by mood; `{item}` is the product."""

    positive: Some
    neutral: Some
    negative: Some


class Lines(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is written in one language; `{item}` is the kind of product, `{order}` a number."""

    searches: Some
    questions: Some
    follow_ups: Annotated[tuple[tuple[Words, Words], ...], msgspec.Meta(min_length=1)]
    reviews: Reviews
    where_is: tuple[Words, ...] = ()


class WrittenScript(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A pack's, as shoppers.toml has it. Orders have parcels where it says how to ask for them."""

    themes: Annotated[tuple[Theme, ...], msgspec.Meta(min_length=1)]
    en: Lines
    zh: Lines
    shares: Shares = Shares()

    @property
    def parcels(self) -> bool:
        """Whether an order has a parcel, whose way is told and asked for."""
        return bool(self.en.where_is and self.zh.where_is)

    def search(self, language: str, want: str, chance: Random) -> str:
        """What goes into the search box."""
        return chance.choice(self._of(language).searches).replace("{item}", want)

    def question(self, language: str, want: str, chance: Random) -> str:
        """A line of a chat."""
        text = chance.choice(self._of(language).questions).replace("{item}", want)
        return text.replace("{order}", f"{chance.randrange(10_000, 99_999)}")

    def follow_ups(self, language: str, chance: Random) -> tuple[str, str]:
        """Two lines of a conversation about what is looked at."""
        return chance.choice(self._of(language).follow_ups)

    def review(self, language: str, mood: str, product: str, chance: Random) -> str:
        """One or two sentences of a mood."""
        said: Sequence[str] = getattr(self._of(language).reviews, mood)
        chosen = chance.sample(said, min(len(said), chance.choice((1, 2))))
        return (" " if language == "en" else "").join(chosen).replace("{item}", product)

    def where_is(self, language: str, number: str, chance: Random) -> str:
        """A question where one's order with this number is."""
        return chance.choice(self._of(language).where_is).replace("{order}", number)

    def _of(self, language: str) -> Lines:
        return self.zh if language == "zh" else self.en


def read_script(path: Path) -> WrittenScript:
    """Of a pack's shoppers.toml. Raises PackError, naming file, line and key."""
    text, content = read_toml(path)
    return convert(path, text, content, WrittenScript)
