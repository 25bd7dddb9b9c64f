"""One training of a reader, from a user's questions to a judged folder of models.

It goes on from the running reader's own weights, which its ONNX file holds: no base model is
needed; torch is. The state (weights, optimiser, place in the order of batches) is written every
minute, and the same command goes on from it.
"""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from shopkeeper.shared.datasets.base import DEFAULTS, Options
from shopkeeper.shared.text.language import detect
from shopkeeper.shared.text.manifest import ModelError, checked_file, model_folder, read_manifest
from shopkeeper.shared.text.reading.reader import SpanReader
from shopkeeper.shared.text.reading.scores import auroc, score
from shopkeeper.shared.text.transformer import padded

from .. import folder
from ..judging import TEXTS_MIN, Verdict, bootstrap
from ..run import CANDIDATE, CannotTrain, Made
from . import rows
from .learning import batches_of, loss_of, optimiser_of
from .pieces import Reading
from .recover import recovered
from .span_encoder import SpanEncoder
from .span_graph import built

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from shopkeeper.shared.text.manifest import ReaderEntry
    from shopkeeper.shared.text.reading.reader import Span

    from .pieces import Row

HEAD_WIDTH = {"en": 32, "zh": 64}  # of one head of attention in the encoders that are shipped
WARM = 0.06
MARGIN, SAME = 0.02, 0.005  # of F1
ROWS_MIN = 8


@dataclass(frozen=True)
class Settings:
    """How a reader learns. wrong: how often a question is read with a passage that does not answer;
    beside: how often in a part of its own that does not; size: windows of a batch."""

    epochs: int = 2
    rate: float = 3e-5
    size: int = 16
    wrong: float = 0.15
    beside: float = 0.1
    unanswerable: float = 0.35
    decay: float = 1.0
    span_max: int = 64
    seed: int = 0
    save_every_s: float = 60.0


@dataclass(frozen=True)
class Plan:
    """What is to be trained; see `apps.train.run.Plan`."""

    language: str
    data: Sequence[Path]
    out: Path
    models: str
    command: str
    held_out: Sequence[Path] = ()
    licence: str = ""
    skip_bad: bool = False
    steps_max: int = 0  # of this run; 0: to the end
    options: Options = DEFAULTS  # of the files
    settings: Settings = Settings()


class Stopped(CannotTrain):
    """This run's steps are done, the training is not; the same command goes on."""


def train(plan: Plan, say: Callable[[str], None]) -> Made:
    """Train, export, judge and write the card. Raises BadRows, CannotTrain, Stopped, ModelError,
    OSError."""
    started = time.monotonic()
    name = f"reader-{plan.language}"
    source = model_folder(plan.models)
    entry = read_manifest(source).readers.get(name)
    if entry is None:
        raise ModelError(f"{source}: its manifest names no {name}")
    content = checked_file(source, entry.file, entry.sha256)
    vocabulary = checked_file(source, entry.vocabulary, entry.vocabulary_sha256)
    found = rows.read(plan.data, plan.held_out, plan.language, plan.skip_bad, plan.options)
    if len(found.train) < ROWS_MIN or not any(row.answers for row in found.test):
        raise CannotTrain(
            f"{len(found.train)} rows to learn from and {len(found.test)} held out: too few"
        )
    pieces = vocabulary.decode().split("\n")
    weights = recovered(source / entry.file, _heads(content, plan.language))
    exported, spent = _fitted(plan, entry, found, weights, pieces, say)
    version = folder.version_of(entry.version, exported)
    described = json.loads((source / "manifest.json").read_bytes())["readers"][name] | {
        "file": f"{name}-{version}.onnx",
        "sha256": hashlib.sha256(exported).hexdigest(),
        "version": version,
        "card": f"{name}-{version}.md",
    }
    folder.checked_size(exported)
    made = plan.out / CANDIDATE
    folder.candidate(made, source, "readers", name, described, exported)
    say(f"judging {version} and {entry.version} on {len(found.test)} held-out questions")
    readers = {
        "running": SpanReader(name, entry, content, vocabulary),
        "new": SpanReader(name, entry, exported, vocabulary),
    }
    report = compared(readers, found.test)
    report["versions"] = {"running": entry.version, "new": version}
    report["training"] = {"rows": len(found.train), "bad_rows": found.bad, "leaked": found.leaked}
    verdict = judged(report)
    report["verdict"] = verdict._asdict()
    seconds = spent + time.monotonic() - started
    card = made / described["card"]
    card.write_text(_card(plan, name, version, entry, report, seconds), "utf-8")
    (plan.out / "comparison.json").write_text(json.dumps(report, indent=2) + "\n", "utf-8")
    return Made(report, verdict, made, card)


