"""Who gets which partitions: one number of all topics goes to one member.

Kafka's range assignor does that for topics of equal counts only. After a growth the users' topics
have more partitions than the items'; number n of each must still be together, for clicks and
searches of a user meet in one worker, and both write to partition n of the checkpoints.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiokafka.coordinator.assignors.abstract import AbstractPartitionAssignor
from aiokafka.coordinator.protocol import (
    ConsumerProtocolMemberAssignment,
    ConsumerProtocolMemberMetadata,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

OWNED = b"shopkeeper/1 "  # what a member tells of itself begins so


def told(numbers: Iterable[int]) -> bytes:
    """What a member tells of the numbers that it has."""
    return OWNED + ",".join(map(str, sorted(numbers))).encode()


def _owned(user_data: bytes | None) -> frozenset[int]:
    """The numbers that a member says it has; none of what no version of ours says."""
    if not user_data or not user_data.startswith(OWNED):
        return frozenset()
    found = user_data.removeprefix(OWNED).split(b",")
    return frozenset(int(number) for number in found if number.isdigit() and len(number) < 7)


class NumberAssignor(AbstractPartitionAssignor):  # type: ignore[misc]
    """Shares numbers out evenly, those that more topics have as well as the others; whoever has a
    number keeps it, as far as that is even. One instance for each consumer."""

    # By the name of the assignor that it takes the place of, so that workers of before may still be
    # in the group; with two names to choose from, an embedded broker never ends a rebalance.
    name = "range"
    version = 0

    def __init__(self) -> None:
        self._numbers: frozenset[int] = frozenset()

    @classmethod
    def assign(cls, cluster: Any, members: Any) -> dict[str, Any]:
        """members: member id -> its metadata. Returns an assignment for each."""
        wanted = {name for metadata in members.values() for name in metadata.subscription}
        counts = {name: len(cluster.partitions_for_topic(name) or ()) for name in sorted(wanted)}
        shares = shared_out(
            list(counts.values()),
            {member: _owned(getattr(m, "user_data", None)) for member, m in members.items()},
        )
        assigned: dict[str, Any] = {}
        for member, numbers in shares.items():
            own = [
                (name, mine)
                for name, count in counts.items()
                if name in members[member].subscription
                and (mine := [number for number in numbers if number < count])
            ]
            assigned[member] = ConsumerProtocolMemberAssignment(cls.version, own, b"")
        return assigned

    def metadata(self, topics: Any) -> Any:
        """What this member tells of itself."""
        return ConsumerProtocolMemberMetadata(self.version, list(topics), told(self._numbers))

    def on_assignment(self, assignment: Any) -> None:
        """Remember the numbers, for the next time."""
        self._numbers = frozenset(n for _, numbers in assignment.assignment for n in numbers)


def shared_out(counts: Sequence[int], owned: Mapping[str, Iterable[int]]) -> dict[str, list[int]]:
    """The numbers of each member, ascending.

    counts: partitions of each topic. owned: by member, the numbers that it has had. Numbers that
    the same topics have are shared out so that no member has two more than another; whoever has one
    keeps it, up to its share.
    """
    order = sorted(owned)
    found: dict[str, list[int]] = {member: [] for member in order}
    by_weight: dict[int, list[int]] = {}
    for number in range(max(counts, default=0)):
        by_weight.setdefault(sum(number < count for count in counts), []).append(number)
    for weight in sorted(by_weight, reverse=True):
        free = dict.fromkeys(by_weight[weight])
        kept = {member: [n for n in sorted(set(owned[member])) if n in free] for member in order}
        least, more = divmod(len(free), len(order))
        # Those who have least so far have one more, and of these, who has had more.
        first = sorted(order, key=lambda m: (len(found[m]), -len(kept[m]), m))
        shares = {member: least + (place < more) for place, member in enumerate(first)}
        given: dict[str, list[int]] = {}
        for member in order:
            given[member] = [n for n in kept[member] if n in free][: shares[member]]
            for number in given[member]:
                del free[number]
        rest = iter(free)
        for member in order:
            given[member] += [next(rest) for _ in range(shares[member] - len(given[member]))]
            found[member] += given[member]
    return {member: sorted(numbers) for member, numbers in found.items()}
