"""Characters that a language's customers seldom write: what broken encodings are made of.

Of English: all but ASCII and typographic punctuation. Of Chinese: besides those and Chinese
punctuation, the 3,755 commonest characters (GB 2312, level 1) are usual. Fixed sets, which any text
in another script, and traditional spelling, differ from: compare a shop's texts with its own.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

CHARACTERS_MAX = 256  # of a text; the rest is not looked at
ENGLISH, CHINESE = 1, 2  # bits
_TYPOGRAPHIC = "‘’“”–—…£€"
_CHINESE_PUNCTUATION = "·￥" + "".join(map(chr, [*range(0x3001, 0x3012), *range(0xFF01, 0xFF5F)]))


@lru_cache(maxsize=1)
def _usual() -> NDArray[np.uint8]:
    """(0x110000,): in which languages a code point is usual."""
    table = np.zeros(0x110000, np.uint8)
    table[[9, 10, 13, *range(0x20, 0x7F)]] = ENGLISH | CHINESE
    table[[ord(each) for each in _TYPOGRAPHIC]] = ENGLISH | CHINESE
    table[[ord(each) for each in _CHINESE_PUNCTUATION]] |= CHINESE
    for lead in range(0xB0, 0xD8):
        level_1 = bytes(
            byte for trail in range(0xA1, 0xFF if lead < 0xD7 else 0xFA) for byte in (lead, trail)
        ).decode("gb2312")
        table[[ord(each) for each in level_1]] |= CHINESE
    table.setflags(write=False)
    return table


def unusual_shares(texts: Sequence[str], chinese: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(texts,): which share of a text's first 256 characters is unusual; 0 of an empty text.

    chinese: (texts,), which of them are judged as Chinese ones.
    """
    heads = [text[:CHARACTERS_MAX] for text in texts]
    lengths = np.fromiter(map(len, heads), np.int64, len(heads))
    points = np.frombuffer("".join(heads).encode("utf-32-le", "surrogatepass"), np.uint32)
    wanted = np.repeat(np.where(chinese, CHINESE, ENGLISH).astype(np.uint8), lengths)
    ends = np.cumsum(lengths)
    unusual = np.concatenate(([0], np.cumsum(_usual()[points] & wanted == 0)))
    result: NDArray[np.float64] = (unusual[ends] - unusual[ends - lengths]) / np.maximum(lengths, 1)
    return result
