"""Tests of what the console tells of lists and records."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.services.gateway.core.catalogue import Catalogue
from shopkeeper.services.gateway.core.console import (
    letter,
    masked,
    newest_first,
    shown_to,
    sources,
    told,
)
from shopkeeper.shared.contracts import topics

PREFIX = "com.example.shop."
PHONE = "303-555-0123"
CODES = ("viewed_together", "trending", "newest")


def published(items: list[tuple[str, str]]) -> bytes:
    made = [{"product_id": p, "score": 0.5, "reason": {"code": code}} for p, code in items]
    model = {"name": "m", "version": "1"}
    more = {"recomm_id": "r", "fallback": "none", "cause": "c", "user_id": "u"}
    return orjson.dumps({"items": made, "model": model, **more})


def record(value: bytes | None, **headers: str) -> Any:
    pairs = [(name, text.encode()) for name, text in headers.items()]
    return SimpleNamespace(partition=1, offset=7, timestamp=5, key=b"u", value=value, headers=pairs)


ITEMS = st.lists(
    st.tuples(st.sampled_from("abcd"), st.sampled_from(CODES)), max_size=4, unique_by=lambda i: i[0]
)


@given(st.lists(ITEMS, max_size=8))
def test_reasons_and_places_are_those_of_the_lists_that_show_it(
    lists: list[list[tuple[str, str]]],
) -> None:
    found = shown_to([*map(published, lists), b'{"a'], "a")
    there = [(place, code) for each in lists for place, (p, code) in enumerate(each, 1) if p == "a"]
    assert found["lists"] == len(lists) + 1
    assert found["in_lists"] == len(there) == sum(found["reasons"].values())
    assert found["places"] == {
        str(n): sum(place == n for place, _ in there) for n in sorted({p for p, _ in there})
    }
    for code in CODES:
        assert found["reasons"].get(code, 0) == sum(each == code for _, each in there)


def test_personal_data_is_masked_wherever_it_stands() -> None:
    value = {"note": f"call {PHONE}", "more": [{f"tel {PHONE}": 4}], "card": 4111111111111111}
    assert PHONE not in str(masked(value))
    assert "4111111111111111" not in str(masked(value))
    assert masked({"price": 12.5, "ok": True, "n": 3}) == {"price": 12.5, "ok": True, "n": 3}
    deep: Any = "x"
    for _ in range(100):
        deep = [deep]
    assert "…" in str(masked(deep))


def test_a_record_is_told_whatever_it_holds() -> None:
    assert told(topics.CLICKS, record(None), PREFIX)["value"] is None
    assert told(topics.CLICKS, record(b"\xff{"), PREFIX)["type"] == "product.clicked.v1"
    named = told(topics.ANSWERS, record(b"{}", ce_type=f"{PREFIX}answer.given.v1"), PREFIX)
    assert named["type"] == "answer.given.v1"


def test_a_letter_says_what_was_wrong_and_what_to_run() -> None:
    name = topics.dead_letters(topics.CLICKS, "recommender")
    errors = {"topic": topics.CLICKS, "partition": "0", "offset": "3"}
    errors |= {"exception.class.name": "missing_field", "class.name": "shopkeeper.recommender"}
    made = record(b"{}", **{f"__connect.errors.{key}": text for key, text in errors.items()})
    found = letter(name, made, PREFIX)
    assert (found["error"], found["service"]) == ("missing_field", "recommender")
    assert found["refused_at"] == "0/3"
    assert found["replay"] == f"shopkeeper dlq replay {name} --partition 1 --offset 7"


def test_the_newest_come_first_and_not_too_many() -> None:
    rows = [{"written_ms": n % 5, "topic": "t", "partition": 0, "offset": n} for n in range(10)]
    found = newest_first(rows, 4)
    assert [(each["written_ms"], each["offset"]) for each in found] == [
        (4, 9), (4, 4), (3, 8), (3, 3)
    ]  # fmt: skip


def test_lag_is_asked_of_every_service_that_reads_record_by_record() -> None:
    found = sources()
    assert topics.CLICKS in found["recommender"]
    assert "gateway" not in found
    assert not any(name.endswith(".dlq") for names in found.values() for name in names)


def test_a_product_is_found_by_its_id_and_by_its_title_in_either_language() -> None:
    catalogue = Catalogue(10)
    for name, title, chinese in (("t-1", "Large tent", "大帐篷"), ("t-2", "Tent", "帐篷")):
        value = {"product_id": name, "title": title, "title_zh": chinese}
        catalogue.apply([(name.encode(), orjson.dumps(value))])
    assert catalogue.holding("TENT", 5) == ["t-2", "t-1"]
    assert catalogue.holding("大帐", 5) == ["t-1"]
    assert catalogue.holding("t-1", 5) == ["t-1"]
    assert catalogue.holding("t", 1) == ["t-2"]
