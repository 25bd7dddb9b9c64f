"""What no reply of a large model can do, whatever it says; and what the breaker and the budget
promise over any course of events."""

from __future__ import annotations

import re

from hypothesis import assume, example, given
from hypothesis import strategies as st

from shopkeeper.services.answers.core.phrasing.breaker import Breaker, HourlyBudget
from shopkeeper.services.answers.core.phrasing.check import (
    REASONS,
    REPLY_CHARACTERS_MAX,
    addresses_of,
    check,
)

VOCABULARY = """
you can return everything within 30 days we ship parcels over 50 EUR 3 five [1] [2] [3] . , not free
可以 退货 30天 五 天内 shop.example https://shop.example/returns www.x.example
"""
WORDS = st.sampled_from(VOCABULARY.split())
TEXTS = st.lists(WORDS, max_size=25).map(" ".join) | st.text(max_size=300)
PASSAGES = st.lists(TEXTS, max_size=3).map(tuple)


@given(TEXTS, PASSAGES, st.sampled_from(["en", "zh"]))
@example("[1", ("",), "en")
@example("[٣] 30", ("30", "30", "30"), "en")
@example("\ud800 [1]", ("x",), "en")
def test_a_shown_reply_rests_on_given_passages_alone(reply, passages, language):
    text, reason, cited = check(reply, passages, language)
    assert (text is None) == (reason in REASONS)
    if text is None:
        return
    assert cited
    assert set(cited) <= set(range(1, len(passages) + 1))
    assert 0 < len(text) <= REPLY_CHARACTERS_MAX
    assert text.isprintable()
    given_text = "\n".join(passages[n - 1] for n in cited)
    # Naive: figures by themselves, addresses letter by letter.
    said = [int(n) for n in re.findall(r"\d+", text)]
    assert set(said) <= {int(n) for n in re.findall(r"\d+", given_text)}
    assert all(address in given_text.lower() for address in addresses_of(text))


@given(st.integers(0, 10**9), st.sampled_from(["days", "EUR", "%", "times", ""]))
def test_no_foreign_number_passes(number, unit):
    passage = "You can return everything within 30 days, for 2 EUR."
    assume(number not in (30, 2))
    for written in (f"{number} {unit}", f"{number:,} {unit}"):
        checked = check(f"You can return everything within {written} [1].", [passage], "en")
        assert checked.reason == "number", written


@given(st.integers(0, 9999), st.integers(0, 5))
def test_no_unknown_citation_passes(cited, there):
    passages = ["You can return everything within 30 days."] * there
    checked = check(f"You can return everything within 30 days [{cited}].", passages, "en")
    assert (checked.text is not None) == (1 <= cited <= there)


STEPS = st.lists(
    st.tuples(
        st.floats(0, 40),
        st.sampled_from(["reply", "fail", "abandon"]),
        st.sampled_from([0.0, 50.0]),
    ),
    max_size=60,
)


@given(st.integers(1, 4), STEPS)
def test_after_failures_in_a_row_nothing_is_sent_until_the_pause_is_over(failures_max, steps):
    """One request at a time: a naive twin that keeps the failures in a row and when they ended."""
    breaker, now, failures, closed_until = Breaker(failures_max, 30.0), 0.0, 0, 0.0
    for seconds, outcome, pause in steps:
        now += seconds
        admitted = breaker.admits(now)
        assert admitted == (now >= closed_until)
        if not admitted:
            continue
        if outcome == "reply":
            breaker.succeeded()
            failures = 0
        elif outcome == "fail":
            breaker.failed(now, pause)
            failures += 1
            if failures >= failures_max or pause:
                failures = failures_max  # the next failure is one of a probe
                closed_until = now + max(30.0, pause)
        else:
            breaker.abandoned()


def test_half_open_lets_one_request_through():
    breaker = Breaker(2, 30.0)
    assert breaker.admits(0.0)
    assert breaker.admits(0.0)
    assert not breaker.failed(1.0)
    assert breaker.failed(1.0)
    assert (breaker.state, breaker.admits(30.9)) == ("open", False)
    assert breaker.admits(31.0)
    assert (breaker.state, breaker.admits(31.0)) == ("half_open", False)
    breaker.abandoned()
    assert breaker.admits(31.0)
    assert breaker.failed(32.0)
    assert not breaker.admits(61.9)
    assert breaker.admits(62.0)
    breaker.succeeded()
    assert breaker.state == "closed"


@given(st.integers(1, 20), st.lists(st.floats(0, 900), max_size=150))
def test_no_hour_has_more_requests_than_the_budget(requests_max, gaps):
    budget, now, taken = HourlyBudget(requests_max), 0.0, []
    for gap in gaps:
        now += gap
        before = [at for at in taken if at > now - 3600]
        if budget.take(now):
            taken.append(now)
            assert len(before) < requests_max
        else:
            # Refused only where the last hour, and the minute before it, are spent.
            assert len([at for at in taken if at > now - 3660]) >= requests_max
