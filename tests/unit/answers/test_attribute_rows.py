"""The questions about attributes agree with the demo's catalogue, and with how they are counted."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest

from shopkeeper.apps.demo import catalogue
from shopkeeper.shared.text.chinese import simplified
from tests.unit.answers.attribute_questions import LANGUAGES, Row, plain, right, rows, says

PRODUCTS = {p.product_id: p for p in catalogue.built_in()}
BRANDS = sorted({p.brand or "" for p in PRODUCTS.values()}, key=len, reverse=True)
ALL = [pytest.param(row, id=row.question) for language in LANGUAGES for row in rows(language)]


def attribute(row: Row) -> Any:
    """What the catalogue says about what a row asks for, None where it says nothing."""
    product = PRODUCTS.get(row.product or "")
    if product is None:
        return None
    if row.attribute in ("price", "available"):
        return getattr(product, row.attribute)
    return (product.attributes or {}).get(row.attribute)


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_has_200_questions_of_many_kinds(language):
    of = rows(language)
    assert len(of) == 200
    assert 0.12 <= sum(row.expect is None for row in of) / len(of) <= 0.18
    kinds = Counter(row.kind for row in of)
    assert len(kinds) >= 12
    assert kinds.most_common(1)[0][1] <= 50
    assert len({row.product for row in of}) >= 120


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_questions_differ_only_by_the_product(language):
    def bare(question: str) -> str:
        text = plain(question)
        for brand in BRANDS:
            text = text.replace(plain(brand), "")
        return re.sub(r"\W+", " ", text).strip()

    counts = Counter(bare(row.question) for row in rows(language))
    assert [question for question, times in counts.items() if times > 1] == []


def test_a_tenth_of_the_chinese_questions_is_in_traditional_characters():
    traditional = [row for row in rows("zh") if simplified(row.question) != row.question]
    assert 0.08 <= len(traditional) / 200 <= 0.15


@pytest.mark.parametrize("row", ALL)
def test_a_row_agrees_with_the_catalogue(row):
    value = attribute(row)
    if row.about:
        assert plain(PRODUCTS[row.about].brand or "?") in plain(row.question)
    if row.expect is None:
        assert value is None
        if row.kind == "unknown_product":
            assert row.product not in PRODUCTS
        else:
            assert row.product in PRODUCTS
        return
    assert value is not None
    assert all(way for fact in row.expect for way in fact)
    if isinstance(value, bool):
        if {"no", "不", "没"} & set(row.forbid):
            assert value
        if {"yes", "是的"} & set(row.forbid):
            assert not value
    elif isinstance(value, int | float):
        said = plain(f"{value:.2f}" if row.attribute == "price" else f"{value:g}")
        numbers = {number for way in row.expect[0] for number in re.findall(r"-?[\d.]+", way)}
        scales = (2, 10, 100, 1000, 0.1, 0.01, 0.001, 12, 1 / 12)  # other units, as asked for
        assert said in numbers or any(
            abs(float(number) - value * scale) < 1e-6 for number in numbers for scale in scales
        )
    else:
        values = value if isinstance(value, list) else [value]
        assert row.kind == "several" or len(row.expect) in (1, len(values))


@pytest.mark.parametrize(
    ("answer", "way", "said"),
    [
        ("It weighs 1,350 g.", "350 g", False),
        ("It weighs 350 g.", "350 grams", False),
        ("It weighs 350 grams", "350 grams", True),
        ("It costs 1,158.00 EUR.", "1158 EUR", True),
        ("It costs 392.00 EUR.", "392 EUR", True),
        ("It costs 35.50 EUR.", "35.5 EUR", True),
        ("128 GB", "128 g", False),
        ("XS, S, M, XXL", "XL", False),
        ("Pawline No-Pull Harness: yes", "no", False),
        ("No, it is not.", "no", True),
        ("24 months.", "24 months", True),
        ("A 5.8-inch screen", "5.8 inch", True),
        ("Sizes 44, 45 and 46.", "45", True),
        ("It weighs 5kg", "5", False),
        ("12 cm × 12 cm × 4 cm", "12x12x4 cm", True),
        ("防水：是", ":是", True),
        ("无线耳机，不锈钢", "不", False),
        ("容量为８ 升", "8升", True),
        ("價格是 392 歐元", "392欧元", True),
        ("它不是防水的", "^是", False),
    ],
)
def test_ways_are_whole_words_and_numbers(answer, way, said):
    assert says(answer, way) is said


def test_every_fact_is_needed_and_none_may_be_forbidden():
    row = Row(
        question="?", product_id=None, kind="several", attribute="price",
        expect=[["1 kg"], ["5 EUR"]], forbid=["not"],
    )  # fmt: skip
    assert right(row, "1 kg, 5.00 EUR")
    assert not right(row, "1 kg")
    assert not right(row, "1 kg, not 5 EUR")
    assert not right(row, None)
    assert not right(row, "Tea 1 kg: 5 EUR", ["Tea 1 kg"])
    assert right(row, "Tea 1 kg: 1 kg, 5 EUR", ["Tea 1 kg"])
    unknown = Row(
        question="?", product_id=None, kind="unknown_product", attribute="price", expect=None
    )
    assert right(unknown, None)
    assert not right(unknown, "5 EUR")
