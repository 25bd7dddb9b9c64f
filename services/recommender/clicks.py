"""Stages A and C on one partition of users: clicks in, count deltas and lists out."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from shopkeeper.services.recommender.core.deltas import deltas_of, encode
from shopkeeper.services.recommender.core.session_index import encode as encode_sessions
from shopkeeper.services.recommender.core.sessions import Due, Erased, Learned, Sessions
from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.event import Event, Output, Rejected
from shopkeeper.shared.contracts.outputs import (
    RECOMMENDATIONS_UPDATED,
    Model,
    Reason,
    RecommendationsUpdated,
    RecommendedItem,
    headers_of,
    output_id,
)
from shopkeeper.shared.contracts.outputs import encode as encode_output

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from shopkeeper.services.recommender.core.blend import Learner
    from shopkeeper.services.recommender.core.exposure import Exposure
    from shopkeeper.services.recommender.core.items import Items
    from shopkeeper.services.recommender.core.ranker import Asked, Ranked, Ranker
    from shopkeeper.services.recommender.core.session_index import SessionIndex
    from shopkeeper.services.recommender.settings import Settings
    from shopkeeper.shared.runtime.processor import Sections

MODEL = Model("item-cf", "1.0.0")
BLEND = Model("blend", "1.0.0")
SOURCE = b"shopkeeper/recommender"
SECTION = "sessions"
BLEND_SECTION = "blend"
SCORE_DIGITS = 6  # ten items with UUIDs as ids still fit into 2 kB


class ClicksProcessor:
    """One partition of shop.clicks.v1.

    item_partitions: how many partitions the item-pairs topic has.
    """

    def __init__(
        self,
        partition: int,
        item_partitions: int,
        settings: Settings,
        items: Items,
        ranker: Ranker,
        index: SessionIndex,
        exposure: Exposure,
        counters: Counter[str],
        learner: Learner | None = None,
    ) -> None:
        self._partition, self._item_partitions = partition, item_partitions
        self._settings, self._items = settings, items
        self._ranker, self._index = ranker, index
        self._exposure, self._counters, self._learner = exposure, counters, learner
        self.sessions = Sessions(settings, items)
        self._learned = Learned()  # not published yet
        self.watch: Callable[[Due, Ranked], None] | None = None  # sees every list

    def process(self, events: Sequence[Event], now_ms: int) -> tuple[list[Output], list[Rejected]]:
        """Learn from every event; publish a list where one is due and the event is fresh.

        Deltas are held back until `flush`, unless they have become many: nobody waits for them,
        and one record of many costs broker and receivers far less than many of one.
        """
        outputs, rejected = self.begin(events, now_ms)
        return list(outputs), rejected

    def begin(
        self, events: Sequence[Event], now_ms: int
    ) -> tuple[Iterable[Output], list[Rejected]]:
        """As `process`; lists are made when the outputs are taken, with those of other partitions:
        most of the price of a few lists is paid once per batch."""
        learned, due = self.sessions.learn(events, now_ms - self._settings.list_age_ms_max)
        self._learned.extend(learned)
        many = len(self._learned.prior) >= self._settings.held_back_pairs_max
        outputs = self.flush() if many else []
        if not due:
            return outputs, []
        lists = [d for d in due if isinstance(d, Due)]
        number_of = self._index.number_of
        asked = self._ranker.ask(
            [d.recent for d in lists],
            [d.bought for d in lists],
            [number_of(self._partition, d.session) for d in lists],
        )
        return chain(outputs, self._lists(due, asked, now_ms)), []

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

    def _lists(self, due: Sequence[Due | Erased], asked: Asked, now_ms: int) -> Iterator[Output]:
        ranked = iter(asked.lists())
        for each in due:
            if isinstance(each, Erased):
                # The key of a user's lists is that of the user's events.
                keys = {name.encode() for name in each.users}
                if each.event.key is not None:
                    keys.add(each.event.key)
                for key in sorted(keys):
                    yield Output(topics.RECOMMENDATIONS, key, None, [], self._partition)
                if self._learner is not None:
                    for name in each.users:
                        self._learner.forget(name)
            else:
                found = next(ranked)
                if self._learner is not None:
                    self._teach(self._learner, each, found, now_ms)
                if self.watch is not None:
                    self.watch(each, found)
                yield self._output(each, found)

    @staticmethod
    def _teach(learner: Learner, due: Due, ranked: Ranked, now_ms: int) -> None:
        """What the user did answers the last list; this list waits for the next answer."""
        learner.clicked(due.user, due.recent[-1])
        if ranked.candidates is not None and ranked.features is not None:
            learner.remember(due.user, ranked.candidates, ranked.features, now_ms)

    def _output(self, due: Due, ranked: Ranked) -> Output:
        event, data = due.event, due.event.data
        names = self._items.names
        list_id = output_id(topics.CLICKS, self._partition, event.offset, RECOMMENDATIONS_UPDATED)
        self._exposure.add(ranked.items)
        if ranked.fallback != "none":
            self._counters[f"list_{ranked.fallback}"] += 1
        value = encode_output(
            RecommendationsUpdated(
                recomm_id=list_id,
                items=[
                    RecommendedItem(
                        names[item], round(score, SCORE_DIGITS), _reason(code, parameter)
                    )
                    for item, score, code, parameter in zip(
                        ranked.items, ranked.scores, ranked.codes, ranked.parameters, strict=True
                    )
                ],
                fallback=ranked.fallback,
                cause=event.id,
                model=BLEND if ranked.blended else MODEL,
                user_id=data.user_id,
                anonymous_id=data.anonymous_id,
                session_id=data.session_id,
            )
        )
        return Output(
            topics.RECOMMENDATIONS,
            event.key if event.key is not None else due.user.encode(),
            value,
            headers_of(RECOMMENDATIONS_UPDATED, list_id, due.user, event, SOURCE),
            self._partition,
        )

    def dump(self) -> Sections:
        """Only right after `flush`: what is held back is in no checkpoint."""
        assert not self._learned.items, "deltas are held back"
        sections = {SECTION: self.sessions.dump()}
        if self._learner is not None:
            sections[BLEND_SECTION] = self._learner.dump()
        return sections

    def load(self, sections: Mapping[str, bytes]) -> None:
        self.sessions.load(sections[SECTION])
        if self._learner is not None and BLEND_SECTION in sections:
            self._learner.load(sections[BLEND_SECTION])

    def tick(self, now_ms: int) -> list[Output]:
        return []


def _reason(code: str, parameter: str | None) -> Reason:
    if parameter is None:
        return Reason(code)
    return Reason(code, {"category" if code == "trending_category" else "product_id": parameter})
