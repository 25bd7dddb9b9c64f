"""Guards of the runtime, broken on purpose, by name: the simulation must catch each of them.

Each replaces a few attributes while a schedule runs. Nothing in the runtime knows of this file.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import orjson

from shopkeeper.shared.runtime.kafka.routing import ForwardedOffsets
from shopkeeper.shared.runtime.kafka.sink import Sink
from shopkeeper.shared.runtime.state import checkpoints
from shopkeeper.shared.runtime.state.checkpoints import Reader
from shopkeeper.shared.runtime.state.deduplicator import RecentIds
from shopkeeper.shared.runtime.state.partition import PartitionState
from shopkeeper.shared.runtime.worker import checkpointer
from shopkeeper.shared.runtime.worker.assignment import Assignment
from shopkeeper.shared.runtime.worker.batches import BatchPipeline
from shopkeeper.shared.runtime.worker.checkpointer import Checkpointer
from shopkeeper.shared.runtime.worker.owned_partition import OwnedPartition, OwnedPartitions
from shopkeeper.shared.runtime.worker.recovery import Recovery

from .loop import PROCESS
from .seams import replaced

if TYPE_CHECKING:
    from collections.abc import Iterator

SOUND: dict[str, Any] = {
    "encode": checkpoints.encode,
    "load": Recovery.load,
    "recover": Assignment.recover,
    "snapshot": PartitionState.snapshot,
}


async def _finish_in_any_generation(
    self: Any, batches: Any, owned: Any, result: Any, packed: Any
) -> None:
    if packed:
        self._telemetry.produced(await self._sink.deliver(packed))
    _complete(self, batches, owned, result)


async def _finish_before_delivery(
    self: Any, batches: Any, owned: Any, result: Any, packed: Any
) -> None:
    if batches[0].generation != self._owned.generation:
        return
    _complete(self, batches, owned, result)
    await self._sink.deliver(packed)


def _complete(self: Any, batches: Any, owned: Any, result: Any) -> None:
    owned.busy = False
    self._owned.finish(batches)
    self._telemetry.processed(owned.partition, result)
    self._checkpointer.begin_if_due(owned)


def _begin_at_any_time(self: Any, owned: Any) -> None:
    def take() -> Any:
        checkpoint = owned.state.snapshot()
        return checkpoint.next_offset, SOUND["encode"](checkpoint, self._topic)

    taken = self._thread.submit(take)
    owned.saving = asyncio.create_task(self._ending.guarded(lambda: self._save(owned, taken)))


def _snapshot_one_ahead(self: Any) -> Any:
    checkpoint = SOUND["snapshot"](self)
    return checkpoints.Checkpoint(
        checkpoint.source,
        checkpoint.partition,
        checkpoint.next_offset + 1,
        checkpoint.sections,
        checkpoint.count,
        checkpoint.last_record,
    )


async def _recover_one_ahead(self: Any, partitions: Any) -> Any:
    offsets = await SOUND["recover"](self, partitions)
    return {partition: offset + 1 for partition, offset in offsets.items()}


async def _load_as_committed(self: Any, assigned: Any) -> Any:
    loaded = await SOUND["load"](self, assigned)
    committed = PROCESS.get().world.group.committed
    for partition, owned in loaded.items():
        owned.state.next_offset = committed.get(partition, 0)
    return loaded


def _manifest_first(checkpoint: Any, topic: str) -> Any:
    *chunks, manifest = SOUND["encode"](checkpoint, topic)
    return [manifest, *chunks]


class _Gullible(Reader):
    """Takes a manifest's word for chunks that it has never seen."""

    def take(self, offset: int, key: bytes | None, value: bytes | None) -> None:
        source, _, rest = (key or b"").decode().partition("/")
        if rest == "manifest" and value is not None:
            for digest in orjson.loads(value)["chunks"]:
                self._chunks.setdefault(f"{source}/chunk/{digest}", (offset, b""))
        super().take(offset, key, value)


async def _send_at_once(self: Any, topic: str, partition: int, batches: list[Any]) -> int:
    sent = [await self._producer.send_batch(b, topic, partition=partition) for b in batches]
    offset = -1
    for future in sent:
        offset = (await future).offset
    return offset


BROKEN: dict[str, tuple[tuple[Any, str, Any], ...]] = {
    # A worker that was expelled, or has another assignment by now, finishes what it began.
    "fence": (
        (BatchPipeline, "_finish", _finish_in_any_generation),
        (BatchPipeline, "_may_publish", lambda self, generation: True),
    ),
    # Batches of an earlier assignment are folded into the state of this one.
    "generation check": ((OwnedPartitions, "current", lambda self, batch: self.accepting),),
    # A batch counts as processed before its outputs are confirmed.
    "explicit completion": ((BatchPipeline, "_finish", _finish_before_delivery),),
    # A checkpoint is taken while outputs are under way, or buffered.
    "checkpoint while busy": (
        (OwnedPartition, "quiet", property(lambda self: self.saving is None)),
        (Checkpointer, "begin", _begin_at_any_time),
    ),
    # A checkpoint names an offset that its state does not reflect.
    "next offset": ((PartitionState, "snapshot", _snapshot_one_ahead),),
    # Reading goes on one record too late.
    "next offset to read": ((Assignment, "recover", _recover_one_ahead),),
    # The offset comes from the group's commits, the state from the checkpoint.
    "resume where committed": ((Recovery, "load", _load_as_committed),),
    # A manifest is written before what it names.
    "manifest first": ((checkpointer, "encode", _manifest_first),),
    # A manifest that names a missing chunk is used.
    "missing chunk": ((checkpoints, "Reader", _Gullible),),
    # What a killed worker forwarded twice is folded twice.
    "forwarded offsets": ((ForwardedOffsets, "passes", lambda self, hop: True),),
    # Which events were seen is not part of what is restored.
    "recent ids": ((RecentIds, "restore", lambda self, packed: None),),
    # The batches for a target are under way together.
    "order of delivery": ((Sink, "_send_in_order", _send_at_once),),
}


@contextlib.contextmanager
def broken(name: str | None) -> Iterator[None]:
    """One guard is broken for a while; None: none is."""
    with replaced(() if name is None else BROKEN[name]):
        yield
