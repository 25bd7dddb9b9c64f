"""The runs of one contender: started and warm, then waves of clicks, an open load, or kill -9."""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from harness import PARTITIONS, fresh_topics, publish, synthetic_clicks

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.testing.workers import worker_process

from . import latency, measure, roster

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from shopkeeper.shared.datasets.readers import ShopEvent
    from shopkeeper.shared.runtime.settings import KafkaSettings
    from shopkeeper.shared.testing.workers import WorkerProcess

    from .roster import Contender

ITEMS = 5_000
OUT = topics.SEARCHES  # any topic that nobody reads here and that exists
SETTLE_S_MAX = 120.0
WARM = 2_000  # clicks before those that are measured
FIRST_WAVE, WAVES_MAX = 4_000, 4
# Of the recovery: an open load that every contender keeps up with, and when it is killed.
RECOVERY_RATE, RECOVERY_S, KILL_S, BACK_S_MAX, STILL_S = 500.0, 24.0, 12.0, 150.0, 8.0


class Warm(NamedTuple):
    """A contender that runs and has done the first clicks."""

    kafka: KafkaSettings
    out: str  # the topic that it publishes lists to
    pid: int
    # (count, seconds): until so many events are done since its start, or the time has passed
    wait: Callable[[int, float], measure.Sample]
    start_s: float  # until the first clicks were done


@contextmanager
def task(
    contender: Contender, job: str, kafka: KafkaSettings
) -> Iterator[tuple[dict[str, str], Path]]:
    """(environment, folder for state) of one contender's process."""
    with tempfile.TemporaryDirectory(prefix="peer-") as folder:
        environ = {
            **os.environ,
            "PEER_JOB": job,
            "PEER_BROKER": kafka.bootstrap_servers[0],
            "PEER_CLICKS": kafka.topic(topics.CLICKS),
            "PEER_OUT": kafka.topic(OUT),
            "PEER_GROUP": f"peer-{contender.package or 'shopkeeper'}-{job}-{os.getpid()}",
            "PEER_FOLDER": folder,
            "PEER_PARTITIONS": str(PARTITIONS),
            **contender.prepare(Path(folder)),
        }
        yield environ, Path(folder)


@contextmanager
def warm_peer(contender: Contender, job: str) -> Iterator[Warm]:
    """A peer on a broker of its own. Raises Failed."""
    with fresh_topics() as kafka, task(contender, job, kafka) as (environ, _):
        publish(kafka, clicks(WARM, 0))
        started = time.monotonic()
        with measure.running(contender.command(), environ, roster.FOLDER) as peer:
            if peer.wait(WARM, measure.WARM_S_MAX).count < WARM:
                raise measure.Failed(f"{peer.last_count} of {WARM} events done: {peer.said()}")
            start_s = round(peer.last_at - started, 1)
            yield Warm(kafka, kafka.topic(OUT), peer.popen.pid, peer.wait, start_s)


@contextmanager
def warm_recommender(lists: bool) -> Iterator[Warm]:
    """The recommender, everything on, on a broker of its own. Raises Failed.

    lists: a list for each click as well; else it learns, and publishes similar items as they
    change. A wave is done when its last increment is counted and in a checkpoint, too.
    """
    counter = ("events_processed_total", topics.CLICKS)
    if lists:
        counter = ("events_produced_total", topics.RECOMMENDATIONS)
    settings = {
        "CHECKPOINT_INTERVAL": 5, "LOG_LEVEL": "WARNING", "LIST_AGE_MAX": 86_400 if lists else 0,
    }  # fmt: skip
    with fresh_topics() as kafka:
        publish(kafka, clicks(WARM, 0))
        started = time.monotonic()
        with worker_process("recommender", kafka, **settings) as worker:

            def wait(count: int, seconds: float) -> measure.Sample:
                return wait_for(worker, counter, count, seconds)

            if wait(WARM, measure.WARM_S_MAX).count < WARM:
                raise measure.Failed(f"not {WARM} events of {counter[1]} within the time")
            start_s = round(time.monotonic() - started, 1)
            out = kafka.topic(topics.RECOMMENDATIONS)
            yield Warm(kafka, out, worker.popen.pid, wait, start_s)


def open_loads(warm: Warm, rate: float) -> list[dict[str, Any]]:
    """Latencies at shares of a rate, the smallest first."""
    loads = []
    for share in latency.SHARES:
        wanted = share * rate
        if wanted > latency.SENDER_RATE_MAX:
            loads.append({"share": share, "why": f"the sender does not reach {wanted:.0f}/s"})
            continue
        before = measure.cpu_s(warm.pid)
        load = latency.at_rate(warm.kafka, warm.out, wanted)
        cpu_s = measure.cpu_s(warm.pid) - before
        load["cpu_s_per_million"] = round(cpu_s / load["lists_expected"] * 1e6, 1)
        loads.append({"share": share, **load})
    return loads


