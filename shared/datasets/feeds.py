"""Catalogues that other shops' programs write: Google's merchant feed in XML, Shopify's CSV."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any
from xml.parsers import expat

from .base import BadRow, FormatError
from .cells import clean, header_key
from .lines import Record
from .xml_elements import Elements

ITEM_CHARACTERS_MAX = 1 << 20
_ITEMS = ("item", "entry")  # of RSS and Atom
_SHOPIFY = ("handle", "title")
_OF_SHOPIFY = ("variantsku", "variantprice", "bodyhtml")


class _Feed(Elements):
    """Collects the children of each item."""

    what = "a feed"

    def __init__(self) -> None:
        super().__init__()
        self._item: dict[str, Any] | None = None
        self._line, self._depth, self._size = 0, 0, 0
        self._parts: list[str] = []

    def _start(self, name: str, _: dict[str, str]) -> None:
        if self._item is not None:
            self._depth += 1
            self._parts = []
        elif name.rpartition(":")[2] in _ITEMS:
            self._item, self._line, self._depth = {}, self.parser.CurrentLineNumber, 0
            self._size = 0

    def _text(self, text: str) -> None:
        if self._item is not None and self._depth == 1:
            self._size += len(text)
            if self._size > ITEM_CHARACTERS_MAX:
                raise ValueError(f"line {self._line}: an item of over a million characters")
            self._parts.append(text)

    def _end(self, name: str) -> None:
        if self._item is None:
            return
        if self._depth == 0:
            self.found.append((self._line, self._item))
            self._item = None
            return
        if self._depth == 1:
            self._item.setdefault(header_key(name.rpartition(":")[2]), clean("".join(self._parts)))
        self._depth -= 1


def xml_records(path: Path, text: IO[str]) -> Iterator[Record]:
    """The items of an RSS or Atom feed, by the line on which they begin. Raises FormatError."""
    try:
        for line, item in _Feed().read(text):
            yield Record(line, item)
    except (expat.ExpatError, ValueError) as error:
        raise FormatError(f"{path}: not a feed that can be read: {error}") from None


def merged(records: Iterator[Record], skus: dict[str, str]) -> Iterator[Record]:
    """Rows of a Shopify export under the usual names; those of other files as they are.

    There a product is its handle, and every further row of it a variant or a picture: the first
    row counts, and `products.load` counts the others as repeated. skus: gets each variant's SKU and
    the handle, for orders name products by the SKU.
    """
    titles: dict[str, str] = {}
    for record in records:
        cells = record.cells
        if (
            not isinstance(cells, dict)
            or not all(name in cells for name in _SHOPIFY)
            or not any(name in cells for name in _OF_SHOPIFY)
        ):
            yield record
            continue
        handle, title = clean(str(cells["handle"] or "")), clean(str(cells["title"] or ""))
        if not handle:
            yield Record(record.line, BadRow("Handle", "empty_field", "is empty"))
            continue
        if sku := clean(str(cells.get("variantsku") or "")):
            skus.setdefault(sku, handle)
        if title:
            titles = {handle: title}  # the rows of a product follow each other
        yield Record(record.line, _shopify(cells, handle, title or titles.get(handle, "")))


def _shopify(cells: dict[str, Any], handle: str, title: str) -> dict[str, Any]:
    published, status = cells.get("published"), cells.get("status")
    hidden = str(status or "active").strip().lower() != "active"
    return {
        "productid": handle,
        "title": title,
        "brand": cells.get("vendor"),
        "category": cells.get("type") or cells.get("productcategory"),
        "price": cells.get("variantprice"),
        "available": "false" if hidden else published or None,
        **{
            name: value
            for name, value in cells.items()
            if name not in ("type", "title", "published", "available", "price", "sku")
        },
    }
