"""How a service describes itself: what it is (`ServiceSpec`), and what its worker runs (`Service`).

A specification is read by whoever lists services: the command line, docs/settings.md, the tests of
topics and of docker-compose.yml. It loads no model; `ServiceSpec.build` does, in the worker.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from shopkeeper.shared.contracts.envelope import Event

    from ..kafka.global_tables import Apply
    from ..settings import Setting, WorkerSettings
    from ..telemetry.metrics import Observer, Registry
    from .component import Component
    from .processor import Processor, Sections

    # (sections of a base, what `IncrementalProcessor.changes` added since) -> sections, whole
    Merge: TypeAlias = Callable[[Sections, Sequence[Sections]], Sections]
    # (state by partition, number of partitions) -> state by partition
    Reshard: TypeAlias = Callable[[Mapping[int, Sections], int], dict[int, Sections]]


@dataclass(frozen=True, slots=True)
class Handovers:
    """What the partitions of a source tell each other within its topic (see routing.py)."""

    event_type: str  # of the events that such records become
    # Of a record's value, the event's data, which names a key as others do, and its time in
    # milliseconds. Raises ValueError.
    decode: Callable[[bytes], tuple[Any, int]]


@dataclass(frozen=True, slots=True)
class Source:
    """A topic that is consumed in the group, partition by partition, with state."""

    topic: str  # unprefixed
    make: Callable[[int], Processor]  # partition number -> its processor
    wanted: frozenset[str] = frozenset()  # event types; empty for an internal format
    # Records in one batch at most, where nobody waits for them and others wait for the thread
    # meanwhile; 0: BATCH_RECORDS_MAX alone.
    records_max: int = 0
    buffers_output: bool = False  # its processors keep outputs back until `flush`
    internal_type: str = ""  # set: records are handed on undecoded, as Event(type=this, data=bytes)
    # What an event's state is kept under: its partition follows from that, wherever the event came
    # (see routing.py); of an event that is for the partition it lies in, None. None: nothing is
    # kept by key.
    key_of: Callable[[Event], str | None] | None = None
    handovers: Handovers | None = None
    # The user ids that an event names (see `state.erasures`): one that is not newer than an erasure
    # of any of them is skipped. None: the order of the log decides, or it is about no user.
    users_of: Callable[[Event], Iterable[str | None]] | None = None
    # Large batches are decoded at once, and the processor is given `EventColumns` of them. For a
    # topic of clicks whose `key_of` is the user, `user_id` or else `anonymous_id`.
    bulk: bool = False


@dataclass(frozen=True, slots=True)
class Service:
    """What one worker runs: consumed topics, tables that it reads whole, components, metrics."""

    name: str
    sources: Sequence[Source]
    tables: Mapping[str, Apply] = field(default_factory=dict)
    # Called once, connected and before any processor is made, with "how many partitions has this
    # topic (unprefixed)?".
    prepare: Callable[[Callable[[str], int]], None] = lambda partition_count: None
    # Kept current beside the tables, on the state thread: by topic (unprefixed), the sum of the
    # next offsets over its partitions.
    positions: dict[str, int] = field(default_factory=dict)
    # Called once, before anything is read: declares the service's metrics, and returns what keeps
    # them current.
    metrics: Callable[[Registry], Observer] = lambda registry: lambda: None
    models: Sequence[tuple[str, str]] = ()  # (name, version), loaded
    # Between the folding and the publishing of batched processors (see `BatchedProcessor`), on the
    # state thread: once for all partitions that were folded together.
    rank: Callable[[], None] = lambda: None
    # On the state thread, before each trip's batches and about once a second where there are none:
    # takes over what another thread has made ready, such as a newer model. No batch sees both.
    refresh: Callable[[], None] = lambda: None
    # On the state thread, again and again while it says that more is left, and every
    # `BACKGROUND_S` otherwise: some 10 ms of what nobody waits for, or, where it is told that
    # others wait for the thread, less. Between two calls everything else that waits has its turn.
    background: Callable[[bool], bool] | None = None
    # What /readyz says besides of a worker that is ready, but not yet at its best; on the state
    # thread, about once a second. "": nothing.
    remark: Callable[[], str] = lambda: ""
    # Run beside the sources, or without any, from the moment that the tables are read.
    components: Sequence[Component] = ()
    spec: ServiceSpec | None = None  # set by `ServiceSpec.build`


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSpec:
    """What a service is: readable without loading its models, its numerics or its metrics.

    The fields that name code ("module:attribute") are looked up only when they are called.
    """

    name: str
    consumes: frozenset[str] = frozenset()  # topics (unprefixed) of its `Service.sources`
    tables: frozenset[str] = frozenset()  # topics of its `Service.tables`
    publishes: frozenset[str] = frozenset()  # topics, without checkpoints and dead letters
    # Of `consumes`, those whose state is kept by a key (`Source.key_of`): what lies in another
    # partition than its key's is passed on within the topic, which needs the right to write there.
    by_key: frozenset[str] = frozenset()
    reads: frozenset[str] = frozenset()  # topics that its components read by themselves
    app: str  # a function from WorkerSettings to the Service; loads models
    settings: Sequence[Setting] = ()  # that only this service reads
    # Reads `settings` as the service does, with the relations between them; None: one by one.
    check: Callable[[Mapping[str, str]], object] | None = None
    # A function that makes the worker's event loop; None: asyncio's own.
    event_loop: str | None = None
    # A dict: topic -> how the state of its source, by partition, is split by another number of
    # partitions (docs/partitions.md). None: nothing is kept by key.
    resharding: str | None = None
    # A dict: topic -> how the state of its source is made whole of a base and what was added to it,
    # for tools that read checkpoints. None: no source is incremental.
    merging: str | None = None
    # A function (model_dir, threads) -> (texts -> labels), for `shopkeeper classify`.
    classify: str | None = None
    # For `shopkeeper evaluate`: a function from a labelled file's path to figures, or a click
    # command that returns figures.
    evaluate: str | None = None
    # Further ones, by what is measured: `shopkeeper evaluate NAME`, likewise.
    evaluations: Mapping[str, str] = field(default_factory=dict)

    def build(self, settings: WorkerSettings) -> Service:
        """The service, its models loaded. Raises SettingsError, and ModelError or OSError for a
        model that is missing or altered."""
        service: Service = load(self.app)(settings)
        assert service.name == self.name, service.name
        assert {s.topic for s in service.sources} == self.consumes, self.name
        assert set(service.tables) == self.tables, self.name
        return replace(service, spec=self)

    def new_event_loop(self) -> asyncio.AbstractEventLoop:
        """What the worker runs on."""
        make: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
        if self.event_loop is not None:
            make = load(self.event_loop)
        return make()

    def reshard(self, topic: str) -> Reshard | None:
        """How the state of one source is split anew; None where it keeps nothing by key."""
        if self.resharding is None:
            return None
        by_topic: Mapping[str, Reshard] = load(self.resharding)
        return by_topic.get(topic)

    def merge(self, topic: str) -> Merge | None:
        """How a state of one source is made whole; None where its checkpoints always are."""
        if self.merging is None:
            return None
        by_topic: Mapping[str, Merge] = load(self.merging)
        return by_topic.get(topic)

    def check_settings(self, environ: Mapping[str, str]) -> None:
        """Raises SettingsError, naming the one, for a setting of this service that is unusable."""
        if self.check is not None:
            self.check(environ)
            return
        for setting in self.settings:
            setting.read(environ)


def load(reference: str) -> Any:
    """What "module:attribute" names. Raises ImportError, AttributeError, ValueError."""
    module, colon, attribute = reference.partition(":")
    if not (module and colon and attribute):
        raise ValueError(f"{reference!r} is not module:attribute")
    return getattr(import_module(module), attribute)
