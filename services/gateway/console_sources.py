"""What the console reads of the broker, and figures that programs of the command line compute.

Each question is answered on a thread with an event loop of its own, or by a process; one after the
other, and an answer stands for a while: the gateway's event loop and memory are for the shop.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.kafka.admin import partitions_of
from shopkeeper.shared.runtime.kafka.copies import is_copy
from shopkeeper.shared.runtime.kafka.reader import Reader
from shopkeeper.shared.runtime.kafka.sink import partition_of
from shopkeeper.shared.runtime.operations.overview import overview

from .core.console import letter, newest_first, sources, told

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from shopkeeper.shared.runtime.settings import WorkerSettings

WINDOW_S = 60.0
LOOKED_AT_MAX = 4000  # newest records of a user's partition of each topic
RECORDS_SHOWN = 40
LETTERS_EACH = 100  # newest of each partition
LETTERS_SHOWN = 200
OVERVIEW_STANDS_S = 3.0
LETTERS_STAND_S = 3.0
FIGURES_STAND_S = 60.0
PROGRAM_S_MAX = 180.0
LISTS_MAX = 50_000  # that the report joins with clicks
ERROR_CHARACTERS_MAX = 500
OF_USERS = (topics.CLICKS, topics.SEARCHES, topics.QUESTIONS)
SAID_TO_USERS = (topics.ANSWERS, topics.INTENTS)


class Unavailable(Exception):
    """It cannot be told now; the message says why, and the way out."""


class NotThere(Unavailable):
    """There is none; the message says how to have one."""


class _Held:
    """One answer, made by one caller at a time, which stands for a while."""

    def __init__(self, make: Callable[[], Awaitable[Any]], stands_s: float) -> None:
        self._make, self._stands_s = make, stands_s
        self._making = asyncio.Lock()
        self._made_s, self._answer = -1e9, None

    async def get(self) -> Any:
        async with self._making:
            if time.monotonic() - self._made_s > self._stands_s:
                self._answer = await self._make()
                self._made_s = time.monotonic()
            return self._answer


class ConsoleSources:
    """Answers for the console. All raise Unavailable."""

    def __init__(self, settings: WorkerSettings) -> None:
        self._kafka, self._prefix = settings.kafka, settings.type_prefix
        self._environ = dict(settings.environ)
        self._overview = _Held(self._read_overview, OVERVIEW_STANDS_S)
        self._letters = _Held(self._read_letters, LETTERS_STAND_S)
        self._report = _Held(self._run_report, FIGURES_STAND_S)
        self._experiment = _Held(self._run_experiment, FIGURES_STAND_S)

    async def overview(self) -> dict[str, Any]:
        """Workers, lag, rates and dead letters, as `shopkeeper status --json` has them."""
        found: dict[str, Any] = await self._overview.get()
        return found

    async def dead_letters(self) -> dict[str, Any]:
        """The newest letters, and how many each topic holds."""
        found: dict[str, Any] = await self._letters.get()
        return found

    async def report(self) -> dict[str, Any]:
        """Fairness and unanswered questions, as `shopkeeper report` computes them."""
        found: dict[str, Any] = await self._report.get()
        return found

    async def experiment(self) -> dict[str, Any]:
        """The A/B test, as `shopkeeper experiment` computes it."""
        found: dict[str, Any] = await self._experiment.get()
        return found

    async def user(self, user_id: str) -> dict[str, Any]:
        """The user's newest events, and what was answered to them, of what was written lately."""
        events = await self._on_thread(lambda: self._records_of(user_id, OF_USERS))
        answers = await self._on_thread(lambda: self._records_of(user_id, SAID_TO_USERS))
        return {"events": events, "outputs": answers, "looked_at_max": LOOKED_AT_MAX}

    async def _on_thread(self, work: Callable[[], Awaitable[Any]]) -> Any:
        async def body() -> Any:
            return await work()

        try:
            return await asyncio.to_thread(asyncio.run, body())
        except (KafkaError, OSError) as error:
            raise Unavailable(f"the broker does not answer: {error!r}") from None

    async def _read_overview(self) -> dict[str, Any]:
        async def work() -> dict[str, Any]:
            found = await overview(self._kafka, sources(), WINDOW_S)
            data = asdict(found)
            for one, shown in zip(found.services, data["services"], strict=True):
                shown |= {"lag": one.lag, "checkpoint_s": one.checkpoint_s}
                shown |= {"waiting_s": one.waiting_s}
            return data

        found: dict[str, Any] = await self._on_thread(work)
        return found

    async def _records_of(self, user_id: str, names: Sequence[str]) -> list[dict[str, Any]]:
        """Newest first."""
        key = user_id.encode()
        there = await partitions_of(self._kafka, [self._kafka.topic(name) for name in names])
        names = [name for name in names if there.get(self._kafka.topic(name))]
        if not names:
            return []
        found = []
        async with Reader(self._kafka, names, from_start=False) as reader:
            homes = {
                TopicPartition(full, partition_of(key, len(there[full]))): name
                for name in names
                for full in [self._kafka.topic(name)]
            }
            begins, ends = await reader.begin_offsets(), await reader.end_offsets()
            starts = {p: max(begins[p], ends[p] - LOOKED_AT_MAX) for p in homes}
            async for record in reader.between(starts, ends):
                if record.key == key and not is_copy(record):
                    found.append(told(reader.name(record), record, self._prefix))
        return newest_first(found, RECORDS_SHOWN)

    async def _read_letters(self) -> dict[str, Any]:
        async def work() -> dict[str, Any]:
            named = [t.name for t in topics.ALL if t.name.endswith(".dlq")]
            there = await partitions_of(self._kafka, [self._kafka.topic(n) for n in named])
            names = [n for n in named if self._kafka.topic(n) in there]
            counts = dict.fromkeys(names, 0)
            found = []
            if names:
                async with Reader(self._kafka, names, from_start=False) as reader:
                    begins, ends = await reader.begin_offsets(), await reader.end_offsets()
                    starts = {p: max(begins[p], ends[p] - LETTERS_EACH) for p in ends}
                    for place, end in ends.items():
                        counts[reader.name(place)] += end - begins[place]
                    async for record in reader.between(starts, ends):
                        found.append(letter(reader.name(record), record, self._prefix))
            return {"topics": counts, "letters": newest_first(found, LETTERS_SHOWN)}

        found: dict[str, Any] = await self._on_thread(work)
        return found

    async def _run_report(self) -> dict[str, Any]:
        with tempfile.TemporaryDirectory(prefix="shopkeeper-console-") as folder:
            path = Path(folder) / "figures.json"
            await self._program("report", str(path), "--lists-max", str(LISTS_MAX))
            found: dict[str, Any] = orjson.loads(path.read_bytes())
            return found

    async def _run_experiment(self) -> dict[str, Any]:
        if not self._environ.get("EXPERIMENT"):
            raise NotThere(
                "no experiment: give the gateway the EXPERIMENT that the recommender's workers have"
            )
        found: dict[str, Any] = orjson.loads(await self._program("experiment"))
        return found

    async def _program(self, *arguments: str) -> bytes:
        """What `shopkeeper ARGUMENTS` prints."""
        program = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "shopkeeper",
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, **self._environ},
        )
        try:
            async with asyncio.timeout(PROGRAM_S_MAX):
                out, errors = await program.communicate()
        except TimeoutError:
            raise Unavailable(
                f"`shopkeeper {arguments[0]}` took longer than {PROGRAM_S_MAX:g} s: run it yourself"
            ) from None
        finally:
            if program.returncode is None:
                program.kill()
                await program.wait()
        if program.returncode:
            said = errors.decode("utf-8", "replace").strip().removeprefix("Error: ")
            raise Unavailable(said[-ERROR_CHARACTERS_MAX:] or f"`shopkeeper {arguments[0]}` failed")
        return out
