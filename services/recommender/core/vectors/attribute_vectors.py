"""Vectors of attributes: where items that have them lie among vectors by behaviour.

A word, a category or a brand gets the vector that explains best, by least squares, where the items
that have it came to lie, so that an item is the weighted sum of its attributes:

minimise over V: sum over items i |x(i) - a(i) V|^2 + RIDGE * |V|^2,

x(i) the item's vector by behaviour (item2vec.py, less the mean of all), a(i) its tf-idf vector
(attributes.py). So a new item has a place before anybody has seen it, and attributes are near that
lead to one another in sessions, not only those that the same products have: the linear map of
Gantner et al., "Learning attribute-to-feature mappings for cold-start recommendations" (ICDM 2010).

The normal equations are summed item by item, and solved by conjugate gradients (Hestenes and
Stiefel, 1952; scaled by the diagonal), each solution beginning where the one before it ended.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..numeric.sparse import add_product

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy import sparse

RIDGE = 1.0  # an attribute that one item has is believed half
TINY = 1e-20


class AttributeVectors:
    """`vectors` (tokens, dimensions) of `tokens`, as of the last solution.

    `begin`, then `add` any number of times, `solve` as often as it shall be exact, `finish`.
    """

    def __init__(self, dimensions: int) -> None:
        self.tokens: NDArray[np.int64] = np.zeros(0, np.int64)
        self.vectors: NDArray[np.float32] = np.zeros((0, dimensions), np.float32)
        self._begun = self.tokens
        self._gram: NDArray[np.float32] = np.zeros((0, 0), np.float32)
        self._pulls = self._solution = self._residual = self._direction = self.vectors
        self._solving = False

    def begin(self, tokens: NDArray[np.int64]) -> None:
        """Sum anew, for these tokens, in rising order."""
        size, dimensions = len(tokens), self.vectors.shape[1]
        self._begun, self._solving = tokens, False
        self._gram = np.zeros((size, size), np.float32)
        self._pulls = np.zeros((size, dimensions), np.float32)

    def add(self, weights: sparse.csr_matrix, places: NDArray[np.float32]) -> None:
        """Take items in. weights: (items, tokens). places: (items, dimensions) by behaviour."""
        add_product(self._gram, weights, weights)
        self._pulls += weights.T @ places

    def solve(self) -> None:
        """One step of conjugate gradients, for all dimensions at once."""
        scale = (self._gram.diagonal() + np.float32(RIDGE))[:, np.newaxis]
        if not self._solving:
            self._solving = True
            self._solution = np.zeros_like(self._pulls)
            _, mine, before = np.intersect1d(
                self._begun, self.tokens, assume_unique=True, return_indices=True
            )
            self._solution[mine] = self.vectors[before]
            self._residual = self._pulls - self._times(self._solution)
            self._direction = self._residual / scale
        descent = (self._residual * self._residual / scale).sum(axis=0)
        along = self._times(self._direction)
        length = descent / np.maximum((self._direction * along).sum(axis=0), TINY)
        self._solution += length * self._direction
        self._residual -= length * along
        scaled = self._residual / scale
        left = (self._residual * scaled).sum(axis=0)
        self._direction = scaled + left / np.maximum(descent, TINY) * self._direction

    def finish(self) -> None:
        """Let the solution be known, and the sums go."""
        self.tokens, self.vectors = self._begun, self._solution
        self.begin(np.zeros(0, np.int64))

    def _times(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        product: NDArray[np.float32] = self._gram @ vectors + np.float32(RIDGE) * vectors
        return product
