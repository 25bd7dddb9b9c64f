"""Two models on the same held-out texts: accuracy, calibration, and whether one is worse.

Intervals are of 95 %: Wilson's of an accuracy (Wilson 1927), and of a difference the percentiles
of a paired bootstrap (Efron and Tibshirani 1993, chapter 13) that draws groups of rows, so that
texts of one group, which are alike, count as one draw.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from shopkeeper.shared.text import calibration
from shopkeeper.shared.text.labelled import macro_f1

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from .rows import Row
    from .tasks import Answers

DRAWS = 2000
SEED = 1
Z = 1.96
TEXTS_MIN = 50  # below, no difference that matters could be seen
MARGIN = 0.01  # of accuracy; what is less, and within chance, is no reason to refuse
SAME = 0.0025  # nor is what is less than a quarter point, however sure
LEAST = 1e-9
SENTIMENT_SIDES = ("negative", "positive")


class Verdict(NamedTuple):
    """worse: whether the new model may not replace the running one. why: in a sentence."""

    worse: bool
    why: str


def wilson(hits: float, count: int) -> tuple[float, float]:
    """The interval of a rate of `count` trials, at least one."""
    p, square = hits / count, Z * Z
    middle = (p + square / (2 * count)) / (1 + square / count)
    reach = Z / (1 + square / count) * np.sqrt(p * (1 - p) / count + square / (4 * count**2))
    return float(max(0.0, middle - reach)), float(min(1.0, middle + reach))


def bootstrap(values: NDArray[Any], groups: NDArray[Any]) -> tuple[float, float]:
    """The interval of the mean of values, whose groups are drawn whole. values, groups: (texts,);
    groups are numbers from 0."""
    sums, counts = np.bincount(groups, values), np.bincount(groups)
    random = np.random.default_rng(SEED)
    means = np.empty(DRAWS)
    for draw in range(DRAWS):
        drawn = random.integers(0, len(sums), len(sums))
        means[draw] = sums[drawn].sum() / counts[drawn].sum()
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def chosen(answers: Answers, truth: Sequence[str], sources: Sequence[str]) -> list[str]:
    """What each text counts as. Of a set that knows positive and negative alone, the likelier of
    both: nobody who labelled it could say neutral."""
    found = list(answers.decided)
    if not set(SENTIMENT_SIDES) <= set(answers.labels):
        return found
    at = [answers.labels.index(label) for label in SENTIMENT_SIDES]
    knows: dict[str, set[str]] = {}
    for label, source in zip(truth, sources, strict=True):
        knows.setdefault(source, set()).add(label)
    for place, source in enumerate(sources):
        if knows[source] <= set(SENTIMENT_SIDES):
            sides = answers.probabilities[place, at]
            found[place] = SENTIMENT_SIDES[int(sides[1] > sides[0])]
    return found


def figures(answers: Answers, decided: Sequence[str], truth: Sequence[str]) -> dict[str, Any]:
    """Of one model on texts: accuracy with its interval, macro-F1, log loss (None: a true label
    that it does not have), expected calibration error of its likeliest label."""
    right = [t == d for t, d in zip(truth, decided, strict=True)]
    low, high = wilson(sum(right), len(right))
    p = answers.probabilities
    likeliest = [answers.labels[n] == t for n, t in zip(p.argmax(axis=1), truth, strict=True)]
    columns = {label: place for place, label in enumerate(answers.labels)}
    own = [float(p[row, columns[t]]) if t in columns else None for row, t in enumerate(truth)]
    known = [value for value in own if value is not None]
    loss = float(np.log(np.maximum(known, LEAST)).mean()) if len(known) == len(own) else None
    return {
        "accuracy": round(sum(right) / len(right), 4),
        "interval": [round(low, 4), round(high, 4)],
        "macro_f1": round(macro_f1(truth, decided), 4),
        "log_loss": None if loss is None else round(abs(loss), 4),
        "calibration_error": round(
            calibration.expected_error(np.clip(p.max(axis=1), 0, 1), likeliest), 4
        ),
    }


def compared(running: Answers, new: Answers, rows: Sequence[Row]) -> dict[str, Any]:
    """Both on the same rows: over all of them, by source and by language."""
    truth = [row.label for row in rows]
    sources = [row.source for row in rows]
    said = {
        "running": (running, chosen(running, truth, sources)),
        "new": (new, chosen(new, truth, sources)),
    }
    numbers: dict[str, int] = {}
    groups = np.array([numbers.setdefault(row.group or row.text, len(numbers)) for row in rows])
    parts: dict[str, NDArray[Any]] = {"all": np.ones(len(rows), bool)}
    for name in sorted(set(sources)):
        parts[f"source {name}"] = np.array([source == name for source in sources])
    for name in sorted({row.language for row in rows}):
        parts[f"language {name}"] = np.array([row.language == name for row in rows])
    report: dict[str, Any] = {
        "versions": {"running": running.version, "new": new.version},
        "intervals": f"95 %; differences by a paired bootstrap of {DRAWS} draws, seed {SEED}",
    }
    for part, of in parts.items():
        places = np.flatnonzero(of)
        their = [truth[n] for n in places]
        line: dict[str, Any] = {"texts": len(places)}
        right = {}
        for who, (answers, decided) in said.items():
            own = [decided[n] for n in places]
            some = answers._replace(probabilities=answers.probabilities[places])
            line[who] = figures(some, own, their)
            right[who] = np.array([t == d for t, d in zip(their, own, strict=True)], float)
        gain = right["new"] - right["running"]
        low, high = bootstrap(gain, np.unique(groups[places], return_inverse=True)[1])
        line["difference"] = round(float(gain.mean()), 4)
        line["difference_interval"] = [round(low, 4), round(high, 4)]
        report[part] = line
    return report


def verdict(report: dict[str, Any]) -> Verdict:
    """Worse: surely below the running model by `SAME` or more, below it by more than `MARGIN`, or
    held out on too few texts to know."""
    line = report["all"]
    gain, (low, high) = line["difference"], line["difference_interval"]
    told = f"{100 * gain:+.1f} points of accuracy ({100 * low:+.1f} to {100 * high:+.1f})"
    if line["texts"] < TEXTS_MIN:
        return Verdict(True, f"{line['texts']} held-out texts are fewer than {TEXTS_MIN}")
    if high < 0 and gain <= -SAME:
        return Verdict(True, f"worse than the running model: {told}")
    if gain < -MARGIN:
        return Verdict(True, f"not shown to be as good as the running model: {told}")
    return Verdict(False, f"as good as the running model or better: {told}")
