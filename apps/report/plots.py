"""Draws a chart as SVG: no display, no fonts inside (the reader's browser writes the text, in any
script), ink in the page's own colour, so that it reads on light and dark alike.

The colours are Okabe and Ito's, told apart by most colour-blind people ("Color universal design",
2008); lines also differ by marker and dashes, bars by hatching.
"""

from __future__ import annotations

import io
import re
import unicodedata
import warnings
import xml.etree.ElementTree as ET
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import matplotlib
import numpy as np
from matplotlib import dates, ticker
from matplotlib.figure import Figure

from .charts import Chart, Series, written, written_duration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b8860b", "#56b4e9", "#808080")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
DASHES = ("-", "--", "-.", ":")
HATCHES = ("", "///", "\\\\\\", "xx", "--", "||", "++")  # those of dots cost 250 kB each
INK = "#010203"  # stands for the page's text colour, see `themed`
WIDTH_IN, HEIGHT_IN = 7.6, 3.3
ROW_IN, ROWS_MARGIN_IN = 0.16, 1.05  # of lying bars: height of each, and of all around
FONT_PT = 10.5
POINTS_PER_IN = 72
TICKS_MAX = 12
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "text.parse_math": False,  # a category may hold a dollar sign
    "font.size": FONT_PT,
    "font.family": ["DejaVu Sans"],  # only to measure by: it comes with matplotlib
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "hatch.color": INK,
    "hatch.linewidth": 0.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": INK,
    "grid.alpha": 0.15,
    "lines.linewidth": 1.8,
    "lines.markersize": 4,
    "legend.frameon": False,
}
SVG, XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
ET.register_namespace("", SVG)
ET.register_namespace("xlink", XLINK)


def svg(chart: Chart) -> str:
    """The plot as one <svg> element, to stand in a page. The chart must have no `problem`."""
    assert not chart.problem, chart.name
    with warnings.catch_warnings(), matplotlib.rc_context({**STYLE, "svg.hashsalt": chart.name}):
        warnings.filterwarnings("ignore", r"Glyph .* missing")  # the browser will have it
        figure = Figure(figsize=(WIDTH_IN, _height(chart)))
        axes = figure.add_subplot()
        _DRAW[chart.kind](axes, chart)
        _label(axes, chart)
        _place(figure, axes, chart)
        out = io.BytesIO()
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None})
    return themed(out.getvalue(), chart.name, chart.title)


def standalone(chart: Chart) -> str:
    """The same as a file of its own, that follows its reader's light or dark."""
    return with_own_ink(svg(chart))


def with_own_ink(text: str) -> str:
    """An <svg> element as a file of its own, that follows its reader's light or dark."""
    style = "<style>svg{color:#1c2733}@media(prefers-color-scheme:dark){svg{color:#e4e8ec}}</style>"
    head = text.index(">") + 1
    return text[:head] + style + text[head:] + "\n"


# -- the kinds


def _lines(axes: Axes, chart: Chart) -> None:
    if chart.even:
        axes.plot([0, 1], [0, 1], color=INK, linewidth=0.8, linestyle=":")
    for number, series in enumerate(chart.series):
        few = len(series.values) <= 40
        axes.plot(
            np.array(chart.x, np.float64),
            series.values,
            label=series.name,
            color=_of(COLOURS, number),
            linestyle=_of(DASHES, number),
            marker=_of(MARKERS, number) if few else "",
        )
    axes.set_ylim(bottom=0)
    if chart.even:
        axes.set(xlim=(0, 1), ylim=(0, 1))


def _times(axes: Axes, chart: Chart) -> None:
    moments = [datetime.fromtimestamp(float(ms) / 1000, UTC) for ms in chart.x]
    for number, series in enumerate(chart.series):
        axes.plot(
            dates.date2num(moments),
            series.values,
            label=series.name,
            color=_of(COLOURS, number),
            linestyle=_of(DASHES, number),
            marker=_of(MARKERS, number),
        )
    batch_s = (moments[-1] - moments[0]).total_seconds()
    axes.xaxis.set_major_locator(dates.AutoDateLocator(minticks=3, maxticks=7))
    axes.xaxis.set_major_formatter(dates.DateFormatter(_time_format(batch_s), tz=UTC))
    axes.set_ylim(bottom=0)


