"""Profiles as the report reads them: the newest event of each user stands, in whatever order."""

from __future__ import annotations

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from shopkeeper.apps.report.source import Profiles
from shopkeeper.shared.contracts.outputs import rfc3339
from shopkeeper.shared.datasets.admission import UnsentRecord

START_MS = 1_790_000_000_000
GENDERS = ("female", "male", None)  # None: forgotten


def record(user, minute, gender, number):
    headers = [
        ("ce_type", b"com.example.shop.user.profiled.v1"),
        ("ce_id", str(number).encode()),
        ("ce_source", b"shop"),
        ("ce_time", rfc3339(START_MS + minute * 60_000)),
    ]
    value = None if gender is None else orjson.dumps({"user_id": user, "gender": gender})
    return UnsentRecord(START_MS + 10**8, user.encode(), value, headers, number)


@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.integers(0, 5), st.sampled_from(GENDERS)), max_size=12
    ),
    st.randoms(),
)
@settings(max_examples=60, deadline=None)
def test_the_newest_stands_and_of_one_time_forgetting(told, chance):
    profiles = Profiles("com.example.shop.")
    records = [record(*each, number) for number, each in enumerate(told)]
    chance.shuffle(records)
    for each in records:
        profiles.see(each)
    found = profiles.known()
    for user in "ab":
        last = max((minute for who, minute, _ in told if who == user), default=None)
        newest = {gender for who, minute, gender in told if (who, minute) == (user, last)}
        if last is None or None in newest:
            assert user not in found
        else:
            assert found[user]["gender"] in newest


def test_what_the_workers_would_refuse_is_left_out():
    profiles = Profiles("com.example.shop.")
    profiles.see(UnsentRecord(START_MS, b"a", b"{", [], 0))
    profiles.see(UnsentRecord(START_MS, None, None, [], 1))
    # Of another user's key: it could not be forgotten.
    profiles.see(UnsentRecord(START_MS, b"b", b'{"user_id":"a","gender":"male"}', [], 2))
    profiles.see(UnsentRecord(START_MS, b"a", b'{"user_id":"a","gender":"male"}', [], 3))
    assert profiles.known() == {"a": {"gender": "male"}}
