"""Long sessions: the recommender beside plain item-based CF over everything that a session holds.

A list made from a user's last events alone cannot offer what came before them. How much that costs
is seen in long sessions only, and best where people come back to what they looked at long ago:
`simulated_sessions` is such a shop.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy import sparse

from .local_cluster import learn, unhurried
from .metrics import CUTOFFS, RankingMetrics
from .next_item import predict
from .splits import split_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from shopkeeper.shared.contracts.envelope import Event

    from ..config import RecommenderConfig
    from ..core.numeric.items import ItemIndex

CUTOFF = CUTOFFS[-1]
LONG = 15  # clicks
CLICKS = (2, 6, 15)  # of a session: the least of each band
ENTRIES = (1, 11, 21, 31)  # lists of long sessions by the entries before them, likewise
OURS = "recommender"
PLAIN = {"item_cf": False, "item_cf_itself": True}  # whether an item is similar to itself
TASKS_AT_ONCE = 1_024
UNBOUNDED = 1 << 30
SHOP_ITEMS, SHOP_SHELF = 3_000, 30  # of a simulated shop, and how many are near each other


class PlainItemCF:
    """Cosines of co-occurrence, c(i, j) / sqrt(n(i) n(j)), summed over all items of a session
    (Sarwar et al., "Item-based collaborative filtering recommendation algorithms", WWW 2001).

    Nothing decays, nothing is left out, and what the session holds may be offered again.
    """

    def __init__(self, events: Iterable[Event], items: ItemIndex, itself: bool) -> None:
        """itself: whether an item is similar to itself, by 1, so that what the session holds comes
        first; or not at all, so that it comes back by what else the session holds."""
        sessions: dict[str, int] = {}
        pairs = [
            (
                sessions.setdefault(event.data.session_id, len(sessions)),
                items.intern(event.data.product_id),
            )
            for event in events
        ]
        rows, columns = np.array(pairs, np.int64).reshape(-1, 2).T
        shape = len(sessions), len(items)
        visits = sparse.csr_matrix((np.ones(len(rows), np.float32), (rows, columns)), shape)
        visits.data[:] = 1.0  # how often in a session does not matter
        together = (visits.T @ visits).tocsr()
        size = np.sqrt(np.maximum(together.diagonal(), 1.0))
        scale = sparse.diags_array(1 / size)
        similar: Any = (scale @ together @ scale).tocsr().astype(np.float32)
        if not itself:
            similar.setdiag(0.0)
        self._similar = similar

    def lists(self, histories: Sequence[Sequence[int]]) -> Iterator[list[int]]:
        """The best 20 items for each, those above 0; ties to the item that came first."""
        count = self._similar.shape[0]
        for start in range(0, len(histories), TASKS_AT_ONCE):
            known = [sorted({i for i in h if i < count}) for h in histories[start:][:TASKS_AT_ONCE]]
            ends = np.cumsum([0, *(len(items) for items in known)])
            columns = np.array([item for items in known for item in items], np.int64)
            held = sparse.csr_matrix(
                (np.ones(len(columns), np.float32), columns, ends), (len(known), count)
            )
            scores = sparse.csr_matrix(held @ self._similar)
            for first, end in pairwise(scores.indptr.tolist()):
                items, values = scores.indices[first:end], scores.data[first:end]
                best = np.lexsort((items, -values))[:CUTOFF]
                yield items[best[values[best] > 0]].tolist()


class _Prediction(NamedTuple):
    """A click to predict, and the lists that should hold it."""

    session: int
    clicks: int  # of the session
    history: list[int]
    target: int
    lists: dict[str, list[int]]  # by who made them


def measure_long(
    train: Path, config: RecommenderConfig | None = None, hold_out: float = 0.1, least: int = LONG
) -> dict[str, Any]:
    """Learn all but the last sessions of a file, predict the clicks of those, and compare.

    least: clicks of the sessions that are compared; all are predicted. Raises FormatError, OSError.
    """
    split = split_of(train, None, hold_out)
    worker, _ = learn(split.learned, unhurried(config, "allow"))
    tasks = list(split.tasks(worker))
    clicks = Counter(number for number, _, _ in tasks)
    tally, per_list_ms = predict(worker, iter(tasks), "allow", "all")
    every = [
        _Prediction(number, clicks[number] + 1, history, target, {OURS: [*items]})
        for (number, history, target), items in zip(tasks, tally.lists, strict=True)
    ]
    long = [each for each in every if each.clicks >= least]
    for name, itself in PLAIN.items():
        plain = PlainItemCF(split.learned(), worker.items, itself)
        for each, items in zip(long, plain.lists([p.history for p in long]), strict=True):
            each.lists[name] = items
    # Again, for their time alone.
    _, long_ms = predict(worker, ((p.session, p.history, p.target) for p in long), "allow", "all")
    return {
        "all": _figures(every, OURS),
        "by_clicks": {
            band: _figures(chosen, OURS)
            for band, chosen in _by_band(every, CLICKS, lambda each: each.clicks)
        },
        "ms_per_list": per_list_ms,
        "ms_per_list_of_long": long_ms,
        "least_clicks": least,
        "sessions": len({each.session for each in long}),
        "long": _compared(long),
        "by_entries": {
            band: _compared(chosen)
            for band, chosen in _by_band(long, ENTRIES, lambda each: len(each.history))
        },
    }


def _compared(predictions: Sequence[_Prediction]) -> dict[str, Any]:
    ours = _tally(predictions, OURS)
    found: dict[str, Any] = {OURS: _figures(predictions, OURS)}
    for name in PLAIN:
        found[name] = _figures(predictions, name)
        found[f"gain_over_{name}"] = ours.gain_over(_tally(predictions, name))
    return found


def _tally(predictions: Sequence[_Prediction], by: str) -> RankingMetrics:
    tally = RankingMetrics((CUTOFF,))
    for each in predictions:
        tally.add(each.session, each.target, each.lists[by], each.history)
    return tally


def _figures(predictions: Sequence[_Prediction], by: str) -> dict[str, Any]:
    figures = _tally(predictions, by).figures(1)
    return {name: value for name, value in figures.items() if not name.startswith("coverage")}


def _by_band(
    predictions: Sequence[_Prediction], least: Sequence[int], size: Callable[[_Prediction], int]
) -> Iterator[tuple[str, list[_Prediction]]]:
    """The predictions of each band of a size, of those bands that have any."""
    for first, after in pairwise((*least, UNBOUNDED)):
        chosen = [p for p in predictions if first <= size(p) < after]
        if chosen:
            yield f"{first}+" if after == UNBOUNDED else f"{first}-{after - 1}", chosen


def simulated_sessions(
    sessions: int, clicks: int = 25, returns: float = 0.45, seed: int = 1
) -> Iterator[str]:
    """Lines of a CSV of sessions: people who look through a shelf and come back to what they saw.

    Every click is, with probability `returns`, on one of the items seen before, any alike; else on
    a new one of the shelf that the session is about, or (one in five) of the next shelf. Popular
    shelves, and popular items of each, come up more often. clicks: at most `SHOP_SHELF`, so that
    there is always a new one.
    """
    chance = np.random.default_rng(seed)
    shelves = SHOP_ITEMS // SHOP_SHELF
    popular = 1 / np.arange(1, shelves + 1) ** 0.7
    within = 1 / np.arange(1, SHOP_SHELF + 1) ** 0.7
    shelf_chances, item_chances = popular / popular.sum(), within / within.sum()
    yield "session_id,position,item_id\n"
    for session in range(sessions):
        shelf = int(chance.choice(shelves, p=shelf_chances))
        seen: list[int] = []
        for position in range(clicks):
            if seen and chance.random() < returns:
                item = seen[int(chance.integers(len(seen)))]
            else:
                item = -1
                while item < 0 or item in seen:
                    near = (shelf + int(chance.random() < 0.2)) % shelves
                    item = near * SHOP_SHELF + int(chance.choice(SHOP_SHELF, p=item_chances))
                seen.append(item)
            yield f"{session},{position},{item}\n"