def _time_format(batch_s: float) -> str:
    if batch_s < 600:
        return "%H:%M:%S"
    return "%H:%M" if batch_s < 86_400 else "%m-%d %H:%M" if batch_s < 7 * 86_400 else "%Y-%m-%d"


def _bars(axes: Axes, chart: Chart) -> None:
    width = 0.8 / max(1, len(chart.series))
    places = np.arange(len(chart.x))
    for number, series in enumerate(chart.series):
        at = places + (number - (len(chart.series) - 1) / 2) * width
        axes.bar(at, series.values, width * 0.94, label=series.name, **_fill(number))
        _whiskers(axes, at, series)
    axes.set_xticks(places, [str(x) for x in chart.x])
    axes.grid(visible=False, axis="x")
    if any(value < 0 for series in chart.series for value in series.values):
        axes.axhline(0, color=INK, linewidth=0.8)


def _whiskers(axes: Axes, at: Any, series: Series, lying: bool = False) -> None:
    """The intervals of bars, where there are any."""
    if series.low is None or series.high is None:
        return
    middle = np.array(series.values, np.float64)
    below, above = np.array(series.low, np.float64), np.array(series.high, np.float64)
    known = np.isfinite(below) & np.isfinite(above) & np.isfinite(middle)
    reach = np.maximum(0, np.stack([middle - below, above - middle]))[:, known]
    x, y = (middle, at) if lying else (at, middle)
    of: dict[str, Any] = {"xerr" if lying else "yerr": reach}
    axes.errorbar(x[known], y[known], **of, fmt="none", ecolor=INK, capsize=3, lw=1.2)


def _rows(axes: Axes, chart: Chart) -> None:
    height = 0.8 / max(1, len(chart.series))
    places = np.arange(len(chart.x))
    for number, series in enumerate(chart.series):
        at = places + (number - (len(chart.series) - 1) / 2) * height
        axes.barh(at, series.values, height * 0.94, label=series.name, **_fill(number))
        _whiskers(axes, at, series, lying=True)
        if len(chart.series) == 1 and series.low is None:
            for place, value in zip(at, series.values, strict=True):
                axes.annotate(
                    written(value, chart.form),
                    (value, place),
                    (4, 0),
                    textcoords="offset points",
                    va="center",
                    fontsize=FONT_PT - 1,
                )
    axes.set_yticks(places, [str(x) for x in chart.x])
    axes.margins(y=0.02)
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    if any(value < 0 for series in chart.series for value in series.values):
        axes.axvline(0, color=INK, linewidth=0.8)
    if len(chart.series) == 1 and chart.series[0].low is None:
        axes.set_xlim(right=1.12 * max(chart.series[0].values, default=1.0) or 1.0)


def _histogram(axes: Axes, chart: Chart) -> None:
    edges = np.array(chart.x, np.float64)
    axes.margins(x=0.01)
    for number, series in enumerate(chart.series):
        axes.bar(
            edges[:-1],
            series.values,
            np.diff(edges),
            align="edge",
            label=series.name,
            edgecolor=INK,
            linewidth=0.3,
            color=_of(COLOURS, number),
        )
    if chart.mark is not None:
        axes.axvline(chart.mark, color=INK, linewidth=1.2, linestyle="--")


def _durations(axes: Axes, chart: Chart) -> None:
    _histogram(axes, chart)
    axes.set_xscale("log")
    marks = [1, 10, 100, 1000, 10_000, 60_000, 600_000, 3_600_000, 86_400_000, 864_000_000]
    marks += [86_400_000 * 100, 86_400_000 * 1000, 86_400_000 * 10_000]
    edges = np.array(chart.x, np.float64)
    axes.set_xlim(edges[0], edges[-1])
    axes.set_xticks([m for m in marks if edges[0] <= m <= edges[-1]])
    axes.xaxis.set_major_formatter(ticker.FuncFormatter(lambda v, _: written_duration(v)))
    axes.xaxis.set_minor_locator(ticker.NullLocator())


