"""Fine-tune an encoder so that a question lies near what answers it: in-batch negatives.

    python train_retrieval.py en all-minilm-l6-v2 OUT --data DATA --weights WEIGHTS

A batch is of one source: its other answers are the wrong ones (InfoNCE, van den Oord et al. 2018;
both ways, as Radford et al. 2021). Amazon's questions come product by product, so that the answers
to other questions about the same product are among them. Own entries and intents also give pairs
of two ways to ask the same. Resumable from OUT/state.pt.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from pairs import intents, pairs
from torch import Tensor
from torch.nn import functional

sys.path.insert(0, str(Path(__file__).parents[1] / "encoder"))
from texts import batch, tokenizer
from train import WARM, State, encoder, optimiser_of

from shopkeeper.shared.text.chinese import simplified
from shopkeeper.shared.text.normalisation import normalise

TEMPERATURE = 0.05
QUESTION_PIECES = 48
TIMES = {"own_faq": 6, "own_products": 2}
THIN = {"cmrc": 0.4, "drcd": 0.4}  # share that is used: long, and words find most of them already
TITLE_SHARE = 0.35  # of own pairs: another way to ask instead of the answer


class Example(NamedTuple):
    """Two texts that belong together. key: those of one key are not each other's wrong ones."""

    question: str
    other: str
    key: str
    group: str  # in a batch beside each other


def examples(data: Path, language: str, seed: int) -> dict[str, list[Example]]:
    """By source, what is trained on."""
    chance = np.random.default_rng(seed)
    found: dict[str, list[Example]] = defaultdict(list)
    own: dict[str, list[str]] = defaultdict(list)
    train = [pair for pair in pairs(data, language) if not pair.is_kept]
    for pair in train:
        if pair.source.startswith("own"):
            own[pair.group].append(pair.question)
    for pair in train:
        if chance.random() >= THIN.get(pair.source, 1.0):
            continue
        for _ in range(TIMES.get(pair.source, 1)):
            other, key = pair.answer, pair.answer
            if pair.source.startswith("own"):
                key = pair.group
                ways = [way for way in own[pair.group] if way != pair.question]
                if ways and chance.random() < TITLE_SHARE:
                    other = ways[chance.integers(len(ways))]
            group = pair.group if pair.source == "amazon" else str(chance.integers(1 << 40))
            found[pair.source].append(Example(pair.question, other, key, group))
    if language == "en":
        for name, texts in intents(data).items():
            for first, second in zip(texts[:60:2], texts[1:60:2], strict=False):
                group = str(chance.integers(1 << 40))
                found["intents"].append(Example(first, second, name, group))
    return found


