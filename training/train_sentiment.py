"""Train the sentiment model: `train_sentiment.py DATA [MODELS] [--pseudo FILE | --free]`.

DATA is the folder that holds `sentiment/`. Seeded; writes `sentiment.onnx` and its manifest entry,
and prints the model card's figures as JSON. With `--select` it writes nothing: it prints the
out-of-fold figures of the English settings tried, on `train` alone, and never opens `dev`. FILE:
what an encoder says of Chinese reviews (encoder/pseudo_labels.py). `--free`: see licences.py.

How it learns: apps/train/sentiments.py, which `shopkeeper train` runs too.
"""

from __future__ import annotations

import argparse
import itertools
import json
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import licences
import numpy as np
import own_labels
from linear import graph, idf_of, read_rows, term_frequencies, weighted, write_model
from selection import is_selected
from sklearn.metrics import f1_score

from shopkeeper.apps.train import sentiments
from shopkeeper.apps.train.sentiments import FOLDS, NEGATIVE, NEUTRAL, POSITIVE, Task, Texts
from shopkeeper.apps.train.state import State
from shopkeeper.apps.train.tasks import TASKS
from shopkeeper.shared.text import features
from shopkeeper.shared.text.onnx_model import OnnxModel

VERSION = "1.4.0"
BITS, SIZES = TASKS["sentiment"].bits, TASKS["sentiment"].sizes
LABELS = list(TASKS["sentiment"].labels)
OWN, PSEUDO = own_labels.REVIEWS, "pseudo"
GROUPS = {"amazon_multi_domain": "product", "vader_amazon_snippets": "review"}  # never parted
# Accuracy and macro-F1 on dev in DATA's README.md: for the report, not for choosing.
BASELINES = {
    "online_shopping_10_cats": (0.940, 0.940), "waimai_10k": (0.911, 0.895),
    "eprstmt": (0.844, 0.843), "pros_cons": (0.950, 0.950), "amazon_multi_domain": (0.834, 0.834),
    "vader_amazon_snippets": (0.664, 0.569), "product_sentences": (0.643, 0.588),
}  # fmt: skip

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
    {
        "penalty": sentiments.POLARITY_PENALTY,
        "weights": [1, 1, 1, 1],
        "teaches": [0.0, 0.03, 0.1, 0.3],
    },
    {"penalty": 0.3, "weights": [1, 1, 3, 3], "teaches": [0.0, 0.03]},
    {"penalty": 1.0, "weights": [1, 1, 1, 1], "teaches": [0.0]},
    {"penalty": 1.0, "weights": [0.3, 2, 1, 1], "teaches": [0.0, 0.03]},
]
OUT_OF_FOLD_BASELINES = {
    "pros_cons": 0.9524, "amazon_multi_domain": 0.8391,
    "vader_amazon_snippets": 0.6632, "product_sentences": 0.6388,
}  # fmt: skip


@dataclass(frozen=True)
class Language:
    """What the texts of one table are learned from.

    two, three: sets with two and with three labels. mix: weight of a text of each set in the
    mixing. weights: of a text of each set in the SVMs.
    """

    table: int
    two: tuple[str, ...]
    three: tuple[str, ...]
    mix: tuple[float, ...]
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
    (*POLARITIES[0]["weights"], 1),
)
CHINESE = Language(
    features.ZH,
    ("online_shopping_10_cats", "waimai_10k", "eprstmt"),
    (OWN, PSEUDO),
    (0.05, 0.05, 0.05, 1.0, 0.1),
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

    def learnable(self, language: Language) -> Texts:
        """With the weights that a language gives to texts of each set."""
        return Texts(
            texts=self.texts,
            y=self.y,
            sources=self.sources,
            two=self.sources < len(language.two),
            weights=np.array(language.weights)[self.sources],
            mix=np.array(language.mix)[self.sources],
            groups=self.groups,
        )


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


def right(scores: np.ndarray, y: np.ndarray, two: bool) -> np.ndarray:
    """Where the set knows two labels, the larger of the two counts."""
    if two:
        return (scores[:, POSITIVE] > scores[:, NEGATIVE]) == (y == POSITIVE)
    return scores.argmax(axis=1) == y


def out_of_fold(x: Any, task: Task, folds: np.ndarray) -> np.ndarray:
    """Margins of every row by the SVM that saw the other folds' known rows."""
    margins = np.zeros(len(folds))
    for fold in range(FOLDS):
        left_out = folds == fold
        model = sentiments.fit(x, task, task.known & ~left_out)
        margins[left_out] = model.decision_function(x[left_out])
    return margins


def part(of: Texts, rows: np.ndarray) -> Texts:
    """These rows of it. rows: (texts,) whether each is."""
    arrays = {n: getattr(of, n)[rows] for n in ("y", "sources", "two", "weights", "mix", "groups")}
    return Texts(texts=list(itertools.compress(of.texts, rows)), **arrays)


def select(data: Data) -> None:
    """Print the out-of-fold figures of every English setting, the mix itself cross-fitted."""
    of = data.learnable(ENGLISH)
    matrix = term_frequencies(data.texts, BITS, SIZES, features.EN)
    x = weighted(matrix, idf_of(matrix))
    x = x[:, np.flatnonzero(np.bincount(x.indices, minlength=x.shape[1]))]
    style, y, sources, folds = matrix.style.astype(float), data.y, data.sources, of.folds()
    for polarity in POLARITIES:
        weights = np.array([*polarity["weights"], 1])[sources]
        first, *others = of.tasks()
        made = [replace(first, penalty=polarity["penalty"], weights=weights), *others]
        margins = np.stack([out_of_fold(x, task, folds) for task in made], axis=1)
        for teach in polarity["teaches"]:
            scores = np.zeros((len(y), 3))
            for fold in range(FOLDS):
                kept, left = folds != fold, folds == fold
                found = sentiments.fit_mix(margins[kept], style[kept], part(of, kept), teach)
                scores[left] = sentiments.mixed(found, margins[left], style[left])
            line = {k: polarity[k] for k in ("penalty", "weights")} | {"teach": teach}
            print(json.dumps(line | _figures(scores, data)), flush=True)


def _figures(scores: np.ndarray, data: Data) -> dict[str, float]:
    """Accuracy on each English set, and against the baseline's, in points."""
    figures = {}
    for number, name in enumerate(ENGLISH.sets):
        of = (data.sources == number) & ~data.titles
        is_right = right(scores[of], data.y[of], number < len(ENGLISH.two))
        figures[name] = round(float(is_right.mean()), 4)
    gain = [100 * (figures[name] - bar) for name, bar in OUT_OF_FOLD_BASELINES.items()]
    return figures | {"mean_gain": round(float(np.mean(gain)), 2), "worst": round(min(gain), 2)}


def main(folder: Path, models: Path, given: argparse.Namespace) -> None:
    languages = [each.free() if given.free else each for each in (ENGLISH, CHINESE)]
    texts = {
        name: Data(
            folder / "sentiment", language, "train", given.without_selection, given.pseudo
        ).learnable(language)
        for name, language in zip(("en", "zh"), languages, strict=True)
    }
    with tempfile.TemporaryDirectory() as kept:
        model = sentiments.learned(texts, bits=BITS, sizes=SIZES, state=State(Path(kept), {}))
    content = graph(model)
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
