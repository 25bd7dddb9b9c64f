"""Loops compiled by a process of its own, once: those who run them then only load machine code."""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import llvmlite.binding as llvm  # type: ignore[import-untyped]

from shopkeeper.shared.compiled import cache_folder

from . import process

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

log = logging.getLogger(__name__)

HERE = "SHOPKEEPER_COMPILES"  # set in the process that compiles


def compile_apart(module: str, *folders: Path) -> None:
    """Have `python -m module` run, unless it has run before, so that what it calls is compiled and
    kept beside the sources of `folders` (see `cache_folder`).

    A compiler takes several hundred MB that no allocator gives back: where a worker compiles, it
    keeps them for as long as it lives. Processes that begin together wait for one of them. Where
    nothing can be kept, or that process fails, loops are compiled where they are called first.
    """
    folder = None if HERE in os.environ else cache_folder(*folders)
    if folder is None:
        return
    done = folder / f"whole-{sys.implementation.cache_tag}-{_processor()}"
    if done.exists():
        return
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if done.exists():
            return
        log.info("compiling loops, once for this version: some tens of seconds")
        status = _start(module).wait()
        if status == 0:
            done.touch()
        else:
            log.warning("%s ended with status %d: compiling here", module, status)


@contextmanager
def compile_beside(module: str, part: str) -> Iterator[None]:
    """While the block compiles, `python -m module part` compiles another part of the loops.

    What both need may be compiled twice. A part that fails is compiled where it is called first.
    """
    beside = _start(module, part)
    try:
        yield
    finally:
        beside.wait()


def _start(module: str, *parts: str) -> subprocess.Popen[bytes]:
    """A process that compiles, and ends with this one."""
    return subprocess.Popen(
        [sys.executable, "-m", module, *parts],
        stdout=subprocess.DEVNULL,
        **process.child_options({**os.environ, HERE: "1"}),
    )


def _processor() -> str:
    """What machine code depends on."""
    features = llvm.get_host_cpu_features().flatten()
    return hashlib.sha256(f"{llvm.get_host_cpu_name()} {features}".encode()).hexdigest()[:12]
