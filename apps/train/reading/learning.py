"""What a span model learns from: windows in batches, and the loss of one.

An epoch reads windows of one length, each answered question once with its answer (or, now and then,
a part of the passage beside it), and some with a wrong passage that has most of its words; of those
the model learns that there is no answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch.nn import functional

from shopkeeper.shared.text.reading.windows import MARKS, Window, window

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .pieces import Read
    from .span_encoder import SpanEncoder

MARKS_RATE = 3.0  # of what begins as zeros, in units of the others' rate
ANSWERABLE_WEIGHT = 0.5
HARDEST = 0.5  # how often the window of a wrong passage is the one with most shared pieces


class Example(NamedTuple):
    """What is read once. answer: first and last piece among the window's; None: not there."""

    window: Window
    answer: tuple[int, int] | None


def with_answer(
    read: Read, room: int, marks: tuple[int, int], chance: Any, beside: float
) -> Example:
    """A window by chance around the answer; with the probability `beside` one without it."""
    ids, length = read.passage.ids, len(read.passage.ids)
    assert read.answer is not None
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
    question: list[int],
    ids: list[int],
    kinds: list[int],
    room: int,
    marks: tuple[int, int],
    chance: Any,
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
    rows: list[Read], length: int, marks: tuple[int, int], seed: list[int], given: Any
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


def arrays(windows: list[Window]) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
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
            answers = [examples[n].answer or (0, 0) for n in there]
            truth = torch.tensor([answer[side] for answer in answers])
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
