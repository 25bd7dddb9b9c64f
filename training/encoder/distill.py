"""Teach an encoder of fewer layers.

`python distill.py LANGUAGE MODEL OUT --from STATE --layers 0,3 --teacher MODELS ...`

The student begins as some of the layers of STATE, and learns from labels and from what a teacher
says (Hinton et al. 2015): an exported encoder, which may be STATE's own. In Chinese the teacher
also answers for reviews that nobody labelled. Its answers are kept in a file, for other students.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from pseudo_labels import unlabelled
from texts import Row, Texts
from torch.nn import functional
from train import MODELS, arguments, encoder, figures, fit, loss_of, numbers

from shopkeeper.shared.text.transformer import Transformer

TEMPERATURE = 2.0
LABELS_SHARE = 0.5  # of the loss; the rest is the teacher's
CHUNK = 2000
TOLD_STEP = 4  # of the part kept for choosing: compression.py measures on all


@dataclass
class Taught(Row):
    """A text, and by task the teacher's log-odds; no labels if nobody gave any."""

    odds: dict[str, np.ndarray] = field(default_factory=dict)


def taught_loss(outputs: dict[str, torch.Tensor], rows: list[Taught]) -> torch.Tensor:
    """Mean of the labels' loss and of the divergence from the teacher's softened probabilities.

    The teacher is heard on the tasks that a text is labelled for, and on sentiment if on none.
    """
    total = loss_of(outputs, rows) * LABELS_SHARE
    for task, scores in outputs.items():
        places = [n for n, row in enumerate(rows) if task in row.odds]
        if not places:
            continue
        teacher = torch.tensor(np.stack([rows[n].odds[task] for n in places])) / TEMPERATURE
        apart = functional.kl_div(
            functional.log_softmax(scores[places] / TEMPERATURE, 1),
            functional.log_softmax(teacher, 1),
            reduction="sum",
            log_target=True,
        )
        total = total + (1 - LABELS_SHARE) * TEMPERATURE**2 * apart / len(rows)
    return total


class Answers:
    """A teacher's log-odds by text and task, kept in a file between runs."""

    def __init__(self, path: Path, teacher: Transformer) -> None:
        """path: of the file, of this teacher; made if there is none."""
        self._path, self._teacher = path, teacher
        self._known: dict[tuple[str, str], np.ndarray] = {}
        if path.exists():
            with np.load(path) as kept:
                for task in teacher.tasks:
                    keys = kept[f"{task}.keys"].tolist()
                    self._known |= {
                        (task, key): odds for key, odds in zip(keys, kept[task], strict=True)
                    }

    def of(self, rows: list[Row]) -> list[Taught]:
        wanted: dict[str, dict[str, str]] = {task: {} for task in self._teacher.tasks}
        tasks = [tuple(row.labels) or ("sentiment",) for row in rows]
        keys = [hashlib.md5(row.text.encode()).hexdigest() for row in rows]
        for row, key, each in zip(rows, keys, tasks, strict=True):
            for task in each:
                if (task, key) not in self._known:
                    wanted[task][key] = row.text
        for task, texts in wanted.items():
            left = list(texts)
            for first in range(0, len(left), CHUNK):
                part = left[first : first + CHUNK]
                odds = self._teacher.log_odds([texts[key] for key in part], task)
                self._known |= {(task, k): each for k, each in zip(part, odds, strict=True)}
                print(f"teacher {task} {first + len(part)}/{len(left)}", flush=True)
        if any(wanted.values()):
            self._save()
        return [
            Taught(
                row.text, row.ids, row.labels, row.two_class, row.source,
                {task: self._known[task, key] for task in each},
            )
            for row, key, each in zip(rows, keys, tasks, strict=True)
        ]  # fmt: skip

    def _save(self) -> None:
        kept: dict[str, np.ndarray] = {}
        for task, labels in self._teacher.tasks.items():
            keys = [key for of, key in self._known if of == task]
            kept[f"{task}.keys"] = np.array(keys, "U32")
            kept[task] = np.array([self._known[task, key] for key in keys], np.float32)
            kept[task] = kept[task].reshape(len(keys), len(labels))
        np.savez(self._path, **kept)


def teaching(parser: argparse.ArgumentParser) -> None:
    """Add how a student is taught."""
    parser.add_argument("--teacher", type=Path, help="folder of models with the teacher in it")
    parser.add_argument("--answers", type=Path, default=Path("answers.npz"))
    parser.add_argument("--unlabelled", type=int, default=20000, help="texts, at most")
    parser.add_argument("--thin", type=float, default=1.0, help="share of the rows that is used")


def teach(
    model: torch.nn.Module, given: argparse.Namespace, tokens: Path, parts: dict[str, list[Row]]
) -> None:
    """Train a student by its `lesson`, and say after each epoch how it does on `select`."""
    rows, loss = lesson(given, given.language, tokens, parts)
    fit(
        model,
        rows,
        given.out,
        given,
        loss_of=loss,
        told=lambda: figures(model, parts["select"][::TOLD_STEP]),
    )


def lesson(
    given: argparse.Namespace, language: str, tokens: Path, parts: dict[str, list[Row]]
) -> tuple[list[Row], Callable[[dict[str, torch.Tensor], list[Row]], torch.Tensor]]:
    """(what is learned from, its loss): with a teacher, or from labels alone."""
    kept = np.random.default_rng(given.seed).random(len(parts["train"])) < given.thin
    rows = [row for row, keep in zip(parts["train"], kept, strict=True) if keep]
    rows = rows[: given.limit or None]
    if not given.teacher:
        return rows, loss_of
    if language == "zh":
        rows += unlabelled(given.data, tokens, given.pieces)[: given.unlabelled]
    answers = Answers(given.answers, Transformer.load(f"text-{language}", str(given.teacher)))
    return answers.of(rows), taught_loss


def main() -> None:
    parser = arguments()
    teaching(parser)
    parser.add_argument("language", choices=["en", "zh"])
    parser.add_argument("model", choices=sorted(MODELS))
    parser.add_argument("out", type=Path)
    parser.add_argument("--from", dest="first", type=Path, required=True)
    parser.add_argument("--layers", type=numbers, default=[], help="which the student begins with")
    given = parser.parse_args()
    tokens = given.weights / f"{given.model}-tokenizer.json"
    texts = Texts(given.data, given.language, tokens, given.pieces)
    parts = texts.parts()
    tasks = {task: len(names) for task, names in texts.labels.items()}
    model = encoder(given, given.model, tasks, first=given.first, layers=given.layers)
    for table in (model.words, model.positions, model.segments):  # the teacher's, and most weights
        table.requires_grad_(False)
    teach(model, given, tokens, parts)


if __name__ == "__main__":
    main()
