"""Words for yes and no as files write them, in the languages that the readers know.

By `header_key`, so that capitals and punctuation do not matter.
"""

from __future__ import annotations

YES = frozenset(("true", "yes", "y", "ja", "oui", "sí", "si", "是", "有", "支持", "支援"))
NO = frozenset(
    ("false", "no", "n", "nein", "non", "否", "无", "無", "没有", "沒有", "不支持", "不支援")
)


def truth_of(key: str) -> bool | None:
    """What a cell by its `header_key` says; None where it is neither yes nor no."""
    return True if key in YES else False if key in NO else None
