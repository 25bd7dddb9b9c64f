"""Conversations of two or three turns hold for right what the demo's shop says."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest

from shopkeeper.apps.demo import catalogue, faq
from tests.unit.answers.conversations import (
    LANGUAGES,
    Conversation,
    Said,
    Turn,
    conversations,
    failures,
    named,
    place,
    wrong,
)

PRODUCTS = {product.product_id: product for product in catalogue.built_in()}
ENTRIES = {entry.knowledge_id: entry for entry in faq.built_in()}
KINDS = {
    "product", "knowledge", "correction", "clarify", "smalltalk", "person", "unknown", "orders",
    "attribute", "yesno",
}  # fmt: skip
ROUTES = {None, "smalltalk", "person"}


def turns(language: str) -> list[tuple[Conversation, Turn]]:
    return [(row, turn) for row in conversations(language) for turn in row.turns]


def facts_of(turn: Turn) -> dict[str, list[list[str]]]:
    """The facts of a turn by the product that they are about."""
    if turn.expect_of is not None:
        return turn.expect_of
    return {product: turn.expect or [] for product in turn.products}


def amount(alternative: str) -> float:
    """93, 25.99 or 25,99, 1,158 or 1.158 or 1 158 as a number."""
    whole = re.sub(r"[.,\s](?=\d{3}\b)", "", alternative)
    return float(whole.replace(",", "."))


def consistent(value: Any, facts: list[list[str]], forbid: list[str]) -> bool:
    """Whether facts, or what is forbidden beside them, agree with an attribute's value."""
    if isinstance(value, bool):
        agrees = {"yes", "是", "有"} if value else {"no", "否", "没有"}
        return bool(agrees & set(facts[0])) and bool(forbid) and not agrees & set(forbid)
    if isinstance(value, list):
        known = " ".join(map(str, value))
        hits = [place(known, alternatives) is not None for alternatives in facts]
        return all(hits) or "no" in facts[0]
    return any(place(str(value), [re.sub(r"[^\d.-]", "", a) or a]) is not None for a in facts[0])


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_hundred_of_each_language_in_even_kinds(language: str) -> None:
    rows = conversations(language)
    assert [row.id for row in rows] == [f"{language}-{n:03d}" for n in range(1, 101)]
    kinds = Counter(row.kind for row in rows)
    assert set(kinds) == KINDS
    assert min(kinds.values()) >= 9
    assert max(kinds.values()) <= 11
    assert {len(row.turns) for row in rows} == {2, 3}
    assert len({tuple(turn.text for turn in row.turns) for row in rows}) == 100
    chinese = [bool(re.search("[\u4e00-\u9fff]", row.turns[0].text)) for row in rows]
    assert all(chinese) if language == "zh" else not any(chinese)
    assert sum(row.script == "traditional" for row in rows) == (10 if language == "zh" else 0)


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_turn_says_where_its_facts_are_from(language: str) -> None:
    for row, turn in turns(language):
        assert turn.route in ROUTES, row.id
        known = {order.order_id for order in row.setup.orders}
        named_products = [turn.product_id, *turn.products, *(turn.expect_of or ())]
        named_products += [product for o in row.setup.orders for product in o.product_ids]
        assert all(product in PRODUCTS for product in named_products if product), row.id
        assert turn.order_id is None or turn.order_id in known, row.id
        assert turn.entry is None or turn.entry in ENTRIES, row.id
        if turn.expect or turn.expect_of:
            assert turn.entry or turn.products or known, row.id
        if turn.pick is not None:
            assert turn.pick in ("first", "second"), row.id
            assert row.turns[0].products == list(turn.expect_of or ()), row.id


@pytest.mark.parametrize("language", LANGUAGES)
def test_facts_of_an_entry_stand_in_it(language: str) -> None:
    entries = [(row, turn, turn.entry) for row, turn in turns(language) if turn.entry]
    assert len(entries) > 50
    for row, turn, entry in entries:
        assert wrong(turn, Said(ENTRIES[entry].text)) is None, row.id


