"""The learned blend: a small ranker that a shop's own lists and clicks teach, one by one.

A list that was published and the click that followed it are one example. The loss is the negative
log likelihood of the clicked item under a softmax over the list's candidates (ListNet's top-one
loss, Cao et al., "Learning to rank: from pairwise approach to listwise approach", ICML 2007); the
score of a candidate is a linear part plus one hidden layer of rectified units; steps are Adam's
(Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015). There is nothing to train
beforehand, and no two shops need the same weights.

Its state names the features, and weights follow the names: where experts were added, dropped or
put into another order since, the rest of what a shop has taught is kept.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from .unnamed_features import UNNAMED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from ...config import RecommenderConfig

FORMAT_VERSION = 1
SEED = 1
MOMENT_1, MOMENT_2, EPSILON = 0.9, 0.999, 1e-8
L2 = 1e-5
MEMORY = 0.998  # of the running mean of reciprocal ranks: about the last 500 examples
SCALE_MIN = 1e-3
CLIP = 10.0  # scaled features lie within
SHARES_EVERY = 32  # steps


class BlendRanker:
    """Scores candidates; learns from batches of lists.

    names: of the features, the numbers that describe a candidate. hidden: rectified units beside
    the linear part. prior: weights to start from, by feature, of the linear part. What was never
    seen to vary is far from its mean when it first does: then only a prior says what that is worth.
    """

    def __init__(
        self,
        names: Sequence[str],
        hidden: int,
        rate: float,
        prior: Mapping[str, float] | None = None,
    ) -> None:
        chance = np.random.default_rng(SEED)
        self.names, self.hidden, self.rate = tuple(names), hidden, rate
        features = len(self.names)
        self.weights: list[NDArray[np.float64]] = [
            chance.normal(0, features**-0.5, (features, hidden)),
            np.zeros(hidden),
            chance.normal(0, hidden**-0.5, hidden),
            np.zeros(features),
        ]
        self._prior = np.array([(prior or {}).get(name, 0.0) for name in self.names])
        self.weights[3][:] = self._prior
        self.weights[0][[name in (prior or {}) for name in self.names]] = 0.0
        self._first = [np.zeros_like(w) for w in self.weights]
        self._second = [np.zeros_like(w) for w in self.weights]
        self.steps = 0
        # Candidates seen, for mean and scale of each feature: fewer of one that came later.
        self._counts = np.zeros(features)
        self._mean = np.zeros(features)
        self._squares = np.zeros(features)  # sum of squared distances from the mean
        self._quick: tuple[NDArray[np.float32], ...] | None = None  # what `scores` computes with

    def scores(self, x: NDArray[np.float32]) -> NDArray[np.float64]:
        """(candidates,) of (candidates, features): differences are what counts.

        In 32 bits: half the time, and far finer than the weights are certain.
        """
        into, bias, out, linear, factor, mean = self.in_32_bits()
        scaled = x - mean
        scaled *= factor
        np.clip(scaled, -CLIP, CLIP, out=scaled)
        active = scaled @ into
        active += bias
        np.maximum(active, 0, out=active)
        return (active @ out + scaled @ linear).astype(np.float64)

    def in_32_bits(self) -> tuple[NDArray[np.float32], ...]:
        """What `scores` computes with: weights and biases of the hidden layer, weights of its
        units, those of the linear part, factors and means of the features. Read only."""
        if self._quick is None:
            parts = (*self.weights, 1 / self._scale(), self._mean)
            self._quick = tuple(part.astype(np.float32) for part in parts)
        return self._quick

    def learn(
        self, x: NDArray[np.float32], starts: NDArray[np.intp], targets: NDArray[np.intp]
    ) -> None:
        """One step on some lists.

        x: (candidates, features), list after list. starts: (lists,) where each begins; none is
        empty. targets: (lists,) the row of the item that was clicked.
        """
        self._quick = None
        self._see(x)
        gradients = self.gradients(self._scaled(x), starts, targets)
        self.steps += 1
        first_bias, second_bias = 1 - MOMENT_1**self.steps, 1 - MOMENT_2**self.steps
        for w, g, first, second in zip(
            self.weights, gradients, self._first, self._second, strict=True
        ):
            g += L2 * w
            first += (1 - MOMENT_1) * (g - first)
            second += (1 - MOMENT_2) * (g * g - second)
            w -= self.rate * (first / first_bias) / (np.sqrt(second / second_bias) + EPSILON)

    def gradients(
        self, scaled: NDArray[np.float64], starts: NDArray[np.intp], targets: NDArray[np.intp]
    ) -> list[NDArray[np.float64]]:
        """Of the mean loss over the lists, by weights; arguments as of `learn`, but scaled."""
        scores, active = self._forward(scaled)
        slope = softmax_by_list(scores, starts)
        slope[targets] -= 1.0
        slope /= len(starts)
        back = np.outer(slope, self.weights[2]) * (active > 0)
        return [scaled.T @ back, back.sum(axis=0), active.T @ slope, scaled.T @ slope]

    def shares(self, x: NDArray[np.float32]) -> NDArray[np.float64]:
        """(features,) by how much each moves the scores of these candidates, summing to 1: the mean
        size of the score's derivative by the scaled feature."""
        into, _, out, linear = self.weights
        _, active = self._forward(self._scaled(x))
        moved = np.abs(((active > 0) * out) @ into.T + linear).mean(axis=0)
        shares: NDArray[np.float64] = moved / moved.sum()
        return shares

    def _forward(
        self, scaled: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        into, bias, out, linear = self.weights
        active = np.maximum(scaled @ into + bias, 0.0)
        return active @ out + scaled @ linear, active

    def _scaled(self, x: NDArray[np.float32]) -> NDArray[np.float64]:
        scaled: NDArray[np.float64] = (x - self._mean) / self._scale()
        return np.clip(scaled, -CLIP, CLIP)

    def _scale(self) -> NDArray[np.float64]:
        scale: NDArray[np.float64] = np.sqrt(self._squares / np.maximum(1.0, self._counts))
        return np.maximum(scale, SCALE_MIN)

    def _see(self, x: NDArray[np.float32]) -> None:
        """Take candidates into mean and scale (Chan et al. 1979, by batches)."""
        count = len(x)
        mean = x.mean(axis=0, dtype=np.float64)
        squares = ((x - mean) ** 2).sum(axis=0)
        total = self._counts + count
        difference = mean - self._mean
        self._squares += squares + difference**2 * (self._counts * count / total)
        self._mean += difference * (count / total)
        self._counts = total

    def snapshot(self) -> bytes:
        """Everything that `restore` needs to go on as if nothing had been."""
        count = float(self._counts.max(initial=0.0))
        return msgspec.msgpack.encode(
            _State(
                format_version=FORMAT_VERSION,
                features=len(self.names),
                hidden=self.hidden,
                steps=self.steps,
                count=count,
                arrays=[array.tobytes() for array in self._arrays()],
                names=self.names,
                counts=self._counts.tobytes() if (self._counts != count).any() else b"",
            )
        )

    def restore(self, packed: bytes) -> bool:
        """Take a snapshot over; False, and nothing changed, if it cannot be read as ours.

        Weights follow the features' names. A feature that the snapshot does not know starts at its
        prior, and else without weight: scores stay what they were until it has taught something.
        What only the snapshot knows is dropped. A snapshot of before states had names (as many
        features as `UNNAMED`) is read as having those, in that order.
        """
        state = msgspec.msgpack.decode(packed, type=_State)
        names = state.names or (UNNAMED if state.features == len(UNNAMED) else ())
        if (state.format_version, state.hidden) != (FORMAT_VERSION, self.hidden) or not names:
            return False
        numbers = {name: number for number, name in enumerate(names)}
        known = np.array([name in numbers for name in self.names], np.bool_)
        source = [numbers[name] for name in self.names if name in numbers]
        ours = self._arrays()
        for array, of_features, kept in zip(ours, _OF_FEATURES, state.arrays, strict=True):
            values = np.frombuffer(kept)
            if not of_features:
                array[...] = values
                continue
            array[~known] = 0.0
            array[known] = values.reshape(len(names), *array.shape[1:])[source]
        self.weights[3][~known] = self._prior[~known]
        counts = np.frombuffer(state.counts) if state.counts else np.full(len(names), state.count)
        self._counts = np.zeros(len(self.names))
        self._counts[known] = counts[source]
        self.steps = state.steps
        self._quick = None
        return True

    def _arrays(self) -> list[NDArray[np.float64]]:
        """What a snapshot keeps, in its order; which of them are by feature: `_OF_FEATURES`."""
        return [*self.weights, *self._first, *self._second, self._mean, self._squares]


_OF_FEATURES = (True, False, False, True) * 3 + (True, True)


class _State(msgspec.Struct, frozen=True, omit_defaults=True):
    format_version: int
    features: int
    hidden: int
    steps: int
    count: float
    arrays: list[bytes]  # float64
    names: tuple[str, ...] = ()  # of the features; empty: of before states named them
    counts: bytes = b""  # float64 by feature; empty: `count` for each


class BlendTrainer:
    """Remembers published lists until their users click again, and teaches a blend.

    Bounded: the newest `blend_lists_max` lists, `blend_candidates_max` candidates of each,
    `blend_lists_per_second` of them.
    """

    def __init__(
        self,
        settings: RecommenderConfig,
        names: Sequence[str],
        base: int,
        prior: Mapping[str, float] | None = None,
    ) -> None:
        """base: which feature orders candidates as they are without the blend (larger first).
        names, prior: as of `BlendRanker`."""
        self._settings, self._base = settings, base
        self.blend = BlendRanker(names, settings.blend_hidden, settings.blend_rate, prior)
        self.serving = self.blend  # the one that ranks: another only in experiments
        self._lists: OrderedDict[str, tuple[NDArray[np.int64], NDArray[np.float32]]] = OrderedDict()
        self._waiting: list[tuple[NDArray[np.float32], int]] = []  # features, place of the target
        self.examples = 0
        self._second = self._in_second = 0  # lists published in the second that runs
        self.missed = 0  # clicks on what was no candidate
        self.base_rank = self.blend_rank = 0.0  # running means of reciprocal ranks
        self.shares: NDArray[np.float64] = np.zeros(len(names))  # as of the last step

    def trusted(self) -> bool:
        """Whether the blend has seen enough and does better than the order that it starts from."""
        return (
            self.examples >= self._settings.blend_examples_min and self.blend_rank > self.base_rank
        )

    def remember(
        self, user: str, items: NDArray[np.int64], features: NDArray[np.float32], now_ms: int
    ) -> None:
        """A list was published; of very many in one second only the first are remembered.

        items: (candidates,). features: (candidates, features). now_ms: the clock.
        """
        if now_ms // 1000 != self._second:
            self._second, self._in_second = now_ms // 1000, 0
        self._in_second += 1
        if self._in_second > self._settings.blend_lists_per_second:
            return
        most = self._settings.blend_candidates_max
        if len(items) > most:
            kept = np.argpartition(-features[:, self._base], most)[:most]
            items, features = items[kept], features[kept]
        elif features.base is not None:
            items, features = items.copy(), features.copy()  # else the whole batch would be kept
        self._lists[user] = (items, features)
        self._lists.move_to_end(user)
        if len(self._lists) > self._settings.blend_lists_max:
            self._lists.popitem(last=False)

    def clicked(self, user: str, item: int) -> None:
        """What a user did next: with the last list, an example; at every 32nd, a step."""
        found = self._lists.pop(user, None)
        if found is None:
            return
        items, features = found
        place = np.flatnonzero(items == item)
        if not len(place):
            self.missed += 1
            return
        self._waiting.append((features, int(place[0])))
        if len(self._waiting) >= self._settings.blend_batch_lists:
            self._step()

    def snapshot(self) -> bytes:
        """The blend and how it does; not the lists that wait."""
        return msgspec.msgpack.encode(
            _Learned(
                self.blend.snapshot(), self.examples, self.missed, self.base_rank, self.blend_rank
            )
        )

    def restore(self, packed: bytes) -> None:
        """Take a dump over if it saw more examples than we did: partitions come with one each."""
        learned = msgspec.msgpack.decode(packed, type=_Learned)
        if learned.examples > self.examples and self.blend.restore(learned.blend):
            self.examples, self.missed = learned.examples, learned.missed
            self.base_rank, self.blend_rank = learned.base_rank, learned.blend_rank

    def forget(self, user: str) -> None:
        """Drop what is remembered of a user."""
        self._lists.pop(user, None)

    def _step(self) -> None:
        parts, places = zip(*self._waiting, strict=True)
        self._waiting = []
        sizes = np.array([len(part) for part in parts])
        starts = np.cumsum(sizes) - sizes
        x = np.concatenate(parts)
        targets = starts + np.array(places)
        # Judged before it learns from them: that is how it will do on the next.
        self._judge(x[:, self._base], self.blend.scores(x), starts, targets)
        self.blend.learn(x, starts, targets)
        if self.blend.steps % SHARES_EVERY == 1:
            self.shares = self.blend.shares(x)

    def _judge(
        self,
        base: NDArray[np.float32],
        blend: NDArray[np.float64],
        starts: NDArray[np.intp],
        targets: NDArray[np.intp],
    ) -> None:
        owner = _owner(starts, len(base))
        for name, scores in (("base_rank", base), ("blend_rank", blend)):
            above = np.add.reduceat((scores > scores[targets][owner]).astype(np.int64), starts)
            mean = getattr(self, name)
            count = self.examples
            for reciprocal in (1.0 / (1.0 + above)).tolist():
                count += 1
                mean += (reciprocal - mean) * max(1.0 / count, 1.0 - MEMORY)
            setattr(self, name, mean)
        self.examples += len(starts)


class _Learned(msgspec.Struct, frozen=True):
    blend: bytes
    examples: int
    missed: int
    base_rank: float
    blend_rank: float


def _owner(starts: NDArray[np.intp], count: int) -> NDArray[np.int64]:
    """(count,) which list each candidate belongs to."""
    return np.repeat(np.arange(len(starts)), _sizes(starts, count))


def _sizes(starts: NDArray[np.intp], count: int) -> NDArray[np.intp]:
    """(lists,) how many candidates each has, `count` in all."""
    sizes = np.empty_like(starts)
    np.subtract(starts[1:], starts[:-1], out=sizes[:-1])
    sizes[-1] = count - starts[-1]
    return sizes


def softmax_by_list(scores: NDArray[np.float64], starts: NDArray[np.intp]) -> NDArray[np.float64]:
    """Probabilities over each list's candidates; scores: (candidates,), list after list."""
    sizes = _sizes(starts, len(scores))
    odds = np.exp(scores - np.repeat(np.maximum.reduceat(scores, starts), sizes))
    shares: NDArray[np.float64] = odds / np.repeat(np.add.reduceat(odds, starts), sizes)
    return shares
