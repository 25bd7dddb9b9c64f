"""A small Transformer (Vaswani et al. 2017) that writes words of its vocabulary or copies those
that it reads (See et al. 2017, "Get to the point"); greedy decoding by two ONNX graphs."""

from __future__ import annotations

import torch
from pieces import SOURCE_MAX, TARGET_MAX
from torch import Tensor, nn

WIDTH, HEADS, LAYERS, INNER = 192, 4, 2, 384


class Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.query, self.keys, self.out = (
            nn.Linear(WIDTH, WIDTH),
            nn.Linear(WIDTH, 2 * WIDTH),
            nn.Linear(WIDTH, WIDTH),
        )

    def forward(self, at: Tensor, to: Tensor, hidden: Tensor) -> Tensor:
        """hidden: added to the scores; large and negative where nothing may be seen."""

        def split(values: Tensor) -> Tensor:
            return values.reshape(values.shape[0], -1, HEADS, WIDTH // HEADS).transpose(1, 2)

        keys, values = self.keys(to).chunk(2, -1)
        scores = split(self.query(at)) @ split(keys).transpose(2, 3) * (WIDTH // HEADS) ** -0.5
        seen = (scores + hidden).softmax(-1) @ split(values)
        return self.out(seen.transpose(1, 2).reshape(at.shape[0], -1, WIDTH))


class Layer(nn.Module):
    def __init__(self, decodes: bool) -> None:
        super().__init__()
        self.own, self.other = Attention(), Attention() if decodes else None
        self.norms = nn.ModuleList(nn.LayerNorm(WIDTH) for _ in range(3 if decodes else 2))
        self.inner = nn.Sequential(nn.Linear(WIDTH, INNER), nn.ReLU(), nn.Linear(INNER, WIDTH))
        self.drop = nn.Dropout(0.1)

    def forward(
        self, x: Tensor, hidden: Tensor, memory: Tensor | None = None, unseen: Tensor | None = None
    ) -> Tensor:
        y = self.norms[0](x)
        x = x + self.drop(self.own(y, y, hidden))
        if self.other is not None and memory is not None and unseen is not None:
            x = x + self.drop(self.other(self.norms[2](x), memory, unseen))
        return x + self.drop(self.inner(self.norms[1](x)))


class Encoder(nn.Module):
    def __init__(self, words: nn.Embedding) -> None:
        super().__init__()
        self.words, self.parts = words, nn.Embedding(3, WIDTH)
        self.places = nn.Embedding(SOURCE_MAX + 8, WIDTH)
        self.layers = nn.ModuleList(Layer(False) for _ in range(LAYERS))
        self.norm = nn.LayerNorm(WIDTH)

    def forward(self, ids: Tensor, parts: Tensor) -> Tensor:
        places = torch.cumsum(torch.ones_like(ids), 1) - 1
        x = self.words(ids) + self.parts(parts) + self.places(places)
        unseen = (ids == 0).float()[:, None, None, :] * -1e4
        for layer in self.layers:
            x = layer(x, unseen)
        return self.norm(x)


class Decoder(nn.Module):
    def __init__(self, words: nn.Embedding, size: int) -> None:
        super().__init__()
        self.words, self.places = words, nn.Embedding(TARGET_MAX + 1, WIDTH)
        self.layers = nn.ModuleList(Layer(True) for _ in range(LAYERS))
        self.norm, self.size = nn.LayerNorm(WIDTH), size
        self.pointer, self.pointed = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, WIDTH)
        self.write, self.gate = nn.Linear(WIDTH, size), nn.Linear(WIDTH, 1)

    def forward(self, said: Tensor, memory: Tensor, ids: Tensor) -> tuple[Tensor, Tensor]:
        """Chances of each word of the vocabulary, and of each place of the source."""
        places = torch.cumsum(torch.ones_like(said), 1) - 1
        x = self.words(said) + self.places(places)
        later = (places[:, None, None, :] > places[:, None, :, None]).float() * -1e4
        unseen = (ids == 0).float()[:, None, None, :] * -1e4
        for layer in self.layers:
            x = layer(x, later, memory, unseen)
        x = self.norm(x)
        scores = self.pointer(x) @ self.pointed(memory).transpose(1, 2) * WIDTH**-0.5
        gate = self.gate(x).float().sigmoid()
        written = self.write(x).float().softmax(-1) * gate
        copied = (scores.float() + unseen[:, 0]).softmax(-1) * (1 - gate)
        return written, copied


class Step(nn.Module):
    """The decoder's last place alone, for decoding."""

    def __init__(self, decoder: Decoder) -> None:
        super().__init__()
        self.decoder = decoder

    def forward(self, said: Tensor, memory: Tensor, ids: Tensor) -> tuple[Tensor, Tensor]:
        written, copied = self.decoder(said, memory, ids)
        return written[:, -1], copied[:, -1]


class Rewriter(nn.Module):
    def __init__(self, size: int, readable: int) -> None:
        super().__init__()
        words = nn.Embedding(readable, WIDTH, padding_idx=0)
        nn.init.normal_(words.weight, std=0.05)
        self.encoder, self.decoder = Encoder(words), Decoder(words, size)

    def loss(self, ids: Tensor, parts: Tensor, words: Tensor, said: Tensor, due: Tensor) -> Tensor:
        """Mean of the negative logarithms of the due words' chances; PAD is not due."""
        written, copied = self.decoder(said, self.encoder(ids, parts), ids)
        own = (due < self.decoder.size) & (due > 0)
        chance = written.gather(2, (due * own)[:, :, None])[:, :, 0] * own
        chance = chance + (copied * (words[:, None, :] == due[:, :, None])).sum(-1)
        wanted = due > 0
        return -((chance + 1e-7).log() * wanted).sum() / wanted.sum()
