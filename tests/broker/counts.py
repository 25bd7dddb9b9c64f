"""Reads the counts that recommender workers hold, out of their checkpoints on the broker."""

from __future__ import annotations

import asyncio

import numpy as np

from shopkeeper import services
from shopkeeper.services.recommender.core.counting.cooccurrence import State
from shopkeeper.services.recommender.core.counting.snapshot import read_state
from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.kafka.sink import Sink
from shopkeeper.shared.runtime.state.checkpoints import CheckpointStore
from shopkeeper.shared.runtime.state.segments import whole

SECTION = "counts"


async def _checkpoints(kafka, partition_count):
    topic = topics.checkpoints("recommender")
    store = CheckpointStore(kafka, topic, Sink(kafka, 30, "test"), "test")
    return await store.load({n: [topics.ITEM_PAIRS] for n in range(partition_count)})


def held_counts(kafka, partition_count):
    """(c, n) over all partitions. An entry that two partitions hold is an error."""
    counts, totals = {}, {}
    for checkpoint in asyncio.run(_checkpoints(kafka, partition_count)).values():
        merge = services.merge("recommender", topics.ITEM_PAIRS)
        sections = whole(checkpoint.sections, checkpoint.segments, merge)
        state = read_state(sections[SECTION], State, 1, "co-occurrence/1")
        names = state.items
        for kind, (rows, columns, values) in enumerate(state.pairs):
            arrays = [np.frombuffer(part, np.int32).tolist() for part in (rows, columns, values)]
            for i, j, value in zip(*arrays, strict=True):
                key = kind, names[i], names[j]
                assert key not in counts, "owned twice"
                counts[key] = value
        owned = np.frombuffer(state.owned, np.int32).tolist()
        n = np.frombuffer(state.n, np.int32).reshape(3, -1)
        for kind in range(3):
            for place, value in zip(owned, n[kind].tolist(), strict=True):
                if value:
                    key = kind, names[place]
                    assert key not in totals, "owned twice"
                    totals[key] = value
    return counts, totals
