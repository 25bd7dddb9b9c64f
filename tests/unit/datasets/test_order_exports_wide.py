"""Exports of orders with several products in one row, in numbered columns."""

from __future__ import annotations

import pytest

from shopkeeper.shared.datasets.order_wide import numbered

from .test_order_exports import of, run

BEGIN = "Order ID,Order date,Customer ID,Name,"
ROWS = "\n7,2026-03-01 08:59:00,u1,Mia,Tea cup,2,9.9,Tea pot,1,30\n8,2026-03-01,u2,Bo,Lamp,1,5,,,\n"


@pytest.mark.parametrize(
    "columns",
    [
        "Lineitem 1 name,Lineitem 1 qty,Lineitem 1 price,"
        "Lineitem 2 name,Lineitem 2 qty,Lineitem 2 price",
        "product_name_1,quantity_1,price_1,product_name_2,quantity_2,price_2",
        "Item #1,Item #1 Qty,Item #1 Unit Price,Item #2,Item #2 Qty,Item #2 Unit Price",
        "商品1名称,商品1数量,商品1单价,商品2名称,商品2数量,商品2单价",
    ],
)
def test_each_product_of_a_row_is_a_line_of_its_order(tmp_path, columns):
    found, books, *_ = run(tmp_path, BEGIN + columns + ROWS)
    assert found == [
        of("7", "u1", ("Tea cup", 2.0, 9.9), ("Tea pot", 1.0, 30.0)),
        of("8", "u2", ("Lamp", 1.0, 5.0)),
    ]
    assert books.rows == 3


def test_the_same_product_twice_in_an_order_is_two_lines(tmp_path):
    columns = "Item 1 SKU,Item 1 Quantity,Item 2 SKU,Item 2 Quantity"
    found, *_ = run(tmp_path, f"{BEGIN}{columns}\n7,2026-03-01,u1,Mia,CUP,2,CUP,2\n")
    assert found == [of("7", "u1", ("CUP", 2.0, None), ("CUP", 2.0, None))]


@pytest.mark.parametrize(
    "names",
    [
        ["Address 1 name", "Address 2 name", "price"],
        ["Phone 1", "Phone 2"],
        ["Lineitem 1 name", "Lineitem 1 price"],
        ["line 1", "line 2"],
        [],
    ],
)
def test_other_numbered_columns_are_no_products(names):
    assert numbered(names) == {}
