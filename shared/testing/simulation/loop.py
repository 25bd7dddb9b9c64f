"""An event loop without real time: ready callbacks run in an order drawn from a seed.

When nothing is ready, the clock jumps to the next timer. Every callback belongs to the simulated
process in whose context it was registered: a killed process runs nothing any more, not even its
`finally` blocks, and a frozen one runs what it missed once it thaws.
"""

from __future__ import annotations

import asyncio
import heapq
from contextvars import Context, ContextVar, copy_context
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from random import Random

CALLBACKS_MAX = 150_000  # of one schedule: what needs more goes round in a circle
EPOCH_S = 1_800_000_000.0  # what the wall clock says when the clock begins

RUNNING, FROZEN, DEAD = 0, 1, 2


class Stuck(RuntimeError):
    """The simulation goes on without end, or has nothing left to do."""


class Process:
    """A simulated operating system process: its callbacks run, wait, or never run again."""

    def __init__(self, name: str, world: Any) -> None:
        """world: see `world.World`, whose clients and threads find it here."""
        self.name, self.world = name, world
        self.state = RUNNING
        self.parked: list[Any] = []  # callbacks that came while it was frozen

    def freeze(self) -> None:
        """As SIGSTOP."""
        self.state = FROZEN

    def thaw(self) -> None:
        """As SIGCONT: timers that have run out meanwhile all run now."""
        if self.state == FROZEN:
            self.state = RUNNING
            self.world.loop.extend(self.parked)
            self.parked = []

    def kill(self) -> None:
        """As SIGKILL."""
        self.state = DEAD
        self.parked = []


PROCESS: ContextVar[Process] = ContextVar("PROCESS")


class _Task(asyncio.Task[Any]):
    """A task whose hash does not depend on its address: sets of tasks have an order of their own,
    and the runtime goes through such sets."""

    def __init__(self, coroutine: Any, number: int, **options: Any) -> None:
        self.number = number
        super().__init__(coroutine, **options)

    def __hash__(self) -> int:
        return self.number


class _Handle:
    """A callback that is to run: asyncio's, without what a debugger wants to know."""

    __slots__ = ("args", "at", "callback", "context")

    def __init__(self, callback: Any, args: tuple[Any, ...], context: Context) -> None:
        self.callback, self.args, self.context = callback, args, context
        self.at = 0.0

    def cancel(self) -> None:
        self.callback = None
        self.args = ()

    def cancelled(self) -> bool:
        return self.callback is None

    def when(self) -> float:
        return self.at


