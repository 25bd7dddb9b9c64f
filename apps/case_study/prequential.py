"""What was recommended against what a traditional shop shows, click by click in order of time.

For every published list that a click answered and that stood long enough to be seen, each method
ranks items from the clicks before that list's own event, and is asked whether the answer is among
its first ten ("prequential": Gama, Sebastiao and Rodrigues 2013). Nothing of the future is known
to any of them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import sqrt
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

CUTOFF = 10
RECENT = 5  # of the user's last distinct items, what item-CF starts from
NEIGHBOURS = 30  # users, of user-CF
SESSION_ITEMS_MAX = 30
DRAWS, SEED = 1000, 1
HISTORY = ((1, "1"), (2, "2-4"), (5, "5-9"), (10, "10-29"), (30, "30+"))
COLD_CLICKS = 5  # an item with fewer clicks so far is new
SYSTEM = "shopkeeper"
POPULAR, CATEGORY, ITEM_CF, USER_CF = "popularity", "same category", "item-CF", "user-CF"
METHODS = (SYSTEM, ITEM_CF, USER_CF, CATEGORY, POPULAR)
TRADITIONAL = (POPULAR, CATEGORY)


class Click(NamedTuple):
    """One click. time: any number that orders."""

    time: float
    user: str
    session: str
    item: str


class Asked(NamedTuple):
    """One list that was answered. time: of the event that it was made for."""

    time: float
    user: str
    items: tuple[str, ...]
    answer: str


@dataclass
class Past:
    """All clicks so far, counted."""

    category: dict[str, str]
    counts: Counter[str] = field(default_factory=Counter)
    by_category: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    together: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    sessions: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    of_user: dict[str, dict[str, None]] = field(default_factory=lambda: defaultdict(dict))
    clicks: Counter[str] = field(default_factory=Counter)
    users_of: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def see(self, click: Click) -> None:
        """Count one click."""
        item, user = click.item, click.user
        self.counts[item] += 1
        self.clicks[user] += 1
        self.by_category[self.category.get(item, "")][item] += 1
        session = self.sessions.setdefault((user, click.session), [])
        if item not in session and len(session) < SESSION_ITEMS_MAX:
            for other in session:
                self.together[item][other] += 1
                self.together[other][item] += 1
            session.append(item)
        history = self.of_user[user]
        history.pop(item, None)
        history[item] = None  # the newest last
        self.users_of[item].add(user)

    def ranked(self, method: str, user: str) -> list[str]:
        """The first ten items; never the one that the user looks at."""
        history = list(self.of_user[user])
        last = history[-1] if history else ""
        scores = _RANKERS[method](self, user, history)
        best = [item for item, _ in scores.most_common(CUTOFF + 1) if item != last]
        return best[:CUTOFF]

    def _popular(self, user: str, history: Sequence[str]) -> Counter[str]:
        return self.counts

    def _category(self, user: str, history: Sequence[str]) -> Counter[str]:
        return self.by_category[self.category.get(history[-1], "")] if history else self.counts

    def _item_cf(self, user: str, history: Sequence[str]) -> Counter[str]:
        scores: dict[str, float] = defaultdict(float)
        for age, item in enumerate(reversed(history[-RECENT:])):
            for other, count in self.together[item].items():
                cosine = count / sqrt(self.counts[item] * self.counts[other])
                scores[other] += cosine / (1 + age)
        return Counter(scores)

    def _user_cf(self, user: str, history: Sequence[str]) -> Counter[str]:
        shared: Counter[str] = Counter()
        for item in history:
            shared.update(self.users_of[item])
        shared.pop(user, None)
        near = Counter(
            {
                other: count / sqrt(len(history) * len(self.of_user[other]))
                for other, count in shared.items()
            }
        )
        scores: dict[str, float] = defaultdict(float)
        for other, cosine in near.most_common(NEIGHBOURS):
            for item in self.of_user[other]:
                scores[item] += cosine
        return Counter(scores)


_RANKERS: dict[str, Callable[[Past, str, Sequence[str]], Counter[str]]] = {
    POPULAR: Past._popular,
    CATEGORY: Past._category,
    ITEM_CF: Past._item_cf,
    USER_CF: Past._user_cf,
}


class Step(NamedTuple):
    """One answered list. rank: by method, where the answer stands (from 1), 0: not among ten."""

    user: str
    history: int  # clicks of the user so far
    seen: int  # clicks of the answer so far
    rank: dict[str, int]
    shown: dict[str, tuple[str, ...]]


def replay(clicks: Sequence[Click], asked: Sequence[Asked], category: dict[str, str]) -> list[Step]:
    """Every method's answer to every list, in order of time. clicks: all of them."""
    past = Past(category)
    waiting = sorted(clicks, key=lambda click: click.time)
    place = 0
    steps = []
    for each in sorted(asked, key=lambda one: one.time):
        while place < len(waiting) and waiting[place].time <= each.time:
            past.see(waiting[place])
            place += 1
        shown = {SYSTEM: each.items[:CUTOFF]}
        for method in METHODS[1:]:
            shown[method] = tuple(past.ranked(method, each.user))
        rank = {
            m: items.index(each.answer) + 1 if each.answer in items else 0
            for m, items in shown.items()
        }
        steps.append(Step(each.user, past.clicks[each.user], past.counts[each.answer], rank, shown))
    return steps


