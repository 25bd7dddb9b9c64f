"""The words that show an opinion, a few per product, taken out with the review they are from."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

PER_OPINION = 2  # different ones of each aspect and polarity of a product, the newest, are shown
HELD_PER_OPINION = 4  # so that some are left when reviews are withdrawn
HELD_PER_PRODUCT = 32
PRODUCTS_MAX = 10_000  # of a partition: those whose reviews with quotes came last


class Quotes:
    """By product: (review, opinion, words), oldest first. A function of the log alone."""

    def __init__(self, products_max: int = PRODUCTS_MAX) -> None:
        self.products_max = products_max
        self._held: OrderedDict[str, list[tuple[int, int, str]]] = OrderedDict()

    def add(self, product_id: str, review: int, said: Iterable[tuple[int, str]]) -> None:
        """said: (opinion, words) of one review, each opinion once."""
        for opinion, words in said:
            held = self._held.setdefault(product_id, [])
            held.append((review, opinion, words))
            same = [place for place, each in enumerate(held) if each[1] == opinion]
            if len(same) > HELD_PER_OPINION:
                del held[same[0]]
            elif len(held) > HELD_PER_PRODUCT:
                del held[0]
            self._held.move_to_end(product_id)
        if len(self._held) > self.products_max:
            self._held.popitem(last=False)

    def remove(self, product_id: str, review: int) -> bool:
        """Whether there was one."""
        held = self._held.get(product_id)
        if held is None:
            return False
        left = [each for each in held if each[0] != review]
        if left:
            self._held[product_id] = left
        else:
            del self._held[product_id]
        return len(left) < len(held)

    def drop(self, product_id: str) -> None:
        self._held.pop(product_id, None)

    def move(self, product_id: str, to: Quotes, *, first: bool) -> None:
        """Hand a product's over. first: they are the first that go there."""
        if product_id in self._held:
            to._held[product_id] = self._held[product_id]
            to._held.move_to_end(product_id, last=not first)

    def of(self, product_id: str) -> dict[int, list[str]]:
        """Opinion -> its quotes, newest first."""
        found: dict[int, list[str]] = {}
        for _, opinion, words in reversed(self._held.get(product_id, ())):
            shown = found.setdefault(opinion, [])
            if len(shown) < PER_OPINION and words not in shown:
                shown.append(words)
        return found

    def opinions(self, product_id: str) -> set[int]:
        """Those of which it has quotes."""
        return {opinion for _, opinion, _ in self._held.get(product_id, ())}

    def said(self, product_id: str, opinion: int) -> list[str]:
        """Its quotes of one opinion, newest first."""
        held = self._held.get(product_id, ())
        return [words for _, each, words in reversed(held) if each == opinion]

    def dump(self) -> list[tuple[str, list[tuple[int, int, str]]]]:
        return list(self._held.items())

    def load(self, dumped: Iterable[tuple[str, list[tuple[int, int, str]]]]) -> None:
        self._held = OrderedDict((name, list(held)) for name, held in dumped)
