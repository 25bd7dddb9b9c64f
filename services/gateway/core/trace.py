"""How events pass: each record with its place, its cause and how long that took; and figures of
each topic and of each way from a topic through a service to another.

No record's value leaves it. Keys are told as pseudonyms, which hold for one process only, but to
who asks for one user and may.
"""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, NamedTuple

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.dead_letter import PREFIX
from shopkeeper.shared.contracts.decoder import EventDecoder
from shopkeeper.shared.contracts.envelope import Event, Several

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

RECORDS_MAX = 4000  # newest records that a newcomer or a filter finds
CAUSES_MAX = 50_000  # events whose outputs are still linked to them
WAITING_MAX = 400  # records that wait for one watcher; of more, the oldest go
SHOWN_PER_S_MAX = (
    60  # records told to a watcher without a filter; beyond, whole events are left out
)
WINDOW_S = 60
RATE_S = 5
LATENCIES_MAX = 2000  # of one way, within the window
IDS_MAX = 2000  # events of one watched user
KEY_BYTES = 5
QUANTILES = (0.5, 0.99)
PLACE = ("topic", "partition", "offset")
ERASED = "user.erased.v1"

# Not what passes, but what services keep for themselves.
_KEPT = frozenset({topics.LAYOUT, *map(topics.checkpoints, topics.SERVICES)})
TRACED = tuple(topic.name for topic in topics.ALL if topic.name not in _KEPT)


class Passed(NamedTuple):
    """One event on its way. Times in Unix milliseconds."""

    topic: str  # unprefixed
    partition: int
    offset: int
    key: bytes
    type: str  # without prefix; "" where no header says
    id: str
    cause: str  # id of the event that caused it; "": it came from outside
    correlation: str  # id of the first event of the chain
    time_ms: int
    written_ms: int  # by the clock of who published it
    user: str = ""
    caused_on: str = ""  # topic of the cause, where it was seen
    latency_ms: int | None = None  # from the cause's writing to this one's


class Parser:
    """Records as they stand on the topics become `Passed`."""

    def __init__(self, type_prefix: str) -> None:
        self._prefix = type_prefix
        self._decoders = {
            topic.name: EventDecoder(topic.name, topic.types, topic.owner, type_prefix)
            for topic in topics.ALL
            if topic.default_type
        }

    def parse(self, topic: str, record: Any) -> Iterator[Passed]:
        """Every event that the record holds; what cannot be read passes as well, without a type."""
        headers = {name: value or b"" for name, value in record.headers or ()}
        decoder = self._decoders.get(topic)
        events: list[Event] = []
        if decoder is not None:
            (verdict,) = decoder.decode((record,))
            decoder.take_dropped()
            found = verdict.verdicts if isinstance(verdict, Several) else (verdict,)
            events = [each for each in found if isinstance(each, Event)]
        place = topic, record.partition, record.offset, record.key or b""
        for event in events:
            data = event.data
            user = getattr(data, "user", None) or getattr(data, "user_id", None) or ""
            yield Passed(
                *place,
                type=event.type,
                id=event.id,
                cause="",
                correlation=event.correlation_id,
                time_ms=event.time_ms,
                written_ms=record.timestamp,
                user=str(user),
            )
        if not events:
            own = f"{topic}/{record.partition}/{record.offset}"
            name = _text(headers, "ce_type").removeprefix(self._prefix)
            event_id = _text(headers, "ce_id") or own
            cause = _text(headers, "ce_causationid")
            if topic.endswith(".dlq"):  # the record as it came: what it was is the cause
                came = "/".join(_text(headers, PREFIX + n) for n in PLACE)
                cause, event_id = _text(headers, "ce_id") or came, own
            yield Passed(
                *place,
                type=name,
                id=event_id,
                cause=cause,
                correlation=_text(headers, "ce_correlationid") or cause or event_id,
                time_ms=record.timestamp,
                written_ms=record.timestamp,
            )


def _text(headers: dict[str, bytes], name: str) -> str:
    return headers.get(name, b"").decode("utf-8", "replace")