@pytest.mark.parametrize("language", LANGUAGES)
def test_prices_stock_and_attributes_are_the_catalogue_s(language: str) -> None:
    checked = Counter[str]()
    for row, turn in turns(language):
        for product_id, facts in facts_of(turn).items() if turn.attribute else ():
            product = PRODUCTS[product_id]
            assert turn.attribute is not None
            checked[turn.attribute] += 1
            if turn.attribute == "price":
                assert {amount(said) for said in facts[0]} == {product.price}, row.id
            elif turn.attribute == "available":
                denied = place(facts[0][0], ["out of stock", "无货"]) is not None
                assert denied is not product.available, row.id
                assert bool(turn.forbid) is product.available, row.id
            else:
                value = (product.attributes or {})[turn.attribute]
                assert consistent(value, facts, turn.forbid), (row.id, value, facts)
    assert checked["price"] >= 40
    assert checked["available"] >= 10
    assert len(checked) >= 15


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_clarifying_question_names_two_products_that_differ(language: str) -> None:
    asked = [(row, turn) for row, turn in turns(language) if isinstance(turn.about, list)]
    asked = [(row, turn) for row, turn in asked if turn.expect is not None]
    assert len(asked) >= 10
    for row, turn in asked:
        first, second = turn.products
        titles = [
            (PRODUCTS[p].title if language == "en" else PRODUCTS[p].title_zh) or ""
            for p in (first, second)
        ]
        assert PRODUCTS[first].price != PRODUCTS[second].price, row.id
        assert wrong(turn, Said(" / ".join(titles))) is None, row.id
        assert wrong(turn, Said(titles[0])) is not None, row.id
        assert wrong(turn, Said(titles[1])) is not None, row.id
        assert named(Said(" / ".join(titles)), turn) == [first, second], row.id
        assert named(Said(" / ".join(reversed(titles))), turn) == [second, first], row.id


@pytest.mark.parametrize("language", LANGUAGES)
def test_orders_are_told_to_whom_they_belong(language: str) -> None:
    secrets = 0
    for row, turn in turns(language):
        for order in row.setup.orders:
            if order.order_id != turn.order_id:
                continue
            told = turn.expect is not None
            assert told is (order.user_id == row.user_id), row.id
            if not told:
                secrets += 1
                assert set(filter(None, (order.eta, order.tracking))) <= set(turn.forbid), row.id
    assert secrets >= 4


@pytest.mark.parametrize(
    ("said", "alternative", "holds"),
    [
        ("It costs 60.00 EUR.", "60", True),
        ("It costs 60.50 EUR.", "60", False),
        ("It costs 160 EUR.", "60", False),
        ("It costs 1,158 EUR.", "1", False),
        ("It weighs 2.3 kg", "3", False),
        ("That is 392.", "392", True),
        ("Order number", "no", False),
        ("No, it is not.", "no", True),
        ("可以寄到歐盟", "欧盟", True),
        ("重量：187克", "187", True),
    ],
)
def test_numbers_and_short_words_count_whole(said: str, alternative: str, holds: bool) -> None:
    assert (place(said, [alternative]) is not None) is holds


def test_what_must_not_be_answered() -> None:
    unknown = Turn(text="?", product_id=None)
    assert wrong(unknown, Said(None)) is None
    assert wrong(unknown, Said("A colleague will help.", "person")) is None
    assert wrong(unknown, Said("Yes.", "knowledge")) == "answers"
    secret = Turn(text="?", product_id=None, forbid=["2026-12-04"])
    assert wrong(secret, Said("You have no such order.", "orders")) is None
    assert wrong(secret, Said("It comes on 2026-12-04.", "orders")) == "says '2026-12-04'"


def test_small_talk_is_short_and_known_as_such() -> None:
    greeting = Turn(text="hi", product_id=None, expect=[], route="smalltalk")
    assert wrong(greeting, Said("Hello!", "smalltalk")) is None
    assert wrong(greeting, Said("Hello! " * 40, "smalltalk")) == "not short"
    assert wrong(greeting, Said("Hello!", "knowledge")) == "route knowledge, not smalltalk"
    assert wrong(greeting, Said(None, "smalltalk")) == "no answer"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_shop_that_says_the_facts_is_right_and_one_that_says_one_thing_is_wrong(
    language: str,
) -> None:
    rows = conversations(language)

    def knowing(_: Conversation, turn: Turn) -> Said:
        facts = turn.expect
        if turn.pick and turn.expect_of:  # it names the second product first
            first, second = reversed(turn.products)
            facts = turn.expect_of[first if turn.pick == "first" else second]
        elif isinstance(turn.about, list):
            facts = list(reversed(turn.expect or []))
        if facts is None:
            return Said(None, "person")
        return Said("; ".join(said[0] for said in facts), turn.route)

    assert failures(rows, knowing) == {}
    # What asks for another's order only, and what greets and asks for a person.
    secret, handed_over = f"{language}-073", f"{language}-054"
    greeting = failures(rows, lambda _, turn: Said("Hello, 你好", turn.route))
    assert {row.id for row in rows} - set(greeting) == {secret, handed_over}
    silent = failures(rows, lambda _, __: Said(None, "person"))
    assert {row.id for row in rows} - set(silent) == {secret}
