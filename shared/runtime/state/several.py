"""Records of several events: what became of each event, and of the record as a whole.

The books are by record. A record of which an event is bad is a dead letter: one, that names the bad
events, however many others of it were folded. Otherwise it was processed if any of its events was,
else a repeat if any was, else skipped.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from shopkeeper.shared.contracts.envelope import Event, Rejected, Several, Skipped

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class SeveralEvents:
    """Of one batch, the records that hold several events each, by offset."""

    def __init__(self) -> None:
        self._events: dict[int, int] = {}
        self._repeats: Counter[int] = Counter()
        self._skipped: dict[int, list[str]] = {}
        self._rejected: dict[int, list[Rejected]] = {}

    def __bool__(self) -> bool:
        return bool(self._events)

    def take(self, several: Several, seen: Callable[[str, str], bool]) -> list[Event]:
        """The events of a record that are to be folded. seen: see `RecentIds.seen`."""
        offset = several.offset
        events: list[Event] = []
        for verdict in several.verdicts:
            if isinstance(verdict, Event):
                if verdict.source and seen(verdict.source, verdict.id):
                    self._repeats[offset] += 1
                else:
                    events.append(verdict)
            elif isinstance(verdict, Skipped):
                self._skipped.setdefault(offset, []).append(verdict.reason)
            else:
                self._rejected.setdefault(offset, []).append(verdict)
        self._events[offset] = len(events)
        return events

    def take_refused(self, refused: Sequence[Rejected]) -> list[Rejected]:
        """What a core refused: keeps those of our records, returns the others."""
        others = []
        for each in refused:
            if each.offset in self._events:
                self._rejected.setdefault(each.offset, []).append(each)
                self._events[each.offset] -= 1
            else:
                others.append(each)
        return others

    def processed(self) -> int:
        """How many of the records count as processed."""
        return sum(n > 0 and o not in self._rejected for o, n in self._events.items())

    def repeats(self) -> int:
        """How many count as repeats."""
        return sum(
            not n and o not in self._rejected and self._repeats[o] > 0
            for o, n in self._events.items()
        )

    def skipped(self) -> list[str]:
        """Why, of each that counts as skipped."""
        return [
            self._skipped[o][0]
            for o, n in self._events.items()
            if not n and o not in self._rejected and not self._repeats[o]
        ]

    def dead_letters(self) -> list[tuple[Rejected, tuple[int, ...]]]:
        """One for each record with bad events: the first of these, and the places of all; none of
        its places where the whole record is bad."""
        letters = []
        for rejected in self._rejected.values():
            known = [each.part for each in rejected if each.part is not None]
            letters.append((rejected[0], tuple(sorted(known))))
        return letters

    def outcomes(self) -> Counter[str]:
        """What became of all these events, one by one."""
        return Counter(
            processed=sum(self._events.values()),
            dead_letter=sum(map(len, self._rejected.values())),
            repeat=self._repeats.total(),
            skipped=sum(map(len, self._skipped.values())),
        )
