"""Exports of orders in other languages, and what is said where one cannot be read."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import orjson
import pytest

from shopkeeper.shared.datasets.pseudonyms import pseudonym
from shopkeeper.shared.datasets.readers import FormatError, read, recognise

from .test_order_exports import MARCH_1, of, run

TAOBAO = (
    "主订单编号,买家会员名,商品标题,商品价格,购买数量,商家编码,订单状态,退款状态,订单创建时间\n"
    '="2301",小茶客,青花杯,¥39.00,2,CUP-B,"卖家已发货，等待买家确认",无,2026-03-01 16:59:00\n'
    '="2301",小茶客,紫砂壶,¥129.00,1,POT,"卖家已发货，等待买家确认",退款成功,2026-03-01 16:59:00\n'
    '="2302",茶**友,青花茶杯,¥39.00,1,CUP-B,交易成功,没有申请退款,2026-03-01 16:59:00\n'
    '="2303",小茶客,补差价,¥1.00,5,CHA,交易成功,没有申请退款,2026-03-01 16:59:00\n'
    '="2304",小茶客,青花茶杯,¥39.00,1,CUP-B,等待买家付款,没有申请退款,2026-03-01 16:59:00\n'
    '="2305",小茶客,青花茶杯,¥39.00,1,CUP-B,交易关闭,没有申请退款,2026-03-01 16:59:00\n'
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_taobaos_table(tmp_path, encoding):
    shanghai = ZoneInfo("Asia/Shanghai")
    found, books, _, times = run(tmp_path, TAOBAO.encode(encoding), zone=shanghai)
    assert found == [
        of("2301", "小茶客", ("CUP-B", 2.0, 39.0)),
        of("2302", "2302", ("CUP-B", 1.0, 39.0)),
    ], "a name that the market place masks is nobody's"
    assert times == [MARCH_1] * 2
    assert books.left_out == {"refunded": 1, "fee": 1, "not paid": 1, "cancelled": 1}


def test_taobaos_youzans_and_jds_documents(tmp_path):
    taobao = {"trades_sold_get_response": {"trades": {"trade": [
        {"tid": "2301", "status": "WAIT_SELLER_SEND_GOODS", "buyer_nick": "t1",
         "created": "2026-03-01 08:59:00", "pay_time": "2026-03-01 09:00:00",
         "orders": {"order": [
             {"num_iid": 17, "sku_id": "3", "num": 2, "price": "39.00", "title": "茶杯",
              "refund_status": "NO_REFUND", "status": "WAIT_SELLER_SEND_GOODS"},
             {"num_iid": 18, "num": 1, "price": "9.00", "refund_status": "SUCCESS",
              "status": "TRADE_CLOSED"}]}},
        {"tid": "2302", "status": "TRADE_CLOSED_BY_TAOBAO", "buyer_nick": "t1",
         "created": "2026-03-01 08:59:00",
         "orders": {"order": [{"num_iid": 17, "num": 2, "price": "39.00"}]}}]}}}  # fmt: skip
    found, books, *_ = run(tmp_path, orjson.dumps(taobao), "a.json")
    assert found == [of("2301", "t1", ("17", 2.0, 39.0))]
    assert books.left_out == {"refunded": 1, "cancelled": 1}
    youzan = {"data": {"full_order_info_list": [{"full_order_info": {
        "order_info": {"tid": "E31", "status": "WAIT_SELLER_SEND_GOODS", "status_str": "待发货",
                       "created": "2026-03-01 08:59:00"},
        "buyer_info": {"buyer_phone": "13800001234", "fans_nickname": "茶客"},
        "orders": [{"oid": "o1", "item_id": 17, "title": "茶杯", "num": 2, "price": "39.00"}],
    }}]}}  # fmt: skip
    found, *_ = run(tmp_path, orjson.dumps(youzan), "b.json")
    assert found == [of("E31", pseudonym("13800001234"), ("17", 2.0, 39.0))]
    jd = {"orderInfoList": [
        {"orderId": "J31", "pin": "jd1", "orderState": "WAIT_SELLER_STOCK_OUT",
         "orderStartTime": "2026-03-01 08:59:00",
         "itemInfoList": [{"skuId": "17", "wareId": "w", "skuName": "茶杯", "itemTotal": "2",
                           "jdPrice": "39.00"}]},
        {"orderId": "J32", "pin": "jd1", "orderState": "TRADE_CANCELED",
         "orderStartTime": "2026-03-01 08:59:00",
         "itemInfoList": [{"skuId": "17", "itemTotal": "1", "jdPrice": "39.00"}]}]}  # fmt: skip
    found, books, *_ = run(tmp_path, orjson.dumps(jd), "c.json")
    assert found == [of("J31", "jd1", ("17", 2.0, 39.0))]
    assert books.left_out == {"cancelled": 1}


def test_youzans_and_jds_tables(tmp_path):
    youzan = (
        "订单号,订单状态,买家手机号,商品名称,商品编码,商品数量,商品单价,订单创建时间,商品退款状态\n"
        "E31,已完成,13800001234,茶杯,CUP,2,39.00,2026-03-01 16:59:00,\n"
        ",,,茶壶,POT,1,129.00,,\n"
        "E32,已关闭,13800001234,茶杯,CUP,2,39.00,2026-03-01 16:59:00,\n"
        "E33,已完成,138****1234,茶杯,CUP,1,39.00,2026-03-01 16:59:00,退款完成\n"
    )
    found, books, *_ = run(tmp_path, youzan)
    assert found == [
        of("E31", pseudonym("13800001234"), ("CUP", 2.0, 39.0), ("POT", 1.0, 129.0))
    ], "a merged cell holds for the rows below it"
    assert books.left_out == {"cancelled": 1, "refunded": 1}
    jd = (
        "订单号,商品ID,商品名称,订购数量,下单时间,京东价,订单状态,下单帐号\n"
        "J31,17,茶杯,2,2026-03-01 16:59:00,39.00,等待出库,jd1\n"
        "J32,17,茶杯,2,2026-03-01 16:59:00,39.00,(删除)等待出库,jd1\n"
        "J33,17,茶杯,2,2026-03-01 16:59:00,39.00,等待付款,jd1\n"
    )
    found, books, *_ = run(tmp_path, jd)
    assert found[0] == of("J31", "jd1", ("17", 2.0, 39.0))
    assert books.left_out == {"not paid": 1, "cancelled": 1}


@pytest.mark.parametrize(
    ("header", "paid", "unpaid"),
    [
        ("Bestellnummer;Bestelldatum;Kundennummer;Artikelnummer;Menge;Einzelpreis;Bestellstatus",
         "Versendet", "Zahlung ausstehend"),
        ("Numéro de commande;Date de commande;Numéro client;Référence produit;Quantité;"
         "Prix unitaire;Statut", "Livré", "En attente de paiement"),
        ("Número de pedido;Fecha de pedido;Número de cliente;Referencia;Cantidad;"
         "Precio unitario;Estado", "Enviado", "Pendiente de pago"),
    ],
)  # fmt: skip
def test_tables_in_german_french_and_spanish(tmp_path, header, paid, unpaid):
    text = (
        f"{header}\n31;01.03.2026 08:59;5;CUP;2;9,90 €;{paid}\n"
        f"32;01.03.2026 08:59;5;CUP;1;9,90 €;{unpaid}\n"
    )
    for encoding in ("utf-8", "cp1252"):
        found, books, *_ = run(tmp_path, text.encode(encoding), encoding=encoding)
        assert found == [of("31", "5", ("CUP", 2.0, 9.9), currency="EUR")]
        assert books.left_out == {"not paid": 1}


def test_an_address_is_never_published(tmp_path):
    text = "order_id,created_at,user,sku,quantity\n31,2026-03-01,Mia@example.com,CUP,1\n"
    [plain], *_ = run(tmp_path, text)
    [keyed], *_ = run(tmp_path, text, user_key=b"k" * 16)
    assert plain["user_id"] == pseudonym("mia@example.com")
    assert keyed["user_id"] == pseudonym("mia@example.com", b"k" * 16) != plain["user_id"]
    assert "example" not in str(plain) + str(keyed)


def test_what_is_missing_is_named_with_the_way_out(tmp_path):
    (tmp_path / "a.csv").write_text("nr,wann,was,wieviel\n1,2026-03-01,CUP,2\n")
    with pytest.raises(FormatError, match=r"order_id, .*nr, wann, was, wieviel.*--columns"):
        list(read(tmp_path / "a.csv", "orders"))
    columns = {"order_id": "nr", "timestamp": "wann", "item_id": "was", "quantity": "wieviel"}
    text = (tmp_path / "a.csv").read_text()
    found, *_ = run(tmp_path, text, form="orders", columns=columns)
    assert found == [of("1", "1", ("CUP", 2.0, None))]


def test_a_state_that_is_not_known_is_said_and_packed_cells_are_refused(tmp_path):
    text = "order_id,date,product,quantity,status\n1,2026-03-01,Cup,2,Glazing\n"
    found, _, notes, _ = run(tmp_path, text)
    assert len(found) == 1
    assert any("'Glazing' is not known" in note for note in notes)
    packed = text.replace("Cup,2,Glazing", '"2x Cup, 1x Pot",3,paid')
    (tmp_path / "b.csv").write_text(packed)
    with pytest.raises(FormatError, match="several products"):
        list(read(tmp_path / "b.csv"))


XML = """<?xml version="1.0" encoding="UTF-8"?>
<orders xmlns="http://www.shop.example/xml/order">
  <order order-no="0031">
    <order-date>2026-03-01T08:59:00.000Z</order-date>
    <currency>EUR</currency>
    <customer><customer-no>5</customer-no><customer-email>m@example.com</customer-email></customer>
    <status><order-status>NEW</order-status><payment-status>PAID</payment-status></status>
    <product-lineitems>
      <product-lineitem><base-price>9.90</base-price><product-id>CUP</product-id>
        <quantity unit="">2.0</quantity></product-lineitem>%s
    </product-lineitems>
    <shipping-lineitems><shipping-lineitem><item-id>S</item-id></shipping-lineitem>
    </shipping-lineitems>
  </order>
  <order order-no="0032">
    <order-date>2026-03-01T08:59:00.000Z</order-date>
    <status><order-status>CANCELLED</order-status></status>
    <product-lineitems><product-lineitem><product-id>CUP</product-id></product-lineitem>
    </product-lineitems>
  </order>
