"""One training of a text model, from a user's files to a judged folder of models."""

from __future__ import annotations

import hashlib
import json
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from shopkeeper.shared.datasets.base import DEFAULTS, Options
from shopkeeper.shared.text.manifest import model_folder
from shopkeeper.shared.text.onnx_model import read_checked

from . import adapted, folder, intents, judging, rows, sentiments
from .card import Card, written
from .linear import Linear, graph
from .state import State
from .tasks import TASKS, Task

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

RECIPE = 1  # of what is computed here: another number has a state of its own
LABEL_TEXTS_MIN = 4  # of each label in training
LABELS_TOLD_MAX = 10
CANDIDATE = "models"


class CannotTrain(ValueError):
    """The rows, or the running model, do not allow it; the message says why."""


@dataclass(frozen=True)
class Plan:
    """What is to be trained. out: folder of state, card, comparison and the new folder of models.
    start: `running` or `nothing`; "": the running model, where it has all labels."""

    task: str
    data: Sequence[Path]
    out: Path
    models: str  # the running folder; "": the package's
    command: str
    held_out: Sequence[Path] = ()
    start: str = ""
    licence: str = ""
    skip_bad: bool = False
    options: Options = DEFAULTS  # of the files


class Made(NamedTuple):
    """What came of it. models: a whole folder of models with the new one in it."""

    report: dict[str, Any]
    verdict: judging.Verdict
    models: Path
    card: Path


def train(plan: Plan, say: Callable[[str], None]) -> Made:
    """Train, export, judge and write the card. Raises BadRows, CannotTrain, ModelError, OSError."""
    started = time.monotonic()
    task = TASKS[plan.task]
    parts, bad = _read(plan, task)
    for line in rows.remarks(parts):
        say(line)
    _need_both(parts)
    entry, running = read_checked(task.name, plan.models)
    start = _start(plan, task, parts, set(entry.labels))
    labels = list(entry.labels) if start == "running" else _labels(task, parts.train)
    digests = [(path.name, _digest(path)) for path in (*plan.data, *plan.held_out)]
    content = {
        "recipe": RECIPE,
        "task": task.name,
        "start": start,
        "labels": labels,
        "running": entry.sha256 if start == "running" else "",
        "rows": _rows_digest(parts.train),
    }
    state = State(plan.out / "state", content, say)
    spent = float((state.load("spent") or {"seconds": np.array(0.0)})["seconds"])
    if start == "running":
        model, told = _adapted(task, parts, labels, bytes(running), state)
        parameters = dict(entry.parameters)
    else:
        model, parameters, told = _from_nothing(task, parts, labels, state)
    exported = graph(model)
    version = folder.version_of(entry.version, exported)
    described = folder.entry_of(
        task.name,
        version,
        labels,
        bits=task.bits,
        sizes=task.sizes,
        content=exported,
        parameters=parameters,
    )
    made = plan.out / CANDIDATE
    folder.candidate(made, model_folder(plan.models), "models", task.name, described, exported)
    say(f"judging {version} and {entry.version} on {len(parts.test)} held-out texts")
    texts = [row.text for row in parts.test]
    report = judging.compared(
        task.answers(plan.models, texts), task.answers(str(made), texts), parts.test
    )
    report["training"] = {"start": start, "texts": len(parts.train), "bad_rows": bad, **told}
    report["model"] = {"bytes": len(exported), "sha256": described["sha256"], "labels": labels}
    verdict = judging.verdict(report)
    spent += time.monotonic() - started
    state.save("spent", {"seconds": np.array(spent)})
    base = f"{task.name} {entry.version} (SHA-256 {entry.sha256[:12]}…)"
    card = Card(
        title=f"{task.name} {version}",
        what=f"Linear model over hashed n-grams, int8, ONNX, {len(exported) / 1e6:.1f} MB; "
        f"{len(labels)} labels.",
        command=plan.command,
        base=f"{base}, its weights as the prior" if start == "running" else "none",
        licence=plan.licence,
        data=digests,
        seconds=spent,
    )
    (made / described["card"]).write_text(written(card, parts, report, verdict), "utf-8")
    report["verdict"] = verdict._asdict()
    (plan.out / "comparison.json").write_text(json.dumps(report, indent=2) + "\n", "utf-8")
    return Made(report, verdict, made, made / described["card"])


def _read(plan: Plan, task: Task) -> tuple[rows.Parts, int]:
    found, bad = rows.read(plan.data, task.wrong, plan.skip_bad, plan.options)
    if plan.held_out:
        held, more = rows.read(plan.held_out, task.wrong, plan.skip_bad, plan.options)
        found = [row._replace(split=rows.TRAIN) for row in found if row.split != rows.TEST]
        found += [row._replace(split=rows.TEST) for row in held]
        bad += more
    found = [row._replace(label=task.named(row.label)) for row in found]
    return rows.parted(found), bad


