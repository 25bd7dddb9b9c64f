"""Fit how the two tiers are put together, and choose who goes on; write it into the manifest.

`python fit_cascade.py LANGUAGE WITHOUT MODELS --data DATA ...`: WITHOUT holds models of n-grams
that were not fitted to `select` (--without-selection), MODELS the ones that are served, and the
Transformer. Weights minimise the log loss on `select`; texts of sets without neutral count by the
odds of positive to negative, and a little as not neutral. `--report` opens `dev`.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import minimize
from sklearn.metrics import f1_score
from texts import Row, Texts

from shopkeeper.shared.text.cascade import LEAST, doubts, log_softmax, softmax
from shopkeeper.shared.text.manifest import MANIFEST, MANIFEST_FORMAT
from shopkeeper.shared.text.onnx_model import OnnxModel
from shopkeeper.shared.text.transformer import Transformer

NOT_NEUTRAL = 0.1  # weight of "not neutral" of a text of a set without neutral
SURE = 0.9
ABSTAIN = (0.0, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5)
GRID = (0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99, 1.01)


class Part:
    """Texts of one task: what both tiers say of them, and the truth."""

    def __init__(
        self, rows: list[Row], task: str, ngrams: OnnxModel, second: Callable[[list[Row]], Any]
    ) -> None:
        """second: (texts, labels) scores of rows, up to a constant a row."""
        rows = [row for row in rows if task in row.labels]
        self.p = np.log(np.maximum(ngrams.probabilities([row.text for row in rows]), LEAST))
        self.q = log_softmax(second(rows))
        self.y = np.array([row.labels[task] for row in rows])
        self.two = np.array([row.two_class for row in rows])
        self.sources = np.array([row.source for row in rows])


def together(x: np.ndarray, part: Part) -> np.ndarray:
    return softmax(x[0] * part.p + x[1] * part.q + x[2:])


def loss(x: np.ndarray, part: Part, weights: np.ndarray) -> float:
    p = np.maximum(together(x, part), 1e-9)
    own = np.log(p[np.arange(len(p)), part.y])
    sides = np.log(p[:, 0] + p[:, -1])
    two = np.where(part.two, own - sides + NOT_NEUTRAL * sides, own)
    return float(-(two * weights).sum() / weights.sum() + 1e-3 * (x[2:] ** 2).mean())


def fitted(part: Part) -> np.ndarray:
    """(2 + labels,): what `together` takes, of least `loss`; small sets count for more."""
    counts = {source: (part.sources == source).sum() for source in set(part.sources)}
    weights = np.array([1 / np.sqrt(counts[source]) for source in part.sources])
    start = np.concatenate([[0.5, 0.5], np.zeros(part.p.shape[1])])
    return minimize(loss, start, (part, weights), method="L-BFGS-B").x


def passed_on(part: Part, among: list[int], sure: float, others: float) -> np.ndarray:
    """(texts,): which go on to the second tier."""
    return doubts(np.exp(part.p), among, sure, others)


def answers(x: np.ndarray, part: Part, on: np.ndarray) -> np.ndarray:
    """(texts, labels): both tiers' probabilities of those that go on, else the n-grams'."""
    return np.where(on[:, None], together(x, part), np.exp(part.p))


def figures(p: np.ndarray, part: Part) -> dict[str, dict[str, float]]:
    out = {}
    for source in sorted(set(part.sources)):
        of = part.sources == source
        y, found = part.y[of], p[of]
        chosen = found.argmax(axis=1)
        line = {"texts": int(of.sum()), "as_published": round(float((chosen == y).mean()), 4)}
        if part.two[of].all():
            sides = np.where(found[:, -1] > found[:, 0], found.shape[1] - 1, 0)
            line["accuracy"] = round(float((sides == y).mean()), 4)
        else:
            line["macro_f1"] = round(float(f1_score(y, chosen, average="macro")), 4)
        out[source] = line
    return out


def abstentions(p: np.ndarray, part: Part, labels: list[str]) -> None:
    """Print what a threshold below which nothing is said would do to each set."""
    oos = labels.index("out_of_scope")
    for threshold in ABSTAIN:
        decided = np.where(p.max(axis=1) < threshold, oos, p.argmax(axis=1))
        line = {}
        for source in sorted(set(part.sources)):
            of = part.sources == source
            y, chosen = part.y[of], decided[of]
            line[source] = round(float((chosen == y).mean()), 4)
            if (y == oos).sum() > 20:
                line[f"{source} oos recall"] = round(float((chosen == oos)[y == oos].mean()), 4)
        print("  abstain below", threshold, json.dumps(line))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("language", choices=["en", "zh"])
    parser.add_argument("without", type=Path)
    parser.add_argument("models", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--sure", type=json.loads, default={})
    parser.add_argument("--others", type=float, default=1.0, help="bound of neutral")
    parser.add_argument("--abstain", type=float, help="probability below which no intent is given")
    parser.add_argument("--report", action="store_true")
    given = parser.parse_args()
    name = f"text-{given.language}"
    transformer = Transformer.load(name, str(given.models))
    tokens = given.weights / f"{given.model}-tokenizer.json"
    texts = Texts(given.data, given.language, tokens, 96)
    parts = texts.parts()
    path = given.models / MANIFEST
    for task in ("sentiment", "intent"):

        def second(rows: list[Row], task: str = task) -> np.ndarray:
            return transformer.log_odds([row.text for row in rows], task)

        chosen = given.sure.get(task, SURE)
        others = given.others if task == "sentiment" else 1.0
        kept = Part(parts["select"], task, OnnxModel.load(task, str(given.without)), second)
        x = fitted(kept)
        labels = kept.p.shape[1]
        among = [0, labels - 1] if task == "sentiment" else list(range(labels))
        print(task, "weights", np.round(x, 3).tolist())
        print("  n-grams alone", json.dumps(figures(np.exp(kept.p), kept)))
        print("  transformer alone", json.dumps(figures(np.exp(kept.q), kept)))
        for sure in GRID:
            on = passed_on(kept, among, sure, others)
            shares = {
                s: round(float(on[kept.sources == s].mean()), 3) for s in sorted(set(kept.sources))
            }
            print(" ", sure, json.dumps(figures(answers(x, kept, on), kept)), json.dumps(shares))
        if task == "intent":
            on = passed_on(kept, among, chosen, others)
            abstentions(answers(x, kept, on), kept, texts.labels[task])
        manifest = json.loads(path.read_text())
        manifest["format"] = MANIFEST_FORMAT
        manifest.setdefault("cascades", {}).setdefault(task, {})[given.language] = {
            "transformer": name,
            "sure_from": float(chosen),
            "others_sure_from": float(others),
            "among": ["negative", "positive"] if task == "sentiment" else [],
            "ngram_weight": round(float(x[0]), 4),
            "transformer_weight": round(float(x[1]), 4),
            "bias": [round(float(b), 4) for b in x[2:]],
        }
        if task == "intent" and given.abstain is not None:
            manifest["models"]["intent"]["parameters"]["abstain_below"] = given.abstain
        path.write_text(json.dumps(manifest, indent=2, sort_keys=True) + "\n")
        if given.report:
            served = OnnxModel.load(task, str(given.models))
            for source, rows in parts.items():
                if source.startswith("dev:") and any(task in row.labels for row in rows):
                    dev = Part(rows, task, served, second)
                    on = passed_on(dev, among, chosen, others)
                    print(
                        "  dev",
                        json.dumps(figures(answers(x, dev, on), dev)),
                        "passed on",
                        round(float(on.mean()), 3),
                    )


if __name__ == "__main__":
    main()
