"""What users searched for last, against a plain list of all searches."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.services.recommender.core.search.last_searches import (
    NOT_SEARCHED,
    LastSearches,
)

AGE_MS = 10
USERS_MAX = 3

steps = st.lists(
    st.one_of(
        st.tuples(
            st.just("put"), st.sampled_from("abcde"), st.lists(st.integers(0, 9), max_size=3)
        ),
        st.tuples(st.just("of"), st.sampled_from("abcde"), st.just([])),
        st.tuples(st.just("forget"), st.sampled_from("abcde"), st.just([])),
        # Some last click, by so much earlier.
        st.tuples(st.just("peek"), st.sampled_from("abcde"), st.lists(st.just(0), max_size=20)),
        st.tuples(st.just("wait"), st.just("a"), st.lists(st.just(0), max_size=8)),
    ),
    max_size=40,
)


@given(steps)
def test_the_newest_searches_of_the_latest_searchers_count_while_they_are_new(steps):
    searches = LastSearches(USERS_MAX, AGE_MS, 0.5)
    known: list[list] = []  # user, time, items, lists since; last searched last
    now = 0
    for action, user, items in steps:
        mine = [each for each in known if each[0] == user]
        if action == "wait":
            now += len(items)
        elif action == "forget":
            searches.forget(user)
            known = [each for each in known if each[0] != user]
        elif action == "put":
            searches.put(user, now, (items, [1.0] * len(items)))
            known = [each for each in known if each[0] != user]
            if items:
                known = [*known, [user, now, items, 0]][-USERS_MAX:]
        elif action == "peek":
            found = searches.peek(user, now - len(items))
            if mine and now - len(items) - mine[0][1] <= AGE_MS:
                assert list(found[0]) == mine[0][2]
                assert list(found[1]) == [0.5 ** mine[0][3]] * len(mine[0][2])
            else:
                assert found == NOT_SEARCHED
        else:
            found = searches.of(user, now)
            if mine and now - mine[0][1] <= AGE_MS:
                assert list(found[0]) == mine[0][2]
                assert list(found[1]) == [0.5 ** mine[0][3]] * len(mine[0][2])
                mine[0][3] += 1
            else:
                assert found == NOT_SEARCHED
                known = [each for each in known if each[0] != user]
        assert len(searches) == len(known)


def test_a_search_long_after_the_last_click_is_seen_and_kept() -> None:
    searches = LastSearches(USERS_MAX, AGE_MS, 0.5)
    searches.put("a", 100 * AGE_MS, ([7], [1.0]))
    assert list(searches.peek("a", 0)[0]) == [7]
    assert list(searches.of("a", 100 * AGE_MS)[0]) == [7], "the look took nothing away"
