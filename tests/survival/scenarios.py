"""What happens to a shop, twice: in the middle of each part of what is published. A scenario knows
nothing of what the shop is to remember.

`first` and `second` return once the worst is over: what still lasts, lasts through what is
published next. `after` ends it. `prepare` sets a shop up whose workers do not run yet.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.kafka.publisher import Publisher
from shopkeeper.shared.runtime.state.checkpoint_chain import FORMAT_VERSION

from . import golden, previous
from .shop import NO_SPACE, SESSION_TIMEOUT_S

AWAY_S = 3.0
THROTTLED_BYTES_PER_S = 60_000.0
PARTITIONS_AFTER = 6
FORMAT_TO_COME = 99
OLDER = (sys.executable, "-P", str(Path(__file__).with_name("older.py")))


class Scenario:
    """Nothing happens: the control, to which the others are compared."""

    name = "nothing"
    title = "nothing happens"
    restored = False  # the initial part is not published, but comes from a recording

    def prepare(self, shop):
        pass

    def begun(self, shop):
        """The initial part is published, and taken in."""

    def first(self, shop):
        pass

    def second(self, shop):
        pass

    def after(self, shop):
        pass


class Kill(Scenario):
    name = "kill"
    title = "`kill -9` of every worker, one half and then the other, started again"

    def first(self, shop):
        shop.kill("recommender-1", "sentiment-1")

    def second(self, shop):
        shop.kill("recommender-2", "intent-1", "answers-1")


class Freeze(Scenario):
    name = "freeze"
    title = "SIGSTOP of a worker of each service, for longer than the session timeout"
    frozen = ("recommender-1", "intent-1", "sentiment-1", "answers-1")

    def first(self, shop):
        shop.freeze(*self.frozen)

    def second(self, shop):
        time.sleep(SESSION_TIMEOUT_S + AWAY_S)
        shop.thaw(*self.frozen)
        shop.freeze("recommender-2")

    def after(self, shop):
        time.sleep(SESSION_TIMEOUT_S + AWAY_S)
        shop.thaw("recommender-2")


class Network(Scenario):
    """Workers behind a proxy."""

    def prepare(self, shop):
        shop.connect_workers()


class Cut(Network):
    name = "cut"
    title = "every connection of every worker reset, and refused for 3 s; then stalled for 12 s"

    def first(self, shop):
        shop.proxy.cut()
        time.sleep(AWAY_S)
        shop.proxy.resume()

    def second(self, shop):
        shop.proxy.stall()
        time.sleep(2 * SESSION_TIMEOUT_S)

    def after(self, shop):
        shop.proxy.resume()


class Slow(Network):
    name = "slow"
    title = "slow consumers: connections of workers throttled to 60 kB a second each"

    def first(self, shop):
        shop.proxy.throttle(THROTTLED_BYTES_PER_S)

    def after(self, shop):
        shop.proxy.resume()


class BrokerKilled(Scenario):
    name = "broker"
    title = "`kill -9` of the broker, started again with its log after 3 s"

    def first(self, shop):
        if not shop.node.crashes_freely:
            shop.settle()
        shop.node.kill()
        time.sleep(AWAY_S)
        shop.node.start()


class BrokerDisk(Scenario):
    name = "disk of the broker"
    title = "the broker's disk is full while more is published; then space again, and a start"

    def __init__(self):
        self._back = None

    def first(self, shop):
        shop.node.fill_disk()
        if shop.node.crashes_freely:  # it halts, and who publishes now waits until it is back
            self._back = ThreadPoolExecutor(1, "disk").submit(self.mend, shop.node)

    def mend(self, node):
        node.wait_full()
        time.sleep(AWAY_S)
        node.space_again()

    def second(self, shop):
        if self._back is None:
            shop.settle()
            self.mend(shop.node)
        else:
            self._back.result()


class WorkerDisk(Scenario):
    name = "disk of workers"
    title = "workers killed, and started where no file grows and what they print finds no space"

    def first(self, shop):
        for name in ("recommender-1", "intent-1", "sentiment-1", "answers-1"):
            shop.workers[name].kill()
            shop.start(name, command=NO_SPACE)


class Join(Scenario):
    name = "join"
    title = "a third recommender and a second worker of each other service join"
    joining = (("recommender-3", "recommender"), ("intent-2", "intent"))
    later = (("sentiment-2", "sentiment"), ("answers-2", "answers"))

    def first(self, shop):
        for name, service in self.joining:
            shop.start(name, service)

    def second(self, shop):
        for name, service in self.later:
            shop.start(name, service)


class Leave(Scenario):
    name = "leave"
    title = "SIGTERM: one of two recommenders stays away; every other worker comes again"

    def prepare(self, shop):
        shop.static = (
            False  # a member with an id is waited for, and by the embedded broker for ever
        )

    def first(self, shop):
        shop.stop("recommender-2", discard=True)

    def second(self, shop):
        for name in ("intent-1", "sentiment-1", "answers-1", "recommender-1"):
            shop.stop(name)
            shop.start(name)


class Grow(Scenario):
    name = "grow"
    title = "`shopkeeper topics grow`: from 4 partitions to 6"

    def first(self, shop):
        more = () if shop.node.evicts else ("--workers-wait", 300)
        status, said = shop.shopkeeper("topics", "grow", PARTITIONS_AFTER, *more)
        assert status == 0, said


class Upgrade(Scenario):
    name = "upgrade"
    title = "topics and checkpoints of the last recorded version, taken over by this one"
    restored = True

    def prepare(self, shop):
        golden.restore(shop)

    def begun(self, shop):
        nothing_again(shop)


class Downgrade(Scenario):
    name = "refused downgrade"
    title = "workers of the format before meet these checkpoints, and refuse; then these go on"

    def first(self, shop):
        shop.settle()
        shop.stop(*shop.workers)
        refused(shop, FORMAT_VERSION, command=OLDER)
        for name in shop.fleet:
            shop.start(name)
        shop.wait_ready()
        nothing_again(shop)


class Rollback(Scenario):
    name = "rollback"
    title = (
        "workers of an earlier version of the same format go on with these checkpoints; and back"
    )

    def first(self, shop):
        """The earlier version's workers are left to take what is published next."""
        folder = shop.held.enter_context(tempfile.TemporaryDirectory(prefix="shopkeeper-previous-"))
        commit, sources = previous.source(folder)
        print(f"rollback to {commit}", file=sys.stderr)
        self._exchanged(shop, sources)

    def second(self, shop):
        self._exchanged(shop, None)

    def _exchanged(self, shop, sources):
        shop.settle()
        shop.stop(*shop.workers)
        shop.source = sources
        shop.start_all()
        nothing_again(shop)


