"""Which events come too late, and that an erasure leaves no old checkpoint."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.shared.contracts import erased_users
from shopkeeper.shared.contracts.envelope import Event
from shopkeeper.shared.contracts.erased_users import customer, number_of
from shopkeeper.shared.contracts.events.shop import ProductsSearched
from shopkeeper.shared.runtime.state import erasures as erasures_module
from shopkeeper.shared.runtime.state.checkpoint_log import CheckpointLog
from shopkeeper.shared.runtime.state.erasures import Erasures
from shopkeeper.shared.runtime.worker import checkpointer as checkpointer_module
from shopkeeper.shared.runtime.worker.checkpointer import SETTLE_S, Checkpointer

USERS = st.sampled_from(["a", "b", "c", ""])
TIMES = st.integers(0, 5)


def event(user, anonymous, time_ms):
    data = ProductsSearched(query="q", user_id=user or None, anonymous_id=anonymous or "x")
    return Event("t", data, None, 0, time_ms, "i", source="", correlation_id="")


def told(user, time_ms):
    return erased_users.encode(user, time_ms)


def test_a_record_says_who_was_erased_and_holds_no_id():
    key, value = told("mia-7f3kq", 12)
    assert b"mia" not in key + value
    assert erased_users.users([(key, value)]) == [(number_of("mia-7f3kq"), 12)]
    earlier = json.dumps({"user": "mia-7f3kq", "time_ms": 12}).encode()
    bad = [(b"", b"{"), (b"", b'{"time_ms":1}'), (b"", None)]
    assert erased_users.users([*bad, (b"mia", earlier)]) == [(number_of("mia-7f3kq"), 12)]


@given(log=st.lists(st.tuples(USERS.filter(bool), TIMES)), user=USERS, other=USERS, at=TIMES)
def test_an_event_is_too_late_where_any_of_its_ids_was_erased_since(log, user, other, at):
    erasures = Erasures()
    erasures.apply([told(*each) for each in log])
    naive = any(name in (user, other or "x") and at <= time_ms for name, time_ms in log)
    assert erasures.too_late(customer)(event(user, other, at)) == naive


def test_the_newest_erasures_are_remembered(monkeypatch):
    monkeypatch.setattr(erasures_module, "ERASED_MAX", 2)
    erasures = Erasures()
    erasures.apply([told(user, 5) for user in ("a", "b", "a", "c")])
    too_late = erasures.too_late(customer)
    assert [too_late(event(user, "", 1)) for user in "abc"] == [True, False, True]


@pytest.fixture
def clock(monkeypatch):
    now = SimpleNamespace(s=100.0)
    monkeypatch.setattr(checkpointer_module.time, "monotonic", lambda: now.s)
    return now


def test_every_checkpoint_is_written_anew_and_all_before_it_deleted(clock):
    slacks = []

    class Store:
        def pinning(self, partition):
            return []

        async def delete_superseded(self, admin, **more):
            slacks.append(more.get("slack_bytes"))
            return True

    erasures = Erasures(lambda: clock.s)
    checkpointer = Checkpointer(
        store=Store(), topic="t", interval_s=1.0, thread=None, watch=None, telemetry=None,
        ending=None, erasures=erasures,
    )  # fmt: skip
    owned = [
        SimpleNamespace(
            quiet=True, saved_at=0.0, interval_s=0.0, changed=False, taken_at=taken_at,
            state=SimpleNamespace(topic="s"), partition=SimpleNamespace(partition=0),
        )
        for taken_at in (0.0, 90.0)
    ]  # fmt: skip

    def collect():
        asyncio.run(checkpointer._collect(None, owned))
        return slacks[-1]

    assert [checkpointer.due(each) for each in owned] == [False, False]
    assert collect() is None  # with the usual slack
    erasures.apply([told("a", 1)])
    assert [checkpointer.due(each) for each in owned] == [True, True]
    assert collect() == 0
    clock.s += SETTLE_S
    owned[0].taken_at = clock.s
    assert [checkpointer.due(each) for each in owned] == [False, True]
    assert (collect(), collect()) == (0, 0)  # the other may keep what is old
    owned[1].taken_at = clock.s
    assert (collect(), collect()) == (0, None)


def test_a_log_without_slack_keeps_the_newest_alone():
    log = CheckpointLog(["s", "t"])
    for offset in range(4):
        log.append(offset, 10)
    log.supersede("s", 2, 10)
    assert log.deletable_before(0) is None  # the other's first may be under way
    log.supersede("t", 3, 10)
    assert (log.deletable_before(), log.deletable_before(0)) == (None, 2)
    log.deleted_before(2)
    assert log.deletable_before(0) is None
