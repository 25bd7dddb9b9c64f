"""Catalogue files as products, products as events.

JSON lines, a JSON array, CSV with any usual delimiter, Shopify's product CSV, Google's merchant
feed as CSV or XML, Parquet: told apart by what they begin with. An optional cell that is wrong
costs that cell, and is counted; a product without its id or title is a bad row.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.events.shop import ProductCatalogued

from . import feeds, parquet
from .admission import Admission
from .base import DEFAULTS, BadRow, Books, FormatError, OnBad, Options, ShopEvent, nobody, refuse
from .cells import clean, header_key, is_shortened, number, plain_id, price
from .further_columns import attribute_columns, attributes_of
from .lines import Lines, Record, delimited, json_records
from .tables import SHORTENED, Sample, sample_of, text_of
from .text_files import open_text
from .yes_no import truth_of

PRODUCTS_MAX = 2_000_000
CELL_SHOWN_MAX = 40  # characters of a cell that could not be used
SYNONYMS: dict[str, tuple[str, ...]] = {
    "product_id": (
        "product_id",
        "item_id",
        "stock_code",
        "sku",
        "id",
        "parent_asin",
        "asin",
        "movie_id",
        "article_id",
    ),
    "title": ("title", "name", "product_name", "prod_name", "description"),
    "title_zh": ("title_zh",),
    "brand": ("brand", "vendor", "manufacturer"),
    "category": (
        "category",
        "category_name",
        "category_id",
        "product_type",
        "google_product_category",
        "genres",
        "main_category",
        "product_type_name",
    ),
    "price": ("price", "unit_price", "unit_price_gbp"),
    "currency": ("currency",),
    "available": ("available", "in_stock", "availability"),
}
# Beside yes and no.
_TRUE = frozenset(
    (
        "instock",
        "preorder",
        "backorder",
        "availablefororder",
        "limitedavailability",
        "onlineonly",
        "active",
        *("verfügbar", "lieferbar", "auflager"),
        *("disponible", "enstock", "enexistencia"),
        *("有货", "现货", "有库存", "上架", "在售", "预售"),
    )
)
_FALSE = frozenset(
    (
        *("outofstock", "soldout", "discontinued", "draft"),
        *("ausverkauft", "nichtverfügbar", "nichtlieferbar", "nichtauflager"),
        *("épuisé", "indisponible", "agotado"),
        *("无货", "缺货", "无库存", "售罄", "售完", "下架", "停售"),
    )
)
_OPTIONAL = frozenset(SYNONYMS) - {"product_id", "title"} | {"attributes"}
_AT = re.compile(r"`\$\.(\w+)")


def load(
    path: Path,
    titled: bool = True,
    attributes: Sequence[str] = (),
    *,
    further: bool = False,
    on_bad: OnBad = refuse,
    books: Books | None = None,
    options: Options = DEFAULTS,
    now_ms: int | None = None,
) -> list[ProductCatalogued]:
    """The products of a catalogue file, compressed or not, whatever of the kinds above it is.

    The columns may have other shops' usual names, see SYNONYMS; the first of a repeated product
    id counts. titled: whether there must be titles; else the id stands for one that is missing.
    attributes: columns that become attributes; JSON may hold `attributes` as well. further: of a
    CSV, all columns that `further_columns` takes become attributes. on_bad, books, options, now_ms:
    as of `readers.read`. Raises FormatError, naming file and line.
    """
    books = Books() if books is None else books
    catalogue = _Catalogue(path, titled, attributes, books)
    quiet = dataclasses.replace(options, say=nobody)
    if further and (kept := catalogue.take_further(sample_of(path, quiet))):
        options.say(f"{path}: kept as attributes of products: {', '.join(kept)}")
    admission = None if now_ms is None else Admission(now_ms)
    products: dict[str, ProductCatalogued] = {}
    for record in feeds.merged(_records(path, options), books.skus):
        books.rows += 1
        try:
            product = catalogue.product(record)
            if admission is not None and product.product_id not in products:
                admission.check(next(catalogue_events([product], now_ms or 0)))
        except BadRow as bad:
            books.skipped_bad[bad.reason] += 1
            problem = f"{bad.field} {bad.problem}".strip()
            place = f"{path}:{record.line}: {problem}"
            on_bad(FormatError(place, line=record.line, reason=bad.reason, problem=problem))
            continue
        if product.product_id in products:
            books.left_out["repeated product id"] += 1
            continue
        products[product.product_id] = product
        books.events += 1
        if len(products) > PRODUCTS_MAX:
            raise FormatError(f"{path}: more than {PRODUCTS_MAX:,} products")
    for column, count in books.dropped_cells.items():
        line, text = catalogue.first_dropped[column]
        example = f"the first on line {line}: {text[:CELL_SHOWN_MAX]!r}"
        options.say(
            f"{path}: {count} of {column} could not be used ({example}); those products go without"
        )
    if not products:
        raise FormatError(f"{path}: no products")
    return list(products.values())


def is_catalogue(path: Path, options: Options = DEFAULTS) -> bool:
    """Whether a file begins as a table of products with ids and titles, or as a feed. Raises
    FormatError where it cannot be read."""
    sample = sample_of(path, options)
    if sample.names and sample.names[0].startswith("<"):
        return not sample.names[0].lower().startswith(("<!doctype", "<html"))
    keys = {header_key(name) for name in sample.names}
    ids = {header_key(name) for name in (*SYNONYMS["product_id"], "handle", "variant_sku")}
    titles = {header_key(name) for name in SYNONYMS["title"]}
    return bool(keys & ids) and bool(keys & titles)


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


def _records(path: Path, options: Options) -> Iterator[Record]:
    """Rows as fields by `header_key`. Raises FormatError."""
    sample = sample_of(path, options)
    if sample.kind == "parquet":
        yield from parquet.records(path)
        return
    with open_text(path, options.encoding) as text:
        if sample.kind == "json":
            yield from json_records(text)
        elif sample.names and sample.names[0].startswith("<"):
            yield from feeds.xml_records(path, text)
        else:
            lines = Lines(text)
            for _ in range(sample.before + 1):
                lines.next()
            keys = [header_key(name) for name in sample.names]
            for record in delimited(lines, sample.delimiter, len(keys), spans=True):
                cells = record.cells
                if isinstance(cells, list):
                    # Of two columns of one name, the first.
                    named = dict(zip(reversed(keys), reversed(cells), strict=True))
                    yield Record(record.line, named)
                else:
                    yield record


class _Catalogue:
    """Products of one file's rows."""

    def __init__(self, path: Path, titled: bool, attributes: Sequence[str], books: Books) -> None:
        self._path, self._titled, self._attributes, self._books = path, titled, attributes, books
        self._known: frozenset[str] = frozenset()  # columns, of a row that had what is needed
        self._further: dict[str, str] = {}  # column's name by `header_key`
        self.first_dropped: dict[str, tuple[int, str]] = {}  # line and cell, by column

    def take_further(self, sample: Sample) -> list[str]:
        """Have the columns of a CSV that are no fields of ours become attributes; their names."""
        if sample.kind == "delimited" and not (sample.names and sample.names[0].startswith("<")):
            fields = (header_key(name) for names in SYNONYMS.values() for name in names)
            self._further = attribute_columns(sample.names, fields)
        return list(self._further.values())

    def product(self, record: Record) -> ProductCatalogued:
        """Raises BadRow; FormatError where the file has no such column."""
        if not isinstance(record.cells, dict):
            raise record.cells if isinstance(record.cells, BadRow) else TypeError(record)
        row = self._fields(record.cells, record.line)
        while True:
            try:
                return msgspec.convert(row, ProductCatalogued)
            except msgspec.ValidationError as error:
                message = str(error)
                at = _AT.search(message)
                name = at[1] if at else "attributes" if "`attributes`" in message else ""
                if name not in _OPTIONAL or name not in row:
                    raise BadRow(name, "wrong_type", message) from None
                self._drop(name, record.line, row.pop(name))

    def _drop(self, name: str, line: int, cell: object) -> None:
        self._books.dropped_cells[name] += 1
        self.first_dropped.setdefault(name, (line, str(cell)))

    def _fields(self, cells: dict[str, Any], line: int) -> dict[str, Any]:
        found = {}
        for field, synonyms in SYNONYMS.items():
            keys = [header_key(synonym) for synonym in synonyms]
            key = next((k for k in keys if cells.get(k) not in (None, "")), None)
            if key is not None:
                found[field] = cells[key]
            elif field in ("product_id", "title") and not any(k in cells for k in keys):
                self._missing(field, cells)
        self._known = self._known or frozenset(cells)
        row: dict[str, Any] = {}
        for field, value in found.items():
            try:
                self._add(row, field, value)
            except (BadRow, ValueError):
                if field not in _OPTIONAL:
                    raise  # a BadRow: ids and titles are no numbers
                self._drop(field, line, value)
        if not row.get("product_id"):
            raise BadRow("product_id", "empty_field", "is empty")
        if not row.get("title"):
            if self._titled:
                raise BadRow("title", "empty_field", "is empty")
            row["title"] = row["product_id"]
        further = {n: cells[header_key(n)] for n in self._attributes if cells.get(header_key(n))}
        further = {n: clean(v) if isinstance(v, str) else v for n, v in further.items()}
        further |= attributes_of(self._further, cells)
        own = cells.get("attributes")
        if attributes := (own | further) if isinstance(own, dict) else further:
            row["attributes"] = attributes
        return row

    def _add(self, row: dict[str, Any], field: str, value: Any) -> None:
        if field == "price":
            amount, currency = price(text_of(field, value))
            row[field] = amount
            if currency is not None:
                row.setdefault("currency", currency)
        elif field == "available":
            row[field] = _available(text_of(field, value))
        else:
            parts = value if isinstance(value, list) else [value]
            if text := " > ".join(text_of(field, part) for part in parts):
                if field == "product_id" and is_shortened(text):
                    raise BadRow(field, "wrong_type", SHORTENED.format(text))
                row[field] = plain_id(text) if field == "product_id" else text

    def _missing(self, field: str, cells: dict[str, Any]) -> None:
        """No row has such a column, or this JSON object alone has not."""
        if self._known or (field == "title" and not self._titled):
            return
        raise FormatError(
            f"{self._path}: no column {' or '.join(SYNONYMS[field])} "
            f"(there are {', '.join(list(cells)[:12]) or 'none'})"
        )


def _available(text: str) -> bool:
    """Raises ValueError. Schema.org's addresses end in the word; a number is what is in stock."""
    word = header_key(text.rpartition("/")[2])
    if (truth := truth_of(word)) is not None:
        return truth
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    return number(text) > 0