def waves(warm: Warm, args: argparse.Namespace) -> dict[str, Any]:
    """Figures of the largest wave of clicks that is done within the time.

    While a wave is published the process is stopped, so that the publisher has the machine to
    itself and all clicks wait. The first wave is small; by its rate the next one is chosen, so that
    every wave is done to its end: of a job in two steps the first would else run ahead, uncounted.
    """
    idle = measure.idle_cores(warm.pid)
    done, size, found = WARM, min(FIRST_WAVE, args.events), {}
    for number in range(1, WAVES_MAX + 1):
        with measure.stopped(warm.pid):
            publish(warm.kafka, clicks(size, number))
            first = measure.Sample(done, time.monotonic(), measure.cpu_s(warm.pid))
        done += size
        last = warm.wait(done, 3 * args.seconds)
        if last.count < done:
            missing = f"{done - last.count} of a wave of {size} undone in {3 * args.seconds:g} s"
            if not found:
                raise measure.Failed(missing)
            found["remark"] = missing
            break
        found = measure.figures(first, last)
        enough = number > 1 and last.at - first.at > args.seconds / 2
        if size == args.events or enough:
            break
        size = min(args.events, int(0.8 * args.seconds * found["events_per_second"]))
    rss_mb = round(measure.rss_peak_mb(warm.pid))
    return {**found, "rss_peak_mb": rss_mb, "idle_cores": idle, "start_s": warm.start_s}


def clicks(count: int, wave: int) -> Iterator[ShopEvent]:
    """As many clicks of six-click sessions, of users of this wave; dated now, for lists."""
    start_ms = int(time.time() * 1000) - count
    for event in synthetic_clicks(count, ITEMS, max(1, count // 6), start_ms, wave):
        user = f"{event.key}-{wave}"
        session = f"{event.data['session_id']}-{wave}"
        data = {**event.data, "user_id": user, "session_id": session}
        yield event._replace(key=user, data=data)


def wait_for(
    worker: WorkerProcess, counter: tuple[str, str], count: int, seconds: float
) -> measure.Sample:
    """As `Peer.wait`, by a counter (name, topic) of the worker's. The processor time is that
    until everything is counted and in a checkpoint. Raises Failed."""
    key = (f"shopkeeper_{counter[0]}", (("topic", counter[1]),))
    deadline = time.monotonic() + seconds
    while (done := int(worker.metrics().get(key, 0.0))) < count and time.monotonic() < deadline:
        worker.alive()
        time.sleep(0.1)
    at = time.monotonic()
    while done >= count and worker.total("consumer_lag_messages") > 0:
        time.sleep(0.2)
        if time.monotonic() > at + SETTLE_S_MAX:
            raise measure.Failed("counts did not settle")
    return measure.Sample(done, at, measure.cpu_s(worker.popen.pid))


def recover(contender: Contender) -> dict[str, Any]:
    """How `count` comes back after kill -9 under a steady load. Raises Failed.

    recovery_s: from the kill, the new process started at once, to the first event done.
    events_again: done by both processes, less what either had not reported (50 ms of clicks).
    Whether they are counted twice depends on whether state and offset were restored together.
    None where progress itself is restored, so that it does not tell.
    """
    total = int(RECOVERY_RATE * RECOVERY_S)
    with fresh_topics() as kafka, task(contender, "count", kafka) as (environ, _):
        publish(kafka, clicks(WARM, 0))
        command = contender.command()
        with measure.running(command, environ, roster.FOLDER) as peer:
            if peer.wait(WARM, measure.WARM_S_MAX).count < WARM:
                raise measure.Failed(f"{peer.last_count} of {WARM} events done: {peer.said()}")
            sender = latency.sender_of(kafka, RECOVERY_RATE, RECOVERY_S)
            peer.wait(WARM + total, KILL_S)
            peer.kill()
            killed, before = time.monotonic(), peer.last_count
        with measure.running(command, environ, roster.FOLDER) as peer:
            peer.wait(1, BACK_S_MAX)
            if not peer.last_count:
                sender.kill()
                raise measure.Failed(f"not back within {BACK_S_MAX:g} s: {peer.said()}")
            recovery_s = peer.last_at - killed
            sender.wait(BACK_S_MAX)
            # Until nothing more is done: a few events before the kill may have gone unreported.
            while time.monotonic() < max(peer.last_at, killed + RECOVERY_S) + STILL_S:
                peer.wait(peer.last_count + 1, 1.0)
            sender.communicate(timeout=60)
            again = before + peer.last_count - WARM - total
    return {
        "clicks_per_second": RECOVERY_RATE, "recovery_s": round(recovery_s, 1),
        "events_again": None if contender.restores_progress else again,
    }  # fmt: skip
