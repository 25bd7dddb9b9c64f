"""The naive twin, on logs that are written by hand."""

from __future__ import annotations

from shopkeeper.shared.contracts.envelope import FORWARDED
from shopkeeper.shared.runtime.kafka.records import Record
from shopkeeper.shared.runtime.kafka.routing import handover
from shopkeeper.shared.runtime.kafka.sink import partition_of
from shopkeeper.shared.testing.simulation.schedule import Input
from shopkeeper.shared.testing.simulation.service import SHARED, SHARED_ITEM, USERS, friend_of
from shopkeeper.shared.testing.simulation.twin import expect

USER = next(  # of partition 0, with a friend of partition 1
    name
    for name in "abcdefghij"
    if [partition_of(each.encode(), 2) for each in (name, friend_of(name))] == [0, 1]
)


def record(partition: int, offset: int, origin: tuple[int, int] | None = None) -> Record:
    headers = []
    if origin is not None:
        hop = b"%d/%d/%d/%d" % (*origin, *origin)
        headers = [(FORWARDED, hop)]
    return Record(USERS, partition, offset, 0, 0, None, value=b"", headers=headers)


def click(partition: int, item: str, event_id: str = "") -> Input:
    return Input(0.0, partition, USER, item, event_id)


def test_an_event_counts_once_where_its_user_belongs_at_its_first_place():
    inputs = {(0, 0): click(0, "x", "e"), (0, 1): click(0, "x", "e"), (1, 0): click(1, "y")}
    logs = [
        [record(0, 0), record(0, 1), record(0, 2, (1, 0)), record(0, 3, (1, 0))],
        [record(1, 0)],
    ]
    found = expect(inputs, logs, 1)
    assert found.missing == []
    assert found.answers == {"e": (USER, 1, "x"), f"{USERS}/1/0": (USER, 2, "y")}
    assert found.users == {(0, USER): [2, "y", 0]}
    assert found.counts == {"x": 1, "y": 1, "x>y": 1}
    assert found.applied == {(0, 0): 2}


def test_an_event_that_was_never_forwarded_is_missing():
    inputs = {(1, 0): click(1, "y")}
    assert len(expect(inputs, [[], [record(1, 0)]], 1).missing) == 1


def test_a_handover_counts_once_and_only_where_an_event_causes_it():
    friend = friend_of(USER)
    given = {(0, 0): click(0, SHARED_ITEM)}
    told = handover(USERS, friend, friend.encode(), SHARED, sender=0, cause=(0, 0), partition=1)
    heard = [
        Record(USERS, 1, n, 0, 0, None, value=told.value, headers=told.headers) for n in (0, 1)
    ]
    found = expect(given, [[record(0, 0)], heard], 1)
    assert found.missing == []
    assert found.users == {(0, USER): [1, SHARED_ITEM, 0], (1, friend): [0, "", 1]}
    assert len(expect(given, [[record(0, 0)], []], 1).missing) == 1
    assert len(expect({}, [[], heard], 1).missing) == 1


def test_what_is_bad_is_a_dead_letter_where_it_lies_and_counts_nowhere():
    inputs = {(0, 0): Input(0.0, 0, USER, "x", kind="bad")}
    found = expect(inputs, [[record(0, 0)], []], 1)
    assert found.dead_letters == {(0, 0)}
    assert found.users == {}
