"""Products of sparse matrices, added where they are not zero: sums that grow slice by slice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .jit import jit

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from scipy import sparse


def add_product(
    total: NDArray[np.float32], left: sparse.csr_matrix, right: sparse.csr_matrix
) -> None:
    """total += left.T @ right.

    total: (columns of left, columns of right), dense. A slice's product is nearly empty: to write
    all of `total` for it, as scipy does, takes many times as long.
    """
    _add_product(
        left_ends=left.indptr,
        left_columns=left.indices,
        left_values=left.data,
        right_ends=right.indptr,
        right_columns=right.indices,
        right_values=right.data,
        total=total,
    )


@jit
def _add_product(
    left_ends: Any,
    left_columns: Any,
    left_values: Any,
    right_ends: Any,
    right_columns: Any,
    right_values: Any,
    total: Any,
) -> None:
    for row in range(len(left_ends) - 1):
        for at in range(left_ends[row], left_ends[row + 1]):
            into = total[left_columns[at]]
            value = left_values[at]
            for nth in range(right_ends[row], right_ends[row + 1]):
                into[right_columns[nth]] += value * right_values[nth]
