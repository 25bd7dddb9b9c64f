"""The process's memory as glibc keeps it: bounded, and given back. Elsewhere nothing is done."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import mmap
import sys
from functools import cache
from pathlib import Path
from typing import Any

M_ARENA_MAX = -8  # of malloc.h
ARENAS = 2
GIVE_BACK_S = 30.0
COMPILER = "/libllvmlite.so"  # 75 MB of it are read to load the loops, and none after that


@cache
def _glibc() -> Any:
    """None where the C library is another one."""
    if not sys.platform.startswith("linux"):
        return None
    try:
        library = ctypes.CDLL("libc.so.6")
        return library if hasattr(library, "malloc_trim") else None
    except OSError:
        return None


def bound() -> None:
    """Have few arenas: each of a worker's dozen threads would keep freed memory in its own. To be
    called before there are threads."""
    if (glibc := _glibc()) is not None:
        glibc.mallopt(M_ARENA_MAX, ARENAS)


def give_back() -> None:
    """Return what is free to the system: what loading a model took, or one large batch. Takes some
    milliseconds, without the interpreter's lock."""
    if (glibc := _glibc()) is not None:
        glibc.malloc_trim(0)
        for begin, length in _compiler() if "llvmlite" in sys.modules else ():
            glibc.madvise(ctypes.c_void_p(begin), ctypes.c_size_t(length), mmap.MADV_DONTNEED)


@cache
def _compiler() -> tuple[tuple[int, int], ...]:
    """(address, length) of the compiler's code, once it is loaded: nobody writes to it, so a page
    that is needed after all comes from the file again."""
    found = []
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/maps").read_text().splitlines():
            place, rights, *_ = line.split(maxsplit=2)
            if rights == "r-xp" and line.endswith(COMPILER):
                begin, end = (int(each, 16) for each in place.split("-"))
                found.append((begin, end - begin))
    return tuple(found)


async def give_back_forever() -> None:
    """Now and then, on a thread of its own."""
    while True:
        await asyncio.sleep(GIVE_BACK_S)
        await asyncio.to_thread(give_back)
