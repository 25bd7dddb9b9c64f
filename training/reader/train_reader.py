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
from typing import NamedTuple

import numpy as np
import torch
from questions import Read, Reading, parts, rows_to_learn
from span_encoder import SpanEncoder
from torch.nn import functional
from vocabulary import VOCABULARY, kept_pieces, pieces_of

from train import MODELS, WARM, State  # isort: skip

from shopkeeper.shared.text.reading.windows import MARKS, Window, window

MARKS_RATE = 3.0  # of what begins as zeros, in units of the others' rate
ANSWERABLE_WEIGHT = 0.5
HARDEST = 0.5  # how often the window of a wrong passage is the one with most shared pieces


class Example(NamedTuple):
    """What is read once. answer: first and last piece among the window's; None: not there."""

    window: Window
    answer: tuple[int, int] | None


def with_answer(read: Read, room: int, marks: tuple[int, int], chance, beside: float) -> Example:
    """A window by chance around the answer; with the probability `beside` one without it."""
    ids, length = read.passage.ids, len(read.passage.ids)
    first, last = read.answer
    begin = 0
    if length > room:
        low, high = max(0, last - room + 1), min(first, length - room)
        begin = int(chance.integers(low, high + 1)) if high >= low else max(0, first - room // 4)
        if chance.random() < beside:
            other = int(chance.integers(0, length - room + 1))
            if other > last or other + room <= first:
                begin = other
    cut = window(read.question, ids, read.kinds, begin, room, marks)
    if begin <= first and last < begin + cut.size:
        move = cut.begin - begin
        return Example(cut, (first + move, last + move))
    return Example(cut, None)


def without(
    question: list[int], ids: list[int], kinds: list[int], room: int, marks: tuple[int, int], chance
) -> Example:
    """A window of a passage that does not answer."""
    begin = 0
    if len(ids) > room:
        begins = np.arange(0, len(ids) - room + 1, 8)
        sums = np.concatenate([[0], np.cumsum(np.maximum(np.array(kinds) - 1, 0))])
        begin = int(chance.choice(begins))
        if chance.random() < HARDEST:
            begin = int(begins[np.argmax(sums[begins + room] - sums[begins])])
    return Example(window(question, ids, kinds, begin, room, marks), None)


def batches_of(
    rows: list[Read], length: int, marks: tuple[int, int], seed: list[int], given
) -> list[list[Example]]:
    """One epoch: windows of like length together, the batches in random order."""
    chance = np.random.default_rng(seed)
    examples = []
    for row in rows:
        room = length - len(row.question) - MARKS
        if row.answer is None:
            if chance.random() >= given.unanswerable:
                continue
            q, p, k = row.question, row.passage.ids, row.kinds
            examples.append(without(q, p, k, room, marks, chance))
            continue
        if row.answer[1] - row.answer[0] < given.span_max:
            examples.append(with_answer(row, room, marks, chance, given.beside))
        if row.others and chance.random() < given.wrong:
            _, ids, kinds = row.others[chance.integers(len(row.others))]
            examples.append(without(row.question, ids, kinds, room, marks, chance))
    order = chance.permutation(len(examples))
    batches = []
    for first in range(0, len(order), given.size * 40):
        part = sorted(
            order[first : first + given.size * 40], key=lambda n: len(examples[n].window.ids)
        )
        batches += [part[n : n + given.size] for n in range(0, len(part), given.size)]
    return [[examples[n] for n in batches[b]] for b in chance.permutation(len(batches))]


def arrays(windows: list[Window]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(ids, kinds, whether a piece is of the passage), each (windows, longest)."""
    shape = len(windows), max(len(each.ids) for each in windows)
    ids, kinds = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    passage = np.zeros(shape, bool)
    for row, each in enumerate(windows):
        ids[row, : len(each.ids)] = each.ids
        kinds[row, : len(each.kinds)] = each.kinds
        passage[row, each.begin : each.begin + each.size] = True
    return ids, kinds, passage


def loss_of(model: SpanEncoder, examples: list[Example]) -> torch.Tensor:
    ids, kinds, passage = arrays([each.window for each in examples])
    span, answerable = model.read(torch.tensor(ids), torch.tensor(kinds))
    there = [n for n, each in enumerate(examples) if each.answer]
    labels = torch.zeros(len(examples))
    labels[there] = 1.0
    loss = functional.binary_cross_entropy_with_logits(answerable, labels) * ANSWERABLE_WEIGHT
    if there:
        scores = span.masked_fill(~torch.tensor(passage)[..., None], -1e4)[there]
        for side in (0, 1):
            truth = torch.tensor([examples[n].answer[side] for n in there])
            each = functional.cross_entropy(scores[..., side], truth, reduction="sum")
            loss = loss + each / 2 / len(examples)
    return loss


def optimiser_of(model: SpanEncoder, rate: float, decay: float) -> torch.optim.Optimizer:
    """AdamW; the rate falls by `decay` with each layer from the top."""
    groups = []
    for name, parameter in model.named_parameters():
        at = int(name.split(".")[1]) + 1 if name.startswith("layers.") else 0
        depth = 0 if name.startswith("tasks.") else len(model.layers) - at
        scale = MARKS_RATE if name.startswith("marks.") else decay**depth
        weight_decay = 0.01 if parameter.ndim > 1 else 0.0
        groups.append({"params": [parameter], "weight_decay": weight_decay, "scale": scale})
    return torch.optim.AdamW(groups, rate, fused=True)


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
