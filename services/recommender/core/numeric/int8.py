"""Products of int8 vectors: one instruction for 64 numbers where the processor has it (VNNI).

The instruction adds four products of neighbours to each of 16 sums. So codes lie as it reads them:
16 rows beside one another, four numbers of each at a time, and no sum is ever split up again; what
is loaded is multiplied with several queries. Every other processor has rows one after the other and
runs the plain loop, of which a compiler makes six instructions of 16 numbers each.
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
    from collections.abc import Sequence

    from numpy.typing import NDArray

cgutils: Any = numba.core.cgutils
WIDTH = 64  # vectors are as long as a multiple of it
ROWS, GROUP = 16, 4  # rows beside one another, and numbers of one that lie together
LINE = ROWS * GROUP  # bytes that are loaded at once
BLOCK = 512  # rows that stay in the first caches while every query reads them
# Not where machine code is made for another processor than this.
VNNI = (
    not numba.config.CPU_NAME  # type: ignore[attr-defined]
    and not numba.config.CPU_FEATURES  # type: ignore[attr-defined]
    and llvm.get_host_cpu_features().get("avx512vnni", False)
)
_I32, _I64 = ir.IntType(32), ir.IntType(64)
_BYTES = ir.VectorType(ir.IntType(8), LINE)
_SUMS = ir.VectorType(_I32, ROWS)


def _of_queries(count: int) -> Any:
    """An intrinsic that multiplies lines of codes with so many queries."""

    def products(
        _: Any, codes: Any, lines: Any, query: Any, shift: Any, out: Any, apart: Any
    ) -> Any:
        """codes: address of `lines` lines of (numbers + 128) without a sign, which the instruction
        takes as one of its factors; query, shift: addresses of `count` queries of lines * GROUP
        int8 and of 128 times their sums, int32; out: address of the first query's ROWS int32, those
        of the next `apart` bytes further."""

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            codes, lines, query, shift, out, apart = arguments
            function = cgutils.get_or_insert_function(
                builder.module,
                ir.FunctionType(_SUMS, [_SUMS, _BYTES, _BYTES]),
                "llvm.x86.avx512.vpdpbusd.512",
            )

            def at(base: Any, steps: Any, size: Any) -> Any:
                return builder.add(base, builder.mul(steps, size))

            def pointer(address: Any, to: Any) -> Any:
                return builder.inttoptr(address, to.as_pointer())

            def in_each(address: Any) -> Any:
                """An int32 in all sums."""
                one = builder.insert_element(
                    ir.Constant(_SUMS, ir.Undefined),
                    builder.load(pointer(address, _I32), align=4),
                    ir.Constant(_I32, 0),
                )
                nothing = ir.Constant(_SUMS, ir.Undefined)
                return builder.shuffle_vector(one, nothing, ir.Constant(_SUMS, [0] * ROWS))

            group, line = ir.Constant(_I64, GROUP), ir.Constant(_I64, LINE)
            numbers = [ir.Constant(_I64, number) for number in range(count)]
            width = builder.mul(lines, group)
            sums = []
            for number in numbers:
                total = cgutils.alloca_once(builder, _SUMS)
                builder.store(builder.neg(in_each(at(shift, number, group))), total)
                sums.append(total)
            with cgutils.for_range(builder, lines) as loop:
                loaded = builder.load(pointer(at(codes, loop.index, line), _BYTES), align=1)
                for number, total in zip(numbers, sums, strict=True):
                    own = at(at(query, number, width), loop.index, group)
                    factor = builder.bitcast(in_each(own), _BYTES)
                    added = builder.call(function, [builder.load(total), loaded, factor])
                    builder.store(added, total)
            for number, total in zip(numbers, sums, strict=True):
                found = pointer(at(out, number, apart), _SUMS)
                builder.store(builder.load(total), found, align=4)
            return context.get_dummy_value()

        return numba.types.void(codes, lines, query, shift, out, apart), generate

    return intrinsic(products)


_with_four: Any = _of_queries(4)
_with_one: Any = _of_queries(1)


def shifts(queries: NDArray[np.int8]) -> NDArray[np.int32]:
    """(queries,) what `dots` takes."""
    found: NDArray[np.int32] = np.int32(128) * queries.sum(axis=1, dtype=np.int32)
    return found


def room_of(rows: int) -> int:
    """How many products of each query `dots` may write for so many rows."""
    return -(-rows // ROWS) * ROWS


def _aligned(rows: int, width: int) -> NDArray[np.uint8]:
    """(blocks, lines, ROWS, GROUP) of zeros, each line one of the processor's cache."""
    shape = (-(-rows // ROWS), width // GROUP, ROWS, GROUP)
    size = int(np.prod(shape))
    room = np.zeros(size + LINE, np.uint8)
    begin = -room.ctypes.data % LINE
    return room[begin : begin + size].reshape(shape)


def interleaved(codes: NDArray[np.int8]) -> NDArray[np.uint8]:
    """(blocks, lines, ROWS, GROUP) of rows, (rows, width), as `dots_of_lines` reads them."""
    rows, width = codes.shape
    out = _aligned(rows, width)
    filled = np.zeros((len(out) * ROWS, width), np.uint8)
    np.bitwise_xor(codes.view(np.uint8), np.uint8(128), out=filled[:rows])
    fours = filled.view(np.uint32).reshape(len(out), ROWS, width // GROUP)
    out.view(np.uint32)[..., 0] = fours.transpose(0, 2, 1)
    return out


def interleaved_rows(
    parts: Sequence[NDArray[np.uint8]], kept: Sequence[NDArray[np.bool_]]
) -> NDArray[np.uint8]:
    """The kept rows of several parts, one after the other, interleaved as these are."""
    out = _aligned(sum(int(each.sum()) for each in kept), parts[0].shape[1] * GROUP)
    at = 0
    for part, each in zip(parts, kept, strict=True):
        at = _move_lines(part.view(np.uint32), each, out.view(np.uint32), at)
    return out


@jit
def _move_lines(part: Any, kept: Any, out: Any, at: Any) -> Any:
    for row in range(len(kept)):
        if kept[row]:
            for line in range(part.shape[1]):
                out[at // ROWS, line, at % ROWS, 0] = part[row // ROWS, line, row % ROWS, 0]
            at += 1
    return at


@jit
def dots_of_lines(codes: Any, queries: Any, shifts: Any, products: Any) -> None:
    """As `dots`, of what `interleaved` makes."""
    lines, width = codes.shape[1], queries.shape[1]
    code, query = codes.ctypes.data, queries.ctypes.data
    shift, out, apart = shifts.ctypes.data, products.ctypes.data, 4 * products.shape[1]
    for begin in range(0, len(codes), BLOCK // ROWS):
        end = min(begin + BLOCK // ROWS, len(codes))
        for row in range(0, len(queries) - 3, 4):
            asked, less, into = query + row * width, shift + 4 * row, out + row * apart
            for block in range(begin, end):
                _with_four(
                    code + block * lines * LINE, lines, asked, less, into + block * LINE, apart
                )
        for row in range(len(queries) // 4 * 4, len(queries)):
            asked, less, into = query + row * width, shift + 4 * row, out + row * apart
            for block in range(begin, end):
                _with_one(
                    code + block * lines * LINE, lines, asked, less, into + block * LINE, apart
                )


def plain_rows(
    parts: Sequence[NDArray[np.int8]], kept: Sequence[NDArray[np.bool_]]
) -> NDArray[np.int8]:
    """As `interleaved_rows`, of rows one after the other."""
    return np.concatenate([part[each] for part, each in zip(parts, kept, strict=True)])


@jit
def dots_plain(codes: Any, queries: Any, shifts: Any, products: Any) -> None:
    """As `dots`, of rows one after the other. Written out: in this form the compiler takes 16
    numbers at a time."""
    for begin in range(0, len(codes), BLOCK):
        end = min(begin + BLOCK, len(codes))
        for row in range(len(queries)):
            for i in range(begin, end):
                total = np.int32(0)
                for k in range(codes.shape[1]):
                    total += np.int32(codes[i, k]) * np.int32(queries[row, k])
                products[row, i] = total


# Codes, (rows, width) int8, as this processor reads them; the kept rows of several such; and what
# sets products[:, :rows], int32, `room_of` wide at least, to the products of every query and every
# row. Beyond the rows it may write whatever it likes.
laid_out: Any = interleaved if VNNI else np.ascontiguousarray
kept_rows: Any = interleaved_rows if VNNI else plain_rows
dots: Any = dots_of_lines if VNNI else dots_plain
