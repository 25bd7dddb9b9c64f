"""Stages A and C on one partition of users: clicks in, count deltas and lists out."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

import msgspec

from shopkeeper.services.recommender.core.deltas import deltas_of, encode
from shopkeeper.services.recommender.core.experiment import Ledger
from shopkeeper.services.recommender.core.exploration import chance_of
from shopkeeper.services.recommender.core.ranker import NOT_SEARCHED, ask_by_variant
from shopkeeper.services.recommender.core.session_index import encode as encode_sessions
from shopkeeper.services.recommender.core.sessions import Due, Erased, Learned, Sessions
from shopkeeper.services.recommender.groups import GroupReports
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
    provenance_headers,
)
from shopkeeper.shared.contracts.outputs import encode as encode_output

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from shopkeeper.services.recommender.core.blend import Learner
    from shopkeeper.services.recommender.core.experiment import Experiment
    from shopkeeper.services.recommender.core.exposure import Exposure
    from shopkeeper.services.recommender.core.items import Items
    from shopkeeper.services.recommender.core.ranker import (
        Asked,
        AskedByVariant,
        Ranked,
        Ranker,
    )
    from shopkeeper.services.recommender.core.session_index import SessionIndex
    from shopkeeper.services.recommender.settings import Settings
    from shopkeeper.shared.runtime.processor import Sections

MODEL = Model("item-cf", "1.0.0")
BLEND = Model("blend", "1.0.0")
SOURCE = b"shopkeeper/recommender"
SECTION = "sessions"
CLICKED = "product.clicked.v1"
BLEND_SECTION = "blend"
EXPERIMENT_SECTION = "experiment"
SCORE_DIGITS = 6  # ten items with UUIDs as ids still fit into 2 kB
SCORE_DIGITS_EXPLORING = 4  # and with a propensity
PROPENSITY_DIGITS = 6  # significant ones: small propensities are what weighs


class ClicksProcessor:
    """One partition of shop.clicks.v1.

    item_partitions: how many partitions the item-pairs topic has. positions: by view topic, how far
    it was read, as the runtime keeps it. rankers: by variant of the experiment; without one,
    `ranker` makes all lists.
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
        positions: Mapping[str, int] | None = None,
        experiment: Experiment | None = None,
        rankers: Sequence[Ranker] = (),
        groups: GroupReports | None = None,
    ) -> None:
        self._partition, self._item_partitions = partition, item_partitions
        self._settings, self._items = settings, items
        self._ranker, self._index = ranker, index
        self._exposure, self._counters, self._learner = exposure, counters, learner
        self._positions = {} if positions is None else positions
        self._explores = settings.rules.explore.share > 0
        self._digits = SCORE_DIGITS_EXPLORING if self._explores else SCORE_DIGITS
        self.sessions = Sessions(settings, items)
        self._experiment, self._rankers = experiment, rankers
        self.ledger = Ledger(experiment, settings, partition) if experiment is not None else None
        self._groups = groups
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
        if self.ledger is not None:
            self.ledger.learn(events)
        many = len(self._learned.prior) >= self._settings.held_back_pairs_max
        outputs = self.flush() if many else []
        if not due:
            return outputs, []
        lists = [d for d in due if isinstance(d, Due)]
        return chain(outputs, self._lists(due, self._ask(lists), now_ms)), []

    def _ask(self, lists: Sequence[Due]) -> Asked | AskedByVariant:
        number_of = self._index.number_of
        wanted: list[Sequence[Any]] = [
            [d.recent for d in lists],
            [d.bought for d in lists],
            [number_of(self._partition, d.session) for d in lists],
            [NOT_SEARCHED] * len(lists),
        ]
        if self._explores:
            wanted.append([chance_of(self._list_id(d)) for d in lists])
        if self._experiment is None:
            return self._ranker.ask(*wanted)
        variants = [self._experiment.variant_of(d.user) for d in lists]
        return ask_by_variant(self._rankers, variants, *wanted)

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
            learned, self._items, topics.CLICKS, self._partition, self._item_partitions
        ):
            for record in encode(deltas, self._items, self._settings.delta_bytes_max):
                outputs.append(Output(topics.ITEM_PAIRS, key, record, [], owner))
        return outputs

    def _lists(
        self, due: Sequence[Due | Erased], asked: Asked | AskedByVariant, now_ms: int
    ) -> Iterator[Output]:
        ranked = iter(asked.lists())
        if self._groups is not None:
            self._groups.add([each for each in due if isinstance(each, Due)], asked.lists())
        for each in due:
            if isinstance(each, Erased):
                # The key of a user's lists is that of the user's events.
                keys = {name.encode() for name in each.users}
                if each.event.key is not None:
                    keys.add(each.event.key)
                for key in sorted(keys):
                    yield Output(topics.RECOMMENDATIONS, key, None, [], self._partition)
                for name in each.users:
                    self._exposure.forget(name)
                    if self._learner is not None:
                        self._learner.forget(name)
                    if self._groups is not None:
                        self._groups.forget(name)
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

    def _list_id(self, due: Due) -> str:
        """`recomm_id`: where the list's cause stands in the log."""
        offset = due.event.offset
        return output_id(topics.CLICKS, self._partition, offset, RECOMMENDATIONS_UPDATED)

    def _output(self, due: Due, ranked: Ranked) -> Output:
        event, data = due.event, due.event.data
        names = self._items.names
        list_id = self._list_id(due)
        self._exposure.add(due.user, due.recent, ranked.items, event.type == CLICKED)
        if ranked.fallback != "none":
            self._counters[f"list_{ranked.fallback}"] += 1
        experiment = variant = None
        if self._experiment is not None:
            experiment = self._experiment.name
            variant = self._experiment.variants[self._experiment.variant_of(due.user)].name
        digits = self._digits
        items = [
            RecommendedItem(names[item], round(score, digits), _reason(code, parameter))
            for item, score, code, parameter in zip(
                ranked.items, ranked.scores, ranked.codes, ranked.parameters, strict=True
            )
        ]
        if ranked.propensity is not None:
            propensity = float(f"{ranked.propensity:.{PROPENSITY_DIGITS}g}")
            items[-1] = msgspec.structs.replace(items[-1], propensity=propensity)
        value = encode_output(
            RecommendationsUpdated(
                recomm_id=list_id,
                items=items,
                fallback=ranked.fallback,
                cause=event.id,
                model=BLEND if ranked.blended else MODEL,
                user_id=data.user_id,
                anonymous_id=data.anonymous_id,
                session_id=data.session_id,
                experiment=experiment,
                variant=variant,
            )
        )
        return Output(
            topics.RECOMMENDATIONS,
            event.key if event.key is not None else due.user.encode(),
            value,
            headers_of(RECOMMENDATIONS_UPDATED, list_id, due.user, event, SOURCE)
            + provenance_headers(self._positions, ranked.experts),
            self._partition,
        )

    def dump(self) -> Sections:
        """Only right after `flush`: what is held back is in no checkpoint."""
        assert not self._learned.items, "deltas are held back"
        sections = {SECTION: self.sessions.dump()}
        if self._learner is not None:
            sections[BLEND_SECTION] = self._learner.dump()
        if self.ledger is not None:
            sections[EXPERIMENT_SECTION] = self.ledger.dump()
        return sections

    def load(self, sections: Mapping[str, bytes]) -> None:
        self.sessions.load(sections[SECTION])
        if self._learner is not None and BLEND_SECTION in sections:
            self._learner.load(sections[BLEND_SECTION])
        if self.ledger is not None:
            self.ledger.load(sections.get(EXPERIMENT_SECTION))

    def tick(self, now_ms: int) -> list[Output]:
        self._ranker.refresh(now_ms)
        return [] if self._groups is None else self._groups.tick(self.sessions, now_ms)


def _reason(code: str, parameter: str | None) -> Reason:
    if parameter is None:
        return Reason(code)
    return Reason(code, {"category" if code == "trending_category" else "product_id": parameter})
