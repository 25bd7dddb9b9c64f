"""Train the intent model: `python training/train_intent.py DATA [MODELS] [--free]`.

DATA is the folder that holds `intent/ecommerce_unified/`. Seeded; writes `intent.onnx` and its
manifest entry, and prints the figures of the model card as one JSON object. With `--free` it
learns from data alone that allows any use (licences.py), and MODELS is `models/free` by default.

How it learns: apps/train/intents.py, which `shopkeeper train` runs too. `dev` is for reporting
alone. What customers type and the data lacks stands in `phrases.txt`.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

import licences
import numpy as np
import own_labels
from linear import graph, read_rows, write_model
from phrases import rows as own_phrases
from selection import is_selected

from shopkeeper.apps.train import intents
from shopkeeper.apps.train.state import State
from shopkeeper.apps.train.tasks import TASKS
from shopkeeper.shared.text.onnx_model import OnnxModel

VERSION = "1.3.0"
BITS, SIZES = TASKS["intent"].bits, TASKS["intent"].sizes
PENALTY, SEED = intents.PENALTY, intents.SEED
# Of our own phrases in the fit, against 1 of the data's texts. Out of fold 0, 0.1 and 0.3 differ by
# less than their noise (English .9831, .9836, .9834; Chinese .9491, .9487, .9485).
OWN_WEIGHT = 0.3
OUT_OF_SCOPE = "out_of_scope"


def main(data: Path, models: Path, without_selection: bool, free: bool) -> None:
    folder = data / "intent" / "ecommerce_unified"
    every = read_rows(folder / "train.csv.gz")
    # Of all sets, also with `free`: a model answers with the same labels whatever it learned from.
    labels = sorted({OUT_OF_SCOPE if row["intent"] == "oos" else row["intent"] for row in every})
    usable = licences.free(licences.INTENT) if free else set(licences.INTENT)
    if unknown := {row["source"] for row in every} - set(licences.INTENT):
        raise SystemExit(f"training/licences.py does not know the licence of {sorted(unknown)}")
    rows = [row for row in every if row["source"] in usable]
    if without_selection:
        rows = [row for row in rows if not is_selected(folder.name, row["text"])]
    names = [OUT_OF_SCOPE if row["intent"] == "oos" else row["intent"] for row in rows]
    own = [p for p in own_phrases() if not (without_selection and is_selected("phrases", p[0]))]
    labelled = [
        pair
        for language in ("en", "zh")
        for source, pairs in own_labels.rows(data, language).items()
        for pair in pairs
        if source in usable
        if not (without_selection and is_selected(source, pair[0]))
    ]
    names += [intent for _, intent in labelled]
    given = len(names)  # phrases come after them: temperature and threshold are of real texts alone
    texts = [row["text"] for row in rows] + [text for text, _ in labelled + own]
    y = np.array([labels.index(name) for name in names + [intent for _, intent in own]])
    importance = np.where(np.arange(len(y)) < given, 1.0, OWN_WEIGHT)
    with tempfile.TemporaryDirectory() as kept:
        model, parameters, out_of_fold = intents.learned(
            texts, y, importance,
            labels=labels, oos=labels.index(OUT_OF_SCOPE), bits=BITS, sizes=SIZES,
            state=State(Path(kept), {}),
        )  # fmt: skip
    content = graph(model)
    version = licences.version_of(VERSION, free)
    write_model(models, "intent", version, labels, BITS, content, parameters, SIZES)
    threshold = parameters["abstain_below"]
    report: dict[str, object] = {
        "bytes": len(content),
        "texts": given,
        "own_phrases": len(own),
        "sharpness": out_of_fold["sharpness"],
        **parameters,
        "cross_validation_accuracy": out_of_fold["accuracy"],
    }
    print(json.dumps(report | on_dev(folder, models, threshold), indent=2))


def on_dev(folder: Path, models: Path, threshold: float) -> dict[str, object]:
    """The figures of the model as served, on both files of `dev`."""
    served = OnnxModel.load("intent", str(models))
    labels = list(served.labels)
    report: dict[str, object] = {}
    for name in ("dev", "dev_zh_hand"):
        held = read_rows(folder / f"{name}.csv.gz")
        truth = np.array([OUT_OF_SCOPE if r["intent"] == "oos" else r["intent"] for r in held])
        p = served.probabilities([row["text"] for row in held])
        decided = np.array(labels)[p.argmax(axis=1)]
        abstaining = np.where(p.max(axis=1) < threshold, OUT_OF_SCOPE, decided)
        for language in ("en", "zh"):
            of = np.array([row["lang"] == language for row in held])
            if of.any():
                report[f"{name}_{language}"] = {
                    "accuracy_argmax": round(float((decided == truth)[of].mean()), 4),
                    "accuracy": round(float((abstaining == truth)[of].mean()), 4),
                    "abstained_share": round(float((abstaining != decided)[of].mean()), 4),
                    "log_loss": round(
                        float(
                            -np.log(p[of, [labels.index(t) for t in truth[of]]].clip(1e-9)).mean()
                        ),
                        4,
                    ),
                }
    return report


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("models", type=Path, nargs="?")
    parser.add_argument("--without-selection", action="store_true")
    parser.add_argument("--free", action="store_true", help="only data that allows any use")
    given = parser.parse_args()
    into = given.models or licences.folder_for(given.free)
    main(given.data, into, given.without_selection, given.free)
