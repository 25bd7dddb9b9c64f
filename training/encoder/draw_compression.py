"""Draw what compression.py printed: `python draw_compression.py REPORT OUT.svg`.

Accuracy against texts a second, the area of a point by its megabytes; prints a table. Needs
matplotlib, which the environment of development has and that of training need not.
"""

from __future__ import annotations

import io
import json
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib import ticker
from matplotlib.figure import Figure

from shopkeeper.apps.report.plots import COLOURS, STYLE, themed, with_own_ink

NAME = "compression"
KINDS = {
    "ngrams": ("n-grams", COLOURS[2]),
    "alone": ("a model alone", COLOURS[0]),
    "cascade": ("behind the n-grams", COLOURS[1]),
}
AREA_PER_MEGABYTE = 9.0  # in square points
MARKS = [50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000]  # texts a second
NEAR_TIMES, NEAR_SHARE = 2.0, 0.1  # names of points so close would meet
SIZE_IN = (7.6, 4.6)
LANGUAGES = {"zh": "Chinese", "en": "English"}


def short(model: dict[str, Any]) -> str:
    """What stands over a point: its colour says whether n-grams stand before it."""
    name = model["name"].removeprefix("n-grams + ").removesuffix(", int8")
    return f"{name} ({model['megabytes']:.0f} MB)"


def sides(models: list[dict[str, Any]]) -> list[int]:
    """1 for a name over its point, -1 for one below: of close neighbours in turn."""
    found = dict.fromkeys(range(len(models)), 1)
    places = sorted(found, key=lambda n: models[n]["texts_per_second"])
    apart = max(each["accuracy"] for each in models) - min(each["accuracy"] for each in models)
    for left, right in pairwise(places):
        one, other = models[left], models[right]
        near = other["texts_per_second"] < NEAR_TIMES * one["texts_per_second"]
        if near and abs(one["accuracy"] - other["accuracy"]) <= NEAR_SHARE * apart:
            found[right] = -found[left]
    return list(found.values())


def drawn(report: dict[str, Any]) -> str:
    """The plot as an SVG file."""
    title = f"{LANGUAGES[report['language']]} sentiment: accuracy, speed and size"
    with matplotlib.rc_context({**STYLE, "svg.hashsalt": NAME}):
        figure = Figure(figsize=SIZE_IN, layout="constrained")
        axes = figure.add_subplot()
        for kind, (label, colour) in KINDS.items():
            models = [each for each in report["models"] if each["kind"] == kind]
            axes.scatter(
                [each["texts_per_second"] for each in models],
                [100 * each["accuracy"] for each in models],
                [AREA_PER_MEGABYTE * each["megabytes"] for each in models],
                color=colour,
                alpha=0.55,
                linewidths=0,
            )
            axes.scatter([], [], 60, color=colour, alpha=0.55, linewidths=0, label=label)
        for each, side in zip(report["models"], sides(report["models"]), strict=True):
            axes.annotate(
                short(each),
                (each["texts_per_second"], 100 * each["accuracy"]),
                (0, side * (3 + (AREA_PER_MEGABYTE * each["megabytes"] / np.pi) ** 0.5)),
                textcoords="offset points",
                ha="center",
                va="bottom" if side > 0 else "top",
                fontsize=9,
            )
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(ticker.StrMethodFormatter("{x:,.0f}"))
        axes.set_xticks(MARKS)
        axes.set_xlim(
            0.6 * min(each["texts_per_second"] for each in report["models"]),
            1.7 * max(each["texts_per_second"] for each in report["models"]),
        )
        axes.margins(y=0.15)
        axes.set_xlabel("texts a second, one thread")
        axes.set_ylabel("accuracy, %")
        axes.legend(loc="upper left", ncols=3, bbox_to_anchor=(0, 1.1), borderaxespad=0)
        axes.minorticks_off()
        out = io.BytesIO()
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None})
    return with_own_ink(themed(out.getvalue(), NAME, title))


def table(report: dict[str, Any]) -> str:
    """The same as Markdown."""
    sets = list(report["models"][0]["by_set"])
    lines = [
        f"| model | MB | texts/s | accuracy | {' | '.join(sets)} |",
        "|---" * (4 + len(sets)) + "|",
    ]
    for each in report["models"]:
        by_set = " | ".join(f"{each['by_set'][name]:.3f}" for name in sets)
        lines.append(
            f"| {each['name']} | {each['megabytes']:.1f} | {each['texts_per_second']:,} "
            f"| {each['accuracy']:.4f} | {by_set} |"
        )
    return "\n".join(lines)


def main(report: Path, out: Path) -> None:
    found = json.loads(report.read_text(encoding="utf-8"))
    out.write_text(drawn(found), encoding="utf-8")
    print(table(found))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: python draw_compression.py REPORT OUT.svg")
    main(Path(sys.argv[1]), Path(sys.argv[2]))
