"""Train the rewriter: `PYTHONPATH=src python training/rewriter/train.py STATE [STEPS]`.

One thread. STATE holds what a run that is cut short goes on from, and at the end `encoder.onnx`,
`step.onnx` and `pieces.json`. Prints the loss, then the exact share on pairs of the select part.
"""

from __future__ import annotations

import itertools
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from model import Rewriter, Step
from pairs import Maker
from pieces import Pieces

if TYPE_CHECKING:
    from collections.abc import Iterator


SEED, BATCH, POOL, STEPS = 313, 64, 16, 1200
RATE, WARM_STEPS, SAVE_STEPS = 1.5e-3, 150, 200


def padded(rows: list[list[int]]) -> torch.Tensor:
    longest = max(map(len, rows))
    return torch.tensor([row + [0] * (longest - len(row)) for row in rows])


def batches(pieces: Pieces, begin: int, steps: int) -> Iterator[tuple[torch.Tensor, ...]]:
    """Pairs that are drawn once and never again, those of like length together."""
    for pool in range(begin // POOL, -(-steps // POOL)):
        maker = Maker(SEED + 1 + pool, "train")
        rows = []
        for _ in range(BATCH * POOL):
            pair = maker.draw()
            source = pieces.source(pair.before, pair.title, pair.line)
            said, due = pieces.target(pair.whole, source)
            rows.append((source.ids, source.parts, source.words, said, due))
        rows.sort(key=lambda row: (len(row[0]), len(row[3])))
        cuts = [rows[at : at + BATCH] for at in range(0, len(rows), BATCH)]
        order = torch.randperm(POOL, generator=torch.Generator().manual_seed(pool)).tolist()
        for at in order:
            yield tuple(padded(list(column)) for column in zip(*cuts[at], strict=True))


def export(model: Rewriter, folder: Path) -> None:
    model.eval()
    ids, said = torch.ones(2, 9, dtype=torch.long), torch.ones(2, 4, dtype=torch.long)
    memory = model.encoder(ids, ids)
    rows = {0: "rows", 1: "source"}
    torch.onnx.export(
        model.encoder,
        (ids, ids),
        str(folder / "encoder.onnx"),
        dynamo=False,
        input_names=["ids", "parts"],
        output_names=["memory"],
        dynamic_axes={"ids": rows, "parts": rows, "memory": rows},
    )
    torch.onnx.export(
        Step(model.decoder),
        (said, memory, ids),
        str(folder / "step.onnx"),
        dynamo=False,
        input_names=["said", "memory", "ids"],
        output_names=["written", "copied"],
        dynamic_axes={
            "said": {0: "rows", 1: "places"},
            "memory": rows,
            "ids": rows,
            "written": {0: "rows"},
            "copied": rows,
        },
    )


def main(folder: Path, steps: int) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    folder.mkdir(parents=True, exist_ok=True)
    maker = Maker(SEED, "train")
    pieces = Pieces.of(maker.draw() for _ in range(20_000))
    (folder / "pieces.json").write_text(json.dumps(pieces.known, ensure_ascii=False), "utf-8")
    model = Rewriter(pieces.size, pieces.readable)
    print(f"{sum(each.numel() for each in model.parameters())} parameters, {pieces.size} words")
    fit = torch.optim.AdamW(model.parameters(), RATE, betas=(0.9, 0.98), weight_decay=0.01)
    done, kept = 0, folder / "state.pt"
    if kept.exists():
        state = torch.load(kept)
        model.load_state_dict(state["model"])
        fit.load_state_dict(state["fit"])
        done = state["done"]
    began, total = time.monotonic(), 0.0
    stream = batches(pieces, done, steps)
    for step, batch in zip(itertools.count(done + 1), stream, strict=False):
        if step > steps:
            break
        rate = RATE * min(step / WARM_STEPS, 1.0) * max(1 - step / steps, 0.02)
        for group in fit.param_groups:
            group["lr"] = rate
        with torch.autocast("cpu", torch.bfloat16):
            loss = model.loss(*batch)
        fit.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        fit.step()
        total += loss.item()
        if step % 50 == 0:
            print(f"step {step} loss {total / 50:.4f} {time.monotonic() - began:.0f} s", flush=True)
            total = 0.0
        if (step % SAVE_STEPS == 0 and step % POOL == 0) or step == steps:
            state = {"model": model.state_dict(), "fit": fit.state_dict(), "done": step}
            torch.save(state, folder / "new.pt")
            (folder / "new.pt").replace(kept)
    export(model, folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else STEPS)
