"""What a waiting member says, and how a double is told from a former self."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

from shopkeeper.shared.runtime.kafka.membership import (
    Member,
    double,
    failure,
    join_again_where_nothing_was_assigned,
    waits_for,
)

ME = Member("i-1-aaa", "i-1", "10.0.0.1")
OTHERS = [Member(f"w-{n}", f"w{n}", f"10.0.0.{n}") for n in range(2, 7)]


def test_a_waiting_member_names_the_others_and_the_way_out():
    text = waits_for("shopkeeper-intent", ME.member_id, 45.0, [ME, *OTHERS])
    assert text.startswith("waiting for the group shopkeeper-intent: ")
    assert "(w2 at 10.0.0.2, w3 at 10.0.0.3, w4 at 10.0.0.4 and 2 more)" in text
    assert "after 45 s, on the embedded broker for ever" in text
    assert text.endswith("there start it again where it ran, or restart the broker")
    assert (
        waits_for("g", ME.member_id, 6.0, [ME]) == "waiting for the group g to take this worker in"
    )


def test_a_double_has_our_id_and_is_not_who_we_were():
    assert double([*OTHERS, ME], "i-1", ME.member_id) is None, "that was us"
    assert double(OTHERS, "i-1", ME.member_id) is None, "forgotten, as by a restarted broker"
    again = Member("i-1-bbb", "i-1", "10.0.0.9")
    assert double([*OTHERS, again], "i-1", ME.member_id) == again


class Coordinator:
    """aiokafka's, as far as it is changed: what a broker assigned, one answer after the other."""

    _retry_backoff_ms = 1

    def __init__(self, assigned):
        self.assigned, self.completed, self.rejoins = list(assigned), [], 0

    async def _on_join_complete(self, generation, member_id, protocol, assignment):
        if len(assignment) < 2:
            raise ValueError("unpack requires a buffer of 2 bytes")
        self.completed.append(assignment)

    async def _do_rejoin_group(self, subscription):
        await self._on_join_complete(1, "me", "number", self.assigned.pop(0))
        return True

    def request_rejoin(self):
        self.rejoins += 1


def test_a_member_that_the_leader_had_not_seen_joins_again(caplog):
    coordinator = Coordinator([b"", b"\0\0some"])
    join_again_where_nothing_was_assigned(coordinator)
    assert not asyncio.run(coordinator._do_rejoin_group(None))
    assert (coordinator.rejoins, coordinator.completed) == (1, [])
    assert "joins again" in caplog.text
    assert asyncio.run(coordinator._do_rejoin_group(None))
    assert (coordinator.rejoins, coordinator.completed) == (1, [b"\0\0some"])


def test_what_ended_a_members_part_in_its_group_is_told():
    async def consumer(routine):
        task = asyncio.ensure_future(routine())
        await asyncio.wait({task})
        return SimpleNamespace(_coordinator=SimpleNamespace(_coordination_task=task))

    async def fails():
        raise ValueError("no")

    async def ends():
        pass

    assert repr(failure(asyncio.run(consumer(fails)))) == "ValueError('no')"
    assert failure(asyncio.run(consumer(ends))) is None
    assert failure(None) is None
