"""Quality for users of whom there is a profile and no event: what users of the same cells choose.

Every user of the users' file is taken as new once: the list is made from what *other* users did,
by the functions that serve (`core.user_groups.profiles`), and what the user really chose is the
target. Overall popularity stands beside lists by cells (`gender=female`), field by field and all
together, on the same users.

Two ways to say what others did. `before`: everything before the user's own first event, as a shop
that opened with the file would have it. `folds`: everything that users of the other folds ever did,
as a shop that has been there for long would. Folds are by the hash of user ids; users of the first
are for choosing whatever there is to choose, and are in no figure.
"""

from __future__ import annotations

import hashlib
import time
from collections import defaultdict
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from shopkeeper.shared.datasets.base import FormatError
from shopkeeper.shared.datasets.readers import read
from shopkeeper.shared.datasets.users import read_profiles

from ..core.user_groups.profiles import FIELDS, kept_values
from .cells import CellCounts
from .group_fairness import Shown, as_dict, by_group
from .metrics import resampled

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

FOLDS = 5
FIRST = 10  # a new user's first so many items are what the list should hold; or all of them
EVENTS_KNOWN = (0, 1, 3, 5)
CUTOFFS = (10, 20)
LIST_ITEMS = CUTOFFS[-1]
MEASURES = tuple(f"{m}@{c}" for c in CUTOFFS for m in ("recall", "HR", "NDCG", "MRR"))
ORDERS = ("before", "folds")
EVERYONE, ALL = "popularity", "all"


class World(NamedTuple):
    """Who did what, and who they are. Users and items are numbers."""

    users: list[str]
    items: list[str]
    pairs: NDArray[np.int64]  # (pairs, 2) user and item, each pair once, by time
    profiles: list[Mapping[str, str]]  # of each user; empty where there is none


_Kind = tuple[str, int]  # set of fields, events known


class Task(NamedTuple):
    """A new user: which of the world, after how many pairs they came, and what they chose."""

    user: int
    start: int
    chosen: list[int]


def load(interactions: Path, profiles: Path) -> World:
    """The two files as numbers. Raises FormatError, OSError."""
    of = {user: _spelled(profile) for user, profile in read_profiles(profiles).items()}
    rows = sorted(
        {
            (event.time_ms, *_natural(user), *_natural(line["product_id"]))
            for event in read(interactions)
            for line in event.data.get("products", [event.data])
            if (user := event.data.get("user_id") or event.data.get("anonymous_id"))
            and "product_id" in line
        }
    )
    users: dict[str, int] = {}
    items: dict[str, int] = {}
    pairs: dict[tuple[int, int], None] = {}
    for _, _, _, user, _, _, item in rows:
        pair = users.setdefault(user, len(users)), items.setdefault(item, len(items))
        pairs.setdefault(pair)
    if not any(user in of for user in users):
        raise FormatError(f"{profiles}: names none of the {len(users)} users of {interactions}")
    table = np.array(list(pairs), np.int64).reshape(-1, 2)
    return World(list(users), list(items), table, [of.get(user, {}) for user in users])


def _spelled(profile: Mapping[str, str]) -> dict[str, str]:
    """As workers keep it."""
    told = SimpleNamespace(**{**dict.fromkeys(FIELDS), **profile})
    return dict(kept_values(told, frozenset(FIELDS)))


def _natural(name: str) -> tuple[int, int, str]:
    """Sorts numbers by value, before everything else."""
    return (0, int(name), name) if name.isdecimal() else (1, 0, name)


def fold_of(user: str) -> int:
    """Which of FOLDS a user is in, by the hash of the id; those of 0 are for choosing."""
    return int(hashlib.md5(user.encode(), usedforsecurity=False).hexdigest(), 16) % FOLDS


def tasks_of(world: World) -> list[Task]:
    """Every user with a profile, in the order in which they came."""
    chosen: dict[int, list[int]] = defaultdict(list)
    start: dict[int, int] = {}
    for place, (user, item) in enumerate(world.pairs.tolist()):
        start.setdefault(user, place)
        chosen[user].append(item)
    return [Task(u, at, chosen[u]) for u, at in start.items() if world.profiles[u]]


