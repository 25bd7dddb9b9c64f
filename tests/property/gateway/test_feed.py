"""Streams that are cut off and come back see every record of their key once, in order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.services.gateway.core.feed import (
    ANSWERS,
    LISTS,
    WAITING_MAX,
    Feed,
    Place,
    Published,
)

KEYS = (b"a", b"b")
PARTS = (0, 0)


def records(steps):
    """(key, kind) -> records with the offsets of two partitions that everybody shares."""
    following = {LISTS: 0, ANSWERS: 0}
    for key, kind in steps:
        yield Published(kind, 0, following[kind], key, b"%d" % following[kind], f"{kind}")
        following[kind] += 1


@given(
    st.lists(st.tuples(st.sampled_from(KEYS), st.sampled_from((LISTS, ANSWERS))), max_size=60),
    st.lists(st.sampled_from(("take", "cut", "move")), min_size=60, max_size=60),
)
def test_a_subscriber_that_comes_back_misses_and_doubles_nothing(steps, fates):
    feeds = [Feed(lists_max=10, records_max=1000) for _ in range(2)]  # two gateways
    at, seen = 0, []
    listening = feeds[0].subscribe(b"a", PARTS, None, lambda: None)
    place = listening.place
    for record, fate in zip(records(steps), fates, strict=False):
        for feed in feeds:
            feed.take([record])
        if fate == "take":
            for place, each in listening.take():  # noqa: B007  # the last one counts
                seen.append(each)
        else:  # what waited and was not sent is lost with the connection
            feeds[at].leave(listening)
            at = (at + (fate == "move")) % 2
            listening = feeds[at].subscribe(b"a", PARTS, Place.parse(str(place)), lambda: None)
    seen += [each for _, each in listening.take()]
    for kind in (LISTS, ANSWERS):
        mine = [r for r in records(steps) if r.key == b"a" and r.kind == kind]
        assert [each for each in seen if each.kind == kind] == mine
    assert all(feed.unrecovered == 0 for feed in feeds)
    feeds[at].leave(listening)
    assert sum(feed.subscribers for feed in feeds) == 0


@given(st.integers(1, 30), st.integers(0, 40))
def test_where_the_log_does_not_reach_back_the_list_is_the_newest(held, count):
    feed = Feed(lists_max=1, records_max=held)
    feed.take(records([(b"a", LISTS)] * count))
    listening = feed.subscribe(b"a", PARTS, Place(0, 0), lambda: None)
    found = [each.offset for _, each in listening.take()]
    if count > held:
        assert (found, feed.unrecovered) == ([count - 1], 1)
    else:
        assert (found, feed.recovered) == (list(range(count)), 1)


def test_who_does_not_take_is_let_go_and_what_is_held_is_bounded():
    feed = Feed(lists_max=3, records_max=5)
    slow = feed.subscribe(b"a", PARTS, None, lambda: None)
    feed.take(records([(b"a", LISTS)] * (WAITING_MAX + 1)))
    assert slow.behind
    assert slow.take() == []
    feed.take(records([(bytes([n]), LISTS) for n in range(10)]))
    assert len(feed) == 3
    assert feed.evicted > 0
    erased = Published(LISTS, 0, 99, bytes([9]), None)
    feed.take([erased])
    assert feed.latest(bytes([9])) is None


EVENTS = st.tuples(
    st.sampled_from(KEYS),
    st.sampled_from((LISTS, ANSWERS)),
    st.sampled_from(("new", "copy", "gone")),
)


@given(st.lists(EVENTS, max_size=40))
def test_of_an_erased_user_nothing_is_held_and_copies_say_nothing_new(steps):
    feed = Feed(lists_max=10, records_max=1000)
    listening = feed.subscribe(b"a", PARTS, None, lambda: None)
    following = {LISTS: 0, ANSWERS: 0}
    newest, told, answers = {}, [], {}  # the naive twin
    for n, (key, kind, what) in enumerate(steps):
        gone = what == "gone"
        kind = LISTS if gone else kind
        value = None if gone else b"%d" % n
        record = Published(kind, 0, following[kind], key, value, f"{n}", copy=what == "copy")
        following[kind] += 1
        feed.take([record])
        if what == "copy":
            if kind == LISTS:
                newest.setdefault(key, value)
            continue
        if gone:
            newest.pop(key, None)
            answers = {cause: of for cause, of in answers.items() if of != key}
            told = [each for each in told if each.key != key]
        elif kind == LISTS:
            newest[key] = value
        else:
            answers[f"{n}"] = key
        if key == b"a":
            told.append(record)
    assert {key: feed.latest(key).value for key in KEYS if feed.latest(key)} == newest
    assert [each for _, each in listening.take()] == told
    held = {f"{n}" for n in range(len(steps)) if feed.answer_to(f"{n}") is not None}
    assert held == {*answers}
    back = feed.subscribe(b"a", PARTS, Place(0, 0), lambda: None)
    again = {(each.kind, each.offset) for _, each in back.take()}
    assert again <= {(each.kind, each.offset) for each in told}


@given(st.text(max_size=40))
def test_any_last_event_id_is_a_place_or_none(text):
    place = Place.parse(text)
    assert place is None or Place.parse(str(place)) == place
