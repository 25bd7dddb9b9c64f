"""The simulated loop: time jumps, a killed process runs nothing, a frozen one runs it later."""

from __future__ import annotations

import asyncio
import inspect
import sys
import time
from random import Random
from types import SimpleNamespace

import pytest

from shopkeeper.shared.testing.simulation.loop import Process, Stuck, VirtualLoop
from shopkeeper.shared.testing.simulation.seams import replaced


def simulate(scenario, seed: int = 1) -> VirtualLoop:
    """Run `scenario(loop)`, a coroutine, to its end."""
    loop = VirtualLoop(Random(seed))

    async def whole():
        await scenario(loop)
        loop.stop()

    loop.spawn(None, whole())
    loop.run_forever()
    if loop.raised is not None:
        raise loop.raised
    return loop


def process(loop: VirtualLoop) -> Process:
    return Process("worker", SimpleNamespace(loop=loop))


def test_an_hour_takes_no_time():
    loop = simulate(lambda loop: asyncio.sleep(3600))
    assert loop.time() == 3600


def test_the_order_of_ready_callbacks_is_the_seeds():
    def order(seed: int) -> list[int]:
        said: list[int] = []

        async def scenario(loop):
            for n in range(10):
                loop.call_soon(said.append, n)
            await asyncio.sleep(1)

        simulate(scenario, seed)
        return said

    assert order(1) == order(1)
    assert len({tuple(order(seed)) for seed in range(10)}) > 5
    assert sorted(order(3)) == list(range(10))


def test_a_killed_process_runs_not_even_what_is_to_run_at_its_end():
    said = []

    async def body():
        try:
            await asyncio.sleep(1)
            said.append("went on")
        finally:
            said.append("cleaned up")

    async def scenario(loop):
        killed = process(loop)
        task = loop.spawn(killed, body())
        await asyncio.sleep(0.5)
        killed.kill()
        await asyncio.sleep(2)
        assert not task.done()
        assert said == []

    simulate(scenario)


def test_a_frozen_process_runs_what_it_missed_once_it_thaws():
    said = []

    async def body(loop):
        for _ in range(3):
            await asyncio.sleep(1)
            said.append(loop.time())

    async def scenario(loop):
        frozen = process(loop)
        loop.spawn(frozen, body(loop))
        await asyncio.sleep(1.5)
        frozen.freeze()
        await asyncio.sleep(10)
        frozen.thaw()
        await asyncio.sleep(2)

    simulate(scenario)
    assert said == [1, 11.5, 12.5]


def test_what_goes_round_in_a_circle_or_waits_for_nothing_is_told():
    async def circle(loop):
        while True:  # noqa: ASYNC110
            await asyncio.sleep(0)

    with pytest.raises(Stuck, match="no end"):
        simulate(circle)
    with pytest.raises(Stuck, match="nothing is left"):
        simulate(lambda loop: loop.create_future())


def test_a_name_that_the_runtime_no_longer_has_is_not_replaced_in_silence():
    with pytest.raises(KeyError), replaced(((asyncio, "no_such_name", None),)):
        pass


def test_no_function_of_the_runtime_keeps_the_real_clock_as_a_default():
    """It would have been bound before the simulation put its own in place."""
    clocks = {time.monotonic, time.time, time.perf_counter}
    kept = []
    for name, module in list(sys.modules.items()):
        if not name.startswith("shopkeeper.shared.runtime."):
            continue
        found = [*vars(module).values()]
        found += [each for kind in found if isinstance(kind, type) for each in vars(kind).values()]
        for each in filter(inspect.isfunction, found):
            if clocks & {d for d in each.__defaults__ or () if callable(d)}:
                kept.append(f"{name}.{each.__qualname__}")
    assert kept == []
