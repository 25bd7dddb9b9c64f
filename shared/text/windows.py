"""Long texts, read whole: cut into windows that a model reads one by one, and summed up again.

A review that complains after two pages of description is a complaint, so the end counts as much
as the beginning. Cost is bounded: of a text longer than all windows together, evenly spread
windows are read, the first from its head and the last to its tail.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from .normalisation import TEXT_CHARACTERS_MAX, clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

WINDOWS_MAX = 8  # of one text: 32,768 characters are read whole
SURENESS_MIN = 0.05  # so that windows of which the model knows nothing still have a mean


def spread(texts: Sequence[str]) -> tuple[Sequence[str], NDArray[np.int64] | None]:
    """(windows of all texts in order, where each text's begin; None: each text is one window)."""
    if all(len(text) <= TEXT_CHARACTERS_MAX for text in texts):
        return texts, None
    windows: list[str] = []
    starts = np.zeros(len(texts), np.int64)
    for index, text in enumerate(texts):
        starts[index] = len(windows)
        windows += windows_of(text)
    return windows, starts


def windows_of(text: str) -> list[str]:
    """One to `WINDOWS_MAX` windows of at most `TEXT_CHARACTERS_MAX` characters each.

    They are of one length and cover the text; where it is too long for that, they are spread over
    it evenly. White space and markup, of which a page may have more than words, take no window.
    """
    if len(text) > TEXT_CHARACTERS_MAX:
        text = " ".join(clean(text).split())
    count = -(-len(text) // TEXT_CHARACTERS_MAX)
    if count <= 1:
        return [text]
    if count > WINDOWS_MAX:
        last = len(text) - TEXT_CHARACTERS_MAX
        begins = [last * n // (WINDOWS_MAX - 1) for n in range(WINDOWS_MAX)]
        return [text[begin : begin + TEXT_CHARACTERS_MAX] for begin in begins]
    edges = [len(text) * n // count for n in range(count + 1)]
    return [text[begin:end] for begin, end in pairwise(edges)]


def summed_up(rows: NDArray[np.float32], starts: NDArray[np.int64]) -> NDArray[np.float32]:
    """(texts, labels): the mean of each text's windows, weighted by how sure the model was of each.

    rows: (windows, labels). Sureness is 1 less the entropy as a share of the largest possible: a
    page that says nothing leaves the word to the page that does.
    """
    p = rows.astype(np.float64)
    entropy = -(p * np.log(np.maximum(p, 1e-12))).sum(axis=1, keepdims=True)
    weights = SURENESS_MIN + np.maximum(1 - entropy / np.log(p.shape[1]), 0)
    totals = np.add.reduceat(p * weights, starts, axis=0)
    summed: NDArray[np.float32] = (totals / totals.sum(axis=1, keepdims=True)).astype(np.float32)
    # To the bit what the model said of a text of one window.
    alone = np.diff(np.append(starts, len(rows))) == 1
    summed[alone] = rows[starts[alone]]
    return summed
