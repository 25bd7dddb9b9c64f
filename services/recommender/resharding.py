"""By topic, how the state of its partitions is split anew (docs/partitions.md)."""

from __future__ import annotations

from shopkeeper.shared.contracts import topics

from .processors.resharding import split_interactions

RESHARD = {topics.CLICKS: split_interactions}
