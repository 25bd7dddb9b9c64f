"""Stage A on one partition of users: clicks in, count deltas and lists out."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.envelope import Event, Output, Rejected

from ..core.ab_testing.variants import VariantCounts
from ..core.counting.deltas import deltas_of, encode
from ..core.counting.sessions import Learned, ListRequest, Sessions
from ..core.tables.sessions import encode as encode_sessions
from ..publishers.recommendations import DueLists

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shopkeeper.shared.runtime.api.processor import Sections

    from ..config import RecommenderConfig
    from ..core.ab_testing.variants import Experiment
    from ..core.numeric.items import ItemIndex
    from ..core.ranking.blend import BlendTrainer
    from ..core.ranking.ranker import Ranker
    from ..publishers.recommendations import RecommendationPublisher
    from ..publishers.user_groups import UserGroupClicksPublisher

SECTION = "sessions"
BLEND_SECTION = "blend"
EXPERIMENT_SECTION = "experiment"


class FoldedInteractions(NamedTuple):
    """What `publish` needs of one folded batch."""

    outputs: list[Output]
    lists: DueLists | None


class InteractionsProcessor:
    """One partition of shop.clicks.v1.

    item_partitions: how many partitions the item-pairs topic has.
    """

    def __init__(
        self,
        partition: int,
        item_partitions: int,
        settings: RecommenderConfig,
        items: ItemIndex,
        ranker: Ranker,
        lists: RecommendationPublisher,
        trainer: BlendTrainer | None = None,
        experiment: Experiment | None = None,
        groups: UserGroupClicksPublisher | None = None,
    ) -> None:
        self._partition, self._item_partitions = partition, item_partitions
        self._settings, self._items = settings, items
        self._ranker, self.lists, self._trainer = ranker, lists, trainer
        self.sessions = Sessions(settings, items)
        self.variant_counts = (
            VariantCounts(experiment, settings, partition) if experiment is not None else None
        )
        self._groups = groups
        self._learned = Learned()  # not published yet

    def process(self, events: Sequence[Event], now_ms: int) -> tuple[list[Output], list[Rejected]]:
        """Learn from every event; publish a list where one is due and the event is fresh.

        Deltas are held back until `flush`, unless they have become many: nobody waits for them,
        and one record of many costs broker and receivers far less than many of one.
        """
        folded, rejected = self.fold(events, now_ms)
        self.lists.rank()
        return self.publish(folded), rejected

    def fold(
        self, events: Sequence[Event], now_ms: int
    ) -> tuple[FoldedInteractions, list[Rejected]]:
        """Learn from every event, and submit the lists that are due: most of the price of a few
        lists is paid once per batch, so they are ranked with those of other partitions."""
        learned, due = self.sessions.learn(events, now_ms - self._settings.list_age_ms_max)
        self._learned.extend(learned)
        if self.variant_counts is not None:
            self.variant_counts.learn(events)
        many = len(self._learned.prior) >= self._settings.held_back_pairs_max
        outputs = self.flush() if many else []
        if not due:
            return FoldedInteractions(outputs, None), []
        asked = self.lists.submit([d for d in due if isinstance(d, ListRequest)])
        return FoldedInteractions(outputs, DueLists(due, asked, now_ms)), []

    def publish(self, folded: FoldedInteractions) -> list[Output]:
        """The count deltas that became many, then the lists."""
        if folded.lists is None:
            return folded.outputs
        return [*folded.outputs, *self.lists.outputs(*folded.lists)]

    def flush(self) -> list[Output]:
        """What was learned since the last flush, in offset order: deltas, and session items."""
        learned, self._learned = self._learned, Learned()
        outputs: list[Output] = []
        key = f"{topics.CLICKS}/{self._partition}".encode()
        for record in encode_sessions(
            learned, self._partition, self._items, self._settings.delta_bytes_max
        ):
            outputs.append(Output(topics.SESSION_ITEMS, key, record, [], self._partition))
        for owner, deltas in deltas_of(
            learned,
            self._items,
            topics.CLICKS,
            self._partition,
            self._item_partitions,
            with_hours=self._settings.epochs > 1,
        ):
            for record in encode(deltas, self._items, self._settings.delta_bytes_max):
                outputs.append(Output(topics.ITEM_PAIRS, key, record, [], owner))
        return outputs

    def snapshot(self) -> Sections:
        """Only right after `flush`: what is held back is in no checkpoint."""
        assert not self._learned.new, "deltas are held back"
        sections = {SECTION: self.sessions.snapshot()}
        if self._trainer is not None:
            sections[BLEND_SECTION] = self._trainer.snapshot()
        if self.variant_counts is not None:
            sections[EXPERIMENT_SECTION] = self.variant_counts.snapshot()
        return sections

    def restore(self, sections: Mapping[str, bytes]) -> None:
        self.sessions.restore(sections[SECTION])
        if self._trainer is not None and BLEND_SECTION in sections:
            self._trainer.restore(sections[BLEND_SECTION])
        if self.variant_counts is not None:
            self.variant_counts.restore(sections.get(EXPERIMENT_SECTION))

    def on_timer(self, now_ms: int) -> list[Output]:
        self._ranker.refresh(now_ms)
        if self._groups is None:
            return []
        return self._groups.on_timer(self.sessions, self.lists.searches, now_ms)
