"""A login joins two sessions, on one partition or two: every pair of items counts exactly once."""

from __future__ import annotations

import random
from collections import Counter
from types import SimpleNamespace
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from shopkeeper.services.recommender.app import _user
from shopkeeper.services.recommender.config import RecommenderConfig
from shopkeeper.services.recommender.core.counting.cooccurrence import ItemPartition
from shopkeeper.services.recommender.core.counting.deltas import decode, deltas_of, encode
from shopkeeper.services.recommender.core.counting.handovers import HANDOVER, decode_timed
from shopkeeper.services.recommender.core.counting.sessions import Sessions
from shopkeeper.services.recommender.core.numeric.items import ItemIndex
from shopkeeper.services.recommender.processors.interactions import handovers_of
from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.decoder import EventDecoder
from shopkeeper.shared.contracts.envelope import Event, Output, Rejected
from shopkeeper.shared.runtime.api.service import Handovers
from shopkeeper.shared.runtime.kafka.sink import partition_of
from shopkeeper.shared.runtime.state.decoders import HandoverDecoder
from shopkeeper.shared.runtime.state.partition import PartitionState
from tests.property.recommender.counting.test_counts import held, visits_of

NOW_MS = 1_790_000_000_000
TYPES = topics.BY_NAME[topics.CLICKS].types
CONFIG = RecommenderConfig()


class Processor:
    """Sessions of one partition; deltas are records of their own topic, at once."""

    def __init__(self, number: int, count: int) -> None:
        self.number, self.count, self.items = number, count, ItemIndex()
        self.sessions = Sessions(CONFIG, self.items, self._elsewhere)
        self.due: list[Any] = []

    def _elsewhere(self, name: str) -> int | None:
        owner = partition_of(name.encode(), self.count)
        return None if owner == self.number else owner

    def process(self, events: list[Event], now_ms: int) -> tuple[list[Output], list[Rejected]]:
        learned, due = self.sessions.learn(events)
        self.due += due
        outputs = handovers_of(learned.sent, self.number)
        for _, deltas in deltas_of(learned, self.items, topics.CLICKS, self.number, 1):
            outputs += [
                Output(topics.ITEM_PAIRS, None, record, [], 0)
                for record in encode(deltas, self.items, 900_000)
            ]
        return outputs, []

    def flush(self) -> list[Output]:
        return []

    def on_timer(self, now_ms: int) -> list[Output]:
        return []

    def snapshot(self) -> dict[str, bytes]:
        return {"sessions": self.sessions.snapshot()}

    def restore(self, sections: Any) -> None:
        self.sessions.restore(sections["sessions"])


class Shop:
    """Partitions of the clicks topic, in memory: real states, decoders and routers."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.logs: list[list[Any]] = [[] for _ in range(count)]
        self.states = [self._state(n) for n in range(count)]
        self.saved: list[Any] = [None] * count
        self.items = ItemIndex()
        self.counts = ItemPartition(CONFIG, self.items)
        self.failed: Counter[Any] = Counter()

    def _state(self, number: int) -> PartitionState:
        decoder = EventDecoder(topics.CLICKS, TYPES, "recommender", "x.")
        return PartitionState(
            topics.CLICKS, number, service="recommender", processor=Processor(number, self.count),
            decoder=HandoverDecoder(decoder, Handovers(HANDOVER, decode_timed)),
            recent_ids_max=1000, count=self.count, key_of=_user,
        )  # fmt: skip

    def send(self, at_s: int = 0, kind: str = "", **data: Any) -> None:
        name = data.get("user_id") or data["anonymous_id"]
        if kind:
            data["type"] = kind
        number = partition_of(name.encode(), self.count)
        time_ms = NOW_MS + 1000 * at_s
        self._append(number, name.encode(), orjson.dumps(data), (), time_ms)

    def _append(self, number: int, key: Any, value: Any, headers: Any, time_ms: int) -> None:
        log = self.logs[number]
        log.append(
            SimpleNamespace(
                offset=len(log), partition=number, timestamp=time_ms, key=key, value=value,
                headers=headers,
            )
        )  # fmt: skip

    def step(self, number: int, most: int) -> bool:
        """Fold some of a partition's log; whether there was any."""
        state = self.states[number]
        records = self.logs[number][state.next_offset : state.next_offset + most]
        if not records:
            return False
        result = state.process(records, lambda: NOW_MS)
        self.failed.update(result.counts.failed)
        for output in result.outputs:
            if output.topic == topics.ITEM_PAIRS:
                self.counts.fold(decode(output.value, self.items))
            elif output.topic == topics.CLICKS:
                assert output.partition is not None
                self._append(output.partition, output.key, output.value, output.headers, NOW_MS)
        return True

    def crash(self, number: int) -> None:
        self.states[number] = self._state(number)
        if self.saved[number] is not None:
            self.states[number].restore(self.saved[number])

    def settle(self) -> None:
        while any(self.step(n, 100) for n in range(self.count)):
            pass

    def user(self, name: str) -> Any:
        state = self.states[partition_of(name.encode(), self.count)]
        return state._processor.sessions.users.get(name)  # type: ignore[attr-defined]

    def names(self, name: str, items: tuple[int, ...]) -> list[str]:
        state = self.states[partition_of(name.encode(), self.count)]
        return [state._processor.items.product_ids[i] for i in items]  # type: ignore[attr-defined]


