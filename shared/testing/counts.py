"""The recommender's counts: as workers hold them in their checkpoints, and as a batch job counts.

The batch side is written independently of the service, straight from the definition: a session is
the `session_id` of a user, or a user's events less than 30 minutes apart; its distinct items, the
first 50; c(i, j) = sessions with both, n(i) = sessions with i; clicks, adds and orders apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shopkeeper.shared.datasets.readers import ShopEvent

CLASSES = {"product.clicked.v1": 0, "product.added.v1": 1, "order.completed.v1": 2}
SESSION_ITEMS_MAX = 50
GAP_MS = 30 * 60_000

Counts = dict[tuple[int, str, str], int]  # (class, item, other item) -> sessions with both
Totals = dict[tuple[int, str], int]  # (class, item) -> sessions with it


def batch_counts(events: Iterable[ShopEvent]) -> tuple[Counts, Totals]:
    """Count a whole log at once, by a sparse matrix product."""
    last_ms: dict[str, int] = {}
    number: dict[str, int] = {}
    sessions: dict[tuple[int, str, str], list[str]] = {}  # (class, user, session) -> items
    for event in events:
        kind = CLASSES[event.type]
        user = event.data.get("user_id") or event.data["anonymous_id"]
        name = event.data.get("session_id")
        if name is None:
            before = last_ms.get(user)
            if before is not None and abs(event.time_ms - before) >= GAP_MS:
                number[user] = number.get(user, 0) + 1
                before = None
            last_ms[user] = event.time_ms if before is None else max(before, event.time_ms)
            name = f"\x00{number.get(user, 0)}"
        lines = event.data.get("products", [event.data])
        items = sessions.setdefault((kind, user, name), [])
        for line in lines:
            if line["product_id"] not in items and len(items) < SESSION_ITEMS_MAX:
                items.append(line["product_id"])
    counts: Counts = {}
    totals: Totals = {}
    for kind in CLASSES.values():
        baskets = [items for (k, _, _), items in sessions.items() if k == kind]
        names = sorted({item for items in baskets for item in items})
        place = {name: i for i, name in enumerate(names)}
        rows = [r for r, items in enumerate(baskets) for _ in items]
        columns = [place[item] for items in baskets for item in items]
        shape = (len(baskets), len(names))
        visits = sparse.csr_array((np.ones(len(rows), np.int64), (rows, columns)), shape=shape)
        product = sparse.coo_array(visits.T @ visits)
        for i, j, count in zip(
            product.row.tolist(), product.col.tolist(), product.data.tolist(), strict=True
        ):
            if i == j:
                totals[kind, names[i]] = count
            else:
                counts[kind, names[i], names[j]] = count
    return counts, totals
