"""Event ids from what a row says, so that a file's name and a row's place do not matter.

The same row has the same id in every file, however often it is sent; a corrected row has another.
Rows of one file that are the same to the letter are counted, so each stays an event of its own.
"""

from __future__ import annotations

from array import array

import xxhash

SLOTS = 1 << 20  # 12 MB; a worker remembers 100,000 ids per partition


class RowIds:
    """The ids of one file's rows. salt: what else the events depend on (a rating scale).

    Bounded: it remembers about the last million different rows. Of two same rows further apart the
    second may get the first one's id; a worker drops it if it still remembers that.
    """

    def __init__(self, salt: str = "") -> None:
        self._salt = salt
        self._seen = array("Q", bytes(8 * SLOTS))
        self._counts = array("L", bytes(array("L").itemsize * SLOTS))

    def of(self, text: str) -> str:
        """The id of a row by its text; `-2`, `-3` and so on behind a repeated one's."""
        digest = xxhash.xxh3_128_intdigest((text + self._salt).encode("utf-8", "surrogatepass"))
        slot, tag = digest % SLOTS, (digest >> 64) | 1
        if self._seen[slot] == tag:
            self._counts[slot] += 1
        else:
            self._seen[slot], self._counts[slot] = tag, 1
        count = self._counts[slot]
        return f"{digest:032x}" if count == 1 else f"{digest:032x}-{count}"
