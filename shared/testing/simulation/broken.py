"""Guards of the runtime, broken on purpose, by name: the simulation must catch each of them.

Each replaces a few attributes while a schedule runs. Nothing in the runtime knows of this file.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson

from shopkeeper.shared.runtime.kafka.routing import ForwardedOffsets
from shopkeeper.shared.runtime.kafka.sink import Sink
from shopkeeper.shared.runtime.state import checkpoints
from shopkeeper.shared.runtime.state.checkpoint_chain import Written
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
    "encode": Written.encode,
    "load": Recovery.load,
    "recover": Assignment.recover,
    "checkpoint": PartitionState._checkpoint,
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
        outputs = owned.written.encode(checkpoint, self._topic, base=True)
        return checkpointer.Taken(checkpoint.next_offset, outputs, True)

    taken_at = time.monotonic()
    taken = self._thread.submit(take)
    owned.saving = asyncio.create_task(
        self._ending.guarded(lambda: self._save(owned, taken, taken_at))
    )


def _checkpoint_one_ahead(self: Any, sections: Any) -> Any:
    checkpoint = SOUND["checkpoint"](self, sections)
    return replace(checkpoint, next_offset=checkpoint.next_offset + 1)


async def _recover_one_ahead(self: Any, partitions: Any, *, unbroken: bool) -> Any:
    offsets = await SOUND["recover"](self, partitions, unbroken=unbroken)
    return {partition: offset + 1 for partition, offset in offsets.items()}


async def _load_as_committed(self: Any, assigned: Any, released: Any) -> Any:
    loaded = await SOUND["load"](self, assigned, {})
    committed = PROCESS.get().world.group.committed
    for partition, owned in loaded.items():
        owned.state.next_offset = committed.get(partition, 0)
    return loaded


def _manifest_first(self: Any, checkpoint: Any, topic: str, *, base: bool) -> Any:
    *chunks, manifest = SOUND["encode"](self, checkpoint, topic, base=base)
    return [manifest, *chunks]


class _Gullible(Reader):
    """Takes a manifest's word for chunks that it has never seen."""

    def take(self, offset: int, key: bytes | None, value: bytes | None) -> None:
        source, _, rest = (key or b"").decode().partition("/")
        if rest == "manifest" and value is not None:
            for digest in orjson.loads(value)["chunks"]:
                self._chunks.setdefault(f"{source}/chunk/{digest}", (offset, b""))
        super().take(offset, key, value)


class _Backwards(Reader):
    """Hands segments over with the last one first."""

    def best(self, source: str, partition: int) -> Any:
        found = super().best(source, partition)
        if found is None:
            return None
        return replace(found[0], segments=found[0].segments[::-1]), found[1]


class _AnyParent(Reader):
    """Does not look which manifest a segment names."""

    def _part(self, source: str, offset: int, keys: Any, parent: Any) -> Any:
        parts = self._parts.get(source, {})
        if parent is not None and parts:
            parent = next(reversed(parts))
        return super()._part(source, offset, keys, parent)


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
    "next offset": ((PartitionState, "_checkpoint", _checkpoint_one_ahead),),
    # Reading goes on one record too late.
    "next offset to read": ((Assignment, "recover", _recover_one_ahead),),
    # State is taken up again in the middle of what was being done.
    "whole state": ((OwnedPartition, "whole", True),),
    # The offset comes from the group's commits, the state from the checkpoint.
    "resume where committed": ((Recovery, "load", _load_as_committed),),
    # A manifest is written before what it names.
    "manifest first": ((Written, "encode", _manifest_first),),
    # A manifest that names a missing chunk is used.
    "missing chunk": ((checkpoints, "Reader", _Gullible),),
    # Segments are applied in another order than that in which they were written.
    "segment order": ((checkpoints, "Reader", _Backwards),),
    # A segment is added to the newest checkpoint that is there, whichever it was made for.
    "segment's parent": ((checkpoints, "Reader", _AnyParent),),
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
