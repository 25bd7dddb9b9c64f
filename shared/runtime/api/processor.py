"""What a service gives the runtime: one `Processor` per partition that it is assigned.

The runtime decodes, drops repeats, dead-letters what is bad, calls `process` with the wanted
events of one batch, publishes what comes back, and only then lets the offset move. State lives
in the processor; the runtime checkpoints it together with the offset that it reflects.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, runtime_checkable

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
        """What `process` has buffered, to be published in fewer records: called every 250 ms where
        something was processed since, and always before `snapshot`. Most buffer nothing. Called
        also as the partition is given up in order: what `on_timer` would publish next is due."""
        ...

    def on_timer(self, now_ms: int) -> list[Output]:
        """Called about once a second: tables that are due. May return nothing."""
        ...


class Changes(NamedTuple):
    """What became of a state since its last `snapshot` or `changes`.

    A section is in one of both, or in neither: then it is as it was.
    """

    added: Sections  # packed as its owner likes, to be applied to the section
    replaced: Sections  # whole


@runtime_checkable
class IncrementalProcessor(Protocol):
    """A processor that can say what changed of its state, at the price of the change.

    Without this the runtime writes all that `snapshot` gives, at each checkpoint for which it is
    another than before. Its service says how changes become a whole again (`ServiceSpec.merging`).
    """

    def changes(self) -> Changes | None:
        """What changed since the last `snapshot`, `changes` or `restore`; None where only
        `snapshot` can tell, for instance because something was to be forgotten for good."""
        ...

    def apply(self, added: Mapping[str, bytes]) -> None:
        """Add what one `changes` gave: called after `restore`, in the order in which they came."""
        ...


class Stateless:
    """What a processor that remembers nothing and buffers nothing has besides `process`."""

    def snapshot(self) -> Sections:
        return {}

    def restore(self, sections: Mapping[str, bytes]) -> None:
        assert not sections, f"nothing was saved, and {sorted(sections)} is to be restored"

    def flush(self) -> list[Output]:
        return []

    def on_timer(self, now_ms: int) -> list[Output]:
        return []


@runtime_checkable
class BatchedProcessor(Protocol):
    """A processor whose outputs are ranked in one batch with those of other partitions.

    Per trip to the state thread the worker calls `fold` of every partition that has a batch
    waiting, then `Service.rank` once, then `publish` of each: most of the price of ranking a few
    requests is paid once per call, however many partitions they came from.

    `process`, which such a processor has as well, does the same for one partition: fold, rank,
    publish.
    """

    def fold(self, events: Sequence[Event], now_ms: int) -> tuple[Any, list[Rejected]]:
        """Learn from one batch's events, in offset order, and submit what is to be ranked.

        Returns what `publish` needs (None: nothing is to be published), and the events that failed.
        What `fold` remembers is bound by the same rule as `process`: it must be a pure function of
        (state, events).
        """
        ...

    def publish(self, folded: Any) -> list[Output]:
        """What to publish of a batch, once everything that was submitted is ranked.

        folded: what `fold` returned. Called once per `fold`, before anything else is asked of this
        processor; not at all where ranking failed, after which the worker ends.
        """
        ...
