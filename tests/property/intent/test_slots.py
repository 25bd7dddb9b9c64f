"""The grammar of slots on any text: it never fails, its offsets hold, its normal forms are ones."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopkeeper.services.intent import slots
from shopkeeper.services.intent.slots import (
    CHARACTERS_MAX,
    SLOTS_MAX,
    Names,
    colours,
    goods,
    measures,
    prices,
    slots_of,
)
from shopkeeper.services.intent.slots.base import Reading
from shopkeeper.services.intent.slots.names import tokens_of
from shopkeeper.services.intent.slots.numbers import NUMBER_WORDS, value_of, written
from shopkeeper.services.intent.slots.text import fold
from shopkeeper.shared.contracts.events.intent import SLOTS

# Each is found by one rule, and has what that rule is asked by.
CUES = """
pack of two | set of 6 | twenty pairs | 2 dozen | qty: 4 | x3 | 5x | a dozen | a couple of | size M
size 38 | extra large | king sized | a4 | small talk | dress s | dress 3xl | jeans 34 | uk 7
10 x 20 cm | dark navy blue | light off-white | rose-gold | red juice | vitamin d | t shirt
playstation 5 | between 20 and 30 | 100 to 250 | $5-8 | under 50 | less than fifty | at most 60
within 70 | budget: 80 | 90 or less | 45 max | over 30 | at least 20 | from 200 | 25+ | 300 and up
about 80 quid | roughly $9 | 40 rmb | twenty bucks | 两百以上 | 500元起 | 300往上 | 八十之内
五千封顶 | 不到六百 | 最多700 | 预算八百 | 高于90 | 至少一百 | 三百至五百 | 100到200 | 大约九十
差不多100 | 90左右 | 50上下 | 300多块 | 两千块钱 | 8美金 | 十英镑 | 我想买手机壳 | 蓝牙耳机哪个好
特大号 | 均码 | 38码 | 大型 | 一箱 | 2个 | 三本 | 2装 | 适合 nike | 小米手机 | 手机壳怎么样
www.x.de/5 | a@b.c5 | https://q.cn/7
"""


def _cues():
    return [cue.strip() for cue in CUES.replace("\n", "|").split("|") if cue.strip()]


NAMES = Names()
NAMES.put("p", "Fjellhus", "Sleeping Bags")
WORDS = """
nike 耐克 navy blue 藏青色 红色 under $50 三百以内 between 20 and 30 euros 300-500元 左右 XL EU 38
41码 175/92A 256GB 55 inch two pairs 3双 order #A-10234 订单号20231123445 fjellhus sleeping bags
ＸＬ İ ß ﬁ \x00 \u200b 🙂 一百二 a hundred and fifty dollars shoes
"""
PIECES = st.sampled_from([*WORDS.split(), *_cues()])
TEXTS = st.one_of(
    st.text(max_size=60),
    st.lists(PIECES, max_size=12).map(" ".join),
    st.lists(PIECES, max_size=8).map("".join),
    st.text(alphabet="0123456789一二三百千万元块-.,$ x", max_size=300),
)
ASKS = st.sampled_from(["search", "question", "other"])


@settings(max_examples=400)
@given(TEXTS, ASKS)
def test_slots_lie_within_the_text_apart_from_each_other(text, asks):
    found = slots_of(text, NAMES, asks)
    assert len(found) <= SLOTS_MAX
    end = 0
    for slot in found:
        assert slot.name in SLOTS
        assert end <= slot.start < slot.end <= min(len(text), CHARACTERS_MAX)
        assert slot.value
        assert text[slot.start : slot.end].strip(" ") == text[slot.start : slot.end]
        end = slot.end
        if slot.name == "price":
            ends = [e for e in (slot.minimum, slot.maximum) if e is not None]
            assert ends
            assert ends == sorted(ends)
        else:
            assert (slot.minimum, slot.maximum, slot.currency) == (None, None, None)


class EveryRuleAsked(Reading):
    """A text of which every rule takes it that it may find something."""

    words = frozenset(
        {"size", "dozen", "couple"}.union(
            NUMBER_WORDS, colours._FIRST_WORDS, goods._PHRASES_BEGIN, measures._SIZE_WORDS
        )
    )

    def has_digit(self):
        return True


class Everything:
    def __contains__(self, _):
        return True


def slots_of_every_rule(text, asks):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(slots, "Reading", EveryRuleAsked)
        always = re.compile("")
        patch.setattr(measures, "_CHINESE_SIZE_ENDS", always)
        patch.setattr(measures, "CHINESE_DIGIT", always)
        patch.setattr(prices, "_NUMERIC", always)
        for table in ("_EN", "_ZH"):
            entries = [(kind, always, rule) for kind, _, rule in getattr(prices, table)]
            patch.setattr(prices, table, entries)
        for ends in ("_LEADING_BEGIN", "_TRAILING_END"):
            patch.setattr(goods, ends, Everything())
        return slots_of(text, NAMES, asks)


@settings(max_examples=400)
@given(st.one_of(TEXTS, st.lists(PIECES, max_size=12).map(" ".join)), ASKS)
def test_a_rule_that_is_not_asked_would_have_found_nothing(text, asks):
    assert slots_of(text, NAMES, asks) == slots_of_every_rule(text, asks)


@pytest.mark.parametrize("text", _cues())
def test_each_rule_is_asked_where_it_finds_something(text):
    found = slots_of(text, NAMES, "search")
    assert found == slots_of_every_rule(text, "search")


@settings(max_examples=300)
@given(TEXTS)
def test_a_normal_form_is_its_own_normal_form(text):
    for slot in slots_of(text, NAMES, "search"):
        if slot.name in ("brand", "colour"):
            [again] = slots_of(slot.value, NAMES, "search")
            assert (again.name, again.value) == (slot.name, slot.value)


@given(st.text(max_size=80))
def test_folding_keeps_every_offset_and_is_done_once(text):
    folded = fold(text)
    assert len(folded) == len(text)
    assert fold(folded) == folded
    for start, end, token in tokens_of(folded):
        assert folded[start:end] == token


BRANDS = st.sampled_from(
    ["Nike", "NIKE", "Fjellhus", "鹿鸣山", "Next", "", "A&B", "Le Creuset", "!"]
)
CATEGORIES = st.sampled_from(["Shoes", "shoe", "Home > Shoes", "睡袋", "Boxes", None, "Other", "/"])
CHANGES = st.lists(
    st.tuples(st.integers(0, 4), st.one_of(st.none(), st.tuples(BRANDS, CATEGORIES))), max_size=25
)


@given(CHANGES)
def test_names_are_those_of_the_products_that_are_left(changes):
    names, products = Names(), {}
    for number, product in changes:
        products.pop(number, None)
        if product is None:
            names.remove(f"p{number}")
        else:
            names.put(f"p{number}", *product)
            products[number] = product
    expected = Names()
    for number, product in products.items():
        expected.put(f"p{number}", *product)
    assert len(names) == len(expected)
    for spelling in ("nike", "fjellhus", "鹿鸣山", "next", "a&b", "le creuset", "unknown"):
        assert names.is_own_brand(spelling) == expected.is_own_brand(spelling)
        assert names.brand_reach(spelling) == expected.brand_reach(spelling)
    for spelling in ("shoe", "shoes", "睡袋", "box", "boxes", "other"):
        assert (names.category(spelling) is None) == (expected.category(spelling) is None)
        assert names.category_reach(spelling) == expected.category_reach(spelling)


@given(st.integers(0, 99_999_999))
def test_what_is_written_in_digits_is_read_again(number):
    assert value_of(f"{number:,}") == number
    assert written(float(number)) == str(number)


HAN = "零一二三四五六七八九"


def chinese(number: int) -> str:
    """Below 10,000, as it is said in full."""
    text = ""
    zero = False
    for scale, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = number // scale % 10
        if digit:
            text += ("零" if zero and text else "") + HAN[digit] + name
        zero = not digit
    return text or "零"


@given(st.integers(0, 9999))
def test_chinese_numerals(number):
    assert value_of(chinese(number)) == number
