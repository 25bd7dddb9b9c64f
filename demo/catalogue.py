"""Catalogues: the one that ships with the demo, or a user's own (JSON lines or CSV)."""

from __future__ import annotations

import csv
from importlib import resources
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import msgspec
import orjson

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.shop import ProductCatalogued
from shopkeeper.shared.formats.readers import FormatError, ShopEvent, open_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PRODUCTS_MAX = 2_000_000
SYNONYMS: dict[str, tuple[str, ...]] = {
    "product_id": ("product_id", "item_id", "stock_code", "sku", "id"),
    "title": ("title", "name", "product_name", "description"),
    "title_zh": ("title_zh",),
    "brand": ("brand", "vendor", "manufacturer"),
    "category": ("category", "category_name", "product_type", "genres"),
    "price": ("price", "unit_price", "unit_price_gbp"),
    "currency": ("currency",),
    "available": ("available", "in_stock", "availability"),
}
_TRUE = frozenset(("1", "true", "yes", "y", "in stock", "in_stock"))
_FALSE = frozenset(("0", "false", "no", "n", "out of stock", "out_of_stock"))


def built_in() -> list[ProductCatalogued]:
    """The products that ship with the demo."""
    with resources.as_file(resources.files(__package__) / "catalogue.jsonl") as path:
        return load(path)


def load(path: Path) -> list[ProductCatalogued]:
    """A catalogue file, gzip-compressed or not: JSON lines if it begins with `{`, else CSV.

    The columns may have other shops' usual names, see SYNONYMS; the first of a repeated product
    id counts. Raises FormatError, naming file and line.
    """
    with open_text(path) as file:
        first = file.readline()
        file.seek(0)
        rows = _json_rows(path, file) if first.lstrip().startswith("{") else _csv_rows(path, file)
        products: dict[str, ProductCatalogued] = {}
        for line, row in rows:
            try:
                product = msgspec.convert(row, ProductCatalogued)
            except msgspec.ValidationError as error:
                raise FormatError(f"{path}:{line}: {error}") from None
            products.setdefault(product.product_id, product)
            if len(products) > PRODUCTS_MAX:
                raise FormatError(f"{path}: more than {PRODUCTS_MAX:,} products")
    if not products:
        raise FormatError(f"{path}: no products")
    return list(products.values())


def _json_rows(path: Path, file: IO[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    for line, text in enumerate(file, 1):
        if text.strip():
            try:
                row = orjson.loads(text)
            except orjson.JSONDecodeError:
                raise FormatError(f"{path}:{line}: not JSON") from None
            if not isinstance(row, dict):
                raise FormatError(f"{path}:{line}: not a JSON object")
            names = _names(path, list(row))
            yield line, {name: row[column] for name, column in names.items()}


def _csv_rows(path: Path, file: IO[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    reader = csv.DictReader(file)
    names = _names(path, [h for h in reader.fieldnames or () if h])
    for raw in reader:
        row: dict[str, Any] = {}
        for name, column in names.items():
            text = (raw[column] or "").strip()
            if not text:
                continue
            row[name] = text
            if name == "price":
                try:
                    row[name] = float(text)
                except ValueError:
                    raise FormatError(f"{path}:{reader.line_num}: price is not a number") from None
            elif name == "available":
                if text.lower() not in _TRUE | _FALSE:
                    raise FormatError(f"{path}:{reader.line_num}: available is not yes or no")
                row[name] = text.lower() in _TRUE
        yield reader.line_num, row


def _names(path: Path, columns: list[str]) -> dict[str, str]:
    """Our field -> the file's column. Raises FormatError without a product id and a title."""
    lower = {column.strip().lower(): column for column in columns}
    names = {
        field: next(lower[s] for s in synonyms if s in lower)
        for field, synonyms in SYNONYMS.items()
        if any(s in lower for s in synonyms)
    }
    for field in ("product_id", "title"):
        if field not in names:
            raise FormatError(
                f"{path}: no column {' or '.join(SYNONYMS[field])} "
                f"(there are {', '.join(columns[:12]) or 'none'})"
            )
    return names


def events(products: Sequence[ProductCatalogued], time_ms: int) -> Iterator[ShopEvent]:
    """One product.catalogued per product, all of `time_ms`."""
    for product in products:
        data = {k: v for k, v in msgspec.to_builtins(product).items() if v is not None}
        yield ShopEvent(
            topics.CATALOGUE, "product.catalogued.v1", product.product_id, data, time_ms,
            f"catalogue/{product.product_id}/{time_ms}",
        )  # fmt: skip
