"""The state thread: the one thread that does all the work and owns all state of a worker.

What runs on it is submitted here, in order, so nothing slow runs on a loop and no state needs a
lock. Which partitions have work, and what becomes of the outputs, is decided elsewhere.
"""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from shopkeeper.shared.contracts.envelope import Output

    from ..kafka.sink import Packed
    from ..state.partition import BatchResult, PartitionState
    from .batch_spans import BatchSpans

T = TypeVar("T")
PIECES_S = 0.1  # of work in pieces, after which the loop is told how it goes


class _Waiting(NamedTuple):
    """A partition's batch that waits for the next trip."""

    state: PartitionState
    records: Sequence[Any]
    done: asyncio.Future[tuple[BatchResult, Packed]]


class StateThread:
    """Runs functions one after the other, in the order in which they were submitted."""

    def __init__(
        self,
        rank: Callable[[], None],
        pack: Callable[[Sequence[Output]], Packed],
        refresh: Callable[[], None] = lambda: None,
        spans: BatchSpans | None = None,
    ) -> None:
        """rank, refresh: the service's, see `BatchedProcessor` and `Service`. pack: the sink's.
        spans: where traces are followed."""
        self._spans = spans
        self._rank, self._pack, self._refresh = rank, pack, refresh
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="state")
        # The batches of the next trip. Once that is submitted, the thread may take them any time.
        self._waiting: list[_Waiting] = []
        self._taking = threading.Lock()
        self._submitted = False  # the trip that takes `_waiting`
        self._unfinished = 0  # of what was submitted; changed on the loop

    @property
    def others_wait(self) -> bool:
        """Whether anything waits behind what runs: to be asked by that, on the thread."""
        return bool(self._waiting) or self._unfinished > 1

    def submit(self, function: Callable[..., T], *arguments: Any) -> asyncio.Future[T]:
        """Submitted when this returns, so ahead of whatever is submitted later."""
        loop = asyncio.get_running_loop()
        with self._taking:
            if self._submitted:  # no batch that comes from now on may run ahead of this
                self._waiting, self._submitted = [], False
        self._unfinished += 1
        future = loop.run_in_executor(self._executor, function, *arguments)
        future.add_done_callback(self._finished)
        return future

    async def run(self, function: Callable[..., T], *arguments: Any) -> T:
        """What the function returns; raises what it raises."""
        return await self.submit(function, *arguments)

    def process(
        self, state: PartitionState, records: Sequence[Any]
    ) -> asyncio.Future[tuple[BatchResult, Packed]]:
        """Fold a batch, rank, publish, pack; partitions that ask for it in one turn of the loop, or
        while the thread is at work, share a trip to the thread, and are ranked together.

        The list of a trip is closed when it begins, or when anything is submitted behind it: a
        batch must not overtake a checkpoint of its partition that was submitted before it.
        """
        loop = asyncio.get_running_loop()
        done: asyncio.Future[tuple[BatchResult, Packed]] = loop.create_future()
        with self._taking:
            if not self._waiting:
                loop.call_soon(self._submit_waiting, loop, self._waiting)
            self._waiting.append(_Waiting(state, records, done))
        return done

    def until_others_wait(self, work: Callable[[bool], bool]) -> bool:
        """Do work in pieces, on the thread, until another job waits, all is done or a while has
        passed; whether more is left. work: one piece, told whether another job waits."""
        until = time.monotonic() + PIECES_S
        while more := work(self.others_wait):
            if self.others_wait or time.monotonic() >= until:
                break
        return more

    def stop(self) -> None:
        """Take nothing more on. What runs may go on: nobody waits for it."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _submit_waiting(self, loop: asyncio.AbstractEventLoop, waiting: list[_Waiting]) -> None:
        def run() -> None:
            with self._taking:
                if self._waiting is waiting:
                    self._waiting, self._submitted = [], False
            answers = self._trip(waiting)
            loop.call_soon_threadsafe(self._answer, answers)

        self._submitted = True
        self._unfinished += 1
        self._executor.submit(run)

    def _answer(self, answers: Sequence[Callable[[], None]]) -> None:
        self._unfinished -= 1
        for answer in answers:
            answer()

    def _finished(self, future: asyncio.Future[Any]) -> None:
        self._unfinished -= 1

    def _trip(self, waiting: Sequence[_Waiting]) -> list[Callable[[], None]]:
        """Fold every partition's batch, rank once, publish each; what to tell those who wait."""
        answers: list[Callable[[], None]] = []
        folded: list[tuple[_Waiting, BatchResult]] = []
        try:
            self._refresh()
        except Exception as error:
            return [partial(_resolve, each.done, error) for each in waiting]
        for each in waiting:
            try:
                folded.append((each, each.state.fold(each.records, clock_ms)))
            except Exception as error:
                answers.append(partial(_resolve, each.done, error))
        if not folded:
            return answers
        try:
            self._rank()
        except Exception as error:
            return answers + [partial(_resolve, each.done, error) for each, _ in folded]
        for each, result in folded:
            try:
                outputs = each.state.publish(result).outputs
                if self._spans is not None:
                    result.traced, outputs = self._spans.follow(each.state, each.records, outputs)
                answers.append(partial(_resolve, each.done, (result, self._pack(outputs))))
            except Exception as error:
                answers.append(partial(_resolve, each.done, error))
        return answers


def _resolve(future: asyncio.Future[Any], result: object) -> None:
    if future.done():
        return  # cancelled meanwhile
    if isinstance(result, Exception):
        future.set_exception(result)
    else:
        future.set_result(result)


def clock_ms() -> int:
    """Unix epoch, milliseconds."""
    return int(time.time() * 1000)