class Rate(NamedTuple):
    """A share of steps with its interval of 95 %, by a bootstrap that draws users."""

    value: float
    low: float
    high: float
    steps: int


def hit_rates(steps: Sequence[Step]) -> dict[str, Rate]:
    """HR@10 by method."""
    return {method: _rate(_sums(steps, _hit(method))) for method in METHODS}


def reciprocal_ranks(steps: Sequence[Step]) -> dict[str, Rate]:
    """MRR@10 by method."""
    return {method: _rate(_sums(steps, _reciprocal(method))) for method in METHODS}


def uplift(steps: Sequence[Step], over: str) -> Rate:
    """The hit rate of the system over that of a method, less 1; infinite where that never hits."""
    ours, theirs = _sums(steps, _hit(SYSTEM)), _sums(steps, _hit(over))

    def ratio(users: NDArray[Any]) -> float:
        below = theirs[0][users].sum()
        return float(ours[0][users].sum() / below - 1) if below else float("inf")

    everyone = np.arange(len(ours[0]))
    return Rate(ratio(everyone), *_interval(ratio, len(everyone)), len(steps))


def by_history(steps: Sequence[Step]) -> dict[str, dict[str, Rate]]:
    """HR@10 by how many clicks the user had; by method."""
    found = {}
    for place, (least, name) in enumerate(HISTORY):
        most = HISTORY[place + 1][0] if place + 1 < len(HISTORY) else float("inf")
        some = [step for step in steps if least <= step.history < most]
        if some:
            found[name] = hit_rates(some)
    return found


def by_item_age(steps: Sequence[Step]) -> dict[str, dict[str, Rate]]:
    """HR@10 of answers that had few clicks so far, and of the others; by method."""
    parts = {
        f"fewer than {COLD_CLICKS} clicks": [s for s in steps if s.seen < COLD_CLICKS],
        f"{COLD_CLICKS} clicks or more": [s for s in steps if s.seen >= COLD_CLICKS],
    }
    return {name: hit_rates(some) for name, some in parts.items() if some}


def exposure(steps: Sequence[Step], method: str, items: Sequence[str]) -> NDArray[np.int64]:
    """(items,): how often each was shown."""
    counts = Counter(item for step in steps for item in step.shown[method])
    return np.array([counts[item] for item in items], np.int64)


def _hit(method: str) -> Callable[[Step], float]:
    return lambda step: float(step.rank[method] > 0)


def _reciprocal(method: str) -> Callable[[Step], float]:
    return lambda step: 1 / step.rank[method] if step.rank[method] else 0.0


def _sums(steps: Sequence[Step], of: Callable[[Step], float]) -> tuple[NDArray[Any], NDArray[Any]]:
    """(sum of a user's values, how many), by user."""
    numbers: dict[str, int] = {}
    users = [numbers.setdefault(step.user, len(numbers)) for step in steps]
    return np.bincount(users, [of(step) for step in steps]), np.bincount(users)


def _rate(sums: tuple[NDArray[Any], NDArray[Any]]) -> Rate:
    values, counts = sums

    def mean(users: NDArray[Any]) -> float:
        return float(values[users].sum() / counts[users].sum())

    everyone = np.arange(len(values))
    return Rate(mean(everyone), *_interval(mean, len(values)), int(counts.sum()))


def _interval(of: Callable[[NDArray[Any]], float], users: int) -> tuple[float, float]:
    random = np.random.default_rng(SEED)
    found = [of(random.integers(0, users, users)) for _ in range(DRAWS)]
    low, high = np.percentile(found, [2.5, 97.5])
    return float(low), float(high)
