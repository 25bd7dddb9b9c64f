"""Train the intent model: `python training/train_intent.py DATA [MODELS]`.

DATA is the folder that holds `intent/ecommerce_unified/`. Seeded; writes `intent.onnx` and its
manifest entry, and prints the figures of the model card as one JSON object.

One-vs-rest linear SVMs on hashed n-grams give the scores. Their margins become probabilities by a
softmax with one temperature (Guo et al. 2017, "On calibration of modern neural networks"), and
the threshold below which the model abstains is chosen, both on out-of-fold margins of `train`:
`dev` is for reporting alone. What customers type and the data lacks stands in `phrases.txt`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from linear import (
    ROOT,
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
from sklearn.model_selection import StratifiedKFold
from sklearn.svm import LinearSVC

from shopkeeper.shared.text import features
from shopkeeper.shared.text.onnx_model import OnnxModel

VERSION = "1.1.0"
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


def abstention(probabilities: np.ndarray, truth: np.ndarray, oos: int) -> float:
    """The highest threshold that costs no more than a quarter point of accuracy against none.

    Texts unlike anything in training have low scores; out-of-fold texts do not show them, so
    accuracy there cannot choose the threshold, only bound it.
    """

    def accuracy(threshold: float) -> float:
        decided = probabilities.argmax(axis=1)
        decided[probabilities.max(axis=1) < threshold] = oos
        return float((decided == truth).mean())

    plain = accuracy(0.0)
    grid = np.arange(0.0, 0.9, 0.01)
    return float(max(t for t in grid if accuracy(t) >= plain - 0.0025))


def main(data: Path, models: Path) -> None:
    folder = data / "intent" / "ecommerce_unified"
    rows = read_rows(folder / "train.csv.gz")
    names = [OUT_OF_SCOPE if row["intent"] == "oos" else row["intent"] for row in rows]
    labels = sorted(set(names))
    own = own_phrases()
    given = len(rows)  # ours come after them: temperature and threshold are of the data's alone
    texts = [row["text"] for row in rows] + [text for text, _ in own]
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
    threshold = abstention(softmax(margins * sharpness), truth, labels.index(OUT_OF_SCOPE))

    model = fit(x, y, importance)
    weights = model.coef_.T * sharpness
    columns = 2 << BITS
    style = weights[columns : columns + features.STYLE] * STYLE_WEIGHT
    shift = weights[columns + features.STYLE] * STYLE_WEIGHT
    bias = np.stack([model.intercept_ * sharpness, model.intercept_ * sharpness + shift])
    content = graph(Linear(idf, weights[:columns], style, bias))
    parameters = {"abstain_below": round(threshold, 2)}
    write_model(models, "intent", VERSION, labels, BITS, content, parameters, SIZES)

    served = OnnxModel.load("intent", str(models))
    is_zh = np.array([row["lang"] == "zh" for row in rows])
    out_of_fold = margins.argmax(axis=1) == truth
    report: dict[str, object] = {
        "bytes": len(content),
        "own_phrases": len(own),
        "sharpness": round(sharpness, 3),
        **parameters,
        "cross_validation_accuracy": {
            "en": round(float(out_of_fold[~is_zh].mean()), 4),
            "zh": round(float(out_of_fold[is_zh].mean()), 4),
        },
    }
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
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    if not 2 <= len(sys.argv) <= 3:
        sys.exit("usage: python training/train_intent.py DATA [MODELS]")
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) == 3 else ROOT / "models")
