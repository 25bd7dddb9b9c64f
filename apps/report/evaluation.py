"""What `shopkeeper evaluate recommender` printed, several runs side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from shopkeeper.apps.cli.summaries import printable
from shopkeeper.services.recommender.evaluation.metrics import CUTOFFS

from .charts import Chart, Section, Series, Words, written
from .shop_charts import MEASURES, chart

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

CUTOFF = CUTOFFS[-1]
LABEL_CHARACTERS = 40
NEEDED = (
    "predictions",
    *(f"{measure}@{cutoff}" for measure in MEASURES for cutoff in CUTOFFS),
    *(f"coverage@{cutoff}" for cutoff in CUTOFFS),
)
Run = tuple[str, dict[str, Any]]  # a name, unique, and what was printed


class NotAnEvaluation(ValueError):
    """The file is not what `evaluate recommender` prints; the message names it."""


def load(paths: Sequence[Path]) -> list[Run]:
    """One run per line of each file. Raises NotAnEvaluation, OSError."""
    runs: list[Run] = []
    for path in paths:
        name = printable(path.stem, LABEL_CHARACTERS)
        # One object over several lines (a person laid it out), or one in each line.
        text = path.read_bytes()
        try:
            parts = [orjson.loads(text)]
        except orjson.JSONDecodeError:
            parts = [_parsed(path, line) for line in text.splitlines() if line.strip()]
        if not parts:
            raise NotAnEvaluation(f"{path}: empty")
        for part in parts:
            _check(path, part)
            taken = sum(label.partition(" #")[0] == name for label, _ in runs)
            runs.append((f"{name} #{taken + 1}" if taken else name, part))
    return runs


def _parsed(path: Path, line: bytes) -> Any:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise NotAnEvaluation(f"{path}: not JSON ({error})") from None


def _check(path: Path, found: Any) -> None:
    if not isinstance(found, dict):
        raise NotAnEvaluation(f"{path}: not a JSON object")
    for name in NEEDED:
        if not _is_number(found.get(name)):
            raise NotAnEvaluation(
                f"{path}: no number {name}; `shopkeeper evaluate recommender` prints such files"
            )
    for name, value in found.items():
        if name.endswith("_95") and not _are_numbers(value, 2):
            raise NotAnEvaluation(f"{path}: {name} is not an interval")
        if name.endswith("_by_history") and not (
            isinstance(value, dict) and all(_is_number(v) for v in value.values())
        ):
            raise NotAnEvaluation(f"{path}: {name} is not an object of numbers")
    windows = found.get("windows", [])
    names = [f"{measure}@{CUTOFF}" for measure in MEASURES[:2]]
    if not isinstance(windows, list) or not all(
        isinstance(w, dict) and all(_is_number(w.get(name)) for name in names) for w in windows
    ):
        raise NotAnEvaluation(f"{path}: windows is not a list of figures")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _are_numbers(value: Any, count: int) -> bool:
    return isinstance(value, list) and len(value) == count and all(map(_is_number, value))


def section(runs: Sequence[Run], words: Words) -> Section:
    """All runs, at least one, in one section."""
    text = words("evaluation.text")
    if len({(run.get("repeats"), run.get("targets")) for _, run in runs}) > 1:
        text += " " + words("evaluation.unlike")
    return Section(
        "evaluation",
        words("evaluation.title"),
        text,
        _facts(runs, words),
        [
            _accuracy(runs, words),
            *(_windows(runs, measure, words) for measure in MEASURES[:2]),
            _history(runs, words),
            _beyond(runs, words),
        ],
    )


def _facts(runs: Sequence[Run], words: Words) -> list[tuple[str, ...]]:
    columns = [
        *(f"{measure}@{cutoff}" for cutoff in CUTOFFS for measure in MEASURES[:2]),
        *(f"coverage@{cutoff}" for cutoff in CUTOFFS[-1:]),
        f"gini@{CUTOFF}",
        f"novelty@{CUTOFF}",
        f"popularity_lift@{CUTOFF}",
    ]
    head = (words("run"), words("protocol"), words("predictions"), *columns)
    return [
        head,
        *(
            (name, _protocol(run), f"{run['predictions']:,}", *(_written(run, c) for c in columns))
            for name, run in runs
        ),
    ]


def _protocol(run: Mapping[str, Any]) -> str:
    parts = (run.get("protocol", "split"), run.get("repeats", "?"), run.get("targets", "?"))
    return printable(", ".join(str(part) for part in parts), LABEL_CHARACTERS)


def _written(run: Mapping[str, Any], name: str) -> str:
    value = run.get(name)
    return written(value, "number") if _is_number(value) and value is not None else "–"


def _accuracy(runs: Sequence[Run], words: Words) -> Chart:
    names = [f"{measure}@{CUTOFF}" for measure in MEASURES]
    series = []
    for label, run in runs:
        intervals = [run.get(f"{name}_95", [run[name], run[name]]) for name in names]
        series.append(
            Series(
                label,
                [run[name] for name in names],
                [low for low, _ in intervals],
                [high for _, high in intervals],
            )
        )
    return chart("evaluation-accuracy", words, x=names, series=series)


def _windows(runs: Sequence[Run], measure: str, words: Words) -> Chart:
    name = f"{measure}@{CUTOFF}"
    there = [(label, run["windows"]) for label, run in runs if run.get("windows")]
    # The runs may have been cut into different numbers of windows: only those alike are comparable.
    count = max((len(windows) for _, windows in there), default=0)
    there = [(label, windows) for label, windows in there if len(windows) == count]
    return chart(
        f"evaluation-windows-{measure.lower()}",
        words,
        kind="lines",
        x=[(number + 0.5) / count for number in range(count)],
        series=[Series(label, [window[name] for window in windows]) for label, windows in there],
        x_form="share",
        problem="" if there else words("no-windows"),
    )


def _history(runs: Sequence[Run], words: Words) -> Chart:
    name = f"HR@{CUTOFF}_by_history"
    groups = list(dict.fromkeys(group for _, run in runs for group in run.get(name, {})))
    return chart(
        "evaluation-history",
        words,
        x=[printable(group, LABEL_CHARACTERS) for group in groups],
        series=[
            Series(label, [run[name].get(group, float("nan")) for group in groups])
            for label, run in runs
            if name in run
        ],
        problem="" if groups else words("nothing"),
    )


def _beyond(runs: Sequence[Run], words: Words) -> Chart:
    names = [f"coverage@{CUTOFF}", f"gini@{CUTOFF}", f"popularity_lift@{CUTOFF}"]
    return chart(
        "evaluation-beyond",
        words,
        x=[words(name.partition("@")[0]) + f"@{CUTOFF}" for name in names],
        series=[
            Series(label, [float(run.get(name, float("nan"))) for name in names])
            for label, run in runs
        ],
    )
