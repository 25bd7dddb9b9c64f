"""Lists that explored, as the topics still hold them whole, and the clicks that name them.

The topic of lists is compacted: the broker drops a user's lists but the newest, and what it drops
are lists that a click was followed by. What is left of such a part of the log would say that hardly
anybody clicks. So of each partition only the records behind its last gap in offsets count: none of
them has a gap among them, so nothing was dropped there.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from shopkeeper.shared.contracts import outputs, topics
from shopkeeper.shared.contracts.decoder import EventDecoder
from shopkeeper.shared.contracts.envelope import Event, Several
from shopkeeper.shared.contracts.events.recommendation import RECOMMENDATIONS_UPDATED
from shopkeeper.shared.contracts.events.shop import ProductClicked
from shopkeeper.shared.contracts.preferences import PERSONALISED
from shopkeeper.shared.runtime.kafka.copies import is_copy
from shopkeeper.shared.runtime.kafka.reader import Reader
from shopkeeper.shared.runtime.kafka.routing import hop_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from shopkeeper.shared.runtime.settings import KafkaSettings

READER = "recommender"  # what counts as a click is what its decoder lets through
EXPLORED = "explore"  # reason of an item that was drawn


class LoggedList(NamedTuple):
    """One list. propensity: of its last item."""

    recomm_id: str
    user: str
    items: tuple[str, ...]
    explored: bool
    propensity: float
    published_ms: int
    first_reason: str
    fallback: str


@dataclass
class Log:
    """What was read. clicks: by recomm_id, the products that were clicked with it, by the list's
    own user; popularity: clicks by product."""

    lists: list[LoggedList] = field(default_factory=list)
    clicks: dict[str, set[str]] = field(default_factory=dict)
    popularity: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    strange_clicks: int = 0  # that name no list of these, or another user's


class ListLog:
    """Takes the records of the topic of lists, by partition in their order."""

    def __init__(self, since_ms: int = 0) -> None:
        self._since_ms = since_ms
        self._next: dict[int, int] = {}  # partition -> the offset that must follow
        self._kept: dict[int, dict[str, LoggedList]] = {}
        self.left_out: Counter[str] = Counter()

    def see(self, record: Any) -> None:
        """One record."""
        kept = self._kept.setdefault(record.partition, {})
        expected = self._next.get(record.partition)
        # A log that begins behind 0 has lost its beginning, which is no gap behind it.
        if expected is not None and record.offset != expected:
            self.left_out["before_a_gap"] += len(kept)
            kept.clear()
        self._next[record.partition] = record.offset + 1
        if record.value is None:
            return
        if is_copy(record):
            self.left_out["copies"] += 1
            return
        if record.timestamp < self._since_ms:
            self.left_out["before_since"] += 1
            return
        found = self._read(record)
        if found is None:
            return
        if found.recomm_id in kept:
            self.left_out["again"] += 1  # after a replay: the first content is what was shown
            return
        kept[found.recomm_id] = found

    def _read(self, record: Any) -> LoggedList | None:
        try:
            said = outputs.decode(RECOMMENDATIONS_UPDATED, record.value)
        except (msgspec.DecodeError, UnicodeDecodeError):
            self.left_out["unreadable"] += 1
            return None
        if said.ranking != PERSONALISED:
            self.left_out["not_personalised"] += 1
            return None
        if not said.items or not said.items[-1].propensity:
            self.left_out["without_propensity"] += 1
            return None
        return LoggedList(
            recomm_id=said.recomm_id,
            user=said.user_id or said.anonymous_id or "",
            items=tuple(item.product_id for item in said.items),
            explored=said.items[-1].reason.code == EXPLORED,
            propensity=said.items[-1].propensity,
            published_ms=record.timestamp,
            first_reason=said.items[0].reason.code if len(said.items) > 1 else "",
            fallback=said.fallback,
        )

    def lists(self) -> list[LoggedList]:
        """In the order of publishing."""
        found = [each for kept in self._kept.values() for each in kept.values()]
        return sorted(found, key=lambda each: (each.published_ms, each.recomm_id))


def see_clicks(log: Log, events: Iterable[Event]) -> None:
    """Take clicks in. Repeats and several clicks on one item change nothing but popularity."""
    by_id = {each.recomm_id: each for each in log.lists}
    for event in events:
        data = event.data
        if type(data) is not ProductClicked:
            continue
        log.popularity[data.product_id] += 1
        if data.recomm_id is None:
            continue
        shown = by_id.get(data.recomm_id)
        if shown is None or shown.user != data.user or data.product_id not in shown.items:
            log.strange_clicks += 1
            continue
        log.clicks.setdefault(shown.recomm_id, set()).add(data.product_id)


async def read(kafka: KafkaSettings, type_prefix: str, settle_ms: int, since_ms: int = 0) -> Log:
    """Lists, then clicks, up to now: a click on any list that was read is among them.

    settle_ms: lists younger than this when the newest click was recorded are left out; their users
    may still click. Raises KafkaError.
    """
    lists = ListLog(since_ms)
    async with Reader(kafka, [topics.RECOMMENDATIONS], from_start=True) as reader:
        async for record in reader.until_now():
            lists.see(record)
    log = Log(lists.lists(), left_out=lists.left_out)
    decoder = EventDecoder(topics.CLICKS, topics.BY_NAME[topics.CLICKS].types, READER, type_prefix)
    newest_ms, events = 0, []
    async with Reader(kafka, [topics.CLICKS], from_start=True) as reader:
        async for record in reader.until_now():
            if hop_of(record) is not None:
                continue  # a worker published it again: the original is there
            newest_ms = max(newest_ms, record.timestamp)
            events += _events(decoder.decode([record]))
    settled = [each for each in log.lists if each.published_ms <= newest_ms - settle_ms]
    log.left_out["too_new"] += len(log.lists) - len(settled)
    log.lists = settled
    see_clicks(log, events)
    return log


def _events(verdicts: Sequence[Any]) -> list[Event]:
    return [
        each
        for verdict in verdicts
        for each in (verdict.verdicts if isinstance(verdict, Several) else (verdict,))
        if isinstance(each, Event)
    ]
