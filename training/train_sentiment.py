"""Train the sentiment model: `python training/train_sentiment.py DATA [MODELS] [--select]`.

DATA is the folder that holds `sentiment/`. Seeded; writes `sentiment.onnx` and its manifest entry,
and prints the figures of the model card as one JSON object. With `--select` it writes nothing:
it prints the out-of-fold figures of the settings tried, on `train` alone, and never opens `dev`.

Chinese: one linear SVM, positive against negative. English: four SVMs (positive against negative
on all sets; neutral, negative and positive each against the rest on the two sets that know
neutral), mixed into three scores by a softmax regression on their out-of-fold margins (stacked
generalisation, Wolpert 1992). A mix of linear scores is linear, so all of it is one matrix of
weights. Texts of sets without neutral count in the mixing by the odds of positive to negative
alone, and with the weight `teach` also as not neutral.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from linear import ROOT, Linear, graph, idf_of, read_rows, term_frequencies, weighted, write_model
from scipy.optimize import minimize, minimize_scalar
from sklearn.metrics import f1_score
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.svm import LinearSVC

from shopkeeper.shared.text import features
from shopkeeper.shared.text.onnx_model import OnnxModel

VERSION = "1.2.0"
BITS = 19
SEED = 1
FOLDS = 5
LABELS = ["negative", "neutral", "positive"]
NEGATIVE, NEUTRAL, POSITIVE = range(3)
CHINESE = ("online_shopping_10_cats", "waimai_10k", "eprstmt")
ENGLISH = ("pros_cons", "amazon_multi_domain", "vader_amazon_snippets", "product_sentences")
SETS = CHINESE + ENGLISH
GROUPS = {"amazon_multi_domain": "product", "vader_amazon_snippets": "review"}  # never parted
# Accuracy and macro-F1 on dev in DATA's README.md: for the report, not for choosing.
BASELINES = {
    "online_shopping_10_cats": (0.940, 0.940), "waimai_10k": (0.911, 0.895),
    "eprstmt": (0.844, 0.843), "pros_cons": (0.950, 0.950), "amazon_multi_domain": (0.834, 0.834),
    "vader_amazon_snippets": (0.664, 0.569), "product_sentences": (0.643, 0.588),
}  # fmt: skip
SIZES = {
    features.EN: features.Sizes((1, 2, 3), (2, 3, 4, 5)),
    features.ZH: features.Sizes((), (1, 2, 3)),
}
MIX_PENALTY = 1e-4
MIX_WEIGHTS = np.array([0.05, 0.05, 1.0, 1.0])  # of a text of each English set in the mixing
CHINESE_NEUTRAL = -0.5  # against scores of -m and +m: neutral wins only by the style of a text

# Out of fold on `train` (`--select` prints these rows again): accuracy on each English set, the
# mean over the sets of accuracy less that of the baseline's recipe (best of C 0.1, 0.3, 1) on the
# same folds, in points, and the worst set's. 0.03 has the best mean of those with penalty 0.3, but
# calls 0.23 of pros_cons and 0.32 of amazon_multi_domain neutral, where nobody meant neutral; 0.1
# calls 0.15 and 0.11, for 0.13 points of the mean. `dev` had been seen for 0.03, 0.1 and 0.3.
#   penalty, weights of sets, teach   pros   amazon vader  product  mean gain  worst
#   0.3  1 1 1 1    0                 .9425  .8273  .6902  .6307    -0.07      -1.18
#   0.3  1 1 1 1    0.03              .9425  .8273  .6925  .6310     0.00      -1.18
#   0.3  1 1 1 1    0.1               .9432  .8281  .6906  .6266    -0.13      -1.22  chosen
#   0.3  1 1 1 1    0.3               .9442  .8272  .6875  .6236    -0.27      -1.52
#   0.3  1 1 3 3    0                 .9439  .8273  .6933  .6286    -0.01      -1.18
#   0.3  1 1 3 3    0.03              .9440  .8273  .6925  .6270    -0.07      -1.18
#   1    1 1 1 1    0                 .9424  .8284  .6918  .6293    -0.04      -1.07
#   1    .3 2 1 1   0                 .9377  .8358  .6941  .6256    -0.01      -1.47
#   1    .3 2 1 1   0.03              .9378  .8358  .6952  .6266     0.05      -1.46
# Tried too, each below the mean of 0.03: neutral without the style (-1.8), THREE_PENALTY 0.3
# (-0.06), a mix of polarity and neutral alone (-0.2), a neutral SVM that also sees the other sets
# (-0.03), amazon_multi_domain at 0.3 in MIX_WEIGHTS (-0.03).
POLARITIES = [
    {"penalty": 0.3, "weights": [1, 1, 1, 1], "teaches": [0.0, 0.03, 0.1, 0.3]},
    {"penalty": 0.3, "weights": [1, 1, 3, 3], "teaches": [0.0, 0.03]},
    {"penalty": 1.0, "weights": [1, 1, 1, 1], "teaches": [0.0]},
    {"penalty": 1.0, "weights": [0.3, 2, 1, 1], "teaches": [0.0, 0.03]},
]
OUT_OF_FOLD_BASELINES = {
    "pros_cons": 0.9524, "amazon_multi_domain": 0.8391,
    "vader_amazon_snippets": 0.6632, "product_sentences": 0.6388,
}  # fmt: skip
POLARITY = POLARITIES[0]
TEACH = 0.1
THREE_PENALTY = 0.1
CHINESE_PENALTY = 0.3  # as in 1.0.0
CHINESE_WEIGHTS = [1, 1, 1]


class Data:
    """Texts of a split, with the set, label and group (what folds must not part) of each."""

    def __init__(self, folder: Path, split: str) -> None:
        texts, labels, sources, groups, titles = [], [], [], [], []
        seen: dict[object, int] = {}
        for number, name in enumerate(SETS):
            for place, row in enumerate(read_rows(folder / name / f"{split}.csv.gz")):
                key = (name, row[GROUPS[name]] if name in GROUPS else place)
                # Titles of reviews are texts to learn from; none is counted in an accuracy.
                both = [row["text"], row.get("title") or ""] if split == "train" else [row["text"]]
                for is_title, text in enumerate(both):
                    if text.strip():
                        texts.append(text)
                        labels.append(LABELS.index(row["label"]))
                        sources.append(number)
                        groups.append(seen.setdefault(key, len(seen)))
                        titles.append(is_title)
        self.texts, self.y, self.sources = texts, np.array(labels), np.array(sources)
        self.groups, self.titles = np.array(groups), np.array(titles, bool)

    def folds(self, rows: np.ndarray) -> np.ndarray:
        """(rows,) number of the fold that each row is left out of."""
        out = np.zeros(len(rows), int)
        strata = self.sources[rows] * 3 + self.y[rows]
        split = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=SEED)
        for fold, (_, left_out) in enumerate(split.split(rows, strata, self.groups[rows])):
            out[left_out] = fold
        return out


def fit(x: Any, y: np.ndarray, penalty: float, weights: np.ndarray | None = None) -> LinearSVC:
    return LinearSVC(C=penalty, random_state=SEED).fit(x, y, weights)


def out_of_fold(x, known, y, penalty, folds, weights) -> np.ndarray:
    """Margins of every row by the SVM that saw the other folds' known rows."""
    margins = np.zeros(len(y))
    for fold in range(FOLDS):
        rows, left_out = known & (folds != fold), folds == fold
        margins[left_out] = fit(x[rows], y[rows], penalty, weights[rows]).decision_function(
            x[left_out]
        )
    return margins


