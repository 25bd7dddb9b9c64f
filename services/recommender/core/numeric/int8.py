"""Products of int8 vectors: one instruction for 64 numbers where the processor has it (VNNI).

A compiler makes six of 16 numbers each out of the plain loop, which every other processor runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import llvmlite.binding as llvm  # type: ignore[import-untyped]
import numba
import numba.core.cgutils
import numpy as np
from llvmlite import ir
from numba.extending import intrinsic

from .jit import jit

if TYPE_CHECKING:
    from numpy.typing import NDArray

cgutils: Any = numba.core.cgutils
WIDTH = 64  # vectors are as long as a multiple of it
BLOCK = 256  # rows that stay in the first caches while every query reads them
# Not where machine code is made for another processor than this.
VNNI = (
    not numba.config.CPU_NAME  # type: ignore[attr-defined]
    and not numba.config.CPU_FEATURES  # type: ignore[attr-defined]
    and llvm.get_host_cpu_features().get("avx512vnni", False)
)
_BYTES = ir.VectorType(ir.IntType(8), WIDTH)
_SUMS = ir.VectorType(ir.IntType(32), WIDTH // 4)


def _intrinsic(_: Any, codes: Any, query: Any, width: Any) -> Any:
    """int32 product of (codes + 128) and query: addresses of `width` int8 each. The instruction
    takes one factor without a sign."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        codes, query, width = arguments
        function = cgutils.get_or_insert_function(
            builder.module,
            ir.FunctionType(_SUMS, [_SUMS, _BYTES, _BYTES]),
            "llvm.x86.avx512.vpdpbusd.512",
        )
        total = cgutils.alloca_once_value(builder, ir.Constant(_SUMS, [0] * (WIDTH // 4)))
        high = ir.Constant(_BYTES, [-128] * WIDTH)
        step = context.get_constant(numba.types.intp, WIDTH)
        with cgutils.for_range(builder, builder.sdiv(width, step)) as loop:
            at = builder.mul(loop.index, step)

            def load(address: Any) -> Any:
                pointer = builder.inttoptr(builder.add(address, at), _BYTES.as_pointer())
                return builder.load(pointer, align=1)

            shifted = builder.xor(load(codes), high)
            builder.store(
                builder.call(function, [builder.load(total), shifted, load(query)]), total
            )
        reduce = cgutils.get_or_insert_function(
            builder.module,
            ir.FunctionType(ir.IntType(32), [_SUMS]),
            f"llvm.vector.reduce.add.v{WIDTH // 4}i32",
        )
        return builder.call(reduce, [builder.load(total)])

    return numba.types.int32(codes, query, width), generate


_shifted_product: Any = intrinsic(_intrinsic)


@jit
def _product_of_bytes(codes: Any, at: Any, queries: Any, row: Any, shift: Any) -> Any:
    width = codes.shape[1]
    query = queries.ctypes.data + row * width
    return _shifted_product(codes.ctypes.data + at * width, query, width) - shift


@jit
def _product_plain(codes: Any, at: Any, queries: Any, row: Any, shift: Any) -> Any:
    total = np.int32(0)
    for k in range(codes.shape[1]):
        total += np.int32(codes[at, k]) * np.int32(queries[row, k])
    return total


# int32 product of a row of codes and a row of queries, both contiguous. shift: of that query.
product = _product_of_bytes if VNNI else _product_plain


def shifts(queries: NDArray[np.int8]) -> NDArray[np.int32]:
    """(queries,) what `product` takes."""
    found: NDArray[np.int32] = np.int32(128) * queries.sum(axis=1, dtype=np.int32)
    return found


@jit
def _dots_of_bytes(codes: Any, offset: Any, queries: Any, shifts: Any, products: Any) -> None:
    for begin in range(0, len(codes), BLOCK):
        end = min(begin + BLOCK, len(codes))
        for row in range(len(queries)):
            for i in range(begin, end):
                found = _product_of_bytes(codes, i, queries, row, shifts[row])
                products[row, offset + i] = found


@jit
def dots_plain(codes: Any, offset: Any, queries: Any, shifts: Any, products: Any) -> None:
    """As `dots`. Written out: in this form the compiler takes 16 numbers at a time."""
    for begin in range(0, len(codes), BLOCK):
        end = min(begin + BLOCK, len(codes))
        for row in range(len(queries)):
            for i in range(begin, end):
                total = np.int32(0)
                for k in range(codes.shape[1]):
                    total += np.int32(codes[i, k]) * np.int32(queries[row, k])
                products[row, offset + i] = total


# Sets products[:, offset:offset + rows] to the products of every query and every row of codes.
dots = _dots_of_bytes if VNNI else dots_plain
