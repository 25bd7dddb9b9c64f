"""Languages: en, zh or other, of whole reviews and of two-word searches."""

from __future__ import annotations

import pytest

from shopkeeper.shared.text.language import detect

from .language_texts import BUILT_ON, HELD_BACK, LABELLED


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


def accuracy(texts: tuple[tuple[str, str], ...]) -> float:
    return sum(detect(text) == label for text, label in texts) / len(texts)


def test_the_labelled_texts_are_sound() -> None:
    assert len(LABELLED) >= 200
    assert len({text for text, _ in LABELLED}) == len(LABELLED)
    assert {label for _, label in HELD_BACK} == {"en", "zh", "other"}


def test_mixed_texts_go_with_the_sentence_that_holds_them() -> None:
    assert accuracy(BUILT_ON) >= 0.97
    assert accuracy(HELD_BACK) >= 0.97


@pytest.mark.parametrize(
    "name", ["iPhone", "My Little Pony", "The North Face", "IT", "Made in USA"]
)
def test_a_latin_name_leaves_a_chinese_text_chinese(name: str) -> None:
    """However long: characters are not counted against words."""
    assert detect(f"{name} {name.upper()} 手机壳") == "zh"
    assert detect(f"手机壳 {name}") == "zh"
