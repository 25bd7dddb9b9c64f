"""The simulated service: counts clicks by user, and pairs of items from deltas.

It keeps the promises of the recommender's two steps and no more. *Users* count clicks and publish
an answer at once, and deltas for the items' partitions, buffered until `flush`; every entry carries
the offset of the event that caused it, and no record ends inside one. *Items* add entries up,
remember the highest offset that they applied per partition of users, and publish rows by the clock.
A click on the shared item is told to another user's partition as well, as a login is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.envelope import Event, Output, Rejected
from shopkeeper.shared.runtime.api.processor import Changes
from shopkeeper.shared.runtime.api.service import Handovers, Service, Source
from shopkeeper.shared.runtime.kafka.routing import handover
from shopkeeper.shared.runtime.kafka.sink import partition_of
from shopkeeper.shared.runtime.state.segments import unpack

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from shopkeeper.shared.runtime.api.processor import Sections
    from shopkeeper.shared.runtime.state.checkpoint import Checkpoint

USERS, ITEMS = topics.CLICKS, topics.ITEM_PAIRS  # the two sources
ANSWERS, ROWS = topics.RECOMMENDATIONS, topics.SIMILAR_ITEMS  # what is published for subscribers
NAME = "recommender"  # whose topics these are
CLICKED = "product.clicked.v1"
SECTION = "counts"
ENTRIES_MAX = 2  # of a record of deltas
REFUSED_ITEM = "refused"  # an event that the core refuses
SHARED_ITEM = "i0"  # whose clicks are told to the friend of their user
SHARED = "shared"  # what such an event is


class Told(NamedTuple):
    """The data of a handover: who is told."""

    user_id: str


def friend_of(user: str) -> str:
    """Another user, who may belong to another partition."""
    return f"{user}'s friend"


def targets_of(previous: str, item: str) -> list[str]:
    """The keys that a click counts: its item, and the pair with the item before it."""
    return [item, f"{previous}>{item}"] if previous else [item]


class UsersProcessor:
    """One partition of clicks."""

    def __init__(self, partition: int, counts: tuple[int, int], buffered: bool) -> None:
        """counts: of partitions of users, and of items."""
        self._partition = partition
        self._user_partitions, self._item_partitions = counts
        self._buffers = buffered
        self._users: dict[str, list[Any]] = {}  # user -> [clicks, last item, told]
        self._sent: dict[int, int] = {}  # entries so far, by partition of items
        self._buffered: dict[int, list[list[Any]]] = {}
        self._touched: set[str] = set()  # since the last checkpoint

    def process(self, events: Sequence[Event], now_ms: int) -> tuple[list[Output], list[Rejected]]:
        outputs: list[Output] = []
        rejected: list[Rejected] = []
        for event in events:
            user = event.data.user_id
            if event.type == SHARED:
                self._of(user)[2] += 1
                continue
            item = event.data.product_id
            if item == REFUSED_ITEM:
                rejected.append(Rejected(event.offset, "validate", "out_of_range", "simulated"))
                continue
            known = self._of(user)
            for key in targets_of(known[1], item):
                owner = partition_of(key.encode(), self._item_partitions)
                nth = self._sent[owner] = self._sent.get(owner, 0) + 1
                self._buffered.setdefault(owner, []).append([event.offset, key, nth])
            known[0] += 1
            known[1] = item
            value = orjson.dumps([user, known[0], item])
            outputs.append(Output(ANSWERS, user.encode(), value, [("ce_id", event.id.encode())]))
            if item == SHARED_ITEM:
                outputs += self._share(friend_of(user), event.offset)
        return outputs if self._buffers else outputs + self.flush(), rejected

    def _of(self, user: str) -> list[Any]:
        self._touched.add(user)
        return self._users.setdefault(user, [0, "", 0])

    def _share(self, friend: str, offset: int) -> list[Output]:
        owner = partition_of(friend.encode(), self._user_partitions)
        if owner == self._partition:
            self._of(friend)[2] += 1
            return []
        told = handover(
            USERS,
            friend,
            friend.encode(),
            SHARED,
            sender=self._partition,
            cause=(offset, 0),
            partition=owner,
        )
        return [told]

    def flush(self) -> list[Output]:
        buffered, self._buffered = self._buffered, {}
        outputs = []
        for owner, entries in sorted(buffered.items()):
            start = 0
            while start < len(entries):
                end = min(start + ENTRIES_MAX, len(entries))
                while end < len(entries) and entries[end][0] == entries[end - 1][0]:
                    end += 1
                value = orjson.dumps([self._partition, entries[start:end]])
                outputs.append(Output(ITEMS, None, value, [], owner))
                start = end
        return outputs

    def on_timer(self, now_ms: int) -> list[Output]:
        return []

    def snapshot(self) -> Sections:
        self._touched.clear()
        return {SECTION: orjson.dumps([self._users, sorted(self._sent.items())])}

    def changes(self) -> Changes:
        users = {user: self._users[user] for user in sorted(self._touched)}
        self._touched.clear()
        return Changes({SECTION: orjson.dumps([users, sorted(self._sent.items())])}, {})

    def apply(self, added: Mapping[str, bytes]) -> None:
        users, sent = orjson.loads(added[SECTION])
        self._users |= users
        self._sent = dict(sent)

    def restore(self, sections: Mapping[str, bytes]) -> None:
        self._users, sent = orjson.loads(sections[SECTION])
        self._sent = dict(sent)


class ItemsProcessor:
    """One partition of items. stale: whether all rows are to be published again, once."""

    def __init__(self, partition: int, stale: Callable[[], bool]) -> None:
        self._counts: dict[str, int] = {}
        self._applied: dict[str, int] = {}  # by partition of users, the highest offset
        self._changed: dict[str, None] = {}
        self._unconfirmed: dict[str, None] = {}
        self._stale, self._refreshed = stale, False
        self._added: dict[str, int] = {}  # to the counts, since the last checkpoint

    def process(self, events: Sequence[Event], now_ms: int) -> tuple[list[Output], list[Rejected]]:
        for event in events:
            origin, entries = orjson.loads(event.data)
            applied = self._applied.get(str(origin), -1)
            for offset, key, _ in entries:
                if offset > applied:
                    self._counts[key] = self._counts.get(key, 0) + 1
                    self._added[key] = self._added.get(key, 0) + 1
                    self._changed[key] = None
            self._applied[str(origin)] = max(applied, entries[-1][0])
        return [], []

    def flush(self) -> list[Output]:
        return []

    def on_timer(self, now_ms: int) -> list[Output]:
        """The worker asks again only once what it was given before is confirmed."""
        if self._stale() and not self._refreshed:
            self._refreshed = True
            self._changed = dict.fromkeys(self._counts)
        self._unconfirmed, self._changed = self._changed, {}
        return [
            Output(ROWS, key.encode(), b"%d" % self._counts[key], []) for key in self._unconfirmed
        ]

    def snapshot(self) -> Sections:
        self._added = {}
        unconfirmed = list(self._changed | self._unconfirmed)
        return {SECTION: orjson.dumps([self._counts, self._applied, unconfirmed])}

    def restore(self, sections: Mapping[str, bytes]) -> None:
        self._counts, self._applied, unconfirmed = orjson.loads(sections[SECTION])
        self._changed = dict.fromkeys(unconfirmed)

    def changes(self) -> Changes:
        added, self._added = self._added, {}
        unconfirmed = list(self._changed | self._unconfirmed)
        return Changes({SECTION: orjson.dumps([added, self._applied, unconfirmed])}, {})

    def apply(self, added: Mapping[str, bytes]) -> None:
        counts, self._applied, unconfirmed = orjson.loads(added[SECTION])
        for key, count in counts.items():
            self._counts[key] = self._counts.get(key, 0) + count
        self._changed = dict.fromkeys(unconfirmed)


def state_of(source: str, checkpoint: Checkpoint) -> list[Any]:
    """What a checkpoint of users or items holds, segments included."""
    if source == USERS:
        processor: UsersProcessor | ItemsProcessor = UsersProcessor(0, (1, 1), buffered=False)
    else:
        processor = ItemsProcessor(0, lambda: False)
    processor.restore(checkpoint.sections)
    for segment in checkpoint.segments:
        processor.apply(unpack(segment).added)
    state: list[Any] = orjson.loads(processor.snapshot()[SECTION])
    return state


def build(counts: tuple[int, int], buffered: bool, stale: Callable[[], bool]) -> Service:
    """The service of one worker. counts: of partitions of users, and of items."""
    return Service(
        NAME,
        [
            Source(
                USERS,
                lambda number: UsersProcessor(number, counts, buffered),
                frozenset({CLICKED}),
                buffers_output=buffered,
                key_of=lambda event: event.data.user_id,
                handovers=Handovers(SHARED, lambda value: (Told(value.decode()), 0)),
            ),
            Source(ITEMS, lambda number: ItemsProcessor(number, stale), internal_type="item-pairs"),
        ],
    )
