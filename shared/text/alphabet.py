"""Code points by class, from fixed ranges: the same under every Python and Unicode version.

A model is trained on these classes; were they taken from `unicodedata`, a newer Python could cut
words elsewhere than the training did.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

SYMBOL, SPACE, DIGIT, LATIN, HAN, KANA_HANGUL, OTHER_LETTER = range(7)

_RANGES: tuple[tuple[int, int, int], ...] = (
    (0x0000, 0x0020, SPACE),
    (0x007F, 0x00A0, SPACE),
    (0x2000, 0x200F, SPACE),
    (0x2028, 0x202F, SPACE),
    (0x205F, 0x2064, SPACE),
    (0x3000, 0x3000, SPACE),
    (0xFEFF, 0xFEFF, SPACE),
    (0x0030, 0x0039, DIGIT),
    (0x0041, 0x005A, LATIN),
    (0x0061, 0x007A, LATIN),
    (0x00AA, 0x00AA, LATIN),
    (0x00B5, 0x00B5, LATIN),
    (0x00BA, 0x00BA, LATIN),
    (0x00C0, 0x00D6, LATIN),
    (0x00D8, 0x00F6, LATIN),
    (0x00F8, 0x024F, LATIN),
    (0x1E00, 0x1EFF, LATIN),
    (0x0250, 0x02AF, OTHER_LETTER),
    (0x0300, 0x0589, OTHER_LETTER),
    (0x0591, 0x10FF, OTHER_LETTER),
    (0x1200, 0x1DFF, OTHER_LETTER),
    (0x1F00, 0x1FFF, OTHER_LETTER),
    (0x2C00, 0x2DFF, OTHER_LETTER),
    (0xA4D0, 0xABFF, OTHER_LETTER),
    (0xFB00, 0xFDFF, OTHER_LETTER),
    (0xFE70, 0xFEFC, OTHER_LETTER),
    (0x10000, 0x1AFFF, OTHER_LETTER),
    (0x1100, 0x11FF, KANA_HANGUL),
    (0x3041, 0x30FF, KANA_HANGUL),
    (0x3131, 0x318E, KANA_HANGUL),
    (0x31F0, 0x31FF, KANA_HANGUL),
    (0xA960, 0xA97F, KANA_HANGUL),
    (0xAC00, 0xD7FF, KANA_HANGUL),
    (0x1AFF0, 0x1B16F, KANA_HANGUL),
    (0x3005, 0x3007, HAN),
    (0x3400, 0x4DBF, HAN),
    (0x4E00, 0x9FFF, HAN),
    (0xF900, 0xFAFF, HAN),
    (0x20000, 0x323AF, HAN),
)


@lru_cache(maxsize=1)
def classes() -> NDArray[np.uint8]:
    """The class of every code point; shape (0x110000,). Do not write to it."""
    table = np.full(0x110000, SYMBOL, dtype=np.uint8)
    for first, last, kind in _RANGES:
        table[first : last + 1] = kind
    table.setflags(write=False)
    return table