</orders>
"""
POT = "<product-lineitem><base-price>30</base-price><product-id>POT</product-id></product-lineitem>"


def test_orders_in_xml(tmp_path):
    one, two = ("CUP", 2.0, 9.9), ("POT", None, 30.0)
    for more, lines in (("", [one]), (POT, [one, two])):
        found, books, _, times = run(tmp_path, XML % more, "orders.xml")
        assert found == [of("0031", "5", *lines, currency="EUR")]
        assert times == [MARCH_1]
        assert books.left_out == {"cancelled": 1}
    typed = XML.replace("<orders", '<!DOCTYPE a [<!ENTITY b "c">]><orders')
    for content, words in ((typed, "document type"), ((XML % "")[:-20], r":\d+: not XML")):
        (tmp_path / "a.xml").write_text(content)
        with pytest.raises(FormatError, match=words):
            list(read(tmp_path / "a.xml", "orders"))


@pytest.mark.parametrize("column", ["event", "type", "kind", "行为类型", "interaction"])
def test_a_table_of_what_users_did_stays_one_of_events(tmp_path, column):
    header = f"user_id,item_id,timestamp,{column},order_id,price,quantity\n"
    path = tmp_path / "a.csv"
    path.write_text(f"{header}u,A,2026-03-01,view,,,\nu,A,2026-03-01,purchase,1,2,1\n", "utf-8")
    assert recognise(path) == "events"
    if column in ("type", "kind"):
        path.write_text(f"{header}u,A,2026-03-01,Simple product,1,2,1\n", "utf-8")
        assert recognise(path) == "orders"


def test_what_a_payment_says_goes_before_the_state_of_an_order(tmp_path):
    text = (
        "order_number;order_date;customer_number;product_number;quantity;payment_status;status\n"
        "1;2026-03-01;5;CUP;2;Offen;Offen\n2;2026-03-01;5;CUP;2;Bezahlt;Offen\n"
        "3;2026-03-01;5;CUP;2;Bezahlt;Storniert\n"
    )
    found, books, *_ = run(tmp_path, text)
    assert found == [of("2", "5", ("CUP", 2.0, None))]
    assert books.left_out == {"not paid": 1, "cancelled": 1}


def test_an_overview_is_read_where_an_order_has_one_kind_of_product(tmp_path):
    table = (
        "订单编号,买家会员名,订单状态,订单创建时间,宝贝标题,宝贝种类,商家编码,宝贝总数量\n"
        "2301,小茶客,交易成功,2026-03-01 16:59:00,青花杯,1,CUP-B,2\n"
    )
    found, *_ = run(tmp_path, table.encode())
    [product] = found[0].pop("products")
    assert product == {"product_id": "CUP-B", "quantity": 2.0}
    several = "2302,小茶客,交易成功,2026-03-01 16:59:00,青花杯，紫砂壶,2,CUP-B,3\n"
    (tmp_path / "several.csv").write_text(table + several)
    with pytest.raises(FormatError, match="several products"):
        list(read(tmp_path / "several.csv"))


def test_a_customer_that_is_a_number_is_one_and_a_name_is_nobodys_id(tmp_path):
    table = (
        "Order No.,Order Date,Customer,Item Code,Description,Qty,Unit Price,Status\n"
        'SO-1,2026-03-01 08:59:00,C-100,I-1,Hammer,2,"$1,299.00",Delivered\n'
        "SO-2,2026-03-01 08:59:00,Jane Doe,I-2,Nails,9,$0.05,Delivered\n"
    )
    found, *_ = run(tmp_path, table.encode())
    assert [each.pop("currency") for each in found] == ["USD", "USD"]
    assert found == [
        of("SO-1", "C-100", ("I-1", 2.0, 1299.0)),
        of("SO-2", "SO-2", ("I-2", 9.0, 0.05)),
    ]
