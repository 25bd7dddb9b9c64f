"""Personal data: what is found of what was planted, what is left alone, and what no text can do."""

from __future__ import annotations

import time

import pytest

from shopkeeper.shared.text.personal_data import Kind, find, mask, mask_all
from shopkeeper.shared.text.personal_data.context import REACH

from .planted import LANGUAGES, PARTS, clean, planted

BEYOND_MAX = 6  # characters more than were planted, for instance the word before a street


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("part", PARTS)
def test_planted_data_is_found_and_little_else(part, language):
    found = right = all_spans = 0
    missed = []
    for text, kind, start, end in planted(part, language):
        spans = find(text)
        whole = any(s.kind is kind and s.start <= start and s.end >= end for s in spans)
        found += whole
        right += sum(
            s.kind is kind
            and s.start < end
            and s.end > start
            and s.end - s.start <= end - start + BEYOND_MAX
            for s in spans
        )
        all_spans += len(spans)
        if not whole:
            missed.append(text)
    for text in clean(part, language):
        all_spans += len(find(text))
    assert found / 300 >= 0.98, missed
    assert right / all_spans >= 0.95


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("write to mia.stone@example.com today", "write to [email] today"),
        ("mia dot stone at gmail dot com", "[email]"),
        ("邮箱mia艾特qq点com", "邮箱[email]"),
        ("call me: 555-0199", "call me: [phone]"),
        ("电话一三八零零零零一二三四", "电话[phone]"),
        ("我手机１３８００００１２３４", "我手机[phone]"),
        ("138\u200b0000\u200b1234", "[phone]"),
        ("+44 (0)20 7946 0123", "[phone]"),
        ("4111 1111 1111 1111", "[card]"),
        ("card number 4111 1111 1111 1112", "card number [card]"),
        ("SSN 987-65-4321", "SSN [id number]"),
        ("GB82 WEST 1234 5698 7654 32", "[account]"),
        ("加微信lily_2020", "加微信[contact]"),
        ("12 Maple Street, Springfield, IL 62704.", "[address]."),
        ("flat 3, 27 King Street, London SW1A 1AA", "[address]"),
        ("寄到江苏省南京市云山路12号3栋402室吧", "寄到[address]吧"),
        ("邮编 210000", "邮编 [address]"),
        ("a@b.example, c@d.example", "[email], [email]"),
    ],
)
def test_masked(text, masked):
    assert mask(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "",
        "where is order 4111111111111111",  # an order, whatever its check digit
        "订单号13800001234",
        "tracking number 987-65-4321",
        "EAN 4006381333931",
        "客服热线400-820-8820",
        "call 1-800-555-0199",
        "it took 3 hours, $129.99, 2024-05-06 12:30:45",
        "from 2019-2023 I phoned 3 times",
        "iPhone 15 Pro Max 256 GB",
        "look at amazon.com, I was @home",
        "a 500 GB Hard Drive, a 5 minute walk, 2021 Lumo Drive 2",
        "北京市朝阳区的门店",
        "坐5号线到3号口，7座车",
        "微信支付很方便，QQ音乐",
        "两三天就到了，一二三四五",
        "[email] [phone] [id number]",
    ],
)
def test_left_alone(text):
    assert mask(text) == text


def test_the_nearest_word_before_a_number_says_what_it_is():
    assert mask("order 13900001111, phone 13800001234") == "order 13900001111, phone [phone]"
    assert mask("my order never came. 13800001234") == "my order never came. [phone]"
    far = "order " + "x" * REACH
    assert mask(f"{far} 13800001234") == f"{far} [phone]"


def test_a_batch_is_its_texts():
    texts = ["nothing", "a@b.example", ""]
    assert mask_all(texts) == ["nothing", "[email]", ""]


def test_kinds_say_what_the_placeholder_says():
    assert [f"[{kind}]" for kind in (Kind.EMAIL, Kind.ID_NUMBER)] == ["[email]", "[id number]"]


HOSTILE = [
    "1", "@", "1 ", "a@", "12-", "(", "+1", "at ", "a.", "一", "市", "市区", "路1号", "x@y.", "QQ",
    "4111 ", "a dot ", "a@b.c ", "\u200b", "PO box ", "栋1", "1-1-", "Apt 1, ", "1 Oak Street, ",
    "Fairview, ", "id number ", "电话 1", "a艾特", "١", "𝟙", "１", "address 1 ", "\0", "[email]",
    "13800138000 ", "单元1", "1 a ", "0 ", "北京市", "İ", "\ud800", "1 a b c road ", "微信a",
]  # fmt: skip


@pytest.mark.parametrize("piece", HOSTILE)
def test_a_long_hostile_text_is_masked_in_bounded_time(piece):
    """Linear, it takes a second; quadratic would take twenty and more: no speed, but a hang."""
    text = (piece * 400_000)[:400_000]
    began = time.thread_time()
    assert isinstance(mask(text), str)
    assert time.thread_time() - began < 10
