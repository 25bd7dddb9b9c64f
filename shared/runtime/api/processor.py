"""What a service gives the runtime: one `Processor` per partition that it is assigned.

The runtime decodes, drops repeats, dead-letters what is bad, calls `process` with the wanted
events of one batch, publishes what comes back, and only then lets the offset move. State lives
in the processor; the runtime checkpoints it together with the offset that it reflects.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shopkeeper.shared.contracts.envelope import Event, Output, Rejected

Sections = dict[str, bytes]  # a checkpoint's named parts


class Processor(Protocol):
    """The state of one partition of one topic.

    Every method is called on the worker's one *state thread*, never concurrently, so a processor
    needs no lock and may call numpy or onnxruntime at leisure.

    `process` must be a pure function of (state, events): the same log gives the same state and
    outputs however it was cut into batches. `now_ms` (the clock) may only influence what is
    *published*, never what is remembered.
    """

    def process(self, events: Sequence[Event], now_ms: int) -> tuple[list[Output], list[Rejected]]:
        """Fold one batch's events, in offset order; return what to publish and what failed."""
        ...

    def snapshot(self) -> Sections:
        """The whole state, packed; must not alias memory that `process` goes on to change."""
        ...

    def restore(self, sections: Mapping[str, bytes]) -> None:
        """Replace the state by what `snapshot` returned; called once, before any `process`."""
        ...

    def flush(self) -> list[Output]:
        """What `process` held back, to be published in fewer records: called every 250 ms where
        something was processed since, and always before `snapshot`. Most hold nothing back."""
        ...

    def on_timer(self, now_ms: int) -> list[Output]:
        """Called about once a second: tables that are due. May return nothing."""
        ...


class Stateless:
    """What a processor that remembers nothing and holds nothing back has besides `process`."""

    def snapshot(self) -> Sections:
        return {}

    def restore(self, sections: Mapping[str, bytes]) -> None:
        assert not sections, f"no state was dumped, and {sorted(sections)} is to be loaded"

    def flush(self) -> list[Output]:
        return []

    def on_timer(self, now_ms: int) -> list[Output]:
        return []


@runtime_checkable
class BatchedProcessor(Protocol):
    """A processor whose outputs need something that is computed for many partitions at once.

    In place of `process`, the runtime calls `fold` for every partition that waits, then
    `Service.rank` once, then `publish` for each of them, in the same order. `process` does the same
    for one partition alone.
    """

    def fold(self, events: Sequence[Event], now_ms: int) -> tuple[Any, list[Rejected]]:
        """Learn from one batch's events; returns what `publish` needs, and what failed."""
        ...

    def publish(self, folded: Any) -> list[Output]:
        """What is to be published of what `fold` returned; called once, before the next `fold`."""
        ...