def tasks(y: np.ndarray, sources: np.ndarray, polarity: dict[str, Any]) -> list[tuple]:
    """(rows it learns from, target, penalty, weights) of each English SVM."""
    three = sources >= 2
    ones = np.ones(len(y))
    weights = np.array(polarity["weights"])[sources]
    return [
        (y != NEUTRAL, y == POSITIVE, polarity["penalty"], weights),
        *((three, y == label, THREE_PENALTY, ones) for label in (NEUTRAL, NEGATIVE, POSITIVE)),
    ]


def mixed(parameters: np.ndarray, margins: np.ndarray, style: np.ndarray) -> np.ndarray:
    """(texts, 3) scores: margins mixed, a constant each, and the style's say in neutral."""
    count = margins.shape[1]
    scores = margins @ parameters[: 3 * count].reshape(count, 3)
    scores += parameters[3 * count : 3 * count + 3]
    scores[:, NEUTRAL] += style @ parameters[3 * count + 3 :]
    return scores


def fit_mix(margins, style, y, sources, teach: float) -> np.ndarray:
    """Softmax regression; sets 0 and 1 know no neutral. Convex, so the start does not matter."""
    two = sources < 2
    weights = MIX_WEIGHTS[sources] / MIX_WEIGHTS[sources].sum()
    on_three = weights * np.where(two, teach, 1.0)
    on_two = weights * two
    rows = np.arange(len(y))
    truth = np.eye(3)[y]

    def loss(parameters):
        scores = mixed(parameters, margins, style)
        power = np.exp(scores - scores.max(axis=1, keepdims=True))
        p = power / power.sum(axis=1, keepdims=True)
        sides = np.maximum(p[:, NEGATIVE] + p[:, POSITIVE], 1e-300)
        own = np.log(np.maximum(p[rows, y], 1e-300))
        value = -(on_three @ own) - on_two @ (own - np.log(sides))
        conditional = p / sides[:, None]
        conditional[:, NEUTRAL] = 0
        slope = on_three[:, None] * (p - truth) + on_two[:, None] * (conditional - truth)
        gradient = np.concatenate(
            [(margins.T @ slope).ravel(), slope.sum(axis=0), style.T @ slope[:, NEUTRAL]]
        )
        return (
            value + MIX_PENALTY * (parameters @ parameters),
            gradient + 2 * MIX_PENALTY * parameters,
        )

    start = np.zeros(3 * margins.shape[1] + 3 + style.shape[1])
    return minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 500}).x


