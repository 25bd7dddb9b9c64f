"""Cells that hold several products, and those that only look like it."""

from __future__ import annotations

import pytest

from shopkeeper.shared.datasets.packed import holds_several
from shopkeeper.shared.datasets.readers import FormatError, read


@pytest.mark.parametrize(
    "cell",
    [
        "2x Blue mug, 1x Lamp",
        "2x Blue mug; 1x Lamp",
        "2 × Blue mug | 1 × Lamp",
        "2x Blue mug / 1x Lamp",
        "2x Blue mug\n1x Lamp",
        "1x Lamp and 2x Blue mug",
        "2x 4K monitor, 1x Mouse",
        "Blue mug x2; Lamp x1",
        "Blue mug (2), Lamp (1)",
        "青花杯*2；紫砂壶*1",
        "青花杯 ×2、紫砂壶 ×1",
        '["p1", "p2"]',
        '[{"sku": "A", "qty": 2}]',
    ],
)
def test_several_products_are_told(cell):
    assert holds_several(cell)


@pytest.mark.parametrize(
    "cell",
    [
        "Cable USB-C / Lightning",
        "Salt & pepper, ground",
        "Frame 10x15, 20x30",
        "10 x 15 cm frame, 20 x 30 cm frame",
        "Mug; blue",
        "Pack of 2x AA batteries",
        "Set: cup + saucer",
        "Lamp (E27), white (2)",
        "T恤，白色",
        "[SALE] Mug",
        "[sic]",
        "{blue} Mug {new}",
        "Maxi 20, Relax 5",
    ],
)
def test_a_title_of_one_product_stays_one(cell):
    assert not holds_several(cell)


@pytest.mark.parametrize(
    ("cell", "several"),
    [
        ("CUP-B; POT", True),
        ("CUP-B|POT|", True),
        ("CUP-B, POT", True),
        ("CUP-B", False),
        ("CUP/B", False),
        ("1,5-MM", False),
        ("Blue mug, large", False),
    ],
)
def test_ids_one_after_the_other_are_several(cell, several):
    assert holds_several(cell, of_ids=True) == several


@pytest.mark.parametrize("cell", ["2x Mug; 1x Lamp", "2x Mug | 1x Lamp", '["p1","p2"]'])
@pytest.mark.parametrize("column", ["Product name", "SKU"])
def test_an_order_of_such_a_cell_is_refused_with_the_way_out(tmp_path, cell, column):
    quoted = cell.replace('"', '""')
    (tmp_path / "orders.csv").write_text(
        f'Order ID,Order date,Customer ID,{column},Quantity\n1,2026-03-01,c1,"{quoted}",1\n'
    )
    with pytest.raises(FormatError, match="several products in one cell: export the lines"):
        list(read(tmp_path / "orders.csv", "orders"))