_DRAW = {
    "lines": _lines,
    "times": _times,
    "bars": _bars,
    "rows": _rows,
    "histogram": _histogram,
    "durations": _durations,
}


def _of(choices: Sequence[str], number: int) -> str:
    return choices[number % len(choices)]


def _fill(number: int) -> dict[str, Any]:
    return {"color": _of(COLOURS, number), "hatch": _of(HATCHES, number), "linewidth": 0}


# -- what surrounds them


def _height(chart: Chart) -> float:
    if chart.kind != "rows":
        return HEIGHT_IN
    rows = len(chart.x) * max(1.6, len(chart.series))
    return max(1.6, ROWS_MARGIN_IN + ROW_IN * rows)


def _label(axes: Axes, chart: Chart) -> None:
    lying = chart.kind == "rows"
    axes.set_xlabel(chart.x_label)
    if not lying:
        axes.set_ylabel(chart.y_label)
    values = axes.xaxis if lying else axes.yaxis
    if chart.form == "share":
        values.set_major_formatter(_percent)
    elif chart.form == "count":
        values.set_major_locator(ticker.MaxNLocator(integer=True, nbins=5))
        values.set_major_formatter(ticker.StrMethodFormatter("{x:,.0f}"))
    if chart.x_form == "share" and not lying:
        axes.xaxis.set_major_formatter(_percent)


def _percent(value: float, _: float = 0) -> str:
    return f"{100 * value:.6g} %".replace("-", "−")


def _place(figure: Figure, axes: Axes, chart: Chart) -> None:
    """Margins from the text's width, which matplotlib cannot know: the font is the reader's."""
    width, height = figure.get_size_inches()
    em = FONT_PT / POINTS_PER_IN
    left = 5.2 * em
    if chart.kind == "rows":
        left = max(left, em * (max(width_em(str(x)) for x in chart.x) + 1))
    legend = len(chart.series) > 1
    axes.set_position(
        (
            left / width,
            3.6 * em / height,
            1 - (left + 1.6 * em) / width,
            1 - (3.6 + (2.4 if legend else 0.8)) * em / height,
        )
    )
    if legend:
        figure.legend(
            *axes.get_legend_handles_labels(),
            loc="upper left",
            ncols=len(chart.series),
            bbox_to_anchor=(left / width - 0.01, 1.0),
            borderaxespad=0.2,
            fontsize=FONT_PT - 0.5,
            columnspacing=1.4,
        )


def width_em(text: str) -> float:
    """About how wide a text is, in em: full-width characters 1, others 0.58."""
    return sum(1.0 if unicodedata.east_asian_width(c) in "WF" else 0.58 for c in text)


def themed(drawn: bytes, name: str, title: str) -> str:
    """The drawing with the page's ink and fonts, a title, and ids that no other plot has."""
    root = ET.fromstring(drawn)
    for child in list(root):
        if child.tag == f"{{{SVG}}}metadata":
            root.remove(child)
    renamed = {e.get("id"): f"{name}-{e.get('id')}" for e in root.iter() if e.get("id")}
    for element in root.iter():
        for key, value in element.attrib.items():
            changed = value.replace(INK, "currentColor")
            if key == "id":
                changed = renamed[value]
            elif key == f"{{{XLINK}}}href":
                changed = "#" + renamed.get(value[1:], value[1:])
            changed = _URL.sub(lambda m: f"url(#{renamed.get(m[1], m[1])})", changed)
            changed = _FONT.sub("system-ui, sans-serif", changed)
            element.set(key, changed)
        if element.tag == f"{{{SVG}}}style":
            element.text = "*{stroke-linejoin:round;stroke-linecap:butt}"
    for side in ("width", "height"):
        root.attrib.pop(side, None)
    titled = ET.Element(f"{{{SVG}}}title", {"id": f"{name}-title"})
    titled.text = title
    root.insert(0, titled)
    root.set("role", "img")
    root.set("aria-labelledby", f"{name}-title")
    return ET.tostring(root, encoding="unicode")


_URL = re.compile(r"url\(#([^)]*)\)")
_FONT = re.compile(r"'?DejaVu Sans'?(, *[\w-]+)*")
