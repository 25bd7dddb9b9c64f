"""Train the sentiment model: `train_sentiment.py DATA [MODELS] [--pseudo FILE | --free]`.

DATA is the folder that holds `sentiment/`. Seeded; writes `sentiment.onnx` and its manifest entry,
and prints the model card's figures as JSON. With `--select` it writes nothing: it prints the
out-of-fold figures of the English settings tried, on `train` alone, and never opens `dev`. FILE:
what an encoder says of Chinese reviews (encoder/pseudo_labels.py). `--free`: see licences.py.

For each language four SVMs (positive against negative on all sets; neutral, negative and positive
each against the rest on the sets that know neutral), mixed into three scores by a softmax
regression on their out-of-fold margins (stacked generalisation, Wolpert 1992). A mix of linear
scores is linear, so all of it is one matrix of weights. Texts of sets without neutral count in the
mixing by the odds of positive to negative alone, and with the weight `teach` also as not neutral.
"""

from __future__ import annotations

import argparse
import itertools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import licences
import numpy as np
import own_labels
from linear import Linear, graph, idf_of, read_rows, term_frequencies, weighted, write_model
from scipy.optimize import minimize
from selection import is_selected
from sklearn.metrics import f1_score
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.svm import LinearSVC

from shopkeeper.shared.text import features
from shopkeeper.shared.text.onnx_model import OnnxModel

VERSION = "1.4.0"
BITS = 19
SEED = 1
FOLDS = 5
LABELS = ["negative", "neutral", "positive"]
NEGATIVE, NEUTRAL, POSITIVE = range(3)
OWN, PSEUDO = own_labels.REVIEWS, "pseudo"
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


@dataclass(frozen=True)
class Language:
    """What the texts of one table are learned from.

    two, three: sets with two and with three labels. mix: weight of a text of each set in the
    mixing. penalty, weights: of the SVM of positive against negative, and of a text of each set.
    """

    table: int
    two: tuple[str, ...]
    three: tuple[str, ...]
    mix: tuple[float, ...]
    penalty: float
    weights: tuple[float, ...]

    def free(self) -> Language:
        """The same from sets alone that allow any use."""
        usable = licences.free(licences.SENTIMENT)
        keep = [name in usable for name in self.sets]
        return Language(
            self.table,
            tuple(filter(usable.__contains__, self.two)),
            tuple(filter(usable.__contains__, self.three)),
            tuple(itertools.compress(self.mix, keep)),
            self.penalty,
            tuple(itertools.compress(self.weights, keep)),
        )

    @property
    def sets(self) -> tuple[str, ...]:
        return self.two + self.three


ENGLISH = Language(
    features.EN,
    ("pros_cons", "amazon_multi_domain"),
    ("vader_amazon_snippets", "product_sentences", OWN),
    (0.05, 0.05, 1.0, 1.0, 1.0),
    POLARITY["penalty"],
    (*POLARITY["weights"], 1),
)
CHINESE = Language(
    features.ZH,
    ("online_shopping_10_cats", "waimai_10k", "eprstmt"),
    (OWN, PSEUDO),
    (0.05, 0.05, 0.05, 1.0, 0.1),
    0.3,
    (1.0, 1.0, 1.0, 1.0, 0.5),
)


class Data:
    """Texts of a split of a language: set, label and group (what folds must not part) of each."""

    def __init__(
        self,
        folder: Path,
        language: Language,
        split: str,
        without_selection: bool = False,
        pseudo: Path | None = None,
    ) -> None:
        """folder: the one that holds `sentiment/`."""
        texts, labels, sources, groups, titles = [], [], [], [], []
        seen: dict[object, int] = {}
        ours = own_labels.reviews_labelled()
        for number, name in enumerate(language.sets):
            for place, row in enumerate(_rows(folder, language, name, split, pseudo)):
                group = row[GROUPS[name]] if name in GROUPS else ""
                if without_selection and is_selected(name, row["text"], group):
                    continue
                if split == "train" and name != OWN and own_labels.key_of(row["text"]) in ours:
                    continue  # we read it again, to learn from as our own or to judge by
                key = (name, group or place)
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

    def folds(self) -> np.ndarray:
        """(texts,) number of the fold that each is left out of."""
        out = np.zeros(len(self.y), int)
        strata = self.sources * 3 + self.y
        split = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=SEED)
        for fold, (_, left_out) in enumerate(split.split(self.y, strata, self.groups)):
            out[left_out] = fold
        return out


