"""The same orders in every writing of them give the same purchases: a naive twin of the reader."""

from __future__ import annotations

import csv
import io
import tempfile
from dataclasses import dataclass
from pathlib import Path

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from shopkeeper.shared.datasets.pseudonyms import is_email, pseudonym
from shopkeeper.shared.datasets.readers import Books, Options, read

NOW_MS = 1_790_000_000_000
# Each language's columns, and a word for each state.
DIALECTS = (
    (("Order Number", "Order Date", "Customer ID", "Email", "Order Status", "SKU", "Quantity",
      "Unit Price", "Product Name"),
     {"": "Completed", "cancelled": "Cancelled", "refunded": "refunded", "not paid": "pending"}),
    (("订单号", "下单时间", "会员ID", "邮箱", "订单状态", "商品编码", "数量", "单价", "商品名称"),
     {"": "交易成功", "cancelled": "已取消", "refunded": "已退款", "not paid": "等待买家付款"}),
    (("Bestellnummer", "Bestelldatum", "Kundennummer", "E-Mail-Adresse", "Bestellstatus",
      "Artikelnummer", "Menge", "Einzelpreis", "Artikelname"),
     {"": "Versendet", "cancelled": "Storniert", "refunded": "Erstattet", "not paid": "Offen"}),
    (("Numéro de commande", "Date de commande", "ID client", "Courriel", "Statut",
      "Référence produit", "Quantité", "Prix unitaire", "Nom du produit"),
     {"": "Payé", "cancelled": "Annulée", "refunded": "Remboursé", "not paid": "En attente"}),
    (("Número de pedido", "Fecha de pedido", "ID de cliente", "Correo electrónico", "Estado",
      "Código de producto", "Cantidad", "Precio unitario", "Producto"),
     {"": "Enviado", "cancelled": "Cancelado", "refunded": "Reembolsado", "not paid": "Pendiente"}),
)  # fmt: skip
STATES = ("", "cancelled", "refunded", "not paid")
OTHERS = {"Gift card": "gift card", "运费": "shipping", "Trinkgeld": "tip", "Remise": "discount"}


@dataclass(frozen=True)
class Bought:
    item: str
    quantity: int
    cents: int
    title: str


@dataclass(frozen=True)
class Order:
    second: int
    user: str
    email: str
    state: str
    lines: list[Bought]


lines = st.builds(
    Bought,
    st.sampled_from(["A1", "0017", "B-2", "茶1"]),
    st.integers(1, 9),
    st.integers(0, 999_99),
    st.sampled_from(["Tea cup", "茶杯", "Tip jar", "Gift card holder", *OTHERS]),
)
orders = st.lists(
    st.builds(
        Order,
        st.integers(0, 86_399),
        st.sampled_from(["", "u1", "42", "guest"]),
        st.sampled_from(["", "mia@example.com", "Bo@Example.com", "b***@example.com"]),
        st.sampled_from(STATES),
        st.lists(lines, min_size=1, max_size=4),
    ),
    max_size=5,
)


def expected(found: list[Order]) -> tuple[list[dict], dict[str, int]]:
    """What was bought, and why the other lines were left out."""
    events, left = [], {}
    for number, order in enumerate(found):
        kept = []
        for line in order.lines:
            why = order.state or OTHERS.get(line.title, "")
            if why:
                left[why] = left.get(why, 0) + 1
            else:
                kept.append(
                    {
                        "product_id": line.item,
                        "quantity": float(line.quantity),
                        "price": line.cents / 100,
                    }
                )
        user = order.user if order.user not in ("", "guest") else ""
        if not user and is_email(order.email) and "*" not in order.email:
            user = pseudonym(order.email)
        name = f"N{number}"
        if kept:
            events.append({"order_id": name, "user_id": user or name, "products": kept})
    return events, left


def time_of(second: int) -> str:
    return f"2026-03-01 {second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"


def price(cents: int, comma: bool) -> str:
    whole, part = divmod(cents, 100)
    return f"{whole},{part:02}" if comma else f"{whole}.{part:02}"


def table(found: list[Order], dialect: int, once: bool, comma: bool, delimiter: str) -> bytes:
    """A row per line; once: an order's fields on its first row alone, but its number."""
    names, states = DIALECTS[dialect]
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerow(names)
    for number, order in enumerate(found):
        common = [time_of(order.second), order.user, order.email, states[order.state]]
        for place, line in enumerate(order.lines):
            said = [""] * 4 if once and place else common
            amount = price(line.cents, comma)
            row = [f"N{number}", *said, line.item, line.quantity, amount, line.title]
            writer.writerow(row)
    return text.getvalue().encode()


def document(found: list[Order], wrapper: str, inner: str) -> bytes:
    listed = [
        {
            "id": f"N{number}",
            "created_at": time_of(order.second),
            "customer": {"id": order.user, "email": order.email},
            "status": DIALECTS[0][1][order.state],
            inner: [
                {"sku": line.item, "quantity": line.quantity, "price": line.cents / 100,
                 "title": line.title}
                for line in order.lines
            ],
        }
        for number, order in enumerate(found)
    ]  # fmt: skip
    return orjson.dumps({wrapper: listed} if wrapper else listed)


def reading(content: bytes, name: str):
    books = Books()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(content)
        events = list(read(path, "orders", options=Options(), books=books, now_ms=NOW_MS))
    assert books.balanced()
    return events, books


@settings(max_examples=150, deadline=None)
@given(
    found=orders,
    dialect=st.integers(0, len(DIALECTS) - 1),
    once=st.booleans(),
    comma=st.booleans(),
    delimiter=st.sampled_from(";\t,"),
)
def test_tables_say_what_was_bought(found, dialect, once, comma, delimiter):
    events, books = reading(table(found, dialect, once, comma, delimiter), "orders.csv")
    data, left = expected(found)
    assert [event.data for event in events] == data
    assert books.left_out == left
    assert len({event.id for event in events}) == len(events)


@settings(max_examples=100, deadline=None)
@given(
    found=orders.filter(bool),
    wrapper=st.sampled_from(["", "orders", "items", "data"]),
    inner=st.sampled_from(["line_items", "lineItems", "items", "products", "order_rows"]),
)
def test_documents_say_the_same(found, wrapper, inner):
    events, books = reading(document(found, wrapper, inner), "orders.json")
    data, left = expected(found)
    assert [event.data for event in events] == data
    assert books.left_out == left


@given(address=st.emails(), key=st.binary(max_size=32))
def test_a_pseudonym_is_the_same_for_every_writing_and_shows_nothing(address, key):
    found = pseudonym(address, key)
    assert found == pseudonym(f"  {address.upper()} ".lower(), key)
    assert len(found) == 34
    assert "@" not in found
    assert key == b"" or found != pseudonym(address)
