"""The folder for temporary files."""

from __future__ import annotations

import os
import tempfile


def temporary_folder() -> str:
    """Where temporary files go, also while none can be written.

    `tempfile` tries that out, and raises FileNotFoundError where the disk is full; a worker keeps
    nothing on its disk, and has to start there all the same.
    """
    try:
        return tempfile.gettempdir()
    except FileNotFoundError:
        return os.environ.get("TMPDIR") or "/tmp"
