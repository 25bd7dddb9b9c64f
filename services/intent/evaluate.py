"""The intent model outside of the worker: labels for texts, and figures on labelled texts."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from shopkeeper.shared.runtime.settings import model_dir_of
from shopkeeper.shared.text import calibration
from shopkeeper.shared.text.labelled import macro_f1, read_labelled
from shopkeeper.shared.text.language import detect

from .core import slots_in
from .decision import OUT_OF_SCOPE, Decision
from .model import load_model
from .routes import route_of
from .slot_figures import read_slots, slot_figures
from .slots import Names

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

BATCH_TEXTS = 1024


def classifier(
    model_dir: str = "", threads: int = 1
) -> Callable[[Sequence[str]], list[dict[str, object]]]:
    """A function from texts to {label, score, probabilities, language,
    route, slots}, as a shop whose catalogue has no names gets them. Raises ModelError."""
    model, thresholds = load_model(model_dir, threads)
    decision = Decision(model.labels, *thresholds)
    return lambda texts: _results(texts, model.probabilities(texts), decision)


def _results(
    texts: Sequence[str], rows: NDArray[np.float32], decision: Decision
) -> list[dict[str, Any]]:
    """rows: (texts, labels), the model's probabilities."""
    results = []
    names = Names()
    found = decision.of_all(texts, rows, rows.shape[1])
    for text, decided in zip(texts, found, strict=True):
        results.append(
            {
                "label": decided.label,
                "score": decided.score,
                "probabilities": decided.probabilities,
                "language": detect(text),
                "route": route_of(decided.label),
                "slots": [
                    msgspec.to_builtins(slot) for slot in slots_in(text, names, decided.label)
                ],
            }
        )
    return results


def run(path: str | Path) -> dict[str, Any]:
    """Intents of texts: FILE has `text` and `intent` (or `label`).

    Returns accuracy, macro-F1, calibration (of the model's likeliest label, before it abstains),
    and of each tier of the model how many texts it answered and how many of them right; `oos` in
    the file means `out_of_scope`. JSON lines may have `slots` too, by name: their precision, recall
    and F1 are given as published, and as they would be with the file's intents. Raises BadFile,
    SettingsError, ModelError, OSError.
    """
    texts, labels = read_labelled(Path(path), ("intent", "label"))
    truth = [OUT_OF_SCOPE if label == "oos" else label for label in labels]
    model, thresholds = load_model(model_dir_of(os.environ))
    results: list[dict[str, Any]] = []
    tiers: list[str] = []
    for first in range(0, len(texts), BATCH_TEXTS):
        part = texts[first : first + BATCH_TEXTS]
        rows, who = model.answered(part)
        results += _results(part, rows, Decision(model.labels, *thresholds))
        tiers += [model.tier_names[number] for number in who.tolist()]
    decided = [str(result["label"]) for result in results]
    right = [t == d for t, d in zip(truth, decided, strict=True)]
    scope = [r for r, t in zip(right, truth, strict=True) if t != OUT_OF_SCOPE]
    outside = [r for r, t in zip(right, truth, strict=True) if t == OUT_OF_SCOPE]
    figures: dict[str, Any] = {
        "texts": len(texts),
        "accuracy": round(sum(right) / len(right), 4),
        "macro_f1": round(macro_f1(truth, decided), 4),
        "accuracy_in_scope": round(sum(scope) / len(scope), 4) if scope else None,
        "recall_out_of_scope": round(sum(outside) / len(outside), 4) if outside else None,
    }
    for language in ("en", "zh", "other"):
        of = [r for r, x in zip(right, results, strict=True) if x["language"] == language]
        if of:
            figures[f"accuracy_{language}"] = round(sum(of) / len(of), 4)
    figures["tiers"] = calibration.by_tier(tiers, right)
    figures["calibration"] = _calibration(results, truth)
    wanted = read_slots(Path(path))
    if wanted is not None:
        figures["slots"] = slot_figures([result["slots"] for result in results], wanted)
        given = [
            [msgspec.to_builtins(slot) for slot in slots_in(text, Names(), label)]
            for text, label in zip(texts, truth, strict=True)
        ]
        figures["slots_given_the_intent"] = slot_figures(given, wanted)
    return figures


def _calibration(results: list[dict[str, Any]], truth: list[str]) -> dict[str, Any]:
    likeliest = [max(each["probabilities"].items(), key=lambda pair: pair[1]) for each in results]
    right = [label == t for (label, _), t in zip(likeliest, truth, strict=True)]
    return calibration.figures([probability for _, probability in likeliest], right)
