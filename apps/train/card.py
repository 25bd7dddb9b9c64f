"""The model card of a model trained here, in Markdown: all of it was handed over or measured."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .judging import Verdict
    from .rows import Parts


class Card(NamedTuple):
    """What a card tells. base: what training began with. licences: of the rows, as told."""

    title: str
    what: str
    command: str
    base: str
    licence: str
    data: Sequence[tuple[str, str]]  # file, SHA-256
    seconds: float


def written(card: Card, parts: Parts, report: dict[str, Any], verdict: Verdict) -> str:
    """The card. report: of `judging.compared`, with `training` beside it."""
    return "\n".join(
        [
            f"# Model card: {card.title}",
            "",
            card.what,
            "",
            f"- Base weights: {card.base}",
            f"- Licence of the data, as whoever trained it says: {card.licence or 'not stated'}",
            f"- Trained by `{card.command}`, in {card.seconds:.0f} s of this and earlier runs",
            f"- Seeds are fixed; {parts.repeated} repeated rows and {parts.leaked} rows whose text "
            "is held out were left out of training",
            "",
            "## Data",
            "",
            "| file | SHA-256 |",
            "|---|---|",
            *(f"| {name} | `{digest}` |" for name, digest in card.data),
            "",
            *_rows(parts),
            "## Chosen on the training rows alone",
            "",
            *(f"- {name}: {value}" for name, value in report.get("training", {}).items()),
            "",
            "## On the held-out rows, as served",
            "",
            f"Running: {report['versions']['running']}; new: {report['versions']['new']}. "
            f"Intervals: {report['intervals']}.",
            "",
            *_comparison(report),
            "",
            f"Verdict: {verdict.why}.",
            "",
        ]
    )


def _rows(parts: Parts) -> list[str]:
    train = Counter((row.source, row.language, row.label) for row in parts.train)
    test = Counter((row.source, row.language, row.label) for row in parts.test)
    lines = ["| source | language | label | train | held out |", "|---|---|---|---|---|"]
    for key in sorted(train | test):
        lines.append(f"| {' | '.join(key)} | {train[key]} | {test[key]} |")
    return [*lines, ""]


def _comparison(report: dict[str, Any]) -> list[str]:
    lines = [
        "| part | texts | accuracy, running | new | difference | macro-F1 | log loss "
        "| calibration error |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for part, line in report.items():
        if not isinstance(line, dict) or "difference" not in line:
            continue
        old, new = line["running"], line["new"]
        low, high = line["difference_interval"]
        lines.append(
            f"| {part} | {line['texts']} | {_accuracy(old)} | {_accuracy(new)} "
            f"| {line['difference']:+.4f} ({low:+.4f} to {high:+.4f}) "
            f"| {_both(old, new, 'macro_f1')} | {_both(old, new, 'log_loss')} "
            f"| {_both(old, new, 'calibration_error')} |"
        )
    return lines


def _accuracy(of: dict[str, Any]) -> str:
    low, high = of["interval"]
    return f"{of['accuracy']:.4f} ({low:.4f} to {high:.4f})"


def _both(old: dict[str, Any], new: dict[str, Any], name: str) -> str:
    told = ["none" if of[name] is None else f"{of[name]:.4f}" for of in (old, new)]
    return " → ".join(told)
