"""Users who were erased, as every worker with state knows them: which events come too late, and
when checkpoints were last to be written anew.

A log holds what a user did for as long as its retention says, and a worker whose state was given up
reads it again. An event that is not newer than its user's erasure then makes no output a second
time. The recommender, which reads the erasures where they happen, among the clicks, needs no such
thing: there their order decides.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import TYPE_CHECKING

from shopkeeper.shared.contracts import erased_users

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from shopkeeper.shared.contracts.envelope import Event, KeyValue

ERASED_MAX = 100_000  # users whose erasure is remembered, the newest


class Erasures:
    """What `personalisation.erased-users.v1` holds; changed on the state thread only."""

    def __init__(self, clock: Callable[[], float] | None = None) -> None:
        self._clock = clock or time.monotonic
        self._erased: OrderedDict[int, int] = OrderedDict()  # number of a user -> Unix milliseconds
        self.heard_at: float | None = None  # by the clock, of the newest erasure

    def apply(self, records: Sequence[KeyValue]) -> None:
        """Records of the topic, in their order; unreadable ones are passed over."""
        for number, time_ms in erased_users.users(records):
            self._erased[number] = max(time_ms, self._erased.pop(number, time_ms))
            self.heard_at = self._clock()
        while len(self._erased) > ERASED_MAX:
            self._erased.popitem(last=False)

    def too_late(
        self, users_of: Callable[[Event], Iterable[str | None]]
    ) -> Callable[[Event], bool]:
        """Whether an event is of somebody who was erased since. users_of: the ids that it names."""

        def is_too_late(event: Event) -> bool:
            erased = self._erased
            return bool(erased) and any(
                event.time_ms <= erased.get(erased_users.number_of(user), event.time_ms - 1)
                for user in users_of(event)
                if user
            )

        return is_too_late
