"""What the loops of this folder share: their decorator, and the small things that they read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from shopkeeper.shared.compiled import compiler

if TYPE_CHECKING:
    from numpy.typing import NDArray

FOLDER = Path(__file__).resolve().parent
jit, inner = compiler(FOLDER), compiler(FOLDER, inner=True)

LAST_SHIFT = 56  # of nine bytes: a varint of ten is left to others


@jit
def varint(buffer: NDArray[np.uint8], at: int, end: int) -> tuple[int, int]:
    """A zigzag varint and the position behind it; position -1 where it does not end in time."""
    found = np.uint64(0)
    shift = 0
    while at < end and shift <= LAST_SHIFT:
        byte = buffer[at]
        at += 1
        found |= np.uint64(byte & np.uint8(0x7F)) << np.uint64(shift)
        if byte < 0x80:
            return int(np.int64(found >> np.uint64(1)) ^ -np.int64(found & np.uint64(1))), at
        shift += 7
    return 0, -1


@jit
def equal(buffer: NDArray[np.uint8], at: int, text: NDArray[np.uint8]) -> bool:
    """Whether `text` stands at `at`; the buffer reaches that far."""
    for n in range(len(text)):  # noqa: SIM110  # compiled
        if buffer[at + n] != text[n]:
            return False
    return True


@inner
def is_ascii(buffer: NDArray[np.uint8], at: int, length: int) -> bool:
    """Whether so many bytes are ASCII."""
    seen = np.uint8(0)
    for n in range(length):
        seen |= buffer[at + n]
    return bool(seen < 0x80)


@jit
def murmur2(buffer: NDArray[np.uint8], at: int, length: int) -> int:
    """Kafka's hash of a key (`runtime/kafka/murmur2.py`), unsigned, of 32 bits."""
    low = np.uint64(0xFFFFFFFF)
    m = np.uint64(0x5BD1E995)
    h = np.uint64(0x9747B28C) ^ np.uint64(length)
    whole = length & ~3
    for n in range(0, whole, 4):
        k = (
            np.uint64(buffer[at + n])
            | np.uint64(buffer[at + n + 1]) << np.uint64(8)
            | np.uint64(buffer[at + n + 2]) << np.uint64(16)
            | np.uint64(buffer[at + n + 3]) << np.uint64(24)
        )
        k = (k * m) & low
        k ^= k >> np.uint64(24)
        k = (k * m) & low
        h = ((h * m) & low) ^ k
    if length > whole:
        tail = np.uint64(0)
        for n in range(whole, length):
            tail |= np.uint64(buffer[at + n]) << np.uint64(8 * (n - whole))
        h = ((h ^ tail) * m) & low
    h ^= h >> np.uint64(13)
    h = (h * m) & low
    h ^= h >> np.uint64(15)
    return int(np.int64(h))