def batches(found: dict[str, list[Example]], size: int, seed: int) -> list[list[Example]]:
    """One epoch, in random order; each batch of one source."""
    chance = np.random.default_rng(seed)
    made = []
    for each in found.values():
        names = sorted({one.group for one in each})
        place = dict(zip(names, chance.permutation(len(names)).tolist(), strict=True))
        ordered = sorted(each, key=lambda one: place[one.group])
        made += [ordered[n : n + size] for n in range(0, len(ordered) - size // 2, size)]
    return [made[n] for n in chance.permutation(len(made))]


class Pieces:
    """Texts as the runtime cuts them."""

    def __init__(self, tokens: Path, pieces_max: int) -> None:
        self._tokenizer, self._most = tokenizer(tokens), pieces_max

    def __call__(self, texts: list[str], most: int = 0) -> tuple[Tensor, Tensor]:
        most = most or self._most
        found = self._tokenizer.encode_batch([simplified(normalise(text)) for text in texts])
        cut = [each.ids[: most - 1] + each.ids[-1:] if len(each.ids) > most else each.ids
               for each in found]  # fmt: skip
        ids, mask = batch(cut)
        return torch.tensor(ids), torch.tensor(mask)


def vectors(model: torch.nn.Module, ids: Tensor, mask: Tensor) -> Tensor:
    """(texts, width), of length 1."""
    return functional.normalize(model.pooled(ids, mask), dim=1)


def loss_of(questions: Tensor, others: Tensor, keys: list[str]) -> Tensor:
    """Both ways; what has the same key is left out of the wrong ones."""
    scores = questions @ others.T / TEMPERATURE
    same = torch.tensor([[a == b for b in keys] for a in keys])
    same.fill_diagonal_(False)
    scores = scores.masked_fill(same, -1e4)
    truth = torch.arange(len(keys))
    return (functional.cross_entropy(scores, truth) + functional.cross_entropy(scores.T, truth)) / 2


@torch.no_grad()
def embedded(model: torch.nn.Module, pieces: Pieces, texts: list[str], most: int = 0) -> np.ndarray:
    """(texts, width) float32."""
    model.eval()
    order = np.argsort([len(text) for text in texts], kind="stable")
    found = None
    for first in range(0, len(order), 32):
        part = order[first : first + 32]
        made = vectors(model, *pieces([texts[n] for n in part], most)).numpy()
        found = np.zeros((len(texts), made.shape[1]), np.float32) if found is None else found
        found[part] = made
    model.train()
    return found


def figures(model: torch.nn.Module, pieces: Pieces, data: Path, language: str) -> dict[str, float]:
    """recall@1 on what is kept for choosing, by source, encoder alone; of our own entries any
    answer to the question counts."""
    kept: dict[str, list] = defaultdict(list)
    for pair in pairs(data, language):
        if pair.is_kept and len(kept[pair.source]) < 400:
            kept[pair.source].append(pair)
    found = {}
    for source, asked in kept.items():
        pool = list(dict.fromkeys(pair.answer for pair in asked))
        group = {pair.answer: pair.group for pair in asked}
        scores = embedded(model, pieces, [p.question for p in asked], QUESTION_PIECES)
        scores = scores @ embedded(model, pieces, pool).T
        first = [pool[n] for n in scores.argmax(1)]
        right = [
            answer == pair.answer or (source.startswith("own") and group[answer] == pair.group)
            for answer, pair in zip(first, asked, strict=True)
        ]
        found[source] = round(float(np.mean(right)), 4)
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("language", choices=["en", "zh"])
    parser.add_argument("model")
    parser.add_argument("out", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--from", dest="first", type=Path)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--rate", type=float, default=4e-5)
    parser.add_argument("--decay", type=float, default=1.0)
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--pieces", type=int, default=96)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--limit", type=int, default=0)
    parser.add_argument("--only", default="", help="sources, by commas; none: all")
    parser.add_argument("--save-every", type=float, default=120.0)
    given = parser.parse_args()
    model = encoder(given, given.model, {}, first=given.first)
    pieces = Pieces(given.weights / f"{given.model}-tokenizer.json", given.pieces)
    optimiser = optimiser_of(model, given.rate, given.decay)
    made = []
    for epoch in range(given.epochs):
        seed = given.seed * 100 + epoch
        found = examples(given.data, given.language, seed)
        only = given.only.split(",") if given.only else list(found)
        made += batches({name: found[name] for name in only}, given.size, seed)
    made = made[: given.limit or None]
    given.out.mkdir(parents=True, exist_ok=True)
    state = State(model, optimiser, given.out / "state.pt")
    print(json.dumps({"steps": len(made), "from": state.step}), flush=True)
    if not state.step:
        print("before", json.dumps(figures(model, pieces, given.data, given.language)), flush=True)
    started = saved = time.monotonic()
    running = 0.0
    model.train()
    while state.step < len(made):
        share = min(
            1.0,
            (state.step + 1) / (WARM * len(made)),
            (len(made) - state.step) / (len(made) * (1 - WARM)),
        )
        for group in optimiser.param_groups:
            group["lr"] = given.rate * group["scale"] * share
        part = made[state.step]
        loss = loss_of(
            vectors(model, *pieces([one.question for one in part], QUESTION_PIECES)),
            vectors(model, *pieces([one.other for one in part])),
            [one.key for one in part],
        )
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad()
        running += loss.item()
        state.step += 1
        now = time.monotonic()
        if state.step % 20 == 0:
            spent = state.spent + now - started
            print(f"{state.step}/{len(made)} loss {running / 20:.4f} {spent:.0f} s", flush=True)
            running = 0.0
        if state.step == len(made) or now - saved > given.save_every:
            state.save(state.spent + now - started)
            saved = now
    torch.save(model.state_dict(), given.out / "last.pt")
    print("after", json.dumps(figures(model, pieces, given.data, given.language)), flush=True)


if __name__ == "__main__":
    main()
