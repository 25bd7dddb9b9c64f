"""How the checkpoints of one partition rest on each other: a base, and segments after it.

A *manifest* names the chunks of its own part, base or segment, and by hash its *parent*, the
manifest that it adds to. So a manifest is as short after a thousand segments as after one, and no
segment can be applied twice, left out, or applied in another order.
"""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import orjson

from shopkeeper.shared.contracts.envelope import Output

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..api.processor import Sections
    from .checkpoint import Checkpoint

FORMAT_VERSION = 2  # format 1 had bases only
CHUNK_BYTES = 700_000
SLACK_BYTES = 65_536  # of segments, whatever the base has
SEGMENTS_MAX = 2_000  # of a base: recovery applies them one by one


def encode(checkpoint: Checkpoint, topic: str, parent: str | None = None) -> list[Output]:
    """The records of one part, chunks first, for `topic` (the service's).

    parent: the id of the manifest that its sections are a segment to; None: they are a base.
    """
    packed = msgspec.msgpack.encode(checkpoint.sections)
    digests, outputs = [], []
    for start in range(0, max(len(packed), 1), CHUNK_BYTES):
        chunk = packed[start : start + CHUNK_BYTES]
        digest = hashlib.sha256(chunk).hexdigest()
        digests.append(digest)
        key = f"{checkpoint.source}/chunk/{digest}".encode()
        outputs.append(Output(topic, key, chunk, [], checkpoint.partition))
    manifest = orjson.dumps(
        {
            "format": FORMAT_VERSION,
            "source": checkpoint.source,
            "partition": checkpoint.partition,
            "next_offset": checkpoint.next_offset,
            "split_by": checkpoint.count,
            "chunks": digests,
            "parent": parent,
            "written_ms": int(time.time() * 1000),
            "last_record": None if (last := checkpoint.last_record) is None else list(last),
        }
    )
    key = f"{checkpoint.source}/manifest".encode()
    outputs.append(Output(topic, key, manifest, [], checkpoint.partition))
    return outputs


def manifest_id(manifest: bytes) -> str:
    """By what a later manifest names this one as its parent."""
    return hashlib.sha256(manifest).hexdigest()


class Part(NamedTuple):
    """A base, or a segment with all that it rests on, as it was read."""

    parent: Part | None
    chunks: Sequence[bytes]
    first: int  # offset of the base's first record
    size_bytes: int  # of all

    def sections(self) -> tuple[Sections, list[Sections]]:
        """Those of the base, and of every segment in order."""
        parts, part = [], self
        while part.parent is not None:
            parts.append(part)
            part = part.parent
        base, *segments = [
            msgspec.msgpack.decode(b"".join(each.chunks), type=dict[str, bytes])
            for each in (part, *reversed(parts))
        ]
        return base, segments


class Written:
    """What one worker has written of one partition since it took it over: when the next checkpoint
    is to be a base.

    The first is one. Later ones are once the segments are larger than their base: the log then
    holds at most about twice the state, and of two bytes written one is of a change.
    """

    def __init__(self) -> None:
        self._parent: str | None = None  # of the next segment: the last one that was confirmed
        self._encoded: str | None = None  # whose confirmation is awaited
        self._base_bytes = self._segment_bytes = self._segments = 0

    @property
    def base_due(self) -> bool:
        """Whether the next one should hold the whole state."""
        return (
            self._parent is None
            or self._encoded is not None  # it may be lost, and what it said of changes with it
            or self._segment_bytes > self._base_bytes + SLACK_BYTES
            or self._segments >= SEGMENTS_MAX
        )

    def encode(self, checkpoint: Checkpoint, topic: str, *, base: bool) -> list[Output]:
        """The records of the next one; `confirmed` is to follow once they are written, else the
        next one after is a base."""
        assert base or (self._parent is not None and self._encoded is None)
        outputs = encode(checkpoint, topic, None if base else self._parent)
        size = sum(len(output.value or b"") for output in outputs)
        if base:
            self._base_bytes, self._segment_bytes, self._segments = size, 0, 0
        else:
            self._segment_bytes += size
            self._segments += 1
        self._encoded = manifest_id(outputs[-1].value or b"")
        return outputs

    def confirmed(self) -> None:
        """What was encoded last is on the topic."""
        self._parent, self._encoded = self._encoded, None
