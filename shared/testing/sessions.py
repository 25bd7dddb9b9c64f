"""Session files, written for tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def write_sessions(path: Path, sessions: Sequence[Sequence[str]], first_id: int) -> Path:
    """session_id,position,item_id, one row per click; ids count up from `first_id`."""
    lines = [
        f"{first_id + number},{place},{item}"
        for number, items in enumerate(sessions)
        for place, item in enumerate(items)
    ]
    path.write_text("\n".join(["session_id,position,item_id", *lines, ""]))
    return path
