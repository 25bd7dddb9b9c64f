"""Fairness by group of users: how well each value of a profile's fields is served, and shown what.

Definitions: `services/recommender/evaluation/group_fairness.py`. Only sums of at least
`GROUP_USERS_MIN` users leave it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from shopkeeper.apps.cli.summaries import printable
from shopkeeper.services.recommender.evaluation.group_fairness import (
    GROUP_USERS_MIN,
    NONE,
    POOL,
    Disparity,
    Field,
    Group,
    Interval,
    Shown,
    by_group,
)

from .charts import Chart, Section, Series, Words, written

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from . import join

FIELDS = ("age_band", "gender", "region", "language", "occupation")
IN_ORDER = frozenset(("age_band",))  # values that are sorted by themselves, not by size
LABEL_CHARACTERS = 32


def by_field(
    lists: Sequence[join.Shown],
    profiles: Mapping[str, Mapping[str, str]],
    visits: NDArray[np.int64],
    cutoff: int,
    *,
    echoed: bool,
) -> dict[str, Field]:
    """Figures of every field that a user with a list has a value of; of the first `cutoff` items.

    profiles: user -> field -> value. echoed: whether clicks name lists at all. A hit: the user's
    next click is on an item of a list that could have been seen; predicted: of any list. Clicked: a
    click names the list.
    """
    numbers: dict[str, int] = {}
    for shown in lists:
        numbers.setdefault(shown.user, len(numbers))
    found = {}
    for field in FIELDS:
        if not any(field in profiles.get(user, ()) for user in numbers):
            continue
        values = {user: profiles.get(user, {}).get(field, "") for user in numbers}
        found[field] = by_group(
            [_shown(each, numbers[each.user], values[each.user], cutoff, echoed) for each in lists],
            visits,
        )
    return found


def _shown(each: join.Shown, user: int, group: str, cutoff: int, echoed: bool) -> Shown:
    items = each.items[:cutoff]
    answer = None if each.answer is None else each.answer in items
    return Shown(
        user,
        group,
        items,
        hit=answer if each.could_be_seen else None,
        clicked=each.named > 0 if echoed and each.could_be_seen else None,
        predicted=answer,
    )


def section(found: Mapping[str, Field], profiles: int, words: Words, cutoff: int) -> Section:
    """The section; where there are no profiles, it says so. profiles: of how many users."""
    title = words("groups.title")
    if not profiles:
        return Section("groups", title, words("no-profiles"))
    if not found:
        return Section("groups", title, words("no-profiled-lists", profiles=f"{profiles:,}"))
    text = words("groups.text", least=GROUP_USERS_MIN, profiles=f"{profiles:,}")
    charts = [
        made
        for field, groups in found.items()
        for made in (
            _accuracy(field, groups, words, cutoff),
            _exposure(field, groups, words),
        )
    ]
    return Section("groups", title, text, _facts(found, words, cutoff), charts)


def _facts(found: Mapping[str, Field], words: Words, cutoff: int) -> list[tuple[str, ...]]:
    head = (
        words("group"),
        words("users"),
        f"HR@{cutoff}",
        words("hit-any", cutoff=cutoff),
        words("click-through"),
        words("shown-clicks"),
        words("shown-head"),
        words("shown-tail"),
        f"{words('coverage')}@{cutoff}",
    )
    rows: list[tuple[str, ...]] = [head]
    for field, groups in found.items():
        name = words(f"profile.{field}")
        for group in _in_order(field, groups):
            rows.append(
                (
                    f"{name}: {_label(field, group, words)}",
                    f"{group.users:,}",
                    _written(group.hit),
                    _written(group.predicted),
                    _written(group.clicked),
                    _written(group.popularity, share=False),
                    _written(group.head),
                    _written(group.tail),
                    written(group.coverage, "share"),
                )
            )
        ratios = (groups.hit, groups.predicted, groups.clicked, groups.popularity)
        if any(ratios):
            told = [_ratio(ratio, words) for ratio in ratios]
            rows.append((words("lowest-of-highest", field=name), "", *told, "", "", ""))
    return rows if len(rows) > 1 else []


def _written(interval: Interval | None, share: bool = True) -> str:
    if interval is None:
        return "–"
    if share:
        value, low, high = (f"{100 * v:.1f}" for v in interval[:3])
        return f"{value} % ({low}–{high})"
    value, low, high = (written(v, "number") for v in interval[:3])
    return f"{value} ({low}–{high})"


def _ratio(found: Disparity | None, words: Words) -> str:
    if found is None:
        return "–"
    verdict = "beyond-chance" if found.ratio < found.by_chance else "within-chance"
    return f"{found.ratio:.2f} ({words(verdict, ratio=f'{found.by_chance:.2f}')})"


def _accuracy(field: str, groups: Field, words: Words, cutoff: int) -> Chart:
    shown = _in_order(field, groups)
    series = []
    if any(group.hit for group in shown):
        series.append(_series(f"HR@{cutoff}", [group.hit for group in shown]))
    if any(group.predicted for group in shown):
        name = words("hit-any", cutoff=cutoff)
        series.append(_series(name, [group.predicted for group in shown]))
    if any(group.clicked for group in shown):
        series.append(_series(words("click-through"), [group.clicked for group in shown]))
    problem = "" if series else words("no-answers")
    return _chart("accuracy", field, shown, series, words, problem)


def _exposure(field: str, groups: Field, words: Words) -> Chart:
    shown = _in_order(field, groups)
    series = [
        _series(words("shown-head"), [group.head for group in shown]),
        _series(words("shown-tail"), [group.tail for group in shown]),
    ]
    return _chart("exposure", field, shown, series, words)


def _chart(
    kind: str,
    field: str,
    shown: Sequence[Group],
    series: Sequence[Series],
    words: Words,
    problem: str = "",
) -> Chart:
    return Chart(
        f"groups-{kind}-{field.replace('_', '-')}",
        words(f"groups-{kind}.title", field=words(f"profile.{field}")),
        words(f"groups-{kind}.text"),
        kind="rows",
        x_label=words(f"groups-{kind}.x"),
        y_label=words(f"profile.{field}"),
        x=[
            words("group-of", group=_label(field, group, words), users=f"{group.users:,}")
            for group in shown
        ],
        series=series,
        problem=problem if shown else words("too-few-users", least=GROUP_USERS_MIN),
    )


def _series(name: str, intervals: Sequence[Interval | None]) -> Series:
    nothing = Interval(math.nan, math.nan, math.nan, 0)
    rows = [interval or nothing for interval in intervals]
    return Series(name, [r.value for r in rows], [r.low for r in rows], [r.high for r in rows])


def _in_order(field: str, groups: Field) -> Sequence[Group]:
    if field not in IN_ORDER:
        return groups.groups
    # `under_18` comes before the digits.
    return sorted(
        groups.groups,
        key=lambda g: (g.name == POOL, g.name == NONE, g.name[:1].isdigit(), g.name),
    )


def _label(field: str, group: Group, words: Words) -> str:
    if group.name == POOL:
        return words("group-pool", least=GROUP_USERS_MIN)
    if group.name == NONE:
        return words("group-none")
    named = words.get(f"profile.{field}.{group.name}", "")
    return named or printable(group.name, LABEL_CHARACTERS)
