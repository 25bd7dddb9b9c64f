"""Which vectors stand on `personalisation.entry-vectors.v1`, which entries need them, and what has
to change there.

The topic is a cache that all answers workers share: it is to hold a record for each text that an
entry has, and no other. Each worker reads it whole, compares it with its entries, and names what to
write and what to remove; of a key only one worker does so, that which was given the key's share.
What is named is named again until the topic shows it, so a lost write costs nothing but time.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple

import xxhash

from .vector_records import EntryVectors, key_of, packed, unpacked

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from shopkeeper.shared.contracts.envelope import KeyValue

    from .entries import Entry

RECORDS_MAX: Final = 250  # named at once
AGAIN_MS: Final = 5_000  # until what does not show on the topic is named again
# A record may be read before its entry, which is on another topic: it is not removed at once.
GRACE_MS: Final = 10_000


class Applied(NamedTuple):
    """What records of the topic mean to the entries that are held."""

    arrived: list[tuple[list[str], EntryVectors]]  # ids of entries, and their vectors
    lost: list[str]  # of each text whose record has gone, an entry that still has it


class _Share:
    """What one worker is to change, of the keys of one share."""

    def __init__(self) -> None:
        self.unsent: dict[bytes, bytes] = {}
        self.sent: dict[bytes, tuple[int, bytes]] = {}  # when, and what; oldest first
        self.orphans: dict[bytes, int] = {}  # since when no entry has the text; oldest first

    def drop(self, key: bytes) -> None:
        """Nothing is to be written for this key any more."""
        self.unsent.pop(key, None)
        self.sent.pop(key, None)

    def writes(self, now_ms: int) -> Iterator[tuple[bytes, bytes]]:
        """What to write, each marked as sent as it is taken."""
        for key, (sent_ms, value) in list(islice(self.sent.items(), RECORDS_MAX)):
            if sent_ms + AGAIN_MS > now_ms:
                break
            del self.sent[key]
            self.unsent[key] = value
        while self.unsent:
            key = next(iter(self.unsent))
            value = self.unsent.pop(key)
            self.sent[key] = now_ms, value
            yield key, value

    def removals(self, now_ms: int, started_ms: int) -> Iterator[bytes]:
        """Keys to remove, each put off as it is taken."""
        for key, since_ms in list(islice(self.orphans.items(), RECORDS_MAX)):
            if max(since_ms, started_ms) + GRACE_MS > now_ms:
                break
            del self.orphans[key]
            self.orphans[key] = now_ms
            yield key


class KeptVectors:
    """The topic as it was read, beside the entries as they are. For one thread.

    Memory: one key per record and per entry; values only of records whose entry is not there, of
    `unclaimed_max` at most, and of what waits to be written.
    """

    def __init__(
        self,
        mark: bytes = b"",
        dimensions: Mapping[str, int] | None = None,
        unclaimed_max: int = 100_000,
    ) -> None:
        """mark: of the encoders (`encoders_mark`). dimensions: of their vectors, by language."""
        self._mark, self._dimensions = mark, dict(dimensions or {})
        self._unclaimed_max = unclaimed_max
        self._present: set[bytes] = set()  # keys of sound records
        self._unclaimed: dict[bytes, bytes] = {}  # values of those that no entry has; oldest first
        self._key_of: dict[str, bytes] = {}  # by an entry's id
        self._ids_of: dict[bytes, list[str]] = {}
        self._shares: list[_Share] = []
        self._now_ms = self._started_ms = 0
        self.refused = 0  # records that could not be used

    def __len__(self) -> int:
        return len(self._present)

    def split(self, shares: int) -> None:
        """By how many shares the writing is split: before anything is read. 0: nobody writes."""
        self._shares = [_Share() for _ in range(shares)]

    def hold(self, entry: Entry) -> EntryVectors | None:
        """There is this entry now, whose id is not held; its vectors, where a record has them."""
        key = self._key_of[entry.id] = key_of(self._mark, entry.title, entry.text)
        self._ids_of.setdefault(key, []).append(entry.id)
        for share in self._share_of(key):
            share.orphans.pop(key, None)
        value = self._unclaimed.pop(key, None)
        return None if value is None else unpacked(key, value, self._dimensions)

    def holds(self, entry: Entry) -> bool:
        """Whether there is this entry, with the same title and text."""
        key = self._key_of.get(entry.id)
        return key is not None and key == key_of(self._mark, entry.title, entry.text)

    def release(self, entry_id: str) -> None:
        """There is no such entry any more."""
        key = self._key_of.pop(entry_id, None)
        if key is None:
            return
        ids = self._ids_of[key]
        ids.remove(entry_id)
        if not ids:
            del self._ids_of[key]
            for share in self._share_of(key):
                # Also where no record was seen as yet: it may be on its way.
                written = key in share.sent or key in self._present
                share.drop(key)
                if written:
                    share.orphans[key] = self._now_ms

    def alike(self, entry_id: str) -> list[str]:
        """Ids of entries of the same title and text, this one included."""
        return self._ids_of[self._key_of[entry_id]]

    def made(self, entry_id: str, vectors: EntryVectors) -> None:
        """Vectors of an entry that is held: to be written where the topic has none."""
        key = self._key_of[entry_id]
        for share in self._share_of(key):
            if key not in self._present and key not in share.sent:
                share.unsent[key] = packed(key, vectors)

    def apply(self, records: Sequence[KeyValue]) -> Applied:
        """Take records of the topic in, in their order. What cannot be used counts as not there."""
        arrived: dict[bytes, EntryVectors] = {}
        lost: dict[bytes, None] = {}
        for key, value in records:
            if key is None:
                continue
            vectors = self._read(key, value)
            if vectors is None:
                arrived.pop(key, None)
                if key in self._ids_of:
                    lost[key] = None
            else:
                lost.pop(key, None)
                if key in self._ids_of:
                    arrived[key] = vectors
        return Applied(
            [(list(self._ids_of[key]), vectors) for key, vectors in arrived.items()],
            [self._ids_of[key][0] for key in lost],
        )

    def due(self, share: int, now_ms: int) -> list[KeyValue]:
        """What to write to the topic, of one share: values, and None for what is to go."""
        self._now_ms = now_ms
        self._started_ms = self._started_ms or now_ms
        mine = self._shares[share]
        changes: list[KeyValue] = list(islice(mine.writes(now_ms), RECORDS_MAX))
        changes += [(key, None) for key in mine.removals(now_ms, self._started_ms)]
        return changes

    def _read(self, key: bytes, value: bytes | None) -> EntryVectors | None:
        """One record; its vectors, where it is sound."""
        vectors = None
        self._present.discard(key)
        self._unclaimed.pop(key, None)
        if value:
            try:
                vectors = unpacked(key, value, self._dimensions)
            except ValueError:
                self.refused += 1
        needed = key in self._ids_of
        for share in self._share_of(key):
            share.orphans.pop(key, None)
            if vectors is not None:
                share.drop(key)
            if value and not needed:
                share.orphans[key] = self._now_ms
        if vectors is not None:
            self._present.add(key)
            if not needed and value:
                self._unclaimed[key] = value
                if len(self._unclaimed) > self._unclaimed_max:
                    del self._unclaimed[next(iter(self._unclaimed))]
        return vectors

    def _share_of(self, key: bytes) -> Sequence[_Share]:
        """None where nobody writes, else one."""
        if not self._shares:
            return ()
        return (self._shares[xxhash.xxh3_64_intdigest(key) % len(self._shares)],)
