"""A schedule: what a shop publishes and what goes wrong, as values that a seed gives.

What is not in it (delays, the order of callbacks, the size of a fetch) is drawn as the schedule
runs, from the same seed; so a part can be left out of a schedule, and what is left runs again.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Literal, TypeAlias

from shopkeeper.shared.runtime.kafka.sink import partition_of

from .service import REFUSED_ITEM

Kind: TypeAlias = Literal["click", "other type", "bad", "refused", "marker"]
FaultKind: TypeAlias = Literal[
    "crash",
    "freeze",
    "stop",
    "torn checkpoint",
    "crash in mid-delivery",
    "delivery lost",
    "delivery unconfirmed",
    "delivery slow",
    "checkpoint lost",
    "checkpoint late",
    "read failed",
    "slow",
    "rebalance",
    "members forgotten",
    "chunks lost",
]
# By kind, how often each is drawn.
OF_WORKERS: dict[FaultKind, int] = {
    "crash": 4,
    "freeze": 4,
    "stop": 3,
    "torn checkpoint": 4,
    "crash in mid-delivery": 4,
    "delivery lost": 4,
    "delivery unconfirmed": 3,
    "delivery slow": 3,
    "checkpoint lost": 2,
    "checkpoint late": 3,
    "read failed": 2,
    "slow": 2,
}
OF_BROKERS: dict[FaultKind, int] = {"rebalance": 4, "members forgotten": 1, "chunks lost": 2}
FAULTS = {**OF_WORKERS, **OF_BROKERS}
EVENTS_MAX, FAULTS_MAX = 32, 7
LENGTH_S = 3.0
# Schedules that draw from a few kinds of faults only (swarm testing: Groce et al. 2012, "Swarm
# testing"): what takes several of one kind at once is rare where all kinds compete.
SWARM_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Input:
    """One record of a shop. event_id "": it has none of its own."""

    at: float
    partition: int
    user: str
    item: str
    event_id: str = ""
    kind: Kind = "click"

    def __str__(self) -> str:
        what = f"{self.user} clicks {self.item}" if self.kind == "click" else self.kind
        named = f" (id {self.event_id})" if self.event_id else ""
        return f"{self.at:6.3f} s  clicks/{self.partition}: {what}{named}"


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that goes wrong. seconds: how long a worker is away, frozen or slow."""

    at: float
    kind: FaultKind
    worker: int = 0
    seconds: float = 0.0

    def __str__(self) -> str:
        who = f" of worker {self.worker}" if self.kind in OF_WORKERS else ""
        lasting = f" for {self.seconds:.3f} s" if self.seconds else ""
        return f"{self.at:6.3f} s  {self.kind}{who}{lasting}"


@dataclass(frozen=True, slots=True)
class Schedule:
    """All that a run is given. starts: when each worker is started first."""

    seed: int
    user_partitions: int
    item_partitions: int
    starts: tuple[float, ...]
    batch_records: int  # that fit into a request
    buffered: bool  # whether deltas wait for a flush
    buffer_bytes: int  # at which a worker stops fetching
    static: bool  # whether the group's members are
    inputs: tuple[Input, ...]
    faults: tuple[Fault, ...]

    def __str__(self) -> str:
        told: list[Input | Fault] = [*self.inputs, *self.faults]
        started = ", ".join(f"{n} at {at:.3f} s" for n, at in enumerate(self.starts))
        lines = [
            f"seed {self.seed}: {self.user_partitions} partitions of clicks, "
            f"{self.item_partitions} of items, requests of up to {self.batch_records} records, "
            f"deltas {'buffered' if self.buffered else 'at once'}, "
            f"at most {self.buffer_bytes} bytes fetched, "
            f"{'static' if self.static else 'dynamic'} members",
            f"workers: {started}",
            *(f"  {each}" for each in sorted(told, key=lambda each: each.at)),
        ]
        return "\n".join(lines)


def draw(seed: int) -> Schedule:
    """The schedule of a seed."""
    random = Random(f"schedule {seed}")
    users = random.choice((2, 2, 3))
    workers = random.choice((2, 2, 3))
    starts = tuple(
        0.0 if n == 0 else random.choice((0.0, random.uniform(0, 2))) for n in range(workers)
    )
    return Schedule(
        seed=seed,
        user_partitions=users,
        item_partitions=random.choice((1, 2, 2)),
        starts=starts,
        batch_records=random.choice((1, 2, 3, 5)),
        buffered=random.random() < 0.6,
        buffer_bytes=random.choice((500, 1500, 100_000)),
        static=random.random() < 0.5,
        inputs=_inputs(random, users),
        faults=_faults(random, workers),
    )


def _inputs(random: Random, partitions: int) -> tuple[Input, ...]:
    names = [f"u{n}" for n in range(random.randint(1, 5))]
    items = [f"i{n}" for n in range(random.randint(1, 4))]
    found: list[Input] = []
    moments = [random.uniform(0.05, LENGTH_S) for _ in range(random.randint(1, 4))]
    bursts = random.choice((0.0, 0.5, 1.0))
    for n in range(random.randint(4, EVENTS_MAX)):
        user, item = random.choice(names), random.choice(items)
        at = random.uniform(0.05, LENGTH_S)
        if random.random() < bursts:
            at = random.choice(moments)
        draw = random.random()
        kind: Kind = "click"
        if draw < 0.12:
            kind = random.choice(("other type", "bad", "refused", "marker"))
        home = partition_of(user.encode(), partitions)
        place = random.randrange(partitions) if random.random() < 0.25 else home
        event_id = f"e{n}" if random.random() < 0.5 else ""
        if kind == "refused":
            item, place = REFUSED_ITEM, home
        found.append(Input(at, place, user, item, event_id, kind))
        if event_id and kind == "click" and random.random() < 0.3:
            # A producer tries again; not every one of them still knows the same partitions.
            again = random.randrange(partitions) if random.random() < 0.3 else place
            later = min(LENGTH_S, at + random.random() * random.random() * 2)
            found.append(Input(later, again, user, item, event_id))
    return tuple(sorted(found, key=lambda each: each.at))


def _faults(random: Random, workers: int) -> tuple[Fault, ...]:
    found: list[Fault] = []
    kinds = list(FAULTS)
    if random.random() < SWARM_SHARE:
        kinds = random.sample(kinds, random.randint(2, 5))
    weights = [FAULTS[kind] for kind in kinds]
    for _ in range(random.randint(1, FAULTS_MAX)):
        kind = random.choices(kinds, weights)[0]
        seconds = random.uniform(0.05, 1.5)
        if kind == "freeze":
            seconds = random.choice((random.uniform(0.05, 1.0), random.uniform(1.6, 3.0)))
        elif kind not in ("crash", "stop", "slow", "torn checkpoint"):
            seconds = 0.0
        at = random.uniform(0.2, LENGTH_S)
        if found and random.random() < 0.4:
            at = min(LENGTH_S, found[-1].at + random.uniform(0, 0.5))  # while that is going on
        found.append(Fault(at, kind, random.randrange(workers), seconds))
    return tuple(sorted(found, key=lambda each: each.at))
