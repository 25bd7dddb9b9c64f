"""Train the intent model: `python training/train_intent.py DATA [MODELS] [--free]`.

DATA is the folder that holds `intent/ecommerce_unified/`. Seeded; writes `intent.onnx` and its
manifest entry, and prints the figures of the model card as one JSON object. With `--free` it
learns from data alone that allows any use (licences.py), and MODELS is `models/free` by default.

One-vs-rest linear SVMs on hashed n-grams give the scores. Their margins become probabilities by a
softmax with one temperature (Guo et al. 2017, "On calibration of modern neural networks"), and
the threshold below which the model abstains is chosen, both on out-of-fold margins of `train`:
`dev` is for reporting alone. What customers type and the data lacks stands in `phrases.txt`.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import licences
import numpy as np
import own_labels
from linear import (
    Linear,
    graph,
    idf_of,
    read_rows,
    term_frequencies,
    weighted,
    write_model,
)
from phrases import rows as own_phrases
from scipy.optimize import minimize_scalar
from selection import is_selected
from sklearn.model_selection import StratifiedKFold
from sklearn.svm import LinearSVC

from shopkeeper.shared.text import features
from shopkeeper.shared.text.onnx_model import OnnxModel

VERSION = "1.3.0"
BITS = 18
SEED = 1
PENALTY = 2.0  # C of the SVM; by cross-validation on train
STYLE_WEIGHT = 0.3
# Of our own phrases in the fit, against 1 of the data's texts. Out of fold 0, 0.1 and 0.3 differ by
# less than their noise (English .9831, .9836, .9834; Chinese .9491, .9487, .9485).
OWN_WEIGHT = 0.3
FOLDS = 4
# Chinese queries and chat lines are short: three characters in a row rarely come back.
# By cross-validation on train.
SIZES = {
    features.EN: features.Sizes((1, 2), (2, 3, 4, 5)),
    features.ZH: features.Sizes((), (1, 2)),
}
OUT_OF_SCOPE = "out_of_scope"


def fit(x, y, weights):
    return LinearSVC(C=PENALTY, random_state=SEED).fit(x, y, weights)


def log_loss(margins: np.ndarray, truth: np.ndarray, sharpness: float) -> float:
    scores = margins * sharpness
    scores = scores - scores.max(axis=1, keepdims=True)
    picked = scores[np.arange(len(truth)), truth]
    return float(np.mean(np.log(np.exp(scores).sum(axis=1)) - picked))


def softmax(scores: np.ndarray) -> np.ndarray:
    scores = np.exp(scores - scores.max(axis=1, keepdims=True))
    return scores / scores.sum(axis=1, keepdims=True)


def abstention(probabilities: np.ndarray, truth: np.ndarray, oos: int, tables: np.ndarray) -> float:
    """The highest threshold that costs no table more than a quarter point of accuracy against none.

    Texts unlike anything in training have low scores; out-of-fold texts do not show them, so
    accuracy there cannot choose the threshold, only bound it.
    """

    def accuracies(threshold: float) -> np.ndarray:
        decided = probabilities.argmax(axis=1)
        decided[probabilities.max(axis=1) < threshold] = oos
        return np.array([(decided == truth)[tables == table].mean() for table in np.unique(tables)])

    plain = accuracies(0.0)
    grid = np.arange(0.0, 0.9, 0.01)
    return float(max(t for t in grid if (accuracies(t) >= plain - 0.0025).all()))


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
    matrix = term_frequencies(texts, BITS, SIZES)
    idf = idf_of(matrix)
    x = weighted(matrix, idf, STYLE_WEIGHT)

    importance = np.where(np.arange(len(y)) < given, 1.0, OWN_WEIGHT)
    margins = np.zeros((len(y), len(labels)))
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=SEED)
    for kept, left_out in folds.split(x, y):
        kept_model = fit(x[kept], y[kept], importance[kept])
        margins[left_out] = kept_model.decision_function(x[left_out])
    margins, truth = margins[:given], y[:given]
    sharpness = float(
        minimize_scalar(lambda s: log_loss(margins, truth, s), bounds=(0.5, 20), method="bounded").x
    )
    oos, tables = labels.index(OUT_OF_SCOPE), matrix.tables[:given]
    threshold = abstention(softmax(margins * sharpness), truth, oos, tables)

    model = fit(x, y, importance)
    weights = model.coef_.T * sharpness
    columns = 2 << BITS
    style = weights[columns : columns + features.STYLE] * STYLE_WEIGHT
    shift = weights[columns + features.STYLE] * STYLE_WEIGHT
    bias = np.stack([model.intercept_ * sharpness, model.intercept_ * sharpness + shift])
    content = graph(Linear(idf, weights[:columns], style, bias))
    parameters = {"abstain_below": round(threshold, 2)}
    version = licences.version_of(VERSION, free)
    write_model(models, "intent", version, labels, BITS, content, parameters, SIZES)

    is_right = margins.argmax(axis=1) == truth
    report: dict[str, object] = {
        "bytes": len(content),
        "texts": given,
        "own_phrases": len(own),
        "sharpness": round(sharpness, 3),
        **parameters,
        "cross_validation_accuracy": {
            table: round(float(is_right[tables == number].mean()), 4)
            for table, number in (("en", features.EN), ("zh", features.ZH))
        },
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
