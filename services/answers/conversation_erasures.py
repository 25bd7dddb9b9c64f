"""Whose conversations are to be forgotten, in every partition that this worker has."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING
from weakref import WeakSet

from shopkeeper.shared.contracts import erased_users
from shopkeeper.shared.runtime.telemetry.metrics import StateMetrics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopkeeper.shared.contracts.envelope import KeyValue
    from shopkeeper.shared.runtime.telemetry.metrics import Observer, Registry

    from .core.dialogue.conversation import Conversations

ERASED_MAX = 100_000  # users whose erasure is remembered, the newest


class ErasedUsers:
    """Read whole before the first question: a checkpoint may be older than an erasure."""

    def __init__(self) -> None:
        self._erased: OrderedDict[int, int] = OrderedDict()  # number of a user -> milliseconds
        # Weak: the runtime drops the processors of a revoked partition.
        self._watched: WeakSet[Conversations] = WeakSet()

    def watched(self, conversations: Conversations) -> Conversations:
        """Conversations that are to forget whoever is erased."""
        self._watched.add(conversations)
        return conversations

    def erased_ms(self, user: str) -> int:
        """When a user was erased, Unix milliseconds; -1: never, as far as is remembered."""
        return self._erased.get(erased_users.number_of(user), -1) if self._erased else -1

    def apply(self, records: Sequence[KeyValue]) -> None:
        """Records of `personalisation.erased-users.v1`, in their order; unreadable ones are passed
        over."""
        for number, time_ms in erased_users.users(records):
            self._erased[number] = max(time_ms, self._erased.pop(number, -1))
        while len(self._erased) > ERASED_MAX:
            self._erased.popitem(last=False)
        for conversations in self._watched:
            conversations.erase()

    def forget_words(self, sentences: Sequence[str]) -> None:
        """What erased users wrote in reviews, and others may have been told."""
        if sentences:
            for conversations in self._watched:
                conversations.forget_words(sentences)

    def metrics(self, registry: Registry) -> Observer:
        """Conversations as they are, and evictions since the last observation."""
        metrics = StateMetrics(registry)

        def observe() -> None:
            held = list(self._watched)
            metrics.entries.labels("conversations").set(sum(map(len, held)))
            metrics.evictions.labels("conversations").inc(sum(each.take_evicted() for each in held))

        return observe
