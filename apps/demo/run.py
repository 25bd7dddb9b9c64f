"""Runs the demo: topics, workers, publishing, listening, and the screen, until it is stopped.

The workers are processes of their own; publishing, listening and drawing are tasks here. Drawing
happens in a thread, so that it does not delay what the latency is measured by.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import sys
import time
import urllib.error
import urllib.request
import webbrowser
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.console import Console
from rich.live import Live as Display

from shopkeeper import services
from shopkeeper.shared.contracts import topics
from shopkeeper.shared.datasets import products, readers
from shopkeeper.shared.datasets.knowledge import knowledge_events
from shopkeeper.shared.domains.pack import folder_of
from shopkeeper.shared.runtime.kafka import admin
from shopkeeper.shared.runtime.kafka.copies import is_copy
from shopkeeper.shared.runtime.kafka.publisher import Publisher
from shopkeeper.shared.runtime.kafka.reader import Reader
from shopkeeper.shared.runtime.processes import supervisor, terminal
from shopkeeper.shared.runtime.processes.embedded import ENDED, HOST, LOOK_S, gone
from shopkeeper.shared.runtime.processes.embedded_retention import EmbeddedRetention
from shopkeeper.shared.runtime.settings import KafkaSettings, read
from shopkeeper.shared.runtime.tasks import end_tasks

from . import faq, shoppers, view
from .control import Control
from .live import OUTPUT_TOPICS, Live, WorkerState
from .plain import plain_lines
from .wording import Wording

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from shopkeeper.shared.contracts.events.shop import KnowledgePublished, ProductCatalogued

    from .pack_files import PackFiles
    from .script import Script

BACKLOG_S = 300.0  # simulated shoppers were there before: what they did is learned first
SETTLE_S = 3.0  # latencies count from so long after the recommender is ready
FRAMES_PER_S = 4
PLAIN_EVERY_S = 5.0
PROBE_EVERY_S = 1.0
# Event ids that a worker remembers per partition: of half an hour instead of half a day, so that
# the demo's memory is flat while somebody watches. Its own producer repeats nothing.
RECENT_IDS_MAX = 10_000
RESUME_RECORDS = 500  # of each partition, a minute or so of all shoppers' lists: 4 MB, not 40
PAGES = "shop,console"
# Of the environment: a broker that is not the demo's, and keys that its pages do not have.
NOT_OURS = ("KAFKA_", "TOPIC_PREFIX", "GATEWAY_")
BUT = frozenset({"GATEWAY_ORIGINS"})  # pages of other origins, for who tries a frontend on the demo
OPEN_GATEWAY = b"no GATEWAY_SECRET_KEYS"  # a warning: here it listens to this machine alone
DRAIN_S = 12.0  # for a worker to end in order: a demo keeps nothing
STOP_GRACE_S = 20.0
LOG_LINES_MAX = 200
_LAG = re.compile(rb"^shopkeeper_consumer_lag_messages\{[^}]*\} ([0-9.e+]+)", re.MULTILINE)
_TROUBLE = re.compile(rb" (WARNING|ERROR|CRITICAL) ")


@dataclass(frozen=True, slots=True)
class Plan:
    """What the demo shall do."""

    products: Sequence[ProductCatalogued]
    events_per_s: float
    data: Path | None = None  # a user's file instead of simulated shoppers
    form: str = ""  # its format, a key of `readers.READERS`
    columns: Mapping[str, str] = field(default_factory=dict)  # its columns, by our fields
    skus: Mapping[str, str] = field(default_factory=dict)  # as of `readers.Options`
    duration_s: float | None = None
    picture: Path | None = None
    page_port: int = 0  # where the shop is shown
    opens_page: bool = False  # in a browser, once it is there
    full_view: bool = False  # the whole terminal, instead of a few lines
    seed: int = 1
    pack: PackFiles | None = None  # another domain than the demo's shop

    @property
    def script(self) -> Script:
        """What simulated shoppers want and write."""
        return shoppers.SHOP if self.pack is None else self.pack.script

    @property
    def knowledge(self) -> Sequence[KnowledgePublished]:
        """What the shop says; nothing beside a user's own data."""
        if self.data is not None:
            return ()
        return faq.built_in() if self.pack is None else self.pack.knowledge


