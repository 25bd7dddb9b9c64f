"""Compiled loops: numba's decorator, with a cache on disk that notices every edit of their sources.

numba keeps machine code by the caller's file and its time of change. A loop that is inlined into a
caller from another file may change while the caller's file does not: the caller then runs stale
machine code. So the cache's folder is named by a digest of everything that loops may come from.
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
PREFIX = "shopkeeper-"
KEPT = 4  # folders of other digests, the newest: of a checkout that is edited, or two versions


def digest(*folders: Path) -> str:
    """A digest of every Python source below `folders`, by name and content."""
    found = hashlib.sha256(Path(__file__).read_bytes())  # it says how loops are compiled
    for folder in folders:
        for path in sorted(folder.rglob("*.py")):
            found.update(path.relative_to(folder).as_posix().encode() + b"\0")
            found.update(path.read_bytes() + b"\0")
    return found.hexdigest()[:16]


def cache_folder(*folders: Path) -> Path | None:
    """Where machine code of these folders is kept: in NUMBA_CACHE_DIR, beside the first one's
    sources, or in the user's cache, whichever is named or can be written first; None where none
    can."""
    given = os.environ.get("NUMBA_CACHE_DIR")
    user = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "shopkeeper"
    for root in (Path(given),) if given else (folders[0] / "__pycache__", user):
        folder = root / f"{PREFIX}{digest(*folders)}"
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


def compiler(*folders: Path, inner: bool = False, borrows: bool = False) -> Callable[[F], F]:
    """The decorator of loops that are made of sources below `folders` alone. inner: of those that
    only other loops call; they cannot be called from Python, and compile in less time.

    It compiles at the first call, and keeps the machine code on disk for the next process. Where
    nothing can be written, every process compiles for itself (some seconds at start).
    """
    folder = cache_folder(*folders)

    def jit(function: F) -> F:
        before: Any = numba.config.CACHE_DIR  # type: ignore[attr-defined]
        if folder is not None:
            numba.config.CACHE_DIR = str(folder)  # type: ignore[attr-defined]
        try:
            njit: Any = numba.njit  # whose types do not know all of its options
            made = njit(
                cache=folder is not None,
                nogil=True,
                error_model="numpy",
                forceinline=not inner,
                no_cpython_wrapper=inner,
                no_cfunc_wrapper=True,
                **({"_nrt": False} if inner or borrows else {}),
            )(function)
        finally:  # each compiler of a process has a folder of its own
            numba.config.CACHE_DIR = before  # type: ignore[attr-defined]
        return cast("F", made)

    return jit
