"""Whether the partition layout is the one that this worker has started with.

What a layout is, and how it is read, is in `kafka.partition_layout`; what is split by it is told
here, and what the worker does about a change: it stops in order and starts again.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from aiokafka.errors import KafkaError

from shopkeeper.shared.contracts import topics

from ..kafka import partition_layout

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ..settings import KafkaSettings
    from ..telemetry.health import Health
    from .ending import Ending

log = logging.getLogger(__name__)

LOOK_S = 5.0  # how often a running worker looks whether partitions are being added
CHANGED = "the partition layout is another"


class LayoutWatch:
    """The layout that a worker goes by, from its start to its end."""

    def __init__(
        self,
        kafka: KafkaSettings,
        sources: Sequence[str],
        checkpoint_topic: str,
        *,
        service: str,
        health: Health,
        ending: Ending,
    ) -> None:
        """sources, checkpoint_topic: unprefixed."""
        self._kafka, self._sources, self._checkpoint_topic = kafka, sources, checkpoint_topic
        self._service, self._health, self._ending = service, health, ending
        self.layout = partition_layout.Layout(0, {})

    async def start(self) -> None:
        """Wait until there is a layout that this worker may go by. Raises KafkaError."""
        self.layout = await partition_layout.usable(
            self._kafka, self._sources, self._checkpoint_topic, self._wait
        )

    def _wait(self, obstacle: str) -> None:
        """Before the group is joined: say why, once."""
        if self._health.not_ready.get("partitions") != obstacle:
            self._health.not_ready = {"partitions": obstacle}
            log.warning("%s waits: %s", self._service, obstacle)
        self._health.beat()

    async def run(self) -> None:
        """Stop, in order, when partitions are being added: what comes next is decided at a start,
        outside the group."""
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                found = await self._survey()
            except (KafkaError, OSError):
                continue  # others say that the broker is away
            obstacle = found.obstacle(self._sources, self._checkpoint_topic)
            if obstacle is None and found.layout != self.layout:
                obstacle = CHANGED
            if obstacle is not None:
                self._ending.stop_to_start_again(obstacle)

    async def changed(self) -> bool:
        """Whether the layout is another than at the start. Raises KafkaError."""
        return (await self._survey()).layout != self.layout

    async def _survey(self) -> partition_layout.Survey:
        return await partition_layout.survey(self._kafka, (*self._sources, self._checkpoint_topic))

    def split_by(self, topic: str) -> int | None:
        """By how many partitions the keyed state of a topic (unprefixed) is split; None: it is not
        split by key, or not written down."""
        return self.layout.counts.get(topic) if topic in topics.KEYED else None

    def limit(self, topic: str, number: int) -> int | None:
        """The offset to read a partition (of an unprefixed topic) up to; None: no limit."""
        return self.layout.limit(topic, number)

    def added(self, assigned: Iterable[tuple[str, int]]) -> str | None:
        """What to say of a partition that was added since the start; None if there is none.

        assigned: (unprefixed topic, partition number).
        """
        if self.layout.growth is not None:
            return None  # those that are new have the limit 0
        for topic, number in assigned:
            count = self.split_by(topic)
            if count is not None and number >= count:
                return f"{topic} has more partitions than the {count} that its state is split by"
        return None
