"""The catalogue and the reviews as a page reads them."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.apps.demo import catalogue
from shopkeeper.services.answers.core.attributes.keys import meaning_of
from shopkeeper.services.answers.core.attributes.units import UNITS
from shopkeeper.services.gateway.core.products import Products
from shopkeeper.services.gateway.core.reviews import Reviews
from shopkeeper.shared.contracts.reasons import TEXTS
from shopkeeper.shared.contracts.review_digests import (
    FORMAT,
    Digest,
    Sentence,
    opinion,
    packed,
    review_key,
    review_name,
)

ROOT = Path(__file__).parents[3]
MANY = 1000


def product(name: str, category: str | None = "Tea", **more: object) -> tuple[bytes, bytes]:
    said = {"product_id": name, "title": f"{name}!", "category": category, **more}
    return name.encode(), json.dumps(said).encode()


def digest(
    product_id: str, review_id: str, time_ms: int = 1, **more: object
) -> tuple[bytes, bytes]:
    said = {"label": 1, "opinions": 0, "language": "en", "author": 0, **more}
    record = Digest(
        format=FORMAT, product_id=product_id, review_id=review_id, time_ms=time_ms, **said
    )  # type: ignore[arg-type]
    return review_key(review_name(product_id, review_id)), packed(record)


def ids(values: list[bytes]) -> list[str]:
    return [json.loads(value)["product_id"] for value in values]


def test_a_product_is_answered_as_the_catalogue_has_it_without_what_is_not_known() -> None:
    table = Products(MANY)
    table.apply([product("b", price=2.5, title_zh="茶"), product("a", "Cups")])
    found = json.loads(table.get("b") or b"")
    assert found == {
        "product_id": "b", "title": "b!", "title_zh": "茶", "category": "Tea", "price": 2.5
    }  # fmt: skip
    assert table.get("c") is None
    assert ids(table.some(["c", "b", "a"])) == ["b", "a"]
    assert table.categories() == [("Cups", 1), ("Tea", 1)]


def test_what_cannot_be_read_is_passed_over_and_a_removal_removes() -> None:
    table = Products(MANY)
    table.apply([product("a"), (b"a", b"{"), (b"b", b'{"title": 3}')])
    assert len(table) == 1
    table.apply([(b"a", b"")])
    assert (len(table), table.categories(), table.after(None, "", 9)) == (0, [], ([], None))


def test_of_more_than_there_is_room_for_the_one_written_longest_ago_goes() -> None:
    table = Products(2)
    table.apply([product("a"), product("b"), product("a"), product("c", "Cups")])
    assert ids(table.after(None, "", 9)[0]) == ["a", "c"]
    assert (table.take_evicted(), table.take_evicted()) == (1, 0)


@given(
    st.lists(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from(["x", "y", None, ""]))),
    st.integers(1, 4),
)
def test_pages_give_every_product_once(written: list[tuple[str, str | None]], count: int) -> None:
    table, twin = Products(MANY), {}
    for name, category in written:
        removed = category == ""
        table.apply([(name.encode(), b"") if removed else product(name, category)])
        twin.pop(name, None)
        if not removed:
            twin[name] = category
    for shelf in (None, "x", "y"):
        expected = sorted(n for n, c in twin.items() if shelf is None or c == shelf)
        found, last = [], ""
        while True:
            page, following = table.after(shelf, last, count)
            found += ids(page)
            if following is None:
                break
            last = following
        assert found == expected


def test_a_review_shows_what_was_understood_of_it() -> None:
    table = Reviews(MANY)
    bits = opinion("quality", True) | opinion("delivery", False)
    table.apply([digest("p", "r", 5, opinions=bits, sentences=(Sentence("Fine.", bits),))])
    [found] = table.of("p")
    said = [
        {"aspect": "quality", "polarity": "positive"},
        {"aspect": "delivery", "polarity": "negative"},
    ]
    assert (found["review_id"], found["label"], found["opinions"]) == ("r", "positive", said)
    assert found["sentences"] == [{"text": "Fine.", "opinions": said}]
    assert found["time"].startswith("1970-01-01T00:00:00.005")


def test_reviews_come_newest_first_and_leave_when_withdrawn() -> None:
    table = Reviews(MANY, per_product_max=2)
    table.apply([digest("p", "1", 1), digest("p", "3", 3), digest("p", "2", 2), (b"x", b"no")])
    assert [each["review_id"] for each in table.of("p")] == ["3", "2"]
    table.apply([(digest("p", "3")[0], b"")])
    assert [each["review_id"] for each in table.of("p")] == ["2"]
    assert (len(table), table.take_evicted()) == (1, 1)


def test_products_reviewed_longest_ago_make_room() -> None:
    table = Reviews(2)
    table.apply([digest("a", "1"), digest("b", "1"), digest("a", "2"), digest("c", "1")])
    assert [bool(table.of(name)) for name in "abc"] == [True, False, True]
    assert len(table) == 3


def test_who_waits_for_a_product_is_woken_for_that_product_alone() -> None:
    table, woken = Reviews(MANY), []

    def wake() -> None:
        woken.append(table.of("p"))

    table.subscribe("p", wake)
    table.apply([digest("q", "1")])
    assert woken == []
    table.apply([digest("p", "1"), digest("p", "2")])
    assert [len(each) for each in woken] == [2]
    table.leave("p", wake)
    table.apply([digest("p", "3")])
    assert len(woken) == 1


def test_the_pages_reasons_are_those_of_the_contracts() -> None:
    written = (ROOT / "web/src/common/reasons.json").read_bytes()
    assert msgspec.json.decode(written) == TEXTS


def test_the_shop_names_attributes_as_answers_do() -> None:
    """Of the demo's catalogue, in both languages, with units."""
    found: dict[str, list[str]] = {}
    for product in catalogue.built_in():
        for key in product.attributes or {}:
            meaning = meaning_of(key)
            found[key] = [meaning.english, meaning.chinese]
            if meaning.unit is not None:
                unit = UNITS[meaning.unit]
                years = key == "age_min_years"  # which Chinese counts in another word
                found[key] += [
                    unit.english + meaning.per[0],
                    "岁" if years else unit.chinese + meaning.per[1],
                ]
    written = (ROOT / "web/src/shop/attributes.json").read_bytes()
    assert msgspec.json.decode(written) == found
