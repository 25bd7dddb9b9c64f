"""Accuracy, size and speed of text models side by side: figures for docs/compression.md, as JSON.

`python compression.py LANGUAGE MODEL WITHOUT NAME=STATE ... --data DATA --weights WEIGHTS`: STATE
is weights (.pt) of `train.py`, `distill.py` or `small.py`; the first is also measured unquantised.
WITHOUT holds n-grams that were not fitted to the part kept for choosing, on which all is measured,
alone and behind the n-grams, through the code that serves.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from export import RANGE_TEXTS, ranges_of, vocabulary_of
from fit_cascade import Part, fitted
from graph import built
from small_graph import built_small
from texts import SENTIMENT, SETS, Row, Texts
from train import MODELS

from shopkeeper.shared.text.cascade import Cascade
from shopkeeper.shared.text.manifest import Tier, TransformerEntry
from shopkeeper.shared.text.onnx_model import OnnxModel
from shopkeeper.shared.text.transformer import Transformer

ROUNDS, TIMED = 7, 300  # texts a round
TASK = "sentiment"


@dataclass
class Measured:
    """One way to answer.

    scores: texts to (texts, labels), the larger the likelier. found: those of the part kept for
    choosing. passed_on: share of it that a second tier saw.
    """

    name: str
    kind: str  # ngrams, alone or cascade
    bytes: int
    scores: Callable[[list[str]], np.ndarray]
    found: np.ndarray
    passed_on: float = 0.0


def transformer_of(
    name: str, content: bytes, vocabulary: bytes, texts: Texts, given: argparse.Namespace
) -> Transformer:
    """Any graph that takes pieces, as the services run it."""
    entry = TransformerEntry(
        file=name,
        sha256="",
        vocabulary=name,
        vocabulary_sha256="",
        strip_accents=given.language == "en",
        version=name,
        pieces_max=given.pieces,
        tasks=texts.labels,
    )
    return Transformer(name, entry, content, vocabulary)


def graphs_of(
    path: Path, model: str, tasks: dict[str, int], seen: list[list[int]], plain: bool
) -> dict[str, bytes]:
    """The ONNX file in int8 and, if `plain`, in fp32, by the format. seen: pieces, for ranges."""
    state = torch.load(path, weights_only=True)
    weights = {name: value.float().numpy() for name, value in state.items()}
    found = {}
    if any(name.startswith("layers.") for name in weights):
        heads, pooling = MODELS[model]
        ranges = ranges_of(weights, heads, pooling, tasks, seen)
        found["int8"] = built(weights, heads, pooling, tasks, ranges=ranges)
        if plain:
            found["fp32"] = built(weights, heads, pooling, tasks, quantised=False)
    else:
        found["int8"] = built_small(weights, tasks)
        if plain:
            found["fp32"] = built_small(weights, tasks, quantised=False)
    return {form: graph.SerializeToString() for form, graph in found.items()}


def cascade_of(
    ngrams: OnnxModel,
    second: Transformer,
    rows: list[Row],
    odds: np.ndarray,
    given: argparse.Namespace,
) -> Cascade:
    """Both tiers, their weights fitted to rows. odds: (rows, labels), the second tier's."""
    x = fitted(Part(rows, TASK, ngrams, lambda _: odds))
    tier = Tier(
        transformer=second.name,
        sure_from=given.sure_from,
        among=[SENTIMENT[0], SENTIMENT[-1]],
        ngram_weight=float(x[0]),
        transformer_weight=float(x[1]),
        bias=x[2:].tolist(),
    )
    return Cascade(ngrams, {given.language: tier}, {second.name: second})


def contestants(
    given: argparse.Namespace, texts: Texts, train: list[Row], rows: list[Row]
) -> list[Measured]:
    """Everything that is measured. rows: of the part kept for choosing."""
    tasks = {task: len(labels) for task, labels in texts.labels.items()}
    written = [row.text for row in rows]
    some = np.random.default_rng(0).choice(len(train), RANGE_TEXTS, replace=False)
    seen = [train[n].ids for n in some]
    ngrams = OnnxModel.load(TASK, str(given.without))
    first_bytes = (given.without / f"{TASK}.onnx").stat().st_size
    vocabulary = vocabulary_of(given.weights / f"{given.model}-tokenizer.json").encode()
    answers = ngrams.probabilities(written)
    found = [Measured("n-grams", "ngrams", first_bytes, ngrams.probabilities, answers)]
    for number, (name, path) in enumerate(given.states):
        for form, content in graphs_of(path, given.model, tasks, seen, number == 0).items():
            size = len(content) + len(vocabulary)
            second = transformer_of(f"{name}, {form}", content, vocabulary, texts, given)

            def alone(of: list[str], second: Transformer = second) -> np.ndarray:
                return second.log_odds(of, TASK)

            odds = alone(written)
            found.append(Measured(second.name, "alone", size, alone, odds))
            print(f"{second.name}: answered", file=sys.stderr, flush=True)
            if form != "int8":
                continue
            both = cascade_of(ngrams, second, rows, odds, given)
            answers, who = both.answered(written)
            of_sets = np.array([row.two_class for row in rows])
            found.append(
                Measured(
                    f"n-grams + {name}", "cascade", first_bytes + size, both.probabilities,
                    answers, float((who > 0)[of_sets].mean()),
                )
            )  # fmt: skip
    return found


