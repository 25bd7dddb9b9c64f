"""The sentiment model outside of the worker: labels for texts, and figures on labelled texts."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shopkeeper.shared.runtime.settings import model_dir_of
from shopkeeper.shared.text import calibration
from shopkeeper.shared.text.labelled import BadFile, macro_f1, read_labelled
from shopkeeper.shared.text.language import detect

from . import aspect_figures, evidence
from .judgement import LABELS, by_model, without_words
from .model import load_model
from .tally import NEGATIVE, NEUTRAL, POSITIVE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

BATCH_TEXTS = 1024
LEAST = 1e-9


def classifier(
    model_dir: str = "", threads: int = 1
) -> Callable[[Sequence[str]], list[dict[str, object]]]:
    """A function from texts to {label, score, probabilities, language}, as the worker publishes
    them of reviews without a rating. Raises ModelError."""
    model = load_model(model_dir, threads)

    def classify(texts: Sequence[str]) -> list[dict[str, object]]:
        results: list[dict[str, object]] = []
        for text, read in zip(texts, by_model(model.probabilities(texts)), strict=True):
            found = evidence.of(text)
            judged = read if found.kind == "words" else without_words(found, None)
            results.append(
                {
                    "label": LABELS[judged.label],
                    "score": judged.probabilities[judged.label],
                    "probabilities": dict(zip(LABELS, judged.probabilities, strict=True)),
                    "language": detect(text),
                }
            )
        return results

    return classify


def run(path: str | Path) -> dict[str, Any]:
    """Sentiment of texts: FILE has `text` and `label`, or `aspects` in JSON lines.

    Returns accuracy, macro-F1 and calibration. Raises BadFile, SettingsError, ModelError, OSError.
    `accuracy` takes the likelier of those labels that occur in the file: where nobody labelled
    anything neutral, positive or negative. `accuracy_three_labels` is of the label as published.
    Calibration is of the former, and so is the accuracy of each tier of the model on the texts
    that it answered (`tiers`).
    """
    if aspect_figures.are_labelled(Path(path)):
        return aspect_figures.run(Path(path))
    texts, truth = read_labelled(Path(path), ("label",))
    if unknown := set(truth) - set(LABELS):
        raise BadFile(f"{path}: label {sorted(unknown)[0]!r} is not one of {', '.join(LABELS)}")
    model = load_model(model_dir_of(os.environ))
    three, chosen, languages, confidence = [], [], [], []
    tiers: list[str] = []
    labels = range(len(LABELS)) if LABELS[NEUTRAL] in truth else (NEGATIVE, POSITIVE)
    for first in range(0, len(texts), BATCH_TEXTS):
        part = texts[first : first + BATCH_TEXTS]
        rows, who = model.answered(part)
        tiers += [model.tier_names[number] for number in who.tolist()]
        for text, row, read in zip(part, rows, by_model(rows), strict=True):
            found = evidence.of(text)
            judged = read if found.kind == "words" else without_words(found, None)
            three.append(LABELS[judged.label])
            best = max(labels, key=lambda index, row=row: row[index])
            chosen.append(LABELS[best])
            confidence.append(float(row[best] / max(sum(row[list(labels)]), LEAST)))
            languages.append(detect(text))
    right = [t == d for t, d in zip(truth, chosen, strict=True)]
    figures: dict[str, Any] = {
        "texts": len(texts),
        "labels": sorted(LABELS[index] for index in labels),
        "accuracy": round(sum(right) / len(right), 4),
        "macro_f1": round(macro_f1(truth, chosen), 4),
        "accuracy_three_labels": round(
            sum(t == d for t, d in zip(truth, three, strict=True)) / len(truth), 4
        ),
        "tiers": calibration.by_tier(tiers, right),
    }
    for language in ("en", "zh", "other"):
        of = [r for r, found in zip(right, languages, strict=True) if found == language]
        if of:
            figures[f"accuracy_{language}"] = round(sum(of) / len(of), 4)
    return figures | {"calibration": calibration.figures(confidence, right)}
