"""Fine-tune a span model: `python train_reader.py LANGUAGE MODEL OUT`.

Resumable, as `../encoder/train.py`: the same command goes on from OUT/state.pt. An epoch reads
windows of one length, each answered question once with its answer (or, now and then, a part of the
passage beside it), and some with a wrong passage that has most of its words; of those the model
learns that there is no answer.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from pathlib import Path

import numpy as np
import torch
from questions import Read, Reading, parts, rows_to_learn
from span_encoder import SpanEncoder
from vocabulary import VOCABULARY, kept_pieces, pieces_of

from train import MODELS, WARM, State  # isort: skip

from shopkeeper.apps.train.reading.learning import batches_of, loss_of, optimiser_of


def fit(model: SpanEncoder, rows: list[Read], reading: Reading, given) -> None:
    """Train, going on from `given.out`; keep the weights of each epoch."""
    optimiser = optimiser_of(model, given.rate, given.decay)
    state = State(model, optimiser, given.out / "state.pt")
    epochs = [
        batches_of(rows, length, reading.marks, [given.seed, epoch], given)
        for epoch, length in enumerate(given.lengths)
    ]
    flat = [(e, n) for e, each in enumerate(epochs) for n in range(len(each))]
    costs = np.array([max(len(x.window.ids) for x in epochs[e][n]) for e, n in flat], float)
    done = np.cumsum(costs) / costs.sum()  # share of the work, by pieces
    steps = len(flat)
    print(json.dumps({"rows": len(rows), "steps": steps, "from": state.step}), flush=True)
    started = saved = time.monotonic()
    model.train()
    running = 0.0
    while state.step < steps:
        epoch, number = flat[state.step]
        share = min(1.0, (state.step + 1) / (WARM * steps), (1 - done[state.step]) / (1 - WARM))
        for group in optimiser.param_groups:
            # No number of numpy's: a state with one in it is not loaded again as weights only.
            group["lr"] = float(given.rate * group["scale"] * max(share, 0.01))
        loss = loss_of(model, epochs[epoch][number])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad()
        running += loss.item()
        state.step += 1
        now = time.monotonic()
        spent = state.spent + now - started
        if state.step % 25 == 0:
            told = f"{state.step}/{steps} {done[state.step - 1]:.3f} loss {running / 25:.4f}"
            print(f"{told} {spent:.0f} s", flush=True)
            running = 0.0
        ends = state.step == steps or flat[state.step][0] != epoch
        if ends or now - saved > given.save_every:
            state.save(spent)
            saved = time.monotonic()
        if ends:
            torch.save(model.state_dict(), given.out / f"epoch{epoch + 1}.pt")
            print(f"epoch {epoch + 1} kept", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("language", choices=["en", "zh"])
    parser.add_argument("model", choices=sorted(MODELS))
    parser.add_argument("out", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--xquad", type=Path, help="folder of xquad.en.json and xquad.zh.json")
    parser.add_argument(
        "--vocabulary", type=int, default=0, help="pieces that are kept; 0: all (English only)"
    )
    parser.add_argument("--bfloat16", action="store_true", help="where the processor has it")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--from", dest="first", type=Path, help="weights to go on from (.pt)")
    parser.add_argument(
        "--lengths",
        type=lambda text: [int(each) for each in text.split(",")],
        default=[192, 256, 320],
        help="pieces of a window, by epoch",
    )
    parser.add_argument("--rate", type=float, default=1e-4)
    parser.add_argument("--decay", type=float, default=1.0)
    parser.add_argument("--size", type=int, default=16, help="windows of a batch")
    parser.add_argument("--beside", type=float, default=0.12)
    parser.add_argument("--wrong", type=float, default=0.2)
    parser.add_argument(
        "--unanswerable", type=float, default=1.0, help="share of such questions that is read"
    )
    parser.add_argument("--span-max", type=int, default=64, help="longer answers are left out")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--save-every", type=float, default=180.0)
    parser.add_argument("--limit", type=int, default=0)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    torch.manual_seed(given.seed)
    rows = rows_to_learn(given.data, given.language, given.xquad)
    pieces = pieces_of(given.weights / f"{given.model}-tokenizer.json")
    kept = list(range(len(pieces)))
    if given.vocabulary:
        texts = (text for row in rows["train"] for text in (row.question, row.passage))
        kept = kept_pieces(pieces, texts, given.vocabulary)
    vocabulary = [pieces[n] for n in kept]
    given.out.mkdir(parents=True, exist_ok=True)
    (given.out / VOCABULARY).write_text("\n".join(vocabulary), encoding="utf-8")
    found, reading = parts(rows, given.language, vocabulary)
    sources = {name: Counter(read.row.source for read in each) for name, each in found.items()}
    print(json.dumps(sources | {"pieces": len(kept)}), flush=True)
    model = SpanEncoder(given.weights / f"{given.model}.onnx", MODELS[given.model][0], kept)
    model.halved = given.bfloat16
    if given.first:
        model.load_state_dict(torch.load(given.first, weights_only=True))
    fit(model, found["train"][: given.limit or None], reading, given)


if __name__ == "__main__":
    main()
