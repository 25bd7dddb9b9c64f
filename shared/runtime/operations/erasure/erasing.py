"""Erases a user, in the order in which it holds through any crash; everything may be repeated.

1. The user's reviews are withdrawn, on the shop's topic.
2. `user.erased.v1` goes among the clicks, and who was erased on the topic that every worker reads.
3. What workers had still to read of the user they have read, durably (`settling`).
4. Records that name the user leave the topics of ours (`rewriting`), tombstones among them.
5. Everything is looked through again (`survey`), checkpoints as well.

Step 2 to 5 are repeated while something is left and there is time.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from shopkeeper.shared.contracts import erased_users, topics
from shopkeeper.shared.contracts.outputs import JSON, rfc3339
from shopkeeper.shared.contracts.withdrawals import withdrawal

from ...kafka.publisher import Publisher
from . import settling
from .inputs import kept
from .rewriting import Rewriter
from .survey import Found, by_topic, erasures, in_checkpoints, reviews_of, survey
from .traces import GRACE_MS, Wanted, ours

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from aiokafka import TopicPartition

    from ...settings import KafkaSettings
    from .inputs import Kept

ERASED = "user.erased.v1"
ROUNDS = 3  # of waiting: what one service makes of it another one reads, and a third
LOOK_S = 1.0
PAUSE_S = 2.0


@dataclass
class Report:
    """What was found of a user, and what is left. By topic, records; checkpoints by topic too."""

    before: dict[str, int]
    after: dict[str, int] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)  # a line for each place with something
    seconds: float = 0.0


class Erasing:
    """One user. wait_s: how long to go on. copies_max: see `Rewriter`. say: told what happens."""

    def __init__(
        self,
        kafka: KafkaSettings,
        user: str,
        *,
        wait_s: float,
        copies_max: int,
        say: Callable[[str], object],
    ) -> None:
        self._kafka, self._user, self._say = kafka, user, say
        self._copies_max = copies_max
        self._started = time.monotonic()
        self._deadline = self._started + wait_s
        self._wanted = Wanted({}, names={user})
        # The user, and those whom logins linked to it. Whom else the shop had erased may be back.
        self._own = Wanted({erased_users.number_of(user): 0})
        self._words: set[str] = set()
        self._why: dict[str, str] = {}  # place -> why it was not rewritten

    async def look(self) -> Report:
        """What there is, and nothing else. Raises KafkaError."""
        await self._take_erasures()
        await self._take_reviews()
        return Report(await self._counts(await self._survey(ours())))

    async def run(self) -> Report:
        """Erase. Raises KafkaError."""
        await self._take_erasures()
        await self._take_reviews()
        report = Report(await self._counts(await self._survey(ours())))
        services = await settling.used(self._kafka)
        self._say(f"waiting for {', '.join(services) or 'nobody'}")
        while True:
            await self._tell()
            for _ in range(ROUNDS):
                unread = await settling.until_read(self._kafka, services, self._deadline)
            await self._take_erasures()
            if await self._take_reviews() and time.monotonic() < self._deadline:
                continue  # of an id that a login linked to the user
            found = await self._remove()
            hits = await self._until_rewritten(services)
            report.left = [*_unread(unread), *self._lines(found, hits)]
            if not report.left or time.monotonic() + PAUSE_S >= self._deadline:
                break
            self._say(f"{len(report.left)} places are left: once more")
            await asyncio.sleep(PAUSE_S)
        report.after = {**by_topic(found)}
        for (service, _), count in hits.items():
            name = topics.checkpoints(service)
            report.after[name] = report.after.get(name, 0) + count
        report.seconds = time.monotonic() - self._started
        return report

    async def inputs(self) -> list[Kept]:
        """What the shop's own topics still have. Raises KafkaError."""
        return await kept(self._kafka, self._own)

    # -- what is looked for

    async def _take_reviews(self) -> bool:
        """What the user wrote; whether there is more than was known."""
        found = await reviews_of(self._kafka, self._own)
        more = not found.known <= self._wanted.reviews
        self._wanted.reviews |= found.known
        self._words |= {*found.words}
        return more

    async def _take_erasures(self) -> None:
        """Everybody who was erased by now: the ids that logins linked to the user among them, and
        whom the shop had erased by an event."""
        times, named = await erasures(self._kafka)
        own = self._own.until_ms
        # One event, one time: of an erasure that somebody began who was killed, too.
        together_ms = times.get(erased_users.number_of(self._user))
        numbers = {*own, *(number for number, at in times.items() if at == together_ms)}
        own |= dict.fromkeys(numbers, int(time.time() * 1000) + GRACE_MS)
        self._wanted.until_ms = times | own
        if named:  # of an earlier version: said again without the id, before that goes
            async with Publisher(self._kafka, "shopkeeper/erase") as publisher:
                for said in named:
                    record = erased_users.encode(said.user or "", said.time_ms)
                    await publisher.send(topics.ERASED_USERS, *record)

    async def _survey(self, names: list[str]) -> list[Found]:
        return await survey(self._kafka, names, self._wanted, sorted(self._words))

    async def _in_checkpoints(self, services: list[str]) -> dict[tuple[str, int], int]:
        own = self._own.until_ms
        names = [name for name in self._wanted.names if erased_users.number_of(name) in own]
        return await in_checkpoints(self._kafka, services, names)

    async def _counts(self, found: list[Found]) -> dict[str, int]:
        services = await settling.used(self._kafka)
        counts = {**by_topic(found)}
        hits = await self._in_checkpoints(services) if services else {}
        for (service, _), count in hits.items():
            name = topics.checkpoints(service)
            counts[name] = counts.get(name, 0) + count
        return counts

    # -- what is done

    async def _tell(self) -> None:
        """Withdrawals first: who is killed after them finds the reviews again, by their author."""
        now_ms = int(time.time() * 1000)
        async with Publisher(self._kafka, "shopkeeper/erase", "") as publisher:
            for product_id, review_id in sorted(self._wanted.reviews):
                key, value, headers = withdrawal(product_id, review_id, now_ms)
                await publisher.send(topics.REVIEWS, key, value, headers)
            await publisher.flush()
            headers = [
                ("content-type", JSON),
                ("ce_specversion", b"1.0"),
                ("ce_id", f"erase/{uuid.uuid4()}".encode()),
                ("ce_source", b"shopkeeper/erase"),
                ("ce_type", ERASED.encode()),
                ("ce_time", rfc3339(now_ms)),
            ]
            value = msgspec.json.encode({"user_id": self._user})
            await publisher.send(topics.CLICKS, self._user.encode(), value, headers)
            await publisher.send(topics.ERASED_USERS, *erased_users.encode(self._user, now_ms))

    async def _remove(self) -> list[Found]:
        """Take out what can be; what is left after it."""
        found = await self._survey(ours())
        self._why.clear()
        async with Rewriter(self._kafka, self._copies_max) as rewriter:
            for one in found:
                if one.standing:
                    why = f"the worker has not removed the value at {one.standing[0]}"
                else:
                    why = await rewriter.remove(one)
                if why:
                    self._why[f"{one.topic}/{one.place.partition}"] = why
        names = sorted({one.topic for one in found})
        return await self._survey(names) if names else []

    async def _until_rewritten(self, services: list[str]) -> dict[tuple[str, int], int]:
        """Checkpoints that still name the user, once no worker is about to write them anew."""
        while services:
            hits = await self._in_checkpoints(services)
            if not hits or time.monotonic() >= self._deadline:
                return hits
            await asyncio.sleep(LOOK_S)
        return {}

    def _lines(self, found: list[Found], hits: dict[tuple[str, int], int]) -> list[str]:
        lines = []
        for one in found:
            place = f"{one.topic}/{one.place.partition}"
            more = f" and {len(one.traces) - 1} more" if len(one.traces) > 1 else ""
            why = self._why.get(place, "it came meanwhile")
            lines.append(f"{place} at {one.traces[0]}{more}: {why}")
        for (service, number), count in hits.items():
            place = f"{topics.checkpoints(service)}/{number}"
            lines.append(f"{place}, {count} records: no worker has written its state anew")
        return lines


def _unread(unread: Mapping[str, Sequence[TopicPartition]]) -> list[str]:
    """What a worker has yet to read it may yet publish something of."""
    return [
        f"{service} has not read {', '.join(f'{p.topic}/{p.partition}' for p in places)}: "
        "does it run?"
        for service, places in unread.items()
    ]
