"""Catalogue files, JSON lines or CSV, as products; products as events."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import msgspec
import orjson

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.events.shop import ProductCatalogued

from .readers import FormatError, ShopEvent, open_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PRODUCTS_MAX = 2_000_000
SYNONYMS: dict[str, tuple[str, ...]] = {
    "product_id": ("product_id", "item_id", "stock_code", "sku", "id"),
    "title": ("title", "name", "product_name", "description"),
    "title_zh": ("title_zh",),
    "brand": ("brand", "vendor", "manufacturer"),
    "category": ("category", "category_name", "category_id", "product_type", "genres"),
    "price": ("price", "unit_price", "unit_price_gbp"),
    "currency": ("currency",),
    "available": ("available", "in_stock", "availability"),
}
_TRUE = frozenset(("1", "true", "yes", "y", "in stock", "in_stock"))
_FALSE = frozenset(("0", "false", "no", "n", "out of stock", "out_of_stock"))


def load(
    path: Path, titled: bool = True, attributes: Sequence[str] = ()
) -> list[ProductCatalogued]:
    """A catalogue file, gzip-compressed or not: JSON lines if it begins with `{`, else CSV.

    The columns may have other shops' usual names, see SYNONYMS; the first of a repeated product
    id counts. titled: whether there must be titles; else the id stands for one that is missing.
    attributes: further columns that become attributes; JSON lines may hold `attributes` as well.
    Raises FormatError, naming file and line.
    """
    with open_text(path) as file:
        first = file.readline()
        file.seek(0)
        read = _json_rows if first.lstrip().startswith("{") else _csv_rows
        products: dict[str, ProductCatalogued] = {}
        for line, row in read(path, file, titled, attributes):
            if not titled and "product_id" in row:
                row.setdefault("title", row["product_id"])
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


def catalogue_events(products: Sequence[ProductCatalogued], time_ms: int) -> Iterator[ShopEvent]:
    """One product.catalogued per product, all of `time_ms`."""
    for product in products:
        data = {k: v for k, v in msgspec.to_builtins(product).items() if v is not None}
        yield ShopEvent(
            topics.CATALOGUE,
            "product.catalogued.v1",
            product.product_id,
            data,
            time_ms,
            f"catalogue/{product.product_id}/{time_ms}",
        )


def _json_rows(
    path: Path, file: IO[str], titled: bool, attributes: Sequence[str]
) -> Iterator[tuple[int, dict[str, Any]]]:
    for line, text in enumerate(file, 1):
        if text.strip():
            try:
                row = orjson.loads(text)
            except orjson.JSONDecodeError:
                raise FormatError(f"{path}:{line}: not JSON") from None
            if not isinstance(row, dict):
                raise FormatError(f"{path}:{line}: not a JSON object")
            names = _names(path, list(row), titled)
            further = {name: row[name] for name in attributes if name in row}
            if isinstance(row.get("attributes"), dict):
                further = row["attributes"] | further
            yield (
                line,
                {name: row[column] for name, column in names.items()} | {"attributes": further},
            )


def _csv_rows(
    path: Path, file: IO[str], titled: bool, attributes: Sequence[str]
) -> Iterator[tuple[int, dict[str, Any]]]:
    reader = csv.DictReader(file)
    names = _names(path, [h for h in reader.fieldnames or () if h], titled)
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
        row["attributes"] = {name: raw[name] for name in attributes if raw.get(name)}
        yield reader.line_num, row


def _names(path: Path, columns: list[str], titled: bool) -> dict[str, str]:
    """Our field -> the file's column. Raises FormatError without a product id, or a title."""
    lower = {column.strip().lower(): column for column in columns}
    names = {
        field: next(lower[s] for s in synonyms if s in lower)
        for field, synonyms in SYNONYMS.items()
        if any(s in lower for s in synonyms)
    }
    for field in ("product_id", "title") if titled else ("product_id",):
        if field not in names:
            raise FormatError(
                f"{path}: no column {' or '.join(SYNONYMS[field])} "
                f"(there are {', '.join(columns[:12]) or 'none'})"
            )
    return names
