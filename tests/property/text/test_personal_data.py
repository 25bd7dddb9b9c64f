"""Personal data in any text: spans in order, masks that stay, no text left unlooked at."""

from __future__ import annotations

import re
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.shared.text.personal_data import checksums, find, finder, mask

PIECES = st.sampled_from(
    [
        *"0123456789",
        *"0123456789",
        *" -.()@+:/,#[]_",
        *"aAxXZ",
        "\n",
        "\0",
        "\u200b",
        "13800001234",
        "4111111111111111",
        "987-65-4321",
        "a.b@example.com",
        " at gmail dot com",
        "gmail",
        "qq",
        "QQ",
        "微信",
        "wechat",
        "艾特",
        "点",
        "电话",
        "订单号",
        "phone ",
        "order ",
        "card ",
        "passport ",
        "account ",
        "zip ",
        "身份证",
        "12 Maple Street",
        "Apt 3",
        "PO Box 12",
        "IL 62704",
        "SW1A 1AA",
        "云山路12号",
        "3栋402室",
        "北京市",
        "朝阳区",
        "镇",
        "一二三",
        "号",
        "[email]",
        "[phone]",
        "[id number]",
        "[",
        "]",
        "１",
        "３",
        "＠",
        "٣",
        "é",
        "ſ",
        "K",
        "İ",
        "GB82 WEST 1234 5698 7654 32",
        "zero",
        " dot ",
        " at ",
        "：",
        "，",
        "。",
        "的",
        "\ud83d",
    ]
)
TEXTS = st.one_of(
    st.lists(PIECES, max_size=14).map("".join),
    st.text(st.characters(exclude_categories=()), max_size=30),
)
DIGITS = st.text("0123456789", max_size=22)


@given(TEXTS)
def test_spans_are_in_order_and_inside_the_text(text):
    at = 0
    for span in find(text):
        assert at <= span.start < span.end <= len(text)
        at = span.end


@given(TEXTS)
def test_a_masked_text_is_masked(text):
    masked = mask(text)
    assert mask(masked) == masked


@given(TEXTS)
def test_what_is_outside_of_the_spans_stays(text):
    pattern, at = "", 0
    for _, start, end in find(text):
        pattern += re.escape(text[at:start]) + r"\[[a-z ]+\]"
        at = end
    assert re.fullmatch(pattern + re.escape(text[at:]), mask(text))


@given(TEXTS)
def test_the_prefilter_passes_over_nothing(text):
    assert find(text) == finder._find(text)


@given(DIGITS)
def test_luhn_as_its_definition_says(digits):
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    assert checksums.luhn(digits) == (bool(digits) and total % 10 == 0)


@given(DIGITS.filter(lambda d: len(d) > 4), st.integers(0, 9))
def test_luhn_notices_one_wrong_digit(digits, other):
    body = digits[:-1]
    right = [d for d in "0123456789" if checksums.luhn(body + d)]
    assert len(right) == 1
    wrong = str(other) + body[1:] + right[0]
    assert checksums.luhn(wrong) == (str(other) == body[0])


@given(st.text("0123456789", min_size=17, max_size=17))
def test_one_check_character_fits_a_resident_number(body):
    fits = [c for c in "0123456789X" if checksums.resident_id(body + c)]
    # The definition: the sum of all eighteen values times powers of 2 is 1 modulo 11.
    expected = [
        c
        for c in "0123456789X"
        if sum(
            (10 if d == "X" else int(d)) * 2 ** (17 - i) for i, d in enumerate(body + c)
        ) % 11 == 1
    ]  # fmt: skip
    assert len(expected) == 1
    assert fits in ([], expected)


@given(st.dates(min_value=date(1900, 1, 1)), st.text("0123456789", min_size=3, max_size=3))
def test_a_resident_number_of_a_day_is_valid(day, order):
    body = f"110199{day:%Y%m%d}{order}"
    valid = sum(checksums.resident_id(body + c) for c in "0123456789X")
    assert valid == (1 if day.year <= 2099 else 0)


@given(st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=11, max_size=30))
def test_an_iban_by_long_division(account):
    for check in ("02", "50", "98"):
        number = "GB" + check + account
        rest = 0
        for character in number[4:] + number[:4]:
            for digit in str(int(character, 36)):
                rest = (rest * 10 + int(digit)) % 97
        assert checksums.iban(number) == (rest == 1)


@given(st.text(max_size=20))
def test_no_text_makes_a_checksum_raise(text):
    for valid in (
        checksums.luhn, checksums.payment_card, checksums.resident_id, checksums.iban,
        checksums.taiwan_id, checksums.hong_kong_id,
    ):  # fmt: skip
        assert valid(text) in (True, False)
