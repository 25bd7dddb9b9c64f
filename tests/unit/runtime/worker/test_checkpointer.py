"""Waiting for checkpoints: two may wait for the same write, each by its own deadline."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from shopkeeper.shared.runtime.worker.checkpointer import Checkpointer


def test_one_who_gives_up_takes_the_write_from_nobody():
    """A revocation's deadline passes while an orderly end waits for the same checkpoint."""

    async def scenario():
        arrived = asyncio.Event()

        async def write():
            await arrived.wait()

        owned = SimpleNamespace(saving=asyncio.create_task(write()), quiet=False, changed=True)

        class Partitions(list):
            def move_on(self, owned):
                """Nothing was passed."""

        checkpointer = Checkpointer(
            store=None,
            topic="",
            interval_s=1.0,
            thread=None,
            watch=None,
            telemetry=None,
            ending=None,
            erasures=None,
        )
        end = asyncio.create_task(checkpointer.save_all(Partitions([owned])))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await checkpointer.save_all(Partitions([owned]))
        assert not owned.saving.done()
        arrived.set()
        await end  # was told of a cancellation, before

    asyncio.run(scenario())