def right(scores: np.ndarray, y: np.ndarray, two: bool) -> np.ndarray:
    """Where the set knows two labels, the larger of the two counts."""
    if two:
        return (scores[:, POSITIVE] > scores[:, NEGATIVE]) == (y == POSITIVE)
    return scores.argmax(axis=1) == y


def select(x, style, y, sources, titles, folds) -> None:
    """Print the out-of-fold figures of every English setting, the mix itself cross-fitted."""
    for polarity in POLARITIES:
        made = tasks(y, sources, polarity)
        margins = np.stack(
            [out_of_fold(x, known, t, c, folds, w) for known, t, c, w in made], axis=1
        )
        for teach in polarity["teaches"]:
            scores = np.zeros((len(y), 3))
            for fold in range(FOLDS):
                kept, left = folds != fold, folds == fold
                found = fit_mix(margins[kept], style[kept], y[kept], sources[kept], teach)
                scores[left] = mixed(found, margins[left], style[left])
            figures = {}
            for number, name in enumerate(ENGLISH):
                of = (sources == number) & ~titles
                figures[name] = round(float(right(scores[of], y[of], number < 2).mean()), 4)
            gain = [100 * (figures[name] - OUT_OF_FOLD_BASELINES[name]) for name in ENGLISH]
            line = {k: polarity[k] for k in ("penalty", "weights")} | {"teach": teach, **figures}
            line |= {"mean_gain": round(float(np.mean(gain)), 2), "worst": round(min(gain), 2)}
            print(json.dumps(line), flush=True)


