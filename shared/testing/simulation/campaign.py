"""Many schedules, on several processes, until all have run or one fails."""

from __future__ import annotations

import gc
import logging
import multiprocessing
import time
import warnings
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .broken import broken
from .schedule import Schedule, draw
from .shrink import Shrinker
from .world import Outcome, World

if TYPE_CHECKING:
    from collections.abc import Iterable

CHUNK = 50  # schedules that a process is given at once; then it clears up


def run(schedule: Schedule, guard: str | None = None) -> Outcome:
    """One schedule. guard: the name of one that is broken (see `broken`)."""
    with broken(guard):
        return World(schedule).run()


@dataclass
class Chunk:
    """What came of some schedules."""

    ran: int
    happened: Counter[str]
    callbacks: int
    seconds: float  # simulated
    failed: int | None = None  # the seed


@dataclass
class Failure:
    """A seed that failed, and the smallest schedule that does."""

    seed: int
    problems: list[str]
    shrunk: Schedule
    shrunk_problems: list[str]
    runs: int


def prepare() -> None:
    """In a process that runs schedules and nothing else."""
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")  # coroutines of killed processes were never awaited
    gc.collect()
    gc.freeze()
    gc.disable()  # `run_chunk` collects


def run_chunk(seeds: range, guard: str | None) -> Chunk:
    """These schedules, or up to the first that fails."""
    chunk = Chunk(0, Counter(), 0, 0.0)
    for seed in seeds:
        outcome = run(draw(seed), guard)
        chunk.ran += 1
        chunk.happened += outcome.happened
        chunk.callbacks += outcome.callbacks
        chunk.seconds += outcome.seconds
        if outcome.problems:
            chunk.failed = seed
            break
    gc.collect()
    return chunk


def shrink(seed: int, guard: str | None) -> Failure:
    """The smallest failing schedule that comes from this failing seed."""
    schedule = draw(seed)
    shrinker = Shrinker(lambda smaller: bool(run(smaller, guard).problems))
    shrunk = shrinker.shrink(schedule)
    return Failure(
        seed, run(schedule, guard).problems, shrunk, run(shrunk, guard).problems, shrinker.runs
    )


@dataclass
class Campaign:
    """What came of all schedules. failed: the first seed, in order, that did."""

    schedules: int = 0
    failed: int | None = None
    callbacks: int = 0
    simulated_s: float = 0.0
    wall_s: float = 0.0

    def __post_init__(self) -> None:
        self.happened: Counter[str] = Counter()

    def add(self, chunk: Chunk) -> None:
        self.schedules += chunk.ran
        self.happened += chunk.happened
        self.callbacks += chunk.callbacks
        self.simulated_s += chunk.seconds
        if self.failed is None:
            self.failed = chunk.failed


def conduct(first: int, schedules: int, jobs: int = 1, guard: str | None = None) -> Campaign:
    """Run the schedules of the seeds from `first` on."""
    campaign, started = Campaign(), time.perf_counter()
    chunks = [
        range(start, min(start + CHUNK, first + schedules))
        for start in range(first, first + schedules, CHUNK)
    ]
    for chunk in _chunks(chunks, jobs, guard):
        campaign.add(chunk)
        if campaign.failed is not None:
            break
    campaign.wall_s = time.perf_counter() - started
    return campaign


def _chunks(chunks: list[range], jobs: int, guard: str | None) -> Iterable[Chunk]:
    if jobs == 1:
        for seeds in chunks:
            yield run_chunk(seeds, guard)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context, initializer=prepare) as pool:
        futures = [pool.submit(run_chunk, seeds, guard) for seeds in chunks]
        try:
            for future in futures:
                yield future.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
