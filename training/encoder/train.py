"""Fine-tune an encoder on all tasks of a language at once.

Resumable: the state (weights, optimiser, place in the order of batches) is written every few
minutes, and the same command goes on from it. Data-parallel: started by `torchrun`, the processes
share each batch and average their gradients (gloo).
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from bert import Encoder
from layers import kept_layers, layer_count
from texts import TIMES, Row, Texts, batch
from torch import distributed
from torch.nn import functional

MODELS = {  # file, heads, pooling
    "bge-small-zh-v1.5": (8, "first"),
    "bge-small-en-v1.5": (12, "first"),
    "all-minilm-l6-v2": (12, "mean"),
    "e5-small-v2": (12, "mean"),
}
NOT_NEUTRAL = 0.2  # weight of "not neutral" for texts of sets that know no neutral
WARM = 0.06


def order(rows: list[Row], size: int, epoch: int, seed: int) -> list[list[int]]:
    """Batches of an epoch: texts of like length together, the batches in random order."""
    chance = np.random.default_rng([seed, epoch])
    shuffled = chance.permutation(len(rows))
    batches = []
    for first in range(0, len(shuffled), size * 50):
        part = sorted(shuffled[first : first + size * 50], key=lambda n: len(rows[n].ids))
        batches += [part[n : n + size] for n in range(0, len(part), size)]
    return [batches[n] for n in chance.permutation(len(batches))]


def loss_of(outputs: dict[str, torch.Tensor], rows: list[Row]) -> torch.Tensor:
    """Mean over the texts of the cross entropy of what each is labelled for."""
    total = outputs["sentiment"].sum() * 0
    for task, scores in outputs.items():
        places = [n for n, row in enumerate(rows) if task in row.labels]
        if not places:
            continue
        truth = torch.tensor([rows[n].labels[task] for n in places])
        scores = scores[places]
        if task == "sentiment":
            two = torch.tensor([rows[n].two_class for n in places])
            without = scores.clone()
            without[:, 1] = torch.where(two, torch.tensor(-1e4), scores[:, 1])
            neutral = functional.log_softmax(scores, 1)[:, 1].exp().clamp(max=1 - 1e-6)
            total = total + functional.cross_entropy(without, truth, reduction="sum")
            total = total - NOT_NEUTRAL * (torch.log1p(-neutral) * two).sum()
        else:
            total = total + functional.cross_entropy(scores, truth, reduction="sum")
    return total / len(rows)


@torch.no_grad()
def predicted(model: Encoder, rows: list[Row]) -> dict[str, np.ndarray]:
    """Probabilities by task, (rows, labels)."""
    model.eval()
    found: dict[str, np.ndarray] = {}
    places = np.argsort([len(row.ids) for row in rows], kind="stable")
    for first in range(0, len(rows), 64):
        part = places[first : first + 64]
        ids, mask = batch([rows[n].ids for n in part])
        for task, scores in model(torch.tensor(ids), torch.tensor(mask)).items():
            into = found.setdefault(task, np.zeros((len(rows), scores.shape[1]), np.float32))
            into[part] = scores.softmax(1).numpy()
    model.train()
    return found


def figures(model: Encoder, rows: list[Row]) -> dict[str, float]:
    """Accuracy by source; of two-class sets by the larger of positive and negative."""
    found = predicted(model, rows)
    right: dict[str, list[bool]] = {}
    for number, row in enumerate(rows):
        for task, label in row.labels.items():
            scores = found[task][number].copy()
            if task == "sentiment" and row.two_class:
                right.setdefault(f"{row.source}:3", []).append(int(scores.argmax()) == label)
                scores[1] = -1
            right.setdefault(row.source, []).append(int(scores.argmax()) == label)
    return {name: round(float(np.mean(each)), 4) for name, each in sorted(right.items())}


def optimiser_of(model: Encoder, rate: float, decay: float) -> torch.optim.Optimizer:
    """AdamW whose rate falls by `decay` with each layer from the top; heads learn fastest."""
    groups = []
    count = len(model.layers)
    for name, parameter in model.named_parameters():
        at = int(name.split(".")[1]) + 1 if name.startswith("layers.") else 0
        depth = 0 if name.startswith("tasks.") else count - at
        weight_decay = 0.01 if parameter.ndim > 1 else 0.0
        groups.append({"params": [parameter], "weight_decay": weight_decay, "scale": decay**depth})
    return torch.optim.AdamW(groups, rate)


class State:
    """What a run goes on from, in OUT/state.pt."""

    def __init__(self, model: Encoder, optimiser: torch.optim.Optimizer, path: Path) -> None:
        self._model, self._optimiser, self._path = model, optimiser, path
        self.step, self.spent = 0, 0.0
        if path.exists():
            kept = torch.load(path, weights_only=True)
            model.load_state_dict(kept["model"])
            optimiser.load_state_dict(kept["optimiser"])
            self.step, self.spent = kept["step"], kept["spent"]
            torch.set_rng_state(kept["chance"])

    def save(self, spent: float) -> None:
        """spent: seconds, all runs together."""
        written = self._path.with_suffix(".new")
        torch.save(
            {
                "model": self._model.state_dict(),
                "optimiser": self._optimiser.state_dict(),
                "step": self.step,
                "spent": spent,
                "chance": torch.get_rng_state(),
            },
            written,
        )
        written.replace(self._path)


def fit(
    model: Encoder,
    train: list[Row],
    out: Path,
    given: argparse.Namespace,
    *,
    loss_of: Callable[[dict[str, torch.Tensor], list[Row]], torch.Tensor],
    told: Callable[[], object],
) -> None:
    """Train, going on from `out`; after each epoch say what `told` finds, and keep the weights.

    given: epochs, rate, decay, size (texts a batch and process), seed, save_every (seconds).
    """
    workers = int(os.environ.get("WORLD_SIZE", "1"))
    rank = int(os.environ.get("RANK", "0"))
    if workers > 1:
        distributed.init_process_group("gloo")
    optimiser = optimiser_of(model, given.rate, given.decay)
    orders = [order(train, given.size * workers, e, given.seed) for e in range(given.epochs)]
    flat = [(e, n) for e, each in enumerate(orders) for n in range(len(each))]
    steps = len(flat)
    out.mkdir(parents=True, exist_ok=True)
    state = State(model, optimiser, out / "state.pt")
    print(json.dumps({"rows": len(train), "steps": steps, "from": state.step}), flush=True)
    started = saved = time.monotonic()
    model.train()
    running = 0.0
    while state.step < steps:
        epoch, number = flat[state.step]
        warming = (state.step + 1) / (WARM * steps)
        share = min(1.0, warming, (steps - state.step) / (steps * (1 - WARM)))
        for group in optimiser.param_groups:
            group["lr"] = given.rate * group["scale"] * share
        rows = [train[n] for n in orders[epoch][number][rank::workers]]
        ids, mask = batch([row.ids for row in rows])
        loss = loss_of(model(torch.tensor(ids), torch.tensor(mask)), rows)
        loss.backward()
        if workers > 1:
            _average(model, workers)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad()
        running += loss.item()
        state.step += 1
        now = time.monotonic()
        spent = state.spent + now - started
        if rank:
            continue
        if state.step % 100 == 0:
            print(f"{state.step}/{steps} loss {running / 100:.4f} {spent:.0f} s", flush=True)
            running = 0.0
        ends = state.step == steps or flat[state.step][0] != epoch
        if ends or now - saved > given.save_every:
            state.save(spent)
            saved = time.monotonic()
        if ends:
            print(f"epoch {epoch + 1} select {json.dumps(told())}", flush=True)
            torch.save(model.state_dict(), out / f"epoch{epoch + 1}.pt")


def _average(model: Encoder, workers: int) -> None:
    """Make gradients those of all processes' texts."""
    for parameter in model.parameters():
        if parameter.grad is None:
            parameter.grad = torch.zeros_like(parameter)
        distributed.all_reduce(parameter.grad)
        parameter.grad /= workers