def _heads(content: bytes, language: str) -> int:
    """Heads of attention, by the width of the vectors."""
    import onnx

    of = {each.name: each for each in onnx.load_from_string(content).graph.initializer}
    return max(1, int(of["norm.weight"].dims[0]) // HEAD_WIDTH[language])


def _fitted(
    plan: Plan,
    entry: ReaderEntry,
    found: rows.Questions,
    weights: dict[str, Any],
    pieces: Sequence[str],
    say: Callable[[str], None],
) -> tuple[bytes, float]:
    """(ONNX file, seconds of earlier runs)."""
    given = plan.settings
    torch.manual_seed(given.seed)
    reading = Reading(plan.language, pieces)
    reads = [read for read in map(reading.read, found.train) if read.answer or not read.row.span]
    reading.with_others(reads)
    heads = weights["words.weight"].shape[1] // HEAD_WIDTH[plan.language]
    base = {n: w for n, w in weights.items() if not n.startswith(("tasks.", "marks."))}
    model = SpanEncoder(base, heads, range(len(pieces)))
    model.load_state_dict({name: torch.tensor(value) for name, value in weights.items()})
    optimiser = optimiser_of(model, given.rate, given.decay)
    batches = [
        batch
        for epoch in range(given.epochs)
        for batch in batches_of(reads, entry.pieces_max, reading.marks, [given.seed, epoch], given)
    ]
    mark = json.dumps([entry.sha256, str(given), [vars(row) for row in found.train]])
    digest = hashlib.sha256(mark.encode()).hexdigest()[:16]
    path = plan.out / "state" / f"reader-{plan.language}-{digest}.pt"
    path.parent.mkdir(parents=True, exist_ok=True)
    step, spent = 0, 0.0
    if path.exists():
        kept = torch.load(path, weights_only=True)
        model.load_state_dict(kept["model"])
        optimiser.load_state_dict(kept["optimiser"])
        torch.set_rng_state(kept["chance"])
        step, spent = kept["step"], kept["spent"]
    say(f"{len(reads)} questions, {len(batches)} steps, from step {step}")
    started = saved = time.monotonic()
    first = step
    model.train()
    while step < len(batches):
        share = min(1.0, (step + 1) / (WARM * len(batches)), 1 - step / len(batches))
        for group in optimiser.param_groups:
            group["lr"] = float(given.rate * group["scale"] * max(share, 0.01))
        loss = loss_of(model, batches[step])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad()
        step += 1
        now = time.monotonic()
        ends = step == len(batches) or (plan.steps_max and step - first >= plan.steps_max)
        if ends or now - saved > given.save_every_s:
            _save(path, model, optimiser, step, spent + now - started)
            saved = now
            say(f"step {step} of {len(batches)}, loss {float(loss.detach()):.4f}: kept")
        if ends and step < len(batches):
            raise Stopped(f"stopped after step {step} of {len(batches)}: the same command goes on")
    arrays = {name: value.detach().float().numpy() for name, value in model.state_dict().items()}
    arrays["positions.weight"] = arrays["positions.weight"][: padded(entry.pieces_max)]
    return built(arrays, heads).SerializeToString(), spent


def _save(path: Path, model: Any, optimiser: Any, step: int, spent: float) -> None:
    draft = path.with_suffix(".new")
    torch.save(
        {
            "model": model.state_dict(),
            "optimiser": optimiser.state_dict(),
            "step": step,
            "spent": spent,
            "chance": torch.get_rng_state(),
        },
        draft,
    )
    draft.replace(path)


def compared(readers: dict[str, SpanReader], test: Sequence[Row]) -> dict[str, Any]:
    """F1 and exact match over questions with an answer (Rajpurkar et al. 2016), with the paired
    difference of F1, whose interval draws passages; AUROC of answerability where some have none."""
    asked = [(row.question, row.passage) for row in test]
    spans: dict[str, list[Span]] = {who: reader.read_all(asked) for who, reader in readers.items()}
    answered = [place for place, row in enumerate(test) if row.answers]
    f1: dict[str, Any] = {}
    line: dict[str, Any] = {"questions": len(answered)}
    for who, found in spans.items():
        scores = [
            score(
                test[n].passage[found[n].begin : found[n].end],
                test[n].answers,
                detect(test[n].passage),
            )
            for n in answered
        ]
        f1[who] = np.array([each.f1 for each in scores])
        yes = [found[n].answerable for n in answered]
        no = [each.answerable for n, each in enumerate(found) if not test[n].answers]
        line[who] = {
            "f1": round(float(f1[who].mean()), 4),
            "exact": round(float(np.mean([each.exact for each in scores])), 4),
            "answerable_auroc": round(auroc(yes, no), 4) if no else None,
        }
    passages: dict[str, int] = {}
    groups = np.array([passages.setdefault(test[n].passage, len(passages)) for n in answered])
    gain = f1["new"] - f1["running"]
    low, high = bootstrap(gain, groups)
    line["difference"] = round(float(gain.mean()), 4)
    line["difference_interval"] = [round(low, 4), round(high, 4)]
    return {"all": line}


def judged(report: dict[str, Any]) -> Verdict:
    """As `judging.verdict`, of F1."""
    line = report["all"]
    gain, (low, high) = line["difference"], line["difference_interval"]
    told = f"{100 * gain:+.1f} points of F1 ({100 * low:+.1f} to {100 * high:+.1f})"
    if line["questions"] < TEXTS_MIN:
        return Verdict(True, f"{line['questions']} held-out questions are fewer than {TEXTS_MIN}")
    if (high < 0 and gain <= -SAME) or gain < -MARGIN:
        return Verdict(True, f"worse than the running reader: {told}")
    return Verdict(False, f"as good as the running reader or better: {told}")


def _card(
    plan: Plan, name: str, version: str, entry: ReaderEntry, report: dict[str, Any], seconds: float
) -> str:
    line = report["all"]
    low, high = line["difference_interval"]
    lines = [
        f"# Model card: {name} {version}",
        "",
        f"- Base weights: {name} {entry.version} (SHA-256 {entry.sha256[:12]}…), as its int8 file "
        "has them",
        f"- Licence of the data, as whoever trained it says: {plan.licence or 'not stated'}",
        f"- Trained by `{plan.command}`, in {seconds:.0f} s; {plan.settings}",
        f"- Rows: {report['training']}",
        "- Answerability keeps the running reader's calibration (slope and shift)",
        "",
        "| held out | F1 | exact | AUROC of answerability |",
        "|---|---|---|---|",
    ]
    for who in ("running", "new"):
        of = line[who]
        lines.append(f"| {who} | {of['f1']:.4f} | {of['exact']:.4f} | {of['answerable_auroc']} |")
    lines += [
        "",
        f"{line['questions']} questions with an answer; difference of F1 "
        f"{line['difference']:+.4f} ({low:+.4f} to {high:+.4f}).",
        "",
        f"Verdict: {report['verdict']['why']}.",
        "",
    ]
    return "\n".join(lines)
