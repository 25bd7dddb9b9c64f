"""What the parts of a run know of the whole (`world.World`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections import Counter

    from aiokafka import TopicPartition

    from .broker import Broker
    from .group import Coordinator
    from .loop import VirtualLoop
    from .network import Network
    from .schedule import Input, Schedule


class Surroundings(Protocol):
    """One run."""

    schedule: Schedule
    loop: VirtualLoop
    network: Network
    broker: Broker
    group: Coordinator
    happened: Counter[str]
    published: dict[tuple[int, int], Input]  # by partition and offset
    reported: dict[TopicPartition, int]  # committed, since checkpoints were lost
    stale: bool  # whether rows that were published are to be published again
    checkpoint_partitions: int
    keyed_counts: dict[str, int]

    def note(self, text: str, *arguments: Any) -> None:
        """Something happened: a line of the trace."""
        ...

    def violate(self, problem: str) -> None:
        """Something must not have happened: the run ends."""
        ...

    def records(self, topic: str) -> list[Any]:
        """All that a topic holds, partition by partition."""
        ...

    def deleted(self, place: TopicPartition, before: int) -> None:
        """Somebody has the beginning of a log deleted."""
        ...
