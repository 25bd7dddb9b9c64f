"""A publisher: what one partition sends to one topic, by the clock.

The next owner of a partition goes on from what the topic holds: nothing of a publisher is
checkpointed except, with the counts, which rows are out of date.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from shopkeeper.shared.contracts.envelope import Output

    from ..core.counting.cooccurrence import ItemPartition

IDLE_FACTOR = 4  # how much more a publisher may do when nothing was counted since its last turn


class Publisher(Protocol):
    """Asked by its processor about four times a second, on the state thread."""

    def due(self, now_ms: int) -> list[Output]:
        """The records that are due at this time of the worker's clock, within a budget."""
        ...

    def confirmed(self) -> None:
        """The broker has acknowledged what `due` returned last. Called before the next `due`; a
        checkpoint in between counts those records as not delivered."""
        ...


class Pace:
    """How much of its budget a publisher may spend: more while no counts come in."""

    def __init__(self, counts: ItemPartition) -> None:
        self._counts = counts
        self._version = 0  # of the counts, at the last turn

    def factor(self) -> int:
        """What to multiply this turn's budget by; called once a turn."""
        idle = self._counts.version == self._version
        self._version = self._counts.version
        return IDLE_FACTOR if idle else 1