def arguments() -> argparse.ArgumentParser:
    """How an encoder is trained."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--rate", type=float, default=1e-4)
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--pieces", type=int, default=96)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--save-every", type=float, default=180.0)
    parser.add_argument("--limit", type=int, default=0)
    parser.add_argument(
        "--decay", type=float, default=0.9, help="of the rate, by layer from the top"
    )
    return parser


def encoder(
    given: argparse.Namespace,
    name: str,
    tasks: dict[str, int],
    *,
    first: Path | None = None,
    layers: Sequence[int] = (),
) -> Encoder:
    """The base model of this name, with a new head for each task; or one that was trained.

    first: its weights (.pt). layers: which of the model's, or of `first`'s, are kept; none: all.
    """
    torch.set_num_threads(1)
    torch.manual_seed(given.seed)
    heads, pooling = MODELS[name]
    state = kept_layers(torch.load(first, weights_only=True), layers) if first else None
    model = Encoder(
        given.weights / f"{name}.onnx",
        heads=heads,
        pooling=pooling,
        layers=range(layer_count(state)) if state else layers,
        tasks=tasks,
    )
    if state:
        model.load_state_dict(state)
    return model


def numbers(text: str) -> list[int]:
    """Of "0,3", for instance."""
    return [int(each) for each in text.split(",")]


def thinned(rows: list[Row], share: float, seed: int) -> list[Row]:
    """All rows of the sets of TIMES, and a share of the others': to go on with what is new."""
    kept = np.random.default_rng(seed).random(len(rows)) < share
    return [row for row, keep in zip(rows, kept, strict=True) if keep or row.source in TIMES]


def main() -> None:
    parser = arguments()
    parser.add_argument("language", choices=["en", "zh"])
    parser.add_argument("model", choices=sorted(MODELS))
    parser.add_argument("out", type=Path)
    parser.add_argument("--from", dest="first", type=Path, help="weights to go on from (.pt)")
    parser.add_argument(
        "--layers", type=numbers, default=[], help="which are kept, as 0,3; without it: all"
    )
    parser.add_argument(
        "--thin", type=float, default=1.0, help="share of the rows of large sets that is used"
    )
    given = parser.parse_args()
    tokens = given.weights / f"{given.model}-tokenizer.json"
    texts = Texts(given.data, given.language, tokens, given.pieces)
    parts, labels = texts.parts(), texts.labels
    tasks = {task: len(names) for task, names in labels.items()}
    model = encoder(given, given.model, tasks, first=given.first, layers=given.layers)
    fit(
        model,
        thinned(parts["train"], given.thin, given.seed)[: given.limit or None],
        given.out,
        given,
        loss_of=loss_of,
        told=lambda: figures(model, parts["select"]),
    )


if __name__ == "__main__":
    main()