def _rows(
    folder: Path, language: Language, name: str, split: str, pseudo: Path | None
) -> list[dict[str, str]]:
    if name == PSEUDO:
        rows = read_rows(pseudo) if pseudo and split == "train" else []
        return [
            {"text": r["text"], "label": max(LABELS, key=lambda at: float(r[at]))} for r in rows
        ]
    if name == OWN:
        part = "train" if split == "train" else "judge"
        others = split != "train" or language in (ENGLISH, CHINESE)
        spoken = "en" if language.table == features.EN else "zh"
        found = own_labels.reviews(folder.parent, spoken, part, others)
        return [{"text": text, "label": label} for text, label in found]
    return read_rows(folder / name / f"{split}.csv.gz")


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


def tasks(y, sources, language: Language, polarity: dict[str, Any]) -> list[tuple]:
    """(rows it learns from, target, penalty, weights) of each SVM of a language."""
    three = sources >= len(language.two)
    weights = np.array(polarity["weights"])[sources]
    ones = weights if language.table == features.ZH else np.ones(len(y))
    return [
        (y != NEUTRAL, y == POSITIVE, polarity["penalty"], weights),
        *((three, y == label, THREE_PENALTY, ones) for label in (NEUTRAL, NEGATIVE, POSITIVE)),
    ]


def mixed(parameters: np.ndarray, margins: np.ndarray, style: np.ndarray) -> np.ndarray:
    """(texts, 3) scores: margins mixed, a constant each, and the style's say in neutral.

    style: (texts, STYLE), whose weights are among the parameters; or (texts,), the say itself.
    """
    count = margins.shape[1]
    scores = margins @ parameters[: 3 * count].reshape(count, 3)
    scores += parameters[3 * count : 3 * count + 3]
    scores[:, NEUTRAL] += style if style.ndim == 1 else style @ parameters[3 * count + 3 :]
    return scores


def fit_mix(margins, style, y, sources, language: Language, teach: float) -> np.ndarray:
    """Softmax regression; the sets `two` know no neutral. Convex: the start does not matter."""
    two = sources < len(language.two)
    weights = np.array(language.mix)[sources]
    weights = weights / weights.sum()
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
        of_style = style.T @ slope[:, NEUTRAL] if style.ndim == 2 else []
        gradient = np.concatenate([(margins.T @ slope).ravel(), slope.sum(axis=0), of_style])
        return (
            value + MIX_PENALTY * (parameters @ parameters),
            gradient + 2 * MIX_PENALTY * parameters,
        )

    of_style = style.shape[1] if style.ndim == 2 else 0
    start = np.zeros(3 * margins.shape[1] + 3 + of_style)
    return minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 500}).x


def right(scores: np.ndarray, y: np.ndarray, two: bool) -> np.ndarray:
    """Where the set knows two labels, the larger of the two counts."""
    if two:
        return (scores[:, POSITIVE] > scores[:, NEGATIVE]) == (y == POSITIVE)
    return scores.argmax(axis=1) == y


def select(data: Data) -> None:
    """Print the out-of-fold figures of every English setting, the mix itself cross-fitted."""
    matrix = term_frequencies(data.texts, BITS, SIZES, features.EN)
    x = weighted(matrix, idf_of(matrix))
    x = x[:, np.flatnonzero(np.bincount(x.indices, minlength=x.shape[1]))]
    style, y, sources, titles = matrix.style.astype(float), data.y, data.sources, data.titles
    folds = data.folds()
    for polarity in POLARITIES:
        made = tasks(y, sources, ENGLISH, polarity | {"weights": [*polarity["weights"], 1]})
        margins = np.stack(
            [out_of_fold(x, known, t, c, folds, w) for known, t, c, w in made], axis=1
        )
        for teach in polarity["teaches"]:
            scores = np.zeros((len(y), 3))
            for fold in range(FOLDS):
                kept, left = folds != fold, folds == fold
                found = fit_mix(margins[kept], style[kept], y[kept], sources[kept], ENGLISH, teach)
                scores[left] = mixed(found, margins[left], style[left])
            figures = {}
            for number, name in enumerate(ENGLISH.sets):
                of = (sources == number) & ~titles
                figures[name] = round(
                    float(right(scores[of], y[of], number < len(ENGLISH.two)).mean()), 4
                )
            gain = [100 * (figures[name] - bar) for name, bar in OUT_OF_FOLD_BASELINES.items()]
            line = {k: polarity[k] for k in ("penalty", "weights")} | {"teach": teach, **figures}
            line |= {"mean_gain": round(float(np.mean(gain)), 2), "worst": round(min(gain), 2)}
            print(json.dumps(line), flush=True)