def ids(count: int, apart: bool) -> tuple[str, str]:
    """A named user, and an anonymous id of the same partition or of another."""
    place = partition_of(b"reg", count)
    anonymous = (f"an{n}" for n in range(100))
    return "reg", next(a for a in anonymous if (partition_of(a.encode(), count) != place) is apart)


def pairs(held_counts: Counter[Any]) -> dict[tuple[str, str], int]:
    return {(i, j): n for (kind, i, j), n in held_counts.items() if kind == 0 and i < j}


@settings(max_examples=120, deadline=None)
@given(
    seed=st.integers(0, 1 << 32), apart=st.booleans(),
    before=st.integers(0, 4), after=st.integers(0, 4), with_id=st.booleans(),
)  # fmt: skip
def test_every_pair_of_a_joined_session_counts_once(
    seed: int, apart: bool, before: int, after: int, with_id: bool
) -> None:
    """However fast the partitions are, and wherever they crash and go on from a checkpoint."""
    chance, count = random.Random(seed), 3
    shop, (named, anonymous) = Shop(count), ids(count, apart)
    session = {"session_id": "s"} if with_id else {}
    seen = [f"A{n}" for n in range(before)] + ["L"] + [f"B{n}" for n in range(after)]
    for n in range(before):
        shop.send(n, anonymous_id=anonymous, product_id=f"A{n}", **session)
    shop.send(before, user_id=named, anonymous_id=anonymous, product_id="L", **session)
    for n in range(after):
        data = {"anonymous_id": anonymous} if chance.random() < 0.5 else {}
        shop.send(before + 1 + n, user_id=named, product_id=f"B{n}", **data, **session)
    for _ in range(60):
        number = chance.randrange(count)
        shop.step(number, chance.randrange(1, 4))
        if chance.random() < 0.2:
            shop.saved[number] = shop.states[number].snapshot()
        if chance.random() < 0.2:
            shop.crash(number)
    shop.settle()
    assert pairs(held(shop.counts)) == {(i, j): 1 for i in seen for j in seen if i < j}
    assert {i: n for (k, i, j), n in held(shop.counts).items() if i == j} == dict.fromkeys(seen, 1)
    assert sum(visits_of(shop.counts, shop.items).values()) == len(seen)
    assert shop.names(named, shop.user(named).recent) == seen[-10:]
    left = shop.user(anonymous)
    assert left is not None
    assert (left.recent, left.sessions, left.named) == ((), {}, named)
    assert not shop.failed


@settings(max_examples=40, deadline=None)
@given(apart=st.booleans(), by=st.sampled_from(["named", "anonymous"]))
def test_erasing_either_id_erases_both_and_their_link(apart: bool, by: str) -> None:
    shop, (named, anonymous) = Shop(3), ids(3, apart)
    shop.send(0, anonymous_id=anonymous, product_id="A", session_id="s")
    shop.send(1, anonymous_id=anonymous, user_id=named, product_id="B", session_id="s")
    shop.settle()
    shop.send(2, anonymous_id=anonymous, product_id="C", session_id="t")  # logged out again
    shop.settle()
    assert shop.user(anonymous).recent
    erased = {"user_id": named} if by == "named" else {"anonymous_id": anonymous}
    shop.send(3, "user.erased.v1", **erased)
    shop.settle()
    assert shop.user(named) is None
    assert shop.user(anonymous) is None


def test_what_was_erased_meanwhile_is_not_handed_over() -> None:
    shop, (named, anonymous) = Shop(3), ids(3, True)
    shop.send(0, anonymous_id=anonymous, product_id="A", session_id="s")
    shop.send(1, anonymous_id=anonymous, user_id=named, product_id="B", session_id="s")
    shop.send(2, "user.erased.v1", user_id=named)
    shop.send(3, user_id=named, product_id="C", session_id="s")
    shop.settle()
    assert shop.names(named, shop.user(named).recent) == ["C"]
    assert pairs(held(shop.counts)) == {}


def test_the_next_person_at_a_device_gets_nothing_of_the_last() -> None:
    shop, (named, anonymous) = Shop(3), ids(3, True)
    shop.send(0, anonymous_id=anonymous, product_id="A", session_id="s")
    shop.send(1, anonymous_id=anonymous, user_id=named, product_id="B", session_id="s")
    shop.settle()
    shop.send(2, anonymous_id=anonymous, user_id="second", product_id="C", session_id="s")
    shop.settle()
    assert shop.names("second", shop.user("second").recent) == ["C"]
    assert pairs(held(shop.counts)) == {("A", "B"): 1}


def test_the_login_makes_its_list_again_once_the_session_has_arrived() -> None:
    shop, (named, anonymous) = Shop(3), ids(3, True)
    shop.send(0, anonymous_id=anonymous, product_id="A", session_id="s")
    shop.send(1, anonymous_id=anonymous, user_id=named, product_id="B", session_id="s")
    shop.settle()
    processor = shop.states[partition_of(named.encode(), 3)]._processor
    *_, last = processor.due  # type: ignore[attr-defined]
    assert shop.names(named, last.recent) == ["A", "B"]
    assert (last.user, last.teaches) == (named, False)


def test_a_corrupt_handover_is_a_dead_letter() -> None:
    shop = Shop(1)
    shop._append(0, b"u", b"junk", [("shopkeeper.handover", b"1")], NOW_MS)
    shop.send(0, user_id="u", product_id="A")
    shop.settle()
    assert shop.failed == {("decode", "corrupt_handover"): 1}
    assert shop.user("u").recent
