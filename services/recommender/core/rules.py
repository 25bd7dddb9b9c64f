"""What a shop says must, must not, or should rather be offered: data, checked where it is read.

A rule matches a product that meets all of its conditions; what the catalogue does not say of a
product meets none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Protocol

import msgspec
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

Name = Annotated[str, msgspec.Meta(min_length=1)]
Price = Annotated[float, msgspec.Meta(ge=-1e29, le=1e29)]  # in the catalogue's own currency
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class RulesError(ValueError):
    """Rules that cannot be used; the message names the place, as in `$.boost[2].factor`."""


class _Checked(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """A misspelt field is an error: a rule that is silently not followed is worse than none."""


class Match(_Checked, frozen=True, kw_only=True):
    """Products that meet all conditions given; at least one is."""

    product_id: Name | None = None
    category: Name | None = None
    brand: Name | None = None
    price_above: Price | None = None
    price_below: Price | None = None

    def __post_init__(self) -> None:
        conditions = (
            self.product_id,
            self.category,
            self.brand,
            self.price_above,
            self.price_below,
        )
        if all(condition is None for condition in conditions):
            raise ValueError("a rule needs at least one condition")


class Boost(Match, frozen=True, kw_only=True):
    """Their scores are multiplied; below 1 they sink. Factors of several rules multiply."""

    factor: Annotated[float, msgspec.Meta(ge=0.001, le=1000)]


class Explore(_Checked, frozen=True, kw_only=True):
    """How often the last item of a list is drawn instead of ranked, and from how many."""

    share: Share = 0.0  # of all lists
    candidates: Annotated[int, msgspec.Meta(ge=0, le=200)] = 20  # next best beyond the list
    newest: Annotated[int, msgspec.Meta(ge=0, le=200)] = 5  # and of the catalogue


class Rules(_Checked, frozen=True, kw_only=True):
    """All serving rules of a shop; by default none."""

    exclude: tuple[Match, ...] = ()
    boost: tuple[Boost, ...] = ()
    same_category_max: Annotated[int, msgspec.Meta(ge=0)] = 0  # items per list; 0: any number
    diversity: Share = 0.0  # 0: by score alone; 1: other categories first, whatever their scores
    explore: Explore = Explore()

    @property
    def reorders(self) -> bool:
        """Whether lists are anything but the best by score."""
        return self.same_category_max > 0 or self.diversity > 0


def parse(content: bytes) -> Rules:
    """Rules of a JSON document. Raises RulesError, naming the place."""
    try:
        return msgspec.json.decode(content, type=Rules)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise RulesError(str(error)) from None


class Catalogue(Protocol):
    """The columns, by item, that rules look at."""

    category: NDArray[np.int32]
    brand: NDArray[np.int32]
    price: NDArray[np.float32]  # NaN where unknown

    def number(self, column: str, name: str) -> int:
        """What stands for a name in a column ("product_id": the item itself); -1 if nothing."""
        ...


def excluded(rules: Rules, catalogue: Catalogue) -> NDArray[np.bool_]:
    """(items,) whether a rule keeps an item out of lists."""
    out = np.zeros(len(catalogue.category), np.bool_)
    for rule in rules.exclude:
        out |= matching(rule, catalogue)
    return out


def factors(rules: Rules, catalogue: Catalogue) -> NDArray[np.float32]:
    """(items,) what the score of each is multiplied by."""
    out = np.ones(len(catalogue.category), np.float32)
    for rule in rules.boost:
        out[matching(rule, catalogue)] *= rule.factor
    return out


def matching(rule: Match, catalogue: Catalogue) -> NDArray[np.bool_]:
    """(items,) whether a rule matches each."""
    met = np.ones(len(catalogue.category), np.bool_)
    columns: Mapping[str, NDArray[np.int32]] = {
        "category": catalogue.category,
        "brand": catalogue.brand,
    }
    for name, column in columns.items():
        wanted = getattr(rule, name)
        if wanted is not None:
            number = catalogue.number(name, wanted)
            met &= (column == number) & (number >= 0)
    if rule.product_id is not None:
        item = catalogue.number("product_id", rule.product_id)
        met &= np.arange(len(met)) == item
    # NaN is neither above nor below anything.
    if rule.price_above is not None:
        met &= catalogue.price > rule.price_above
    if rule.price_below is not None:
        met &= catalogue.price < rule.price_below
    return met
