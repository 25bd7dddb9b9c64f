"""TextCNN and a bidirectional GRU from random weights, beside the encoders.

`python small.py zh bge-small-zh-v1.5 cnn OUT --data DATA --weights WEIGHTS ...`: the same texts,
pieces, heads and, with --teacher, the same lessons as a student of `distill.py`; of the named
encoder only the tokenizer is used. `compression.py` measures what comes of it.
"""

from __future__ import annotations

import json
from pathlib import Path

import torch
from distill import teach, teaching
from texts import Texts
from torch import Tensor, nn
from torch.nn.utils import rnn
from train import MODELS, arguments

WIDTH = 128
DROPOUT = 0.3


class Small(nn.Module):
    """Pieces' vectors, a body that makes one vector of them, and a linear head per task."""

    def __init__(self, pieces: int, width: int, tasks: dict[str, int]) -> None:
        super().__init__()
        self.words = nn.Embedding(pieces, WIDTH, padding_idx=0)
        self.layers = nn.ModuleList()  # all parts learn at one rate
        self.drop = nn.Dropout(DROPOUT)
        self.tasks = nn.ModuleDict({name: nn.Linear(width, count) for name, count in tasks.items()})

    def forward(self, ids: Tensor, mask: Tensor) -> dict[str, Tensor]:
        x = self.drop(self.body(self.drop(self.words(ids)), mask[..., None].bool()))
        return {name: head(x) for name, head in self.tasks.items()}

    def body(self, x: Tensor, mask: Tensor) -> Tensor:
        """(texts, pieces, WIDTH) -> (texts, width)."""
        raise NotImplementedError


class TextCNN(Small):
    """Convolutions of 2 to 5 pieces, the largest of each over the text (Kim, 2014)."""

    CHANNELS = 128
    SIZES = (2, 3, 4, 5)

    def __init__(self, pieces: int, tasks: dict[str, int]) -> None:
        super().__init__(pieces, self.CHANNELS * len(self.SIZES), tasks)
        # So wide that every text has a window of nothing, whatever it is padded to.
        self.convolutions = nn.ModuleList(
            nn.Conv1d(WIDTH, self.CHANNELS, size, padding=size) for size in self.SIZES
        )

    def body(self, x: Tensor, mask: Tensor) -> Tensor:
        x = (x * mask).transpose(1, 2)
        return torch.cat([each(x).relu().amax(2) for each in self.convolutions], 1)


class BiGRU(Small):
    """A GRU in both directions, its largest outputs over the text (Cho et al., 2014)."""

    HIDDEN = 128

    def __init__(self, pieces: int, tasks: dict[str, int]) -> None:
        super().__init__(pieces, 2 * self.HIDDEN, tasks)
        self.gru = nn.GRU(WIDTH, self.HIDDEN, batch_first=True, bidirectional=True)

    def body(self, x: Tensor, mask: Tensor) -> Tensor:
        counts = mask[..., 0].sum(1)
        packed = rnn.pack_padded_sequence(x, counts, batch_first=True, enforce_sorted=False)
        found = rnn.pad_packed_sequence(self.gru(packed)[0], batch_first=True)[0]
        return found.masked_fill(~mask, -1e4).amax(1)


BODIES = {"cnn": TextCNN, "gru": BiGRU}


def main() -> None:
    parser = arguments()
    teaching(parser)
    parser.add_argument("language", choices=["en", "zh"])
    parser.add_argument("pieces_of", choices=sorted(MODELS))
    parser.add_argument("body", choices=sorted(BODIES))
    parser.add_argument("out", type=Path)
    given = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(given.seed)
    tokens = given.weights / f"{given.pieces_of}-tokenizer.json"
    texts = Texts(given.data, given.language, tokens, given.pieces)
    parts = texts.parts()
    count = len(json.loads(tokens.read_text(encoding="utf-8"))["model"]["vocab"])
    model = BODIES[given.body](count, {name: len(each) for name, each in texts.labels.items()})
    teach(model, given, tokens, parts)


if __name__ == "__main__":
    main()
