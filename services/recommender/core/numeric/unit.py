"""What everything that compares by direction shares."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

SMALLEST = 1e-9  # of lengths that are divided by


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """The same directions with length 1, along the last axis; zeros stay."""
    lengths = np.sqrt(np.einsum("...d,...d->...", vectors, vectors))[..., np.newaxis]
    scaled: NDArray[np.float32] = vectors / np.maximum(lengths, np.float32(SMALLEST))
    return scaled
