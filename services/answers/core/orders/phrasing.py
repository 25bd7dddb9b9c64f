"""Sentences about orders, in English and Chinese."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from .order import Order

_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August", "September"),
    *("October", "November", "December"),
)
_ENGLISH = {
    "placed": "has been placed and has not been sent yet",
    "packed": "is packed and waits for the carrier",
    "shipped": "is on its way",
    "out_for_delivery": "is out for delivery",
    "delivered": "was delivered",
    "cancelled": "was cancelled",
    "returned": "was returned",
}
_CHINESE = {
    "placed": "已下单，尚未发货",
    "packed": "已打包，等待快递揽收",
    "shipped": "已发货，正在运输途中",
    "out_for_delivery": "正在派送",
    "delivered": "已送达",
    "cancelled": "已取消",
    "returned": "已退货",
}


def told(orders: Sequence[Order], titles: Sequence[Sequence[str]], more: int, language: str) -> str:
    """What is known of a customer's orders. titles: of each one's products, as far as they are
    known. more: further open ones, not told. language: zh, or else English."""
    if language == "zh":
        sentences = [_chinese(order, names) for order, names in zip(orders, titles, strict=True)]
        rest = f"另有{more}个未完成的订单。" if more else ""
        return "".join([*sentences, rest])
    sentences = [_english(order, names) for order, names in zip(orders, titles, strict=True)]
    rest = f"There {'is' if more == 1 else 'are'} {more} more on the way." if more else ""
    return " ".join([*sentences, rest]).rstrip()


def _english(order: Order, titles: Sequence[str]) -> str:
    said = f"Order {order.number} {_ENGLISH[order.status]}"
    if order.status == "delivered" and order.delivered_on:
        said += f" on {_english_day(order.delivered_on)}"
    elif order.status == "shipped" and order.shipped_on:
        said += f", sent on {_english_day(order.shipped_on)}"
    sentences = [said]
    if order.open and order.expected_on:
        sentences.append(f"It is expected on {_english_day(order.expected_on)}")
    parcel = [f"Carrier: {order.carrier}"] if order.carrier else []
    if order.tracking_number:
        parcel.append(f"{'tracking' if parcel else 'Tracking'} number {order.tracking_number}")
    if parcel and order.open:
        sentences.append(", ".join(parcel))
    if titles:
        rest = order.products - len(titles)
        listed = ", ".join(titles) + (f" and {rest} more" if rest else "")
        sentences.append(f"It contains: {listed}")
    text = ". ".join(sentences) + "."
    return f"{text} Follow it at {order.tracking_url}" if _followed(order) else text


def _chinese(order: Order, titles: Sequence[str]) -> str:
    said = f"订单{order.number}{_CHINESE[order.status]}"
    if order.status == "delivered" and order.delivered_on:
        said += f"（{_chinese_day(order.delivered_on)}）"
    elif order.status == "shipped" and order.shipped_on:
        said += f"（{_chinese_day(order.shipped_on)}发出）"
    parts = [said]
    if order.open and order.expected_on:
        parts.append(f"预计{_chinese_day(order.expected_on)}送达")
    if order.open and order.carrier:
        parts.append(f"快递公司：{order.carrier}")
    if order.open and order.tracking_number:
        parts.append(f"运单号：{order.tracking_number}")
    if titles:
        rest = order.products - len(titles)
        parts.append(f"商品：{'、'.join(titles)}" + (f"等{order.products}件" if rest else ""))
    text = "，".join(parts) + "。"
    return f"{text}物流查询： {order.tracking_url} " if _followed(order) else text


def _followed(order: Order) -> bool:
    return order.open and bool(order.tracking_url)


def _english_day(day: date) -> str:
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def _chinese_day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