class Watch:
    """One watcher: whom or what it asks for, and what waits for it."""

    def __init__(self, wake: Callable[[], None], *, user: str = "", event: str = "") -> None:
        self.user, self.event, self._wake = user, event, wake
        self._ids: OrderedDict[str, None] = OrderedDict()
        self._waiting: deque[Passed] = deque(maxlen=WAITING_MAX)
        self.left_out = 0
        self.failed = ""

    def wants(self, passed: Passed) -> bool:
        """Whether it is of the user, or of the event or caused by it; all, where neither is asked.
        To be asked in the order of the log, so that what an event of the user causes is known."""
        if self.event:
            return self.event in (passed.id, passed.cause, passed.correlation)
        if not self.user:
            return True
        if self.user in (passed.user, passed.key.decode("utf-8", "replace")):
            self._ids[passed.id] = None
            while len(self._ids) > IDS_MAX:
                self._ids.popitem(last=False)
            return True
        return passed.cause in self._ids or passed.correlation in self._ids

    def add(self, passed: Passed) -> None:
        """It waits to be told; where the watcher is slow, the oldest go."""
        self.left_out += len(self._waiting) == WAITING_MAX
        self._waiting.append(passed)

    def wake(self) -> None:
        """Something happened."""
        self._wake()

    def take(self) -> list[Passed]:
        """What waits."""
        taken = list(self._waiting)
        self._waiting.clear()
        return taken


class _Way:
    """Figures of one topic, or of one way from topic to topic."""

    def __init__(self) -> None:
        self.total = 0
        self.offsets: dict[int, int] = {}
        self.seconds: deque[tuple[int, int]] = deque(maxlen=RATE_S + 1)
        self.latencies: deque[tuple[float, int]] = deque(maxlen=LATENCIES_MAX)

    def count(self, now_s: float) -> None:
        self.total += 1
        second = int(now_s)
        if self.seconds and self.seconds[-1][0] == second:
            self.seconds[-1] = second, self.seconds[-1][1] + 1
        else:
            self.seconds.append((second, 1))

    def per_s(self, now_s: float) -> float:
        second = int(now_s)
        return sum(n for s, n in self.seconds if second - RATE_S <= s < second) / RATE_S

    def quantiles(self, now_s: float) -> list[int | None]:
        """Of the last minute, by nearest rank."""
        while self.latencies and self.latencies[0][0] < now_s - WINDOW_S:
            self.latencies.popleft()
        values = sorted(value for _, value in self.latencies)
        if not values:
            return [None for _ in QUANTILES]
        return [values[min(len(values) - 1, int(len(values) * q))] for q in QUANTILES]