@dataclass(frozen=True)
class Half:
    """The weights of one table. weights: (columns, 3), zero outside the table's columns."""

    idf: np.ndarray
    weights: np.ndarray
    style: np.ndarray
    bias: np.ndarray


def half(data: Data, language: Language, of_style: np.ndarray | None = None) -> Half:
    """Fit all SVMs of a language, and mix them. of_style: the style's weights, if they are known:
    one vector serves both tables."""
    matrix = term_frequencies(data.texts, BITS, SIZES, language.table)
    idf = idf_of(matrix)
    everything = weighted(matrix, idf)
    columns = everything.shape[1]
    used = np.flatnonzero(np.bincount(everything.indices, minlength=columns))
    x = everything[:, used]
    style, folds = matrix.style.astype(float), data.folds()
    if of_style is not None:
        style = style @ of_style
    polarity = {"penalty": language.penalty, "weights": language.weights}
    made = tasks(data.y, data.sources, language, polarity)
    margins = np.stack([out_of_fold(x, known, t, c, folds, w) for known, t, c, w in made], axis=1)
    mix = fit_mix(margins, style, data.y, data.sources, language, TEACH)
    by_label = mix[: 3 * len(made)].reshape(len(made), 3)
    weights = np.zeros((columns, 3))
    bias = mix[3 * len(made) : 3 * len(made) + 3].copy()
    for (known, target, penalty, w), share in zip(made, by_label, strict=True):
        model = fit(x[known], target[known], penalty, w[known])
        weights[used] += model.coef_[0][:, None] * share
        bias += model.intercept_[0] * share
    return Half(idf, weights, mix[3 * len(made) + 3 :], bias)


def main(folder: Path, models: Path, given: argparse.Namespace) -> None:
    languages = [each.free() if given.free else each for each in (ENGLISH, CHINESE)]
    english, chinese = (
        Data(folder / "sentiment", language, "train", given.without_selection, given.pseudo)
        for language in languages
    )
    en = half(english, languages[0])
    zh = half(chinese, languages[1], en.style)
    columns = len(en.idf)
    idf = np.concatenate([en.idf[: columns // 2], zh.idf[columns // 2 :]])
    style = np.zeros((features.STYLE, 3))
    style[:, NEUTRAL] = en.style
    content = graph(Linear(idf, en.weights + zh.weights, style, np.stack([en.bias, zh.bias])))
    version = licences.version_of(VERSION, given.free)
    write_model(models, "sentiment", version, LABELS, BITS, content, {}, SIZES)
    print(json.dumps(report(folder, models, len(content)), indent=2))


def report(folder: Path, models: Path, size: int) -> dict[str, object]:
    """The figures of the model as served, on `dev` and on the judge part of our own labels."""
    out: dict[str, object] = {"bytes": size}
    model = OnnxModel.load("sentiment", str(models))
    for language in (CHINESE, ENGLISH):
        dev = Data(folder / "sentiment", language, "dev")
        p = model.probabilities(dev.texts)
        for number, name in enumerate(language.sets):
            of = dev.sources == number
            if not of.any():
                continue
            two = NEUTRAL not in dev.y[of]
            chosen = np.where(p[of, POSITIVE] > p[of, NEGATIVE], POSITIVE, NEGATIVE)
            chosen = chosen if two else p[of].argmax(axis=1)
            out[name] = {
                "accuracy": round(float((chosen == dev.y[of]).mean()), 4),
                "macro_f1": round(float(f1_score(dev.y[of], chosen, average="macro")), 4),
                "baseline": BASELINES.get(name),
                "neutral_share": round(float((p[of].argmax(axis=1) == NEUTRAL).mean()), 4),
            }
    return out


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("models", type=Path, nargs="?")
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--pseudo", type=Path)
    source.add_argument("--free", action="store_true", help="only data that allows any use")
    parser.add_argument("--select", action="store_true")
    parser.add_argument("--without-selection", action="store_true")
    given = parser.parse_args()
    if given.select:
        select(Data(given.data / "sentiment", ENGLISH, "train"))
    else:
        main(given.data, given.models or licences.folder_for(given.free), given)
