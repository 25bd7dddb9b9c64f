"""How a service describes itself to the runtime: what it reads, and who does the work."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from shopkeeper.shared.contracts.envelope import KeyValue

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from shopkeeper.shared.contracts.envelope import Event

    from ..telemetry.metrics import Metrics
    from .component import Component
    from .processor import Processor


@dataclass(frozen=True, slots=True)
class Source:
    """A topic that is consumed in the group, partition by partition, with state."""

    topic: str  # unprefixed
    make: Callable[[int], Processor]  # partition number -> its processor
    wanted: frozenset[str] = frozenset()  # event types; empty for an internal format
    buffers_output: bool = False  # its processors keep outputs back until `flush`
    internal_type: str = ""  # set: records are handed on undecoded, as Event(type=this, data=bytes)
    # What an event's state is kept under: its partition follows from that, wherever the event came
    # (see routing.py). None: nothing is kept by key.
    key_of: Callable[[Event], str] | None = None


@dataclass(frozen=True, slots=True)
class Service:
    """One worker: consumed topics, tables that it reads whole, components and metrics."""

    name: str
    sources: Sequence[Source]
    tables: Mapping[str, Callable[[Sequence[KeyValue]], None]] = field(default_factory=dict)
    # Called once, connected and before any processor is made, with "how many partitions has this
    # topic (unprefixed)?".
    prepare: Callable[[Callable[[str], int]], None] = lambda partition_count: None
    # Kept current beside the tables, on the state thread: by topic (unprefixed), the sum of the
    # next offsets over its partitions.
    positions: dict[str, int] = field(default_factory=dict)
    observe: Callable[[Metrics], None] = lambda metrics: None  # called about once a second
    models: Sequence[tuple[str, str]] = ()  # (name, version), loaded
    # Between the folding and the publishing of batched processors (see `BatchedProcessor`), on the
    # state thread: once for all partitions that were folded together.
    rank: Callable[[], None] = lambda: None
    # Run beside the sources, or without any, from the moment that the tables are read.
    components: Sequence[Component] = ()