def right(scores: np.ndarray, rows: list[Row]) -> np.ndarray:
    """(texts,): whether the larger of positive and negative is the label."""
    truth = np.array([row.labels[TASK] for row in rows])
    return np.where(scores[:, -1] > scores[:, 0], scores.shape[1] - 1, 0) == truth


def speeds(found: list[Measured], rounds: list[list[str]]) -> np.ndarray:
    """(contestants,) texts a second of one thread's processor time.

    A round runs all in turn, on texts of its own: some of what serves remembers words. The
    machine's speed moves, so a contestant's time is taken as a share of its round; the median of
    that is scaled by the median round.
    """
    spent = np.zeros((len(rounds), len(found)))
    for number, texts in enumerate(rounds):
        order = range(len(found)) if number % 2 else reversed(range(len(found)))
        for place in order:
            begun = time.process_time()
            found[place].scores(texts)
            spent[number, place] = time.process_time() - begun
    total = spent.sum(axis=1, keepdims=True)
    return len(rounds[0]) / (np.median(spent / total, axis=0) * np.median(total))


def figures(each: Measured, ok: np.ndarray, against: np.ndarray, rows: list[Row]) -> dict:
    """ok, against: (texts,), whether this one's and the reference's answers are right."""
    sources = np.array([row.source for row in rows])
    difference = ok.astype(float) - against
    return {
        "name": each.name,
        "kind": each.kind,
        "megabytes": round(each.bytes / 1e6, 1),
        "accuracy": round(float(ok.mean()), 4),
        "by_set": {s: round(float(ok[sources == s].mean()), 4) for s in sorted(set(sources))},
        "less_reference": round(float(difference.mean()), 4),
        "standard_error": round(float(difference.std() / np.sqrt(len(ok))), 4),
        "passed_on": round(each.passed_on, 3),
    }


def named(text: str) -> tuple[str, Path]:
    name, _, path = text.partition("=")
    if not path:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=STATE")
    return name, Path(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("language", choices=sorted(SETS))
    parser.add_argument("model", choices=sorted(MODELS))
    parser.add_argument("without", type=Path)
    parser.add_argument("states", type=named, nargs="+", metavar="NAME=STATE")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--pieces", type=int, default=96)
    parser.add_argument("--sure-from", type=float, default=0.75)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--limit", type=int, default=0, help="texts, to try it out")
    given = parser.parse_args()
    torch.set_num_threads(1)
    tokens = given.weights / f"{given.model}-tokenizer.json"
    texts = Texts(given.data, given.language, tokens, given.pieces)
    parts = texts.parts()
    parts["select"] = parts["select"][: given.limit or None]
    rows = [row for row in parts["select"] if TASK in row.labels]
    found = contestants(given, texts, parts["train"], rows)
    two = np.array([row.two_class for row in rows])
    judged = [row for row in rows if row.two_class]
    answers = [right(each.found[two], judged) for each in found]
    reference = next(n for n, each in enumerate(found) if each.kind == "cascade")
    lines = [
        figures(each, ok, answers[reference], judged)
        for each, ok in zip(found, answers, strict=True)
    ]
    chance = np.random.default_rng(1)
    some = chance.permutation(len(judged))[: given.rounds * TIMED]
    rounds = [[judged[n].text for n in some[of :: given.rounds]] for of in range(given.rounds)]
    rates = speeds(found, rounds)
    for line, rate in zip(lines, rates, strict=True):
        line["texts_per_second"] = round(float(rate))
    report = {
        "language": given.language,
        "texts": len(judged),
        "characters": round(float(np.mean([len(row.text) for row in judged])), 1),
        "sure_from": given.sure_from,
        "reference": found[reference].name,
        "models": lines,
    }
    print(json.dumps(report, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
