"""The encoder of `bert` with a head for spans, one for answerability, and kinds of pieces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from shopkeeper.shared.text.reading.windows import KINDS

from .bert import Encoder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

TASKS = {"span": 2, "answerable": 1}  # start and end of each piece; of the window


class SpanEncoder(Encoder):
    """Windows' pieces to the log-odds of start and end, and of whether the answer is among them."""

    def __init__(
        self, path: Path | dict[str, NDArray[Any]], heads: int, kept: Sequence[int]
    ) -> None:
        """path: of the base model's ONNX file, or its weights by name. kept: the pieces of its
        vocabulary to keep."""
        super().__init__(path, heads=heads, pooling="first", tasks=TASKS)
        self.words = nn.Embedding.from_pretrained(self.words.weight[list(kept)], freeze=False)
        self.halved = False  # whether layers compute in bfloat16
        # What tells the pieces of a passage that the question has too from the others.
        self.marks = nn.Embedding(KINDS, self.words.weight.shape[1])
        nn.init.zeros_(self.marks.weight)

    def read(self, ids: Tensor, kinds: Tensor) -> tuple[Tensor, Tensor]:
        """((windows, pieces, 2), (windows,)). ids, kinds: (windows, pieces); id 0 is no piece."""
        x = self.words(ids) + self.positions.weight[: ids.shape[1]]
        x = x + self.segments(kinds.clamp(max=1)) + self.marks(kinds)
        x = self.drop(self.norm(x))
        bias = torch.zeros(ids.shape).masked_fill(ids == 0, -1e4)[:, None, None, :]
        with torch.autocast("cpu", torch.bfloat16, enabled=self.halved):
            for layer in self.layers:
                x = layer(x, bias.bfloat16() if self.halved else bias)
        x = self.drop(x.float())
        return self.tasks["span"](x), self.tasks["answerable"](x[:, 0])[:, 0]