def measure_new_users(
    interactions: Path, profiles: Path, first: int = FIRST, fold: int | None = None
) -> dict[str, Any]:
    """Figures of lists for new users, by what is known of them, with paired bootstrap intervals.

    interactions: any file that `replay` reads, every event a choice. profiles: as of
    `shared.datasets.users`. first: how many of a user's first items are to be found; beside it
    stand figures for all of a user's items. fold: report users of this fold alone, 0 to choose by;
    None: of all others. Of recall@k, HR@k, NDCG@k and MRR@k: means over users, 95 % intervals, and
    the gain over popularity with its own. Raises FormatError, OSError.
    """
    started = time.perf_counter()
    world = load(interactions, profiles)
    tasks = [
        task
        for task in tasks_of(world)
        if (number := fold_of(world.users[task.user])) == fold or (fold is None and number)
    ]
    if not tasks:
        raise FormatError(f"{profiles}: too few of its users are in {interactions}")
    there = [f for f in FIELDS if any(f in world.profiles[task.user] for task in tasks)]
    sets = {**{f: [f] for f in there}, **({ALL: there} if len(there) > 1 else {})}
    wanted = {f"first_{first}": first, "all": len(world.items)}
    found: dict[str, Any] = {
        "protocol": "new users",
        "users": len(tasks),
        "items": len(world.items),
        "pairs": len(world.pairs),
    }
    for order in ORDERS:
        lists = _ranked(world, tasks, sets, order)
        found[order] = {
            targets: {
                **{
                    f"after_{known}_events": _compared(lists, sets, count, known)
                    for known in EVENTS_KNOWN
                },
                "by_group": _by_group(world, tasks, lists, sets, count),
            }
            for targets, count in wanted.items()
        }
    return found | {"seconds": round(time.perf_counter() - started, 1)}


def _compared(
    lists: Mapping[_Kind, _Lists], sets: Iterable[str], count: int, known: int
) -> dict[str, Any]:
    """Popularity, and each set of fields with its gain over it."""
    plain = lists[EVERYONE, known].worth(count)
    worth = {name: lists[name, known].worth(count) for name in sets}
    mean, *rest = _intervals([plain, *worth.values(), *(mine - plain for mine in worth.values())])
    means, gains = rest[: len(worth)], rest[len(worth) :]
    return {
        "users": len(plain),
        EVERYONE: mean,
        **{n: {**own, "gain": gain} for n, own, gain in zip(worth, means, gains, strict=True)},
    }


def _by_group(
    world: World,
    tasks: Sequence[Task],
    lists: Mapping[_Kind, _Lists],
    sets: Iterable[str],
    count: int,
) -> dict[str, Any]:
    """By field: whom popularity and the profile serve, and what it shows them."""
    visits = np.bincount(world.pairs[:, 1], minlength=len(world.items))
    names = [*sets]
    found: dict[str, Any] = {}
    for field in names:
        groups = [world.profiles[task.user].get(field, "") for task in tasks]
        if field != ALL:
            found[field] = {
                name: as_dict(by_group(lists[name, 0].shown(groups, count), visits))
                for name in (EVERYONE, names[-1])
            }
    return found


class _Lists:
    """Lists of one kind, and what their users chose after what was known."""

    def __init__(self) -> None:
        self._users: list[int] = []  # places of the tasks
        self._lists: list[list[int]] = []
        self._chosen: list[Sequence[int]] = []

    def add(self, user: int, items: list[int], chosen: Sequence[int]) -> None:
        """One list."""
        self._users.append(user)
        self._lists.append(items)
        self._chosen.append(chosen)

    def worth(self, count: int) -> NDArray[np.float64]:
        """(users, MEASURES) with the first so many of what was chosen as targets."""
        rows = [
            worth_of(items, chosen[:count])
            for items, chosen in zip(self._lists, self._chosen, strict=True)
        ]
        return np.array(rows).reshape(-1, len(MEASURES))

    def shown(self, groups: Sequence[str], count: int) -> list[Shown]:
        """The same by group. groups: of each task."""
        hits = self.worth(count)[:, _at(f"HR@{CUTOFFS[0]}")] > 0
        return [
            Shown(user, groups[user], items[: CUTOFFS[0]], hit)
            for user, items, hit in zip(self._users, self._lists, hits.tolist(), strict=True)
        ]