class Trace:
    """Records in, watchers told. Not safe to use from two threads.

    Memory: RECORDS_MAX records, CAUSES_MAX ids, WAITING_MAX records for each watcher.
    """

    def __init__(self, salt: bytes) -> None:
        """salt: makes pseudonyms of keys; another one makes others."""
        self._salt = salt[:64]
        self._ring: deque[Passed] = deque(maxlen=RECORDS_MAX)
        self._causes: OrderedDict[str, tuple[str, int]] = OrderedDict()
        self._topics: dict[str, _Way] = {}
        self._ways: dict[tuple[str, str], _Way] = {}
        self._watches: set[Watch] = set()
        self._shown: Counter[int] = Counter()  # second -> records that went by, all and shown
        self._one_in = 1
        self.skipped = 0  # records that were not read, to keep up

    @property
    def watchers(self) -> int:
        """How many."""
        return len(self._watches)

    def watch(self, watch: Watch) -> None:
        """Begin to be told; with a filter, what is held already too."""
        if watch.user or watch.event:
            for passed in self._ring:
                if watch.wants(passed):
                    watch.add(passed)
        self._watches.add(watch)
        watch.wake()

    def leave(self, watch: Watch) -> None:
        """Be told no more. Without any watcher what was held is forgotten: nobody reads on."""
        self._watches.discard(watch)
        if not self._watches:
            self._ring.clear()
            self._causes.clear()
            self._topics.clear()
            self._ways.clear()

    def fail(self, reason: str) -> None:
        """Nothing more can be read: all watchers are to come again."""
        for watch in self._watches:
            watch.failed = reason
            watch.wake()

    def take(self, records: Iterable[Passed], now_s: float) -> None:
        """What was published, in the order of each partition. now_s: never goes back."""
        told = set()
        for record in records:
            passed = self._linked(record, now_s)
            if passed.type == ERASED and passed.user:
                self._forget(passed.user)
            self._ring.append(passed)
            shown = self._is_shown(passed, now_s)
            for watch in self._watches:
                if (watch.user or watch.event or shown) and watch.wants(passed):
                    watch.add(passed)
                    told.add(watch)
                elif not (watch.user or watch.event):
                    watch.left_out += 1
        for watch in told:
            watch.wake()

    def _linked(self, record: Passed, now_s: float) -> Passed:
        way = self._topics.setdefault(record.topic, _Way())
        way.count(now_s)
        way.offsets[record.partition] = record.offset
        known = self._causes.get(record.cause) if record.cause else None
        if known is not None:
            topic, written_ms = known
            latency_ms = max(0, record.written_ms - written_ms)
            record = record._replace(caused_on=topic, latency_ms=latency_ms)
            edge = self._ways.setdefault((topic, record.topic), _Way())
            edge.count(now_s)
            edge.latencies.append((now_s, latency_ms))
        self._causes[record.id] = record.topic, record.written_ms
        while len(self._causes) > CAUSES_MAX:
            self._causes.popitem(last=False)
        return record

    def _forget(self, user: str) -> None:
        """A user was erased: who begins to watch is told nothing of before."""
        key = user.encode()
        gone = {each.id for each in self._ring if user == each.user or key == each.key}
        left = [each for each in self._ring if each.id not in gone and each.cause not in gone]
        self._ring = deque(left, maxlen=RECORDS_MAX)
        for event_id in gone:
            self._causes.pop(event_id, None)

    def _is_shown(self, passed: Passed, now_s: float) -> bool:
        """Of many, some events with everything that they cause, so that each way is whole."""
        second = int(now_s)
        if second not in self._shown:
            last = max(self._shown.values(), default=0)
            self._one_in = 1
            while last > SHOWN_PER_S_MAX * self._one_in:
                self._one_in *= 2
            self._shown.clear()
        self._shown[second] += 1
        if self._one_in == 1:
            return self._shown[second] <= WAITING_MAX
        digest = blake2b(passed.correlation.encode(), digest_size=4).digest()
        return int.from_bytes(digest, "big") % self._one_in == 0

    def told(self, passed: Passed, *, user: str = "") -> dict[str, Any]:
        """The record for a watcher. user: whose key it may see as it is."""
        key = passed.key.decode("utf-8", "replace")
        if key and key != user:
            key = blake2b(passed.key, key=self._salt, digest_size=KEY_BYTES).hexdigest()
        return {
            "topic": passed.topic,
            "partition": passed.partition,
            "offset": passed.offset,
            "key": key,
            "type": passed.type,
            "id": passed.id,
            "cause": passed.cause or None,
            "correlation": passed.correlation,
            "caused_on": passed.caused_on or None,
            "time_ms": passed.time_ms,
            "written_ms": passed.written_ms,
            "latency_ms": passed.latency_ms,
        }

    def figures(self, now_s: float) -> dict[str, Any]:
        """Rates of the last RATE_S whole seconds, latencies of the last minute."""
        return {
            "topics": [
                {
                    "topic": name,
                    "total": way.total,
                    "per_s": way.per_s(now_s),
                    "offsets": {str(p): way.offsets[p] for p in sorted(way.offsets)},
                }
                for name, way in sorted(self._topics.items())
            ],
            "ways": [
                {
                    "from": source,
                    "service": service_between(source, target),
                    "to": target,
                    "total": way.total,
                    "per_s": way.per_s(now_s),
                    "p50_ms": quantiles[0],
                    "p99_ms": quantiles[1],
                }
                for (source, target), way in sorted(self._ways.items())
                for quantiles in [way.quantiles(now_s)]
            ],
            "skipped": self.skipped,
        }


def service_between(source: str, target: str) -> str:
    """Which service reads one topic and writes the other; "" where it is none of ours."""
    if target not in topics.BY_NAME or source not in topics.BY_NAME:
        return ""
    producers = [p for p in topics.BY_NAME[target].producers if p in topics.SERVICES]
    reads = topics.BY_NAME[source]
    both = [p for p in producers if p in (*reads.consumers, *reads.tables_of)]
    return (both or producers or [""])[0]


def graph() -> dict[str, Any]:
    """The topics that are traced, and who writes and reads them."""
    services = [name for name in topics.SERVICES if name != "gateway"]
    found = []
    for name in TRACED:
        topic = topics.BY_NAME[name]
        kind = "internal" if topic.internal else "output"
        if name.endswith(".dlq"):
            kind = "dead-letters"
        elif topic.default_type:
            kind = "input"
        found.append(
            {
                "topic": name,
                "kind": kind,
                "producers": [p for p in topic.producers if p in services],
                "consumers": [c for c in topic.consumers if c in services],
                "tables": [t for t in topic.tables_of if t in services],
            }
        )
    return {"services": services, "topics": found}