def _need_both(parts: rows.Parts) -> None:
    if not parts.test:
        raise CannotTrain("no row is held out: name them by --held-out, or by the column `split`")
    if not parts.train:
        why = "no row is of train"
        if parts.leaked:
            why = f"the texts of all {parts.leaked} rows of train are held out as well"
        raise CannotTrain(f"nothing is left to learn from: {why}")


def _start(plan: Plan, task: Task, parts: rows.Parts, known: set[str]) -> str:
    new = {row.label for row in parts.train} - known
    if plan.start == "running" and new:
        raise CannotTrain(
            f"the running model has no label {sorted(new)[0]!r}: train with --start nothing"
        )
    return plan.start or ("nothing" if new else "running")


def _labels(task: Task, train: Sequence[rows.Row]) -> list[str]:
    counts = Counter(row.label for row in train)
    if len(counts) < 2:
        (label,) = counts
        raise CannotTrain(
            f"all {len(train)} training rows have the label {label!r}: a model tells at least two "
            "apart (a fifth of the rows is held out, where they name no split)"
        )
    few = sorted((count, label) for label, count in counts.items() if count < LABEL_TEXTS_MIN)
    if few:
        told = ", ".join(f"{label!r} has {count}" for count, label in few[:LABELS_TOLD_MAX])
        more = f" and {len(few) - LABELS_TOLD_MAX} more" if len(few) > LABELS_TOLD_MAX else ""
        raise CannotTrain(
            f"each label takes at least {LABEL_TEXTS_MIN} training rows; {told}{more}: "
            "add rows of these labels, or leave the labels out"
        )
    return list(task.labels) or sorted({*counts, *task.must})


def _adapted(
    task: Task, parts: rows.Parts, labels: list[str], content: bytes, state: State
) -> tuple[Linear, dict[str, Any]]:
    try:
        running = adapted.linear_of(content)
    except ValueError as error:
        raise CannotTrain(str(error)) from None
    return adapted.learned(
        running,
        [row.text for row in parts.train],
        np.array([labels.index(row.label) for row in parts.train]),
        np.array([row.weight for row in parts.train]),
        two=two_sided(task, parts.train),
        groups=[row.group or row.text for row in parts.train],
        bits=task.bits,
        sizes=task.sizes,
        state=state,
    )


def _from_nothing(
    task: Task, parts: rows.Parts, labels: list[str], state: State
) -> tuple[Linear, dict[str, float], dict[str, Any]]:
    train = parts.train
    if task.name == "intent":
        return intents.learned(
            [row.text for row in train],
            np.array([labels.index(row.label) for row in train]),
            np.array([row.weight for row in train]),
            labels=labels,
            oos=labels.index(task.must[0]),
            bits=task.bits,
            sizes=task.sizes,
            state=state,
        )
    two = two_sided(task, train)
    numbers: dict[str, int] = {}
    groups = np.array([numbers.setdefault(row.group or row.text, len(numbers)) for row in train])
    sets: dict[str, int] = {}
    sources = np.array([sets.setdefault(row.source, len(sets)) for row in train])
    y = np.array([labels.index(row.label) for row in train])
    languages = {}
    for name in sorted({row.language for row in train}):
        of = np.array([row.language == name for row in train])
        _enough(name, labels, y[of & ~two])
        weights = np.array([row.weight for row in train])[of]
        languages[name] = sentiments.Texts(
            texts=[row.text for row in train if row.language == name],
            y=y[of],
            sources=sources[of],
            two=two[of],
            weights=weights,
            mix=weights * np.where(two[of], sentiments.MIX_WEIGHT_TWO, 1.0),
            groups=groups[of],
        )
    model = sentiments.learned(languages, bits=task.bits, sizes=task.sizes, state=state)
    return model, {}, {"languages": ", ".join(languages)}


def _enough(language: str, labels: Sequence[str], y: NDArray[Any]) -> None:
    """Neutral cannot be learned from sets without it."""
    for place, label in enumerate(labels):
        if (y == place).sum() < sentiments.FOLDS:
            raise CannotTrain(
                f"from nothing, {language} needs {sentiments.FOLDS} rows or more of {label!r} in "
                "sources that have neutral too: train with --start running"
            )


def two_sided(task: Task, train: Sequence[rows.Row]) -> NDArray[np.bool_]:
    """(rows,): of a source that knows the first and the last label alone, where the task's are
    ordered."""
    knows: dict[str, set[str]] = {}
    for row in train:
        knows.setdefault(row.source, set()).add(row.label)
    ends = {task.labels[0], task.labels[-1]} if task.labels else set()
    return np.array([bool(ends) and knows[row.source] <= ends for row in train])


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _rows_digest(train: Sequence[rows.Row]) -> str:
    digest = hashlib.sha256()
    for row in train:
        digest.update(json.dumps(row, ensure_ascii=False).encode() + b"\n")
    return digest.hexdigest()