def main(data: Path, models: Path, only_select: bool) -> None:
    train = Data(data / "sentiment", "train")
    matrix = term_frequencies(train.texts, BITS, SIZES)
    idf = idf_of(matrix)
    everything = weighted(matrix, idf)
    columns = everything.shape[1]

    of = np.flatnonzero(train.sources >= len(CHINESE))
    y, sources, folds = train.y[of], train.sources[of] - len(CHINESE), train.folds(of)
    style = matrix.style[of].astype(float)
    used = np.flatnonzero(np.bincount(everything[of].indices, minlength=columns))
    x = everything[of][:, used]
    if only_select:
        select(x, style, y, sources, train.titles[of], folds)
        return
    made = tasks(y, sources, POLARITY)
    margins = np.stack([out_of_fold(x, known, t, c, folds, w) for known, t, c, w in made], axis=1)
    mix = fit_mix(margins, style, y, sources, TEACH)
    by_label = mix[: 3 * len(made)].reshape(len(made), 3)
    stacked = np.zeros((columns, 3))
    bias_en = mix[3 * len(made) : 3 * len(made) + 3].copy()
    for (known, target, penalty, w), share in zip(made, by_label, strict=True):
        model = fit(x[known], target[known], penalty, w[known])
        stacked[used] += model.coef_[0][:, None] * share
        bias_en += model.intercept_[0] * share
    style_weights = np.zeros((features.STYLE, 3))
    style_weights[:, NEUTRAL] = mix[3 * len(made) + 3 :]

    of = np.flatnonzero(train.sources < len(CHINESE))
    positive, folds = train.y[of] == POSITIVE, train.folds(of)
    used = np.flatnonzero(np.bincount(everything[of].indices, minlength=columns))
    used = used[used >= columns // 2]  # a few texts have no Chinese letter
    x = everything[of][:, used]
    w = np.array(CHINESE_WEIGHTS)[train.sources[of]]
    margin = out_of_fold(x, np.ones(len(of), bool), positive, CHINESE_PENALTY, folds, w)
    sharpness = float(
        minimize_scalar(
            lambda s: np.logaddexp(0, -2 * s * margin * np.where(positive, 1, -1)).mean(),
            bounds=(0.1, 10), method="bounded",
        ).x
    )  # fmt: skip
    model = fit(x, positive, CHINESE_PENALTY, w)
    stacked[used] = model.coef_[0][:, None] * np.array([-sharpness, 0, sharpness])
    base = model.intercept_[0] * sharpness
    usual = float((matrix.style[of] @ style_weights[:, NEUTRAL]).mean())
    bias_zh = np.array([-base, CHINESE_NEUTRAL - usual, base])

    content = graph(Linear(idf, stacked, style_weights, np.stack([bias_en, bias_zh])))
    write_model(models, "sentiment", VERSION, LABELS, BITS, content, {}, SIZES)
    print(json.dumps(report(data, models, len(content)), indent=2))


def report(data: Path, models: Path, size: int) -> dict[str, object]:
    """The figures of the model as served, on `dev`."""
    dev = Data(data / "sentiment", "dev")
    p = OnnxModel.load("sentiment", str(models)).probabilities(dev.texts)
    out: dict[str, object] = {"bytes": size}
    for number, name in enumerate(SETS):
        of = dev.sources == number
        two = NEUTRAL not in dev.y[of]
        chosen = np.where(p[of, POSITIVE] > p[of, NEGATIVE], POSITIVE, NEGATIVE)
        chosen = chosen if two else p[of].argmax(axis=1)
        accuracy = float((chosen == dev.y[of]).mean())
        out[name] = {
            "accuracy": round(accuracy, 4),
            "macro_f1": round(float(f1_score(dev.y[of], chosen, average="macro")), 4),
            "baseline": BASELINES[name],
            "points_above": round(100 * (accuracy - BASELINES[name][0]), 1),
            "neutral_share": round(float((p[of].argmax(axis=1) == NEUTRAL).mean()), 4),
        }
    return out


if __name__ == "__main__":
    arguments = [a for a in sys.argv[1:] if a != "--select"]
    if not 1 <= len(arguments) <= 2:
        sys.exit("usage: python training/train_sentiment.py DATA [MODELS] [--select]")
    folder = Path(arguments[1]) if len(arguments) == 2 else ROOT / "models"
    main(Path(arguments[0]), folder, "--select" in sys.argv)
