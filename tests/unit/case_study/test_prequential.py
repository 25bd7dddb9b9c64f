"""Methods beside the recommender: a naive twin, and nothing of the future."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from math import sqrt

from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.apps.case_study import prequential
from shopkeeper.apps.case_study.prequential import (
    CATEGORY,
    CUTOFF,
    ITEM_CF,
    POPULAR,
    SYSTEM,
    USER_CF,
    Asked,
    Click,
    Past,
    replay,
)

ITEMS = [f"i{n}" for n in range(8)]
CATEGORIES = {item: "even" if int(item[1:]) % 2 == 0 else "odd" for item in ITEMS}
CLICK = st.builds(
    lambda user, session, item: Click(0.0, user, session, item),
    st.sampled_from(["u", "v", "w"]),
    st.sampled_from(["1", "2"]),
    st.sampled_from(ITEMS),
)


def past(clicks: list[Click]) -> Past:
    found = Past(CATEGORIES)
    for click in clicks:
        found.see(click)
    return found


def recent(clicks: list[Click], user: str) -> list[str]:
    """Distinct items, the newest last."""
    out: list[str] = []
    for click in clicks:
        if click.user == user:
            out = [item for item in out if item != click.item] + [click.item]
    return out


@given(st.lists(CLICK, min_size=1, max_size=30))
def test_item_cf_is_what_a_naive_count_says(clicks) -> None:
    found = past(clicks)
    counts = Counter(click.item for click in clicks)
    together: Counter[tuple[str, str]] = Counter()
    sessions: dict[tuple[str, str], set[str]] = {}
    for click in clicks:
        sessions.setdefault((click.user, click.session), set()).add(click.item)
    for items in sessions.values():
        together.update((a, b) for a in items for b in items if a != b)
    history = recent(clicks, "u")
    scores: dict[str, float] = {}
    for age, item in enumerate(reversed(history[-prequential.RECENT :])):
        for other in ITEMS:
            if n := together[item, other]:
                more = n / sqrt(counts[item] * counts[other]) / (1 + age)
                scores[other] = scores.get(other, 0) + more
    last = history[-1] if history else ""
    ranked = found.ranked(ITEM_CF, "u")
    assert set(ranked) == set(scores) - {last}
    told = [scores[item] for item in ranked]
    assert all(a >= b - 1e-9 for a, b in pairwise(told))


@given(st.lists(CLICK, min_size=1, max_size=30))
def test_the_traditional_methods_and_user_cf(clicks) -> None:
    found = past(clicks)
    counts = Counter(click.item for click in clicks)
    history = recent(clicks, "u")
    last = history[-1] if history else ""
    for method in (POPULAR, CATEGORY):
        ranked = found.ranked(method, "u")
        told = [counts[item] for item in ranked]
        assert told == sorted(told, reverse=True)
        assert last not in ranked
        if method == CATEGORY and history:
            assert {CATEGORIES[item] for item in ranked} <= {CATEGORIES[last]}
    others = {c.item for c in clicks if c.user != "u"}
    assert set(found.ranked(USER_CF, "u")) <= others


def test_nothing_of_the_future_is_known() -> None:
    clicks = [Click(n, "u", "1", f"i{n % 3}") for n in range(6)]
    clicks += [Click(100 + n, "v", "1", "i7") for n in range(50)]
    asked = [Asked(2, "u", ("i5",), "i0"), Asked(200, "u", ("i7",), "i7")]
    first, second = replay(clicks, asked, CATEGORIES)
    assert "i7" not in first.shown[POPULAR]
    assert first.history == 3  # the event that the list was made for is known
    assert first.rank[SYSTEM] == 0
    assert second.shown[POPULAR][0] == "i7"
    assert second.rank[SYSTEM] == second.rank[POPULAR] == 1


def test_rates_uplift_and_their_intervals() -> None:
    clicks = [Click(n, f"u{n % 40}", "1", ITEMS[n % 8]) for n in range(80)]
    asked = [
        Asked(100 + n, f"u{n}", ("right",) if n % 2 else ("wrong",), "right") for n in range(40)
    ]
    steps = replay(clicks, asked, CATEGORIES)
    rates = prequential.hit_rates(steps)
    assert rates[SYSTEM].value == 0.5
    assert rates[SYSTEM].low < 0.5 < rates[SYSTEM].high
    assert rates[POPULAR].value == 0
    assert prequential.uplift(steps, POPULAR).value == float("inf")
    assert prequential.uplift(steps, SYSTEM).value == 0
    assert sum(part[SYSTEM].steps for part in prequential.by_history(steps).values()) == 40
    assert sum(part[SYSTEM].steps for part in prequential.by_item_age(steps).values()) == 40
    shown = prequential.exposure(steps, SYSTEM, ["right", "wrong"])
    assert shown.tolist() == [20, 20]
    assert all(len(step.shown[POPULAR]) <= CUTOFF for step in steps)
