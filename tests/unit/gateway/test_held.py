"""Lists that are held for a second: what may be that old, and what may not be old at all."""

from __future__ import annotations

import json

import pytest

from shopkeeper.services.gateway import reading
from shopkeeper.services.gateway.core.feed import LISTS, Published
from shopkeeper.services.gateway.core.lists import Wanted
from shopkeeper.services.gateway.http.held import HELD_S, HeldLists
from tests.unit.gateway.serving import Serving

MODEL = {"name": "item-cf", "version": "1"}
PATH = "/v1/users/u/recommendations"


def publish(serving, offset, *product_ids, user="u"):
    """The user's list; without products, that the user was erased."""
    items = [
        {"product_id": each, "score": 0.5, "reason": {"code": "trending"}} for each in product_ids
    ]
    value = {"recomm_id": f"r{offset}", "items": items, "fallback": "none", "cause": "c",
             "model": MODEL, "user_id": user}  # fmt: skip
    said = json.dumps(value).encode() if product_ids else None
    serving.feed.take([Published(LISTS, 0, offset, user.encode(), said)])


def catalogue(serving, product_id, **fields):
    serving.put("catalogue", product_id, {"product_id": product_id, "title": "Boot", **fields})


def trending(serving, *product_ids):
    items = [{"product_id": each, "score": 1.0} for each in product_ids]
    value = {"scope": "all", "items": items, "as_of_ms": 1, "model": MODEL}
    serving.put("trending", "all", value)


@pytest.fixture
def serving():
    made = Serving()
    for product_id in ("own", "top", "late", "gone"):
        catalogue(made, product_id)
    trending(made, "top")
    publish(made, 1, "own", "gone")
    return made


def shown(serving, query="", **headers):
    said = serving.get(PATH + query, headers=headers)
    assert said.status_code == 200, said.text
    return [item["product_id"] for item in said.json()["items"]]


def test_what_is_trending_may_be_a_second_old_and_no_older(serving):
    assert shown(serving, "?count=3") == ["own", "gone", "top"]
    trending(serving, "late")
    serving.now_s = HELD_S * 0.99
    assert shown(serving, "?count=3") == ["own", "gone", "top"], "held"
    serving.now_s = HELD_S
    assert shown(serving, "?count=3") == ["own", "gone", "late"]


@pytest.mark.parametrize("available", [False, None])
def test_what_is_gone_is_never_shown(serving, available):
    assert "gone" in shown(serving)
    if available is None:
        serving.catalogue.apply([(b"gone", None)])
    else:
        catalogue(serving, "gone", available=False)
    assert "gone" not in shown(serving)


def test_a_newer_list_a_preference_and_an_erasure_are_obeyed_at_once(serving):
    assert shown(serving, "?count=1") == ["own"]
    publish(serving, 2, "late")
    assert shown(serving, "?count=1") == ["late"]
    [put] = serving.ask(("PUT", "/v1/users/u/preference", {"json": {"ranking": "popular"}}))
    assert put.status_code == 200
    assert shown(serving, "?count=1") == ["top"]
    serving.preferences.apply([(b"u", None)])
    assert shown(serving, "?count=1") == ["late"]
    publish(serving, 3)
    assert shown(serving, "?count=1") == ["top"]
    assert "r2" not in serving.get(PATH).text


def test_who_asks_for_something_else_gets_it(serving):
    assert shown(serving, "?count=1") == ["own"]
    assert shown(serving, "?count=2") == ["own", "gone"]
    assert shown(serving, "?count=1&exclude=own") == ["gone"]
    said = serving.get(PATH, headers={"Accept-Language": "zh"})
    assert said.headers["content-language"] == said.json()["language"] == "zh"
    publish(serving, 9, "late", user="other")
    other = serving.get("/v1/users/other/recommendations?count=1").json()
    assert other["items"][0]["product_id"] == "late"
    tag = serving.get(PATH).headers["etag"]
    assert serving.get(PATH, headers={"If-None-Match": tag}).status_code == 304


def test_as_much_is_held_as_may_be_and_nothing_for_longer_than_a_second(serving):
    held, context = HeldLists(serving.context, held_max=3), serving.context
    found = reading.list_for(context, "nobody", Wanted(3), "en")
    for number in range(5):
        held.put((f"u{number}", b"", "en"), None, found, "", "")
    assert len(held) == 3
    assert held.get(("u0", b"", "en"), "") is None
    assert held.get(("u4", b"", "en"), "")[0] == 200
    serving.now_s = HELD_S
    held.put(("u9", b"", "en"), None, found, "", "")
    assert len(held) == 1
