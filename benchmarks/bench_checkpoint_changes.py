"""What a checkpoint costs by what changed, and by what there is; and how fast it is taken over.

One partition of users and sessions, one of counts, and a full memory of event ids, in a small size
and in ten times that. The same clicks change both; a base and a segment of each are taken, as a
worker does on its state thread (that is the pause), and restored.

usage: python benchmarks/bench_checkpoint_changes.py [USERS] [CLICKS between two checkpoints]
prints: one JSON object; rows are users, sessions, counted pairs and event ids
"""

from __future__ import annotations

import gc
import os
import statistics
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from harness import report

from shopkeeper.services.recommender.config import RecommenderConfig
from shopkeeper.services.recommender.core.counting.cooccurrence import ItemPartition
from shopkeeper.services.recommender.core.counting.deltas import decode, deltas_of, encode
from shopkeeper.services.recommender.core.counting.sessions import Sessions
from shopkeeper.services.recommender.core.numeric.items import ItemIndex
from shopkeeper.shared.contracts.envelope import Event
from shopkeeper.shared.contracts.events.shop import ProductClicked
from shopkeeper.shared.runtime.state.deduplicator import RecentIds

if TYPE_CHECKING:
    from collections.abc import Callable

START_MS = 1_790_000_000_000
NONE = np.zeros(0, np.int64)
CHECKPOINTS = 9
BATCH = 20_000


class State:
    """What one worker has of one partition."""

    def __init__(self, users: int) -> None:
        config = replace(RecommenderConfig(), users_max=10**7, sessions_max=10**7)
        self.users, self.items = users, ItemIndex()
        self.sessions = Sessions(config, self.items)
        self.counts = ItemPartition(config, self.items)
        self.ids = RecentIds(100_000)
        self._config, self._offset = config, 0

    def click(self, who: np.ndarray, what: np.ndarray) -> None:
        """One event each, folded and counted as a worker does."""
        for start in range(0, len(who), BATCH):
            part = slice(start, start + BATCH)
            events = [
                self._event(user, item)
                for user, item in zip(who[part].tolist(), what[part].tolist(), strict=True)
            ]
            learned, _ = self.sessions.learn(events, START_MS * 2)
            for _, deltas in deltas_of(learned, self.items, "clicks", 0, 1):
                for record in encode(deltas, self.items, 900_000):
                    self.counts.fold(decode(record, self.items))
        self.counts.dirty[:] = False  # as if published
        self.counts.digests[self.counts.owned()] |= np.uint64(1)

    def _event(self, user: int, item: int) -> Event:
        self._offset += 1
        name = str(self._offset)
        self.ids.seen("shop", name)
        data = ProductClicked(product_id=f"item-{item}", user_id=f"user-{user}", session_id="s")
        return Event("product.clicked.v1", data, b"", self._offset, START_MS, name, "", name)

    def rows(self) -> int:
        """Of everything that a checkpoint holds."""
        self.counts.merge()
        pairs = sum(len(each) for each in self.counts.pairs)
        return len(self.sessions.users) + len(self.sessions.sessions) + pairs + len(self.ids)

    def base(self) -> list[bytes]:
        return [self.sessions.snapshot(), self.counts.snapshot(NONE), self.ids.snapshot()]

    def segment(self) -> list[bytes]:
        parts = [self.sessions.changes(), self.counts.changes(NONE), self.ids.changes()]
        assert None not in parts
        return [part for part in parts if part is not None]

    def restore(self, base: list[bytes], segments: list[list[bytes]]) -> None:
        for part, packed in zip((self.sessions, self.counts, self.ids), base, strict=True):
            part.restore(packed)  # type: ignore[attr-defined]
        for segment in segments:
            for part, packed in zip((self.sessions, self.counts, self.ids), segment, strict=True):
                part.apply(packed)  # type: ignore[attr-defined]


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Milliseconds of processor time, which other programs do not add to; and what it gave."""
    gc.collect()
    gc.disable()  # as a worker does while it restores
    started = time.process_time()
    result = work()
    gc.enable()
    return (time.process_time() - started) * 1000.0, result


def measure(users: int, clicks: int) -> dict[str, Any]:
    chance = np.random.default_rng(1)
    state = State(users)
    centres = chance.integers(0, users // 5, users)

    def some(count: int) -> tuple[np.ndarray, np.ndarray]:
        who = chance.integers(0, users, count)
        return who, (centres[who] + chance.integers(-4, 5, count)) % (users // 5)

    state.click(*some(5 * users))
    base_ms, base = timed(state.base)
    gc.freeze()
    taken = []
    for _ in range(CHECKPOINTS):
        state.click(*some(clicks))
        taken.append(timed(state.segment))
    segments = [parts for _, parts in taken]
    restored = State(users)
    restore_ms, _ = timed(lambda: restored.restore(base, segments))
    gc.unfreeze()
    assert restored.sessions.snapshot() == state.sessions.snapshot()
    assert restored.rows() == state.rows()
    size = sum(map(len, base)) + sum(len(part) for parts in segments for part in parts)
    return {
        "users": users,
        "rows": state.rows(),
        "base_bytes": sum(map(len, base)),
        "base_ms": round(base_ms, 1),
        "segment_bytes": round(statistics.median(sum(map(len, parts)) for parts in segments)),
        "segment_ms": round(statistics.median(ms for ms, _ in taken), 2),
        "restored_rows_per_s": round(state.rows() / restore_ms * 1000),
        "restored_mb_per_s": round(size / restore_ms / 1000, 1),
    }


def main() -> None:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    users = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    clicks = int(sys.argv[2]) if len(sys.argv) > 2 else 2_000
    measure(2_000, 200)  # loads compiled loops
    small, large = measure(users, clicks), measure(10 * users, clicks)
    report(
        "checkpoint changes",
        clicks=clicks,
        small=small,
        large=large,
        bytes_ratio=round(large["segment_bytes"] / small["segment_bytes"], 2),
        pause_ratio=round(large["segment_ms"] / small["segment_ms"], 2),
    )


if __name__ == "__main__":
    main()
