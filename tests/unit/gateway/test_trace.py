"""Tests of the way that events pass, as watchers are told it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from shopkeeper.services.gateway.core import trace as traced
from shopkeeper.services.gateway.core.trace import Parser, Passed, Trace, Watch
from shopkeeper.shared.contracts import topics

PREFIX = "com.example.shop."
USER = "mia@example.com"
NOON_MS = 1_800_000_000_000


def record(value: Any, key: bytes = b"u", offset: int = 0, **more: Any) -> Any:
    said = {"partition": 0, "timestamp": NOON_MS, "headers": [], **more}
    return SimpleNamespace(offset=offset, key=key, value=value and orjson.dumps(value), **said)


def caused(topic: str, cause: str, written_ms: int, offset: int = 0) -> Passed:
    headers = [("ce_id", f"{topic}/o/{offset}".encode()), ("ce_causationid", cause.encode())]
    headers += [("ce_correlationid", cause.encode()), ("ce_type", f"{PREFIX}x.v1".encode())]
    made = record({}, offset=offset, timestamp=NOON_MS + written_ms, headers=headers)
    (found,) = Parser(PREFIX).parse(topic, made)
    return found


def clicked(event_id: str, written_ms: int, offset: int = 0, user: str = USER) -> Passed:
    value = {"product_id": "p", "user_id": user, "id": event_id}
    made = record(value, user.encode(), offset, timestamp=NOON_MS + written_ms)
    (found,) = Parser(PREFIX).parse(topics.CLICKS, made)
    return found


def watched(trace: Trace, **filters: str) -> Watch:
    watch = Watch(lambda: None, **filters)
    trace.watch(watch)
    return watch


def test_who_begins_to_watch_is_told_nothing_of_an_erased_user() -> None:
    trace = Trace(b"salt")
    first = watched(trace)
    value = {"user_id": USER, "type": "user.erased.v1", "id": "gone"}
    (erased,) = Parser(PREFIX).parse(topics.CLICKS, record(value, USER.encode(), 9))
    of_other = clicked("e3", 2_000, 3, "other")
    trace.take([clicked("e1", 1_000), caused(topics.RECOMMENDATIONS, "e1", 1_012), of_other], 5.0)
    trace.take([erased], 6.0)
    assert len(first.take()) == 4
    assert [each.id for each in watched(trace, user=USER).take()] == ["gone"]
    assert [each.id for each in watched(trace, user="other").take()] == ["e3"]


def test_an_output_is_told_with_its_cause_and_how_long_it_took() -> None:
    trace = Trace(b"salt")
    watch = watched(trace)
    trace.take([clicked("e1", 1_000), caused(topics.RECOMMENDATIONS, "e1", 1_012)], 5.0)
    click, output = (trace.told(each) for each in watch.take())
    assert (click["id"], click["type"], click["cause"]) == ("e1", "product.clicked.v1", None)
    assert (output["cause"], output["caused_on"], output["latency_ms"]) == ("e1", topics.CLICKS, 12)
    (way,) = trace.figures(6.0)["ways"]
    assert (way["service"], way["p50_ms"], way["p99_ms"]) == ("recommender", 12, 12)
    assert trace.figures(6.0)["topics"][1]["offsets"] == {"0": 0}


def test_nothing_of_a_person_is_told_but_to_who_may_ask_for_them() -> None:
    trace = Trace(b"salt")
    watch = watched(trace)
    trace.take([clicked("e1", 1_000)], 5.0)
    (passed,) = watch.take()
    assert USER not in str(trace.told(passed))
    assert trace.told(passed)["key"] != Trace(b"other").told(passed)["key"]
    assert trace.told(passed, user=USER)["key"] == USER


def test_a_users_watcher_is_told_what_the_user_does_and_causes_only() -> None:
    trace = Trace(b"salt")
    keeper = watched(trace)
    about_a_product = caused(topics.SIMILAR_ITEMS, "e1", 1_100)
    others = [clicked("e2", 1_050, 1, "other"), caused(topics.RECOMMENDATIONS, "e2", 1_060)]
    trace.take([clicked("e1", 1_000), *others, about_a_product], 5.0)
    late = watched(trace, user=USER)
    assert [each.id for each in late.take()] == ["e1", about_a_product.id]
    one = watched(trace, event="e2")
    assert [each.correlation for each in one.take()] == ["e2", "e2"]
    assert len(keeper.take()) == 4


def test_a_dead_letter_is_caused_by_the_record_that_was_refused() -> None:
    (bad,) = Parser(PREFIX).parse(topics.CLICKS, record({"user_id": "u"}, offset=7))
    place = {"topic": topics.CLICKS, "partition": "0", "offset": "7"}
    headers = [(f"__connect.errors.{name}", value.encode()) for name, value in place.items()]
    letter = record({"user_id": "u"}, headers=headers)
    (found,) = Parser(PREFIX).parse(topics.dead_letters(topics.CLICKS, "recommender"), letter)
    assert found.cause == bad.id == f"{topics.CLICKS}/0/7"


def test_memory_is_bounded_and_a_slow_watcher_loses_the_oldest() -> None:
    trace = Trace(b"salt")
    watch, narrow = watched(trace), watched(trace, user=USER)
    for at in range(traced.WAITING_MAX + 50):
        trace.take([clicked(f"e{at}", at + 1, at)], float(at))
    assert len(watch.take()) == len(narrow.take()) == traced.WAITING_MAX
    assert watch.left_out == narrow.left_out == 50


def test_of_many_events_some_are_told_with_all_that_they_cause() -> None:
    trace = Trace(b"salt")
    watch = watched(trace)
    for second in range(2):
        pairs = [
            each
            for n in range(1_000)
            for each in (
                clicked(f"{second}/{n}", 1, n),
                caused(topics.RECOMMENDATIONS, f"{second}/{n}", 2, n),
            )
        ]
        watch.take()
        trace.take(pairs, float(second))
    told = watch.take()
    assert 0 < len(told) <= 2 * traced.SHOWN_PER_S_MAX
    events = {each.id for each in told if not each.cause}
    assert events == {each.cause for each in told if each.cause}


def test_without_watchers_nothing_is_held() -> None:
    trace = Trace(b"salt")
    watch = watched(trace)
    trace.take([clicked("e1", 1_000)], 5.0)
    trace.leave(watch)
    assert trace.figures(6.0) == {"topics": [], "ways": [], "skipped": 0}
    assert watched(trace, user=USER).take() == []


@pytest.mark.parametrize("kind", ["input", "output", "internal", "dead-letters"])
def test_every_topic_of_the_graph_is_written_or_read_by_somebody(kind: str) -> None:
    graph = traced.graph()
    found = [each for each in graph["topics"] if each["kind"] == kind]
    assert found
    for each in found:
        assert each["producers"] or each["consumers"] or each["tables"], each["topic"]
    assert "gateway" not in graph["services"]