def _ranked(
    world: World, tasks: Sequence[Task], sets: Mapping[str, Sequence[str]], order: str
) -> dict[_Kind, _Lists]:
    """Lists of every kind for everyone who chose something after the events that are known."""
    found: dict[_Kind, _Lists] = defaultdict(_Lists)
    for place, (task, counts) in enumerate(_counted(world, tasks, sets, order)):
        scores = {name: each.scores(task.user) for name, each in counts.items()}
        scores[EVERYONE] = next(iter(counts.values())).popularity
        for name, score in scores.items():
            best = _best(score)
            for events in EVENTS_KNOWN:
                seen, chosen = set(task.chosen[:events]), task.chosen[events:]
                if chosen:
                    top = [item for item in best if item not in seen][:LIST_ITEMS]
                    found[name, events].add(place, top, chosen)
    return found


def _counted(
    world: World, tasks: Sequence[Task], sets: Mapping[str, Sequence[str]], order: str
) -> Iterator[tuple[Task, dict[str, CellCounts]]]:
    """Each task, in their order, with what others did, by set of fields. The counts are the same
    objects, counted on."""

    def none() -> dict[str, CellCounts]:
        return {
            name: CellCounts(len(world.items), world.profiles, fields)
            for name, fields in sets.items()
        }

    def add(to: dict[str, CellCounts], pairs: NDArray[np.int64]) -> None:
        for counts in to.values():
            counts.add(pairs)

    if order == "before":
        counts, done = none(), 0
        for task in tasks:
            add(counts, world.pairs[done : task.start])
            done = task.start
            yield task, counts
        return
    fold = np.array([fold_of(user) for user in world.users])
    by_fold = {}
    for number in range(FOLDS):
        by_fold[number] = none()
        add(by_fold[number], world.pairs[fold[world.pairs[:, 0]] != number])
    yield from ((task, by_fold[int(fold[task.user])]) for task in tasks)


def _best(scores: NDArray[np.float64]) -> list[int]:
    """Enough items for every list, the best first; ties to the one that came first."""
    scores = np.round(scores, 12)
    best = np.argsort(-scores, kind="stable")[: LIST_ITEMS + max(EVENTS_KNOWN)]
    top: list[int] = best[scores[best] > 0].tolist()
    return top


def worth_of(items: Sequence[int], wanted: Sequence[int]) -> NDArray[np.float64]:
    """(MEASURES,) of one list and the items that it should hold, at least one.

    recall: share of the wanted within the first k. HR: whether one is. NDCG: gains of 1 against the
    best order of as many as fit. MRR: 1 / rank of the first within k, else 0.
    """
    ranks = [rank for rank, item in enumerate(items, 1) if item in set(wanted)]
    row = []
    for cutoff in CUTOFFS:
        within = [rank for rank in ranks if rank <= cutoff]
        ideal = sum(1 / np.log2(rank + 1) for rank in range(1, min(cutoff, len(wanted)) + 1))
        row += [
            len(within) / len(wanted),
            float(bool(within)),
            sum(1 / np.log2(rank + 1) for rank in within) / ideal,
            1 / within[0] if within else 0.0,
        ]
    return np.array(row)


def _at(measure: str) -> int:
    return MEASURES.index(measure)


def _intervals(tables: Sequence[NDArray[np.float64]]) -> list[dict[str, list[float]]]:
    """[mean, low, high] of each measure of each table: 95 % bootstrap over users, in pairs.

    tables: (users, MEASURES) each, of the same users."""
    rows = np.concatenate(tables, axis=1)
    drawn = resampled(np.concatenate([rows, np.ones((len(rows), 1))], axis=1))
    figures = [rows.mean(axis=0), *np.percentile(drawn, [2.5, 97.5], axis=0)]
    return [
        {
            name: [round(float(v[n * len(MEASURES) + place]), 4) for v in figures]
            for place, name in enumerate(MEASURES)
        }
        for n in range(len(tables))
    ]
