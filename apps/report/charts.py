"""What is drawn: a chart holds its words and its numbers, and nothing of how it is drawn."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import resources
from typing import TYPE_CHECKING, Literal

import orjson

if TYPE_CHECKING:
    from collections.abc import Sequence

Language = Literal["en", "zh"]
Form = Literal["share", "number", "count"]
Kind = Literal[
    "lines",  # x: numbers
    "times",  # x: Unix milliseconds
    "bars",  # x: names, upright
    "rows",  # x: names, lying, the first on top
    "histogram",  # x: edges, one more than values
    "durations",  # the same, edges in milliseconds on a logarithmic axis
]


class Words:
    """Everything that the page says, in one language."""

    def __init__(self, language: Language) -> None:
        self.language = language
        text = resources.files(__package__).joinpath("words", f"{language}.json").read_bytes()
        self._texts: dict[str, str] = orjson.loads(text)

    def __call__(self, key: str, **values: object) -> str:
        """The text of a key, its {names} filled in. Raises KeyError."""
        return self._texts[key].format(**values) if values else self._texts[key]

    def get(self, key: str, otherwise: str) -> str:
        """The text of a key that comes from data, or what else to show."""
        return self._texts.get(key, otherwise)


@dataclass(frozen=True)
class Series:
    """One line or one colour of bars. low, high: interval of each value."""

    name: str
    values: Sequence[float]
    low: Sequence[float] | None = None
    high: Sequence[float] | None = None


@dataclass(frozen=True)
class Chart:
    """One plot and the table beneath it. `problem`: why there is nothing to draw."""

    name: str  # a word of lower-case letters and dashes, unique on the page
    title: str
    text: str  # what it is, what good looks like, how it can mislead
    kind: Kind = "bars"
    x_label: str = ""
    y_label: str = ""
    x: Sequence[float | str] = ()
    series: Sequence[Series] = ()
    form: Form = "share"
    x_form: Form = "number"
    even: bool = False  # draw the diagonal from (0, 0) to (1, 1)
    mark: float | None = None  # a value of x or y to draw a line at
    table_step: int = 1  # every how many rows the table has
    problem: str = ""


@dataclass(frozen=True)
class Section:
    """A heading, sentences, facts in rows of equal length (the first is the head), and charts."""

    name: str
    title: str
    text: str = ""
    facts: Sequence[Sequence[str]] = ()
    charts: Sequence[Chart] = field(default_factory=tuple)


def written(value: float, form: Form) -> str:
    """A number as a person reads it."""
    if form == "share":
        return f"{100 * value:.1f} %"
    if form == "count":
        return f"{value:,.0f}"
    return f"{value:,.4g}" if abs(value) >= 0.001 or not value else f"{value:.1e}"


def written_duration(milliseconds: float) -> str:
    """A time batch, in one unit."""
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1000)):
        if milliseconds >= size:
            return f"{milliseconds / size:.3g} {unit}"
    return f"{milliseconds:.3g} ms"
