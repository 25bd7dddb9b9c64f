"""The intent service's method on public sets: `python public_intents.py SET MODEL OUT ...`.

SET is clinc150 or banking77. Linear SVMs on hashed n-grams and a fine-tuned encoder, both without a
part of `train` that temperatures, the tiers' weights and the threshold of abstention are chosen on;
`dev` is opened at the end, once. Trains from OUT if it has begun there.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import torch
from scipy.optimize import minimize
from sklearn.svm import LinearSVC
from texts import Row, cut, rows_of, tokenizer
from torch.nn import functional
from train import MODELS, arguments, encoder, fit, predicted

from shopkeeper.shared.text import features
from shopkeeper.shared.text.cascade import LEAST, softmax
from shopkeeper.shared.text.normalisation import normalise

sys.path.insert(0, str(Path(__file__).parents[1]))
from linear import idf_of, term_frequencies, weighted
from selection import is_selected
from train_intent import BITS, PENALTY, SEED, SIZES

OOS = "oos"
FALSE_OOS_MAX = 0.02  # on the part kept for choosing; 0.03 is asked on texts not seen
TASK = "intent"


def loss_of(outputs: dict[str, torch.Tensor], rows: list[Row]) -> torch.Tensor:
    truth = torch.tensor([row.labels[TASK] for row in rows])
    return functional.cross_entropy(outputs[TASK], truth)


def ngram_margins(fitted: list[Row], *others: list[Row], labels: int) -> list[np.ndarray]:
    """(texts, labels) of each of `others`, by SVMs fitted to the first."""
    matrix = term_frequencies([row.text for row in fitted], BITS, SIZES, features.EN)
    idf = idf_of(matrix)
    model = LinearSVC(C=PENALTY, random_state=SEED)
    model.fit(weighted(matrix, idf), [row.labels[TASK] for row in fitted])
    found = []
    for rows in others:
        x = weighted(term_frequencies([row.text for row in rows], BITS, SIZES, features.EN), idf)
        margins = np.full((len(rows), labels), -9.0)
        margins[:, model.classes_] = model.decision_function(x)
        found.append(margins)
    return found


def fitted_mix(p: np.ndarray, q: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(2,) weights of margins and of log-probabilities, of least log loss."""

    def loss(x):
        both = softmax((x[0] * p + x[1] * q).astype(np.float32))
        return -np.log(np.maximum(both[np.arange(len(y)), y], LEAST)).mean()

    return minimize(loss, [3.0, 0.7], method="Nelder-Mead").x


def report(p: np.ndarray, y: np.ndarray, oos: int | None, threshold: float) -> dict[str, float]:
    """Accuracy in scope before and after abstention, and how out-of-scope texts fare."""
    inside = np.ones(len(y), bool) if oos is None else y != oos
    chosen = p.argmax(axis=1)
    out = {"accuracy": float((chosen == y).mean()), "in_scope": float((chosen == y)[inside].mean())}
    if oos is not None:
        out_of = p[:, oos] + 1 - p.max(axis=1) > threshold
        out_of |= chosen == oos
        decided = np.where(out_of, oos, chosen)
        out["in_scope_abstaining"] = float((decided == y)[inside].mean())
        out["oos_recall"] = float((decided == oos)[~inside].mean())
        out["false_oos"] = float((decided == oos)[inside].mean())
    return {name: round(value, 4) for name, value in out.items()}


def main() -> None:
    parser = arguments()
    parser.add_argument("set", choices=["clinc150", "banking77"])
    parser.add_argument("model", choices=sorted(MODELS))
    parser.add_argument("out", type=Path)
    given = parser.parse_args()
    folder = given.data / "intent" / given.set
    pieces = tokenizer(given.weights / f"{given.model}-tokenizer.json")
    raw = {split: rows_of(folder / f"{split}.csv.gz") for split in ("train", "dev")}
    labels = sorted({row["intent"] for row in raw["train"]})

    def rows(split: str) -> list[Row]:
        texts = [normalise(row["text"]) for row in raw[split]]
        return [
            Row(text, cut(each.ids, given.pieces), {TASK: labels.index(row["intent"])}, False, "")
            for row, text, each in zip(raw[split], texts, pieces.encode_batch(texts), strict=True)
        ]

    every = rows("train")
    select = [row for row in every if is_selected(given.set, row.text)]
    train = [row for row in every if not is_selected(given.set, row.text)]
    model = encoder(given, given.model, {TASK: len(labels)})
    y = np.array([row.labels[TASK] for row in select])
    fit(
        model,
        train,
        given.out,
        given,
        loss_of=loss_of,
        told=lambda: round(float((predicted(model, select)[TASK].argmax(axis=1) == y).mean()), 4),
    )
    dev = rows("dev")
    p, p_dev = ngram_margins(train, select, dev, labels=len(labels))
    q, q_dev = (np.log(np.maximum(predicted(model, of)[TASK], LEAST)) for of in (select, dev))
    mix = fitted_mix(p, q, y)
    oos = labels.index(OOS) if OOS in labels else None
    truth = np.array([row.labels[TASK] for row in dev])
    threshold = 0.0
    both = softmax((mix[0] * p + mix[1] * q).astype(np.float32))
    if oos is not None:
        doubt = (both[:, oos] + 1 - both.max(axis=1))[(y != oos) & (both.argmax(axis=1) != oos)]
        threshold = float(np.quantile(doubt, 1 - FALSE_OOS_MAX))
    found = {
        "set": given.set,
        "mix": mix.round(3).tolist(),
        "threshold": round(threshold, 4),
        "select": report(both, y, oos, threshold),
        "ngrams": report(softmax(3 * p_dev.astype(np.float32)), truth, oos, threshold),
        "transformer": report(np.exp(q_dev), truth, oos, threshold),
        "dev": report(
            softmax((mix[0] * p_dev + mix[1] * q_dev).astype(np.float32)), truth, oos, threshold
        ),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
