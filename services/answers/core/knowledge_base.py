"""The shop's knowledge, whole and bounded, with what ranks it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .entries import Entry
    from .ranking import Ranker


class KnowledgeBase:
    """Entries by id. At `entries_max` the one that was published longest ago makes room."""

    def __init__(self, ranker: Ranker, entries_max: int) -> None:
        if entries_max < 1:
            raise ValueError("entries_max must be at least 1")
        self.ranker, self.entries_max = ranker, entries_max
        self._entries: dict[str, Entry] = {}  # that published last comes last
        self._evicted = 0

    def __len__(self) -> int:
        return len(self._entries)

    def __getitem__(self, entry_id: str) -> Entry:
        return self._entries[entry_id]

    def change(self, changes: Mapping[str, Entry | None]) -> None:
        """Take in what was published, by id; None: it is removed."""
        for entry_id, entry in changes.items():
            self._entries.pop(entry_id, None)
            if entry is not None:
                self._entries[entry_id] = entry
        excess = len(self._entries) - self.entries_max
        evicted = [entry_id for entry_id, _ in zip(self._entries, range(excess), strict=False)]
        for entry_id in evicted:
            del self._entries[entry_id]
        self._evicted += len(evicted)
        kept = [entry for entry_id, entry in changes.items() if entry_id in self._entries and entry]
        gone = [entry_id for entry_id in changes if entry_id not in self._entries]
        self.ranker.remove([*gone, *evicted])
        self.ranker.put(kept)

    def take_evicted(self) -> int:
        """Entries that made room since this was asked last."""
        evicted, self._evicted = self._evicted, 0
        return evicted
