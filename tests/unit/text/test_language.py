"""Languages: en, zh or other, of whole reviews and of two-word searches."""

from __future__ import annotations

import pytest

from shopkeeper.shared.text.language import detect


@pytest.mark.parametrize(
    "text",
    [
        "where is my order?",
        "red leather sofa",
        "café table",
        "iPhone 15 pro max",
        "don't buy this!!! 😡",
        "USB-C",
        "Übergröße shirt that does not fit",
    ],
)
def test_english(text: str) -> None:
    assert detect(text) == "en"


@pytest.mark.parametrize(
    "text",
    [
        "这个什么时候发货",
        "好",
        "iPhone 手机壳很好看",
        "質量很好，下次還買",
        "5星好评！",
        "𠮷野家很好吃",
    ],
)
def test_chinese(text: str) -> None:
    assert detect(text) == "zh"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "12345 !!!",
        "😀😀",
        "この商品はとても良いです",
        "좋은 제품입니다",
        "где мой заказ",
        "¿dónde está mi pedido?",
        "Me encanta este producto, es muy bueno para la casa",
        "wo ist meine Bestellung und wann kommt sie",
        "أين طلبي",
        "\ud800",
    ],
)
def test_other(text: str) -> None:
    assert detect(text) == "other"


def test_only_the_beginning_is_read() -> None:
    assert detect("good product " * 100 + "很好" * 1000) == "en"
