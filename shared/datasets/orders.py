"""Formats of orders: invoice lines of Online Retail, H&M's purchases, Instacart's baskets."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from .base import BadRow, LeftOut, shown
from .cells import number
from .formats import ORDERED, Context, Format, Made, without_none
from .tables import Row

Line = tuple[int, dict[str, Any]]  # its time, and what stands in the order


def _invoice(row: Row) -> Hashable | None:
    return row.get("invoice_no")


def _invoice_line(row: Row, context: Context) -> Line:
    """Cancellations (invoice C...) name no order that they cancel, and lines of no or negative
    quantity no product that was bought: both are left out."""
    invoice = row.need_id("invoice_no")
    if invoice[:1] in "Cc" and invoice[1:].isdigit():
        raise LeftOut("cancellation")
    text = row.need("quantity")
    try:
        quantity = number(text)
    except ValueError:
        raise BadRow("quantity", "wrong_type", f"{shown(text)} is not a number") from None
    if quantity <= 0:
        raise LeftOut("no or negative quantity")
    price = context.quantity(row, "price")
    line = {"product_id": row.need_id("stock_code"), "quantity": quantity, "price": price}
    return context.time_ms(row, serials=True), without_none(line)


def _invoice_order(row: Row, lines: Sequence[Line], context: Context) -> Made:
    """The user is the customer, or the invoice where the customer is empty; the invoice is the
    session, so a basket is one."""
    invoice = row.need_id("invoice_no")
    user = row.id("customer_id").removesuffix(".0") or invoice  # as data frames write 17850
    data = {
        "order_id": invoice,
        "user_id": user,
        "session_id": invoice,
        "products": [line for _, line in lines],
        "currency": "GBP",
    }
    return Made(ORDERED, user, data, lines[0][0])


ONLINE_RETAIL = Format(
    "online-retail",
    "invoice_no,timestamp,customer_id,stock_code,quantity,unit_price_gbp; or UCI's header "
    "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country",
    {
        "invoice_no": ("invoice_no", "Invoice"),
        "timestamp": ("timestamp", "InvoiceDate"),
        "customer_id": ("customer_id",),
        "stock_code": ("stock_code",),
        "quantity": ("quantity",),
        "price": ("unit_price_gbp", "UnitPrice", "Price"),
    },
    ("invoice_no", "timestamp", "customer_id", "stock_code", "quantity", "price"),
    group=_invoice,
    line=_invoice_line,
    order=_invoice_order,
)


def _hm_basket(row: Row) -> Hashable | None:
    return row.get("customer_id"), row.get("timestamp")


def _hm_line(row: Row, context: Context) -> Line:
    """The set's prices are scaled to hide them: they are published as they stand."""
    row.need_id("customer_id")
    line = {"product_id": row.need_id("item_id"), "price": context.quantity(row, "price")}
    return context.time_ms(row, serials=True), without_none(line)


def _hm_order(row: Row, lines: Sequence[Line], context: Context) -> Made:
    customer = row.need_id("customer_id")
    data = {
        "order_id": f"{customer}/{row.need('timestamp')}",
        "user_id": customer,
        "products": [line for _, line in lines],
    }
    return Made(ORDERED, customer, data, lines[0][0])


HM = Format(
    "hm",
    "t_dat,customer_id,article_id,price,sales_channel_id; an order is a customer's day",
    {
        "timestamp": ("t_dat",),
        "customer_id": ("customer_id",),
        "item_id": ("article_id",),
        "price": ("price",),
    },
    ("timestamp", "customer_id", "item_id"),
    group=_hm_basket,
    line=_hm_line,
    order=_hm_order,
)
