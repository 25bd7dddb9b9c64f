"""From what was read to what stands on the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

import shopkeeper

from . import figures, parameters, questions, reviews, shop_charts
from .charts import Section, Words, written, written_duration
from .join import SEEN_MS_MIN
from .page import moment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .source import Extent, Retained


class Shown(NamedTuple):
    """Parts of a page about a running shop."""

    about: list[str]
    tiles: list[tuple[str, str]]
    sections: list[Section]


def made(now_ms: float, words: Words) -> str:
    """When and by which version."""
    return words("made", time=moment(now_ms), version=shopkeeper.__version__)


def running_shop(found: Retained, words: Words) -> Shown:
    """Everything about a shop with at least one list."""
    shop = figures.Shop(found.catalogue, found.trending, found.opinions, found.profiles)
    numbers = figures.compute(found.lists, found.join, found.numbers, shop)
    chinese = words.language == "zh"
    titles = {
        name: (chinese and product.title_zh) or product.title
        for name, product in found.catalogue.items()
    }
    categories = {name: product.category or "" for name, product in found.catalogue.items()}
    sections = shop_charts.sections(numbers, titles, words)
    sections.append(parameters.section(found.parameters, words))
    sections.append(reviews.section(found.reviews, titles, categories, words))
    sections += questions.sections(found.questions, words)
    return Shown(
        _about(found, numbers, words),
        _tiles(numbers, words),
        [*sections, _sources(found.extents, words)],
    )


def _about(found: Retained, numbers: figures.Figures, words: Words) -> list[str]:
    lines = [
        words(
            "lists-found",
            lists=f"{numbers.lists:,}",
            users=f"{numbers.users:,}",
            seeable=f"{numbers.seeable:,}",
            seconds=f"{SEEN_MS_MIN / 1000:g}",
            answered=f"{numbers.answered:,}",
            answered_seeable=f"{numbers.answered_seeable:,}",
        )
    ]
    left_out = found.lists_seen - numbers.lists
    if left_out:
        lines.append(words("lists-left-out", count=f"{left_out:,}"))
    if found.unreadable:
        lines.append(words("unreadable", count=f"{found.unreadable:,}"))
    if found.join.first_ms is None or found.join.last_ms is None:
        lines.append(words("no-clicks"))
    else:
        lines.append(
            words(
                "clicks-range",
                clicks=f"{numbers.clicks:,}",
                first=moment(found.join.first_ms),
                last=moment(found.join.last_ms),
                items=f"{numbers.items:,}",
                catalogue=f"{numbers.catalogue:,}",
            )
        )
    return [*lines, words("privacy")]


def _tiles(numbers: figures.Figures, words: Words) -> list[tuple[str, str]]:
    at = f"@{figures.CUTOFF}"
    tiles = [(words("seeable"), f"{numbers.seeable:,}")]
    tiles += [
        (name + at, f"{numbers.accuracy[name + at]:.3f}")
        for name in shop_charts.MEASURES
        if numbers.accuracy
    ]
    tiles += [
        (words("coverage") + at, written(numbers.coverage, "share")),
        (words("gini") + at, f"{numbers.beyond['gini' + at]:.3f}"),
        (words("popularity_lift") + at, written(numbers.beyond["popularity_lift" + at], "share")),
    ]
    if len(numbers.ages_ms):
        half = float(np.median(numbers.ages_ms))
        tiles.append((words("age-median"), written_duration(max(1.0, half))))
    return tiles


def _sources(extents: Mapping[str, Extent], words: Words) -> Section:
    facts: list[Sequence[str]] = [
        (words("topic"), words("records"), words("offsets"), words("record-times"))
    ]
    for name, extent in extents.items():
        offsets = ", ".join(f"{p}: {a}–{b}" for p, (a, b) in sorted(extent.offsets.items()))
        times = f"{moment(extent.first_ms)} – {moment(extent.last_ms)}" if extent.records else ""
        facts.append((name, f"{extent.records:,}", offsets, times))
    return Section("sources", words("sources.title"), words("sources.text"), facts)
