"""Texts as numbers: compiled loops over spans of bytes, and a table from texts to numbers.

Ids come as spans of a buffer that holds a whole batch of events; making a Python string of each
costs more than everything that is then done with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .arrays import grown
from .jit import inner, jit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from .types import Integer

# Python's own hash of a string differs by process: whoever chooses ids cannot choose collisions.
# Loops take it as an argument: a constant would become part of the machine code on disk.
SEED = np.uint64(hash("shopkeeper") & (1 << 64) - 1)
STEP, MIX = np.uint64(0x100000001B3), np.uint64(0x9E3779B97F4A7C15)  # FNV-1a's prime; golden ratio
HIGH, LOW = np.uint64(29), np.uint64(32)
NOTHING: NDArray[np.uint8] = np.frombuffer(b"", np.uint8)  # buffers are read-only, every one


@jit
def text_hash(
    buffer: NDArray[np.uint8], at: Integer, length: Integer, seed: np.uint64
) -> np.uint64:
    """64 bits of the text at a place of the buffer: FNV-1a, mixed once more."""
    found = seed
    for place in range(at, at + length):
        found = (found ^ np.uint64(buffer[place])) * STEP
    found = (found ^ (found >> HIGH)) * MIX
    return found ^ (found >> LOW)


@inner
def same_text(
    one: NDArray[np.uint8], at: Integer, other: NDArray[np.uint8], start: Integer, length: Integer
) -> bool:
    """Whether two spans of one length hold the same bytes."""
    same = 0
    while same < length and one[at + same] == other[start + same]:
        same += 1
    return bool(same >= length)  # also where there is no text


def encoded(text: str) -> NDArray[np.uint8]:
    """The bytes of a text, as a buffer of their own."""
    return np.frombuffer(text.encode("utf-8", "surrogatepass"), np.uint8)


def text_at(buffer: NDArray[np.uint8], at: int, length: int) -> str:
    """The text of a span."""
    return bytes(buffer[at : at + length]).decode("utf-8", "surrogatepass")


def joined(texts: Sequence[str]) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64]]:
    """Texts in one buffer: (buffer, starts, lengths)."""
    parts = [text.encode("utf-8", "surrogatepass") for text in texts]
    lengths = np.fromiter(map(len, parts), np.int64, len(parts))
    return np.frombuffer(b"".join(parts), np.uint8), np.cumsum(lengths) - lengths, lengths


class TextTable:
    """Numbers of texts, found by spans of bytes. Texts are never forgotten."""

    def __init__(self) -> None:
        self._slots: NDArray[np.int32] = np.full(2048, -1, np.int32)
        # (texts,): hash, and (texts, 3): where the text lies, its length, its number.
        self._hashes: NDArray[np.uint64] = np.zeros(1024, np.uint64)
        self._texts: NDArray[np.int64] = np.zeros((1024, 3), np.int64)
        self._bytes: NDArray[np.uint8] = np.zeros(16_384, np.uint8)
        self._count = self._used = 0

    def numbers(
        self, buffer: NDArray[np.uint8], spans: NDArray[np.int32], wanted: NDArray[np.bool_]
    ) -> NDArray[np.int64]:
        """(spans,) the number of each text that is wanted; -1: not wanted, or not known."""
        found = np.empty(len(spans), np.int64)
        table = (self._slots, self._hashes, self._texts, self._bytes, SEED)
        _numbers(buffer, spans, wanted, found, table)
        return found

    def add(self, text: bytes, number: int) -> None:
        """Know a text that was not known."""
        if 2 * (self._count + 1) > len(self._slots):
            self._rehash()
        if self._used + len(text) > len(self._bytes):
            self._bytes = grown(self._bytes, 2 * (self._used + len(text)))
        buffer = np.frombuffer(text, np.uint8)
        self._bytes[self._used : self._used + len(text)] = buffer
        self._hashes[self._count] = text_hash(buffer, 0, len(text), SEED)
        self._texts[self._count] = self._used, len(text), number
        _put(self._slots, self._hashes, self._count, self._count + 1)
        self._count += 1
        self._used += len(text)

    def _rehash(self) -> None:
        self._slots = np.full(2 * len(self._slots), -1, np.int32)
        self._hashes = grown(self._hashes, 2 * len(self._hashes))
        self._texts = grown(self._texts, 2 * len(self._texts))
        _put(self._slots, self._hashes, 0, self._count)


@jit
def _put(
    slots: NDArray[np.int32], hashes: NDArray[np.uint64], start: Integer, end: Integer
) -> None:
    mask = len(slots) - 1
    for row in range(start, end):
        slot = np.int64(hashes[row] & np.uint64(mask))
        while slots[slot] >= 0:
            slot = (slot + 1) & mask
        slots[slot] = row


@jit
def _numbers(
    buffer: NDArray[np.uint8],
    spans: NDArray[np.int32],
    wanted: NDArray[np.bool_],
    found: NDArray[np.int64],
    table: tuple[
        NDArray[np.int32], NDArray[np.uint64], NDArray[np.int64], NDArray[np.uint8], np.uint64
    ],
) -> None:
    slots, hashes, texts, known, seed = table
    mask = len(slots) - 1
    for nth in range(len(spans)):
        found[nth] = -1
        if not wanted[nth]:
            continue
        at, length = np.int64(spans[nth, 0]), np.int64(spans[nth, 1])
        digest = text_hash(buffer, at, length, seed)
        slot = np.int64(digest & np.uint64(mask))
        while slots[slot] >= 0:
            row = slots[slot]
            if (
                hashes[row] == digest
                and texts[row, 1] == length
                and same_text(buffer, at, known, texts[row, 0], length)
            ):
                found[nth] = texts[row, 2]
                break
            slot = (slot + 1) & mask
