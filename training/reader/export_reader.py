"""Write a trained span model into the folder of models: `python export_reader.py LANGUAGE MODEL
STATE MODELS --version V`. The answerability's slope and shift are fitted on `select`."""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from questions import Read, parts, rows_to_learn
from span_graph import built
from vocabulary import VOCABULARY, pieces_of

sys.path.insert(0, str(Path(__file__).parents[1] / "encoder"))
from train import MODELS

from shopkeeper.shared.text.language import detect
from shopkeeper.shared.text.manifest import MANIFEST, MANIFEST_FORMAT, ReaderEntry
from shopkeeper.shared.text.reading.reader import SpanReader
from shopkeeper.shared.text.reading.scores import auroc, score
from shopkeeper.shared.text.transformer import padded

PIECES_MAX = {"zh": 320, "en": 192}
SPAN_PIECES_MAX = {"zh": 50, "en": 64}
STEPS = 100  # of Newton's method: it needs ten


class Sides(NamedTuple):
    """Answerabilities of right passages and of wrong ones."""

    yes: list[float]
    no: list[float]


def weights_of(state: Path) -> dict[str, np.ndarray]:
    """The arrays of a trained state (.pt)."""
    found = torch.load(state, weights_only=True)
    found = found.get("model", found)
    return {name: value.float().numpy() for name, value in found.items()}


def graph_of(given: argparse.Namespace, quantised: bool = True) -> bytes:
    """The trained state as an ONNX model; of positions it has those of one window."""
    weights = weights_of(given.state)
    weights["positions.weight"] = weights["positions.weight"][: padded(given.pieces)]
    return built(weights, MODELS[given.model][0], quantised).SerializeToString()


def vocabulary_for(given: argparse.Namespace) -> list[str]:
    """The pieces that the state was trained with."""
    kept = given.state.parent / VOCABULARY
    if kept.exists():
        return kept.read_text(encoding="utf-8").split("\n")
    return pieces_of(given.weights / f"{given.model}-tokenizer.json")


def reader_of(content: bytes, vocabulary: bytes, language: str, given) -> SpanReader:
    """The reader of a model that is not in a folder yet; its answerability is as the model says."""
    entry = ReaderEntry(
        file="", sha256="", vocabulary="", vocabulary_sha256="", version="",
        strip_accents=language == "en", pieces_max=given.pieces,
        span_pieces_max=given.span_pieces,
    )  # fmt: skip
    return SpanReader("reader", entry, content, vocabulary)


def judged(reader: SpanReader, reads: list[Read]) -> tuple[dict[str, object], Sides]:
    """EM and F1 by set, of answered questions; AUROC of answerability: over the set as it is
    (`auroc`), and of the right passages over wrong ones (`auroc_wrong`)."""
    rows = [each.row for each in reads]
    spans = reader.read_all([(row.question, row.passage) for row in rows])
    found: dict[str, object] = {}
    for source in sorted({row.source for row in rows}):
        scores = [
            score(row.passage[span.begin : span.end], row.answers, detect(row.passage))
            for row, span in zip(rows, spans, strict=True)
            if row.source == source and row.answers
        ]
        if scores:
            found[source] = {
                "f1": round(float(np.mean([each.f1 for each in scores])), 4),
                "em": round(float(np.mean([each.exact for each in scores])), 4),
                "questions": len(scores),
            }
    yes = [s.answerable for row, s in zip(rows, spans, strict=True) if row.span]
    no = [s.answerable for row, s in zip(rows, spans, strict=True) if not row.span]
    if no:
        found["auroc"] = round(auroc(yes, no), 4)
    wrong = [(each.row.question, each.others[0].text) for each in reads if each.others]
    beside = [span.answerable for span in reader.read_all(wrong)]
    found["auroc_wrong"] = round(auroc(yes, beside), 4)
    return found, Sides(yes, no + beside)


def fitted(sides: Sides) -> tuple[float, float]:
    """Slope and shift of the log-odds by logistic regression (Platt 1999), both kinds weighing the
    same."""
    yes, no = sides
    p = np.clip(np.array(yes + no), 1e-9, 1 - 1e-9)
    x = np.stack([np.log(p / (1 - p)), np.ones(len(p))], 1)
    y = np.repeat([1.0, 0.0], [len(yes), len(no)])
    weight = np.repeat([0.5 / len(yes), 0.5 / len(no)], [len(yes), len(no)])
    found = np.array([1.0, 0.0])
    for _ in range(STEPS):
        q = 1 / (1 + np.exp(-x @ found))
        slope = x.T @ (weight * (q - y))
        curve = (x * (weight * q * (1 - q))[:, None]).T @ x + 1e-6 * np.eye(2)
        found = found - np.linalg.solve(curve, slope)
    return round(float(found[0]), 4), round(float(found[1]), 4)


def arguments() -> argparse.ArgumentParser:
    """What a trained span model is found by."""
    parser = argparse.ArgumentParser()
    parser.add_argument("language", choices=["en", "zh"])
    parser.add_argument("model", choices=sorted(MODELS))
    parser.add_argument("state", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--xquad", type=Path, help="as in training")
    parser.add_argument("--pieces", type=int, default=0, help="of a window; else the language's")
    parser.add_argument("--span-pieces", type=int, default=0)
    return parser


def parsed(parser: argparse.ArgumentParser) -> argparse.Namespace:
    given = parser.parse_args()
    given.pieces = given.pieces or PIECES_MAX[given.language]
    given.span_pieces = given.span_pieces or SPAN_PIECES_MAX[given.language]
    return given


def selected(given: argparse.Namespace) -> list[Read]:
    """`select`, with wrong passages of it."""
    rows = rows_to_learn(given.data, given.language, given.xquad)
    del rows["train"]  # is slow to be cut into pieces
    found, reading = parts(rows, given.language, vocabulary_for(given))
    reading.with_others(found["select"])
    return found["select"]


def main() -> None:
    parser = arguments()
    parser.add_argument("models", type=Path)
    parser.add_argument("--version", required=True)
    given = parsed(parser)
    content = graph_of(given)
    vocabulary = "\n".join(vocabulary_for(given)).encode()
    reader = reader_of(content, vocabulary, given.language, given)
    found, sides = judged(reader, selected(given))
    answerable = fitted(sides)
    name = f"reader-{given.language}"
    # Shared with the encoder of intents, where it was trained from the same weights.
    shared = given.models / f"text-{given.language}.vocabulary"
    same = shared.exists() and shared.read_bytes() == vocabulary
    words = shared.name if same else f"{name}.vocabulary"
    if not same:
        (given.models / words).write_bytes(vocabulary)
    (given.models / f"{name}.onnx").write_bytes(content)
    path = given.models / MANIFEST
    manifest = json.loads(path.read_text()) if path.exists() else {"models": {}}
    manifest["format"] = MANIFEST_FORMAT
    manifest.setdefault("readers", {})[name] = {
        "file": f"{name}.onnx",
        "sha256": hashlib.sha256(content).hexdigest(),
        "vocabulary": words,
        "vocabulary_sha256": hashlib.sha256(vocabulary).hexdigest(),
        "strip_accents": given.language == "en",
        "version": given.version,
        "pieces_max": given.pieces,
        "span_pieces_max": given.span_pieces,
        "answerable": answerable,
        "card": f"{name}.md",
    }
    path.write_text(json.dumps(manifest, indent=2, sort_keys=True) + "\n")
    print(json.dumps({"bytes": len(content), "answerable": answerable, "select": found}))


if __name__ == "__main__":
    main()
