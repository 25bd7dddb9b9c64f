"""Compiled loops: numba's decorator, with a cache on disk that notices every edit of the core.

numba keeps machine code by the caller's file and its time of change. A loop that is inlined into a
caller from another file may change while the caller's file does not: the caller then runs stale
machine code. So the cache's folder is named by a digest of all of `core/`.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numba

if TYPE_CHECKING:
    from collections.abc import Callable

F = TypeVar("F", bound="Callable[..., Any]")
CORE = Path(__file__).resolve().parents[1]
PREFIX = "shopkeeper-"
KEPT = 4  # folders of other digests, the newest: of a checkout that is edited, or two versions


def digest(folder: Path) -> str:
    """A digest of every Python source below `folder`, by name and content."""
    found = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        found.update(path.relative_to(folder).as_posix().encode() + b"\0")
        found.update(path.read_bytes() + b"\0")
    return found.hexdigest()[:16]


def cache_folder() -> Path | None:
    """Where machine code of this `core/` is kept: in NUMBA_CACHE_DIR, beside the sources, or in the
    user's cache, whichever is named or can be written first; None where none can."""
    given = os.environ.get("NUMBA_CACHE_DIR")
    user = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "shopkeeper"
    for root in (Path(given),) if given else (CORE / "__pycache__", user):
        folder = root / f"{PREFIX}{digest(CORE)}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=folder).close()
        except OSError:
            continue
        _forget_old(root, folder)
        return folder
    return None


def _forget_old(root: Path, current: Path) -> None:
    """Remove all but the newest few folders of other digests."""
    with contextlib.suppress(OSError):  # another process may do the same
        others = [each for each in root.glob(f"{PREFIX}*") if each != current]
        others.sort(key=lambda each: each.stat().st_mtime)
        for each in others[:-KEPT]:
            shutil.rmtree(each, ignore_errors=True)


_FOLDER = cache_folder()
if _FOLDER is not None:
    numba.config.CACHE_DIR = str(_FOLDER)  # type: ignore[attr-defined]


def jit(function: F) -> F:
    """Compile at the first call, and keep the machine code on disk for the next process.

    Where nothing can be written, every process compiles for itself (some seconds at start).
    """
    made: Any = numba.njit(
        cache=_FOLDER is not None, nogil=True, error_model="numpy", forceinline=True
    )(function)
    return cast("F", made)
