"""Vectors of items from behaviour: skip-gram with negative sampling, learned event by event.

Mikolov et al., "Distributed representations of words and phrases and their compositionality" (NIPS
2013), with sessions for sentences: Barkan and Koenigstein, "Item2Vec: neural item embedding for
collaborative filtering" (MLSP 2016). An item that comes up in a session is drawn towards those that
came before it there, in both directions, and away from items of some of the last events, whose
distribution is the stream's own unigrams. Steps are AdaGrad's (Duchi, Hazan and Singer, JMLR 2011),
with one rate per vector: a stream is read once, so what is rare must learn from few pairs, and what
is frequent must settle.

Chance is a hash of the number of the event: what is learned depends on the order of the events, not
on how they are cut into records, nor on which numbers a process gave the items.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..numeric.arrays import grown
from ..numeric.jit import inner, jit
from ..numeric.unit import unit

if TYPE_CHECKING:
    from numpy.typing import NDArray

RING = 1 << 16  # newest events that items to be drawn away from are chosen among
SCORE_MAX = 8.0  # of a product of vectors: what is as certain teaches hardly any more
TINY = 1e-9
_INPUT, _OUTPUT = 0, 1


class ItemVectors:
    """Two vectors of each item, as skip-gram has it: an item's own, and one as context of others.

    Their sum is what items are compared by: alike are items that come up together, as well as
    items that come up with the same others. `inputs`, `outputs`: (items, dimensions); zeros where
    nothing was learned.

    dimensions: a multiple of 4; 0: nothing is learned. window: items before an event that it is
    paired with. negatives: drawn for each pair. rate: AdaGrad's.
    """

    def __init__(self, dimensions: int, window: int, negatives: int, rate: float) -> None:
        self.window = window if dimensions else 0
        self._negatives, self._rate = negatives, rate
        self.inputs: NDArray[np.float32] = np.zeros((1024, dimensions), np.float32)
        self.outputs: NDArray[np.float32] = np.zeros((1024, dimensions), np.float32)
        # Of each vector, the sum over its steps of the mean square of the gradient; 0: never seen.
        self._squares: NDArray[np.float32] = np.zeros((1024, 2), np.float32)
        self._ring: NDArray[np.int32] = np.zeros(RING if dimensions else 0, np.int32)
        self.events = 0

    def learn(self, items: NDArray[np.int64], contexts: NDArray[np.int32]) -> None:
        """Take events in, in the order of the stream.

        items: (events,), all within what was reserved. contexts: (events, window) what came before
        each in its session, newest first, -1 past the end.
        """
        if not self.window:
            return
        _learn(
            items=items,
            contexts=contexts,
            inputs=self.inputs,
            outputs=self.outputs,
            squares=self._squares,
            ring=self._ring,
            before=self.events,
            negatives=self._negatives,
            rate=self._rate,
        )
        self.events += len(items)

    def reserve(self, size: int) -> None:
        """Make the arrays cover so many items."""
        if size > len(self.inputs):
            self.inputs, self.outputs = grown(self.inputs, size), grown(self.outputs, size)
            self._squares = grown(self._squares, size)

    def units(self, items: NDArray[np.int64]) -> NDArray[np.float32]:
        """(items, dimensions) sums of both vectors, of length 1 (0 where nothing was learned)."""
        self.reserve(int(items.max(initial=-1)) + 1)
        return unit(self.inputs[items] + self.outputs[items])

    def sides(self, items: NDArray[np.int64]) -> NDArray[np.float32]:
        """(items, 2, dimensions) an item's own vector and the one as context, each of length 1 (0
        where nothing was learned)."""
        self.reserve(int(items.max(initial=-1)) + 1)
        return unit(np.stack([self.inputs[items], self.outputs[items]], axis=1))


@inner
def _mixed(x: Any) -> Any:
    """64 bits of chance from a number (splitmix64: Steele, Lea and Flood, OOPSLA 2014)."""
    z = np.uint64(x) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@inner
def _dot(u: Any, v: Any) -> Any:
    # Four sums: one alone would wait for itself at every step. Unsigned, so that no place could
    # count from the end: only then are the four of a step loaded and multiplied at once.
    one, two, three = np.uint64(1), np.uint64(2), np.uint64(3)
    a, b, c, d = np.float32(0), np.float32(0), np.float32(0), np.float32(0)
    for step in range(np.uint64(len(u)) >> two):
        n = step << two
        a += u[n] * v[n]
        b += u[n + one] * v[n + one]
        c += u[n + two] * v[n + two]
        d += u[n + three] * v[n + three]
    return (a + b) + (c + d)


@inner
def _towards(u: Any, length: Any, v: Any, label: Any, rate: Any, square: Any, change: Any) -> Any:
    """One pair's gradient step of the output vector v, and, added to `change`, u's gradient.

    length: u . u. square: v's sum of squares. Returns the new one.
    """
    score = min(max(_dot(u, v), np.float32(-SCORE_MAX)), np.float32(SCORE_MAX))
    slope = label - np.float32(1) / (np.float32(1) + np.exp(-score))
    square += slope * slope * length / np.float32(len(u))
    step = slope * rate / np.sqrt(square + np.float32(TINY))
    for n in range(len(u)):
        change[n] += slope * v[n]
        v[n] += step * u[n]
    return square


@jit
def _learn(
    items: Any,
    contexts: Any,
    inputs: Any,
    outputs: Any,
    squares: Any,
    ring: Any,
    before: int,
    negatives: int,
    rate: float,
) -> None:
    """before: events learned earlier."""
    width, window = inputs.shape[1], contexts.shape[1]
    step = np.float32(rate)
    change = np.empty(width, np.float32)
    away = np.empty(negatives, np.int64)
    for event in range(len(items)):
        item, number = items[event], before + event
        if squares[item, _INPUT] == 0:
            for n in range(width):
                chance = _mixed(number * width + n) >> np.uint64(40)
                inputs[item, n] = np.float32((chance / (1 << 24) - 0.5) / width)
            squares[item, _INPUT] = TINY
        filled = min(number, len(ring))
        if filled and contexts[event, 0] >= 0:
            for place in range(window):
                context = contexts[event, place]
                if context < 0:
                    break
                pair = number * window + place
                for nth in range(negatives):
                    away[nth] = ring[_mixed(~(pair * negatives + nth)) % np.uint64(filled)]
                for backward in range(2):  # either is the other's context
                    source, target = (context, item) if backward else (item, context)
                    u = inputs[source]
                    length = _dot(u, u)
                    change[:] = 0
                    squares[target, _OUTPUT] = _towards(
                        u=u,
                        length=length,
                        v=outputs[target],
                        label=np.float32(1),
                        rate=step,
                        square=squares[target, _OUTPUT],
                        change=change,
                    )
                    for nth in range(negatives):
                        other = away[nth]
                        if other != item and other != context:
                            squares[other, _OUTPUT] = _towards(
                                u=u,
                                length=length,
                                v=outputs[other],
                                label=np.float32(0),
                                rate=step,
                                square=squares[other, _OUTPUT],
                                change=change,
                            )
                    squares[source, _INPUT] += _dot(change, change) / np.float32(width)
                    scale = step / np.sqrt(squares[source, _INPUT] + np.float32(TINY))
                    for n in range(width):
                        u[n] += scale * change[n]
        ring[number % len(ring)] = item
