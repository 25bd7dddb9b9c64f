"""Sessionises one partition of users: interactions in, count deltas, session items and lists out.

Three steps, for all partitions that wait together: `fold` learns from the events and submits the
lists that are due, the ranker ranks all of them in one batch (most of the price of a few lists is
paid once per batch), and `publish` makes the records.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.envelope import Event, Output, Rejected
from shopkeeper.shared.contracts.event_columns import CLICKED, EventColumns
from shopkeeper.shared.runtime.api.processor import Changes
from shopkeeper.shared.runtime.kafka.routing import handover

from ..core.ab_testing.variants import VariantCounts
from ..core.counting.deltas import deltas_of, encode
from ..core.counting.handovers import HANDOVER
from ..core.counting.handovers import encode as encode_handover
from ..core.counting.learned import Erased, Learned, ListRequest, Sent
from ..core.tables.sessions import encode as encode_sessions
from .withholding import withheld

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from shopkeeper.shared.runtime.api.processor import Sections

    from ..config import RecommenderConfig
    from ..core.ab_testing.variants import Experiment
    from ..core.counting.learned import Due
    from ..core.numeric.items import ItemIndex
    from ..core.ranking.blend import BlendTrainer
    from ..publishers.base import Publisher
    from ..publishers.recommendations import Pending, RecommendationPublisher
    from .user_state import UserState
    from .withholding import Withholding

SECTION = "sessions"
BLEND_SECTION = "blend"
EXPERIMENT_SECTION = "experiment"


class FoldedInteractions(NamedTuple):
    """What a batch of interactions made due; `pending` holds the lists once they are ranked."""

    outputs: list[Output]  # for other partitions, and deltas, where they have become many
    due: Due
    pending: Pending | None
    now_ms: int


class InteractionsProcessor:
    """One partition of shop.clicks.v1."""

    def __init__(
        self,
        *,
        partition: int,
        item_partitions: int,
        config: RecommenderConfig,
        items: ItemIndex,
        users: UserState,
        lists: RecommendationPublisher,
        refresh: Callable[[int], None],
        publishers: Sequence[Publisher] = (),
        trainer: BlendTrainer | None = None,
        experiment: Experiment | None = None,
        exclusions: Withholding | None = None,
    ) -> None:
        """item_partitions: how many partitions the item-pairs topic has. refresh: brings what is
        computed of the tables up to date, a slice at each time of the clock. exclusions: what
        products may be learned from, and named; None: all."""
        self._exclusions = exclusions
        self._partition, self._item_partitions = partition, item_partitions
        self._config, self._items = config, items
        self.users, self.sessions = users, users.sessions
        self.lists, self._refresh, self._publishers = lists, refresh, publishers
        self._trainer = trainer
        self.variant_counts = (
            VariantCounts(experiment, config, partition) if experiment is not None else None
        )
        self._learned = Learned()  # not published yet
        self._erased = False  # somebody, since the last checkpoint
        self.kinds: Counter[str] = Counter()  # events folded since the start, by their type

    def process(self, events: Sequence[Event], now_ms: int) -> tuple[list[Output], list[Rejected]]:
        """Learn from every event; publish a list where one is due and the event is fresh.

        Deltas are buffered until `flush`, unless they have become many: no user waits for them, and
        one record of many costs broker and readers far less than many of one.
        """
        folded, rejected = self.fold(events, now_ms)
        self.lists.rank_pending()
        return self.publish(folded), rejected

    def fold(
        self, events: Sequence[Event], now_ms: int
    ) -> tuple[FoldedInteractions, list[Rejected]]:
        """Learn from the events, and submit the lists that are due to be ranked."""
        self.kinds.update(kinds_of(events))
        if self._exclusions is not None:
            events = withheld(events, self._exclusions.teaches, self.sessions.counters)
        learned, due = self.sessions.learn(events, now_ms - self._config.list_age_ms_max)
        self._learned.extend(learned)
        self._erased |= any(isinstance(each, Erased) for each in due)
        if self.variant_counts is not None:
            erased = {each.event.offset: each.users for each in due if isinstance(each, Erased)}
            self.variant_counts.learn(events, erased)
        many = self._learned.pairs >= self._config.buffered_pairs_max
        outputs = handovers_of(learned.sent, self._partition)
        if many:
            outputs += self.flush()
        requests = [each for each in due if isinstance(each, ListRequest)]
        pending = self.lists.submit(requests) if requests else None
        return FoldedInteractions(outputs, due, pending, now_ms), []

    def publish(self, folded: FoldedInteractions) -> list[Output]:
        """Deltas, then lists, ranked by now, in the order of their events."""
        return folded.outputs + self.lists.outputs(folded.due, folded.pending, folded.now_ms)

    def flush(self) -> list[Output]:
        """What was learned since the last flush, in offset order: deltas, and session items."""
        learned, self._learned = self._learned, Learned()
        if self._exclusions is not None:  # what was in a session before may not be named now
            learned = learned.only(self._exclusions.are_usable)
        config, partition = self._config, self._partition
        outputs: list[Output] = []
        key = f"{topics.CLICKS}/{partition}".encode()
        for record in encode_sessions(learned, partition, self._items, config.delta_bytes_max):
            outputs.append(Output(topics.SESSION_ITEMS, key, record, [], partition))
        for owner, deltas in deltas_of(
            learned,
            self._items,
            topic=topics.CLICKS,
            partition=partition,
            partition_count=self._item_partitions,
            with_hours=config.periods > 1,
        ):
            for record in encode(deltas, self._items, config.delta_bytes_max):
                outputs.append(Output(topics.ITEM_PAIRS, key, record, [], owner))
        return outputs

    def snapshot(self) -> Sections:
        """Only right after `flush`: what is buffered is in no checkpoint."""
        assert not self._learned, "deltas are buffered"
        self._erased = False
        return {SECTION: self.sessions.snapshot(), **self._small_sections()}

    def _small_sections(self) -> Sections:
        sections = {}
        if self._trainer is not None:
            sections[BLEND_SECTION] = self._trainer.snapshot()
        if self.variant_counts is not None:
            sections[EXPERIMENT_SECTION] = self.variant_counts.snapshot()
        return sections

    def changes(self) -> Changes | None:
        """What changed; only right after `flush`. Blend and experiment are small: told whole."""
        assert not self._learned, "deltas are buffered"
        # Who is erased must be in no part of the next checkpoint.
        changed = None if self._erased else self.sessions.changes()
        if changed is None:
            return None
        return Changes({SECTION: changed}, self._small_sections())

    def apply(self, added: Mapping[str, bytes]) -> None:
        """Raises StateError."""
        self.sessions.apply(added[SECTION])

    def restore(self, sections: Mapping[str, bytes]) -> None:
        """Replace the state by that of a checkpoint. Raises StateError."""
        self.sessions.restore(sections[SECTION])
        if self._trainer is not None and BLEND_SECTION in sections:
            self._trainer.restore(sections[BLEND_SECTION])
        if self.variant_counts is not None:
            self.variant_counts.restore(sections.get(EXPERIMENT_SECTION))

    def on_timer(self, now_ms: int) -> list[Output]:
        """What every publisher has due. The worker asks again only after the broker has
        acknowledged what it was given before."""
        self._refresh(now_ms)
        for publisher in self._publishers:
            publisher.confirmed()
        return [output for publisher in self._publishers for output in publisher.due(now_ms)]


def handovers_of(sent: Sequence[Sent], partition: int) -> list[Output]:
    """What this partition tells others, as records, in the order of the events that caused it."""
    outputs: list[Output] = []
    cause, nth = -1, 0
    for each in sent:
        cause, nth = each.offset, nth + 1 if each.offset == cause else 0
        said = each.handover
        outputs.append(
            handover(
                topics.CLICKS,
                said.user_id,
                encode_handover(said),
                HANDOVER,
                sender=partition,
                cause=(cause, nth),
                partition=each.partition,
            )
        )
    return outputs


def kinds_of(events: Sequence[Event]) -> Counter[str]:
    """How many events there are of each type; of columns, no event is made to tell plain clicks."""
    if not isinstance(events, EventColumns):
        return Counter(event.type for event in events)
    kinds = Counter(events[at].type for at in np.flatnonzero(~events.plain).tolist())
    kinds[CLICKED] += int(events.plain.sum())
    return kinds