class VirtualLoop(asyncio.BaseEventLoop):
    """The loop of one schedule."""

    def __init__(self, random: Random) -> None:
        super().__init__()
        self.now = 0.0
        self.callbacks = 0
        self.raised: BaseException | None = None  # by a callback of the simulation itself
        self._random = random.random
        self._ready: list[Any] = []
        self._timers: list[tuple[float, int, _Handle]] = []
        self._timers_made = self._tasks_made = 0
        self.outside = Context()  # that of the broker and the network: no process's
        self.set_exception_handler(lambda loop, context: None)  # it says what was collected

    # -- what asyncio asks of a loop

    def time(self) -> float:
        return self.now

    def create_task(self, coro: Any, **options: Any) -> Any:
        self._tasks_made += 1
        return _Task(coro, self._tasks_made, loop=self, **options)

    # Below, callables are plain: the base class types them by variadics, for callers of no concern.

    def run_in_executor(  # type: ignore[override]
        self, executor: Any, func: Callable[..., Any], *args: Any
    ) -> Any:
        future = self.create_future()
        executor.put(future, func, args)
        return future

    def _write_to_self(self) -> None:
        """There is no selector to wake."""

    def _process_events(self, event_list: Any) -> None:
        """There are none."""

    def __del__(self) -> None:
        """Never closed: tasks of killed processes that are let go of may still call it."""

    def _asyncgen_finalizer_hook(self, agen: Any) -> None:
        """A generator of a killed process is not closed: nothing of it runs any more."""

    def extend(self, handles: list[Any]) -> None:
        """These are ready."""
        self._ready += handles

    def later(self, seconds: float, callback: Callable[..., Any], *args: Any) -> Any:
        """Call outside of every process: what is on the network arrives, whoever was killed."""
        return self.call_at(self.now + seconds, callback, *args, context=self.outside)

    def call_soon(  # type: ignore[override]
        self, callback: Any, *args: Any, context: Context | None = None
    ) -> Any:
        handle = _Handle(callback, args, copy_context() if context is None else context)
        self._ready.append(handle)
        return handle

    call_soon_threadsafe = call_soon  # type: ignore[assignment]  # there is one thread

    def call_at(  # type: ignore[override]
        self, when: float, callback: Any, *args: Any, context: Context | None = None
    ) -> Any:
        handle = _Handle(callback, args, copy_context() if context is None else context)
        handle.at = when
        self._timers_made += 1
        heapq.heappush(self._timers, (when, self._timers_made, handle))
        return handle

    def call_later(  # type: ignore[override]
        self, delay: float, callback: Any, *args: Any, context: Context | None = None
    ) -> Any:
        return self.call_at(self.now + delay, callback, *args, context=context)

    def _run_once(self) -> None:
        """Runs until the loop is stopped, not once: a turn of asyncio's loop costs too much."""
        ready, timers, draw = self._ready, self._timers, self._random
        while not self._stopping:  # type: ignore[attr-defined]
            if not ready:
                self._let_time_pass(timers, ready)
            place = int(draw() * len(ready))
            handle, ready[place] = ready[place], ready[-1]
            ready.pop()
            callback = handle.callback
            if callback is None:
                continue
            process = handle.context.get(PROCESS)
            if process is not None and process.state:
                if process.state == FROZEN:
                    process.parked.append(handle)
                continue
            self.callbacks += 1
            if self.callbacks > CALLBACKS_MAX:
                raise Stuck(f"{CALLBACKS_MAX} callbacks, and no end at {self.now:.3f} s")
            try:
                handle.context.run(callback, *handle.args)
            except Exception as error:
                if self.raised is None:
                    self.raised = error
                self.stop()

    def _let_time_pass(self, timers: list[Any], ready: list[Any]) -> None:
        """Jump to the next timer that still counts."""
        while timers and timers[0][2].callback is None:
            heapq.heappop(timers)
        if not timers:
            raise Stuck("nothing is left to happen")
        if timers[0][0] > self.now:
            self.now = timers[0][0]
        while timers and timers[0][0] <= self.now:
            ready.append(heapq.heappop(timers)[2])

    def forget(self) -> None:
        """Nothing is going to happen any more."""
        self._ready.clear()
        self._timers.clear()

    # -- for the simulation

    def spawn(self, process: Process | None, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Start a task in a process, or outside of all."""
        context = self.outside.copy() if process is None else copy_context()
        if process is not None:
            context.run(PROCESS.set, process)
        return self.create_task(coroutine, context=context)


class StateExecutor:
    """In the place of the state thread's executor: one job at a time, in order, each after a
    delay, as callbacks of the process that has submitted it."""

    def __init__(self, workers: int = 1, thread_name_prefix: str = "") -> None:
        assert workers == 1
        process = PROCESS.get()
        self._loop, self._delay = process.world.loop, process.world.network.thinking_s
        self._jobs: list[tuple[Any, Callable[..., Any], tuple[Any, ...]]] = []
        self._running = False

    def submit(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.put(None, function, arguments)

    def put(self, future: Any, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        """Queue one job."""
        self._jobs.append((future, function, arguments))
        if not self._running:
            self._running = True
            self._loop.call_later(self._delay(), self._run)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._jobs.clear()

    def _run(self) -> None:
        if self._jobs:
            future, function, arguments = self._jobs.pop(0)
            if future is None:
                function(*arguments)
            elif not future.done():
                try:
                    future.set_result(function(*arguments))
                except Exception as error:
                    future.set_exception(error)
        self._running = bool(self._jobs)
        if self._running:
            self._loop.call_later(self._delay(), self._run)
