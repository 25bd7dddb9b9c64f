"""Tables of orders that put the products of an order into one row, in numbered columns.

`Lineitem 1 name, Lineitem 1 qty, Lineitem 2 name` or `product_name_1, product_name_2`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from .cells import header_key
from .lines import Record
from .order_names import LINE_FIELDS
from .tables import Row

_NUMBER = re.compile(r"^(\D*?)(\d{1,3})(\D*)$")
_OF_A_LINE = frozenset(("lineitem", "item", "product", "line", "article", "商品", "宝贝"))
_FIELDS = ("item_id", "item_sku", "title", "quantity", "price", "line_total", "line_status")
_NAMES = ("item_id", "item_sku", "title")


def numbered(names: Sequence[str]) -> dict[int, dict[str, int]]:
    """number -> field -> place of its column; empty where fewer than two products have columns."""
    found: dict[int, dict[str, int]] = {}
    for place, name in enumerate(names):
        match = _NUMBER.match(name)
        if match is None:
            continue
        before, after = header_key(match[1]), header_key(match[3])
        keys = [before + after]
        if before in _OF_A_LINE:
            keys.append(after or "name")
        for key in keys:
            fields = [f for f in _FIELDS if key in map(header_key, LINE_FIELDS[f])]
            if fields:
                group = found.setdefault(int(match[2]), {})
                for each in fields:
                    group.setdefault(each, place)
                break
    products = {n: group for n, group in sorted(found.items()) if set(group) & {*_NAMES}}
    told = any(set(group) - {*_NAMES} for group in products.values())
    return products if len(products) > 1 and told else {}


def places_of(groups: Mapping[int, Mapping[str, int]]) -> dict[str, int]:
    """A field's name with its number -> the place of its column."""
    return {
        f"{name} {number}": place
        for number, group in groups.items()
        for name, place in group.items()
    }


def lines_of(
    rows: Iterator[Row | Record], groups: Mapping[int, Mapping[str, int]]
) -> Iterator[Row | Record]:
    """A row per product that a row names; one without a product where it names none."""
    numbers = places_of(groups)
    for row in rows:
        if not isinstance(row, Row):
            yield row
            continue
        common = {name: text for name, text in row.values.items() if name not in numbers}
        empty = True
        for number, group in groups.items():
            line = {name: row.get(f"{name} {number}") for name in group}
            if any(line.get(name) for name in _NAMES):
                empty = False
                yield row._replace(values=common | line, raw=f"{row.raw}\x1f{number}")
        if empty:
            yield row._replace(values=common | dict.fromkeys(groups[min(groups)], ""))
