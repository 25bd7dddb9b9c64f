"""Tasks end also when a cancellation is swallowed on its way."""

from __future__ import annotations

import asyncio

import pytest

from shopkeeper.shared.runtime import tasks


def test_a_task_that_swallows_a_cancellation_is_asked_again(monkeypatch):
    monkeypatch.setattr(tasks, "ASK_AGAIN_S", 0.01)
    swallowed = 0

    async def stubborn():
        nonlocal swallowed
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                swallowed += 1
                if swallowed == 3:
                    raise

    async def run():
        task = asyncio.create_task(stubborn())
        await asyncio.sleep(0)
        await tasks.end_tasks([task])
        assert task.cancelled()

    asyncio.run(run())
    assert swallowed == 3


def test_what_a_task_raised_is_left_in_the_task():
    async def fails():
        raise ValueError("its own")

    async def run():
        task = asyncio.create_task(fails())
        await asyncio.sleep(0)
        await tasks.end_tasks([task])
        with pytest.raises(ValueError, match="its own"):
            await task

    asyncio.run(run())
