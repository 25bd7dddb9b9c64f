"""The pause between two fetches follows what comes; fetches wait for a worker that is busy."""

from __future__ import annotations

import asyncio
import threading

import pytest

from shopkeeper.shared.runtime.kafka import fetching
from shopkeeper.shared.runtime.kafka.fetching import (
    HELD_RECORDS_MAX,
    INTERVAL_S_MAX,
    INTERVAL_S_MIN,
    Hold,
    Pace,
)


def fed(between_s: float, times: int = 60) -> tuple[Pace, float]:
    pace, now = Pace(), 100.0
    for _ in range(times):
        pace.found(now)
        now += between_s
    return pace, now - between_s


def test_where_nothing_ever_came_it_is_the_longest() -> None:
    assert Pace().interval_s(5.0) == INTERVAL_S_MAX


@pytest.mark.parametrize(
    ("between_s", "interval_s"),
    [(0.0005, INTERVAL_S_MIN), (0.02, 0.004), (0.01, 0.002), (3.0, INTERVAL_S_MAX)],
)
def test_it_is_a_share_of_the_time_between_two_finds(between_s: float, interval_s: float) -> None:
    pace, now = fed(between_s)
    assert pace.interval_s(now) == pytest.approx(interval_s, rel=0.01)


def test_silence_makes_it_longer_by_and_by() -> None:
    pace, now = fed(0.01)
    waits = [pace.interval_s(now + silence) for silence in (0.0, 0.004, 0.02, 0.04, 1.0)]
    assert waits == sorted(waits)
    assert waits[0] == pytest.approx(0.002, rel=0.01)
    assert waits[2] == pytest.approx(0.004, rel=0.01)
    assert waits[-1] == INTERVAL_S_MAX


def test_one_late_find_among_many_changes_little() -> None:
    pace, now = fed(0.01)
    pace.found(now + 0.05)
    assert pace.interval_s(now + 0.05) < 0.0045


def held_by(*sizes: int, held_s_max: float = 60.0, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What happens in which order, where batches of these sizes run on another thread's loop and
    two nodes are to be asked on this one."""
    monkeypatch.setattr(fetching, "HELD_S_MAX", held_s_max)
    hold, said = Hold(), list[str]()
    begun, to_end = threading.Event(), threading.Event()

    async def batch(size: int, ending: asyncio.Event) -> None:
        with hold.during(size):
            await ending.wait()
            said.append("ended")

    async def batches() -> None:
        endings = [asyncio.Event() for _ in sizes]
        running = [
            asyncio.create_task(batch(size, end)) for size, end in zip(sizes, endings, strict=True)
        ]
        await asyncio.sleep(0)
        begun.set()
        while not to_end.is_set():  # noqa: ASYNC110  # set on another thread
            await asyncio.sleep(0.001)
        for ending, task in zip(endings, running, strict=True):
            ending.set()
            await task

    async def fetch() -> None:
        await hold.over()
        said.append("fetched")

    async def fetches() -> None:
        both = asyncio.gather(fetch(), fetch())
        await asyncio.sleep(0.01)
        to_end.set()
        await both

    worker = threading.Thread(target=lambda: asyncio.run(batches()))
    worker.start()
    begun.wait()
    asyncio.run(fetches())
    worker.join()
    return said


def test_no_fetch_is_sent_while_small_batches_are_worked_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said = held_by(1, HELD_RECORDS_MAX, monkeypatch=monkeypatch)
    assert said == ["ended", "ended", "fetched", "fetched"]


def test_beside_a_large_batch_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    said = held_by(HELD_RECORDS_MAX + 1, monkeypatch=monkeypatch)
    assert said == ["fetched", "fetched", "ended"]


def test_a_batch_that_never_ends_does_not_stop_fetching(monkeypatch: pytest.MonkeyPatch) -> None:
    said = held_by(1, held_s_max=0.001, monkeypatch=monkeypatch)
    assert said == ["fetched", "fetched", "ended"]


def test_where_nothing_runs_nothing_waits() -> None:
    hold = Hold()
    with hold.during(1):
        pass
    with pytest.raises(StopIteration):  # without a loop: it does not even look for one
        hold.over().send(None)
