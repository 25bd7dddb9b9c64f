"""Traditional Chinese in simplified characters, one for one, so that places in a text hold.

A text is traditional if it has a character that no simplified text has. Then, and only then, are
characters changed that have several simplified forms or are written in simplified texts too (乾,
於, 麼), each to its most frequent form: 乾淨 is 干净, 乾隆 in a simplified text stays. 著 stays in
both: whether it is 着 hangs on its word (穿著, 著名). Words are not exchanged (滑鼠 for 鼠标).
Japanese shares many of the characters: ask for the language first where that matters.
"""

from __future__ import annotations

import re

from .simplified_characters import (
    SURE_SIMPLIFIED,
    SURE_TRADITIONAL,
    UNSURE_SIMPLIFIED,
    UNSURE_TRADITIONAL,
)

_SURE = re.compile(f"[{SURE_TRADITIONAL}]")
_TABLE = str.maketrans(SURE_TRADITIONAL + UNSURE_TRADITIONAL, SURE_SIMPLIFIED + UNSURE_SIMPLIFIED)


def simplified(text: str) -> str:
    """The text in simplified characters, as long as it was. One search if there is none to change.

    What is simplified stays as it is.
    """
    return text if text.isascii() or not _SURE.search(text) else text.translate(_TABLE)
