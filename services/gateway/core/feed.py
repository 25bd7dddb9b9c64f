"""Lists and answers as they are published: the latest list of each user, what came lately, and who
listens.

A subscriber sees the records of one key. Its place is the offset up to which it has seen each of
the two partitions that its key belongs to, so any gateway can go on where another left off.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

LISTS, ANSWERS = "recommendations", "answer"
KINDS = (LISTS, ANSWERS)
WAITING_MAX = 64  # records that a slow subscriber may be behind before it is let go


class Published(NamedTuple):
    """One record. value: JSON; None where the user was erased. cause: id of what caused it."""

    kind: str  # one of KINDS
    partition: int
    offset: int
    key: bytes
    value: bytes | None
    cause: str = ""
    searched: bool = False  # a list that a search caused
    experts: str = ""  # who spoke for its items, and how far its maker had read: as in the
    views: str = ""  # headers `ce_experts` and `ce_views`
    copy: bool = False  # published again as it was, to let what lay before it go


class Place(NamedTuple):
    """What a subscriber has seen: the next offset of its partition, by kind."""

    lists: int
    answers: int

    @classmethod
    def parse(cls, text: str) -> Place | None:
        """Of a `Last-Event-ID`; None for what is none of ours."""
        parts = text.strip().split("-")
        if len(parts) != len(KINDS) or not all(p.isascii() and p.isdigit() for p in parts):
            return None
        lists, answers = (int(part[:19]) for part in parts)
        return cls(lists, answers)

    def __str__(self) -> str:
        return f"{self.lists}-{self.answers}"

    def after(self, record: Published) -> Place:
        """Once that was seen too."""
        following = record.offset + 1
        if record.kind == LISTS:
            return self._replace(lists=max(self.lists, following))
        return self._replace(answers=max(self.answers, following))


class _Log:
    """The newest records of one partition, at most `records_max` of them."""

    def __init__(self, records_max: int) -> None:
        self.records: deque[Published] = deque(maxlen=records_max)
        self.complete_from = 0  # every record from this offset on is here
        self.following = 0

    def add(self, record: Published) -> None:
        if len(self.records) == self.records.maxlen:
            self.complete_from = self.records[0].offset + 1
        self.records.append(record)
        self.following = record.offset + 1


class Subscription:
    """One subscriber: what waits for it, and how it is woken."""

    __slots__ = ("_waiting", "behind", "key", "place", "wake")  # there are many thousands

    def __init__(self, key: bytes, place: Place, wake: Callable[[], None]) -> None:
        self.key, self.place, self.wake = key, place, wake
        self._waiting: list[Published] = []
        self.behind = False  # too far: it is to come again, with its place

    def begin(self, records: Iterable[Published]) -> None:
        """What came before it listened, however much."""
        self._waiting.extend(records)

    def add(self, record: Published) -> None:
        """One more record waits."""
        if self.behind:
            return
        if len(self._waiting) >= WAITING_MAX:
            self.behind = True
            self._waiting.clear()
        else:
            self._waiting.append(record)
        self.wake()

    def forget(self) -> None:
        """What waits is not to be told any more."""
        self._waiting.clear()

    def take(self) -> list[tuple[Place, Published]]:
        """What waits, each with the place after it."""
        taken = []
        waiting, self._waiting = self._waiting, []
        for record in waiting:
            self.place = self.place.after(record)
            taken.append((self.place, record))
        return taken


class Feed:
    """Records in, subscribers served. Not safe to use from two threads."""

    def __init__(self, *, lists_max: int, records_max: int) -> None:
        """lists_max: users whose latest list is kept; of more, that of longest ago goes.
        records_max: of each partition, for those who come back."""
        self._lists_max, self._records_max = lists_max, records_max
        self._lists: dict[bytes, Published] = {}
        self._logs: dict[tuple[str, int], _Log] = {}
        self._subscribers: dict[bytes, set[Subscription]] = {}
        self._answers: dict[str, Published] = {}  # by cause, as far as the logs go
        self._searches: dict[str, Published] = {}  # likewise
        self.recovered = self.unrecovered = self.evicted = 0

    def __len__(self) -> int:
        """Users with a list."""
        return len(self._lists)

    @property
    def subscribers(self) -> int:
        """How many listen."""
        return sum(map(len, self._subscribers.values()))

    def take(self, records: Iterable[Published]) -> None:
        """What was published, in the order of each partition."""
        for record in records:
            log = self._log(record.kind, record.partition)
            if record.copy:
                log.following = record.offset + 1
                if record.kind == LISTS and record.key not in self._lists:
                    self._keep(record)
                continue  # nothing new for anybody
            if record.kind == LISTS:
                if record.value is None:
                    self._forget(record.key)
                self._keep(record)
            log.add(record)
            if record.value is not None and (record.kind == ANSWERS or record.searched):
                held = self._answers if record.kind == ANSWERS else self._searches
                held[record.cause] = record
                while len(held) > self._records_max:
                    del held[next(iter(held))]
            for subscription in self._subscribers.get(record.key, ()):
                subscription.add(record)

    def latest(self, key: bytes) -> Published | None:
        """The user's list as it is now."""
        return self._lists.get(key)

    def values(self) -> list[bytes]:
        """Every user's list as it is now, in no order: references, no copies."""
        return [each.value for each in self._lists.values() if each.value is not None]

    def answer_to(self, cause: str) -> Published | None:
        """The answer to the question with that event id, if it came lately."""
        return self._answers.get(cause)

    def list_of_search(self, cause: str) -> Published | None:
        """The list that the search with that event id caused, if it came lately."""
        return self._searches.get(cause)

    def subscribe(
        self, key: bytes, partitions: Sequence[int], last: Place | None, wake: Callable[[], None]
    ) -> Subscription:
        """Begin to listen. partitions: of the key, in the order of KINDS. last: what was seen
        before; None for a new subscriber, which gets the list as it is now. wake: called whenever
        something waits.

        What the logs still hold since `last` waits at once. Where they do not reach back so far,
        answers between may be missed (they are on the topic); the list is the current one.
        """
        logs = [self._log(kind, part) for kind, part in zip(KINDS, partitions, strict=True)]
        now = Place(*(log.following for log in logs))
        whole = last is not None and all(
            log.complete_from <= seen <= log.following for log, seen in zip(logs, last, strict=True)
        )
        if last is not None and whole:
            self.recovered += 1
            subscription = Subscription(key, last, wake)
            missed = [
                record
                for log, seen in zip(logs, last, strict=True)
                for record in log.records
                if record.key == key and record.offset >= seen
            ]
        else:
            self.unrecovered += last is not None
            subscription = Subscription(key, now, wake)
            missed = [self._lists[key]] if key in self._lists else []
        subscription.begin(missed)
        self._subscribers.setdefault(key, set()).add(subscription)
        return subscription

    def wake(self) -> None:
        """Have every subscriber look around: the gateway stops."""
        for listening in self._subscribers.values():
            for subscription in listening:
                subscription.wake()

    def leave(self, subscription: Subscription) -> None:
        """It listens no more."""
        listening = self._subscribers.get(subscription.key, set())
        listening.discard(subscription)
        if not listening:
            self._subscribers.pop(subscription.key, None)

    def _forget(self, key: bytes) -> None:
        """A user was erased: of what came before, nothing is held."""
        for log in self._logs.values():
            if any(record.key == key for record in log.records):
                left = [record for record in log.records if record.key != key]
                log.records = deque(left, maxlen=self._records_max)
        for held in (self._answers, self._searches):
            for cause in [cause for cause, record in held.items() if record.key == key]:
                del held[cause]
        for subscription in self._subscribers.get(key, ()):
            subscription.forget()

    def _log(self, kind: str, partition: int) -> _Log:
        return self._logs.setdefault((kind, partition), _Log(self._records_max))

    def _keep(self, record: Published) -> None:
        self._lists.pop(record.key, None)
        if record.value is None:
            return
        self._lists[record.key] = record
        if len(self._lists) > self._lists_max:
            del self._lists[next(iter(self._lists))]
            self.evicted += 1
