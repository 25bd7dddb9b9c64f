"""Long sessions: the plain baseline against loops, the simulated shop, and what old entries do."""

from __future__ import annotations

import csv
import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.services.recommender.core.numeric.items import ItemIndex
from shopkeeper.services.recommender.evaluation.long_sessions import (
    CUTOFF,
    PlainItemCF,
    measure_long,
    simulated_sessions,
)
from shopkeeper.shared.contracts.envelope import Event
from shopkeeper.shared.contracts.events.shop import ProductClicked

if TYPE_CHECKING:
    from pathlib import Path

NAMES = [f"p{n}" for n in range(6)]
name = st.sampled_from(NAMES)


def clicks(sessions: list[list[str]]) -> list[Event]:
    return [
        Event(
            type="product.clicked.v1",
            data=ProductClicked(product_id=item, user_id=f"u{n}", session_id=f"s{n}"),
            key=b"", offset=0, time_ms=0, id="", source="", correlation_id="",
        )
        for n, session in enumerate(sessions)
        for item in session
    ]  # fmt: skip


@given(
    st.lists(st.lists(name, min_size=1, max_size=5), min_size=1, max_size=6),
    st.lists(name, min_size=1, max_size=8),
    st.booleans(),
)
def test_the_plain_baseline_equals_loops(
    sessions: list[list[str]], history: list[str], itself: bool
) -> None:
    items = ItemIndex()
    items.intern_all(NAMES)
    plain = PlainItemCF(clicks(sessions), items, itself)
    [found] = plain.lists([items.intern_all(history).tolist()])
    size = {name: sum(name in each for each in sessions) for name in NAMES}
    scores = {
        other: sum(
            sum(seed in each and other in each for each in sessions)
            / math.sqrt(max(1, size[seed]) * max(1, size[other]))
            for seed in set(history)
            if itself or seed != other
        )
        for other in NAMES
    }
    names = [items.product_ids[item] for item in found]
    assert set(names) == {name for name, score in scores.items() if score > 0}
    assert [scores[name] for name in names] == pytest.approx(
        sorted((score for score in scores.values() if score > 0), reverse=True), rel=1e-5
    )


def test_the_simulated_shop_is_what_it_says() -> None:
    rows = list(csv.DictReader(simulated_sessions(200)))
    assert rows == list(csv.DictReader(simulated_sessions(200)))
    assert rows != list(csv.DictReader(simulated_sessions(200, seed=2)))
    assert len(rows) == 200 * 25
    seen: dict[str, set[str]] = {}
    returns = []
    for row in rows:
        before = seen.setdefault(row["session_id"], set())
        returns.append(row["item_id"] in before)
        before.add(row["item_id"])
    assert abs(np.mean(returns) - 0.45 * 24 / 25) < 0.02, "the first click of a session is none"


def test_lists_of_long_sessions_do_not_lose_to_the_plain_baseline(tmp_path: Path) -> None:
    """What was seen more than ten entries ago is offered: before, it never was."""
    path = tmp_path / "sessions.csv"
    path.write_text("".join(simulated_sessions(400, clicks=30, returns=0.6)))
    found = measure_long(path, hold_out=0.1)
    assert found["sessions"] == 40
    assert found["all"] == found["by_clicks"]["15+"] == found["long"]["recommender"]
    late = found["by_entries"]["21-30"]
    assert late["recommender"]["predictions"] == 40 * 9
    for each in (found["long"], late):
        ours, plain = each["recommender"], each["item_cf_itself"]
        assert ours[f"HR@{CUTOFF}"] > plain[f"HR@{CUTOFF}"] - 0.02