class Demo:
    """One run against the broker at `address`, which must be empty or a former demo's."""

    def __init__(self, plan: Plan, address: str, environ: Mapping[str, str]) -> None:
        self._plan = plan
        self._kafka = KafkaSettings((address,))
        self._type_prefix = read(environ, "TYPE_PREFIX")
        self._partitions = int(read(environ, "TOPIC_PARTITIONS"))
        self._log: deque[bytes] = deque(maxlen=LOG_LINES_MAX)
        source = "simulated shoppers" if plan.data is None else f"{plan.data.name} ({plan.form})"
        self.live = Live(
            {p.product_id: p for p in plan.products},
            time.monotonic(),
            source=source,
            broker=address,
            page=f"http://{HOST}:{plan.page_port}/",
            words={} if plan.pack is None else plan.pack.said.words,
        )
        kept = {"RECENT_IDS_MAX": str(RECENT_IDS_MAX), **environ}
        kept = {k: v for k, v in kept.items() if k in BUT or not k.startswith(NOT_OURS)}
        own = {"KAFKA_BOOTSTRAP_SERVERS": address, "LOG_FORMAT": "text", "HTTP_PORT": "0"}
        own["DRAIN_DEADLINE"] = f"{DRAIN_S:g}"
        if plan.pack is not None:
            own["DOMAIN"] = str(folder_of(plan.pack.domain).absolute())
        own |= {
            "GATEWAY_HOST": HOST,
            "GATEWAY_PORT": str(plan.page_port),
            "GATEWAY_PAGES": PAGES,
            "GATEWAY_RESUME_RECORDS": str(RESUME_RECORDS),
        }
        self._control = Control(plan.events_per_s)
        if plan.data is not None:
            # Events of years ago would else be learned only, without lists.
            own["LIST_AGE_MAX"] = "1e10"
        else:
            own["GATEWAY_DEMO_CONTROL"] = self._control.address
        self._interactive = sys.stdout.isatty()
        self._supervisor = supervisor.Supervisor(
            supervisor.worker_programs(dict.fromkeys(services.NAMES, 1), {**kept, **own}, "demo"),
            policy=supervisor.Policy(stop_grace_s=STOP_GRACE_S),
            forward=self._forward,
            say=lambda line: self._forward(f" WARNING {line}\n".encode()),
        )
        self._stopping = asyncio.Event()
        self._ready = asyncio.Event()  # the recommender has been ready
        self._page_ready = asyncio.Event()  # the gateway has been ready

    def _forward(self, lines: bytes) -> None:
        for line in lines.splitlines():
            self._log.append(line)
            if _TROUBLE.search(line) and OPEN_GATEWAY not in line:
                self.live.trouble = line.decode("utf-8", "replace").strip()
        if not self._interactive:
            with contextlib.suppress(OSError):
                sys.stderr.buffer.write(lines)
                sys.stderr.buffer.flush()

    async def run(self) -> int:
        """Until a signal, the plan's duration, or a failure; returns the exit status."""
        terminal.stop_on_signals(self._stopping.set, self._supervisor.kill)
        with self._control.serving():
            return await self._run()

    async def _run(self) -> int:
        await admin.init_topics(self._kafka, self._partitions, 1, compacted=admin.COMPACTED_BY_US)
        supervising = asyncio.create_task(self._supervisor.run())
        tasks = [
            asyncio.create_task(work)
            for work in (
                self._publish(),
                self._listen(),
                self._probe(),
                self._show(),
                self._clean(),
                self._announce(),
            )
        ]
        [address] = self._kafka.bootstrap_servers
        broker_gone = asyncio.create_task(gone(address))
        until = [*tasks, supervising, broker_gone, asyncio.create_task(self._stopping.wait())]
        try:
            # Publishing may come to its end (a file does); the others end only by a failure.
            waiting = set(until)
            deadline = (
                None
                if self._plan.duration_s is None
                else time.monotonic() + (self._plan.duration_s)
            )
            while True:
                left_s = None if deadline is None else max(0.0, deadline - time.monotonic())
                done, waiting = await asyncio.wait(
                    waiting, timeout=left_s, return_when=asyncio.FIRST_COMPLETED
                )
                if done - {tasks[0]} or not done or any(t.exception() for t in done):
                    break
        finally:
            if any(t.done() and not t.cancelled() and t.exception() for t in tasks):
                await asyncio.wait([broker_gone], timeout=2 * LOOK_S)  # it may be why
            is_broker_gone = broker_gone.done()
            await end_tasks([broker_gone, until[-1], *tasks])
            if is_broker_gone:
                _say(f"{ENDED}, and what it held in memory is gone: start the demo again")
            results = await asyncio.gather(*tasks, return_exceptions=True)
            self._supervisor.stop()
            status = await supervising
        if is_broker_gone:
            return 1
        for result in results:
            if isinstance(result, Exception):
                raise result
        if self._plan.picture is not None:
            svg = view.picture(self.live, time.monotonic())
            self._plan.picture.write_text(svg, "utf-8")
        if status and self._interactive:
            sys.stderr.buffer.write(b"\n".join(list(self._log)[-20:]) + b"\n")
        return status

    # -- publishing

    def _events(self, events_per_s: float) -> Iterator[tuple[float, readers.ShopEvent]]:
        """(seconds after now at which it is due, event)."""
        plan = self._plan
        if plan.data is not None:
            now_ms = int(time.time() * 1000)
            named = readers.Options(columns=plan.columns, skus=plan.skus)
            events = readers.read(plan.data, plan.form, options=named, now_ms=now_ms)
            for index, event in enumerate(events):
                yield index / events_per_s, event
            return
        start_ms = int((time.time() - BACKLOG_S) * 1000)
        events = shoppers.shop_events(
            plan.products,
            seed=plan.seed,
            start_ms=start_ms,
            events_per_s=events_per_s,
            script=plan.script,
        )
        for event in events:
            yield (event.time_ms - start_ms) / 1000 - BACKLOG_S, event

    async def _publish(self) -> None:
        async with Publisher(self._kafka, "demo", self._type_prefix) as publisher:
            now_ms = int(time.time() * 1000)
            said = knowledge_events(self._plan.knowledge, now_ms)
            words = Wording(None if self._plan.pack is None else self._plan.pack.said)
            for event in (*products.catalogue_events(self._plan.products, now_ms), *said):
                self.live.sent(event, time.monotonic())
                await publisher.publish(event)
            await publisher.flush()
            if self._plan.data is not None:
                # Clicks that a starting worker finds as one heap get lists that know nothing yet.
                await self._ready.wait()
            wish, from_s = self._control.wish, -BACKLOG_S
            while True:
                events = self._events(wish.events_per_s)
                due = self._control.due(events, wish, publisher.ship, from_s=from_s)
                async for event in due:
                    self.live.sent(event, time.monotonic())
                    record = words.record(event)
                    if record is None:
                        await publisher.publish(event)
                    else:
                        await publisher.send(event.topic, event.key.encode(), record)
                await publisher.flush()
                if self._plan.data is not None:
                    break
                # Switched on anew: what they did before is in the log already.
                wish, from_s = await self._control.wanted(), 0.0
            self.live.published_all = True

    # -- listening

    async def _listen(self) -> None:
        names = [*OUTPUT_TOPICS, *(t.name for t in topics.ALL if t.name.endswith(".dlq"))]
        async with Reader(self._kafka, names, from_start=True) as reader:
            while True:
                records = await reader.poll(1.0)
                now_s = time.monotonic()
                for record in records:
                    if is_copy(record):
                        continue
                    cause = next((v for n, v in record.headers if n == "ce_causationid"), b"")
                    self.live.received(
                        reader.name(record), record.value, (cause or b"").decode(), now_s
                    )

    async def _clean(self) -> None:
        """Keep the embedded broker's memory flat, which it does not do by itself."""
        async with EmbeddedRetention(self._kafka) as retention:
            await retention.run()

    async def _probe(self) -> None:
        """Ask each worker whether it is ready and how far behind, about once a second."""
        while True:
            statuses = self._supervisor.status()
            answers = await asyncio.gather(*(asyncio.to_thread(ask, s.http_port) for s in statuses))
            self.live.workers = [
                WorkerState(
                    s.service,
                    ("ready" if ready else "starting") if s.state == "running" else s.state,
                    s.pid,
                    s.restarts,
                    lag,
                )
                for s, (ready, lag) in zip(statuses, answers, strict=True)
            ]
            if any((w.name, w.state) == ("gateway", "ready") for w in self.live.workers):
                self._page_ready.set()
            states = [w.state for w in self.live.workers if w.name == "recommender"]
            if states and set(states) == {"ready"}:
                self._ready.set()
                if self.live.measure_from_s is None:
                    self.live.measure_from_s = time.monotonic() + SETTLE_S
            else:
                self.live.measure_from_s = None
            await asyncio.sleep(PROBE_EVERY_S)

    # -- showing

    async def _announce(self) -> None:
        """Say where the shop is, once it is there, and open it."""
        await self._page_ready.wait()
        if not self._interactive:
            with contextlib.suppress(OSError):
                print(
                    f"{self.live.say('shop')}: {self.live.page}  console: {self.live.page}console",
                    flush=True,
                )
        self.live.page_ready = True
        if self._plan.opens_page:
            await asyncio.to_thread(webbrowser.open, self.live.page)
        await asyncio.Event().wait()

    async def _show(self) -> None:
        try:
            await self._draw()
        except OSError as error:
            if not terminal.lost_output(error):
                raise
            await asyncio.Event().wait()  # until the signal ends us, or on without a view

    async def _draw(self) -> None:
        if not self._interactive:
            while True:
                await asyncio.sleep(PLAIN_EVERY_S)
                for line in plain_lines(self.live, time.monotonic()):
                    print(line, flush=True)
        console = Console()
        full = self._plan.full_view
        with Display(
            console=console, screen=full, auto_refresh=False, redirect_stderr=False
        ) as display:
            while True:
                now_s = time.monotonic()
                frame = view.frame(self.live, now_s, full, (console.width, console.height))
                await asyncio.to_thread(display.update, frame, refresh=True)
                await asyncio.sleep(1 / FRAMES_PER_S)


def _say(line: str) -> None:
    with contextlib.suppress(OSError):
        print(line, file=sys.stderr, flush=True)


def ask(port: int) -> tuple[bool, int | None]:
    """(ready, lag) of the worker at this port; lag None where it does not say."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=1.0):
            ready = True
    except urllib.error.HTTPError:
        ready = False
    except OSError:
        return False, None
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=1.0) as answer:
            found = _LAG.findall(answer.read())
    except OSError:
        return ready, None
    return ready, int(sum(float(value) for value in found)) if found else None
