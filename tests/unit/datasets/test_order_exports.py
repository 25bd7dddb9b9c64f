"""Exports of orders: small files of our own, in the shape that each kind of program writes."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import orjson
import pytest

from shopkeeper.shared.datasets.products import load
from shopkeeper.shared.datasets.pseudonyms import pseudonym
from shopkeeper.shared.datasets.readers import Books, FormatError, Options, read, recognise

NOW_MS = 1_790_000_000_000
MARCH_1 = 1_772_355_540_000  # 2026-03-01T08:59:00Z


def run(tmp_path, content, name="orders.csv", form="auto", **options):
    """(events' data, books, notes, times)."""
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    books, notes, bad = Books(), [], []
    chosen = Options(say=notes.append, **options)
    if form == "auto":
        assert recognise(path, Options()) == "orders"
    events = list(read(path, form, bad.append, options=chosen, books=books, now_ms=NOW_MS))
    assert not bad, bad
    assert books.balanced()
    assert all(event.type == "order.completed.v1" for event in events)
    return [e.data for e in events], books, notes, [e.time_ms for e in events]


def of(order_id, user_id, *products, currency=None):
    lines = []
    for product_id, quantity, price in products:
        line = {"product_id": product_id, "quantity": quantity, "price": price}
        lines.append({name: value for name, value in line.items() if value is not None})
    data = {"order_id": order_id, "user_id": user_id, "products": lines}
    return data | ({"currency": currency} if currency else {})


SHOPIFY = (
    "Name,Email,Financial Status,Paid at,Fulfillment Status,Currency,Total,Created at,"
    "Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Notes,Cancelled at,Id\n"
    "#1,Mia@Example.com ,paid,2026-03-01 10:00:00 +0100,unfulfilled,EUR,49.8,"
    '2026-03-01 09:59:00 +0100,2,Tea cup - Blue,9.90,CUP-B,"two lines\nof a note",,450\n'
    "#1,Mia@Example.com,,,,,,2026-03-01 09:59:00 +0100,1,Tea pot,30.00,POT,,,\n"
    "#1,,,,,,,,1,Gift Card - $50.00,50.00,,,,\n"
    "#1,,,,,,,,1,Tip,5.00,,,,\n"
    "#1,,,,,,,,1,Gift card holder,7.00,HOLD,,,\n"
)


def test_shopifys_table_states_an_order_once(tmp_path):
    found, books, notes, times = run(tmp_path, SHOPIFY)
    mia = pseudonym("mia@example.com")
    lines = (("CUP-B", 2.0, 9.9), ("POT", 1.0, 30.0), ("HOLD", 1.0, 7.0))
    assert found == [of("450", mia, *lines, currency="EUR")]
    assert times == [MARCH_1]
    assert books.left_out == {"gift card": 1, "tip": 1}
    assert (books.rows, books.merged) == (5, 2)
    assert any("Lineitem sku" in note for note in notes)


@pytest.mark.parametrize(
    ("financial", "cancelled", "why"),
    [
        ("refunded", "", "refunded"),
        ("voided", "", "cancelled"),
        ("pending", "", "not paid"),
        ("paid", "2026-03-02 09:00:00 +0100", "cancelled"),
        ("authorized", "", None),
        ("partially_refunded", "", None),
    ],
)
def test_states_of_shopifys_orders_hold_for_all_their_lines(tmp_path, financial, cancelled, why):
    text = SHOPIFY.replace("paid,2026", f"{financial},2026").replace(",,450", f",{cancelled},450")
    found, books, _, _ = run(tmp_path, text)
    assert len(found) == (why is None)
    assert books.left_out[why] == (5 if why else 0)


SHOPIFY_JSON = {
    "orders": [
        {
            "id": 450,
            "name": "#1",
            "order_number": 1,
            "created_at": "2026-03-01T09:59:00+01:00",
            "cancelled_at": None,
            "financial_status": "paid",
            "test": False,
            "currency": "EUR",
            "user_id": 7,
            "email": "mia@example.com",
            "customer": {"id": 99, "email": "mia@example.com", "created_at": "2020-01-01"},
            "shipping_lines": [{"id": 5, "title": "Post", "price": "4.00"}],
            "line_items": [
                {"id": 1, "product_id": 17, "variant_id": 3, "sku": "CUP-B", "quantity": 2,
                 "price": "9.90", "title": "Tea cup", "gift_card": False,
                 "price_set": {"shop_money": {"amount": "9.90", "currency_code": "EUR"}}},
                {"id": 2, "product_id": None, "sku": "", "quantity": 1, "price": "50.00",
                 "title": "Voucher for friends", "gift_card": True},
                {"id": 4, "product_id": 18, "quantity": 3, "current_quantity": 0,
                 "price": "1.00", "title": "Spoon", "gift_card": False},
            ],
        },
        {
            "id": 451,
            "created_at": "2026-03-01T09:59:00+01:00",
            "financial_status": "paid",
            "test": True,
            "customer": None,
            "user_id": 7,
            "line_items": [{"id": 6, "product_id": 17, "quantity": 1, "price": "9.90"}],
        },
        {
            "id": 452,
            "created_at": "2026-03-01T09:59:00+01:00",
            "financial_status": "paid",
            "customer": None,
            "user_id": 7,
            "email": "",
            "line_items": [{"id": 6, "product_id": 17, "quantity": 1, "price": "9.90"}],
        },
    ]
}  # fmt: skip


@pytest.mark.parametrize("indent", [0, orjson.OPT_INDENT_2])
def test_shopifys_answers_hold_orders_in_a_list(tmp_path, indent):
    content = orjson.dumps(SHOPIFY_JSON, option=indent)
    found, books, _, times = run(tmp_path, content, "orders.json")
    assert found == [
        of("450", "99", ("17", 2.0, 9.9), currency="EUR"),
        of("452", "452", ("17", 1.0, 9.9)),
    ], "a member of staff is no customer"
    assert times[0] == MARCH_1
    assert books.left_out == {"gift card": 1, "no quantity": 1, "test order": 1}


def test_shopifys_graphql(tmp_path):
    order = {
        "id": "gid://shopify/Order/450",
        "name": "#1",
        "createdAt": "2026-03-01T08:59:00Z",
        "displayFinancialStatus": "PAID",
        "customer": {"id": "gid://shopify/Customer/99"},
        "lineItems": {
            "edges": [
                {
                    "node": {
                        "id": "gid://shopify/LineItem/1",
                        "product": {"id": "gid://shopify/Product/17"},
                        "quantity": 2,
                        "originalUnitPriceSet": {
                            "shopMoney": {"amount": "9.90", "currencyCode": "EUR"}
                        },
                    }
                }
            ],
            "pageInfo": {"hasNextPage": False},
        },
    }
    other = order | {"displayFinancialStatus": "REFUNDED"}
    answer = {"data": {"orders": {"edges": [{"node": order}, {"node": other}]}}}
    found, books, _, _ = run(tmp_path, orjson.dumps(answer), "orders.json")
    assert found == [of("450", "99", ("17", 2.0, 9.9))]
    assert books.left_out == {"refunded": 1}


def test_woocommerces_documents(tmp_path):
    order = {
        "id": 31,
        "number": "31",
        "status": "completed",
        "currency": "EUR",
        "date_created": "2026-03-01T09:59:00",
        "date_created_gmt": "2026-03-01T08:59:00",
        "customer_id": 5,
        "billing": {"email": "mia@example.com", "phone": ""},
        "line_items": [
            {"id": 1, "name": "Tea cup", "product_id": 93, "variation_id": 0, "quantity": 2,
             "sku": "CUP", "price": 9.9, "total": "19.80"}
        ],
        "shipping_lines": [{"id": 2, "method_title": "Post", "total": "4.00"}],
        "fee_lines": [{"id": 3, "name": "Fee", "total": "1.00"}],
    }  # fmt: skip
    guest = order | {"id": 32, "customer_id": 0, "status": "processing"}
    waiting = [order | {"id": 33, "status": each} for each in ("pending", "on-hold", "trash")]
    content = orjson.dumps([order, guest, *waiting])
    found, books, notes, times = run(tmp_path, content, "orders.json")
    assert found == [
        of("31", "5", ("93", 2.0, 9.9), currency="EUR"),
        of("32", pseudonym("mia@example.com"), ("93", 2.0, 9.9), currency="EUR"),
    ]
    assert times == [MARCH_1] * 2
    assert not any("--time-zone" in note for note in notes)
    assert books.left_out == {"not paid": 2, "cancelled": 1}


def test_woocommerces_table(tmp_path):
    text = (
        "Order Number;Order Status;Order Date;Customer User ID;Email (Billing);Item Name;SKU;"
        "Quantity;Item Cost;Order Total Amount\n"
        "31;Completed;2026-03-01 09:59;5;mia@example.com;Tea cup;CUP;2;€9,90;49,80\n"
        "31;Completed;2026-03-01 09:59;5;mia@example.com;Tea pot;POT;1;1.030,00 €;49,80\n"
        "31;Completed;2026-03-01 09:59;5;mia@example.com;Shipping;;1;4,00;49,80\n"
        "32;Wartet auf Zahlung;2026-03-01 09:59;5;mia@example.com;Tea pot;POT;1;30,00;30\n"
    )
    berlin = ZoneInfo("Europe/Berlin")
    found, books, notes, times = run(tmp_path, text, zone=berlin)
    assert found == [of("31", "5", ("CUP", 2.0, 9.9), ("POT", 1.0, 1030.0), currency="EUR")]
    assert times == [MARCH_1]
    assert books.left_out == {"shipping": 1, "not paid": 1}
    _, _, notes, times = run(tmp_path, text)
    assert times == [MARCH_1 + 3_600_000]
    assert any("--time-zone" in note for note in notes)


def test_magentos_documents_and_its_grid(tmp_path):
    answer = {
        "items": [
            {
                "increment_id": "000031",
                "entity_id": 31,
                "created_at": "2026-03-01 08:59:00",
                "customer_id": 5,
                "status": "processing",
                "state": "processing",
                "order_currency_code": "EUR",
                "items": [
                    {"item_id": 1, "product_id": 93, "sku": "CUP-B", "name": "Tea cup",
                     "product_type": "configurable", "qty_ordered": 3, "qty_refunded": 1,
                     "qty_canceled": 0, "price": 9.9, "base_price": 11.0},
                    {"item_id": 2, "parent_item_id": 1, "product_id": 94, "sku": "CUP-B",
                     "product_type": "simple", "qty_ordered": 3, "price": 0},
                    {"item_id": 3, "product_id": 95, "sku": "POT", "name": "Tea pot",
                     "product_type": "simple", "qty_ordered": 1, "qty_canceled": 1, "price": 30},
                ],
            },
            {
                "increment_id": "000032", "created_at": "2026-03-01 08:59:00",
                "customer_id": None, "customer_is_guest": 1, "status": "closed",
                "items": [{"product_id": 93, "qty_ordered": 1, "price": 9.9}],
            },
        ],
        "search_criteria": {"page_size": 20},
        "total_count": 2,
    }  # fmt: skip
    found, books, _, times = run(tmp_path, orjson.dumps(answer), "orders.json")
    assert found == [of("000031", "5", ("93", 2.0, 9.9), currency="EUR")]
    assert times == [MARCH_1]
    assert books.left_out == {"part of another line": 1, "cancelled": 1, "refunded": 1}
    grid = (
        "ID,Purchase Point,Purchase Date,Bill-to Name,Grand Total (Base),Status\n"
        '000031,Main,"Mar 1, 2026 8:59:00 AM",Mia,49.80,Processing\n'
    )
    (tmp_path / "grid.csv").write_text(grid)
    with pytest.raises(FormatError, match=r"not what was bought.*Purchase Date.*--columns"):
        recognise(tmp_path / "grid.csv")


def test_amazons_reports_have_totals_of_lines(tmp_path):
    text = (
        "amazon-order-id\tpurchase-date\torder-status\tproduct-name\tsku\tasin\titem-status\t"
        "quantity\tcurrency\titem-price\titem-tax\n"
        "1-2-3\t2026-03-01T08:59:00+00:00\tShipped\tTea cup\tCUP\tB0CUP\tShipped\t2\tEUR\t19.80\t\n"
        "1-2-3\t2026-03-01T08:59:00+00:00\tShipped\tTea pot\tPOT\tB0POT\tCancelled\t0\tEUR\t\t\n"
        "1-2-4\t2026-03-01T08:59:00+00:00\tPending\tTea pot\tPOT\tB0POT\tUnshipped\t1\tEUR\t30\t\n"
        "1-2-5\t2026-03-01T08:59:00+00:00\tUnshipped\tPot\tPOT\tB0POT\tUnshipped\t1\tEUR\t30\t\n"
    )
    found, books, notes, _ = run(tmp_path, text, "orders.txt")
    assert found == [
        of("1-2-3", "1-2-3", ("B0CUP", 2.0, 9.9), currency="EUR"),
        of("1-2-5", "1-2-5", ("B0POT", 1.0, 30.0), currency="EUR"),
    ]
    assert books.left_out == {"cancelled": 1, "not paid": 1}
    assert any("name no customer" in note for note in notes)


def test_salesforces_documents(tmp_path):
    answer = {
        "count": 1,
        "data": [
            {
                "order_no": "0031",
                "creation_date": "2026-03-01T08:59:00.000Z",
                "status": "new",
                "payment_status": "paid",
                "currency": "EUR",
                "customer_info": {"customer_id": "c5", "email": "m@example.com"},
                "product_items": [
                    {"item_id": "x", "product_id": "CUP-B", "item_text": "Tea cup", "quantity": 2,
                     "base_price": 9.9, "price": 19.8}
                ],
                "shipping_items": [{"item_id": "y", "price": 4.0, "item_text": "Shipping"}],
            }
        ],
    }  # fmt: skip
    found, *_ = run(tmp_path, orjson.dumps(answer), "orders.json")
    assert found == [of("0031", "c5", ("CUP-B", 2.0, 9.9), currency="EUR")]
    answer["data"][0]["payment_status"] = "not_paid"
    found, books, *_ = run(tmp_path, orjson.dumps(answer), "orders.json")
    assert books.left_out == {"not paid": 1}


def test_prestashops_documents_and_its_table(tmp_path):
    order = {
        "id": 31,
        "reference": "XKBKNABJK",
        "id_customer": "5",
        "current_state": "4",
        "date_add": "2026-03-01 08:59:00",
        "associations": {
            "order_rows": [
                {"id": "1", "product_id": "93", "product_quantity": "2",
                 "product_reference": "CUP", "unit_price_tax_incl": "9.900000"}
            ]
        },
    }  # fmt: skip
    answer = {"orders": [order, order | {"current_state": "6"}, order | {"current_state": "10"}]}
    found, books, *_ = run(tmp_path, orjson.dumps(answer), "orders.json")
    assert found == [of("31", "5", ("93", 2.0, 9.9))]
    assert books.left_out == {"cancelled": 1, "not paid": 1}
    text = (
        "id_order;id_customer;current_state;date_add;product_id;product_quantity;"
        "unit_price_tax_incl\n"
        "31;5;2;2026-03-01 08:59:00;93;2;9,90\n32;5;7;2026-03-01 08:59:00;93;2;9,90\n"
    )
    found, books, *_ = run(tmp_path, text)
    assert found == [of("31", "5", ("93", 2.0, 9.9))]
    assert books.left_out == {"refunded": 1}


def test_shopwares_documents(tmp_path):
    order = {
        "id": "aa11",
        "orderNumber": "10031",
        "orderDateTime": "2026-03-01T08:59:00.000+00:00",
        "stateMachineState": {"technicalName": "open", "name": "Offen"},
        "currency": {"isoCode": "EUR"},
        "orderCustomer": {"customerId": "bb22", "email": "mia@example.com"},
        "transactions": [
            {"id": "t1", "stateMachineState": {"technicalName": "failed"}},
            {"id": "t2", "stateMachineState": {"technicalName": "paid"}},
        ],
        "lineItems": [
            {"id": "l1", "productId": "cc33", "type": "product", "label": "Tasse", "quantity": 2,
             "unitPrice": 9.9, "totalPrice": 19.8},
            {"id": "l2", "productId": None, "type": "promotion", "label": "Frühling",
             "quantity": 1, "unitPrice": -2.0},
        ],
    }  # fmt: skip
    unpaid = order | {
        "id": "aa12",
        "transactions": [{"id": "t3", "stateMachineState": {"technicalName": "open"}}],
    }
    answer = {"total": 2, "data": [{"attributes": order, "type": "order"}, unpaid]}
    found, books, *_ = run(tmp_path, orjson.dumps(answer), "orders.json")
    assert found == [of("aa11", "bb22", ("cc33", 2.0, 9.9), currency="EUR")]
    assert books.left_out == {"discount": 1, "not paid": 2}


def test_opencarts_table(tmp_path):
    text = (
        "order_id,customer_id,email,order_status_id,date_added,product_id,name,quantity,price\n"
        "31,5,mia@example.com,5,2026-03-01 08:59:00,93,Tea cup,2,9.9000\n"
        "32,0,bo@example.com,1,2026-03-01 08:59:00,93,Tea cup,2,9.9000\n"
        "33,0,bo@example.com,2,2026-03-01 08:59:00,93,Tea cup,1,9.9000\n"
    )
    found, books, *_ = run(tmp_path, text)
    bo = pseudonym("bo@example.com")
    assert found == [of("31", "5", ("93", 2.0, 9.9)), of("33", bo, ("93", 1.0, 9.9))]
    assert books.left_out == {"not paid": 1}


def test_webhooks_one_a_line_stay_messages(tmp_path):
    lines = b"\n".join(map(orjson.dumps, SHOPIFY_JSON["orders"]))
    (tmp_path / "a.jsonl").write_bytes(lines)
    assert recognise(tmp_path / "a.jsonl") == "messages"
    named = list(read(tmp_path / "a.jsonl", "orders", now_ms=NOW_MS))
    (tmp_path / "a.json").write_bytes(orjson.dumps(SHOPIFY_JSON))
    assert [e.data for e in named] == [e.data for e in read(tmp_path / "a.json", now_ms=NOW_MS)]


def test_shopifys_orders_and_catalogue_meet_by_the_variants_sku(tmp_path):
    """Orders name a variant's SKU, the catalogue a product's handle."""
    catalogue = tmp_path / "products.csv"
    catalogue.write_text(
        "Handle,Title,Body (HTML),Vendor,Variant SKU,Variant Price\n"
        "tea-cup,Tea cup,,Kiln,CUP-S,9.90\n"
        "tea-cup,,,,CUP-B,9.90\n"
        "tea-pot,Tea pot,,Kiln,POT,30\n"
    )
    known = Books()
    assert [each.product_id for each in load(catalogue, books=known)] == ["tea-cup", "tea-pot"]
    found, _, _, _ = run(tmp_path, SHOPIFY, skus=known.skus)
    assert [line["product_id"] for line in found[0]["products"]] == ["tea-cup", "tea-pot", "HOLD"]
