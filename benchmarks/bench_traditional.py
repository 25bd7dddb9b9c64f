"""Learning click by click beside the traditional way: what docs/results.md says of it.

The same targets as `shopkeeper evaluate recommender --prequential`, by: the recommender learning
click by click; the same model as if retrained every night; popularity so far; and the traditional
way retrained every night, each part on its own and together (traditional.py). Gains of the first
over each are paired by session, in points and in shares of the other's figure, over the whole
stream and over its days after the first third, which the traditional way's constants and weights
were chosen on.

usage: python benchmarks/bench_traditional.py [--plots FOLDER] [FOLDER [NAME...]]
FOLDER: of the data, beside the checkout. NAME: of its streams. --plots: one SVG for each, there.
"""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench_quality import DATA, STREAMS, popularity
from harness import report
from traditional import TOGETHER, TOGETHER_SELF, choose, evaluate, read_stream, targets_by_day

from shopkeeper.apps.report.charts import Chart, Series
from shopkeeper.apps.report.plots import standalone
from shopkeeper.services.recommender.evaluation.next_item import CUTOFF, WINDOWS, prequential

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shopkeeper.services.recommender.evaluation.local_cluster import Repeats
    from shopkeeper.services.recommender.evaluation.metrics import RankingMetrics

LIVE, NIGHTLY, POPULARITY = "click by click", "same model, nightly", "popularity"
# What is drawn, and its short name in the legend.
LINES = {
    LIVE: "live",
    NIGHTLY: "nightly",
    TOGETHER: "traditional",
    TOGETHER_SELF: "traditional, repeats",
    POPULARITY: "popularity",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?", default=DATA)
    parser.add_argument("names", nargs="*", metavar="NAME", default=[], help=", ".join(STREAMS))
    parser.add_argument("--plots", type=Path, metavar="FOLDER", help="save an SVG for each stream")
    asked = parser.parse_args()
    if not asked.folder.is_dir():
        print(f"{asked.folder}: no data sets there: nothing measured", file=sys.stderr)
        return
    for name in asked.names or STREAMS:
        file, repeats = STREAMS[name]
        tallies = compare(name, asked.folder / name / file, repeats)
        if asked.plots is not None:
            windows = {way: tally.windows(WINDOWS) for way, tally in tallies.items()}
            drawn = standalone(chart(name, windows))
            (asked.plots / f"stream-{name}.svg").write_text(drawn, encoding="utf-8")


def compare(name: str, path: Path, repeats: Repeats) -> dict[str, RankingMetrics]:
    """Reports a line for each way; returns their tallies."""
    stream = read_stream(path)
    chosen_on = stream.days[: math.ceil(len(stream.days) / 3)]
    chosen_targets = sum(
        len(targets.item) for day, targets in targets_by_day(stream, repeats) if day in chosen_on
    )
    weights = choose(stream, repeats, chosen_on)
    _, live = prequential(path, repeats)
    _, nightly = prequential(path, repeats, nightly=True)
    popular, items = popularity(path, repeats)
    traditional, nights = evaluate(stream, repeats, weights)
    tallies = {LIVE: live, NIGHTLY: nightly, POPULARITY: popular, **traditional}
    trained = {way: round(seconds, 1) for way, seconds in nights.seconds.items()}
    for row in (TOGETHER, TOGETHER_SELF):
        trained[row] = round(sum(nights.seconds.values()), 1)
    live_later = live.after(chosen_targets)
    for way, tally in tallies.items():
        later = tally.after(chosen_targets)
        report(
            "traditional", data=name, way=way, repeats=repeats, **_figures(tally, items),
            windows=tally.windows(WINDOWS), weights=weights.get(way),
            train_seconds=trained.get(way), nights=nights.count, days=len(stream.days),
            days_chosen_on=len(chosen_on), targets_chosen_on=chosen_targets,
            gain_of_live=None if way == LIVE else _gains(live, tally),
            later={
                **_figures(later, items),
                "gain_of_live": None if way == LIVE else _gains(live_later, later),
            },
        )  # fmt: skip
    return tallies


def _figures(tally: RankingMetrics, items: int) -> dict[str, Any]:
    return {k: v for k, v in tally.figures(items).items() if k == "predictions" or "@20" in k}


def _gains(live: RankingMetrics, other: RankingMetrics) -> dict[str, Any]:
    return {"points": live.gain_over(other), "relative": live.relative_gain_over(other)}


def chart(name: str, windows: Mapping[str, Sequence[Mapping[str, float]]]) -> Chart:
    """The hit ratio by equal parts of the stream, a line for each way in LINES."""
    figure = f"HR@{CUTOFF}"
    return Chart(
        f"stream-{name}",
        f"{name}: {figure} by part of the stream",
        "",
        kind="lines",
        x_label=f"{name}: share of the stream",
        y_label=figure,
        x=[(part + 1) / WINDOWS for part in range(WINDOWS)],
        x_form="share",
        series=[
            Series(label, [part[figure] for part in windows[way]])
            for way, label in LINES.items()
            if way in windows
        ],
    )


if __name__ == "__main__":
    main()
