"""Repeats: items that the user has seen, and how often people come back to an item."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..numeric.jit import jit
from .base import Expert, Feature, Scale
from .inline import inline
from .workspace import NO_REASON, explain, place, powers

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ...config import RecommenderConfig
    from ..knowledge import Knowledge
    from .base import Columns

PRIOR_EVENTS = 10.0  # added where few events were seen
TIMES_MAX = 5.0


class View(NamedTuple):
    """How often items are come back to, and what a seen item's own weight is."""

    returns: NDArray[np.int32]
    totals: NDArray[np.int64]
    decay: NDArray[np.float64]
    weight: float
    recent_max: int

    @classmethod
    def of(cls, knowledge: Knowledge, config: RecommenderConfig) -> View:
        index = knowledge.sessions
        return cls(
            index.returns,
            index.totals,
            decay=powers(config.session_decay),
            weight=config.repeat_weight,
            recent_max=config.recent_items_max,
        )


@inline
def _kept(age: int, view: Any) -> Any:
    """What is left of an item's own weight: it decays within the recent entries, and then as
    1 / age, so that what was seen long ago keeps its place among the others of that time."""
    if age <= view.recent_max:
        return view.decay[age]
    return view.decay[view.recent_max] * view.recent_max / age


@inline
def propose(request: Any, workspace: Any, view: Any, own: Any, count: int) -> int:
    """The recent items themselves, which are candidates already; with `repeat_weight` each vouches
    for itself."""
    _, _, times, recency, age_seen = own.columns
    near = len(request.seeds)
    reason = own.reason if view.weight > 0 else NO_REASON
    for seed in range(near + len(request.earlier)):
        item = request.seeds[seed] if seed < near else request.earlier[seed - near]
        age = request.ages[seed] if seed < near else request.earlier_ages[seed - near]
        own_weight = view.weight * _kept(age, view)
        workspace.base_score[seed] = workspace.lead[seed] = own_weight
        explain(seed, reason, item, 0, workspace)
        workspace.raw[seed, recency] = 1.0 / (1.0 + age)
        workspace.raw[seed, age_seen] = age
    for item in request.remembered:
        at, count = place(item, count, request.stamp, workspace)
        workspace.raw[at, times] += 1.0
    return count


@inline
def describe(request: Any, chosen: Any, view: Any, own: Any) -> None:
    """Write how often people come back to each candidate."""
    return_rate, immediate_rate, _, _, _ = own.columns
    total = max(view.totals[0], 1)
    return_prior, immediate_prior = view.totals[1] / total, view.totals[2] / total
    for nth in range(len(chosen.items)):
        returns = view.returns[chosen.items[nth]]
        events = returns[0] + PRIOR_EVENTS
        chosen.raw[nth, return_rate] = (returns[1] + PRIOR_EVENTS * return_prior) / events
        chosen.raw[nth, immediate_rate] = (returns[2] + PRIOR_EVENTS * immediate_prior) / events


def derive(columns: Columns, derived: NDArray[np.float32]) -> None:
    """Habits of repeating: the rates again, where the user has seen the item."""
    raw, scaled = columns.raw, columns.scaled
    counts = raw("times"), raw("length"), raw("distinct")
    rates = raw("return_rate"), raw("immediate_rate")
    _derive(counts, raw("recency"), rates, scaled("length"), (scaled("times"), derived))


@jit
def _derive(counts: Any, recency: Any, rates: Any, log_length: Any, found: Any) -> None:
    """Columns by candidate. found: those that are filled: how often it is among the recent items,
    at most `TIMES_MAX`, and what is derived."""
    times, length, distinct = counts
    return_rate, immediate_rate = rates
    times_at_most, derived = found
    for row in range(len(derived)):
        seen, last = recency[row] > 0, recency[row] == 1
        repeats = length[row] > distinct[row]
        times_at_most[row] = min(times[row], np.float32(TIMES_MAX))
        derived[row, 0] = seen
        derived[row, 1] = last
        derived[row, 2] = recency[row] == np.float32(1 / 2)
        derived[row, 3] = recency[row] == np.float32(1 / 3)
        derived[row, 4] = times[row] >= 2
        derived[row, 5] = last and length[row] == 1
        derived[row, 6] = last and distinct[row] == 1
        derived[row, 7] = last and repeats
        derived[row, 8] = seen and repeats
        derived[row, 9] = log_length[row] if seen else 0.0
        derived[row, 10] = return_rate[row] if seen else 0.0
        derived[row, 11] = return_rate[row] if last else 0.0
        derived[row, 12] = immediate_rate[row] if last else 0.0


EXPERT = Expert(
    name="repeats",
    features=(
        # how often who saw it came back to it in the session, and at once
        Feature("return_rate", Scale.ROOT),
        Feature("immediate_rate", Scale.ROOT),
        Feature("times", Scale.PLAIN),  # it is among the recent items
        Feature("recency", Scale.PLAIN),  # 1 / (1 + entries since it was last there), 0 if not
        Feature("age_seen", Scale.LOG),  # those entries, 0 if not
    ),
    view=View,
    propose=propose,
    describe=describe,
    reasons=("viewed_before",),
    names_product=False,
    early=True,
    derived=(
        "seen",
        "seen_last",  # it is the last item
        "seen_second",  # one entry ago
        "seen_third",
        "twice",  # at least
        "only_entry",  # the last item, with nothing before it
        "only_item",  # the last item, with no other before it
        "last_of_repeats",  # the last item, where something was seen twice
        "seen_of_repeats",
        "seen_length",  # log(1 + length) where seen
        "return_rate_seen",
        "return_rate_last",
        "immediate_rate_last",
    ),
    derive=derive,
)
