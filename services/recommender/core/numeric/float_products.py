"""Products of float32 vectors, 16 numbers at a time.

A compiler may not turn one sum into sixteen, since that rounds otherwise; here it is told to.
"""

from __future__ import annotations

from typing import Any

import numba
import numba.core.cgutils
import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba.extending import intrinsic

from .jit import jit

cgutils: Any = numba.core.cgutils
LANES = 16
_I32, _I64 = ir.IntType(32), ir.IntType(64)
_SUMS = ir.VectorType(ir.FloatType(), LANES)


def _intrinsic(_: Any, one: Any, other: Any, steps: Any) -> Any:
    """float32 product of `steps` times LANES numbers, from two addresses."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        one, other, steps = arguments
        total = cgutils.alloca_once_value(builder, ir.Constant(_SUMS, [0.0] * LANES))
        builder.store(ir.Constant(_SUMS, [0.0] * LANES), total)
        with cgutils.for_range(builder, steps) as loop:
            at = builder.mul(loop.index, ir.Constant(_I64, 4 * LANES))

            def load(address: Any) -> Any:
                pointer = builder.inttoptr(builder.add(address, at), _SUMS.as_pointer())
                return builder.load(pointer, align=4)

            product = builder.fmul(load(one), load(other))
            builder.store(builder.fadd(builder.load(total), product), total)
        left, width = builder.load(total), LANES
        while width > 1:
            width //= 2
            halves = [
                builder.shuffle_vector(
                    left,
                    ir.Constant(left.type, ir.Undefined),
                    ir.Constant(ir.VectorType(_I32, width), list(range(first, first + width))),
                )
                for first in (0, width)
            ]
            left = builder.fadd(*halves)
        return builder.extract_element(left, ir.Constant(_I32, 0))

    return numba.types.float32(one, other, steps), generate


_product_of_steps: Any = intrinsic(_intrinsic)


@jit
def float_product(vectors: Any, at: Any, others: Any, row: Any) -> Any:
    """float32 product of a row of vectors and a row of others, both contiguous."""
    width = vectors.shape[1]
    steps = width // LANES
    total = _product_of_steps(
        vectors.ctypes.data + 4 * at * width, others.ctypes.data + 4 * row * width, steps
    )
    for k in range(steps * LANES, width):
        total += vectors[at, k] * others[row, k]
    return np.float32(total)
