"""Events as columns: what of them is plain, and that each is still there."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from shopkeeper.shared.contracts.envelope import Event
from shopkeeper.shared.contracts.event_columns import EventColumns
from shopkeeper.shared.contracts.events.shop import ProductClicked, ProductsSearched


def event(n, kind="product.clicked.v1", **fields):
    made = ProductsSearched if kind != "product.clicked.v1" else ProductClicked
    return Event(kind, made(**fields), b"k", n, 1000 + n, f"id{n}", "shop", f"id{n}")


EVENTS = [
    event(3, user_id="u", session_id="s", product_id="p"),
    event(4, user_id="é", session_id="s", product_id="p"),
    event(6, anonymous_id="a", product_id="product"),
    event(7, user_id="u", anonymous_id="a", product_id="p"),
    event(8, kind="products.searched.v1", user_id="u", query="q"),
    event(9, user_id="u", session_id="", product_id="p"),
    event(10, user_id="u2", session_id="\ud800", product_id="p"),
    event(12, user_id="user", session_id="session", product_id="p2"),
]


def text(columns, span):
    start, length = span.tolist()
    return columns.buffer[start : start + length].tobytes() if length >= 0 else None


def test_clicks_of_one_user_in_ascii_are_plain_and_all_others_only_themselves():
    columns = EventColumns.of_events(EVENTS)
    assert list(columns) == EVENTS
    assert all(columns[n] is each for n, each in enumerate(EVENTS))
    assert columns[-1] is EVENTS[-1]
    with pytest.raises(IndexError):
        columns[len(EVENTS)]
    assert columns.offsets.tolist() == [3, 4, 6, 7, 8, 9, 10, 12]
    assert columns.times_ms.tolist() == [1000 + each.offset for each in EVENTS]
    assert np.flatnonzero(columns.plain).tolist() == [0, 2, 7]
    named = [
        tuple(
            text(columns, spans[n]) for spans in (columns.users, columns.sessions, columns.products)
        )
        for n in (0, 2, 7)
    ]
    assert named == [(b"u", b"s", b"p"), (b"a", None, b"product"), (b"user", b"session", b"p2")]


def test_a_selection_keeps_its_events_and_their_spans():
    columns = EventColumns.of_events(EVENTS)
    some = columns.select(columns.offsets % 2 == 0).select(
        np.array([False, True, True, True, False])
    )
    assert len(some) == 3
    whole = columns.select(np.isin(columns.offsets, [6, 12])).select(np.array([False, True]))
    assert whole[0] is EVENTS[-1]
    assert text(whole, whole.users[0]) == b"user"
    assert list(columns[1:7:2]) == EVENTS[1:7:2]


def test_no_events_are_columns_too():
    columns = EventColumns.of_events([])
    assert len(columns) == 0
    assert list(columns) == []


def test_a_worker_without_clicks_loads_no_compiler():
    program = (
        "import sys, shopkeeper.shared.runtime.worker.worker as worker;"
        "assert 'numba' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
