"""Train the sentiment model: `python training/train_sentiment.py DATA [MODELS]`.

DATA is the folder that holds `sentiment/`. Seeded; writes `sentiment.onnx` and its manifest entry,
and prints the figures of the model card as one JSON object.

One-vs-rest linear SVMs on hashed n-grams, English and Chinese in columns of their own. Most data
sets know only positive and negative; *neutral* is learned from the two English sets that have it,
so Chinese texts are neutral only by the calibrated doubt between the other two. Margins become
probabilities by a softmax with one temperature (Guo et al. 2017), chosen out of fold on `train`;
`dev` is for reporting alone.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from linear import ROOT, Linear, graph, idf_of, read_rows, term_frequencies, weighted, write_model
from scipy.optimize import minimize, minimize_scalar
from sklearn.model_selection import StratifiedKFold
from sklearn.svm import LinearSVC

from shopkeeper.shared.text import features
from shopkeeper.shared.text.onnx_model import OnnxModel

VERSION = "1.0.0"
BITS = 19
SEED = 1
PENALTY = 0.3
STYLE_WEIGHT = 0.3
WEIGHT_OTHERS = 0.03  # of a text from a set without neutral, in learning what neutral is
FOLDS = 4
LABELS = ["negative", "neutral", "positive"]
SETS = (
    "online_shopping_10_cats", "waimai_10k", "eprstmt",
    "pros_cons", "amazon_multi_domain", "vader_amazon_snippets", "product_sentences",
)  # fmt: skip
SIZES = {
    features.EN: features.Sizes((1, 2, 3), (2, 3, 4, 5)),
    features.ZH: features.Sizes((), (1, 2, 3)),
}


def load(folder: Path, split: str) -> tuple[list[str], np.ndarray, np.ndarray]:
    """(texts, labels as places in LABELS, data set of each). Titles of reviews are texts too."""
    texts, labels, sources = [], [], []
    for number, name in enumerate(SETS):
        for row in read_rows(folder / name / f"{split}.csv.gz"):
            both = [row["text"], row.get("title") or ""] if split == "train" else [row["text"]]
            for text in both:
                if text.strip():
                    texts.append(text)
                    labels.append(LABELS.index(row["label"]))
                    sources.append(number)
    return texts, np.array(labels), np.array(sources)


def logits(margins: np.ndarray, doubt: np.ndarray, parameters: np.ndarray) -> np.ndarray:
    """(texts, 3) scores of negative, neutral, positive."""
    sharpness, weight, shift = parameters
    return np.stack([-sharpness * margins, weight * doubt + shift, sharpness * margins], axis=1)


def log_loss(scores: np.ndarray, truth: np.ndarray) -> float:
    scores = scores - scores.max(axis=1, keepdims=True)
    return float(np.mean(np.log(np.exp(scores).sum(axis=1)) - scores[np.arange(len(truth)), truth]))


def fit(x, y, weight=None):
    return LinearSVC(C=PENALTY, random_state=SEED).fit(x, y, weight)


def main(data: Path, models: Path) -> None:
    folder = data / "sentiment"
    texts, y, sources = load(folder, "train")
    matrix = term_frequencies(texts, BITS, SIZES)
    idf = idf_of(matrix)
    x = weighted(matrix, idf, STYLE_WEIGHT)
    three = np.isin(sources, [SETS.index(n) for n in SETS[-2:]])  # these know neutral
    english = sources >= SETS.index("pros_cons")
    trust = np.where(three, 1.0, WEIGHT_OTHERS)  # of a text in learning what neutral is
    polar = y != LABELS.index("neutral")
    neutral = LABELS.index("neutral")

    margins, doubt = np.zeros(len(y)), np.zeros(len(y))
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=SEED)
    for kept, left_out in folds.split(x, sources * 3 + y):
        mask = np.zeros(len(y), bool)
        mask[kept] = True
        known = mask & polar
        margins[left_out] = fit(x[known], y[known] > neutral).decision_function(x[left_out])
        known = mask & english
        model = fit(x[known], y[known] == neutral, trust[known])
        doubt[left_out] = model.decision_function(x[left_out])
    sharpness = minimize_scalar(
        lambda s: np.logaddexp(0, -2 * s * margins[polar] * (y[polar] - neutral)).mean(),
        bounds=(0.1, 10), method="bounded",
    ).x  # fmt: skip
    chosen = minimize(
        lambda p: log_loss(
            logits(margins[three], doubt[three], np.array([sharpness, *p])), y[three]
        ),
        [1.0, 0.0], method="Nelder-Mead",
    ).x  # fmt: skip
    weight, shift = float(chosen[0]), float(chosen[1])

    polarity = fit(x[polar], y[polar] > neutral)
    neutrality = fit(x[english], y[english] == neutral, trust[english])
    w = polarity.coef_[0] * sharpness
    v = neutrality.coef_[0] * weight
    stacked = np.stack([-w, v, w], axis=1)
    columns = 2 << BITS
    style = stacked[columns : columns + features.STYLE] * STYLE_WEIGHT
    base = polarity.intercept_[0] * sharpness
    bias_en = np.array([-base, neutrality.intercept_[0] * weight + shift, base])
    # Chinese: nothing was learned of neutral; it never wins over a clear side.
    flag = w[columns + features.STYLE] * STYLE_WEIGHT
    bias_zh = np.array([-base - flag, -0.5, base + flag])
    content = graph(Linear(idf, stacked[:columns], style, np.stack([bias_en, bias_zh])))
    write_model(models, "sentiment", VERSION, LABELS, BITS, content, {}, SIZES)

    served = OnnxModel.load("sentiment", str(models))
    held, truth, origin = load(folder, "dev")
    p = served.probabilities(held)
    report: dict[str, object] = {
        "bytes": len(content),
        "sharpness": round(float(sharpness), 3),
        "neutral": {"weight": round(weight, 3), "shift": round(shift, 3)},
    }
    for number, name in enumerate(SETS):
        of = origin == number
        if neutral in truth[of]:
            right = p[of].argmax(axis=1) == truth[of]
        else:  # the data set knows two labels: the larger of the two
            right = (p[of, 2] > p[of, 0]) == (truth[of] > neutral)
        report[name] = {
            "accuracy": round(float(right.mean()), 4),
            "neutral_share": round(float((p[of].argmax(axis=1) == neutral).mean()), 4),
        }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    if not 2 <= len(sys.argv) <= 3:
        sys.exit("usage: python training/train_sentiment.py DATA [MODELS]")
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) == 3 else ROOT / "models")
