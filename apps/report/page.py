"""The page: sections in, one HTML document out that needs no network.

Everything but the plots is escaped by the template (jinja2's autoescape); the plots are built as
XML. The page forbids scripts and loads by a content security policy of its own.
"""

from __future__ import annotations

from datetime import UTC, datetime
from importlib import resources
from itertools import pairwise
from typing import TYPE_CHECKING

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from .charts import Chart, Section, Words, written, written_duration
from .plots import svg

if TYPE_CHECKING:
    from collections.abc import Sequence


def render(
    sections: Sequence[Section],
    about: Sequence[str],
    tiles: Sequence[tuple[str, str]],
    words: Words,
) -> str:
    """about: sentences at the top. tiles: (name, value), what matters most."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    template = environment.from_string(
        resources.files(__package__).joinpath("page.html").read_text("utf-8")
    )
    return template.render(
        title=words("title"),
        language={"en": "en", "zh": "zh-Hans"}[words.language],
        about=about,
        tiles=tiles,
        sections=sections,
        words=words,
        draw=lambda chart: Markup(svg(chart)),  # serialised from an XML tree
        rows=lambda chart: rows(chart, words),
    )


def rows(chart: Chart, words: Words) -> list[list[str]]:
    """The numbers of a chart as a table, the head first."""
    names: list[str] = []
    for series in chart.series:
        names.append(series.name)
        if series.low is not None:
            names.append("95 %")
    if chart.kind in ("histogram", "durations"):
        head = [f"{chart.x_label} ({words('from')})", words("to")]
        places = [[_place(low, chart), _place(high, chart)] for low, high in pairwise(chart.x)]
    else:
        head = [chart.y_label if chart.kind == "rows" else chart.x_label]
        places = [[_place(x, chart)] for x in chart.x]
    found = [[*head, *names]]
    for number in range(0, len(places), chart.table_step):
        line = places[number]
        for series in chart.series:
            line.append(_number(series.values[number], chart))
            if series.low is not None and series.high is not None:
                low, high = _number(series.low[number], chart), _number(series.high[number], chart)
                line.append(f"{low} – {high}" if low else "")
        found.append(line)
    return found


def _number(value: float, chart: Chart) -> str:
    return written(value, chart.form) if value == value else ""  # NaN: not known


def _place(x: float | str, chart: Chart) -> str:
    if isinstance(x, str):
        return x
    if chart.kind == "times":
        return moment(x)
    return written_duration(x) if chart.kind == "durations" else written(x, chart.x_form)


def moment(milliseconds: float) -> str:
    """Unix milliseconds as a person reads them, in UTC."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
