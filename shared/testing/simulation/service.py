"""The simulated service: counts clicks by user, and pairs of items from deltas.

It keeps the promises of the recommender's two steps and no more. *Users* count clicks and publish
an answer at once, and deltas for the items' partitions, buffered until `flush`; every entry carries
the offset of the event that caused it, and no record ends inside one. *Items* add entries up,
remember the highest offset that they applied per partition of users, and publish rows by the clock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.envelope import Event, Output, Rejected
from shopkeeper.shared.runtime.api.service import Service, Source
from shopkeeper.shared.runtime.kafka.sink import partition_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from shopkeeper.shared.runtime.api.processor import Sections

USERS, ITEMS = topics.CLICKS, topics.ITEM_PAIRS  # the two sources
ANSWERS, ROWS = topics.RECOMMENDATIONS, topics.SIMILAR_ITEMS  # what is published for subscribers
NAME = "recommender"  # whose topics these are
CLICKED = "product.clicked.v1"
SECTION = "counts"
ENTRIES_MAX = 2  # of a record of deltas
REFUSED_ITEM = "refused"  # an event that the core refuses


def targets_of(previous: str, item: str) -> list[str]:
    """The keys that a click counts: its item, and the pair with the item before it."""
    return [item, f"{previous}>{item}"] if previous else [item]


class UsersProcessor:
    """One partition of clicks."""

    def __init__(self, partition: int, item_partitions: int, buffered: bool) -> None:
        self._partition, self._item_partitions = partition, item_partitions
        self._buffers = buffered
        self._users: dict[str, list[Any]] = {}  # user -> [clicks, last item]
        self._sent: dict[int, int] = {}  # entries so far, by partition of items
        self._buffered: dict[int, list[list[Any]]] = {}

    def process(self, events: Sequence[Event], now_ms: int) -> tuple[list[Output], list[Rejected]]:
        outputs: list[Output] = []
        rejected: list[Rejected] = []
        for event in events:
            item, user = event.data.product_id, event.data.user_id
            if item == REFUSED_ITEM:
                rejected.append(Rejected(event.offset, "validate", "refused", "simulated"))
                continue
            known = self._users.setdefault(user, [0, ""])
            for key in targets_of(known[1], item):
                owner = partition_of(key.encode(), self._item_partitions)
                nth = self._sent[owner] = self._sent.get(owner, 0) + 1
                self._buffered.setdefault(owner, []).append([event.offset, key, nth])
            known[0] += 1
            known[1] = item
            value = orjson.dumps([user, known[0], item])
            outputs.append(Output(ANSWERS, user.encode(), value, [("ce_id", event.id.encode())]))
        return outputs if self._buffers else outputs + self.flush(), rejected

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
        return {SECTION: orjson.dumps([self._users, sorted(self._sent.items())])}

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

    def process(self, events: Sequence[Event], now_ms: int) -> tuple[list[Output], list[Rejected]]:
        for event in events:
            origin, entries = orjson.loads(event.data)
            applied = self._applied.get(str(origin), -1)
            for offset, key, _ in entries:
                if offset > applied:
                    self._counts[key] = self._counts.get(key, 0) + 1
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
        unconfirmed = list(self._changed | self._unconfirmed)
        return {SECTION: orjson.dumps([self._counts, self._applied, unconfirmed])}

    def restore(self, sections: Mapping[str, bytes]) -> None:
        self._counts, self._applied, unconfirmed = orjson.loads(sections[SECTION])
        self._changed = dict.fromkeys(unconfirmed)


def build(item_partitions: int, buffered: bool, stale: Callable[[], bool]) -> Service:
    """The service of one worker."""
    return Service(
        NAME,
        [
            Source(
                USERS,
                lambda number: UsersProcessor(number, item_partitions, buffered),
                frozenset({CLICKED}),
                buffers_output=buffered,
                key_of=lambda event: event.data.user_id,
            ),
            Source(ITEMS, lambda number: ItemsProcessor(number, stale), internal_type="item-pairs"),
        ],
    )
