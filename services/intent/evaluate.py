"""The intent model outside of the worker: labels for texts, and figures on labelled texts."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shopkeeper.shared.text.labelled import macro_f1, read_labelled
from shopkeeper.shared.text.language import detect

from .core import OUT_OF_SCOPE, Decision
from .model import load_model

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

BATCH_TEXTS = 1024


def classifier(
    model_dir: str = "", threads: int = 1
) -> Callable[[Sequence[str]], list[dict[str, object]]]:
    """A function from texts to {label, score, probabilities, language}. Raises ModelError."""
    model, abstain_below = load_model(model_dir, threads)
    decision = Decision(model.labels, abstain_below)

    def classify(texts: Sequence[str]) -> list[dict[str, object]]:
        results: list[dict[str, object]] = []
        for text, row in zip(texts, model.probabilities(texts), strict=True):
            label, score, probabilities = decision.of(text, row, len(model.labels))
            results.append(
                {
                    "label": label,
                    "score": score,
                    "probabilities": probabilities,
                    "language": detect(text),
                }
            )
        return results

    return classify


def run(path: str | Path) -> dict[str, Any]:
    """Intents of texts: FILE has `text` and `intent` (or `label`).

    Returns accuracy and macro-F1; `oos` in the file means `out_of_scope`. Raises BadFile,
    ModelError, OSError.
    """
    texts, labels = read_labelled(Path(path), ("intent", "label"))
    truth = [OUT_OF_SCOPE if label == "oos" else label for label in labels]
    classify = classifier(os.environ.get("MODEL_DIR", ""))
    results = [
        result
        for first in range(0, len(texts), BATCH_TEXTS)
        for result in classify(texts[first : first + BATCH_TEXTS])
    ]
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
    return figures
