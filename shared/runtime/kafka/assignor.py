"""Who gets which partitions: one number of all topics goes to one member.

Kafka's range assignor does that for topics of equal counts only. After a growth the users' topics
have more partitions than the items'; number n of each must still be together, for clicks and
searches of a user meet in one worker, and both write to partition n of the checkpoints.
"""

from __future__ import annotations

from typing import Any

from aiokafka.coordinator.assignors.abstract import AbstractPartitionAssignor
from aiokafka.coordinator.protocol import (
    ConsumerProtocolMemberAssignment,
    ConsumerProtocolMemberMetadata,
)


class NumberAssignor(AbstractPartitionAssignor):  # type: ignore[misc]
    """Numbers go round the members, so that those that every topic has are spread as well."""

    # By the name of the assignor that it takes the place of, so that workers of before may still be
    # in the group; with two names to choose from, an embedded broker never ends a rebalance.
    name = "range"
    version = 0

    @classmethod
    def assign(cls, cluster: Any, members: Any) -> dict[str, Any]:
        """members: member id -> its metadata. Returns an assignment for each."""
        wanted = {name for metadata in members.values() for name in metadata.subscription}
        counts = {name: len(cluster.partitions_for_topic(name) or ()) for name in sorted(wanted)}
        order = sorted(members)
        assigned: dict[str, Any] = {}
        for place, member in enumerate(order):
            own = [
                (name, numbers)
                for name, count in counts.items()
                if name in members[member].subscription
                and (numbers := list(range(place, count, len(order))))
            ]
            assigned[member] = ConsumerProtocolMemberAssignment(cls.version, own, b"")
        return assigned

    @classmethod
    def metadata(cls, topics: Any) -> Any:
        """What a member tells of itself."""
        return ConsumerProtocolMemberMetadata(cls.version, list(topics), b"")

    @classmethod
    def on_assignment(cls, assignment: Any) -> None:
        """Nothing is remembered from one assignment to the next."""
