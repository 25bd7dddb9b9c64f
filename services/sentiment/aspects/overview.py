"""What all reviews of a product say of its aspects, as figures and as sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shopkeeper.shared.contracts.events.sentiment import ASPECTS, AspectOpinions
from shopkeeper.shared.text.aspect_names import CHINESE_NAMES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PRIOR_COUNT: Final = 5  # opinions of neither side that an aspect starts with, as a product does
TOP: Final = 3  # aspects named as praised or criticised most
REVIEWS_MIN: Final = 30  # reviews from which on there is a summary
P_VALUE_MAX: Final = 0.05  # of a trend that the summary speaks of
_NAMES_EN: Final = {"ease": "ease of use", "looks": "look"}


def table(counts: Mapping[int, int], quotes: Mapping[int, list[str]]) -> list[AspectOpinions]:
    """A row per aspect that has opinions, the most spoken of first. counts: of each opinion."""
    rows = []
    for number in sorted({opinion >> 1 for opinion in counts}):
        negative, positive = counts.get(2 * number, 0), counts.get(2 * number + 1, 0)
        if negative or positive:
            mean = (positive - negative) / (positive + negative + PRIOR_COUNT)
            rows.append(
                AspectOpinions(
                    aspect=ASPECTS[number],
                    positive=positive,
                    negative=negative,
                    mean=round(mean, 4),
                    praise=tuple(quotes.get(2 * number + 1, ())),
                    criticism=tuple(quotes.get(2 * number, ())),
                )
            )
    return sorted(rows, key=lambda row: -(row.positive + row.negative))


def praised(rows: Sequence[AspectOpinions]) -> list[AspectOpinions]:
    """The TOP aspects by praise; ties go to the better mean."""
    found = sorted(rows, key=lambda row: (-row.positive, -row.mean))
    return [row for row in found[:TOP] if row.positive]


def criticised(rows: Sequence[AspectOpinions]) -> list[AspectOpinions]:
    found = sorted(rows, key=lambda row: (-row.negative, row.mean))
    return [row for row in found[:TOP] if row.negative]


def sentences(
    labels: tuple[int, int, int],
    rows: Sequence[AspectOpinions],
    trend: float,
    p_value: float | None,
    *,
    chinese: bool,
) -> str | None:
    """The summary; None below REVIEWS_MIN. labels: reviews that are negative, neutral, positive."""
    if sum(labels) < REVIEWS_MIN:
        return None
    certain = p_value is not None and p_value <= P_VALUE_MAX
    better = (trend > 0) - (trend < 0) if certain else 0
    return (_chinese if chinese else _english)(labels, rows, better)


def _english(labels: tuple[int, int, int], rows: Sequence[AspectOpinions], better: int) -> str:
    negative, _, positive = labels
    count = sum(labels)
    said = [f"Of {count} reviews, {positive} are positive and {negative} negative."]
    for verb, found in (("praise", _praise(rows)), ("criticise", _criticism(rows))):
        parts = [
            f"{number} {verb if number != 1 else verb + 's'} the {_NAMES_EN.get(name, name)}"
            + (f' ("{quote}")' if quote else "")
            for name, number, quote in found
        ]
        if parts:
            listed = ", ".join(parts[:-1]) + " and " + parts[-1] if parts[1:] else parts[0]
            said.append(f"{listed}.")
    if better:
        said.append(f"Recent reviews are {'better' if better > 0 else 'worse'} than before.")
    return " ".join(said)


def _chinese(labels: tuple[int, int, int], rows: Sequence[AspectOpinions], better: int) -> str:
    negative, _, positive = labels
    said = [f"{sum(labels)}条评价中，{positive}条好评，{negative}条差评。"]
    for verb, found in (("称赞", _praise(rows)), ("批评", _criticism(rows))):
        parts = [
            f"{number}条{verb}{CHINESE_NAMES[name]}" + (f"（“{quote}”）" if quote else "")
            for name, number, quote in found
        ]
        if parts:
            said.append("，".join(parts) + "。")
    if better:
        said.append("近期评价比以前更好。" if better > 0 else "近期评价比以前更差。")
    return "".join(said)


def _praise(rows: Sequence[AspectOpinions]) -> list[tuple[str, int, str]]:
    return [(r.aspect, r.positive, next(iter(r.praise), "")) for r in praised(rows)]


def _criticism(rows: Sequence[AspectOpinions]) -> list[tuple[str, int, str]]:
    return [(r.aspect, r.negative, next(iter(r.criticism), "")) for r in criticised(rows)]
