"""Traditional to simplified characters: of the same length, and careful with what has two forms."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.shared.text.chinese import simplified
from shopkeeper.shared.text.normalisation import normalise
from shopkeeper.shared.text.simplified_characters import (
    SURE_SIMPLIFIED,
    SURE_TRADITIONAL,
    UNSURE_SIMPLIFIED,
    UNSURE_TRADITIONAL,
)


@pytest.mark.parametrize(
    ("traditional", "plain"),
    [
        ("質量很好，下次還買", "质量很好，下次还买"),
        ("請問什麼時候到貨？", "请问什么时候到货？"),
        ("收到後發現螢幕裡有一隻蟲", "收到后发现萤幕里有一只虫"),
        ("很乾淨，餅乾也好吃", "很干净，饼干也好吃"),
        ("頭髮乾燥，發貨慢", "头发干燥，发货慢"),
        ("開關壞了，線也斷了", "开关坏了，线也断了"),
        ("台灣可以寄嗎", "台湾可以寄吗"),
        ("這款iPhone 15手機殼顏色不對😡", "这款iPhone 15手机壳颜色不对😡"),
        ("穿著舒服，著名品牌，價格公道", "穿著舒服，著名品牌，价格公道"),
    ],
)
def test_traditional_text(traditional: str, plain: str) -> None:
    assert simplified(traditional) == plain
    assert simplified(normalise(traditional)) == normalise(simplified(traditional))


@pytest.mark.parametrize(
    "text",
    [
        "质量很好，下次还买",
        "乾隆年间的款式，朝乾夕惕",  # simplified texts have 乾 too
        "只有一只，看着皇后在余姚里面",
        "着急，著名，显著",
        "慰藉，於是，幺么",
        "where is my order? 10/10",
        "",
    ],
)
def test_what_is_not_traditional_stays(text: str) -> None:
    assert simplified(text) == text


def test_the_table_is_sound() -> None:
    traditional = SURE_TRADITIONAL + UNSURE_TRADITIONAL
    plain = SURE_SIMPLIFIED + UNSURE_SIMPLIFIED
    assert len(traditional) == len(plain) == len(set(traditional)) > 2_500
    assert not set(traditional) & set(plain)  # so that what is simplified stays
    assert all("\u4e00" <= character <= "\u9fff" for character in traditional + plain)
    assert not set(SURE_TRADITIONAL) & set("乾只着著里后")
    assert set("後裡隻") <= set(SURE_TRADITIONAL)


@given(st.text(st.one_of(st.sampled_from(SURE_TRADITIONAL + UNSURE_TRADITIONAL), st.characters())))
def test_places_hold_and_twice_is_once(text: str) -> None:
    plain = simplified(text)
    assert len(plain) == len(text)
    assert simplified(plain) == plain
