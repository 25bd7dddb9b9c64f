"""`shopkeeper experiment --off-policy`: what other ways of making lists would have got."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from shopkeeper.services.recommender.evaluation.off_policy import (
    Choices,
    Unsupported,
    estimate,
    share_weights,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from .logged_lists import Log, LoggedList

NEVER, ALWAYS, LOGGED, POPULAR = "never-explore", "always-explore", "as-logged", "popular"
EXPLORES = "explore="
NAMED = (LOGGED, NEVER, ALWAYS, POPULAR)
REASONS_MAX = 12  # first reasons that DR's model knows by name
DIGITS = 6
ANY, LAST = "any", "last"  # what counts as clicked


class Policy(msgspec.Struct, frozen=True):
    """A line of a policy's file: the list that it would have made in place of a logged one."""

    recomm_id: str
    items: list[str]


class BadPolicy(ValueError):
    """No policy is named so, or its file cannot be read as one."""


def parsed(name: str) -> float | str | Path:
    """A share of exploring lists, LOGGED, POPULAR, or a file. Raises BadPolicy."""
    if name in (LOGGED, POPULAR):
        return name
    if name in (NEVER, ALWAYS):
        return 0.0 if name == NEVER else 1.0
    if name.startswith(EXPLORES):
        try:
            share = float(name.removeprefix(EXPLORES))
        except ValueError:
            share = -1.0
        if not 0.0 <= share <= 1.0:
            raise BadPolicy(f"{name}: the share of lists that explore is a number from 0 to 1")
        return share
    if name.endswith(".jsonl"):
        return Path(name)
    raise BadPolicy(
        f"{name}: a policy is one of {', '.join(NAMED)}, {EXPLORES}SHARE, or a file NAME.jsonl"
    )


def lists_of_file(path: Path) -> dict[str, list[str]]:
    """recomm_id -> items. Raises BadPolicy, naming the line."""
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise BadPolicy(f"{path}: {error.strerror}") from None
    found = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            said = msgspec.json.decode(line, type=Policy)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise BadPolicy(f"{path}, line {number}: {error}") from None
        found[said.recomm_id] = said.items
    return found


def document(log: Log, policies: Sequence[str], reward: str = ANY) -> dict[str, Any]:
    """Everything that is printed: what was read, and by policy the estimates or why there are none.

    Raises Unsupported where nothing can be said of any policy, BadPolicy for a file.
    """
    if not log.lists:
        raise Unsupported(
            "no list on the topic carries a propensity: set explore.share in RULES "
            f"(left out: {dict(log.left_out)})"
        )
    share = share_of(log.lists)
    return {
        "lists": len(log.lists),
        "users": len({each.user for each in log.lists}),
        "lists_clicked": int(_clicked(log, log.lists, reward).sum()),
        "lists_explored": sum(each.explored for each in log.lists),
        "explore_share": round(share, DIGITS),
        "clicked": reward,
        "left_out": {name: n for name, n in sorted(log.left_out.items()) if n},
        "clicks_naming_no_such_list": log.strange_clicks,
        "policies": {name: _one(log, parsed(name), share, reward) for name in policies},
    }


def share_of(lists: Sequence[LoggedList]) -> float:
    """The share of lists that explored, as the propensities of ranked last items say.

    Raises Unsupported where it changed within the log."""
    shares = {
        round(1.0 - each.propensity, DIGITS)
        for each in lists
        if not each.explored and each.propensity < 1.0
    }
    if len(shares) > 1:
        raise Unsupported(
            f"the share of lists that explore changed within the log ({sorted(shares)}): take one "
            "part of it, by --since"
        )
    if shares:
        return shares.pop()
    return 1.0 if any(each.explored for each in lists) else 0.0


def _one(log: Log, policy: float | str | Path, share: float, reward: str) -> dict[str, Any]:
    lists, choices = log.lists, None
    try:
        if isinstance(policy, float) or policy == LOGGED:
            other = share if isinstance(policy, str) else float(policy)
            explored, forced = _drawn(lists)
            weight = share_weights(explored, forced, share, other)
            drawn = np.where(forced, 0.0, other)
            chosen = np.stack([1.0 - drawn, drawn], axis=1)
            choices = Choices(_contexts(lists), explored.astype(np.int64), chosen)
        else:
            wanted = _popular(log) if isinstance(policy, str) else lists_of_file(policy)
            lists = [each for each in lists if each.recomm_id in wanted]
            weight = _weights_of_lists(lists, wanted)
        numbers: dict[str, int] = {}
        users = [numbers.setdefault(each.user, len(numbers)) for each in lists]
        clicked = _clicked(log, lists, reward)
        found = estimate(np.array(users, np.int64), clicked, weight, choices)
    except Unsupported as why:
        return {"refused": str(why)}
    told: dict[str, Any] = _rounded(asdict(found))
    return told


def _drawn(lists: Sequence[LoggedList]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(lists,) whether the last item was drawn, and whether there was nothing to draw."""
    explored = np.array([each.explored for each in lists], np.bool_)
    certain = np.array([each.propensity >= 1.0 for each in lists], np.bool_)
    return explored, certain & ~explored


def _weights_of_lists(
    lists: Sequence[LoggedList], wanted: dict[str, list[str]]
) -> NDArray[np.float64]:
    """(lists,) weights of a policy that makes exactly these. Raises Unsupported where it would show
    other items in places that never explore."""
    if not lists:
        raise Unsupported("the policy's file names none of the logged lists")
    others = sum(tuple(wanted[each.recomm_id][:-1]) != each.items[:-1] for each in lists)
    if others:
        raise Unsupported(
            f"the policy would make {others} of {len(lists)} lists otherwise in places before the "
            "last; only the last place explores, so the log says nothing of those"
        )
    return np.array(
        [
            (each.items[-1:] == tuple(wanted[each.recomm_id][-1:])) / each.propensity
            for each in lists
        ]
    )


def _popular(log: Log) -> dict[str, list[str]]:
    """Each list's items by how often they are clicked."""
    return {
        each.recomm_id: sorted(each.items, key=lambda item: (-log.popularity[item], item))
        for each in log.lists
    }


def _clicked(log: Log, lists: Sequence[LoggedList], reward: str) -> NDArray[np.float64]:
    nothing: set[str] = set()
    return np.array(
        [
            bool(found) if reward == ANY else each.items[-1] in found
            for each in lists
            for found in (log.clicks.get(each.recomm_id, nothing),)
        ],
        np.float64,
    )


def _contexts(lists: Sequence[LoggedList]) -> NDArray[np.float64]:
    """(lists, numbers) what DR's model knows of each, all of it from before its last item was
    chosen: the first item's reason, the fallback, its length, and how many lists the user had."""
    reasons = list(dict.fromkeys(each.first_reason for each in lists))[:REASONS_MAX]
    fallbacks = list(dict.fromkeys(each.fallback for each in lists))
    before: dict[str, int] = {}
    rows = []
    for each in lists:
        seen = before[each.user] = before.get(each.user, -1) + 1
        rows.append(
            [
                *(float(each.first_reason == reason) for reason in reasons),
                *(float(each.fallback == name) for name in fallbacks),
                len(each.items) / 10.0,
                float(np.log1p(seen)),
            ]
        )
    return np.array(rows)


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _rounded(each) for name, each in value.items()}
    if hasattr(value, "_asdict"):
        return _rounded(value._asdict())
    return round(value, DIGITS) if isinstance(value, float) else value
