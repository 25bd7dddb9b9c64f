"""What the batch consumer asks the worker that it belongs to. One protocol, and nothing else.

The consumer knows Faust and aiokafka, the owner knows state and checkpoints; neither imports the
other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..settings import WorkerSettings
    from .fetching import Hold
    from .offsets import Partition, RecordBatch


class Owner(Protocol):
    """What the consumer asks the worker that it belongs to."""

    settings: WorkerSettings

    @property
    def generation(self) -> int:
        """Counts the changes of the assignment."""
        ...

    @property
    def hold(self) -> Hold:
        """Holds fetches up while a small batch is worked on."""
        ...

    def accepting(self) -> bool:
        """Whether batches may be delivered now."""
        ...

    async def has_capacity(self) -> bool:
        """Wait (briefly) until the byte budget has room; False if it has none yet."""
        ...

    def limit(self, partition: Partition) -> int | None:
        """The offset before which to stop delivering; None: there is none."""
        ...

    def records_max(self, partition: Partition) -> int:
        """Records in one of its batches at most."""
        ...

    def opened(self, batch: RecordBatch) -> None:
        """A batch is about to be delivered."""
        ...

    def passed(self, partition: Partition, offset: int) -> None:
        """What lies below `offset` was delivered, or is nobody's to read."""
        ...

    def jumped(self, partition: Partition, expected: int, start: int) -> None:
        """The log has no `expected` (the next offset to read) any more; reading goes on at its
        `start`: later where retention overtook us, earlier where it is another log."""
        ...

    def refused(self, error: BaseException) -> None:
        """The broker does not let us read: nothing more comes until an operator has been here."""
        ...

    def durable_offset(self, partition: Partition) -> int | None:
        """What may be committed: the offset of the last confirmed checkpoint."""
        ...

    async def revoke(self) -> None:
        """All partitions are being taken away: finish what runs, checkpoint, drop the rest."""
        ...

    async def recover(
        self, partitions: Iterable[Partition], *, unbroken: bool
    ) -> dict[Partition, int]:
        """Load the state of what was assigned; returns where to read on. unbroken: nobody can have
        owned, since the last `revoke`, what was ours then and is again."""
        ...

    async def replaced(self, former_member_id: str) -> bool:
        """The group has forgotten us: whether it is for good, and the worker ends."""
        ...
