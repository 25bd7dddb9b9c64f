"""Exports of orders with traditional Chinese headers are read as simplified ones are."""

from __future__ import annotations

import pytest

from shopkeeper.shared.datasets.cells import header_key
from shopkeeper.shared.datasets.order_names import LINE_FIELDS, ORDER_FIELDS
from shopkeeper.shared.datasets.order_names_traditional import TRADITIONAL

from .test_order_exports import of, run

SIMPLIFIED = (
    "订单编号,下单时间,会员编号,订单状态,商品编号,商品名称,数量,单价,币种\n"
    "A1,2026-03-01 08:59:00,m-1,{state},P1,茶杯,2,9.9,TWD\n"
    "A1,2026-03-01 08:59:00,m-1,{state},P9,{post},1,60,TWD\n"
)
TAIWAN = (
    "訂單編號,下單時間,會員編號,訂單狀態,商品編號,商品名稱,數量,單價,幣別\n"
    "A1,2026-03-01 08:59:00,m-1,{state},P1,茶杯,2,9.9,TWD\n"
    "A1,2026-03-01 08:59:00,m-1,{state},P9,{post},1,60,TWD\n"
)


@pytest.mark.parametrize(
    ("simplified", "traditional", "why"),
    [
        ("已完成", "已完成", None),
        ("已发货", "已發貨", None),
        ("已关闭", "已關閉", "cancelled"),
        ("退货成功", "退貨成功", "refunded"),
        ("待确认", "待確認", "not paid"),
    ],
)
def test_both_are_read_alike(tmp_path, simplified, traditional, why):
    first = run(tmp_path, SIMPLIFIED.format(state=simplified, post="运费"))
    second = run(tmp_path, TAIWAN.format(state=traditional, post="運費"))
    assert second[0] == first[0]
    assert second[0] == ([] if why else [of("A1", "m-1", ("P1", 2.0, 9.9), currency="TWD")])
    assert second[1].left_out == first[1].left_out
    assert set(second[1].left_out) == {why or "shipping"}


def test_the_names_are_of_fields_that_there_are_and_of_one_field_each():
    assert set(TRADITIONAL) <= {*ORDER_FIELDS, *LINE_FIELDS}
    for fields in (ORDER_FIELDS, LINE_FIELDS):
        for name, names in fields.items():
            own = [header_key(each) for each in TRADITIONAL.get(name, ())]
            assert len(own) == len(set(own))
            assert set(own) <= {header_key(each) for each in names}
