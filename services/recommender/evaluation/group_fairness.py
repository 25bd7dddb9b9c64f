"""Accuracy and exposure of lists by group of users: who is served how well, and shown what.

A group is a value of one field of the users' profiles. Every user counts once: rates are means
over users of the rate of each one's lists, so that few busy users do not speak for their group.
Intervals of rates are Wilson's ("Probable inference, the law of succession, and statistical
inference", JASA 1927) for as many trials as vary like the users' rates do, as for clustered samples
(Korn and Graubard, "Confidence intervals for proportions with small expected number of positive
counts estimated from survey data", Survey Methodology 1998): not empty where nobody was served.
Those of means are normal ones over users.

Groups of fewer than `GROUP_USERS_MIN` users are pooled, with the next larger ones if need be, so
that no difference of two figures is of fewer people; and a figure that fewer users of a group tell
(who had no answered list, say) is left out.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

GROUP_USERS_MIN = 20
GROUPS_MAX = 12  # of a field; the smallest are pooled
POOL = ""  # the group of what is pooled
NONE = "-"  # the group of users who do not say
HEAD, TAIL = 0.1, 0.5  # the most popular tenth of the items, the least popular half
SHUFFLES = 1000
Z = 1.959964


class Shown(NamedTuple):
    """One list and whom it was for. user: a number. hit, clicked: None where it is not known.

    predicted: as hit, also where nobody can have seen the list.
    """

    user: int
    group: str
    items: Sequence[int]
    hit: bool | None = None
    clicked: bool | None = None
    predicted: bool | None = None


class Interval(NamedTuple):
    """A figure with its 95 % interval, and of how many users it is."""

    value: float
    low: float
    high: float
    users: int


@dataclass(frozen=True, slots=True)
class Group:
    """Figures of one group; None where there is nothing to tell from.

    hit, clicked, predicted: of the lists of which it is known. popularity: mean visits of an item
    shown. head, tail: shares of what is shown that are the most popular tenth of the items, the
    least popular half. coverage: share of the items that any of its lists showed; grows with users.
    """

    name: str
    _: KW_ONLY
    users: int
    lists: int
    hit: Interval | None
    clicked: Interval | None
    predicted: Interval | None
    popularity: Interval | None
    head: Interval | None
    tail: Interval | None
    coverage: float


class Disparity(NamedTuple):
    """The lowest group's figure over the highest's: 1 is even.

    by_chance: what 5 % of random groups of the same sizes are below. A ratio that is lower is no
    accident.
    """

    ratio: float
    by_chance: float


@dataclass(frozen=True, slots=True)
class Field:
    """Groups of one field, the largest first and the pool last, and how unlike they are."""

    groups: tuple[Group, ...]
    pooled: int  # groups in the pool
    hit: Disparity | None
    clicked: Disparity | None
    predicted: Disparity | None
    popularity: Disparity | None


def by_group(lists: Iterable[Shown], visits: NDArray[np.int64]) -> Field:
    """Figures of the lists of each group. visits: (items known,) how often each was chosen; items
    with higher numbers are left out. No groups where there are fewer than GROUP_USERS_MIN users."""
    lists = list(lists)
    group_of = {each.user: each.group or NONE for each in lists}
    names, pooled = _pooled(Counter(group_of.values()))
    if not names:
        return Field((), pooled, None, None, None, None)
    users = {user: place for place, user in enumerate(group_of)}
    owner = np.array([users[each.user] for each in lists], np.int64)
    place = {name: n for n, name in enumerate(dict.fromkeys(names.values()))}
    group = np.array([place[names[name]] for name in group_of.values()], np.int64)
    means = _Means(lists, owner, len(users), visits)
    groups = []
    for name, number in place.items():
        members = group == number
        groups.append(
            Group(
                name,
                users=int(members.sum()),
                lists=int(members[owner].sum()),
                hit=means.rate("hit", members),
                clicked=means.rate("clicked", members),
                predicted=means.rate("predicted", members),
                popularity=_enough(mean(means.of["popularity"][members])),
                head=means.rate("head", members),
                tail=means.rate("tail", members),
                coverage=means.coverage(members[owner]),
            )
        )
    groups.sort(key=lambda each: (each.name == POOL, each.name == NONE, -each.users, each.name))
    kinds = ("hit", "clicked", "predicted", "popularity")
    return Field(tuple(groups), pooled, *(disparity(means.of[kind], group) for kind in kinds))


def rate(values: NDArray[np.float64], trials: int = 0) -> Interval | None:
    """Mean of shares 0 to 1, one a user, NaN where there is none, with Wilson's interval.

    trials: what the shares are of, all users together (lists); more than users, or users count.
    """
    values = values[np.isfinite(values)]
    users = len(values)
    if not users:
        return None
    share = float(values.mean())
    # As many independent trials as have this variance, no fewer than users, no more than trials.
    spread, alike = float(values.var()), max(users, trials)
    count = users * share * (1 - share) / spread if spread > 0 else float(alike)
    count = min(max(count, float(users)), float(alike))
    middle = (share + Z * Z / (2 * count)) / (1 + Z * Z / count)
    reach = (
        Z / (1 + Z * Z / count) * np.sqrt(share * (1 - share) / count + Z * Z / (4 * count * count))
    )
    return Interval(share, max(0.0, float(middle - reach)), min(1.0, float(middle + reach)), users)


def mean(values: NDArray[np.float64]) -> Interval | None:
    """Mean of numbers, one a user, NaN where there is none, with a normal interval."""
    values = values[np.isfinite(values)]
    if not len(values):
        return None
    middle = float(values.mean())
    reach = Z * float(values.std(ddof=1)) / np.sqrt(len(values)) if len(values) > 1 else 0.0
    return Interval(middle, middle - reach, middle + reach, len(values))


def _enough(interval: Interval | None) -> Interval | None:
    return interval if interval and interval.users >= GROUP_USERS_MIN else None


def disparity(values: NDArray[np.float64], group: NDArray[np.int64]) -> Disparity | None:
    """How unlike groups are. values: one a user, NaN where there is none; group: (users,) numbers.

    None with fewer than two groups of enough users who have values, or where all are 0.
    """
    known = np.isfinite(values)
    enough = np.bincount(group[known], minlength=int(group.max(initial=0)) + 1) >= GROUP_USERS_MIN
    known &= enough[group]
    values, group = values[known], np.unique(group[known], return_inverse=True)[1]
    sizes = np.bincount(group)
    if len(sizes) < 2 or not values.any():
        return None

    def ratio(of: NDArray[np.int64]) -> float:
        means = np.bincount(of, values) / sizes
        return float(means.min() / means.max())

    chance = np.random.default_rng(1)
    shuffled = [ratio(chance.permutation(group)) for _ in range(SHUFFLES)]
    return Disparity(ratio(group), float(np.quantile(shuffled, 0.05)))


def _pooled(sizes: Counter[str]) -> tuple[dict[str, str], int]:
    """Which name each group goes by, and how many are in the pool; no names: too few users."""
    if sizes.total() < GROUP_USERS_MIN:
        return {}, len(sizes)
    ranked = sorted(sizes, key=lambda name: (-sizes[name], name))
    small = [n for at, n in enumerate(ranked) if sizes[n] < GROUP_USERS_MIN or at >= GROUPS_MAX]
    large = [name for name in ranked if name not in set(small)]
    while small and large and sum(sizes[name] for name in small) < GROUP_USERS_MIN:
        small.append(large.pop())
    return {**{n: n for n in large}, **dict.fromkeys(small, POOL)}, len(small)


class _Means:
    """By user: the mean over the lists of each, NaN where none tells."""

    def __init__(
        self,
        lists: Sequence[Shown],
        owner: NDArray[np.int64],
        users: int,
        visits: NDArray[np.int64],
    ) -> None:
        self._owner, self._users, self._known = owner, users, len(visits)
        self._items = [[i for i in each.items if i < self._known] for each in lists]
        rank = np.empty(self._known, np.int64)
        rank[np.argsort(-visits, kind="stable")] = np.arange(self._known)
        told: dict[str, Sequence[bool | float | None]] = {
            "hit": [each.hit for each in lists],
            "clicked": [each.clicked for each in lists],
            "predicted": [each.predicted for each in lists],
            "popularity": self._shown(visits),
            "head": self._shown(rank < HEAD * self._known),
            "tail": self._shown(rank >= TAIL * self._known),
        }
        self.of: dict[str, NDArray[np.float64]] = {}  # (users,) by figure
        self._counts: dict[str, NDArray[np.int64]] = {}  # (users,) how many lists tell
        for name, values in told.items():
            self.of[name], self._counts[name] = self._by_user(values)

    def rate(self, name: str, members: NDArray[np.bool_]) -> Interval | None:
        """The mean over some of the users."""
        return _enough(rate(self.of[name][members], int(self._counts[name][members].sum())))

    def coverage(self, chosen: NDArray[np.bool_]) -> float:
        """Share of the items known that some of the lists chosen showed."""
        items = {
            i for its, yes in zip(self._items, chosen.tolist(), strict=True) if yes for i in its
        }
        return len(items) / max(1, self._known)

    def _by_user(
        self, said: Sequence[bool | float | None]
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        values = np.array([np.nan if each is None else float(each) for each in said])
        known = np.isfinite(values)
        count = np.bincount(self._owner[known], minlength=self._users)
        with np.errstate(invalid="ignore"):
            means: NDArray[np.float64] = (
                np.bincount(self._owner[known], values[known], self._users) / count
            )
        return means, count

    def _shown(self, worth: NDArray[Any]) -> list[float | None]:
        """Of what an item is worth, the mean over the items of each list."""
        return [float(worth[items].mean()) if items else None for items in self._items]


def as_dict(found: Field) -> dict[str, Any]:
    """The same as JSON has it, rounded."""

    def rounded(values: Iterable[float]) -> list[float]:
        return [round(float(value), 4) for value in values]

    groups: dict[str, Any] = defaultdict(dict)
    for group in found.groups:
        name = group.name or f"fewer than {GROUP_USERS_MIN} users"
        groups[name] = {
            "users": group.users,
            **{
                what: rounded(interval[:3])
                for what in ("hit", "clicked", "predicted", "popularity", "head", "tail")
                if (interval := getattr(group, what)) is not None
            },
            "coverage": round(group.coverage, 4),
        }
    ratios = {what: getattr(found, what) for what in ("hit", "clicked", "predicted", "popularity")}
    return {
        "groups": dict(groups),
        "disparity": {what: rounded(each) for what, each in ratios.items() if each is not None},
    }
