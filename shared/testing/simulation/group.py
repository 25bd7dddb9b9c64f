"""A group coordinator: members, generations, sessions that run out, and committed offsets.

The classic protocol with eager rebalances, as far as a worker can tell it from the real one: all
members give everything back and join anew, whoever is silent for too long is expelled without a
word, and offsets are committed by members of the current generation only. Static members (KIP-345)
come back under their name without a rebalance, as long as their session has not run out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

from aiokafka import TopicPartition

from shopkeeper.shared.runtime.kafka.assignor import NumberAssignor, told

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Mapping

    from .loop import VirtualLoop

SESSION_S = 1.5
REBALANCE_S_MAX = 4.0  # a member that has not joined again by then is expelled
LOOK_S = 0.4
GATHER_S = 0.05  # a rebalance waits so long for more members
OK, REJOIN, UNKNOWN = "ok", "rejoin", "unknown member"
EXPELLED, CAME_BACK = "session run out", "static member came back"


class Joined(NamedTuple):
    """What a member is told at the end of a rebalance."""

    member_id: str
    generation: int
    assigned: list[TopicPartition]


@dataclass
class _Member:
    name: str
    seen_at: float
    joining: Any = None  # the future that it waits for
    assigned: list[TopicPartition] = field(default_factory=list)


class Coordinator:
    """Of one group that reads `counts` (topic -> partitions)."""

    def __init__(
        self,
        loop: VirtualLoop,
        counts: Mapping[str, int],
        static: bool,
        happened: Counter[str],
    ) -> None:
        self._loop, self._happened, self.static = loop, happened, static
        self._counts = dict(counts)
        self._members: dict[str, _Member] = {}
        self._ids = 0
        self.generation = 0
        self._preparing_since: float | None = None
        self.committed: dict[TopicPartition, int] = {}
        self.on_commit: Callable[[TopicPartition, int], None] = lambda place, offset: None
        self.on_rebalance: Callable[[int, dict[str, int]], None] = lambda generation, sizes: None
        loop.later(LOOK_S, self._look)

    # -- what members ask

    def join(self, name: str, member_id: str) -> Any:
        """A future of `Joined`; member_id: "" for a new member. None: it is not known."""
        future = self._loop.create_future()
        if member_id and member_id not in self._members:
            future.set_result(None)
            return future
        if not member_id:
            self._ids += 1
            member_id = f"{name}-{self._ids}"
            former = self._former(name)
            self._members[member_id] = former or _Member(name, self._loop.now)
            if former is not None and former.joining is None and self.stable:
                self._happened[CAME_BACK] += 1
                former.seen_at = self._loop.now
                future.set_result(Joined(member_id, self.generation, former.assigned))
                return future
        member = self._members[member_id]
        member.joining, member.seen_at = future, self._loop.now
        self.rebalance()
        self._loop.later(GATHER_S, self._complete_if_all)
        return future

    def _former(self, name: str) -> _Member | None:
        """A static member of this name, whose id is taken from it."""
        for member_id, member in self._members.items():
            if self.static and member.name == name:
                del self._members[member_id]
                return member
        return None

    def heartbeat(self, member_id: str, generation: int) -> str:
        member = self._members.get(member_id)
        if member is None:
            return UNKNOWN
        member.seen_at = self._loop.now
        if self._preparing_since is not None or generation != self.generation:
            return REJOIN
        return OK

    def commit(
        self, member_id: str, generation: int, offsets: Mapping[TopicPartition, int]
    ) -> bool:
        if member_id not in self._members or generation != self.generation:
            return False
        for place, offset in offsets.items():
            self.on_commit(place, offset)
            self.committed[place] = offset
        return True

    def leave(self, member_id: str) -> None:
        if self._members.pop(member_id, None) is not None:
            self.rebalance()
            self._loop.later(GATHER_S, self._complete_if_all)

    # -- what happens to it

    @property
    def stable(self) -> bool:
        return self._preparing_since is None

    def rebalance(self) -> None:
        """All members are to join again."""
        if self._preparing_since is None:
            self._preparing_since = self._loop.now

    def forget(self) -> None:
        """As a broker that was restarted: no member is known any more, nor its generation."""
        for member in self._members.values():
            if member.joining is not None and not member.joining.done():
                member.joining.set_result(None)
        self._members = {}

    def _look(self) -> None:
        now = self._loop.now
        late = self._preparing_since is not None and now - self._preparing_since > REBALANCE_S_MAX
        for member_id, member in list(self._members.items()):
            waits = member.joining is not None
            if not waits and (late or now - member.seen_at > SESSION_S):
                del self._members[member_id]
                self._happened[EXPELLED] += 1
                self.rebalance()
        self._complete_if_all()
        self._loop.later(LOOK_S, self._look)

    def _complete_if_all(self) -> None:
        if self._preparing_since is None:
            return
        if any(member.joining is None for member in self._members.values()):
            return
        self._preparing_since = None
        self.generation += 1
        if not self._members:
            return
        cluster = SimpleNamespace(partitions_for_topic=lambda name: set(range(self._counts[name])))
        metadata = {
            member_id: SimpleNamespace(
                subscription=list(self._counts),
                user_data=told({place.partition for place in member.assigned}),
            )
            for member_id, member in self._members.items()
        }
        answer = NumberAssignor.assign(cluster, metadata)
        sizes = {}
        for member_id, member in self._members.items():
            assigned = [
                TopicPartition(topic, number)
                for topic, numbers in answer[member_id].assignment
                for number in numbers
            ]
            sizes[member_id] = len(assigned)
            member.assigned = assigned
            future, member.joining, member.seen_at = member.joining, None, self._loop.now
            if not future.done():
                future.set_result(Joined(member_id, self.generation, assigned))
        self.on_rebalance(self.generation, sizes)