class Reset(Scenario):
    name = "reset"
    title = "checkpoints of a format to come: refused, then `shopkeeper checkpoints reset` of all"

    def first(self, shop):
        shop.settle()
        shop.stop(*shop.workers)
        for service in shop.services:
            asyncio.run(self.write_newer(shop, topics.checkpoints(service)))
        refused(shop, FORMAT_TO_COME)
        for service in shop.services:
            status, said = shop.shopkeeper("checkpoints", "reset", service, "--yes", "--force")
            assert status == 0, said
        for name in shop.fleet:
            shop.start(name)

    async def write_newer(self, shop, name):
        """The newest manifest of each partition once more, of a format that is to come."""
        newest = {
            record.partition: record
            for record in await asyncio.to_thread(shop.records, name)
            if record.key.endswith(b"/manifest")
        }
        assert newest, f"{name} has no checkpoint"
        async with Publisher(shop.kafka, "test") as publisher:
            for number, record in newest.items():
                value = json.dumps(json.loads(record.value) | {"format": FORMAT_TO_COME}).encode()
                await publisher.send(name, record.key, value, partition=number)


def refused(shop, version, command=()):
    """Every worker ends with one line that names the format, and the way out; none changes what the
    broker holds."""
    before = shop.extent()
    for name, said in shop.refused(command).items():
        errors = [line for line in said.splitlines() if f"has format {version}, " in line]
        assert len(errors) == 1, said
        assert f"shopkeeper checkpoints reset {shop.fleet[name]}" in errors[0], said
        assert "Traceback" not in said, said
    assert shop.extent() == before, "who refuses changes nothing"


def nothing_again(shop):
    """Workers that have started know all that the checkpoints hold, and read nothing of it."""
    again = {name: worker.total("events_consumed_total") for name, worker in shop.workers.items()}
    assert not any(again.values()), f"read again, past what checkpoints hold: {again}"


SCENARIOS = (Scenario, Kill, Freeze, Cut, Slow, BrokerKilled, BrokerDisk, WorkerDisk, Join, Leave,
             Grow, Upgrade, Downgrade, Rollback, Reset)  # fmt: skip
