"""Tests of the switch of the demo's simulated shoppers."""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request
from typing import Any

import pytest

from shopkeeper.apps.demo.control import EVENTS_PER_S_MAX, Control, Wish
from shopkeeper.services.gateway.http import demo
from tests.unit.gateway.serving import Serving

NOW = Wish(True, 40.0)


@pytest.mark.parametrize(
    ("body", "wish"),
    [
        (b'{"on": false}', Wish(False, 40.0)),
        (b'{"events_per_s": 5}', Wish(True, 5.0)),
        (b'{"on": true, "events_per_s": 0}', Wish(True, 0.0)),
    ],
)
def test_what_is_left_out_stays(body: bytes, wish: Wish) -> None:
    assert Wish.parse(body, NOW) == wish


@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b"{}", b'{"of": 1}', b'{"on": 1}', b'{"events_per_s": true}',
     b'{"events_per_s": "5"}', b'{"events_per_s": -1}', b'{"events_per_s": 101}'],
)  # fmt: skip
def test_what_is_wrong_is_named(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"body|on|events_per_s"):
        Wish.parse(body, NOW)


def test_events_end_with_the_wish_and_begin_where_they_are_asked_for() -> None:
    control = Control(10.0)
    idle = 0

    async def waited() -> None:
        nonlocal idle
        idle += 1
        if idle == 3:
            control.wish = Wish(False, 10.0)

    async def run() -> list[Any]:
        events: Any = [(-2.0, "before"), (-1.0, "late"), (0.0, "now"), (1e6, "never")]
        due = control.due(events, control.wish, waited, from_s=-1.0)
        return [event async for event in due]

    assert asyncio.run(run()) == ["late", "now"]
    assert idle == 3


def test_a_page_switches_them_through_the_gateway() -> None:
    control = Control(10.0)
    page = Serving(more=demo.handlers(control.address))
    path = "/v1/demo/shoppers"
    with control.serving():
        said = page.get(path).json()
        assert said == {"on": True, "events_per_s": 10, "events_per_s_max": EVENTS_PER_S_MAX}
        answer, wrong = page.ask(
            ("PUT", path, {"json": {"on": False}}), ("PUT", path, {"json": {"events_per_s": 1000}})
        )
        assert answer.json()["on"] is False
        assert control.wish == Wish(False, 10.0)
        assert wrong.status_code == 400
        assert "0 to 100" in wrong.json()["detail"]
        large = urllib.request.Request(control.address, data=b"x" * 2000, method="PUT")
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(large)
        assert json.loads(refused.value.read())["detail"]
    gone = page.get(path)
    assert (gone.status_code, gone.json()["detail"]) == (502, "the demo has ended")
